"""The connection under an answer: waitress, with a hand on the socket."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask

TASK = "netto.task"
"""Where the environment of a request has its task."""

_LOOK_SECONDS = 0.05
_DRIP_SECONDS = 0.1
_GARBAGE = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP at all \xff\xfe\r\n\r\n"


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request that can be treated badly."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment, with this task in it."""
        environ: dict[str, Any] = super().get_environment()
        environ[TASK] = self
        return environ

    def hold(self, seconds: float, closing: threading.Event) -> None:
        """Wait, no longer than the client or the server does. Raises ClientDisconnected when one of them has gone."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if closing.wait(min(left, _LOOK_SECONDS)) or not self.channel.connected:
                raise ClientDisconnected

    def drop(self) -> None:
        """Close without a word. Raises ClientDisconnected, which waitress takes as the end of it."""
        raise ClientDisconnected

    def reset(self) -> None:
        """Close with a reset. Raises ClientDisconnected."""
        self.channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ClientDisconnected

    def babble(self) -> None:
        """Send what is no HTTP, and close. Raises ClientDisconnected."""
        self.channel.write_soon(_GARBAGE)
        raise ClientDisconnected

    def drip(self, body: bytes, seconds: float | None, closing: threading.Event) -> Iterator[bytes]:
        """One byte at a time."""
        for at in range(len(body)):
            yield body[at : at + 1]
            self.hold(_DRIP_SECONDS if seconds is None else seconds, closing)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose requests become such tasks."""

    task_class = Task

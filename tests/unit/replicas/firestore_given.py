"""What the tests of the firestore replica begin with: a database at our own server, and devices that use it."""

from __future__ import annotations

import os
import threading
from hashlib import shake_256
from pathlib import Path
from typing import Any

from netto_tui.config import Options
from netto_tui.model.ids import message_id
from netto_tui.model.revision import Message, Record, Stamp, Text, mint
from netto_tui.replicas.base import Batch, Write
from netto_tui.replicas.firestore import Firestore
from netto_tui.security.envelope import PLAIN, Envelope
from tests.contract.firestore_places import UID, USER, server
from tests.contract.stores import MARKER, conversation, records
from tests.servers.emulator import new_project

NOON = 1_795_464_000_000
"""Noon in California, 2026-11-23: the clock of tests stands there until it is moved."""


class Cloud:
    """A database of its own at our server."""

    def __init__(self, folder: Path, envelope: Envelope = PLAIN) -> None:
        self.folder = folder
        self.envelope = envelope
        self.project = new_project()
        self.now = NOON
        self.server = server()
        self.server.create(self.project)
        self._opened: list[Firestore] = []

    def open(self, device: str = "laptop", *, cancel: threading.Event | None = None, **options: Any) -> Firestore:
        """The replica as a device opens it; each device has a copy of its own."""
        os.environ["FIRESTORE_EMULATOR_HOST"] = self.server.address
        opened = Firestore(
            "cloud",
            f"{self.project}/{UID}",
            self.envelope,
            cancel or threading.Event(),
            cache_dir=self.folder / device,
            device=device,
            now=lambda: self.now,
            options=Options(**options),
        )
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        """Close what was opened, and let the server forget the database, of which it copies all for a snapshot."""
        while self._opened:
            self._opened.pop().close()
        self.server.remove(self.project)

    def claimed(self, device: str = "laptop", **options: Any) -> Firestore:
        """An opened replica that has its identity."""
        opened = self.open(device, **options)
        opened.claim(MARKER)
        return opened

    def get(self, path: str = "") -> dict[str, Any] | None:
        """A document below the user's."""
        return self.server.get(self.project, f"{USER}/{path}".rstrip("/"))

    def fields(self, path: str) -> dict[str, Any]:
        """The same, of one that is there."""
        found = self.get(path)
        assert found is not None
        return found

    def paths(self, below: str = "") -> list[str]:
        """The paths of documents, below the user's."""
        found = self.server.paths(self.project, USER)
        return [path.removeprefix(f"{USER}/") for path in found if path.startswith(f"{USER}/{below}")]

    def damage(self, path: str, **fields: Any) -> None:
        """Change fields of a document without a trace; None takes one away."""
        there = (self.get(path) or {}) | fields
        kept = {name: value for name, value in there.items() if value is not None}
        self.server.damage(self.project, f"{USER}/{path}".rstrip("/"), kept)

    def delete(self, path: str = "") -> None:
        """Delete a document."""
        self.server.delete(self.project, f"{USER}/{path}".rstrip("/"))

    def message_of(self, number: int, record: Record) -> str:
        """Where a record of a conversation lies."""
        name = self.envelope.name
        return f"conversations/{name(conversation(number))}/messages/{name(record.id)}"


def more(number: int, count: int, fresh: int, *, text: str = "hello") -> Write:
    """A conversation of so many messages, of which the last few are new."""
    some = records(number, count, text=text)
    before = {record.id for record in records(number, count - fresh, text=text)} if count > fresh else set()
    ids = frozenset(record.id for record in some if record.id not in before)
    return Write(some[0].rev.conversation, "2026/11/01", some, ids)


def added(number: int, count: int, fresh: int) -> Batch:
    """A batch of that alone."""
    return Batch([more(number, count, fresh)])


def long_record(number: int, size: int, letter: str = "é") -> Record:
    """A message of about so many letters from this one on, in parts that are each too short to become a blob.

    They hardly compress, so that the message is long when it is sealed as well.
    """
    name = conversation(number)
    shift = ord(letter)
    texts = (
        "".join(chr(shift + byte) for byte in shake_256(b"%d" % part).digest(50_000)) for part in range(size // 50_000)
    )
    parts = tuple(Text(text=text) for text in texts)
    return mint(name, message_id(name, "long"), Message("user", parts), Stamp("2026-11-01T09:00:00.000Z", 0, "test"))

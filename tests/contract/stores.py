"""The stores that the contract runs over, and the records it fills them with.

A new kind of replica joins by one more entry in PLACES: a function that makes a Store.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netto_tui.errors import InvalidRecord
from netto_tui.model.conversation import start_day
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import About, Message, Record, Stamp, Text, mint
from netto_tui.replicas.base import Batch, Held, Marker, Replica, Write
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN, Envelope

MARKER = Marker(vault="v_" + "1" * 32, replica="r_" + "2" * 32, zone="Europe/Berlin")
FOREIGN = Marker(vault="v_" + "3" * 32, replica="r_" + "4" * 32, zone="UTC")


class ToyEnvelope:
    """Seals by base64 with a checksum and names by a keyed hash: enough to prove the seam."""

    readable = False

    def seal(self, data: bytes) -> bytes:
        return base64.b64encode(hashlib.sha256(data).digest()[:8] + data)

    def open(self, data: bytes) -> bytes:
        try:
            opened = base64.b64decode(data, validate=True)
        except ValueError as error:
            raise InvalidRecord("It was not sealed here.") from error
        if hashlib.sha256(opened[8:]).digest()[:8] != opened[:8]:
            raise InvalidRecord("It was not sealed here.")
        return opened[8:]

    def name(self, name: str) -> str:
        return hashlib.sha256(b"key" + name.encode()).hexdigest()[:40]


@dataclass
class Store:
    """One place, and how to open it: every call gives another opener of the same store."""

    root: Path
    envelope: Envelope
    open: Callable[..., Replica]
    lose: Callable[[], None]
    empty: Callable[[], None]
    pollute: Callable[[], None]
    files: Callable[[], list[Path]]


def _store(kind: str, root: Path, envelope: Envelope, target: Callable[[Path], str] = str) -> Store:
    place = root / "store"
    ticks = iter(range(1_800_000_000_000, 1_900_000_000_000, 60_000))

    def opened(device: str = "laptop", cancel: threading.Event | None = None, **more: Any) -> Replica:
        cancel = cancel or threading.Event()
        now = lambda: next(ticks)  # noqa: E731 - a clock that moves a minute with every look
        return open_replica("copy", kind, target(place), envelope, root / "cache" / device, device, cancel, now, **more)

    def empty() -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)

    def pollute() -> None:
        place.mkdir(parents=True)
        (place / "thesis.txt").write_text("mine")

    def files() -> list[Path]:
        return sorted(path for path in place.rglob("*") if path.is_file() and path.name != "lock")

    return Store(place, envelope, opened, lambda: shutil.rmtree(place), empty, pollute, files)


PLACES: dict[str, Callable[[Path, Envelope], Store]] = {
    "folder": lambda root, envelope: _store("folder", root, envelope),
    "git": lambda root, envelope: _store("git", root, envelope),
}
"""By name, how to make a store below a temporary directory."""

ENVELOPES = {"plain": PLAIN, "sealed": ToyEnvelope()}


def conversation(number: int) -> str:
    """A conversation's id."""
    return conversation_id("test", str(number))


def records(number: int, count: int = 3, *, day: int = 1, first: int = 0, text: str = "hello") -> tuple[Record, ...]:
    """Messages of a conversation, one a minute on a day of November 2026, after its header."""
    name = conversation(number)
    stamp = f"2026-11-{day:02d}T09:{{:02d}}:00.000Z".format
    about = mint(name, "about", About(title=f"Talk {number}"), Stamp(stamp(0), 0, "source:test"))
    messages = [
        mint(
            name,
            message_id(name, str(index)),
            Message(role="user", parts=(Text(text=f"{text} {number}.{index} \u2028 \U0001f41f"),)),
            Stamp(stamp(index % 60), index // 60, "source:test"),
        )
        for index in range(first, first + count)
    ]
    return (about, *messages)


def write(some: tuple[Record, ...], *, settled: bool = True, day: str = "") -> Write:
    """The write of a conversation's records."""
    ids = frozenset(record.id for record in some)
    right_day = day or start_day(record.rev.at for record in some)
    return Write(some[0].rev.conversation, right_day, some, ids, settled)


def batch(*some: tuple[Record, ...], settled: bool = True, **more: Any) -> Batch:
    """A batch of whole conversations."""
    return Batch([write(part, settled=settled) for part in some], **more)


def held(replica: Replica, *numbers: int) -> dict[int, Held]:
    """What a replica holds of some conversations."""
    names = {replica.envelope.name(conversation(number)): number for number in numbers}
    return {names[found.name]: found for found in replica.read(list(names))}


def ids(found: Held) -> set[str]:
    """The ids of the records held."""
    return {record.id for record in found.records}

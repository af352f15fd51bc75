"""The stores that the contract runs over, and the records it fills them with.

A new kind of replica joins by one more entry in tests.contract.places: a function that makes a Store.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netto_tui.config import Options
from netto_tui.model.conversation import start_day
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import About, Message, Record, Stamp, Text, mint
from netto_tui.replicas.base import Batch, Held, Marker, Replica, Write
from netto_tui.replicas.registry import DEFAULTS, open_replica
from netto_tui.replicas.tree import render_marker
from netto_tui.security.envelope import PLAIN, Envelope, Sealed
from netto_tui.security.keyset import KeySet
from tests.contract.git_http import GitServer, available

MARKER = Marker(vault="v_" + "1" * 32, replica="r_" + "2" * 32, zone="Europe/Berlin")
FOREIGN = Marker(vault="v_" + "3" * 32, replica="r_" + "4" * 32, zone="UTC")


KEYS = KeySet("11111111", {1: bytes(range(32)), 2: bytes(range(32, 64))}, b"n" * 32, b"s" * 32)
"""Of the vault of MARKER, after one rotation."""

SEALED = Sealed(lambda: KEYS)


@dataclass
class Store:
    """One place, and how to open it: every call of `open` gives another opener of the same store.

    prepare: what a person does before the first claim. can_set_aside: whether `rebuild` can put
    a damaged store away by itself. on_disk: its files can be reached, so that faults may strike them.
    can_be_absent: whether it can tell that there is no such place. one_wins: whether the store itself
    keeps what it promises to writers that race.
    """

    root: Path
    envelope: Envelope
    open: Callable[..., Replica]
    prepare: Callable[[], object] = lambda: None
    can_set_aside: bool = True
    on_disk: bool = True
    can_be_absent: bool = True
    one_wins: bool = True

    def lose(self) -> None:
        """Let the whole store vanish."""
        shutil.rmtree(self.root)

    def exists(self) -> bool:
        """Whether anything is there."""
        return self.root.exists()

    def put_thesis(self) -> None:
        """Have something of a person's there, and nothing of ours."""
        self.root.mkdir()
        (self.root / "thesis.txt").write_text("mine")

    def holds_thesis_alone(self) -> bool:
        """Whether that is as it was."""
        return [path.name for path in self.root.iterdir()] == ["thesis.txt"]

    def kept(self) -> list[object]:
        """What a rebuild set aside."""
        return list(self.root.parent.rglob("*.damaged-*"))

    def state(self) -> object:
        """Something that is equal as long as nothing is written there."""
        return self.files()

    def files(self) -> list[Path]:
        """Every file of the store that a fault may strike."""
        return sorted(path for path in self.root.rglob("*") if path.is_file() and path.name != "lock")

    def damage_identity(self) -> None:
        """Damage the file or object that holds the identity, wherever the store keeps it."""
        content = render_marker(MARKER)
        marker = self.root / ".netto" / "vault.json"
        if not marker.exists():
            sha = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            marker = self.root / "objects" / sha[:2] / sha[2:]
        marker.chmod(0o600)
        marker.write_bytes(marker.read_bytes()[:-9] + b"?" * 9)


class ServedGit(Store):
    """A repository behind a server, which serves nothing when it is damaged."""

    def put_thesis(self) -> None:
        """There is no place for it."""
        pytest.skip("a server has no place for other things")

    def damage_identity(self) -> None:
        """Nothing would be served."""
        pytest.skip("a server that is damaged serves nothing")


def opener(
    kind: str, root: Path, envelope: Envelope, target: str, options: Options = DEFAULTS
) -> Callable[..., Replica]:
    ticks = iter(range(1_800_000_000_000, 1_900_000_000_000, 60_000))

    def opened(device: str = "laptop", cancel: threading.Event | None = None) -> Replica:
        """Each look at the clock is a minute later."""
        cache = root / "cache" / device
        return open_replica(
            "copy", kind, target, envelope, cache, device, cancel or threading.Event(), lambda: next(ticks), options
        )

    return opened


def _on_disk(kind: str) -> Callable[[Path, Envelope], Store]:
    def make(root: Path, envelope: Envelope) -> Store:
        return Store(root / "store", envelope, opener(kind, root, envelope, str(root / "store")))

    return make


@cache
def _git_server() -> GitServer:
    return GitServer(Path("/"))


def _git_over_http(root: Path, envelope: Envelope) -> Store:
    if not available():
        pytest.skip("needs Git with its HTTP backend")
    place = (root / "store").resolve()
    opened = opener("git", root, envelope, f"{_git_server().url}{place}")
    return ServedGit(place, envelope, opened, lambda: _git_server().create(str(place)), False, False)


PLACES: dict[str, Callable[[Path, Envelope], Store]] = {
    "folder": _on_disk("folder"),
    "git": _on_disk("git"),
    "git-http": _git_over_http,
}
"""By name, how to make a store below a temporary directory: those that need no server of ours."""

ENVELOPES = {"plain": PLAIN, "sealed": SEALED}


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

"""A replica in memory that obeys the protocol of replicas.base, and can be made to fail in every way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from netto_tui.errors import InvalidRecord, Moved, Unreachable, WrongTarget
from netto_tui.model.formats import read_line
from netto_tui.model.revision import Record
from netto_tui.replicas.base import Batch, Changes, Corrupt, Held, Marker, Portion, Presence, Probe
from netto_tui.security.envelope import PLAIN, Envelope

Moment = Literal["before", "after"]


@dataclass
class Store:
    """What lies there, whoever looks at it.

    envelope: how those see it who have every key.
    lines: of each conversation, as stored. log: the states there were, each a name of its own and what changed then.
    """

    envelope: Envelope = PLAIN
    presence: Presence = "absent"
    marker: Marker | None = None
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    slots: dict[str, bytes] = field(default_factory=dict)
    log: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    states: int = 0
    hurt: bool = False  # in a way that only reading everything shows
    harms: int = 0

    def changed(self, names: Iterable[str]) -> None:
        """Note a new state."""
        self.states += 1
        self.log.append((f"s{self.states}", frozenset(names)))

    @property
    def cursor(self) -> str:
        """The name of the present state."""
        return self.log[-1][0] if self.log else ""

    def records(self, name: str) -> dict[str, Record]:
        """The good records of a conversation, by its stored name."""
        found, _ = read(self.envelope, name, self.lines.get(name, ()))
        return {record.id: record for record in found.values()}

    def ids(self) -> set[str]:
        """The good records of all conversations, by name."""
        return {record for name in self.lines for record in self.records(name)}

    def snapshot(self) -> Store:
        """A backup, as somebody might keep one of a disk."""
        old = Store(self.envelope)
        old.roll_back(self)
        return old

    def roll_back(self, old: Store) -> None:
        """Become what it was when a backup was made; states that are to come have new names."""
        self.presence, self.marker = old.presence, old.marker
        self.lines = {name: list(lines) for name, lines in old.lines.items()}
        self.blobs, self.slots, self.log = dict(old.blobs), dict(old.slots), list(old.log)

    def empty(self) -> None:
        """Lose everything but the place."""
        self.roll_back(Store(presence="empty"))


def read(envelope: Envelope, name: str, lines: Iterable[bytes]) -> tuple[dict[bytes, Record], dict[bytes, str]]:
    """The good lines of a conversation with their records, and the bad ones with what is wrong."""
    good: dict[bytes, Record] = {}
    bad: dict[bytes, str] = {}
    for line in lines:
        try:
            record = read_line(envelope.open(line))
        except InvalidRecord as error:
            bad[line] = error.message
            continue
        if envelope.name(record.rev.conversation) == name:
            good[line] = record
        else:
            bad[line] = "It belongs elsewhere."
    return good, bad


class MemoryReplica:
    """One device's view of a store; see replicas.base.Replica.

    trouble: called before and after each call takes effect, with the call's name; what it raises
    is what the caller sees. hide: what a lying listing leaves of the names. distort: what a line
    becomes on its way. forgets: whether a conversation is dropped although the answer says it was
    written. writes: how many times anything was written from here.
    """

    kind = "memory"
    keeps_views = False
    portion = Portion()

    def __init__(
        self,
        name: str,
        store: Store,
        trouble: Callable[[str, Moment], None] | None = None,
        envelope: Envelope = PLAIN,
    ) -> None:
        self.name = name
        self.target = f"memory:{name}"
        self.envelope = envelope
        self.cancel = threading.Event()
        self.requests = 0
        self.writes = 0
        self.store = store
        self.trouble = trouble or (lambda _call, _moment: None)
        self.hide: Callable[[frozenset[str]], frozenset[str]] = lambda names: names
        self.distort: Callable[[bytes], bytes] = lambda line: line
        self.forgets: Callable[[], bool] = lambda: False

    def _reach(self, call: str) -> None:
        self.requests += 1
        self.trouble(call, "before")
        if self.store.presence == "absent" and call not in ("probe", "claim", "rebuild"):
            raise Unreachable(f"{self.name} is not there.")

    def probe(self) -> Probe:
        """Presence, identity and state."""
        self._reach("probe")
        if self.store.presence != "present":
            return Probe(self.store.presence)
        return Probe("present", self.store.cursor, self.store.marker)

    def claim(self, marker: Marker) -> None:
        """Write the identity. Raises WrongTarget over something that is not ours."""
        self._reach("claim")
        if self.store.presence == "present" and self.store.marker not in (None, marker):
            raise WrongTarget(f"{self.name} is something else.")
        self.store.presence, self.store.marker = "present", marker
        self.store.changed(())
        self.writes += 1
        self.trouble("claim", "after")

    def rebuild(self, marker: Marker) -> None:
        """Begin anew."""
        self._reach("rebuild")
        self.store.empty()
        self.claim(marker)

    def changes(self, since: str = "") -> Changes:
        """What changed after a state; everything after one that is not among those there were."""
        self._reach("changes")
        states = [state for state, _ in self.store.log]
        if since in states:
            names = frozenset().union(*(names for _, names in self.store.log[states.index(since) + 1 :]))
            return Changes(self.store.cursor, self.hide(names), complete=False)
        return Changes(self.store.cursor, self.hide(frozenset(self.store.lines)), complete=True, rewritten=bool(since))

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """Each conversation, its lines checked."""
        self._reach("read")
        for name in names:
            self.trouble("read one", "before")
            yield self._held(name)

    def _held(self, name: str) -> Held:
        lines = [self.distort(line) for line in self.store.lines.get(name, ())]
        good, bad = read(self.envelope, name, lines)
        corrupt = tuple(Corrupt(f"{name}:{number}", *each) for number, each in enumerate(bad.items()))
        records = {record.id: record for record in good.values()}
        return Held(name, tuple(sorted(records.values(), key=lambda record: record.order)), corrupt)

    def read_blob(self, sha256: str) -> bytes | None:
        """A blob as it lies there."""
        self._reach("read_blob")
        return self.store.blobs.get(sha256)

    def read_view(self, path: str) -> None:
        """No memory file is kept here."""

    def slots(self) -> Mapping[str, bytes]:
        """The key slots as they lie there."""
        self._reach("slots")
        return dict(self.store.slots)

    def add(self, batch: Batch, expected: str) -> str:
        """Unite each conversation with what is there; may be cut between two of them, also by who writes meanwhile."""
        self._reach("add")
        self._compare(expected)
        self.writes += 1
        self.store.blobs |= batch.blobs
        slots = {**self.store.slots, **batch.slots}
        self.store.slots = {name: data for name, data in slots.items() if data is not None}
        written = []
        try:
            for write in batch.writes:
                self.trouble("add one", "before")
                self._compare(expected)
                name = self.envelope.name(write.conversation)
                whole = {record.id: self.envelope.seal(record.line) for record in write.records}
                good, _ = read(self.envelope, name, self.store.lines.get(name, ()))
                whole |= {record.id: line for line, record in good.items()}  # one seal is as good as another
                if not self.forgets():
                    self.store.lines[name] = list(whole.values())
                written.append(name)
        finally:
            self.store.changed(written)
        cursor = self.store.cursor  # what others do from here on is after it
        self.trouble("add", "after")
        return cursor

    def _compare(self, expected: str) -> None:
        if expected != self.store.cursor:
            raise Moved(f"Another device wrote to {self.name} first.")

    def check(self) -> Iterator[Corrupt]:
        """Nothing that reading would not show."""
        self._reach("check")
        return iter(())

    def close(self) -> None:
        """Nothing is kept open."""

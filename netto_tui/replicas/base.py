"""What the sync engine asks of a replica: a small protocol, the same for every kind of store.

Order of a pass: `probe`, then `changes`, `read`, `add`, and `read` again as the proof. Every
method may raise Unreachable; each ends within the replica's deadline and stops soon after
`cancel` is set. A replica is used by one thread at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from netto_tui.model.revision import Record
from netto_tui.security.envelope import Envelope

Presence = Literal["absent", "empty", "present"]


@dataclass(frozen=True)
class Marker:
    """Who a replica is: the vault it belongs to and its own id, made once by `claim`.

    `zone` is the IANA time zone in which the vault's days are rendered for people. `keys` is the
    fingerprint of the keys that everything here is sealed with, "" where it lies as it is.
    """

    vault: str
    replica: str
    zone: str = "UTC"
    keys: str = ""


@dataclass(frozen=True)
class Probe:
    """What can be told at once, without listing anything.

    presence: `absent` when the target is not there at all (an unmounted disk, a deleted
    repository), `empty` when it is there and holds nothing, else `present`.
    marker: None when there is none, or none that can be read (`marker_error` says why).
    cursor: an opaque text that is equal as long as nothing changed there; "" when empty.
    clock_ms: the store's own clock, None where it has none.
    free_bytes: None where there is no such limit.
    """

    presence: Presence
    cursor: str = ""
    marker: Marker | None = None
    marker_error: str = ""
    clock_ms: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True)
class Corrupt:
    """Bytes that are not what they should be: where they were, what they are, and why not.

    foreign: something that does not belong there and harms nothing, such as a person's own file.
    """

    where: str
    data: bytes
    reason: str
    foreign: bool = False


@dataclass(frozen=True)
class Changes:
    """What differs from an earlier cursor, or everything there is.

    names: stored conversation names that were added, changed or removed since.
    complete: True when `names` lists all that the replica holds; then absence from it means
    that the replica does not hold it. False when it lists only what changed.
    rewritten: the earlier cursor is no ancestor of this one: rolled back, or history rewritten.
    cursor: where this reading stands, for `add(expected=…)` and for the next `changes`.
    days: `YYYY/MM/DD` of which `names` lists everything, whether it changed or not; a
    conversation filed under one of them that `names` lacks is not held any more.
    corrupt: parts of the listing that could not be read; `names` lacks what was in them.
    """

    cursor: str
    names: frozenset[str]
    complete: bool
    rewritten: bool = False
    days: frozenset[str] = frozenset()
    corrupt: tuple[Corrupt, ...] = ()


@dataclass(frozen=True)
class Held:
    """One conversation as the replica holds it; `records` all match their names.

    An absent conversation has neither records nor corrupt bytes.
    """

    name: str
    records: tuple[Record, ...] = ()
    corrupt: tuple[Corrupt, ...] = ()


@dataclass(frozen=True)
class Write:
    """One conversation to be made whole on the replica.

    records: the full set that the vault has, which includes what the replica had at `expected`.
    fresh: the ids among them that are not known to be there; a store that keeps single
    documents writes only these.
    day: `YYYY/MM/DD`, where tree-shaped stores file it.
    settled: quiet for long enough to belong to stable data.
    """

    conversation: str
    day: str
    records: tuple[Record, ...]
    fresh: frozenset[str]
    settled: bool = True


SLOTS = ("slot-recovery.age", *(f"slot-pass-{number}.age" for number in range(1, 10)))
"""The files that open the vault's keys, as they are called everywhere."""

SLOT_BYTES = 64 * 1024
"""More than this is no such file."""


class Signer(Protocol):
    """Signs what a replica is about to become; see security.heads."""

    def sign(self, branch: str, root: str, count: int, previous: str) -> str:
        """The token of the head of a branch, the same for the same arguments.

        root, count: as security.heads.Head has them. previous: the token that is there now, "" for none.
        """
        ...


@dataclass(frozen=True)
class Batch:
    """What one `add` brings: conversations, the blobs that they need, and views for people.

    blobs: by SHA-256, the bytes. views: `memory/YYYY-MM-DD.md` and the like, by path; a store
    whose envelope is not readable leaves them out. message: what a history should tell. later: how
    many conversations and records wait for a batch after this one, so that a store with a daily
    quota can say how long all of it takes. slots: files that open the vault's keys with what a person
    knows, by name out of SLOTS; None for one that is to go, {} where all stay as they are. signer: signs the
    heads of what is written, None where there are none.
    """

    writes: Sequence[Write]
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    views: Mapping[str, bytes] = field(default_factory=dict)
    message: str = ""
    later: int = 0
    slots: Mapping[str, bytes | None] = field(default_factory=dict)
    signer: Signer | None = None


@dataclass(frozen=True)
class Moment:
    """A point in a replica's history: when it was written (ms since 1970), its id, what it says.

    changed: how many conversations differ from the point before it; None where nobody counts.
    """

    at_ms: int
    id: str
    message: str
    changed: int | None = None


@dataclass(frozen=True)
class Portion:
    """How much one `add` takes well: conversations, and bytes of their records."""

    conversations: int = 200
    bytes: int = 8 * 2**20


TOKEN_DAYS = "days of the token"  # noqa: S105 - the name of a meter
"""The meter of what is left of a token's life."""


@dataclass(frozen=True)
class Meter:
    """Something that runs out: how much of it is left, out of how much (0: not known), and until when.

    name: for people, such as `requests`, or TOKEN_DAYS. until_ms: milliseconds since 1970
    at which it is full again, or ends; 0 where that is not known.
    """

    name: str
    left: int
    limit: int = 0
    until_ms: int = 0


class Replica(Protocol):
    """A place that keeps conversations."""

    name: str
    kind: str
    target: str
    envelope: Envelope
    cancel: threading.Event
    portion: Portion

    @property
    def keeps_views(self) -> bool:
        """Whether daily files for people lie beside the records."""
        ...

    @property
    def requests(self) -> int:
        """Calls to the store so far, as the store itself would count them."""
        ...

    def probe(self) -> Probe:
        """Look at the store without listing it; never raises for a missing or foreign one."""
        ...

    def claim(self, marker: Marker) -> None:
        """Make the store if it is absent, and write its identity.

        Raises WrongTarget when it holds something that is not ours.
        """
        ...

    def changes(self, since: str = "") -> Changes:
        """What changed since a cursor; everything for "" or a cursor that cannot be compared.

        Raises Suspect when the listing cannot be trusted to be complete.
        """
        ...

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """The named conversations, one by one, each line checked against its name."""
        ...

    def read_blob(self, sha256: str) -> bytes | None:
        """A blob's bytes, None if it is not there. Raises InvalidRecord if they are not its own."""
        ...

    def read_view(self, path: str) -> bytes | None:
        """A view for people as it lies there, such as `memory/2026-11-23.md`; None if it is not there."""
        ...

    def slots(self) -> Mapping[str, bytes]:
        """The files that open the vault's keys, by name, as they lie there."""
        ...

    def add(self, batch: Batch, expected: str) -> str:
        """Make the conversations whole and return the new cursor.

        All or nothing for readers of one conversation; may be cut between conversations. Never
        removes a revision. Raises Moved when the store is no longer at `expected`.
        """
        ...

    def rebuild(self, marker: Marker) -> None:
        """Begin anew in place of a store that is lost or damaged beyond `add`, on a person's word.

        What is damaged is set aside under another name, never deleted; what is intact may stay.
        Raises WrongTarget for another vault's store, Refused where a person has to make room.
        """
        ...

    def check(self) -> Iterator[Corrupt]:
        """Everything wrong with the store that reading the conversations does not show.

        Blobs whose bytes are not their own, objects of its history, foreign files in its tree.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


@runtime_checkable
class Historic(Protocol):
    """A replica that also knows what it held earlier."""

    def history(self, conversation: str | None = None, *, counted: bool = True) -> Iterator[Moment]:
        """Every state there was, or those in which a conversation (by its id) changed; newest first. See Moment."""
        ...

    def read_as_of(self, at: int | Moment, names: Collection[str] | None = None) -> Iterator[Held]:
        """All conversations, or those of some stored names, as they were at a moment or an instant (ms since 1970)."""
        ...


@runtime_checkable
class Metered(Protocol):
    """A replica with limits that a person should see coming."""

    def meters(self) -> tuple[Meter, ...]:
        """As the store last told; asks nothing."""
        ...


@runtime_checkable
class Live(Protocol):
    """A replica that tells by itself when another device wrote."""

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call `told`, on any thread, soon after the store changed by another hand; returns what ends that.

        Raises Unreachable and Denied. A listener may die without a word: probe from time to time.
        """
        ...


@runtime_checkable
class Selective(Protocol):
    """A replica whose host looks at what it is given, and may not take all of it."""

    def withheld(self) -> Mapping[str, str]:
        """Records by id, and blobs by SHA-256, that the host did not take; each with its reason. Asks nothing."""
        ...


@dataclass(frozen=True)
class Link:
    """One state of a branch, and the signed head that it came with.

    token: of the head, "" where there is none. root: what the state is, as heads have it; "" where that is not known
    without asking. place: where it is, for people. alters: whether it differs from the state before it in anything
    that heads are about.
    """

    token: str
    root: str
    place: str
    alters: bool = True


@runtime_checkable
class Chained(Protocol):
    """A replica whose every state can carry a signed head."""

    def links(self, known: Mapping[str, tuple[int, str]] | None) -> Mapping[str, Sequence[Link]]:
        """By branch the known heads (number and SHA-256 of the token) and what came after, oldest first, as last seen.

        A branch that is not known gives its latest states, which may cost a request once; with None each gives all
        of them. A store without a history of heads gives its one state. Asks nothing that `changes` did not ask.
        """
        ...

"""What sync and recovery tell, as past events; the journal and the screens live on these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class SyncEvent:
    """Base of all events; `at` is RFC 3339 in UTC, `replica` is "" for the vault itself."""

    at: str
    replica: str


@dataclass(frozen=True)
class SyncStarted(SyncEvent):
    """A pass over one replica began."""


@dataclass(frozen=True)
class SyncProgressed(SyncEvent):
    """A step of a pass moved on; total is 0 when it is not known.

    step: `pull`, `push`, `verify`, `restore`, `import`.
    """

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class Pulled(SyncEvent):
    """Revisions came in."""

    conversations: int
    revisions: int


@dataclass(frozen=True)
class Pushed(SyncEvent):
    """Conversations were written, read back and found equal."""

    conversations: int
    revisions: int


@dataclass(frozen=True)
class Healed(SyncEvent):
    """What was missing or corrupt was put back."""

    conversations: int


@dataclass(frozen=True)
class Quarantined(SyncEvent):
    """Bytes that did not match their name were set aside."""

    where: str
    reason: str


@dataclass(frozen=True)
class ConflictFound(SyncEvent):
    """An item has several versions that a person has to choose from; title: of its conversation."""

    conversation: str
    item: str
    title: str = ""


@dataclass(frozen=True)
class Captured(SyncEvent):
    """Sources were looked at and had something new."""

    conversations: int
    revisions: int


@dataclass(frozen=True)
class Paused(SyncEvent):
    """A person told that no pass goes over a replica."""


@dataclass(frozen=True)
class Resumed(SyncEvent):
    """A person told that a paused replica is to be kept equal again."""


@dataclass(frozen=True)
class Restored(SyncEvent):
    """Conversations were brought back from the replica; undo: the folder of the undo point, "" for none."""

    conversations: int
    revisions: int
    undo: str


@dataclass(frozen=True)
class Drilled(SyncEvent):
    """A restore into a temporary place went well; seconds: how long it took."""

    conversations: int
    seconds: float


@dataclass(frozen=True)
class DrillFailed(SyncEvent):
    """A restore into a temporary place did not work; seconds: how long it was tried."""

    error: str
    seconds: float


@dataclass(frozen=True)
class Curated(SyncEvent):
    """A person changed whole conversations, deleted something, or took that back.

    what: `title`, `tags`, `pin`, `archive`, `delete`, `change` for several of them, `decided` between versions, or
    `undo`. items: revisions. undo: the name of the undo point before it, "" for none.
    """

    what: str
    conversations: int
    items: int
    undo: str


@dataclass(frozen=True)
class Alerted(SyncEvent):
    """Something a person should know; code is stable, text is for people."""

    code: str
    text: str


@dataclass(frozen=True)
class SyncFinished(SyncEvent):
    """A pass over one replica ended; `report` says how."""

    report: PassReport


@dataclass(frozen=True)
class PassReport:
    """The outcome of one pass over one replica.

    state: as in vault.rows.ReplicaRow. pulled and pushed count revisions, healed and quarantined
    conversations and pieces of data. requests: calls to the store. stopped: it was cancelled.
    """

    name: str
    kind: str
    state: str
    pulled: int = 0
    pushed: int = 0
    healed: int = 0
    quarantined: int = 0
    requests: int = 0
    error: str = ""
    exit_code: int = 0
    stopped: bool = False


Listener = Callable[[SyncEvent], None]
"""Called for each event, on the thread where it happened; it must not block."""

"""What happened, as the screens hear of it. Made on any thread, handled on the app's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:  # the first frame needs no store
    from netto_tui.model.query import Query
    from netto_tui.sync.events import PassReport, SyncEvent
    from netto_tui.sync.worker import Worker
    from netto_tui.vault.rows import ConversationRow, DayCount, Hit
    from netto_tui.vault.vault import Vault


@dataclass
class VaultOpened(Message):
    """The vault is there."""

    vault: Vault


@dataclass
class IndexRebuilding(Message):
    """The vault has no index that can be used, so opening it makes one from all of its files."""


@dataclass
class VaultRefused(Message):
    """The vault could not be opened."""

    error: Exception


@dataclass
class WorkerLoaded(Message):
    """The code that syncs is loaded; `kind` is its class."""

    kind: type[Worker]


@dataclass
class VaultChanged(Message):
    """Something was written to the vault, by anyone."""


@dataclass
class Answered(Message):
    """A question to the index has an answer, or the first part of it.

    hits for a query with words, else conversations; days and total come with the last part.
    capped: there are more than `total`. days: what matches on each day, whatever dates the query names;
    days_capped: only the latest were counted. places: where all hits stand, see vault.hits; empty while
    there are only the first ones, or when these are all.
    """

    query: Query
    serial: int
    conversations: Sequence[ConversationRow] = ()
    hits: Sequence[Hit] = ()
    places: Sequence[int] = ()
    total: int = 0
    capped: bool = False
    days: Sequence[DayCount] | None = None
    days_capped: bool = False
    took_ms: float = 0.0
    error: str = ""


@dataclass
class PassStarted(Message):
    """A pass over a replica began."""

    replica: str
    at: str


@dataclass
class ProgressMoved(Message):
    """A step moved on; total is 0 while nobody knows it."""

    replica: str
    step: str
    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        """The latest of one replica and step is enough."""
        return isinstance(message, ProgressMoved) and (message.replica, message.step) == (self.replica, self.step)


@dataclass
class PassFinished(Message):
    """A pass over a replica ended."""

    report: PassReport
    at: str


@dataclass
class Happened(Message):
    """Any other event of sync or recovery."""

    event: SyncEvent


SyncTold = PassStarted | ProgressMoved | PassFinished | Happened
"""All that the bridge posts."""


@dataclass
class SectionChosen(Message):
    """A person asked for another section; about: the replica that it is about, "" for none."""

    section: str
    about: str = ""


@dataclass
class KeysFaulty(Message):
    """Keys in the settings do not do what they say: a sentence for each."""

    faults: Sequence[str]

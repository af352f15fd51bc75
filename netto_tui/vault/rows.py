"""What the index answers with: plain rows, one kind per question. Texts in them are untrusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netto_tui.model.conversation import Conflict


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One conversation in a list. Times are RFC 3339 in UTC; `started` is "" when undated.

    state: words out of `pinned`, `archived`, `gone` (deleted at its source).
    messages: those that the source itself shows. conflicts: items that wait for a person.
    secrets: a message of it holds a credential. tags: as model.tags writes them.
    """

    conversation: str
    title: str
    started: str
    updated: str
    messages: int
    documents: int
    source: str
    state: tuple[str, ...]
    conflicts: int
    day: str
    revisions: int
    secrets: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message or document in a transcript, in reading order.

    kind: `message` or `document`. author: as the source names it, else "". parent: the item
    before it, or "". branch: False when it is not on the conversation's active branch.
    secrets: its text holds a credential. asides: whether `some` or `all` of its text are thoughts, tools and
    files, "" for none. fork: which of how many alternatives it is, where a view chooses between them.
    """

    conversation: str
    item: str
    revision: str
    kind: str
    role: str
    author: str
    at: str
    text: str
    conflict: Conflict
    hidden: bool
    branch: bool
    secrets: bool = False
    asides: Literal["", "some", "all"] = ""
    fork: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision of an item, as it is stored. `at` is RFC 3339; `by` and `kind` are as in the record.

    head: no other revision replaces it. origins: `local`, or the replicas that brought it. record: its line as
    stored, or empty when the bytes cannot be read here.
    """

    revision: str
    at: str
    tick: int
    by: str
    kind: str
    head: bool
    origins: tuple[str, ...]
    record: bytes


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that a message has, or a long text of it that lies beside its record.

    part: where in the message, a JSON pointer. bytes: None when nobody said. sha256: "" when no copy was kept.
    state: `here`, `lost` (wanted from the replicas), `embedded` (its text is in the record), or what its source
    said: `external`, `missing`, `expired`. path: where it lies in the vault, "" unless it is here. replicas:
    those that have the conversation verified as it is here, and the file with it.
    """

    part: str
    name: str
    media_type: str
    bytes: int | None
    sha256: str
    state: str
    path: str
    replicas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One message that a search found; snippet: about 160 characters around the first match."""

    conversation: str
    item: str
    at: str
    role: str
    title: str
    snippet: str


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One item that waits for a person."""

    conversation: str
    item: str
    title: str
    kind: Conflict
    versions: int
    at: str


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many conversations began on a day, `YYYY-MM-DD` in the vault's zone; "" is undated."""

    day: str
    conversations: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The size of a vault."""

    conversations: int
    messages: int
    revisions: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of what was done: kind is the event's name, detail is for people and names conversations by id.

    titled: the detail with titles instead of ids, harmless for a terminal; "" where there is none to be told.
    """

    at: str
    replica: str
    kind: str
    detail: str
    titled: str = ""


@dataclass(frozen=True, slots=True)
class MeterRow:
    """Something of a replica that runs out, as last told; see replicas.base.Meter. until: RFC 3339, or ""."""

    name: str
    left: int
    limit: int
    until: str


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """How one replica stands, from the ledger.

    verified: conversations that were read back there and found equal to the vault's.
    pending: conversations that differ from what was last verified there, or never were.
    state: `ok`, `behind`, `never`, `unreachable`, `limited`, `denied`, `locked`, `wrong-target`, `suspect`,
    `damaged`, `newer-format`, `refused`; `paused` by a person. verified_at: when a whole pass last ended with
    everything equal. sealed: nobody without the vault's keys can read what lies there. withheld: conversations of
    which a part is knowingly kept off it, since it holds a credential or the host does not take it.
    behind: conversations that it has and that were lost here; None while nobody knows what is there.
    conflicts: items that wait for a person, of which a version came from it. next_run: when a pass over it is
    due, "" where none is planned. failures: passes in a row without proof; next_try: when the next may begin.
    """

    name: str
    kind: str
    target: str
    state: str
    verified: int
    pending: int
    verified_at: str
    last_error: str
    failures: int
    next_try: str
    meters: tuple[MeterRow, ...] = ()
    sealed: bool = False
    withheld: int = 0
    behind: int | None = None
    conflicts: int = 0
    next_run: str = ""

    @property
    def paused(self) -> bool:
        """Whether a person told that no pass goes over it."""
        return self.state == "paused"

"""The lines of the list in Browse: conversations, or the messages that a search found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

from textual.content import Content

from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.widgets.columns import Cell, Column

if TYPE_CHECKING:
    from netto_tui.vault.browsing import Held
    from netto_tui.vault.rows import ConversationRow, Hit

HELD: Mapping[Held, tuple[str, str, str]] = {
    "equal": ("", "same", "$text-success"),
    "absent": ("·", "not there yet", "$text-warning"),
    "behind": ("↑", "older there", "$text-warning"),
    "different": ("≠", "differs there", "$text-error"),
    "withheld": ("w", "part withheld", "$text-warning"),
    "unknown": ("?", "unknown", "$text-warning"),
}
"""Letter, word and colour of how a replica holds a conversation; where it is equal its own letter stands."""

URGENT: Sequence[Held] = ("different", "behind", "absent", "unknown", "withheld")
"""The ways of not being in step, what needs a look first."""

_HELD_LONG: Mapping[Held, str] = {
    "equal": "its first letter: the replica has it as it is here, read back and compared",
    "absent": "only here: the replica does not have it yet",
    "behind": "the replica has it as it was before the latest change here",
    "different": "the replica has something else; the next sync brings both together",
    "withheld": "a part of it is kept off the replica, such as a secret",
    "unknown": "nobody knows what the replica has; the next sync looks",
}

FEW = 4
"""So many replicas have a letter each in any list; of more, a list that is not wide counts."""

MANY = 10
"""Of more replicas than these every list counts."""

WIDE = 64
"""Cells of a list in which a date with its time and MANY letters have room beside a title."""

FLAGS = (
    ("?", "has versions that wait for you (c)", "bold $text-warning"),
    ("s", "holds a secret, which is masked", "bold $text-warning"),
    ("*", "pinned", "$text-accent"),
    ("a", "archived", "$faint"),
    ("-", "deleted at its source", "$faint"),
)
"""Letter, words and colour of what can be said of a conversation before its title, in their order."""


@dataclass(frozen=True)
class Entry:
    """One line; held: for each replica its name, its letter, and how it holds the conversation."""

    conversation: str
    at: str
    title: str
    row: ConversationRow | None = None
    hit: Hit | None = None
    held: tuple[tuple[str, str, Held], ...] = ()

    @property
    def marks(self) -> str:
        """A letter for each replica: its own where it holds the conversation as it is here."""
        return "".join(HELD[how][0] or letter for _, letter, how in self.held)


def conversation_entries(
    rows: Sequence[ConversationRow], held: Mapping[str, Mapping[str, Held]], names: Sequence[str]
) -> list[Entry]:
    """Conversations as lines; held: by conversation and replica; names: the replicas in order."""
    letters = wording.initials(names)
    return [
        Entry(
            row.conversation,
            row.started,
            row.title,
            row=row,
            held=tuple((name, letters[name], held.get(row.conversation, {}).get(name, "unknown")) for name in names),
        )
        for row in rows
    ]


def hit_entries(hits: Sequence[Hit]) -> list[Entry]:
    """Found messages as lines."""
    return [Entry(hit.conversation, hit.at, hit.title, hit=hit) for hit in hits]


def is_same(entry: Entry, other: Entry) -> bool:
    """Whether two lines are about the same conversation and message."""
    return (entry.conversation, entry.hit and entry.hit.item) == (other.conversation, other.hit and other.hit.item)


def _when(zone: tzinfo) -> list[Column[Entry]]:
    style = "$foreground-muted"
    return [
        Column("Date", lambda e: Content(wording.moment(e.at, zone)[:10]), 10, style=style, to_width=WIDE),
        Column("Date", lambda e: Content(wording.moment(e.at, zone)), 16, style=style, from_width=WIDE),
    ]


def conversation_columns(zone: tzinfo, replicas: int) -> list[Column[Entry]]:
    """The columns of a list of conversations."""
    return [
        *_when(zone),
        Column("Conversation", _title),
        Column("Source", lambda e: e.row.source if e.row else "", 11, style="$foreground-muted", from_width=80),
        Column("Msgs", lambda e: Content(number(e.row.messages) if e.row else ""), 5, "right", from_width=56),
        *_held(replicas),
    ]


def _held(replicas: int) -> list[Column[Entry]]:
    """How the replicas have it: a letter each where there is room, else what is not in step and a count."""
    if replicas == 0:
        return []
    if replicas <= FEW:
        return [Column("Held", _marks, FEW)]
    if replicas > MANY:
        return [Column("Held", _counts, 6)]
    return [
        Column("Held", _counts, 6, to_width=WIDE),
        Column("Held", _marks, replicas, from_width=WIDE),
    ]


def hit_columns(zone: tzinfo, words: Sequence[str]) -> list[Column[Entry]]:
    """The columns of a list of found messages."""
    return [
        *_when(zone),
        Column("Said", _role, 9, style="$foreground-muted", from_width=52),
        Column("Found", lambda e: _snippet(e, words)),
        Column("Conversation", lambda e: e.title, 24, style="$foreground-muted", from_width=84),
    ]


def _role(entry: Entry) -> str:
    return (entry.hit.role or "document") if entry.hit else ""


def _flags(row: ConversationRow) -> list[tuple[str, str, str]]:
    """Those of FLAGS that a conversation has."""
    has = (row.conflicts > 0, row.secrets, "pinned" in row.state, "archived" in row.state, "gone" in row.state)
    return [flag for flag, it_has in zip(FLAGS, has, strict=True) if it_has]


def _title(entry: Entry) -> Cell:
    """Flags, the title, and the tags."""
    row = entry.row
    if row is None:
        return entry.title
    flags = [Content.styled(letter, style) for letter, _, style in _flags(row)]
    title = Content(safe_line(entry.title)) if entry.title else Content.styled("untitled", "$faint")
    tags = [Content.styled(f"#{safe_line(tag, 24)}", "$text-accent") for tag in row.tags]
    return Content(" ").join([*flags, title, *tags])


def _snippet(entry: Entry, words: Sequence[str]) -> Cell:
    if entry.hit is None:
        return ""
    text = safe_line(entry.hit.snippet)
    content = Content(text)
    lower = text.lower()
    for word in words:
        if (at := lower.find(word.lower())) >= 0:
            content = content.stylize("bold $text-warning", at, at + len(word))
    return content


def _marks(entry: Entry) -> Content:
    return Content.assemble(*[(HELD[how][0] or letter, HELD[how][2]) for _, letter, how in entry.held])


def _counts(entry: Entry) -> Content:
    """What is not in step, a letter and its count for each kind, then how many are; `all` where every replica is."""
    found = Counter(how for _, _, how in entry.held)
    equal = found.pop("equal", 0)
    if not found:
        return Content.styled("all", HELD["equal"][2])
    parts = [(f"{HELD[how][0]}{found[how] if found[how] > 1 else ''}", HELD[how][2]) for how in URGENT if found[how]]
    return Content.assemble(*parts, (f"+{equal}" if equal else "", HELD["equal"][2]))


def in_words(entry: Entry) -> Content:
    """What the letters of a line say: the flags, each replica, of many those not in step first, then the tags."""
    held = entry.held if len(entry.held) <= FEW else sorted(entry.held, key=lambda each: each[2] == "equal")
    parts = [
        Content.styled(f"{HELD[how][0] or letter} ", f"bold {HELD[how][2]}")
        + Content.styled(f"{safe_line(name, 20)}: {HELD[how][1]}", "$foreground-muted")
        for name, letter, how in held
    ]
    if (row := entry.row) is not None:
        parts = [
            *(Content.styled(f"{letter} {words}", style) for letter, words, style in _flags(row)),
            *parts,
            *(Content.styled(f"#{safe_line(tag, 40)}", "$text-accent") for tag in row.tags),
        ]
    elif entry.hit is not None:
        parts = [Content.styled(f"{_role(entry)} in ", "$foreground-muted") + safe_line(entry.title)]
    return Content("   ").join(parts)


def legend() -> list[tuple[str, str]]:
    """Every letter of the list with what it says, for the help."""
    replicas = [(HELD[how][0] or "A-Z", words) for how, words in _HELD_LONG.items()]
    counts = [("≠2+7", "of many replicas: two that differ, and seven in step"), ("all", "every replica is in step")]
    return [*replicas, *counts, *((letter, f"before a title: {words}") for letter, words, _ in FLAGS), ("●", "marked")]


def heading(row: ConversationRow, *, revealed: bool = False) -> Content:
    """The line above a transcript; revealed: its secrets are shown as they are."""
    parts = [Content.styled(safe_line(row.title, 120) or "untitled", "bold")]
    if row.conflicts:
        parts.append(Content.styled(f"? {many(row.conflicts, 'conflict')} (c)", "bold $text-warning"))
    if row.secrets:
        parts.append(Content.styled(f"s {'secrets shown' if revealed else 'secrets masked'} (x)", "bold $text-warning"))
    parts.append(Content.styled(many(row.messages, "message"), "$foreground-muted"))
    if row.source:
        parts.append(Content.styled(safe_line(row.source, 30), "$foreground-muted"))
    return Content("  ").join(parts)

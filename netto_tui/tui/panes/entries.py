"""The lines of the list in Browse: conversations, or the messages that a search found."""

from __future__ import annotations

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
    from netto_tui.vault.rows import ConversationRow, Hit

UNPROVEN = "·"
"""Stands for a replica that does not have a conversation verified as it is here."""


@dataclass(frozen=True)
class Entry:
    """One line; marks: a letter for each replica that has the conversation verified, else UNPROVEN."""

    conversation: str
    at: str
    title: str
    row: ConversationRow | None = None
    hit: Hit | None = None
    marks: str = ""


def conversation_entries(
    rows: Sequence[ConversationRow], marks: Mapping[str, Mapping[str, bool]], names: Sequence[str]
) -> list[Entry]:
    """Conversations as lines; marks: by conversation and replica; names: the replicas in order."""
    letters = wording.initials(names)
    return [
        Entry(
            row.conversation,
            row.started,
            row.title,
            row=row,
            marks="".join(letters[n] if marks.get(row.conversation, {}).get(n) else UNPROVEN for n in names),
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
        Column("Date", lambda e: Content(wording.moment(e.at, zone)[:10]), 10, style=style, to_width=64),
        Column("Date", lambda e: Content(wording.moment(e.at, zone)), 16, style=style, from_width=64),
    ]


def conversation_columns(zone: tzinfo, replicas: int) -> list[Column[Entry]]:
    """The columns of a list of conversations."""
    columns = [
        *_when(zone),
        Column("Conversation", _title),
        Column("Source", lambda e: e.row.source if e.row else "", 11, style="$foreground-muted", from_width=80),
        Column("Msgs", lambda e: Content(number(e.row.messages) if e.row else ""), 5, "right"),
    ]
    if replicas:
        columns.append(Column("Held", lambda e: _marks(e.marks), max(4, replicas)))
    return columns


def hit_columns(zone: tzinfo, words: Sequence[str]) -> list[Column[Entry]]:
    """The columns of a list of found messages."""
    return [
        *_when(zone),
        Column("Said", lambda e: e.hit.role if e.hit else "", 9, style="$foreground-muted", from_width=52),
        Column("Found", lambda e: _snippet(e, words)),
        Column("Conversation", lambda e: e.title, 24, style="$foreground-muted", from_width=84),
    ]


def _title(entry: Entry) -> Cell:
    """Flags and the title: ? conflict, s holds a secret, * pinned, a archived, - deleted at its source."""
    row = entry.row
    if row is None:
        return entry.title
    flags = [
        ("?", "bold $text-warning", row.conflicts > 0),
        ("s", "bold $text-warning", row.secrets),
        ("*", "$text-accent", "pinned" in row.state),
        ("a", "$faint", "archived" in row.state),
        ("-", "$faint", "gone" in row.state),
    ]
    shown = [Content.styled(letter, style) for letter, style, has in flags if has]
    title = Content(safe_line(entry.title)) if entry.title else Content.styled("untitled", "$faint")
    return Content(" ").join([*shown, title])


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


def _marks(marks: str) -> Content:
    return Content.assemble(*[(letter, "$faint" if letter == UNPROVEN else "$text-success") for letter in marks])


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

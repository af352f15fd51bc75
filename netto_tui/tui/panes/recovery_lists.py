"""The columns of the lists in Recovery: replicas, what a restore would touch, what a verification found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from netto_tui.plural import many, number
from netto_tui.recovery.finds import LOCAL, Find, FindKind
from netto_tui.recovery.preview import PreviewItem
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.widgets.columns import Cell, Column
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import ReplicaRow

NO_REPLICA = "There is no replica to restore from. A adds one."
HISTORIC = ("git", "github")
"""Kinds of replicas that keep a history."""

FOUND: dict[FindKind, tuple[str, str, str]] = {
    "unreadable": ("✗", "not read", "$text-error"),
    "damaged": ("‼", "damaged", "$text-error"),
    "different": ("≠", "different", "$text-error"),
    "missing": ("-", "missing", "$text-warning"),
    "extra": ("+", "extra", "$text-warning"),
    "withheld": ("·", "withheld", "$foreground-muted"),
}
"""Letter, word and colour of each kind of find."""


class Sources(RowList[ReplicaRow]):
    """The replicas; opening one shows what a restore from it would do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Preview", id="recovery.open")]

    def point_at(self, name: str) -> None:
        """Put the cursor on a replica, if it is there."""
        rows = (self.pages.row(index) for index in range(self.count))
        self.cursor = next((index for index, row in enumerate(rows) if row and row.name == name), self.cursor)


def source_columns(now: Callable[[], int]) -> list[Column[ReplicaRow]]:
    """The columns of the list of replicas; now: milliseconds since 1970."""
    return [
        Column("Bring back from", lambda row: row.name, 16),
        Column("Kind", lambda row: row.kind, 10, style="$foreground-muted"),
        Column("State", lambda row: wording.state_words(row.state), 11),
        Column("Verified", lambda row: Content(number(row.verified)), 9, "right"),
        Column("Proof", lambda row: Content(wording.ago(row.verified_at, now()))),
    ]


def preview_columns(chosen: Collection[str]) -> list[Column[PreviewItem]]:
    """The columns of the list of conversations that a restore would touch; chosen: those that are marked."""
    return [
        Column("", lambda item: mark(item.conversation in chosen), 1),
        Column("", _change, 8),
        Column("Conversation", lambda item: item.title or item.conversation),
        Column("Messages", _messages, 16, "right"),
        Column("Adds", lambda item: Content(f"+{many(item.revisions, 'revision')}"), 18, "right", from_width=76),
    ]


def mark(chosen: bool) -> Content:
    """The mark of a line that space chooses."""
    return Content.styled("●", "bold $text-accent") if chosen else Content.styled("·", "$faint")


def _change(item: PreviewItem) -> Content:
    add = item.kind == "add"
    return Content.styled("+ add", "$text-success") if add else Content.styled("~ change", "$text-warning")


def _messages(item: PreviewItem) -> Content:
    if item.before == item.after:
        return Content(number(item.after))
    return Content(f"{number(item.before)} → {number(item.after)}")


def find_columns(title: Callable[[str], str]) -> list[Column[Find]]:
    """The columns of the list of finds; title: of a conversation by its id, "" where nobody knows one."""
    return [
        Column("Where", lambda find: "this device" if find.store == LOCAL else find.store, 12),
        Column("What", found_words, 12),
        Column("Conversation, or place", lambda find: _place(find, title)),
        Column("Why", lambda find: find.reason, 40, style="$foreground-muted", from_width=110),
    ]


def found_words(find: Find) -> Content:
    """The kind of a find as letter and word."""
    letter, word, colour = FOUND[find.kind]
    return Content.styled(f"{letter} {word}", colour)


def _place(find: Find, title: Callable[[str], str]) -> Cell:
    if find.conversation:
        name = title(find.conversation) or find.conversation
        return f"{name} · {find.where}" if find.where else name
    return Content(safe_line(find.where or find.reason, 200))

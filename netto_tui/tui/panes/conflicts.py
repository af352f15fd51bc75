"""Conflicts: the conversations that wait for a person, the one with the most work left first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.conflict_preview import ConflictPreview
from netto_tui.tui.waiting import LIMIT, Waiting, read_waiting
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.waiting_columns import waiting_columns

PREVIEW_SECONDS = 0.08
"""The cursor rests so long on a conversation before its versions are read."""


class ConflictsPane(Pane):
    """The list, and beside it the messages in conflict of the one under the cursor."""

    FIRST_FOCUS: ClassVar[str] = "#waiting"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "resolve", "Resolve", id="conflicts.resolve"),
        Binding("space", "mark", "Mark", id="conflicts.mark", tooltip="Mark this conversation for A"),
        Binding(
            "A",
            "take_everywhere",
            "All from…",
            id="conflicts.take-everywhere",
            tooltip="One place's versions in the marked conversations, or in all",
        ),
        Binding("u", "undo", "Undo…", id="conflicts.undo", tooltip="Take decisions back"),
    ]

    @dataclass
    class WaitingRead(Message):
        """The list was read, or the reason why not; more: there are more than are listed."""

        waiting: Sequence[Waiting]
        more: bool = False
        error: str = ""

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self.waiting: Sequence[Waiting] = ()
        self.marked: set[str] = set()
        self._later: Timer | None = None
        self._reading = False
        self._again = False

    def compose(self) -> ComposeResult:
        """List and detail."""
        yield Static("Reading the conflicts…", id="conflicts-summary", classes="line", markup=False)
        with Horizontal():
            yield RowList(self._columns(), empty="", marked=self._is_marked, widget_id="waiting")
            with Vertical(id="conflict-detail"):
                yield Static("", id="conflict-title", markup=False)
                yield ConflictPreview(widget_id="conflict-versions")

    @property
    def entries(self) -> RowList[Waiting]:
        """The conversations."""
        return self.query_one("#waiting", RowList)

    def _columns(self) -> list[Column[Waiting]]:
        vault = self.netto.vault
        return waiting_columns(vault.zone if vault else UTC)

    def _is_marked(self, waiting: Waiting) -> bool:
        return waiting.conversation in self.marked

    def read(self) -> None:
        """Have the list read; asked again while that goes on, it is read once more."""
        self._again = self._reading
        if not self._reading and self.netto.vault is not None:
            self._reading = True
            self._read()

    @work(thread=True, exit_on_error=False, group="waiting", description="Read the conflicts")
    def _read(self) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                self.post_message(self.WaitingRead(*read_waiting(reader, vault.path)))
        except NettoError as error:
            self.post_message(self.WaitingRead((), error=str(error)))

    @on(WaitingRead)
    def _waiting_read(self, message: WaitingRead) -> None:
        self._reading = False
        if self._again:
            self.read()
            return
        self.waiting = message.waiting
        self.marked &= {waiting.conversation for waiting in self.waiting}
        here = self.entries.selected
        self.entries.empty = (
            message.error or "No conflicts. Everything that was written apart is united.\nu takes a decision back."
        )
        self.entries.show(
            listed(self.waiting),
            len(self.waiting),
            keep=(lambda w: w.conversation == here.conversation) if here else None,
        )
        self._summarize(message.more)
        self.refresh_bindings()

    def _summarize(self, more: bool = False) -> None:
        total = sum(len(waiting.items) for waiting in self.waiting)
        left = sum(waiting.open for waiting in self.waiting)
        text = f"{number(left)} to decide in {many(len(self.waiting), 'conversation')}"
        if left < total:
            text += f", {number(total - left)} in drafts"
        if more:
            text += f"; the first {LIMIT} are listed"
        if self.marked:
            text += f" · {number(len(self.marked))} marked: A decides, esc unmarks"
        self.query_one("#conflicts-summary", Static).update(Content(text if total else "Nothing waits for you."))

    @on(RowList.Moved, "#waiting")
    def _moved(self) -> None:
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(PREVIEW_SECONDS, self._show_versions)

    def on_resize(self) -> None:
        """There may be room for the versions now."""
        self._moved()

    def _show_versions(self) -> None:
        waiting = self.entries.selected
        title = Content.styled(safe_line(waiting.title) or "untitled", "bold") if waiting else Content("")
        self.query_one("#conflict-title", Static).update(title)
        preview = self.query_one(ConflictPreview)
        if waiting is None:
            preview.clear()
        elif self.query_one("#conflict-detail").display:
            preview.ask(waiting.conversation, waiting.items)

    @on(RowList.Chosen)
    @on(ConflictPreview.Clicked)
    def _chosen(self) -> None:
        self.action_resolve()

    def why_not(self, action: str) -> str:
        """Nothing to resolve is the one reason."""
        if action in ("resolve", "take_everywhere", "mark") and not self.waiting:
            return "There are no conflicts."
        return ""

    def leave_state(self) -> bool:
        """Take every mark away."""
        marked, self.marked = self.marked, set()
        if marked:
            self._show_marks()
        return bool(marked)

    def action_mark(self) -> None:
        """Mark the conversation under the cursor, or take its mark away, and go on."""
        if (waiting := self.entries.selected) is not None:
            self.marked ^= {waiting.conversation}
            self.entries.action_move(1)
            self._show_marks()

    def _show_marks(self) -> None:
        self.entries.redraw()
        self._summarize()

    def action_resolve(self) -> None:
        """Open the resolver on the conversation under the cursor."""
        from netto_tui.tui.opening import open_resolver

        if (waiting := self.entries.selected) is not None:
            open_resolver(self.netto, waiting.conversation)

    def action_take_everywhere(self) -> None:
        """Take one place's versions in every conversation that is marked, or in all."""
        from netto_tui.tui.screens.authority import take_everywhere

        chosen = [waiting for waiting in self.waiting if not self.marked or self._is_marked(waiting)]
        take_everywhere(self.netto, chosen)

    def action_undo(self) -> None:
        """Show the undo points; going back to one takes its decisions back."""
        from netto_tui.tui.screens.points import open_points

        open_points(self.netto)

    def copied_text(self) -> str:
        """The title under the cursor."""
        waiting = self.entries.selected
        return safe_line(waiting.title) if waiting else ""

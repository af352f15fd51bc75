"""What came of the last job in Recovery: some lines, and the list of conversations that they are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.recovery.finds import Find, finds
from netto_tui.recovery.preview import Preview, PreviewItem
from netto_tui.recovery.verify import Verdict
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui.panes.recovery_lists import find_columns, preview_columns
from netto_tui.tui.panes.recovery_words import find_words, preview_hint, preview_lines, verdict_lines
from netto_tui.tui.widgets.columns import line
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList

Row = PreviewItem | Find
COPIED_WIDTH = 160
"""Cells of a line that is copied."""


class Items(RowList[Row]):
    """What was found; enter shows the difference between here and there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Compare", id="recovery.compare")]


class Outcome(Vertical):
    """Lines, and below them a list. In that of a preview `space` chooses conversations."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space",
            "mark",
            "Choose",
            show=False,
            id="recovery.choose",
            tooltip="Bring back only the chosen conversations",
        ),
        Binding("a", "mark_all", "Choose all or none", show=False, id="recovery.choose-all"),
    ]

    @dataclass
    class Opened(Message):
        """A line was opened, to see what differs."""

        row: Row

    @dataclass
    class Changed(Message):
        """Other conversations are chosen."""

    def __init__(self, title: Callable[[str], str], *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self._title = title
        self._preview: Preview | None = None
        self._finds: Sequence[Find] = ()
        self._text = Content("")
        self.chosen: set[str] = set()

    def compose(self) -> ComposeResult:
        """Lines, list, and what mends the find under the cursor."""
        with VerticalScroll(id="recovery-outcome", can_focus=False):
            yield Static("", id="recovery-text", markup=False)
        yield Items((), empty="", widget_id="recovery-items")
        yield Static("", id="recovery-mends", markup=False)

    @property
    def rows(self) -> RowList[Any]:
        """The list."""
        return self.query_one("#recovery-items", RowList)

    @property
    def chosen_in_order(self) -> tuple[str, ...]:
        """The ids of the chosen conversations, as they are listed."""
        items = self._preview.items if self._preview is not None else []
        return tuple(item.conversation for item in items if item.conversation in self.chosen)

    def show_text(self, text: Content) -> None:
        """Show lines alone."""
        self._show(text, None, ())

    def show_preview(self, preview: Preview) -> None:
        """Show a dry run; nothing is chosen, which means all of it."""
        self.chosen = set()
        self.rows.columns = preview_columns(self.chosen)
        self._show(_with_hint(preview, 0), preview, ())

    def show_verdict(self, verdict: Verdict) -> None:
        """Show what a verification found."""
        found = finds(verdict)
        self.rows.columns = find_columns(self._title)
        self._show(verdict_lines(verdict, found), None, found)

    def _show(self, text: Content, preview: Preview | None, found: Sequence[Find]) -> None:
        self._preview, self._finds, self._text = preview, found, text
        self.query_one("#recovery-text", Static).update(text)
        rows: Sequence[Row] = preview.items if preview is not None else found
        focused = self.screen.focused
        is_near = focused is not None and self.parent in focused.ancestors
        self.rows.display = bool(rows)
        self.rows.show(listed(rows), len(rows))
        self.query_one("#recovery-mends", Static).display = bool(found)
        if rows and is_near:  # who reads elsewhere meanwhile goes on reading
            self.screen.set_focus(self.rows)
        elif focused is self.rows and not rows:
            self.screen.focus_previous()
        self.refresh_bindings()

    @on(RowList.Moved, "#recovery-items")
    def _moved(self, message: RowList.Moved) -> None:
        message.stop()
        row = self.rows.selected
        self.query_one("#recovery-mends", Static).update(find_words(row) if isinstance(row, Find) else "")

    @on(RowList.Chosen, "#recovery-items")
    def _opened(self, message: RowList.Chosen) -> None:
        message.stop()
        if (row := self.rows.selected) is not None:
            self.post_message(self.Opened(row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to choose only in a preview."""
        return action not in ("mark", "mark_all") or bool(self._preview and self._preview.items)

    def action_mark(self) -> None:
        """Mark the conversation under the cursor, or take its mark away, and go on to the next."""
        row = self.rows.selected
        if isinstance(row, PreviewItem):
            self.chosen ^= {row.conversation}
            self._marked()
            self.rows.cursor += 1

    def action_mark_all(self) -> None:
        """Mark all, or none when some are marked."""
        if self._preview is not None:
            every = {item.conversation for item in self._preview.items}
            self.chosen = set() if self.chosen else every
            self._marked()

    def _marked(self) -> None:
        if self._preview is None:
            return
        self.rows.columns = preview_columns(self.chosen)
        self.rows.refresh()
        self._text = _with_hint(self._preview, len(self.chosen))
        self.query_one("#recovery-text", Static).update(self._text)
        self.post_message(self.Changed())

    def copied_text(self) -> str:
        """What is said here, and every line of the list."""
        rows: Sequence[Row] = self._preview.items if self._preview is not None else self._finds
        columns = self.rows.columns
        lines = [safe_line(line(columns, row, COPIED_WIDTH).plain).rstrip() for row in rows]
        return "\n".join([safe_display(self._text.plain), *lines])


def _with_hint(preview: Preview, chosen: int) -> Content:
    text = preview_lines(preview, chosen)
    return Content("\n").join([text, preview_hint(chosen)]) if preview.items else text

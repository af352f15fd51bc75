"""A list of any length: only the visible lines are drawn, only their pages are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style

from netto_tui.tui.widgets.columns import Column, line, titles
from netto_tui.tui.widgets.pages import Fetch, Pages, no_rows
from netto_tui.tui.widgets.strips import strip
from netto_tui.tui.widgets.tall import Tall

T = TypeVar("T")
MARGIN = 2
"""Cells left of a row: the cursor's bar and a blank. One is left free on the right."""


class RowList(Tall, Generic[T], can_focus=True):
    """A list with a cursor and columns, over a `fetch(offset, limit)`; it never holds the model."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="list.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="list.up"),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False, id="list.page-down"),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("g,home", "first", "First", show=False, id="list.first"),
        Binding("G,end", "last", "Last", show=False, id="list.last"),
        Binding("enter", "choose", "Open", id="list.choose"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"list--titles", "list--cursor", "list--empty"}
    ALLOW_SELECT = False

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or on another content of the same one."""

        list: RowList[Any]
        index: int

        @property
        def control(self) -> RowList[Any]:
            """The list, for `@on` selectors."""
            return self.list

    @dataclass
    class Chosen(Message):
        """A row was opened with enter or the mouse."""

        list: RowList[Any]
        index: int

        @property
        def control(self) -> RowList[Any]:
            """The list, for `@on` selectors."""
            return self.list

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        empty: str = "Nothing here.",
        headings: bool = True,
        muted: Callable[[T], bool] | None = None,
        marked: Callable[[T], bool] | None = None,
        widget_id: str | None = None,
    ) -> None:
        super().__init__(id=widget_id)
        self.columns = columns
        self.empty = empty
        self.headings = headings
        self.muted = muted
        self.marked = marked
        self.pages: Pages[T] = Pages(no_rows, 0)

    def show(
        self,
        fetch: Fetch[T],
        count: int,
        *,
        first: Sequence[T] = (),
        keep: Callable[[T], bool] | None = None,
    ) -> None:
        """Take other rows; `first` are those at hand.

        The cursor goes to the top, or stays near where it was on a row that fits `keep`.
        """
        place = self.cursor
        self.pages = Pages(fetch, count, first=first)
        self._measure()
        found = 0
        if keep is not None:
            near = sorted(range(max(0, place - 50), min(count, place + 50)), key=lambda index: abs(index - place))
            found = next((i for i in near if (row := self.pages.row(i)) is not None and keep(row)), min(place, count))
        self.cursor = max(0, min(found, count - 1))
        self._keep_cursor_visible()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def clear(self) -> None:
        """Show no rows."""
        self.show(no_rows, 0)

    def redraw(self) -> None:
        """Fetch what is visible again, keeping the cursor where it is."""
        self.pages = Pages(self.pages.fetch, self.pages.count)
        self.refresh()

    @property
    def selected(self) -> T | None:
        """The row under the cursor."""
        return self.pages.row(self.cursor)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.pages.count

    def _measure(self) -> None:
        self.be_tall(self.pages.count + self.headings)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._measure()
        self._keep_cursor_visible()

    def validate_cursor(self, index: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(index, self.pages.count - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Redraw the two lines that changed and say so."""
        if before != now:
            for index in (before, now):
                self.refresh_line(index + self.headings)
            self._keep_cursor_visible()
            self.post_message(self.Moved(self, now))

    def watch_has_focus(self, focused: bool) -> None:
        """The cursor looks different without focus."""
        super().watch_has_focus(focused)
        self.refresh()

    def _keep_cursor_visible(self) -> None:
        rows = self.scrollable_content_region.height - self.headings
        if rows <= 0:
            return
        top = round(self.scroll_y)
        wanted = min(max(top, self.cursor - rows + 1), self.cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window; only this reads rows."""
        width = self.scrollable_content_region.width
        base = self.visual_style
        if self.headings and y == 0:
            heading = Content("  ") + titles(self.columns, width - MARGIN - 1)
            return strip(heading, base + self._part("list--titles"), width)
        index = y - self.headings + self.scroll_offset.y
        row = self.pages.row(index)
        if self.virtual_size.height != self.pages.count + self.headings:
            self.call_later(self._measure)
        if row is None:
            if self.pages.count == 0 and self.empty:
                lines = Content(self.empty).wrap(max(8, width - MARGIN - 1))  # its end says what to do
                if index < len(lines):
                    return strip(Content("  ") + lines[index], base + self._part("list--empty"), width)
            return Strip.blank(width, base.rich_style)
        here = index == self.cursor
        content = line(self.columns, row, width - MARGIN - 1)
        if self.muted is not None and self.muted(row):
            content = content.stylize("$foreground-muted")
        return strip(self._margin(row, here) + content, base + self._part("list--cursor") if here else base, width)

    def _margin(self, row: T, here: bool) -> Content:
        """The cursor's bar and the mark, in MARGIN cells."""
        mark = "●" if self.marked is not None and self.marked(row) else " "
        if here and self.has_focus:
            return Content.styled(f"▌{mark}", "bold $accent")
        return Content.styled(f"{'▏' if here else ' '}{mark}", "$faint" if mark == " " else "$text-accent")

    def _part(self, name: str) -> Style:
        return Style.from_styles(self.get_component_styles(name))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.cursor += by * max(1, self.scrollable_content_region.height - self.headings - 1)

    def action_first(self) -> None:
        """Go to the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last row."""
        self.cursor = self.pages.count - 1

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.selected is not None:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to what was clicked; a click on the cursor opens it."""
        place = event.get_content_offset(self)
        if place is None or place.y < self.headings:
            return
        index = place.y - self.headings + self.scroll_offset.y
        if not 0 <= index < self.pages.count:
            return
        if index == self.cursor:
            self.action_choose()
        self.cursor = index

"""A conversation to read: any number of messages of any length, drawn and read where one looks."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from netto_tui.tui.widgets.layout import Layout
from netto_tui.tui.widgets.pages import Fetch, Pages, no_rows
from netto_tui.tui.widgets.passage import Passage, any_of

if TYPE_CHECKING:
    from netto_tui.vault.rows import MessageRow

MARGIN = 2
READING_WIDTH = 100
"""Text is never wider than this: longer lines are hard to follow."""
KEEP = 600
"""How many laid out messages are kept."""
COPY_LINES = 20_000
"""How much of a selection is copied."""


class Transcript(ScrollView, can_focus=True):
    """Messages over a `fetch(offset, limit)`, with a cursor on one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "down", "Down", show=False, id="transcript.down"),
        Binding("k,up", "up", "Up", show=False, id="transcript.up"),
        Binding("J,right_curly_bracket", "message(1)", "Next message", show=False, id="transcript.next"),
        Binding("K,left_curly_bracket", "message(-1)", "Previous message", show=False, id="transcript.previous"),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False, id="transcript.page-down"),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False, id="transcript.page-up"),
        Binding("g,home", "first", "Beginning", show=False, id="transcript.first"),
        Binding("G,end", "last", "End", show=False, id="transcript.last"),
        Binding("escape", "screen.leave", "Back", id="transcript.leave"),
        Binding("space,enter", "fold", "Fold", id="transcript.fold", tooltip="Fold or unfold this message"),
        Binding(
            "f", "fold_all", "Fold hidden", id="transcript.fold-all", tooltip="Fold or unfold tools and hidden messages"
        ),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"transcript--cursor", "transcript--empty"}

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another message."""

        transcript: Transcript
        index: int

        @property
        def control(self) -> Transcript:
            """The transcript, for `@on` selectors."""
            return self.transcript

    def __init__(self, *, empty: str = "Choose a conversation.", widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.empty = empty
        self.zone: tzinfo = UTC
        self.fold_hidden = True
        self.pages: Pages[MessageRow] = Pages(no_rows, 0)
        self._layout_of = Layout(0)
        self._unlike: set[int] = set()
        self._marks: re.Pattern[str] | None = None
        self._passages: OrderedDict[int, Passage] = OrderedDict()
        self._width = 0

    def show(
        self, fetch: Fetch[MessageRow], count: int, *, at: int = 0, terms: Sequence[str] = (), stay: bool = False
    ) -> None:
        """Take another conversation, with the cursor on message `at` and `terms` marked where they stand.

        stay: it is the same one as before, with changes; its folds and the window's place are kept.
        """
        inside = -self._edges()[0] if stay and self.pages.count else 0
        self.pages = Pages(fetch, count)
        self._marks = any_of(terms)
        self._unlike = self._unlike if stay else set()
        self.set_reactive(Transcript.cursor, max(0, min(at, count - 1)))
        self._begin_layout()
        self._go_to(self.cursor)
        if inside and count:
            self.scroll_to(y=max(0, self._layout_of.top(self.cursor) + inside), animate=False, force=True)
        self.post_message(self.Moved(self, self.cursor))

    def clear(self, empty: str = "") -> None:
        """Show nothing but a sentence."""
        self.empty = empty or self.empty
        self.show(no_rows, 0)

    @property
    def selected(self) -> MessageRow | None:
        """The message under the cursor."""
        return self.pages.row(self.cursor)

    # Layout: pages of heights, exact around the window.

    def _begin_layout(self) -> None:
        self._width = max(10, min(READING_WIDTH, self.scrollable_content_region.width - MARGIN - 1))
        self._passages.clear()
        self._layout_of = Layout(self.pages.count, size=self.pages.size)
        self._place()

    def _place(self) -> None:
        size = Size(0, self._layout_of.total)
        if size != self.virtual_size:
            self.virtual_size = size

    def _is_folded(self, index: int, row: MessageRow) -> bool:
        usual = self.fold_hidden and (row.hidden or row.role == "tool") and not row.conflict
        return usual != (index in self._unlike)

    def _passage(self, index: int) -> Passage | None:
        if (passage := self._passages.get(index)) is not None:
            self._passages.move_to_end(index)
            return passage
        row = self.pages.row(index)
        if row is None:
            return None
        after = self.pages.row(index + 1) if (index + 1) % self.pages.size else None
        gap = after is None or not self._is_folded(index + 1, after)
        passage = Passage(row, self._width, self.zone, self._is_folded(index, row), gap, self._marks)
        self._passages[index] = passage
        if len(self._passages) > KEEP:
            self._passages.popitem(last=False)
        return passage

    def _know(self, page: int) -> None:
        if not self._layout_of.is_known(page):
            first = page * self.pages.size
            last = min(first + self.pages.size, self.pages.count)
            passages = [self._passage(index) for index in range(first, last)]
            self._layout_of.set_page(page, [passage.height if passage else 1 for passage in passages])

    def _settle(self, top: int, height: int) -> None:
        """Make the lines from `top` on exact, for a window of `height`."""
        if not self.pages.count:
            return
        self._know(self._layout_of.page_at(top))
        index, inside = self._layout_of.at(top)
        left = height
        while left > 0 and index < self.pages.count:
            self._know(index // self.pages.size)
            if (passage := self._passage(index)) is not None:
                passage.measure(inside, inside + left)
                self._layout_of.set_height(index, passage.height)
            left -= self._layout_of.height(index) - inside
            index, inside = index + 1, 0
        self._place()

    def _go_to(self, index: int, *, end: bool = False) -> None:
        """Scroll so that a message's beginning, or its end, is visible and exact."""
        if not self.pages.count:
            self.refresh()
            return
        window = max(1, self.size.height)
        self._know(index // self.pages.size)
        if end:
            self._settle(max(0, self._layout_of.top(index) + self._layout_of.height(index) - window), window)
            wanted = self._layout_of.top(index) + self._layout_of.height(index) - window
        else:
            self._settle(self._layout_of.top(index), window)
            wanted = self._layout_of.top(index)
        self.scroll_to(y=max(0, wanted), animate=False, force=True)
        self.refresh()

    def on_resize(self) -> None:
        """Lay out anew for another width, with the cursor's message at the top."""
        width = max(10, min(READING_WIDTH, self.scrollable_content_region.width - MARGIN - 1))
        if width != self._width:
            self._begin_layout()
            self._go_to(self.cursor)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Make the new window exact before it is painted, keeping what is at the top at the top."""
        if self.pages.count and round(old_value) != round(new_value):
            top = round(new_value)
            self._know(self._layout_of.page_at(top))
            index, inside = self._layout_of.at(top)
            self._settle(top, max(1, self.size.height))
            moved = self._layout_of.top(index) + inside
            if moved != top and new_value < old_value:
                self.set_reactive(ScrollView.scroll_y, float(moved))
        super().watch_scroll_y(old_value, new_value)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint; the window is exact by then."""
        self._settle(self.scroll_offset.y, max(1, self.size.height))
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        width = self.scrollable_content_region.width
        base = self.visual_style
        y += self.scroll_offset.y
        if not self.pages.count:
            style = base + Style.from_styles(self.get_component_styles("transcript--empty"))
            return self._strip(Content(f"  {self.empty}" if y == 0 else ""), style)
        if y >= self._layout_of.total:
            return Strip.blank(width, base.rich_style)
        self._know(self._layout_of.page_at(y))
        index, inside = self._layout_of.at(y)
        passage = self._passage(index)
        text = passage.line(inside).content if passage else Content("")
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(y)) is not None:
            start, end = max(0, span[0] - MARGIN), len(text) if span[1] == -1 else max(0, span[1] - MARGIN)
            text = text.stylize("reverse", start, end)
        here = index == self.cursor and (passage is None or inside == 0 or inside < passage.height - 1)
        bar = Content.styled("▌ ", "$accent" if self.has_focus else "$panel-lighten-2") if here else Content("  ")
        return self._strip(bar + text, base).apply_offsets(0, y)

    def _strip(self, content: Content, style: Style) -> Strip:
        strip = Strip(content.render_segments(style), content.cell_length)
        return strip.adjust_cell_length(self.scrollable_content_region.width, self.visual_style.rich_style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text between two places, with wrapped lines joined again."""
        if not self.pages.count:
            return None
        last = min(self._layout_of.total - 1, selection.end.y if selection.end else self._layout_of.total - 1)
        first = max(0, selection.start.y if selection.start else 0)
        found: list[str] = []
        for y in range(first, min(last, first + COPY_LINES) + 1):
            self._know(self._layout_of.page_at(y))
            index, inside = self._layout_of.at(y)
            passage = self._passage(index)
            if passage is None:
                continue
            line = passage.line(inside)
            span = selection.get_span(y) or (0, -1)
            start, end = max(0, span[0] - MARGIN), None if span[1] == -1 else max(0, span[1] - MARGIN)
            found += [line.content.plain[start:end], line.joint if y < last else ""]
        return "".join(found), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()

    # Moving

    def validate_cursor(self, index: int) -> int:
        """Keep the cursor on a message."""
        return max(0, min(index, self.pages.count - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Draw the bar elsewhere and say so."""
        if before != now:
            self.refresh()
            self.post_message(self.Moved(self, now))

    def _edges(self) -> tuple[int, int]:
        """The lines where the cursor's message begins and ends, relative to the window."""
        self._know(self.cursor // self.pages.size)
        top = self._layout_of.top(self.cursor) - self.scroll_offset.y
        return top, top + self._layout_of.height(self.cursor)

    def action_down(self) -> None:
        """Read on: a line of a long message, or the next message."""
        if not self.pages.count:
            return
        if self._edges()[1] > self.size.height:
            self.scroll_to(y=self.scroll_y + 1, animate=False)
        else:
            self.action_message(1)

    def action_up(self) -> None:
        """Read back."""
        if not self.pages.count:
            return
        if self._edges()[0] < 0:
            self.scroll_to(y=self.scroll_y - 1, animate=False)
        else:
            self.action_message(-1)

    def action_message(self, by: int) -> None:
        """Go to the next or the previous message."""
        self.go_to(self.cursor + by)

    def go_to(self, index: int) -> None:
        """Put the cursor on a message and make its beginning visible."""
        back = index < self.cursor
        self.cursor = index
        if not self.pages.count:
            return
        top, bottom = self._edges()
        if top < 0 or top >= self.size.height or (bottom > self.size.height and bottom - top <= self.size.height):
            self._go_to(self.cursor, end=not back and bottom - top < self.size.height and top >= 0)

    def action_page(self, by: int) -> None:
        """Scroll by a screenful; the cursor follows."""
        if not self.pages.count:
            return
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False)
        self._know(self._layout_of.page_at(self.scroll_offset.y))
        index, inside = self._layout_of.at(self.scroll_offset.y)
        at_end = by > 0 and self.scroll_offset.y >= self.max_scroll_y
        self.cursor = self.pages.count - 1 if at_end else index + (1 if inside else 0)

    def action_first(self) -> None:
        """Go to the first message."""
        self.cursor = 0
        self._go_to(0)

    def action_last(self) -> None:
        """Go to the last message."""
        self.cursor = self.pages.count - 1
        self._go_to(self.cursor, end=True)

    def action_fold(self) -> None:
        """Fold or unfold the message under the cursor."""
        self._unlike ^= {self.cursor}
        self._refold()

    def action_fold_all(self) -> None:
        """Fold or unfold what its source hides and what tools said."""
        self.fold_hidden = not self.fold_hidden
        self._unlike = set()
        self._refold()

    def _refold(self) -> None:
        if self.pages.count:
            offset = self._edges()[0]
            self._begin_layout()
            self._go_to(self.cursor)
            self.scroll_to(y=self._layout_of.top(self.cursor) - max(0, offset), animate=False)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the message that was clicked."""
        place = event.get_content_offset(self)
        if place is not None and self.pages.count and place.y + self.scroll_offset.y < self._layout_of.total:
            self.cursor = self._layout_of.at(place.y + self.scroll_offset.y)[0]

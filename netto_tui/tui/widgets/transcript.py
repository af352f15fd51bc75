"""A conversation to read: any number of messages of any length, drawn and read where one looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from netto_tui.tui.widgets.pages import Fetch, Pages, no_rows
from netto_tui.tui.widgets.passage import Manner, any_of, only_text
from netto_tui.tui.widgets.passages import Anchor, Folds, Passages
from netto_tui.tui.widgets.selecting import MARGIN, selected_text, touched, word_at
from netto_tui.tui.widgets.strips import Strips, strip
from netto_tui.tui.widgets.tall import Tall

if TYPE_CHECKING:
    from netto_tui.model.sections import Section
    from netto_tui.tui.widgets.lines import Touch
    from netto_tui.vault.rows import MessageRow

READING_WIDTH = 100
"""Text is never wider than this: longer lines are hard to follow."""


class Transcript(Tall, can_focus=True):
    """Messages over a `fetch(offset, limit)`, with a cursor on one of them.

    sections: gives the parts of a message when it is looked at. is_raw: Markdown is shown as it was written.
    """

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
        Binding("f", "fold_all", "All", id="transcript.fold-all", tooltip="Fold or unfold all that can be folded"),
        Binding("m", "raw", "Raw", show=False, id="transcript.raw", tooltip="Show Markdown as written, or drawn"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"transcript--cursor", "transcript--empty"}

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another message, or everything is drawn another way."""

        transcript: Transcript
        index: int

        @property
        def control(self) -> Transcript:
            """The transcript, for `@on` selectors."""
            return self.transcript

    @dataclass
    class Touched(Message):
        """What belongs to the message under the cursor was clicked: its files, or its branch."""

        transcript: Transcript
        what: Touch

    def __init__(self, *, empty: str = "Choose a conversation.", widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.empty = empty
        self.is_raw = False
        self.zone: tzinfo = UTC
        self.sections: Callable[[MessageRow], Sequence[Section]] = only_text
        self.pages: Pages[MessageRow] = Pages(no_rows, 0)
        self._manner = Manner(0, UTC)
        self._folds = Folds(hidden=True, unlike=set())
        self._passages = Passages(self.pages, self._manner, self._folds)
        self._strips = Strips()

    def show(
        self, fetch: Fetch[MessageRow], count: int, *, at: int = 0, terms: Sequence[str] = (), stay: bool = False
    ) -> None:
        """Take another conversation, with the cursor on message `at` and `terms` marked where they stand.

        stay: it is the same one as before, with changes; its folds and the window's place are kept.
        """
        stay = stay and self.pages.count > 0
        top = self._passages.top(self.cursor) if stay else 0
        inside = self.scroll_offset.y - top if stay else 0
        anchor = self._passages.anchor(top + max(0, inside)) if stay else None
        self.pages = Pages(fetch, count)
        if not stay:
            self._folds.unlike.clear()
        self._manner = replace(self._manner, zone=self.zone, marks=any_of(terms), sections=self.sections)
        self.set_reactive(Transcript.cursor, max(0, min(at, count - 1)))
        self._lay_out()
        if anchor is not None and inside > 0:
            self._hold(replace(anchor, index=self.cursor))
        elif anchor is not None and count:
            self._settle_at(self._passages.top(self.cursor) + inside)
        else:
            self._go_to(self.cursor)
        self.post_message(self.Moved(self, self.cursor))

    def clear(self, empty: str = "") -> None:
        """Show nothing but a sentence."""
        self.empty = empty or self.empty
        self.show(no_rows, 0)

    @property
    def selected(self) -> MessageRow | None:
        """The message under the cursor."""
        return self.pages.row(self.cursor)

    @property
    def is_at_end(self) -> bool:
        """Whether the cursor is on the last message and its end is in sight."""
        return 0 < self.pages.count == self.cursor + 1 and self.scroll_offset.y >= self.max_scroll_y

    # Layout

    @property
    def _text_width(self) -> int:
        return max(10, min(READING_WIDTH, self.scrollable_content_region.width - MARGIN - 1))

    def _lay_out(self) -> None:
        self._manner = replace(self._manner, width=self._text_width)
        self._passages = Passages(self.pages, self._manner, self._folds)
        self.be_tall(self._passages.total)

    def _settle(self, top: int) -> None:
        """Make the lines of a window that begins at a line exact."""
        self._passages.settle(top, max(1, self.size.height))
        self.be_tall(self._passages.total)

    def _settle_at(self, y: int) -> None:
        """Scroll so that a line is at the top."""
        self._settle(max(0, y))
        self.scroll_to(y=max(0, y), animate=False, force=True)
        self.refresh()

    def _go_to(self, index: int, *, end: bool = False) -> None:
        """Scroll so that a message's beginning, or its end, is visible and exact."""
        if not self.pages.count:
            self.refresh()
            return
        passages, window = self._passages, max(1, self.size.height)
        if end:
            self._settle(max(0, passages.top(index) + passages.height(index) - window))
            self._settle_at(passages.top(index) + passages.height(index) - window)
        else:
            self._settle_at(passages.top(index))

    def _hold(self, anchor: Anchor) -> None:
        """Have the same thing at the top as before everything was laid out anew."""
        self._settle_at(self._passages.line_of(anchor))

    def _lay_out_again(self) -> None:
        """Lay out anew, with what is at the top staying there."""
        if not self.pages.count:
            self._lay_out()
            self.refresh()
            return
        anchor = self._passages.anchor(self.scroll_offset.y)
        self._lay_out()
        self._hold(anchor)

    def on_resize(self) -> None:
        """Lay out anew for another width."""
        if self._manner.width != self._text_width:
            self._lay_out_again()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Make the new window exact before it is painted, keeping what is at the top at the top."""
        if self.pages.count and round(old_value) != round(new_value):
            top = round(new_value)
            index, inside = self._passages.at(top)
            self._settle(top)
            moved = self._passages.top(index) + inside
            if moved != top and new_value < old_value:
                self.set_reactive(Tall.scroll_y, float(moved))
        super().watch_scroll_y(old_value, new_value)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint; the window is exact by then."""
        self._settle(self.scroll_offset.y)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        base, width = self.visual_style, self.scrollable_content_region.width
        y += self.scroll_offset.y
        if not self.pages.count:
            faint = Style.from_styles(self.get_component_styles("transcript--empty"))
            return strip(Content(f"  {self.empty}" if y == 0 else ""), base + faint, width)
        if y >= self._passages.total:
            return strip(Content(""), base, width)
        index, inside = self._passages.at(y)
        passage = self._passages.passage(index)
        text = passage.line(inside).content if passage else Content("")
        if (selection := self.text_selection) is not None and (span := selection.get_span(y)) is not None:
            start, end = max(0, span[0] - MARGIN), len(text) if span[1] == -1 else max(0, span[1] - MARGIN)
            text = text.stylize("reverse", start, end)
        here = index == self.cursor and (passage is None or inside == 0 or inside < passage.height - 1)
        bar = ("$accent" if self.has_focus else "$panel-lighten-2") if here else ""
        return self._strips.of(text, base, width, bar).apply_offsets(0, y)

    def notify_style_update(self) -> None:
        """Draw anew in other colours."""
        super().notify_style_update()
        self._strips.clear()

    # Selecting

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What was written between two places, with wrapped lines joined again."""
        return (selected_text(self._passages, selection), "\n") if self.pages.count else None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the message that was clicked; a click on a mark does what it marks, two select the word."""
        place = event.get_content_offset(self)
        if place is None or not self.pages.count or place.y + self.scroll_offset.y >= self._passages.total:
            return
        y = place.y + self.scroll_offset.y
        self.cursor = self._passages.at(y)[0]
        what = touched(self._passages, y, place.x) if event.chain == 1 and not self.screen.get_selected_text() else ""
        if what == "fold":
            self.action_fold()
        elif what:
            self.post_message(self.Touched(self, what))
        if event.chain >= 2:
            event.prevent_default()  # Textual's own would select everything
        if event.chain == 2 and (word := word_at(self._passages, y, place.x)) is not None:
            self.screen.selections = {self: Selection(Offset(word[0], y), Offset(word[1], y))}

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
        top = self._passages.top(self.cursor) - self.scroll_offset.y
        return top, top + self._passages.height(self.cursor)

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

    def show_mark(self) -> None:
        """Bring the first marked word of the cursor's message into sight, unfolding what hides it."""
        if self._passages.marked_line(self.cursor) is None and self.pages.count:
            self.action_fold()
            if self._passages.marked_line(self.cursor) is None:
                self.action_fold()
        y = self._passages.marked_line(self.cursor)
        if y is not None and not 0 <= y - self.scroll_offset.y < self.size.height:
            self._settle_at(y - self.size.height // 3)

    def action_page(self, by: int) -> None:
        """Scroll by a screenful; the cursor follows."""
        if not self.pages.count:
            return
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False)
        index, inside = self._passages.at(self.scroll_offset.y)
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

    # Folding

    def action_fold(self) -> None:
        """Fold or unfold the message under the cursor, or its thoughts and tools where it has some."""
        if (row := self.selected) is not None:
            self._folds.unlike ^= {row.item}
            self._refold()

    def action_fold_all(self) -> None:
        """Fold or unfold thoughts, tools, and what its source hides."""
        self._folds.hidden = not self._folds.hidden
        self._folds.unlike.clear()
        self._refold()

    def _refold(self) -> None:
        if self.pages.count:
            offset = self._edges()[0]
            self._lay_out()
            self._settle_at(self._passages.top(self.cursor) - max(0, offset))

    def action_raw(self) -> None:
        """Show Markdown as it was written, or drawn."""
        self.is_raw = not self.is_raw
        self._manner = replace(self._manner, raw=self.is_raw)
        self._lay_out_again()
        self.post_message(self.Moved(self, self.cursor))

"""Blocks of lines with a cursor on one of them: only what is looked at is drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.widgets import Static

from netto_tui.tui.widgets.strips import strip

GUESS = 6
"""Lines of a block that nobody has looked at."""


@dataclass(frozen=True)
class Target:
    """What a click on some cells of a line means: a column's label, "" for the base."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class DrawnLine:
    """One line, and the versions that can be clicked in it."""

    content: Content
    targets: tuple[Target, ...] = ()


Draw = Callable[[int], Sequence[DrawnLine]]
"""From a block's number to its lines, one at least."""


def target_at(targets: Sequence[Target], x: int) -> str | None:
    """The label under a cell; None where there is none."""
    return next((target.label for target in targets if target.start <= x < target.end), None)


class ResolverView(ScrollView, can_focus=True, inherit_bindings=False):
    """Any number of blocks over a `draw`; it does not know what they are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+d,pagedown", "window(1)", "Page down", show=False, id="versions.page-down"),
        Binding("ctrl+u,pageup", "window(-1)", "Page up", show=False, id="versions.page-up"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"resolver--cursor"}
    ALLOW_SELECT = False

    @dataclass
    class Clicked(Message):
        """A block was clicked; label: the version under the mouse, "" the base, None for none."""

        block: int
        label: str | None

    @dataclass
    class WidthChanged(Message):
        """There is another width to draw for; also below a dialog, which hears of it later than the screen."""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.cursor = -1
        self._width = 0
        self._source: Draw = lambda block: ()
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._drawn: dict[int, Sequence[DrawnLine]] = {}

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return len(self._heights)

    def on_resize(self) -> None:
        """Tell of another width; a scrollbar that comes or goes is none."""
        if self.outer_size.width != self._width:
            self._width = self.outer_size.width
            self.post_message(self.WidthChanged())

    def show(self, count: int, draw: Draw, cursor: int = -1) -> None:
        """Take other blocks, with the cursor on one of them, or on none."""
        self._source, self._drawn, self._heights = draw, {}, [GUESS] * count
        self._place()
        self.move(cursor)

    def redraw(self, *blocks: int) -> None:
        """Some blocks look different now."""
        for block in blocks:
            self._drawn.pop(block, None)
        self.refresh()

    def move(self, cursor: int) -> None:
        """Put the cursor on a block and bring it into sight; the blocks before and after are redrawn."""
        self.redraw(self.cursor, cursor)
        self.cursor = cursor
        if 0 <= cursor < self.count and self.size.height:
            self._measure_around(cursor)
            top, height = round(self.scroll_y), self.size.height
            wanted = min(max(top, self._tops[cursor + 1] - height), max(0, self._tops[cursor] - 1))
            if wanted != top:
                self.scroll_to(y=wanted, animate=False, force=True)

    def scroll_in_block(self, by: int) -> bool:
        """Show more of a block that is higher than the window; False where its end is in sight."""
        if not 0 <= self.cursor < self.count:
            return False
        top, height = round(self.scroll_y), self.size.height
        if self._tops[self.cursor] >= top + height or self._tops[self.cursor + 1] <= top:
            return False  # the wheel went elsewhere
        rest = self._tops[self.cursor + 1] - top - height if by > 0 else top - self._tops[self.cursor]
        if rest > 0:
            self.scroll_to(y=top + by * min(rest, max(1, height // 3)), animate=False, force=True)
        return rest > 0

    @property
    def lines(self) -> Sequence[DrawnLine]:
        """Every line there is; draws also what nobody has looked at."""
        return [line for block in range(self.count) for line in self._lines(block)]

    def _lines(self, block: int) -> Sequence[DrawnLine]:
        if (lines := self._drawn.get(block)) is None:
            lines = self._drawn[block] = self._source(block)
        return lines

    def _place(self) -> None:
        self._tops = [0, *accumulate(self._heights)]
        self.virtual_size = Size(0, self._tops[-1])

    def _measure(self, blocks: Sequence[int]) -> None:
        """Give some blocks the heights that they have."""
        moved = False
        for block in blocks:
            if (height := len(self._lines(block))) != self._heights[block]:
                self._heights[block], moved = height, True
        if moved:
            self._place()

    def _measure_around(self, block: int) -> None:
        """Measure whatever may be in sight together with a block; what is on the first line stays there."""
        first = self._at(round(self.scroll_y))
        inside = round(self.scroll_y) - self._tops[first]
        for at, step in ((block, 1), (block - 1, -1)):
            room = self.size.height
            while 0 <= at < self.count and room > 0:
                self._measure([at])
                room -= self._heights[at]
                at += step
        if (y := self._tops[first] + inside) != round(self.scroll_y):
            self.scroll_to(y=y, animate=False, force=True)

    def _at(self, y: int) -> int:
        return max(0, min(bisect_right(self._tops, y) - 1, self.count - 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Make the heights in the window exact, then draw it."""
        if self.count:
            block, end = self._at(self.scroll_offset.y), self.scroll_offset.y + self.size.height
            while block < self.count and self._tops[block] < end:
                self._measure([block])
                block += 1
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line; the cursor's block has a bar and a background."""
        width = self.scrollable_content_region.width
        style = self.visual_style
        block, drawn = self._line_at(y)
        if drawn is None:
            return Strip.blank(width, style.rich_style)
        content = drawn.content
        if block == self.cursor:
            style += Style.from_styles(self.get_component_styles("resolver--cursor"))
            content = Content.styled("▌", "$accent") + content[1:]
        return strip(content, style, width)

    def _line_at(self, y: int) -> tuple[int, DrawnLine | None]:
        """The block and the line at a place in the window."""
        y += self.scroll_offset.y
        if not 0 <= y < self._tops[-1]:
            return -1, None
        block = self._at(y)
        lines, place = self._lines(block), y - self._tops[block]
        return block, lines[place] if place < len(lines) else None

    def action_window(self, by: int) -> None:
        """Scroll by a screenful; the cursor stays where it is."""
        self.scroll_relative(y=by * max(1, self.size.height - 2), animate=False)

    def on_click(self, event: events.Click) -> None:
        """Say which block was clicked, and which version in it."""
        if (place := event.get_content_offset(self)) is not None:
            block, drawn = self._line_at(place.y)
            if drawn is not None:
                self.post_message(self.Clicked(block, target_at(drawn.targets, place.x)))


class ColumnTitles(Static):
    """The line over versions side by side."""

    @dataclass
    class Clicked(Message):
        """The title of a column was clicked."""

        label: str

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id, markup=False)
        self._targets: Sequence[Target] = ()

    def show(self, line: DrawnLine) -> None:
        """Take other titles."""
        self._targets = line.targets
        self.update(line.content)

    def on_click(self, event: events.Click) -> None:
        """Say which title was clicked."""
        place = event.get_content_offset(self)
        if place is not None and (label := target_at(self._targets, place.x)):
            self.post_message(self.Clicked(label))

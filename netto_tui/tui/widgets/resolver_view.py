"""The rows of a resolution as scrolling lines with a cursor on one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from netto_tui.tui.resolver_lines import DrawnLine


class ResolverView(ScrollView, can_focus=True):
    """Lines that were drawn elsewhere; it knows which row each belongs to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"resolver--cursor"}
    ALLOW_SELECT = False

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        row: int

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.lines: Sequence[DrawnLine] = ()
        self.cursor = 0

    def show(self, lines: Sequence[DrawnLine], cursor: int) -> None:
        """Take other lines, with the cursor on row `cursor` visible."""
        self.lines = lines
        self.cursor = cursor
        self.virtual_size = Size(0, len(lines))
        mine = [y for y, line in enumerate(lines) if line.row == cursor]
        if mine:
            top, height = round(self.scroll_y), max(1, self.size.height)
            wanted = min(max(top, mine[-1] - height + 2), max(0, mine[0] - 1))
            if wanted != top:
                self.scroll_to(y=wanted, animate=False, force=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line; the cursor's row has a bar and a background."""
        y += self.scroll_offset.y
        width = self.scrollable_content_region.width
        style = self.visual_style
        if y >= len(self.lines):
            return Strip.blank(width, style.rich_style)
        drawn = self.lines[y]
        content = drawn.content
        if drawn.row == self.cursor:
            style += Style.from_styles(self.get_component_styles("resolver--cursor"))
            content = Content.styled("▌", "$accent") + content[1:]
        return Strip(content.render_segments(style), content.cell_length).adjust_cell_length(width, style.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Say which row was clicked."""
        place = event.get_content_offset(self)
        if place is not None and (y := place.y + self.scroll_offset.y) < len(self.lines) and self.lines[y].row >= 0:
            self.post_message(self.Clicked(self.lines[y].row))

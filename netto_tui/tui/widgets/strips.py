"""Lines of text in the form that Textual composes screens of."""

from __future__ import annotations

from textual.cache import LRUCache
from textual.content import Content
from textual.strip import Strip
from textual.style import Style

KEPT = 300
"""How many lines are kept: a few screenfuls."""


def strip(content: Content, style: Style, width: int) -> Strip:
    """One line of a widget, cut or filled up to `width` cells."""
    return Strip(content.render_segments(style), content.cell_length).adjust_cell_length(width, style.rich_style)


class Strips:
    """Lines behind a margin of two cells; what scrolls by is drawn once, as long as its content is the same object."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[int, str, Style, int], tuple[Content, Strip]] = LRUCache(KEPT)

    def of(self, content: Content, style: Style, width: int, bar: str = "") -> Strip:
        """One line; `bar` is the colour of the bar in its margin, "" for none."""
        key = (id(content), bar, style, width)
        if (known := self._kept.get(key)) is not None and known[0] is content:
            return known[1]
        drawn = strip((Content.styled("▌ ", bar) if bar else Content("  ")) + content, style, width)
        self._kept[key] = content, drawn
        return drawn

    def clear(self) -> None:
        """Draw everything anew, since a colour's name means another colour."""
        self._kept.clear()

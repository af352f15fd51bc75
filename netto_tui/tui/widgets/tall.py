"""A window over many lines, whose number changes often."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class Tall(ScrollView):
    """Textual lays the whole screen out anew for another number of lines; here only where it shows."""

    def be_tall(self, lines: int) -> None:
        """Have so many lines to scroll over."""
        size = Size(0, lines)
        if size == self.virtual_size:
            return
        if self.show_vertical_scrollbar == (lines > self.container_size.height):
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        else:  # the scroll bar comes or goes, which makes the lines narrower or wider
            self.virtual_size = size

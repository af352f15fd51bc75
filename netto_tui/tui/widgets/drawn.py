"""Lines that were drawn elsewhere, to be scrolled through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from netto_tui.tui.difference_lines import DrawnLine
from netto_tui.tui.widgets.strips import strip


class DrawnLines(ScrollView, can_focus=True):
    """A window over lines; `n` and `N` go from one that begins something to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", "Down", show=False, id="drawn.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="drawn.up"),
        Binding("ctrl+d,pagedown,space", "page(1)", "Page down", show=False, id="drawn.page-down"),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False, id="drawn.page-up"),
        Binding("g,home", "top", "Top", show=False, id="drawn.top"),
        Binding("G,end", "bottom", "Bottom", show=False, id="drawn.bottom"),
        Binding("n", "next(1)", "Next", id="drawn.next", tooltip="The next message that differs"),
        Binding("N", "next(-1)", "Previous difference", show=False, id="drawn.previous"),
    ]
    ALLOW_SELECT = False

    lines: Sequence[DrawnLine] = ()
    empty = ""

    def show(self, lines: Sequence[DrawnLine], empty: str = "") -> None:
        """Take other lines; `empty` is said where there are none."""
        self.lines, self.empty = lines, empty
        self.virtual_size = Size(0, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        width, style = self.scrollable_content_region.width, self.visual_style
        at = y + self.scroll_offset.y
        if at < len(self.lines):
            content = self.lines[at].content
        elif not self.lines:
            wrapped = Content(self.empty).wrap(max(8, width - 4))
            content = Content("  ") + wrapped[y] if y < len(wrapped) else Content("")
        else:
            return Strip.blank(width, style.rich_style)
        return strip(content, style, width)

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.scroll_to(y=self.scroll_y + by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by a screenful."""
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False)

    def action_top(self) -> None:
        """Go to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        """Go to the last line."""
        self.scroll_to(y=len(self.lines), animate=False)

    def action_next(self, by: int) -> None:
        """Go to the next thing that begins, or the one before."""
        here = round(self.scroll_y)
        places = [at for at, line in enumerate(self.lines) if line.begins and (at - here) * by > 0]
        if places:
            self.scroll_to(y=places[0] if by > 0 else places[-1], animate=False)
        else:
            self.notify("No more differences this way.")

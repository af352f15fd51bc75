"""The least that Textual can do in place of our app: nothing, a list of lines, a line of text over results."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static


class Nothing(App[None]):
    """Not even a line."""


class Lines(ScrollView, can_focus=True):
    """20,000 lines with a cursor, each made when it is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)"),
        Binding("k", "move(-1)"),
        Binding("pagedown", "move(30)"),
        Binding("pageup", "move(-30)"),
        Binding("g", "move(-20000)"),
        Binding("G", "move(20000)"),
    ]
    cursor = 0

    def on_mount(self) -> None:
        """Take the focus."""
        self.virtual_size = Size(0, 20_000)
        self.focus()

    def action_move(self, by: int) -> None:
        """Move the cursor, and the window after it."""
        self.cursor = max(0, min(self.cursor + by, 19_999))
        height = self.size.height
        self.scroll_to(y=min(max(self.scroll_y, self.cursor - height + 1), self.cursor), animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        at = y + self.scroll_offset.y
        style = self.visual_style
        text = Content(f"{'>' if at == self.cursor else ' '} line {at} of a list that has nothing to say")
        return Strip(text.render_segments(style), text.cell_length).adjust_cell_length(
            self.size.width, style.rich_style
        )


class Scrolling(App[None]):
    """Nothing but a list."""

    def compose(self) -> ComposeResult:
        """The list."""
        yield Lines()


class Searching(App[None]):
    """A line of text, and 40 lines that change with it."""

    def compose(self) -> ComposeResult:
        """Both."""
        yield Input(id="search")
        yield Static(id="results", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show other lines."""
        self.query_one("#results", Static).update("\n".join(f"{event.value} {number}" for number in range(40)))

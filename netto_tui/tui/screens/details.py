"""All of one thing that a list shows a part of; it can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.plural import many
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui.concealing import concealed
from netto_tui.tui.theme import STYLES

LIMIT = 100_000
"""Characters of a part that are shown."""


class DetailsScreen(ModalScreen[None]):
    """Named parts of a thing; any text can be selected with the mouse, and `y` copies all of it."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = STYLES / "details.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", id="details.copy"),
        Binding("escape,enter,q", "dismiss", "Close", id="details.close"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="details.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="details.up"),
        Binding("ctrl+d,pagedown,space", "scroll(10)", "Page down", show=False, id="details.page-down"),
        Binding("ctrl+u,pageup", "scroll(-10)", "Page up", show=False, id="details.page-up"),
        Binding("g,home", "end(False)", "Top", show=False, id="details.first"),
        Binding("G,end", "end(True)", "End", show=False, id="details.last"),
    ]

    def __init__(self, title: str, parts: Sequence[tuple[str, str]], *, from_end: bool = False) -> None:
        """parts: a name, which may be "", and a text that may be foreign; from_end: begin at the end of a long one."""
        super().__init__()
        self.heading = safe_line(title, 60)
        self.parts = [(name, concealed(text.strip(), LIMIT)) for name, text in parts if text.strip()]
        self.from_end = from_end

    def compose(self) -> ComposeResult:
        """Each part under its name."""
        with Vertical(classes="modal") as box:
            box.border_title = Content(self.heading)
            box.border_subtitle = "y copies all of it · esc closes"
            with VerticalScroll(id="details-text", can_focus=False):
                for name, text in self.parts:
                    if name:
                        yield Static(name, classes="details-name", markup=False)
                    yield Static(Content(safe_display(text)), classes="details-said", markup=False)

    def on_mount(self) -> None:
        """Begin where the latest is."""
        if self.from_end:
            self.call_after_refresh(self.action_end, True)

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        lines = [f"{name}: {text}" if name else text for name, text in self.parts]
        return "\n".join([f"netto-tui: {self.heading}", *lines])

    def action_copy(self) -> None:
        """Copy what is selected, else all of it."""
        text = self.get_selected_text() or self.text
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {many(len(text), 'character')}.")

    def action_scroll(self, by: int) -> None:
        """Scroll by some lines."""
        self.query_one("#details-text").scroll_relative(y=by, animate=False)

    def action_end(self, last: bool) -> None:
        """Go to the end, or to the top."""
        text = self.query_one("#details-text")
        if last:
            text.scroll_end(animate=False)
        else:
            text.scroll_home(animate=False)

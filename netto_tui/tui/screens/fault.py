"""An error that matters: what happened, what to do next, where the log is; it can be copied."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.security.display import safe_display
from netto_tui.tui.concealing import concealed
from netto_tui.tui.theme import STYLES

LIMIT = 4000
"""Characters of an error that are shown; the rest would be no sentence for people."""


class FaultScreen(ModalScreen[None]):
    """One error; its text can be selected with the mouse, and `y` copies all of it."""

    CSS_PATH = STYLES / "fault.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", id="fault.copy"),
        Binding("escape,enter,q", "dismiss", "Close", id="fault.close"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="fault.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="fault.up"),
    ]

    def __init__(self, title: str, happened: str, remedy: str, log: str) -> None:
        super().__init__()
        self.heading = title
        self.parts = [
            (name, concealed(text.strip(), LIMIT))
            for name, text in (("What happened", happened), ("What to do", remedy), ("The log", log))
            if text.strip()
        ]

    def compose(self) -> ComposeResult:
        """Each part under its name."""
        with Vertical(classes="modal") as box:
            box.border_title = Content(safe_display(self.heading))
            box.border_subtitle = "y copies it · esc closes"
            with VerticalScroll(id="fault-text", can_focus=False):
                for name, text in self.parts:
                    yield Static(name, classes="fault-part", markup=False)
                    yield Static(Content(text), classes="fault-said", markup=False)

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        return "\n".join([f"netto-tui: {self.heading}", *(f"{name}: {text}" for name, text in self.parts)])

    def action_copy(self) -> None:
        """Copy what is selected, else all of it."""
        self.app.copy_to_clipboard(self.get_selected_text() or self.text)
        self.notify("Copied.")

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one("#fault-text").scroll_relative(y=by, animate=False)

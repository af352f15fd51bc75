"""A place to write one message, where no editor is set."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import TextArea

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.keyline import KeyLine

LIMIT = 100_000
"""Characters; a text area takes a second for twice as many."""


def why_not_here(text: str) -> str:
    """Why a text cannot be written in the app; "" when it can."""
    if len(text) > LIMIT:
        return "This is too long to be written here. Set EDITOR to an editor, such as: export EDITOR=nano"
    shown = text.replace("\r\n", "\n").replace("\t", " ")
    if safe_display(shown) != shown:
        return "This holds characters that a terminal obeys. Set EDITOR to an editor, such as: export EDITOR=nano"
    return ""


class WritingScreen(ModalScreen[str | None]):
    """One text to change; its result is the text, or None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", "Take this text", id="writing.take", priority=True),
        Binding("escape", "leave", "Back", id="writing.leave", priority=True),
    ]

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.asked = False
        self.text_before = text.replace("\r\n", "\n")
        self.title_text = name

    def compose(self) -> ComposeResult:
        """The text and the keys."""
        with Vertical(classes="modal") as box:
            box.border_title = Content(f"In your own words: {self.title_text}")
            yield TextArea(self.text_before, id="writing-text", soft_wrap=True, tab_behavior="indent")
            yield KeyLine()

    def on_mount(self) -> None:
        """Put the cursor at the end."""
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    def action_take(self) -> None:
        """Take the text."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Leave; what was changed is not thrown away at the first key."""
        if self.query_one(TextArea).text != self.text_before and not self.asked:
            self.asked = True
            self.notify("esc again throws your changes away; ctrl+s takes them.", severity="warning")
        else:
            self.dismiss(None)

    def on_text_area_changed(self) -> None:
        """What was asked is about the text as it was."""
        self.asked = False

"""Asking before something is written."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from netto_tui.security.display import safe_display


class ConfirmScreen(ModalScreen[bool]):
    """A question with a preview. With `word`, the person types it to go on; else enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Back", id="confirm.no"),
        Binding("enter", "answer(True)", "Go on", id="confirm.yes"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, question: str, text: str | Content, yes: str, *, word: str = "") -> None:
        super().__init__()
        self.question = question
        self.text = text if isinstance(text, Content) else Content(safe_display(text))
        self.yes = yes
        self.word = word

    def compose(self) -> ComposeResult:
        """The preview and two buttons, or a line to type the word into."""
        with Vertical(classes="modal") as box:
            box.border_title = Content(safe_display(self.question))
            box.border_subtitle = "esc leaves everything as it is"
            with VerticalScroll(id="confirm-text", can_focus=False):
                yield Static(self.text, markup=False)
            if self.word:
                yield Input(placeholder=f"type {self.word} and press enter", id="confirm-word", compact=True)
            else:
                with Horizontal(id="confirm-buttons"):
                    yield Button(self.yes, id="confirm-yes", variant="primary", compact=True)
                    yield Button("Back", id="confirm-no", compact=True)

    def on_mount(self) -> None:
        """Put the cursor where the answer goes."""
        self.query_one("#confirm-word" if self.word else "#confirm-yes").focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip() == self.word:
            self.dismiss(True)
        else:
            self.notify(f"That is not {self.word}. esc leaves everything as it is.", severity="warning")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "confirm-yes")

    def action_answer(self, yes: bool) -> None:
        """Answer by key; where a word is asked for, enter alone is no answer."""
        if not (yes and self.word):
            self.dismiss(yes)

    def action_scroll(self, by: int) -> None:
        """Scroll the preview."""
        self.query_one("#confirm-text").scroll_relative(y=by, animate=False)

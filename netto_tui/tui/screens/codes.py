"""The recovery code in the app: entered for a vault that is joined, or shown once and typed back for a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from netto_tui.errors import NettoError
from netto_tui.security.display import safe_display
from netto_tui.security.secret import Secret
from netto_tui.setup.sealing import confirm
from netto_tui.tui import crash
from netto_tui.tui.theme import STYLES

if TYPE_CHECKING:
    from netto_tui.setup.sealing import NewKeys

WHY = (
    "What goes to this replica is sealed, so that only your keys can read it. They are on this device,"
    " and this code opens them anywhere else. Without both, nobody can, and nobody can give them back to you."
)
THEN = "Write it down, on paper, away from this machine. Then type it here; capitals and dashes do not matter."


class EnterCode(ModalScreen[Secret | None]):
    """A question for what opens the key slots of a vault; None when it was left. said: what was wrong before."""

    CSS_PATH = STYLES / "codes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back", id="code.leave")]

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    def compose(self) -> ComposeResult:
        """What was said, and a line that does not show."""
        with Vertical(classes="modal") as box:
            box.border_title = "That vault is sealed"
            box.border_subtitle = "enter opens it · esc goes back"
            yield Static(Content(safe_display(self.said)), markup=False)
            yield Input(password=True, placeholder="its recovery code, or a passphrase; it does not show", compact=True)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(Secret(event.value))


class KeepCode(ModalScreen[bool]):
    """The recovery code of new keys; True once it was typed back."""

    CSS_PATH = STYLES / "codes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Later", id="code.later")]

    @dataclass
    class Checked(Message):
        """What was typed was compared; error: what is wrong with it, None when it is the code."""

        error: NettoError | None

    def __init__(self, vault_path: Path, made: NewKeys) -> None:
        super().__init__()
        self.vault_path = vault_path
        self.made = made

    def compose(self) -> ComposeResult:
        """Why, the code in large, and the line."""
        with Vertical(classes="modal") as box:
            box.border_title = "Your recovery code"
            box.border_subtitle = "enter compares it · esc: later, it is not finished then"
            with VerticalScroll(can_focus=False):
                yield Static(Content(WHY), markup=False)
                yield Static(Content(self.made.code.text.reveal()), id="code-shown", markup=False)
                yield Static(Content(THEN), markup=False)
            yield Input(placeholder="the code, from your paper", compact=True)
            yield Static(classes="wrong", markup=False)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        self._compare(Secret(event.value))

    @work(thread=True, exclusive=True, exit_on_error=False, description="Compare the recovery code")
    def _compare(self, typed: Secret) -> None:
        error: NettoError | None = None
        try:
            confirm(self.vault_path, self.made, typed)
        except Exception as reason:  # whatever it is, the screen has to say so
            error = crash.in_words(reason, self.vault_path)
        self.post_message(self.Checked(error))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if message.error is None:
            self.dismiss(True)
        else:
            self.query_one(".wrong", Static).update(Content(safe_display(str(message.error))))

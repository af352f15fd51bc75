"""The stored records of one message: every revision of it, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from netto_tui.errors import NettoError
from netto_tui.model.sections import Section
from netto_tui.plural import many
from netto_tui.security.display import safe_display
from netto_tui.tui import crash
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.theme import STYLES
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.transcript import Transcript
from netto_tui.vault.rows import MessageRow

if TYPE_CHECKING:
    from netto_tui.vault.rows import RevisionRow


class RecordScreen(ModalScreen[None]):
    """Revisions below each other, the latest first; credentials are named until `x` shows them."""

    CSS_PATH = STYLES / "record.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", id="record.leave"),
        Binding("y", "copy", "Copy", id="record.copy"),
        Binding("x", "reveal", "Secrets", id="record.reveal", tooltip="Show secrets as they are, or mask them again"),
    ]

    @dataclass
    class Found(Message):
        """The revisions were read; or `error` says why not."""

        rows: Sequence[RevisionRow]
        error: str = ""

    def __init__(self, conversation: str, item: str) -> None:
        super().__init__()
        self.conversation = conversation
        self.item = item
        self.revealed = False
        self.rows: Sequence[RevisionRow] = ()

    def compose(self) -> ComposeResult:
        """The text."""
        with Vertical(classes="modal", id="record") as box:
            box.border_title = "Stored revisions"
            box.border_subtitle = "y copies one · x secrets · m raw · esc leaves"
            yield Transcript(empty="Reading…", widget_id="revisions")

    def on_mount(self) -> None:
        """Read them."""
        self.query_one(Transcript).focus()
        self._read()

    @work(thread=True, exit_on_error=False, group="record", description="Read stored revisions")
    def _read(self) -> None:
        from netto_tui.vault.records import history

        netto = netto_of(self)
        vault = netto.vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                self.post_message(self.Found(history(reader, self.conversation, self.item)))
        except (NettoError, OSError) as error:
            self.post_message(self.Found((), str(crash.in_words(error, vault.path))))

    @on(Found)
    def _found(self, message: Found) -> None:
        if message.error:
            self.notify(message.error, severity="error")
        self.rows = message.rows
        self.query_one("#record", Vertical).border_title = Content(many(len(self.rows), "stored revision"))
        self._show()

    def _show(self) -> None:
        """Draw them anew, with secrets masked or not."""
        from netto_tui.export import revision_text

        texts = {row.revision: revision_text(row, reveal=self.revealed) for row in self.rows}
        messages = [
            MessageRow(
                self.conversation,
                row.revision,
                row.revision,
                "revision",
                "head" if row.head else "replaced",
                f"{row.kind} by {row.by}, from {' and '.join(row.origins) or 'nobody knows where'}",
                row.at,
                texts[row.revision],
                "",
                False,
                True,
            )
            for row in self.rows
        ]
        transcript, vault = self.query_one(Transcript), netto_of(self).vault
        transcript.sections = lambda row: (Section("code", row.text, "json"),)
        transcript.empty = "Nothing of it is here."
        if vault is not None:
            transcript.zone = vault.zone
        transcript.show(listed(messages), len(messages), at=transcript.cursor, stay=transcript.pages.count > 0)

    def action_reveal(self) -> None:
        """Show secrets as they are, or mask them again."""
        self.revealed = not self.revealed
        self._show()

    def action_copy(self) -> None:
        """Copy the selection, else the revision under the cursor."""
        row = self.query_one(Transcript).selected
        text = self.get_selected_text() or (safe_display(row.text) if row else "")
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {many(len(text), 'character')}.")

    def action_leave(self) -> None:
        """Leave the selection, then the screen."""
        if self.get_selected_text():
            self.clear_selection()
        else:
            self.dismiss()

"""What can be done with one message of a conversation that is read: its record, its files, other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from netto_tui.errors import NettoError
from netto_tui.model.links import Link
from netto_tui.plural import many
from netto_tui.tui import crash
from netto_tui.tui.handing import Told, Wanted
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from netto_tui.tui.editor import Handover
    from netto_tui.vault.branches import Branches
    from netto_tui.vault.rows import ConversationRow, MessageRow


class MessageKeys(Vertical):
    """A transcript whose message under the cursor can be looked into; the conversation is for who derives from it.

    revealed: its credentials are shown as they are. branches: the view of it, if its source told of several.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "o",
            "files",
            "Files",
            show=False,
            id="reading.files",
            tooltip="List the files of this message, and save one",
        ),
        Binding("i", "record", "Raw", id="reading.record", tooltip="Every stored revision of this message"),
        Binding("v", "hand('message')", "View", show=False, id="reading.view", tooltip="This message in $PAGER"),
        Binding(
            "V",
            "hand('conversation')",
            "View all",
            show=False,
            id="reading.view-all",
            tooltip="The conversation in $PAGER",
        ),
        Binding(
            "e",
            "hand('editor')",
            "Editor",
            show=False,
            id="reading.editor",
            tooltip="The conversation in $EDITOR, to be read",
        ),
        Binding("y", "copy", "Copy", show=False, id="reading.copy", tooltip="Copy the selection, else this message"),
        Binding("Y", "link", "Copy link", show=False, id="reading.link", tooltip="Copy ID#message, for netto-tui open"),
    ]

    @dataclass
    class Copied(Message):
        """What is to be copied was read; or `error` says why not."""

        text: str
        error: str = ""

    @dataclass
    class Prepared(Message):
        """A text lies ready for another program; None with the reason why it does not."""

        handover: Handover | None
        error: str = ""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.revealed = False
        self.branches: Branches | None = None

    @property
    def transcript(self) -> Transcript:
        """The text."""
        return self.query_one(Transcript)

    @property
    def row(self) -> ConversationRow | None:
        """The conversation that is shown."""
        return None

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; "" when it is."""
        if action in ("files", "record", "hand", "link", "branch") and self.transcript.selected is None:
            return "There is no message here."
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not possible; the screen tells the reason when its key is pressed."""
        return None if self.why_not(action) else True

    def action_link(self) -> None:
        """Copy the address of the message under the cursor."""
        if (row := self.transcript.selected) is not None:
            self.app.copy_to_clipboard(str(Link(row.conversation, row.item)))
            self.notify("Copied the link of this message. Open it with: netto-tui open LINK")

    def action_copy(self) -> None:
        """Copy the selection, else all of the message under the cursor, also what lies beside its record."""
        row = self.transcript.selected
        if text := self.screen.get_selected_text():
            self._copied(self.Copied(text))
        elif row is not None:
            self._read_whole(row, self.revealed)

    @work(thread=True, exit_on_error=False, exclusive=True, group="copying", description="Read a whole message")
    def _read_whole(self, row: MessageRow, revealed: bool) -> None:
        from netto_tui.tui.handing import told_text

        vault = netto_of(self).vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                self.post_message(self.Copied(told_text(reader, row, revealed)))
        except (NettoError, OSError) as error:
            self.post_message(self.Copied("", str(crash.in_words(error, vault.path))))

    @on(Copied)
    def _copied(self, message: Copied) -> None:
        if message.text:
            self.app.copy_to_clipboard(message.text)
            self.notify(f"Copied {many(len(message.text), 'character')}.")
        else:
            self.notify(message.error or "There is nothing to copy here.", severity="warning")

    def action_record(self) -> None:
        """Show every stored revision of the message under the cursor."""
        if (row := self.transcript.selected) is not None:
            from netto_tui.tui.screens.record import RecordScreen

            self.app.push_screen(RecordScreen(row.conversation, row.item))

    def action_files(self) -> None:
        """List the files of the message under the cursor."""
        from netto_tui.tui.screens.attachments import AttachmentsScreen
        from netto_tui.vault.records import files, record

        row, reader = self.transcript.selected, netto_of(self).reader
        stored = record(reader, row.revision) if row is not None and reader is not None else None
        found = files(reader, stored.rev.conversation, stored.rev.body) if stored and reader else []
        if found:
            self.app.push_screen(AttachmentsScreen(found))
        else:
            self.notify("This message has no files.")

    def action_hand(self, what: Wanted) -> None:
        """Hand the message or the conversation to the person's pager or editor, to be read."""
        message, row = self.transcript.selected, self.row
        if message is not None and row is not None:
            self._prepare(Told(what, row, message, self.branches, self.revealed))

    @work(thread=True, exit_on_error=False, exclusive=True, group="handing", description="Write out what is read")
    def _prepare(self, told: Told) -> None:
        from netto_tui.tui.handing import prepare

        vault = netto_of(self).vault
        if vault is None:
            return
        try:
            self.post_message(self.Prepared(prepare(vault, told)))
        except (NettoError, OSError) as error:
            self.post_message(self.Prepared(None, str(crash.in_words(error, vault.path))))

    @on(Prepared)
    def _hand_over(self, message: Prepared) -> None:
        if message.handover is None:
            self.notify(message.error, severity="warning")
            return
        try:
            with self.app.suspend():
                message.handover.run()
        except SuspendNotSupported:
            self.notify("This terminal cannot be handed to another program.", severity="warning")
        except NettoError as error:
            self.notify(str(error), severity="warning")
        finally:
            message.handover.close()

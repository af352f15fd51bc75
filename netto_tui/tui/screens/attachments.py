"""The files of one message, and saving one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from netto_tui.errors import UsageError
from netto_tui.tui.concealing import concealed
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.parts import byte_words, place_words
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.records import file_name, save_file

if TYPE_CHECKING:
    from netto_tui.vault.rows import FileRow

MOST = 14
"""Files that are shown without scrolling."""


class AttachmentsScreen(ModalScreen[None]):
    """A list; enter saves what the cursor is on, and nothing is ever opened or run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="attachments.leave"),
        Binding("s", "save", "Save", id="attachments.save"),
    ]

    @dataclass
    class Saved(Message):
        """A file was written; or `error` says why not."""

        path: Path
        bytes: int
        error: str = ""

    def __init__(self, rows: list[FileRow]) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        """The list."""
        columns: list[Column[FileRow]] = [
            Column("File", lambda row: concealed(row.name, 200)),
            Column("Type", lambda row: row.media_type, 16, style="$foreground-muted", from_width=70),
            Column("Size", lambda row: Content(byte_words(row.bytes) or "?"), 9, "right"),
            Column("Where", lambda row: place_words(row), 34, style="$foreground-muted"),
        ]
        with Vertical(classes="modal") as box:
            box.border_title = "Files of this message"
            box.border_subtitle = "enter saves one · esc leaves"
            yield RowList(columns, empty="This message has no files.", widget_id="attachments")

    def on_mount(self) -> None:
        """Show them."""
        found = self.query_one("#attachments", RowList)
        found.styles.height = min(len(self.rows), MOST) + 1
        found.show(listed(self.rows), len(self.rows))

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        self.action_save()

    @work
    async def action_save(self) -> None:
        """Ask for a place, and write the file there."""
        from netto_tui.tui.screens.ask import AskScreen

        row: FileRow | None = self.query_one("#attachments", RowList).selected
        if row is None:
            return
        if row.state != "here":
            self.notify(f"It cannot be saved: {place_words(row)}.", severity="warning")
            return
        place = Path.cwd() / file_name(row.name)
        target = await self.app.push_screen_wait(AskScreen("Save this file as", "A path", str(place)))
        if target and target.strip():
            self._write(row, Path(target.strip()).expanduser())

    @work(thread=True, exit_on_error=False, group="attachments", description="Save a file")
    def _write(self, row: FileRow, path: Path) -> None:
        try:
            size = save_file(netto_of(self).vault_path, row, path / file_name(row.name) if path.is_dir() else path)
        except (UsageError, OSError) as error:
            self.post_message(self.Saved(path, 0, str(error)))
        else:
            self.post_message(self.Saved(path, size))

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        if message.error:
            self.notify(message.error, severity="error")
        else:
            self.notify(f"Saved {byte_words(message.bytes)} as {message.path}.")

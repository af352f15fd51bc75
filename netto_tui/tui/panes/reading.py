"""The conversation that is read in Browse: its heading above its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.panes.entries import Entry, heading
from netto_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from netto_tui.vault.rows import ConversationRow, MessageRow


class Reading(Vertical):
    """One conversation. Shown again after a change, it stays where one reads.

    Credentials in it are masked; `x` shows them until another conversation is read, or the text is left.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "reveal", "Secrets", id="reading.reveal", tooltip="Show secrets as they are, or mask them again"),
    ]

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.entry: Entry | None = None
        self.revealed = False
        self._terms: tuple[str, ...] = ()
        self._row: ConversationRow | None = None

    def compose(self) -> ComposeResult:
        """Heading and text."""
        yield Static("", id="reading-title", markup=False)
        yield Transcript(widget_id="transcript")

    @property
    def transcript(self) -> Transcript:
        """The text."""
        return self.query_one("#transcript", Transcript)

    @property
    def row(self) -> ConversationRow | None:
        """The conversation that is shown."""
        return self._row if self.entry is not None else None

    def clear(self) -> None:
        """Show no conversation."""
        self.entry = self._row = None
        self.revealed = False
        self.transcript.clear("")
        self.query_one("#reading-title", Static).update(Content(""))

    def show(self, entry: Entry, terms: Sequence[str]) -> None:
        """Show a conversation, at its hit if it has one; what is shown already is only read again where it changed."""
        netto = netto_of(self)
        if netto.reader is None or netto.vault is None:
            return
        row = netto.reader.conversation(entry.conversation)
        if row is None:
            self.clear()
            return
        item = entry.hit.item if entry.hit else ""
        before, known = self.entry, self._row
        same = before is not None and before.conversation == entry.conversation
        moved = not same or (before is not None and item and item != (before.hit.item if before.hit else ""))
        if not moved and row == known and tuple(terms) == self._terms:
            return
        self.entry, self._terms, self._row = entry, tuple(terms), row
        self.revealed = self.revealed and same
        self.transcript.empty, self.transcript.zone = "No messages.", netto.vault.zone
        here = self.transcript.selected
        self.transcript.show(
            self._messages,
            netto.reader.message_count(entry.conversation),
            at=netto.reader.position(entry.conversation, item if moved else here.item if here else ""),
            terms=self._terms,
            stay=not moved,
        )
        self.query_one("#reading-title", Static).update(heading(row, revealed=self.revealed))
        self.refresh_bindings()

    def reread(self) -> None:
        """Show the same conversation as it is now."""
        if self.entry is not None:
            self.show(self.entry, self._terms)

    def _messages(self, offset: int, limit: int) -> Sequence[MessageRow]:
        """A page from the reader that is open now: a restore puts another one in its place."""
        reader = netto_of(self).reader
        rows = reader.messages(self.entry.conversation, offset, limit) if reader is not None and self.entry else ()
        return rows if self.revealed else [_concealed(row) for row in rows]

    # Secrets

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to reveal only where a message holds a secret."""
        return action != "reveal" or (self._row is not None and self._row.secrets)

    def action_reveal(self) -> None:
        """Show secrets as they are, or mask them again."""
        self._show_secrets(not self.revealed)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Mask secrets again when the text is left."""
        if self.revealed:
            self._show_secrets(False)

    def _show_secrets(self, revealed: bool) -> None:
        self.revealed, self._row = revealed, None  # so that it is read again
        self.reread()


def _concealed(row: MessageRow) -> MessageRow:
    """A message with its credentials named; the index knows which ones have any."""
    if not row.secrets:
        return row
    from netto_tui.security.redact import mask

    return replace(row, text=mask(row.text))

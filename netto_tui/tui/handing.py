"""A message or a conversation written out, for the person's own pager or editor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from netto_tui.security.display import safe_display
from netto_tui.tui.editor import Handover, for_editor, for_pager

if TYPE_CHECKING:
    from netto_tui.vault.branches import Branches
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import ConversationRow, MessageRow
    from netto_tui.vault.vault import Vault

Wanted = Literal["message", "conversation", "editor"]
"""What is read where: a message or the conversation in the pager, or the conversation in the editor."""

PAGE = 500
"""Messages that are read at once."""


@dataclass(frozen=True)
class Told:
    """What is wanted, as the screen shows it: view: the branch, if one is chosen; reveal: with credentials."""

    what: Wanted
    conversation: ConversationRow
    message: MessageRow
    view: Branches | None
    reveal: bool


def prepare(vault: Vault, told: Told) -> Handover:
    """Write it out beside the drafts, harmless for a terminal; for a thread. Raises EditorMissing, OSError."""
    folder = vault.path / "drafts"
    with vault.reader() as reader:
        if told.what == "message":
            return for_pager([told_text(reader, told.message, told.reveal), "\n"], folder)
        texts = _conversation(vault, reader, told)
        return for_editor(texts, folder) if told.what == "editor" else for_pager(texts, folder)


def told_text(reader: Reader, message: MessageRow, reveal: bool) -> str:
    """All that a message says, harmless for a terminal; reveal: with its credentials."""
    from netto_tui.vault.records import whole_text  # the first frame needs no store

    return safe_display(_shown(whole_text(reader, message), reveal))


def _conversation(vault: Vault, reader: Reader, told: Told) -> Iterator[str]:
    """A conversation as the export writes it, a message at a time."""
    from netto_tui.export import markdown

    return markdown(told.conversation, _messages(reader, told), vault.zone)


def _messages(reader: Reader, told: Told) -> Iterator[MessageRow]:
    from netto_tui.vault.records import whole

    name, view, offset = told.conversation.conversation, told.view, 0
    while True:
        if view is None:
            rows = reader.messages(name, offset, PAGE)
        else:
            rows = reader.messages_at(name, view.places[offset : offset + PAGE])
        for row in whole(reader, name, rows):
            yield replace(row, text=_shown(row.text, told.reveal))
        offset += PAGE
        if len(rows) < PAGE:
            return


def _shown(text: str, reveal: bool) -> str:
    from netto_tui.security.redact import mask

    return text if reveal else mask(text)

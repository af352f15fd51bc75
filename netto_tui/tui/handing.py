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
            return for_pager([_whole(vault, reader, told), "\n"], folder)
        texts = _conversation(vault, reader, told)
        return for_editor(texts, folder) if told.what == "editor" else for_pager(texts, folder)


def _whole(vault: Vault, reader: Reader, told: Told) -> str:
    """All that a message says, with long texts that lie beside its record."""
    from netto_tui.errors import InvalidRecord
    from netto_tui.model.blobs import inflate
    from netto_tui.model.conversation import body_text
    from netto_tui.vault.records import record

    stored = record(reader, told.message.revision)
    text = told.message.text
    if stored is not None:
        body = stored.rev.body
        try:
            text = body_text(inflate(body, vault.blobs.get))
        except InvalidRecord as error:
            text = f"{body_text(body)}\n\n[{error}]"
    return safe_display(_shown(text, told.reveal))


def _conversation(vault: Vault, reader: Reader, told: Told) -> Iterator[str]:
    """A conversation as the export writes it, a message at a time."""
    from netto_tui.export import markdown

    return markdown(told.conversation, _messages(reader, told), vault.zone)


def _messages(reader: Reader, told: Told) -> Iterator[MessageRow]:
    name, view, offset = told.conversation.conversation, told.view, 0
    while True:
        if view is None:
            rows = reader.messages(name, offset, PAGE)
        else:
            rows = reader.messages_at(name, view.places[offset : offset + PAGE])
        yield from (replace(row, text=_shown(row.text, told.reveal)) if row.secrets else row for row in rows)
        offset += PAGE
        if len(rows) < PAGE:
            return


def _shown(text: str, reveal: bool) -> str:
    from netto_tui.security.redact import mask

    return text if reveal else mask(text)

"""What is stored of one message: its revisions and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netto_tui.cli import output
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import FileRow


def show_item(session: Session, reader: Reader, conversation: str, item: str, reveal: bool) -> None:
    """Write the revisions of one item, the latest first, and the files of the one that is shown.

    Raises UsageError when there is no such item.
    """
    from netto_tui.cli.reading import find_item
    from netto_tui.export import revision_document, revision_text
    from netto_tui.vault.records import history

    name = find_item(reader, conversation, item)
    rows = history(reader, conversation, name)
    if not rows:
        raise UsageError(f"There is no {name} in {conversation}.", remedy="See: netto-tui show CONVERSATION --json")
    attached = _files(reader, conversation, name)
    if session.json:
        output.document(
            {
                "conversation": conversation,
                "item": name,
                "revisions": [revision_document(row, reveal=reveal) for row in rows],
                "files": [_file(row, reveal) for row in attached],
            }
        )
        return
    heads = sum(row.head for row in rows)
    output.line(f"{output.strong(safe_line(name))}  {many(len(rows), 'revision')}, {many(heads, 'head')}")
    for row in rows:
        facts = [session.local(row.at).strip(), f"by {row.by}", f"from {' and '.join(row.origins) or 'nowhere'}"]
        output.line()
        output.line(f"{output.strong('head' if row.head else 'replaced')}  {output.faint(safe_line('  '.join(facts)))}")
        output.foreign(revision_text(row, reveal=reveal), indent="  ")
    if attached:
        output.line()
        named = (_file(row, reveal) for row in attached)
        output.table(
            [(file["name"], file["media_type"] or "", file["state"], file["path"] or "") for file in named],
            heads=("file", "type", "state", "in the vault"),
        )


def _files(reader: Reader, conversation: str, item: str) -> list[FileRow]:
    """The files of the version of an item that is shown."""
    from netto_tui.vault.records import files, record

    row = next(iter(reader.messages(conversation, reader.position(conversation, item), 1)), None)
    stored = record(reader, row.revision) if row is not None and row.item == item else None
    return files(reader, conversation, stored.rev.body) if stored is not None else []


def _file(row: FileRow, reveal: bool) -> dict[str, Any]:
    from netto_tui.security.redact import mask

    return {
        "part": row.part,
        "name": row.name if reveal else mask(row.name),
        "media_type": row.media_type or None,
        "bytes": row.bytes,
        "sha256": row.sha256 or None,
        "state": row.state,
        "path": row.path or None,
        "replicas": list(row.replicas),
    }

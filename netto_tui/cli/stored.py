"""What is stored of one message: its revisions and its files."""

from __future__ import annotations

from pathlib import Path
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
                "files": [_file(number, row, reveal) for number, row in enumerate(attached, 1)],
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
        named = (_file(number, row, reveal) for number, row in enumerate(attached, 1))
        output.table(
            [(one["number"], one["name"], one["media_type"] or "", one["state"], one["path"] or "") for one in named],
            heads=("", "file", "type", "state", "in the vault"),
        )


def save_one(session: Session, reader: Reader, conversation: str, item: str, wanted: str, place: str) -> None:
    """Write one file of an item to a new place, or into a folder; wanted: its name, or its number from 1.

    Raises UsageError where there is no such file, several have the name, it is not in the vault, or the place is taken.
    """
    from netto_tui.cli.reading import find_item
    from netto_tui.vault.records import file_name, save_file

    name = find_item(reader, conversation, item)
    row = _find_file(_files(reader, conversation, name), wanted, f"netto-tui show {conversation} {name}")
    target = Path(place).expanduser().absolute()
    target = target / file_name(row.name) if target.is_dir() else target
    size = save_file(session.path, row, target)
    if session.json:
        output.document({"path": str(target), "bytes": size, "sha256": row.sha256})
    else:
        output.line(f"Saved {many(size, 'byte')} as {safe_line(str(target))}.")


def _find_file(rows: list[FileRow], wanted: str, listing: str) -> FileRow:
    from netto_tui.security.redact import mask

    found = [number for number, row in enumerate(rows, 1) if wanted in (row.name, mask(row.name))]
    if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(rows):
        found = [int(wanted)]
    if not found:
        problem = f"has no file “{safe_line(wanted)}”" if rows else "has no files"
        raise UsageError(f"This message {problem}.", remedy=f"See: {listing}")
    if len(found) > 1:
        numbers = ", ".join(map(str, found))
        raise UsageError(f"Several files have this name: {numbers}.", remedy="Give the number of one.")
    row = rows[found[0] - 1]
    if not row.sha256:
        raise UsageError(
            f"No copy of this file was kept; it is {row.state}.", remedy=f"What is known of it: {listing} --json"
        )
    return row


def _files(reader: Reader, conversation: str, item: str) -> list[FileRow]:
    """The files of the version of an item that is shown."""
    from netto_tui.vault.records import files, record

    row = next(iter(reader.messages(conversation, reader.position(conversation, item), 1)), None)
    stored = record(reader, row.revision) if row is not None and row.item == item else None
    return files(reader, conversation, stored.rev.body) if stored is not None else []


def _file(number: int, row: FileRow, reveal: bool) -> dict[str, Any]:
    from netto_tui.security.redact import mask

    return {
        "number": number,
        "part": row.part,
        "name": row.name if reveal else mask(row.name),
        "media_type": row.media_type or None,
        "bytes": row.bytes,
        "sha256": row.sha256 or None,
        "state": row.state,
        "path": row.path or None,
        "replicas": list(row.replicas),
    }

"""What the session files hold of one message: its record, its history, its files.

Read without the vault's lock, so that a screen never waits for whoever writes: a line that is just being moved
reads as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from netto_tui.errors import InvalidRecord, NewerFormat, UsageError
from netto_tui.files import open_new, write_all
from netto_tui.model.blobs import SHORTEST_CUT, inflate
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Attachment, Body, Deleted, Message, Part, Record, ToolResult
from netto_tui.vault import sessions
from netto_tui.vault.blobs import Blobs
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import FileRow, MessageRow, RevisionRow

_WHERE = "SELECT {} FROM revisions JOIN conversations ON conversations.id = conversation WHERE {}"


def record(reader: Reader, revision: str) -> Record | None:
    """A stored record by its id; None when it is not here, or its bytes cannot be read now."""
    query = _WHERE.format("day, name, start, length", "revisions.id = ?")
    row = next(reader.select(query, (bytes.fromhex(revision),)), None)
    found = None if row is None else _read(reader, *row)
    return found if found is not None and found.id == revision else None


def history(reader: Reader, conversation: str, item: str) -> list[RevisionRow]:
    """Every revision of an item, the latest first; empty for one that is not here."""
    query = _WHERE.format(
        "revisions.id, at, tick, author, kind, head, origin, day, name, start, length", "name = ? AND item = ?"
    )
    found = []
    for name, at, tick, by, kind, head, origin, *where in reader.select(query, (conversation, item)):
        stored = _read(reader, *where)
        line = stored.line if stored is not None and stored.id == name.hex() else b""
        found.append(RevisionRow(name.hex(), to_instant(at), tick, by, kind, bool(head), tuple(origin.split()), line))
    return sorted(found, key=lambda row: (row.at, row.tick, row.by, row.revision), reverse=True)


def _read(reader: Reader, day: str, name: str, start: int, length: int) -> Record | None:
    path = sessions.path_of(reader.path.parent / "sessions", day, name)
    try:
        return sessions.read_one(path, start, length)
    except (InvalidRecord, NewerFormat):
        return None


def whole_text(reader: Reader, row: MessageRow) -> str:
    """All that a message says, with long texts that lie beside its record; what is missing is named in its place."""
    stored = record(reader, row.revision)
    if stored is None or isinstance(stored.rev.body, Deleted) or not stored.rev.body.blobs:
        return row.text
    try:
        return body_text(inflate(stored.rev.body, Blobs(reader.path.parent / "blobs").get))
    except InvalidRecord as error:
        return f"{row.text}\n\n[This is only the beginning. {error}]"


def whole(reader: Reader, conversation: str, rows: Iterable[MessageRow]) -> Iterator[MessageRow]:
    """Messages of one conversation with all that they say; costs nothing more where nothing lies beside it."""
    query = "SELECT 1 FROM blobs WHERE conversation = (SELECT id FROM conversations WHERE name = ?) LIMIT 1"
    if reader.first(query, (conversation,)) is None:
        yield from rows
        return
    for row in rows:
        yield replace(row, text=whole_text(reader, row)) if len(row.text) >= SHORTEST_CUT else row


def files(reader: Reader, conversation: str, body: Body) -> list[FileRow]:
    """The files of a body and the long texts that were moved out of it, in the order of its parts."""
    if isinstance(body, Deleted):
        return []
    marks = reader.replica_marks([conversation])[conversation]
    holders = tuple(name for name, verified in marks.items() if verified)
    blobs = Blobs(reader.path.parent / "blobs")
    attached = list(_attachments(body.parts, "/parts")) if isinstance(body, Message) else []
    rows = [_file_row(blobs, pointer, part, holders) for pointer, part in attached]
    for pointer, ref in body.blobs.items():
        state, path = _place(blobs, ref.sha256)
        name = f"text of {pointer.strip('/').replace('/', ' ')}"
        rows.append(FileRow(pointer, name, "text/plain", ref.bytes, ref.sha256, state, path, holders))
    return rows


def _attachments(parts: Iterable[Part], pointer: str) -> Iterator[tuple[str, Attachment]]:
    for place, part in enumerate(parts):
        if isinstance(part, Attachment):
            yield f"{pointer}/{place}", part
        elif isinstance(part, ToolResult):
            yield from _attachments(part.output, f"{pointer}/{place}/output")


def _file_row(blobs: Blobs, pointer: str, part: Attachment, holders: Sequence[str]) -> FileRow:
    name = part.name or part.native_ref or "file"
    if part.blob:
        state, path = _place(blobs, part.blob)
        return FileRow(pointer, name, part.media_type, part.bytes, part.blob, state, path, tuple(holders))
    return FileRow(pointer, name, part.media_type, part.bytes, "", part.availability, "", ())


def _place(blobs: Blobs, sha256: str) -> tuple[str, str]:
    """Whether a blob is here, and where below the vault's folder."""
    try:
        there = blobs.has(sha256)
    except InvalidRecord:  # a source that calls something else a blob
        return "missing", ""
    return ("here", f"blobs/{sha256[:2]}/{sha256[2:]}") if there else ("lost", "")


def file_name(name: str) -> str:
    """A name that a file can have: no folder, nothing that hides or that a shell would read."""
    last = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w. ()+,@=-]+", "_", last).strip(" .-")[:120] or "attachment"


def save_file(vault_path: Path, row: FileRow, target: Path) -> int:
    """Write a file of a message to a new file that only its owner can read; how many bytes it has.

    Raises UsageError when it is not here, is damaged, or when the target cannot be made; nothing is replaced.
    """
    try:
        data = Blobs(vault_path / "blobs").get(row.sha256) if row.sha256 else None
    except InvalidRecord as error:
        raise UsageError(f"{error.message}", remedy="A sync heals it from a replica that has it.") from error
    if data is None:
        raise UsageError("This file is not in the vault.", remedy="A sync asks every replica for what is missing.")
    try:
        file = open_new(target)
    except FileExistsError:
        raise UsageError(f"{target} is there already.", remedy="Choose another name.") from None
    except OSError as error:
        reason = error.strerror or "it cannot be made"
        raise UsageError(f"{target} cannot be written: {reason}.", remedy="Choose another place.") from error
    try:
        with open(file, "wb", closefd=True) as opened:
            write_all(opened.fileno(), data)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}.", remedy="Choose another place.") from error
    return len(data)

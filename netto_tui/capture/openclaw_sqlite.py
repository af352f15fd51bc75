"""OpenClaw's session database, agent schema 4 to 23, with compressed rows, archives and cold files."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from netto_tui.capture.base import Draft, Event, Found, Skipped, Warned
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.database import FAULTS, PAGE, Database, unpack, why
from netto_tui.capture.decoding import BadJson, decode
from netto_tui.capture.openclaw_entries import BY, KIND, Session
from netto_tui.capture.openclaw_tables import Store
from netto_tui.capture.reading import Damaged, Entry, chunks, decompress, entries, to_utf8
from netto_tui.model.revision import ABOUT

NEWEST = 23
EVENTS = "transcript_events"
ARCHIVES = "session_transcript_archives"
COLD = "session_transcript_cold_archives"


class OpenClawSqlite:
    """One agent's database."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By the magic bytes and the role that the database states; also one that cannot be read, to say so."""
        if candidate.is_folder or not candidate.is_sqlite:
            return None
        unread = Found(KIND, "openclaw-sqlite", candidate.path, candidate.path.parent, 0.3)
        try:
            database = Database(candidate.path)
        except FAULTS:
            return unread
        except OSError:
            return None
        try:
            roles = {row.get("role") for row in database.rows("schema_meta")}
            if "agent" not in roles or EVENTS not in database.tables:
                return None
            form = f"openclaw-sqlite/{database.version}"
            return Found(KIND, form, candidate.path, candidate.path.parent, 1.0)
        except FAULTS:
            return unread
        finally:
            database.close()

    def read(self, found: Found) -> Iterator[Event]:
        """Archived sessions first, then what is live, each followed by its header."""
        try:
            database = Database(found.path)
        except FAULTS as error:
            yield Warned(found.where, "damaged", f"The database cannot be opened: {why(error)}.")
            return
        try:
            yield from read_database(database, found)
        finally:
            database.close()


def read_database(database: Database, found: Found) -> Iterator[Event]:
    """All sessions of an agent's database, whatever version its tables have."""
    try:
        if database.version > NEWEST:
            detail = f"Schema {database.version}; this netto-tui knows up to {NEWEST} and reads what it understands."
            yield Warned(found.where, "newer-format", detail)
        store = Store(database, found)
        yield from _archives(database, found, store)
        yield from _cold(database, found, store)
        for native_id in store.live_sessions():
            if database.changed:
                yield Warned(found.where, "changed", "It was written to while it was read. Import it again.")
                return
            yield from _session(native_id, _events(database, native_id, found.where), found, store)
    except FAULTS as error:
        yield Warned(found.where, "damaged", f"The database cannot be read to its end: {why(error)}.")


def _session(
    native_id: str, source: Iterator[Entry | Skipped], found: Found, store: Store, gone: str = ""
) -> Iterator[Event]:
    """The drafts of one session. gone: when it was deleted at the source."""
    session: Session | None = None
    for entry in source:
        if not isinstance(entry, Entry):
            yield entry
        elif session is None and entry.record.get("type") == "session":
            session = Session(native_id, entry.record)
        else:
            session = session or Session(native_id, {})
            yield from session.drafts([entry], found.where)
    session = session or Session(native_id, {})
    about, at = store.about(session, gone)
    yield Draft(session.conversation, ABOUT, about, at, BY)


def _events(database: Database, native_id: str, where: str) -> Iterator[Entry | Skipped]:
    """The entries of a live session in their order; compressed rows are as good as plain ones."""
    packed = "CAST(event_zstd AS BLOB)" if "event_zstd" in database.columns(EVENTS) else "NULL"
    last = -1
    while True:
        page = database.sql.execute(
            f"SELECT seq, CAST(event_json AS BLOB) AS plain, {packed} AS packed FROM {EVENTS}"  # noqa: S608 two constants
            f" WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT {PAGE}",
            (native_id, last),
        ).fetchall()
        for row in page:
            yield _event(row, where)
        if len(page) < PAGE:
            return
        last = page[-1]["seq"]


def _event(row: sqlite3.Row, where: str) -> Entry | Skipped:
    data = row["plain"]
    try:
        if data is None:
            data = unpack(row["packed"] or b"")
        record = decode(data)
        if isinstance(record, dict):
            return Entry(row["seq"], record, data)
        return Skipped(where, row["seq"], "JSON, but not an object", data)
    except (BadJson, Damaged) as error:
        return Skipped(where, row["seq"], str(error), data or row["packed"] or b"")


def _archives(database: Database, found: Found, store: Store) -> Iterator[Event]:
    """Sessions that were reset or deleted, and kept whole."""
    for row in database.rows(ARCHIVES, without=("archive_blob",)):
        name = f"{found.where}: {row.get('archive_name')}"
        digest = _sha256(database.blob(ARCHIVES, "archive_blob", row["$row"]))
        if digest != row.get("archive_sha256"):
            yield Warned(name, "damaged", "An archived session does not match its checksum; what can be read is taken.")
        raw = database.blob(ARCHIVES, "archive_blob", row["$row"])
        text = to_utf8(decompress(raw) if row.get("encoding") == "zstd" else raw)
        gone = store.time(row.get("created_at")) if row.get("reason") == "deleted" else ""
        yield from _session(str(row["session_id"]), entries(text, name), found, store, gone)


def _cold(database: Database, found: Found, store: Store) -> Iterator[Event]:
    """Sessions whose entries were moved into files, or into the database itself."""
    for row in database.rows(COLD, without=("archive_blob",)):
        name = f"{found.where}: {row.get('archive_name')}"
        if row.get("storage") == "sqlite":
            digest = _sha256(database.blob(COLD, "archive_blob", row["$row"]))
            text = decompress(database.blob(COLD, "archive_blob", row["$row"]))
        else:
            path = cold_path(found.path, str(row.get("archive_name")))
            if path is None:
                yield Warned(name, "vanished", "A cold archive that the database names is not there.")
                continue
            digest = file_sha256(path)
            text = chunks(path)
        if digest != row.get("archive_sha256"):
            yield Warned(name, "damaged", "A cold archive does not match its checksum; what can be read is taken.")
        yield from _session(str(row["session_id"]), entries(to_utf8(text), name), found, store)


def cold_path(database: Path, name: str) -> Path | None:
    """The file of a cold archive; None when it is not there or would lie elsewhere."""
    folder = database.parent.parent / "sessions" if database.parent.name == "agent" else database.parent
    path = folder / "cold" / name
    if not name or Path(name).name != name or "\\" in name or path.is_symlink() or not path.is_file():
        return None
    return path


def _sha256(source: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in source:
        digest.update(chunk)
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The tables that `openclaw backup git` writes: one agent's session database as JSON lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netto_tui.capture.base import Event, Found, Skipped, Warned
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.database import FAULTS, Database
from netto_tui.capture.decoding import BadJson, decode
from netto_tui.capture.mapping import Taker, path_text
from netto_tui.capture.openclaw_entries import KIND
from netto_tui.capture.openclaw_sqlite import ARCHIVES, COLD, EVENTS, file_sha256, read_database
from netto_tui.capture.reading import Entry, file_entries, whole
from netto_tui.model.revision import encode_value

FORM = "openclaw-git-dump"
MANIFEST = "manifest.json"
NEWEST = 1

TABLES = (
    "schema_meta",
    "session_nodes",
    "session_entries",
    "session_windows",
    "sessions",
    "session_participants",
    "conversations",
    "session_transcript_active_events",
    "transcript_event_identities",
    "memory_session_tombstones",
    ARCHIVES,
    COLD,
    EVENTS,
)
"""What is read; nothing else of a dump is opened."""

_LEAVES = """
    CREATE TABLE session_transcript_index_state AS
    SELECT active.session_id AS session_id, event_id AS leaf_event_id
    FROM session_transcript_active_events AS active
    JOIN transcript_event_identities AS event ON event.session_id = active.session_id AND seq = event_seq
    GROUP BY active.session_id HAVING active_position = max(active_position)
"""


class OpenClawDump:
    """One agent's folder of a dump, `agents/<agent>`."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By its manifest."""
        path = candidate.path
        if not {MANIFEST, "tables"} <= candidate.names:
            return None
        identity = Taker(_manifest(path)).object("identity")
        if identity.get("role") != "agent" or not (path / "tables" / f"{EVENTS}.jsonl").is_file():
            return None
        version = Taker(_manifest(path)).integer("userVersion") or 0
        return Found(KIND, f"{FORM}/{version}", path, path, 1.0, whole=True)

    def read(self, found: Found) -> Iterator[Event]:
        """As the database from which it was made."""
        manifest = Taker(_manifest(found.path))
        schema = manifest.integer("schemaVersion")
        if schema is None or schema > NEWEST:
            yield Warned(found.where, "newer-format", f"Dump schema {schema}; this netto-tui knows up to {NEWEST}.")
        sql = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a private file without a name
        try:
            sums = manifest.object("tables")
            for table in TABLES:
                yield from _load(sql, found, table, sums.get(table))
            _complete(sql, manifest)
            yield from read_database(Database.of(sql, found.path), found)
        except FAULTS as error:
            yield Warned(found.where, "damaged", f"The tables do not fit together ({type(error).__name__}).")
        finally:
            sql.close()


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = decode(whole(path / MANIFEST))
    except (OSError, BadJson):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _load(sql: sqlite3.Connection, found: Found, table: str, stated: Any) -> Iterator[Skipped | Warned]:
    """One table, if it is there; its checksum is checked before it is used."""
    path = found.path / "tables" / f"{table}.jsonl"
    if path.is_symlink() or not path.is_file():
        if stated:
            yield Warned(path_text(path), "vanished", "A table that the manifest names is not there.")
        return
    if not isinstance(stated, dict) or stated.get("sha256") != file_sha256(path):
        yield Warned(path_text(path), "damaged", "A table does not match its checksum; what can be read is taken.")
    columns: list[str] = []
    strange = False
    sql.execute("BEGIN")
    for entry in file_entries(path, path_text(path)):
        if not isinstance(entry, Entry):
            yield entry
            continue
        values = {name: _value(value) for name, value in entry.record.items() if '"' not in name}
        if not values:
            continue
        strange = strange or any(_is_strange(value) for value in entry.record.values())
        _add_columns(sql, table, columns, list(values))
        names, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
        sql.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 quoted
    sql.execute("COMMIT")
    if strange:
        yield Warned(
            path_text(path), "newer-format", "Values are encoded in a way that is not known; they are kept as text."
        )


def _add_columns(sql: sqlite3.Connection, table: str, columns: list[str], names: list[str]) -> None:
    if not columns:
        quoted = ", ".join(f'"{name}"' for name in names)
        sql.execute(f"CREATE TABLE {table} ({quoted})")
        columns += names
    for name in names:
        if name not in columns:
            sql.execute(f'ALTER TABLE {table} ADD COLUMN "{name}"')
            columns.append(name)


def _value(value: Any) -> Any:
    """A column's value: binaries are `{"$hex": …}`, anything else that SQLite does not hold becomes text."""
    if isinstance(value, dict) and list(value) == ["$hex"]:
        try:
            return bytes.fromhex(value["$hex"])
        except (TypeError, ValueError):
            return encode_value(value)
    return encode_value(value) if isinstance(value, dict | list) else value


def _is_strange(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith("$") and key != "$hex" for key in value)


def _complete(sql: sqlite3.Connection, manifest: Taker) -> None:
    """What a dump leaves out and the manifest, or other tables, can tell."""
    sql.execute(f"PRAGMA user_version={manifest.integer('userVersion') or 0}")
    tables = {row[0] for row in sql.execute("SELECT name FROM sqlite_master")}
    if EVENTS not in tables:
        sql.execute(f"CREATE TABLE {EVENTS} (session_id, seq, event_json)")
    if "schema_meta" not in tables:
        sql.execute("CREATE TABLE schema_meta (role, agent_id)")
        agent = Taker(manifest.object("identity")).text("agentId")
        sql.execute("INSERT INTO schema_meta VALUES ('agent', ?)", (agent,))
    if {"session_transcript_active_events", "transcript_event_identities"} <= tables:
        sql.execute(_LEAVES)

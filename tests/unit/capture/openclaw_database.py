"""Databases of an OpenClaw agent (schema 23): the tables that matter here, and sessions in them.

The tables have no constraints, indexes and triggers; where the samples are, tests run over the real ones too.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import zstandard

HEADER = {"type": "session", "version": 3, "id": "s-1", "timestamp": "2026-01-20T09:00:00.000Z", "cwd": "/home/m"}

NAVIGATION = {"version": 1, "report": {"kind": "canonical"}, "navigation": {}, "reset": {}, "model": {}} | {
    name: 1 for name in ("modelBytes", "modelWithoutCheckpointBytes", "withoutCustomDataBytes")
}


def line(number: int, text: str = "hello") -> dict[str, Any]:
    message = {"role": "user", "content": f"{text} {number}", "timestamp": 1768899600000 + number}
    parent = f"e{number - 1}" if number > 1 else None
    return {"type": "message", "id": f"e{number}", "parentId": parent, "timestamp": "2026-01-20T09:00:01.000Z"} | {
        "message": message
    }


def text(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


_TABLES = {
    "schema_meta": "meta_key role schema_version agent_id app_version created_at updated_at",
    "session_nodes": (
        "session_key current_session_id entry_json entry_valid updated_at status created_at project_id"
        " parent_session_key spawned_by fork_source_session_id fork_source_entry_id label display_name"
        " pinned_at archived_at"
    ),
    "session_participants": "session_key identity_namespace actor_id contribution_count",
    "session_windows": (
        "session_id session_key previous_session_id reason created_at updated_at status chat_type channel"
        " account_id primary_conversation_id model parent_session_key spawned_by display_name"
    ),
    "conversations": "conversation_id channel account_id kind peer_id delivery_target label created_at updated_at",
    "transcript_events": "session_id seq event_json created_at event_zstd event_utf8_bytes navigation_json",
    "session_transcript_archives": (
        "session_id generation session_key reason encoding archive_blob archive_sha256 archive_name created_at"
    ),
    "session_transcript_cold_archives": (
        "session_id generation archive_name archive_sha256 event_count raw_bytes archive_bytes last_seq"
        " archived_at storage archive_blob"
    ),
    "session_transcript_index_state": "session_id indexed_seq leaf_event_id updated_at",
    "memory_session_tombstones": "session_id agent_id reason created_at",
    "auth_profile_store": "store_key store_json updated_at",
}

SCHEMA = "".join(f"CREATE TABLE {name} ({', '.join(columns.split())});\n" for name, columns in _TABLES.items())


def make_database(path: Path, schema: str = SCHEMA) -> sqlite3.Connection:
    """An empty database of the agent `netto`, open."""
    made = sqlite3.connect(path, isolation_level=None)
    made.create_function("octet_length", 1, lambda value: len(str(value).encode()), deterministic=True)
    made.execute("PRAGMA synchronous=OFF")
    made.executescript(schema)
    made.execute("PRAGMA user_version=23")
    made.execute("PRAGMA foreign_keys=OFF")
    made.execute("INSERT INTO schema_meta VALUES ('primary', 'agent', 23, 'netto', '2026.9.6', 1, 1)")
    return made


def insert(sql: sqlite3.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    sql.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608  # our own names


def add_session(
    sql: sqlite3.Connection, session: str, *records: Any, key: str = "agent:netto:main", **window: Any
) -> None:
    insert(sql, "session_windows", session_id=session, session_key=key, created_at=1, updated_at=2, **window)
    for seq, record in enumerate(({**HEADER, "id": session}, *records)):
        add_event(sql, session, seq, json.dumps(record).encode(), packed=seq % 2 == 1)


def add_event(sql: sqlite3.Connection, session: str, seq: int, data: bytes, packed: bool = False) -> None:
    values: dict[str, Any] = {"event_json": data.decode()}
    if packed:
        values = {
            "event_zstd": zstandard.compress(data),
            "event_utf8_bytes": len(data),
            "navigation_json": json.dumps(NAVIGATION),
        }
    insert(sql, "transcript_events", session_id=session, seq=seq, created_at=1, **values)

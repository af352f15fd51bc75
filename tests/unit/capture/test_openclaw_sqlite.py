"""OpenClaw's session database: the same conversations as in JSON lines, wherever it keeps them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
import zstandard

from netto_tui.capture.base import Draft, Skipped, Warned
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import About, Message, encode_body
from tests.unit.capture.given import drafts, events, messages, sample, shown, warned
from tests.unit.capture.openclaw_database import (
    HEADER,
    SCHEMA,
    add_event,
    add_session,
    insert,
    line,
    make_database,
    text,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "agents" / "netto" / "agent"
    folder.mkdir(parents=True)
    return folder / "openclaw-agent.sqlite"


@pytest.fixture(params=["the tables that matter", "all of OpenClaw's"])
def sql(path: Path, request: pytest.FixtureRequest) -> sqlite3.Connection:
    """An empty database of an agent."""
    schema = SCHEMA
    if request.param != "the tables that matter":
        schema = sample("openclaw/sqlite/openclaw_agent_schema_v23.sql").read_text()
    return make_database(path, schema)


def headers(path: Path) -> dict[str, About]:
    return {draft.conversation: draft.body for draft in drafts(path) if isinstance(draft.body, About)}


def encoded(path: Path) -> dict[str, tuple[str, bytes]]:
    return {draft.item: (draft.at, encode_body(draft.body)) for draft in drafts(path) if draft.item != "about"}


def test_the_database_gives_the_bytes_that_the_files_give() -> None:
    found = encoded(sample("openclaw/sqlite/openclaw-agent-small.sqlite"))
    files = encoded(sample("openclaw/jsonl-v1/large-session.jsonl"))
    files |= encoded(sample("openclaw/jsonl-v3/01a206d0-dcd3-7721-8fdd-d8bb33dac49e.jsonl"))
    assert len(found) == 81 - 2
    assert found.items() <= files.items()


def test_every_row_counts_also_the_compressed_ones() -> None:
    path = sample("openclaw/sqlite/openclaw-agent-small.sqlite")
    source = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    (rows,) = source.execute("SELECT count(*) FROM transcript_events WHERE seq > 0").fetchone()
    assert len(messages(path)) == rows


def test_a_database_at_rest_is_read_without_a_trace(path: Path, sql: sqlite3.Connection) -> None:
    sql.execute("PRAGMA journal_mode=WAL")
    add_session(sql, "s-1", line(1), line(2), line(3))
    sql.close()
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert len(shown(path)) == 3
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert os.listdir(path.parent) == [path.name]


def test_what_a_running_gateway_has_only_in_its_log_is_read(path: Path, sql: sqlite3.Connection) -> None:
    sql.execute("PRAGMA journal_mode=WAL")
    sql.execute("PRAGMA wal_autocheckpoint=0")
    add_session(sql, "s-1", line(1), line(2))
    assert len(shown(path)) == 2
    add_event(sql, "s-1", 3, json.dumps(line(3)).encode())
    assert len(shown(path)) == 3


def test_a_log_that_a_crash_left_is_read_without_a_trace(path: Path, sql: sqlite3.Connection, tmp_path: Path) -> None:
    sql.execute("PRAGMA journal_mode=WAL")
    sql.execute("PRAGMA wal_autocheckpoint=0")
    add_session(sql, "s-1", line(1), line(2))
    left = tmp_path / "left" / path.name
    left.parent.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
    assert len(shown(left)) == 2
    assert sorted(os.listdir(left.parent)) == [path.name, f"{path.name}-wal"]


def test_a_database_that_cannot_be_read_now_says_why(path: Path, sql: sqlite3.Connection, tmp_path: Path) -> None:
    add_session(sql, "s-1", *(line(number, "x" * 3000) for number in range(1, 40)))
    for setting in ("journal_mode=DELETE", "synchronous=FULL", "cache_size=2", "cache_spill=2"):
        sql.execute(f"PRAGMA {setting}")
    sql.execute("BEGIN")
    sql.execute("UPDATE transcript_events SET created_at = created_at + 5")
    left = tmp_path / "left" / path.name
    left.parent.mkdir()
    for suffix in ("", "-journal"):
        shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
    sql.rollback()
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(path.read_bytes()[:-4096])
    found = [event for one in (left, cut) for event in events(one)]
    assert [event.detail.partition(": ")[2] for event in found if isinstance(event, Warned)] == [
        "its last change is unfinished; open it once with the program that it belongs to, then import it again.",
        "SQLITE_CORRUPT.",
    ]
    assert len(found) == 2


def test_titles_states_and_places_come_from_the_session_tables(path: Path, sql: sqlite3.Connection) -> None:
    conversation = {"channel": "telegram", "account_id": "a", "kind": "direct", "peer_id": "p", "delivery_target": "d"}
    insert(sql, "conversations", conversation_id="c1", label="Family", created_at=1, updated_at=1, **conversation)
    window = {"chat_type": "direct", "channel": "telegram", "primary_conversation_id": "c1", "reason": "reset"}
    add_session(sql, "s-1", line(1), line(2), previous_session_id="s-0", **window)
    node = {"session_key": "agent:netto:main", "current_session_id": "s-1", "label": "Mine", "pinned_at": 7}
    entry = {"sessionId": "s-1", "displayName": "Shown", "totalTokens": 5, "subject": "x"}
    insert(sql, "session_nodes", entry_json=json.dumps(entry), updated_at=1768899999000, **node)
    insert(sql, "session_nodes", session_key="fork", current_session_id="s-9", entry_json="{", updated_at=1)
    for actor in ("Michael", "m@example.org", "+4915112345"):
        insert(
            sql,
            "session_participants",
            session_key="agent:netto:main",
            identity_namespace="n",
            actor_id=actor,
            contribution_count=1,
        )
    insert(sql, "memory_session_tombstones", session_id="s-1", agent_id="netto", reason="asked", created_at=1000)
    (found,) = headers(path).values()
    assert found.title == "Mine"
    assert found.native["titles"] == {"display_name": "Shown", "label": "Mine"}
    assert found.state["pinned"] is True
    assert found.state["archived"] is False
    assert found.state["forgotten_at_source"] == "1970-01-01T00:16:40.000Z"
    assert found.context == {"cwd": "/home/m", "chat_type": "direct", "channel": "telegram"}
    assert found.participants == ("Michael",)
    assert found.lineage == ({"type": "resume", "conversation": conversation_id("openclaw", "s-0"), "reason": "reset"},)
    assert found.native["channel"]["label"] == "Family"
    assert found.native["session"]["subject"] == "x"
    assert "totalTokens" not in json.dumps(found.native)
    assert found.source["path"] == "agents/netto/agent/openclaw-agent.sqlite"
    assert found.source["format"] == "openclaw-sqlite/23"


def test_forks_and_subagents_lead_to_their_origin(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", line(1))
    add_session(sql, "s-2", line(1), key="agent:netto:sub:1", spawned_by="agent:netto:main")
    insert(
        sql, "session_nodes", session_key="agent:netto:main", current_session_id="s-1", entry_json="{}", updated_at=1
    )
    insert(
        sql,
        "session_nodes",
        session_key="agent:netto:sub:1",
        current_session_id="s-2",
        entry_json="{}",
        updated_at=1,
        fork_source_session_id="s-1",
        fork_source_entry_id="e1",
    )
    origin = conversation_id("openclaw", "s-1")
    lineage = headers(path)[conversation_id("openclaw", "s-2")].lineage
    assert {(one["type"], one["conversation"]) for one in lineage} == {("subagent", origin), ("fork", origin)}


def test_the_active_leaf_is_told_only_when_it_is_not_the_last(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", line(1), line(2), line(3))
    insert(sql, "session_transcript_index_state", session_id="s-1", indexed_seq=3, leaf_event_id="e3", updated_at=1)
    (found,) = headers(path).values()
    assert found.state["leaf"] is None
    sql.execute("UPDATE session_transcript_index_state SET leaf_event_id = 'e2'")
    (found,) = headers(path).values()
    second = next(draft for draft in drafts(path) if isinstance(draft.body, Message) and "hello 2" in str(draft.body))
    assert found.state["leaf"] == second.item


@pytest.mark.parametrize("encoding", ["identity", "zstd"])
@pytest.mark.parametrize("reason", ["deleted", "reset"])
def test_archived_sessions_are_imported(path: Path, sql: sqlite3.Connection, encoding: str, reason: str) -> None:
    data = text(HEADER, line(1), line(2))
    data = zstandard.compress(data) if encoding == "zstd" else data
    archive = {"session_id": "s-1", "generation": "g", "session_key": "k", "reason": reason, "encoding": encoding}
    digest = hashlib.sha256(data).hexdigest()
    insert(
        sql,
        "session_transcript_archives",
        archive_blob=data,
        archive_sha256=digest,
        archive_name="a",
        created_at=1768899600000,
        **archive,
    )
    assert len(shown(path)) == 2
    assert warned(path) == []
    (found,) = headers(path).values()
    gone = {"deleted_at_source": "2026-01-20T09:00:00.000Z"} if reason == "deleted" else {}
    assert found.state == gone
    sql.execute("UPDATE session_transcript_archives SET archive_sha256 = ?", ("0" * 64,))
    assert warned(path) == ["damaged"]
    assert len(shown(path)) == 2


@pytest.mark.parametrize("storage", ["file", "sqlite"])
def test_cold_sessions_are_imported(path: Path, sql: sqlite3.Connection, storage: str) -> None:
    data = zstandard.compress(text(HEADER, line(1), line(2)))
    name = f"{hashlib.sha256(data).hexdigest()}.jsonl.zst"
    cold = path.parent.parent / "sessions" / "cold" / name
    if storage == "file":
        cold.parent.mkdir(parents=True)
        cold.write_bytes(data)
    insert(sql, "session_windows", session_id="s-1", session_key="k", created_at=1, updated_at=1)
    archive = {"session_id": "s-1", "generation": "g", "archive_name": name, "storage": storage}
    numbers = {"event_count": 3, "raw_bytes": 9, "archive_bytes": len(data), "last_seq": 2, "archived_at": 1}
    blob = data if storage == "sqlite" else None
    digest = hashlib.sha256(data).hexdigest()
    insert(sql, "session_transcript_cold_archives", archive_blob=blob, archive_sha256=digest, **archive, **numbers)
    assert len(shown(path)) == 2
    assert warned(path) == []
    assert len(headers(path)) == 1
    if storage == "file":
        cold.write_bytes(data[:-9])
        assert warned(path) == ["damaged"]
        cold.unlink()
        assert warned(path) == ["vanished"]
        cold.symlink_to("/etc/hostname")
        assert warned(path) == ["vanished"]


@pytest.mark.parametrize("name", ["../x.zst", "a/b", ".", "..", "a\\b"])
def test_an_archive_name_cannot_lead_elsewhere(path: Path, sql: sqlite3.Connection, name: str) -> None:
    sql.execute("PRAGMA ignore_check_constraints=ON")
    archive = {"session_id": "s-1", "generation": "g", "archive_name": name, "archive_sha256": "0" * 64}
    numbers = {"event_count": 3, "raw_bytes": 9, "archive_bytes": 9, "last_seq": 2, "archived_at": 1}
    insert(sql, "session_transcript_cold_archives", storage="file", **archive, **numbers)
    (path.parent.parent / "sessions" / "cold").mkdir(parents=True)
    (path.parent.parent / "sessions" / "x.zst").write_bytes(zstandard.compress(text(HEADER, line(1))))
    assert warned(path) == ["vanished"]


def test_bad_rows_are_reported_and_the_others_read(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", line(1))
    add_event(sql, "s-1", 7, b"not json")
    add_event(sql, "s-1", 8, b"[1]")
    sql.execute("PRAGMA ignore_check_constraints=ON")
    insert(sql, "transcript_events", session_id="s-1", seq=9, created_at=1, event_zstd=b"broken", event_utf8_bytes=5)
    add_event(sql, "s-1", 10, json.dumps(line(2)).encode())
    found = [event for event in events(path) if isinstance(event, Skipped)]
    assert [event.line for event in found] == [7, 8, 9]
    assert all(event.data for event in found)
    assert len(shown(path)) == 2


def test_a_newer_schema_is_read_and_reported(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", line(1))
    sql.execute("PRAGMA user_version=24")
    assert warned(path) == ["newer-format"]
    assert len(shown(path)) == 1


def test_an_older_schema_with_other_tables_is_read(path: Path) -> None:
    made = sqlite3.connect(path, isolation_level=None)
    made.execute("CREATE TABLE schema_meta (meta_key TEXT, role TEXT, agent_id TEXT)")
    made.execute("INSERT INTO schema_meta VALUES ('primary', 'agent', 'netto')")
    made.execute("CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT)")
    made.execute("CREATE TABLE sessions (session_id TEXT, session_key TEXT, display_name TEXT)")
    made.execute("INSERT INTO sessions VALUES ('s-1', 'k', 'Old')")
    for seq, record in enumerate((HEADER, line(1), line(2))):
        made.execute("INSERT INTO transcript_events VALUES ('s-1', ?, ?)", (seq, json.dumps(record)))
    made.execute("PRAGMA user_version=4")
    assert len(shown(path)) == 2
    assert next(iter(headers(path).values())).title == "Old"


def test_secrets_beside_the_sessions_are_never_read(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", line(1))
    insert(sql, "auth_profile_store", store_key="k", store_json='{"token":"hunter2"}', updated_at=1)
    assert "hunter2" not in str([encode_body(event.body) for event in events(path) if isinstance(event, Draft)])


def test_a_database_of_another_role_is_no_source(path: Path, sql: sqlite3.Connection) -> None:
    sql.execute("UPDATE schema_meta SET role = 'global'")
    assert warned(path) == ["unrecognised"]


def test_a_damaged_database_never_raises(path: Path, sql: sqlite3.Connection) -> None:
    add_session(sql, "s-1", *(line(number, "x" * 3000) for number in range(1, 60)))
    sql.close()
    whole = path.read_bytes()
    for cut in (0, 16, 100, 5000, len(whole) // 2, len(whole) - 4096):
        path.write_bytes(whole[:cut])
        events(path)
    for at in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:at] + b"\xff" * 64 + whole[at + 64 :])
        events(path)

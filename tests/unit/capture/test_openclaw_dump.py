"""`openclaw backup git`: a dump of the database is as good as the database."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture.base import Draft
from netto_tui.model.revision import About, encode_body
from tests.unit.capture.given import drafts, events, sample, shown, warned, written
from tests.unit.capture.openclaw_database import add_session, insert, line, make_database

LEFT_OUT = ("session_transcript_index_state", "session_transcript_fts", "auth_profile_store")


@pytest.fixture(params=["of our own", "from the samples"])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A database with several sessions, some rows of it compressed."""
    if request.param == "from the samples":
        return sample("openclaw/sqlite/openclaw-agent-small.sqlite")
    path = tmp_path / "small.sqlite"
    sql = make_database(path)
    for number, session in enumerate(("s-1", "s-2")):
        add_session(sql, session, line(1), line(2), line(3), key=f"agent:netto:{number}", model="model-1")
        insert(sql, "session_nodes", session_key=f"agent:netto:{number}", current_session_id=session, label=session)
    sql.close()
    return path


@pytest.fixture
def dump(tmp_path: Path, database: Path) -> Path:
    """A dump of the database, made as OpenClaw makes it."""
    root = tmp_path / "backup" / "agents" / "main"
    source = sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
    source.row_factory = sqlite3.Row
    tables: dict[str, Any] = {}
    for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if "fts" in name or name in LEFT_OUT:
            continue
        rows = [dict(row) for row in source.execute(f"SELECT * FROM {name}")]  # noqa: S608  # a name from the schema
        text = "".join(json.dumps(row, default=lambda data: {"$hex": data.hex()}) + "\n" for row in rows)
        path = written(root / "tables" / f"{name}.jsonl", text)
        tables[name] = {"rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    identity = {"role": "agent", "agentId": "main"}
    manifest = {"schemaVersion": 1, "identity": identity, "userVersion": 23, "excludedTables": [], "tables": tables}
    written(root / "manifest.json", json.dumps(manifest))
    written(root.parent.parent / "global" / "tables" / "secret_store_entries.jsonl", '{"type":"session","id":"s"}\n')
    return root


def by_item(path: Path) -> dict[tuple[str, str], tuple[str, bytes]]:
    return {
        (one.conversation, one.item): (one.at, encode_body(one.body)) for one in drafts(path) if one.item != "about"
    }


def test_a_dump_gives_the_bytes_that_the_database_gives(dump: Path, database: Path) -> None:
    expected = by_item(database)
    assert len(expected) >= 6
    for path in (dump, dump.parent.parent):
        assert by_item(path) == expected
        assert warned(path) == []


def test_headers_differ_only_in_where_they_were_read(dump: Path, database: Path) -> None:
    for one, other in zip(drafts(dump), drafts(database), strict=True):
        if isinstance(one.body, About) and isinstance(other.body, About):
            assert one.body.source["format"] == "openclaw-git-dump/23"
            assert one.body.state == other.body.state
            assert one.body.title == other.body.title
            assert one.body.native == other.body.native


def test_secrets_in_a_dump_are_never_opened(dump: Path) -> None:
    written(dump / "tables" / "auth_profile_store.jsonl", '{"store_json": "hunter2"}\n')
    found = events(dump.parent.parent)
    assert "hunter2" not in str([encode_body(one.body) for one in found if isinstance(one, Draft)])


def test_a_table_that_was_changed_is_reported_and_still_read(dump: Path, database: Path) -> None:
    with (dump / "tables" / "transcript_events.jsonl").open("a") as file:
        file.write("{}\n")
    assert warned(dump) == ["damaged"]
    assert len(shown(dump)) == len(shown(database))


@pytest.mark.parametrize("table", ["transcript_events", "session_windows", "session_nodes"])
def test_a_dump_with_broken_tables_never_raises(dump: Path, table: str) -> None:
    path = dump / "tables" / f"{table}.jsonl"
    for text in (
        "",
        "nonsense\n",
        "{}\n",
        '{"session_id": {"$new": 1}, "seq": [2]}\n',
        '{"a\\"b": 1}\n',
        '{"seq": 5}\n',
        '{"session_id": "s", "SESSION_ID": "S", "seq": 1}\n',
        '{"a\\u0000": 1}\n',
        '{"\\ud800": "\\ud800"}\n',
        "(\udcb5/\udcfd",
        "\udcff\udcfe\0",
    ):
        path.write_bytes(os.fsencode(text))
        assert "damaged" in warned(dump)
    path.unlink()
    events(dump)


def test_a_newer_dump_is_reported(dump: Path, database: Path) -> None:
    manifest = json.loads((dump / "manifest.json").read_text())
    written(dump / "manifest.json", json.dumps({**manifest, "schemaVersion": 2}))
    assert warned(dump) == ["newer-format"]
    assert len(shown(dump)) == len(shown(database))

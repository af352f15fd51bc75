"""Looking again reads what changed, and only that."""

from __future__ import annotations

import json
from pathlib import Path

from netto_tui.capture.watch import look_again
from netto_tui.vault.vault import Vault


def _line(session: str, number: int) -> str:
    record = {
        "type": "user",
        "uuid": f"{session}-{number}",
        "parentUuid": None,
        "sessionId": session,
        "timestamp": f"2026-11-2{number % 10}T10:00:00.000Z",
        "message": {"role": "user", "content": f"Question {number}"},
    }
    return json.dumps(record) + "\n"


def test_an_unchanged_source_is_not_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "projects"
    folder.mkdir()
    for session in ("one", "two"):
        (folder / f"{session}.jsonl").write_text(_line(session, 1))
    with Vault.create(tmp_path / "vault") as vault:
        assert look_again(vault, [folder]).messages == 2
        assert look_again(vault, [folder]).messages == 0
        with (folder / "one.jsonl").open("a") as file:
            file.write(_line("one", 2))
        again = look_again(vault, [folder])
        assert (again.conversations, again.messages, again.added) == (1, 2, 1)


def test_a_source_that_is_gone_is_passed_over_and_nothing_is_deleted(tmp_path: Path) -> None:
    source = tmp_path / "one.jsonl"
    source.write_text(_line("one", 1))
    with Vault.create(tmp_path / "vault") as vault:
        look_again(vault, [source])
        source.unlink()
        assert look_again(vault, [source]).added == 0
        with vault.reader() as reader:
            assert reader.totals().messages == 1


def test_losing_the_hints_costs_a_reading_and_adds_nothing(tmp_path: Path) -> None:
    source = tmp_path / "one.jsonl"
    source.write_text(_line("one", 1))
    with Vault.create(tmp_path / "vault") as vault:
        look_again(vault, [source])
        vault.rebuild_index()
        again = look_again(vault, [source])
        assert (again.messages, again.added) == (1, 0)

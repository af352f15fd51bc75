"""Earlier states of a replica on the command line, and what else is the twin of the Recovery screens."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Program


def test_the_states_of_a_replica_are_listed_compared_and_brought_back(vault: Program, tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    told = vault("--json", "log", "--role", "user", "--title", "Trip", f"My key is {secret}").json
    vault("sync")
    listed = vault("--json", "snapshots", "history").json["snapshots"]
    first = next(one for one in listed if one["changed"])  # those of one second stand in any order
    assert first["changed"] == 1 and first["by"].startswith("laptop") and len(first["id"]) == 40
    assert "what it says" in vault("snapshots", "history").out
    vault("edit", told["conversation"], told["item"], "Something else")
    vault("log", "--role", "user", "--title", "Another", "Hello")
    found = vault("--json", "snapshots", "history", "--as-of", "today").json
    kinds = {one["title"]: (one["kind"], one["messages"]) for one in found["differences"]}
    assert kinds == {
        "Trip": ("changed", {"then": 1, "now": 1}),
        "Another": ("added", {"then": 0, "now": 1}),
    }
    assert found["total"] == 2
    one = vault("snapshots", "history", "--as-of", "today", "--conversation", told["conversation"][:8])
    assert "+ Something else" in one.out and secret not in one.out
    preview = vault("--json", "restore", "--from", "history", "--as-of", "today", "--dry-run").json
    assert (preview["add"], preview["change"], preview["remove"], preview["keep"]) == (0, 1, 0, 0)
    assert [(item["title"], item["kind"]) for item in preview["items"]] == [("Trip", "change")]
    report = vault(
        "--json", "restore", "--from", "history", "--as-of", "today", "--yes", "--conversation", told["conversation"]
    ).json
    assert report["added"] == 1 and report["undo"] and report["until"]
    assert [one["kind"] for one in vault("--json", "snapshots", "history", "--as-of", "today").json["differences"]] == [
        "added"
    ]
    assert not list((tmp_path / "vault" / "staging").glob("*"))


def test_snapshots_of_one_second_are_named_by_their_ids(
    vault: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = vault("--json", "log", "--role", "user", "Say one.").json
    now = time.time_ns() + 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: now)
    for text in ("Say two.", "Say three."):
        assert vault("edit", told["conversation"], told["item"], text).code == 0
        vault("sync", "history")
    found = vault("--json", "snapshots", "history", "--conversation", told["conversation"]).json["snapshots"]
    three, two = (one["id"][:10] for one in found[:2])
    assert found[0]["at"] == found[1]["at"]
    assert three in vault("snapshots", "history").out and two in vault("snapshots", "history").out
    refused = vault("snapshots", "history", "--as-of", found[0]["at"])
    assert refused.code == 2 and three in refused.err and two in refused.err and "id of one" in refused.err
    differs = vault("snapshots", "history", "--as-of", two, "--conversation", told["conversation"])
    assert "- Say two." in differs.out and "+ Say three." in differs.out
    assert vault("--json", "snapshots", "history", "--as-of", three).json["total"] == 0
    assert vault("snapshots", "history", "--as-of", "0000000000").code == 2
    place = tmp_path / "then"
    assert vault("restore", "--from", "history", "--as-of", two, "--to", str(place)).code == 0
    assert "Say two." in vault("--vault", str(place), "show", told["conversation"]).out
    assert vault("restore", "--from", "history", "--as-of", two, "--yes").code == 0
    assert "Say two." in vault("show", told["conversation"]).out


def test_a_replica_without_a_history_says_so(vault: Program) -> None:
    outcome = vault("snapshots", "disk")
    assert outcome.code == 2
    assert "keeps no history" in outcome.err


def test_verifying_lists_its_finds_and_drills_have_a_history(vault: Program, tmp_path: Path) -> None:
    conversation = vault("--json", "log", "--role", "user", "Hello").json["conversation"]
    found = vault("--json", "verify", "disk").json["finds"]
    assert [(one["store"], one["kind"], one["conversation"]) for one in found] == [("disk", "missing", conversation)]
    assert "netto-tui sync" in found[0]["mends"]
    vault("sync")
    assert vault("drill", "--history").out.startswith("A restore was never tried")
    vault("drill")
    shutil.rmtree(tmp_path / "disk")
    assert vault("drill", "disk").code == 1
    drills = vault("--json", "drill", "--history").json["drills"]
    assert (drills[0]["name"], drills[0]["ok"]) == ("disk", False)
    assert sorted((one["name"], one["ok"]) for one in drills[1:]) == [("disk", True), ("history", True)]

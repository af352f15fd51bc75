"""`status`, and pausing replicas with `sync --pause`."""

from __future__ import annotations

from pathlib import Path

from netto_tui.model.revision import ABOUT
from netto_tui.sync.events import ConflictFound
from netto_tui.sync.journal import Journal
from netto_tui.vault.vault import Vault
from tests.cli.conftest import Program


def paused(netto: Program) -> dict[str, bool]:
    return {one["name"]: one["paused"] for one in netto("status", "--json").json["replicas"]}


def test_a_paused_replica_is_left_alone_until_it_is_resumed(vault: Program) -> None:
    vault("log", "--role", "user", "Hello")
    done = vault("sync", "--pause", "disk", "--json")
    assert done.code == 0
    assert {one["name"]: one["paused"] for one in done.json["replicas"]} == {"history": False, "disk": True}
    synced = vault("sync", "--json")
    assert [one["name"] for one in synced.json["replicas"]] == ["history"]
    assert "netto-tui sync --resume disk" in synced.err
    refused = vault("sync", "disk")
    assert refused.code == 2 and "netto-tui sync --resume disk" in refused.err
    assert paused(vault) == {"history": False, "disk": True}
    assert "disk: paused" in vault("status").out
    health = {one["name"]: one["state"] for one in vault("health", "--json").json["checks"]}
    assert health["disk"] == "warn", "a pause is no fault, and is not forgotten"
    vault("sync", "--pause")
    assert vault("sync").code == 2
    assert vault("sync", "--resume").code == 0
    assert paused(vault) == {"history": False, "disk": False}
    assert len(vault("sync", "--json").json["replicas"]) == 2


def test_pausing_asks_for_names_that_are_there_and_for_nothing_else_at_once(vault: Program) -> None:
    assert "There are: " in vault("sync", "--pause", "attic").err
    assert vault("sync", "--pause", "--rebuild", "disk").code == 2
    assert paused(vault) == {"history": False, "disk": False}


def test_status_tells_what_the_screen_shows(vault: Program) -> None:
    vault("log", "--role", "user", "Hello")
    assert {one["behind"] for one in vault("status", "--json").json["replicas"]} == {None}
    vault("sync")
    told = vault("status", "--json", "--journal", "5").json
    [disk] = [one for one in told["replicas"] if one["name"] == "disk"]
    assert {name: disk[name] for name in ("state", "pending", "behind", "conflicts", "failures", "error")} == {
        "state": "ok",
        "pending": 0,
        "behind": 0,
        "conflicts": 0,
        "failures": 0,
        "error": None,
    }
    assert [(day["pushed"] > 0, day["failures"]) for day in disk["days"]] == [(True, 0)]
    assert {line["kind"] for line in told["journal"]} == {"Pushed"}
    assert all(line["text"].endswith("read back") for line in told["journal"])
    assert "disk: took " in vault("status", "--journal", "5").out


def test_the_journal_is_printed_with_titles_and_as_json_with_ids(vault: Program, home: Path) -> None:
    name = vault("log", "--role", "user", "--title", "Eggs", "--json", "Hello").json["conversation"]
    with Vault.open(home) as opened:
        journal = Journal(opened, lambda event: None)
        journal(ConflictFound("2026-11-23T10:00:00.000Z", "disk", name, ABOUT))
        journal.flush()
    assert "disk: “Eggs” has several versions of the header" in vault("status", "--journal", "1").out
    [line] = vault("status", "--journal", "1", "--json").json["journal"]
    assert line["text"] == f"{name} has several versions of the header"

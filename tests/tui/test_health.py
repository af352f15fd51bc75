"""The Health section: promises as lights with evidence and the next step, alerts, and the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netto_tui.config import Config, pause, save
from netto_tui.log import append, file_of
from netto_tui.recovery import health as checks_of
from netto_tui.recovery.health import Check, check
from netto_tui.recovery.lights import PROMISES, lights
from netto_tui.sync.events import Alerted
from netto_tui.sync.journal import Journal
from netto_tui.tui.panes import health_words
from netto_tui.tui.panes.health import HealthPane
from netto_tui.tui.panes.recovery import RecoveryPane
from netto_tui.tui.panes.sync import SyncPane
from netto_tui.tui.screens.details import DetailsScreen
from netto_tui.tui.screens.drills import DrillsScreen
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.test_sync_section import shown
from tests.tui.vaults import NOW

ONE_OF_EACH = [
    Check("vault", "ok", "7 conversations", "", (1, 2), "losses"),
    Check("conflicts", "warn", "4 items to decide", "netto-tui conflicts", (4,), "conflicts"),
    Check("disk", "bad", "never synced", "netto-tui sync disk", (5, 8), "replica", "disk"),
    Check("drill disk", "warn", "a restore from it was never tried", "netto-tui drill disk", (6,), "drill", "disk"),
    Check("clock", "ok", "it agrees", "", (), "clock"),
]


def pane_of(driven: Driven) -> HealthPane:
    return driven.app.main.query_one(HealthPane)


def names(driven: Driven) -> list[str]:
    """The rows of the list: a light by its number, a check by its name."""
    pane = pane_of(driven)
    found = [pane.lights.pages.row(index) for index in range(pane.lights.count)]
    return [row.check.name if row.check else str(row.light.number) for row in found if row]


async def go_to(driven: Driven, name: str) -> None:
    await driven.until(lambda: name in names(driven), f"{name} is there")
    await driven.press("g", *["j"] * names(driven).index(name))


def test_each_promise_has_the_state_of_its_worst_evidence() -> None:
    found = lights(ONE_OF_EACH)
    assert [light.number for light in found] == list(PROMISES) == [1, 2, 3, 4, 5, 6, 7, 8, 0]
    assert [light.state for light in found] == ["ok", "ok", "ok", "warn", "bad", "warn", "ok", "bad", "ok"]
    assert found[2].evidence == "nothing tells against it"
    assert found[4].evidence == "disk: never synced"


def test_what_is_not_good_stands_below_its_promise_and_the_rest_when_it_is_opened() -> None:
    rows = health_words.rows(lights(ONE_OF_EACH), ())
    assert [row.check.name for row in rows if row.check] == ["conflicts", "disk", "drill disk", "disk"]
    assert [row.check.name for row in health_words.rows(lights(ONE_OF_EACH), {1, 0}) if row.check] == [
        "vault",
        "conflicts",
        "disk",
        "drill disk",
        "disk",
        "clock",
    ]
    text = health_words.detail(next(row for row in rows if row.check is not None)).plain
    assert text.splitlines() == [
        "! conflicts: 4 items to decide",
        "  To do  netto-tui conflicts",
        "  enter opens Conflicts",
    ]


def test_a_clock_that_went_back_is_a_fault_and_a_store_that_differs_is_told(vault_path: Path) -> None:
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        journal = Journal(vault, lambda event: None)
        journal(Alerted("2026-11-23T09:59:00.000Z", "disk", "clock", "The clock of disk differs from ours by 400 s."))
        journal.flush()
        [clock] = [each for each in check(vault, Config()) if each.name == "clock"]
        assert (clock.state, clock.replica) == ("warn", "disk") and "400 s" in clock.detail
    with Vault.open(vault_path, now=lambda: NOW - 3_600_000) as vault:
        [clock] = [each for each in check(vault, Config()) if each.name == "clock"]
        assert (clock.state, clock.remedy) == ("bad", "Set this machine's clock")


async def test_the_lights_lead_to_where_each_thing_is_mended(start: Start, vault_path: Path) -> None:
    pause(vault_path / "config.toml", ["disk"], True)
    async with start((80, 24)) as driven:
        await driven.press("5")
        assert pane_of(driven).lights.selected is not None and names(driven)[3] == "4"
        assert "4 items to decide" in shown(driven), "the cursor is on the first thing to do"
        assert "= paused" not in shown(driven) and "paused by a person" in shown(driven)
        await go_to(driven, "disk")
        assert "netto-tui sync --resume disk" in shown(driven)
        await driven.press("enter")
        assert driven.app.main.header.section == "sync"
        row = driven.app.main.query_one(SyncPane).stores.selected
        assert row is not None and row.name == "disk"
        await driven.press("5")
        await go_to(driven, "conflicts")
        await driven.pilot.click("#checks", offset=(20, 1 + names(driven).index("conflicts")))
        await driven.settle()
        assert driven.app.main.header.section == "conflicts", "a click on the cursor goes there too"
        await driven.press("5")
        await go_to(driven, "drill mirror")
        await driven.press("enter")
        recovery = driven.app.main.query_one(RecoveryPane)
        assert driven.app.main.header.section == "recovery" and recovery.wanted.source == "mirror"
        await driven.press("D")
        drills = driven.app.screen
        assert isinstance(drills, DrillsScreen)
        assert drills.trials.selected is not None and drills.trials.selected.name == "mirror"


async def test_space_shows_all_evidence_and_enter_shows_what_is_well_whole(start: Start) -> None:
    async with start() as driven:
        await driven.press("5")
        await go_to(driven, "1")
        before = pane_of(driven).lights.count
        await driven.press("space")
        assert names(driven)[:3] == ["1", "vault", "free space"]
        await driven.press("j", "enter")
        assert isinstance(driven.app.screen, DetailsScreen) and "none lost anything" in driven.app.screen.text
        await driven.press("escape", "k", "space")
        assert pane_of(driven).lights.count == before


async def test_alerts_and_the_log_can_be_read_whole(start: Start, vault_path: Path) -> None:
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        journal = Journal(vault, lambda event: None)
        journal(Alerted("2026-11-23T09:30:00.000Z", "disk", "rolled-back", "The copy is an old one. Check the disk."))
        journal(Alerted("2026-11-01T09:30:00.000Z", "disk", "marker", "This was long ago."))
        journal.flush()
    append(file_of(vault_path), "\n".join(f"line {number} \x1b[2J" for number in range(50)))
    async with start((120, 40)) as driven:
        await driven.press("5")
        await driven.until(lambda: "The copy is an old one." in shown(driven))
        assert "This was long ago" not in shown(driven)
        assert "line 49 ␛[2J" in shown(driven) and "line 46" not in shown(driven)
        await driven.press("tab", "enter")
        assert isinstance(driven.app.screen, DetailsScreen)
        assert "Check the disk." in driven.app.screen.text
        await driven.press("escape", "l")
        assert isinstance(driven.app.screen, DetailsScreen)
        assert "line 0" in driven.app.screen.text and "\x1b" not in driven.app.screen.text
        assert "line 49" in shown(driven), "it begins at the end"
        await driven.press("escape", "i")
        assert isinstance(driven.app.screen, DetailsScreen) and "digest: " in driven.app.screen.text


async def test_checking_again_finds_what_changed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start() as driven:
        await driven.press("5")
        await driven.until(lambda: pane_of(driven).checks)
        monkeypatch.setattr(checks_of, "LOW_SPACE", 2**80)
        await driven.press("r")
        await driven.until(lambda: "✗ 1 fault" in shown(driven), "the disk is full now")
        await driven.until(lambda: "Looked at everything again." in driven.toasts)
        await go_to(driven, "free space")
        assert "Free some space" in shown(driven)


async def test_without_a_replica_enter_begins_to_add_one(start: Start, vault_path: Path) -> None:
    save(vault_path / "config.toml", Config())
    async with start() as driven:
        await driven.press("5")
        await go_to(driven, "replicas")
        assert "there is no second copy" in shown(driven)
        await driven.press("enter")
        assert type(driven.app.screen).__name__ == "SetupScreen"


async def test_settings_that_cannot_be_read_are_the_fault(start: Start, vault_path: Path) -> None:
    (vault_path / "config.toml").write_text("garbage [[[")
    async with start() as driven:
        await driven.press("5")
        await driven.until(lambda: "✗ 1 fault" in shown(driven))
        assert "config.toml cannot be read" in shown(driven) and "Correct it there" in shown(driven)


async def test_the_command_tells_the_same_as_the_screens(
    start: Start, vault_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from netto_tui.cli import run
    from netto_tui.cli.session import Session

    def told(*args: str) -> dict[str, object]:
        run((*args, "--json", "--vault", str(vault_path)))
        return dict(json.loads(capsys.readouterr().out))

    monkeypatch.setattr(Session, "open", lambda session: Vault.open(session.path, now=lambda: NOW))
    async with start() as driven:
        await driven.press("2", "5")
        await driven.until(lambda: pane_of(driven).checks)
        seen = lights(pane_of(driven).checks)
        rows = driven.app.main.query_one(SyncPane).rows[1:]
    capsys.readouterr()
    promises = told("health")["promises"]
    assert isinstance(promises, list)
    assert [(one["promise"], one["name"], one["state"]) for one in promises] == [
        (light.number, light.title, light.state) for light in seen
    ]
    replicas = told("status")["replicas"]
    assert isinstance(replicas, list)
    fields = ("name", "state", "verified", "pending", "behind", "conflicts")
    assert [tuple(one[field] for field in fields) for one in replicas] == [
        tuple(getattr(row, field) for field in fields) for row in rows
    ]

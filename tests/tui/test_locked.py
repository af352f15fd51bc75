"""The app while the keys of sealed replicas are not at hand: it goes on, says so, and takes them up when they come."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from netto_tui.config import ReplicaConfig
from netto_tui.security import keyring_store
from netto_tui.setup import trial
from netto_tui.setup.adding import add
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.health import HealthPane
from netto_tui.tui.panes.sync import SyncPane
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.servers import keyrings, quick_slots
from tests.tui.conftest import Driven
from tests.tui.vaults import NOW


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, keyrings.Hanging]:
    """A vault with a sealed replica, whose keys lie in a keyring that asks somewhere and waits."""
    monkeypatch.setattr("netto_tui.security.slots.seal", quick_slots.seal)
    monkeypatch.setattr(keyring_store, "SECONDS", 1.0)
    monkeypatch.delenv("NETTO_KEY_FILE", raising=False)
    disk = ReplicaConfig("disk", "folder", str(tmp_path / "disk"))
    hanging = keyrings.Hanging()
    hanging.answered.set()
    with keyrings.used(hanging):
        add(tmp_path / "vault", disk, None, trial.Trial(), threading.Event(), lambda: NOW)
    with Vault.open(tmp_path / "vault", now=lambda: NOW) as vault:
        writing.log(vault, None, "user", "Is anybody there?")
    quick_slots.forget()
    hanging.answered.clear()
    return tmp_path / "vault", hanging


async def test_a_keyring_that_waits_for_an_answer_holds_nothing_up(sealed: tuple[Path, keyrings.Hanging]) -> None:
    path, hanging = sealed
    app = NettoApp(path, now=lambda: NOW)
    with keyrings.used(hanging):
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            driven = Driven(app, pilot, [])
            await driven.until(lambda: hanging.asked, "the keyring is asked")
            for section in "2345":
                await pilot.press(section)
            await driven.until(lambda: app.main.query_one(HealthPane).display, "the screen follows meanwhile")
            assert not hanging.answered.is_set()
            await driven.until(lambda: any("locked" in toast for toast in driven.toasts), "it says so")
            await pilot.press("2")
            pane = app.main.query_one(SyncPane)
            await driven.until(lambda: [row.state for row in pane.rows if row.name == "disk"] == ["locked"])
            assert not list((path.parent / "disk").glob("sessions/**/*.jsonl"))
            hanging.answered.set()
            for _ in range(20):  # a pass may still be at the end of its wait
                await driven.press("S")
                if list((path.parent / "disk").glob("sessions/**/*.jsonl")):
                    break
                await pilot.pause(0.5)
            await driven.until(lambda: [row.state for row in pane.rows if row.name == "disk"] == ["ok"], "it goes on")
    assert list((path.parent / "disk").glob("sessions/**/*.jsonl"))

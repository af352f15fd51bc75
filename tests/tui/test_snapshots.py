"""Earlier states of a replica on the screen: listed, read, searched, compared with now, and brought back."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from netto_tui.config import ReplicaConfig
from netto_tui.errors import Refused
from netto_tui.model.conversation import body_text, items
from netto_tui.replicas.base import Held
from netto_tui.replicas.git import Git
from netto_tui.setup import trial
from netto_tui.setup.adding import add
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.panes.recovery import RecoveryPane
from netto_tui.tui.screens.difference import DifferenceScreen
from netto_tui.tui.screens.differences import DifferencesScreen
from netto_tui.tui.screens.snapshot import SnapshotScreen
from netto_tui.tui.screens.snapshots import SnapshotsScreen
from netto_tui.tui.widgets.drawn import DrawnLines
from netto_tui.tui.widgets.workline import WorkLine
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.servers import quick_slots
from tests.tui.conftest import Driven, Start
from tests.tui.test_recovery import done, lose, open_recovery, outcome
from tests.tui.vaults import NOW, sync, talk

HOUR = 3_600_000
FLAT, LATER = talk(1)[0], "And who pays the condominium fee?"
RECIPE = talk(6)[0]
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"


@pytest.fixture
def changed_since(vault_path: Path) -> None:
    """Since the first snapshot: a message edited, one with a credential added, a conversation deleted."""
    with Vault.open(vault_path, now=lambda: NOW + HOUR) as vault:
        writing.edit(vault, FLAT, talk(1)[1][2].rev.item, "Ask for a written contract, even for one week.")
        writing.log(vault, FLAT, "user", f"The key is {SECRET}, keep it.")
        writing.delete(vault, RECIPE)
        sync(vault)


def staged(path: Path) -> list[Path]:
    """What lies in staging."""
    return list((path / "staging").glob("*"))


async def open_snapshots(driven: Driven) -> SnapshotsScreen:
    await open_recovery(driven)
    await driven.press("j", "s")
    screen = driven.app.screen
    assert isinstance(screen, SnapshotsScreen)
    await driven.until(lambda: screen.found and not screen.query_one("#snapshots-list", WorkLine).running)
    return screen


async def open_first(driven: Driven) -> SnapshotScreen:
    """Open the oldest snapshot that has conversations."""
    listing = await open_snapshots(driven)
    await driven.press(*"G", "k", "enter")
    await driven.until(lambda: isinstance(driven.app.screen, SnapshotScreen), "the snapshot is open")
    screen = driven.app.screen
    assert isinstance(screen, SnapshotScreen)
    assert listing.found[-2].id == screen.snapshot.id
    await driven.until(lambda: screen.pane.is_filled)
    return screen


@pytest.mark.usefixtures("changed_since")
async def test_a_snapshot_is_read_and_searched_like_the_vault_and_nothing_in_it_changes(
    start: Start, vault_path: Path
) -> None:
    async with start() as driven:
        assert driven.app.vault is not None
        digest = driven.app.vault.digest()
        screen = await open_first(driven)
        assert "SNAPSHOT of 2026-11-23 10:00" in str(screen.query_one("#snapshot-bar", Static).content)
        assert screen.pane.entries.count == 7
        await driven.press("slash", *"beans")
        await driven.until(lambda: screen.pane.entries.count == 1 and screen.pane.shown.text)
        await driven.press("enter", "enter")
        assert screen.pane.reading.row is not None
        assert screen.pane.reading.row.title == "Recipe: feijoada"
        await driven.press("c", "u")
        assert sum("This is a snapshot" in toast for toast in driven.toasts) == 2
        vault = netto_of(screen.pane).vault
        assert vault is not None and vault is not driven.app.vault
        with pytest.raises(Refused):
            writing.delete(vault, FLAT)
        assert driven.app.vault.digest() == digest
        assert len(staged(vault_path)) == 1
        await driven.press("escape", "escape", "escape", "escape", "escape")
        assert driven.app.screen is driven.app.main
    for thread in threading.enumerate():
        if thread.name == "snapshot":
            thread.join()
    assert staged(vault_path) == []


@pytest.mark.usefixtures("changed_since")
async def test_what_differs_from_a_snapshot_is_shown_and_brought_back(start: Start) -> None:
    async with start((80, 24)) as driven:
        await open_first(driven)
        await driven.press("D")
        await driven.until(lambda: isinstance(driven.app.screen, DifferencesScreen))
        screen = driven.app.screen
        assert isinstance(screen, DifferencesScreen)
        await driven.until(lambda: screen.found)
        assert [(one.kind, one.title) for one in screen.found] == [
            ("changed", "Lisbon flat hunting"),
            ("removed", "Recipe: feijoada"),
        ]
        await driven.press("enter")
        inner = driven.app.screen
        assert isinstance(inner, DifferenceScreen)
        await driven.until(lambda: inner.query_one(DrawnLines).lines)
        text = inner.copied_text()
        assert "~ changed  assistant" in text
        assert "- Ask for a written contract, even for a short stay." in text
        assert "+ Ask for a written contract, even for one week." in text
        assert "+ only now  user" in text and SECRET not in text
        await driven.press("escape", "space")
        await driven.press("space", "R")
        pane = driven.app.main.query_one(RecoveryPane)
        assert "change 2" in await done(driven, pane)
        await driven.press("R", "enter")
        await driven.until(lambda: "✓ Restored from mirror" in outcome(pane))
        await driven.until(lambda: driven.app.reader is not None and driven.app.vault is not None)
        assert driven.app.vault is not None
        said = items(driven.app.vault.records(FLAT))[talk(1)[1][2].rev.item].value.body
        assert "even for a short stay" in body_text(said)
        with driven.app.vault.reader() as reader:
            row = reader.conversation(RECIPE)
        assert row is not None and row.messages == 2


async def test_the_last_snapshot_of_a_day_is_found_by_its_date(start: Start, changed_since: None) -> None:
    async with start() as driven:
        screen = await open_snapshots(driven)
        assert sum(one.changed or 0 for one in screen.found) >= 9
        await driven.press("d", *"2001", "enter")
        assert any("no snapshot from that day" in toast for toast in driven.toasts)
        await driven.press("G", "d", *"2026-11-23", "enter")
        assert screen.rows.cursor == 0
        await driven.press("R")
        pane = driven.app.main.query_one(RecoveryPane)
        await done(driven, pane)
        assert pane.wanted.as_of == screen.found[0].moment


async def test_a_snapshot_is_found_by_its_id_among_others_of_its_second(start: Start, vault_path: Path) -> None:
    with Vault.open(vault_path, now=lambda: NOW + HOUR) as vault:
        for text in ("Say two.", "Say three."):
            writing.edit(vault, FLAT, talk(1)[1][2].rev.item, text)
            sync(vault)
    async with start() as driven:
        screen = await open_snapshots(driven)
        three, two = [one for one in screen.found if one.changed and one.at_ms == screen.found[0].at_ms][:2]
        await driven.press("G", "d", *two.short_id, "enter")
        assert screen.rows.selected == two
        await driven.press("d", *"zzzz", "enter")
        assert screen.rows.selected == two and "zzzz" in driven.toasts[-1]
        for one, said in ((two, "Say two."), (three, "Say three.")):
            await driven.press("d", *one.short_id, "enter", "enter")
            await driven.until(lambda: isinstance(driven.app.screen, SnapshotScreen), "the snapshot is open")
            shown = driven.app.screen
            assert isinstance(shown, SnapshotScreen)
            vault_then = netto_of(shown.pane).vault
            assert vault_then is not None
            assert body_text(items(vault_then.records(FLAT))[talk(1)[1][2].rev.item].value.body) == said
            await driven.press("escape")
        await driven.press("d", *two.short_id, "enter", "R")
        pane = driven.app.main.query_one(RecoveryPane)
        assert "change 1" in await done(driven, pane)
        assert pane.wanted.as_of == two.moment


async def test_a_sealed_replica_shows_its_snapshots_and_says_when_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netto_tui.security.slots.seal", quick_slots.seal)
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "key"))
    mirror = ReplicaConfig("mirror", "git", str(tmp_path / "mirror.git"))
    add(tmp_path / "vault", mirror, None, trial.Trial(), threading.Event(), lambda: NOW)
    with Vault.open(tmp_path / "vault", now=lambda: NOW) as vault:
        writing.log(vault, None, "user", "Is anybody there?")
        sync(vault)
    async with sealed_snapshots(tmp_path / "vault") as driven:
        await driven.press("enter")
        await driven.until(lambda: isinstance(driven.app.screen, SnapshotScreen))
        shown = driven.app.screen
        assert isinstance(shown, SnapshotScreen)
        await driven.until(lambda: shown.pane.entries.count == 1)
    quick_slots.forget()
    (tmp_path / "key").unlink()
    async with sealed_snapshots(tmp_path / "vault") as driven:
        await driven.press("enter")
        error = driven.app.screen.query_one(".task-error", Static)
        await driven.until(lambda: str(error.content).startswith("✗"))
        assert "netto-tui keys unlock" in str(error.content)


@asynccontextmanager
async def sealed_snapshots(path: Path) -> AsyncIterator[Driven]:
    """The snapshots of the one replica of a vault."""
    app = NettoApp(path, now=lambda: NOW, sync=False)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.main.is_filled)
        await driven.press("4", "s")
        screen = app.screen
        assert isinstance(screen, SnapshotsScreen)
        await driven.until(lambda: screen.found)
        yield driven


KEYS = {"verify": ("v", "v"), "preview": ("p",), "drill": ("D", "j", "t"), "open": ("s", "enter")}


class Endless:
    """Lets a Git replica be read without an end, until it is told to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.told = threading.Event(), threading.Event()
        monkeypatch.setattr(Git, "read", self._endless(Git.read))
        monkeypatch.setattr(Git, "read_as_of", self._endless(Git.read_as_of))

    def _endless(self, reads: Callable[..., Iterator[Held]]) -> Callable[..., Iterator[Held]]:
        def read(replica: Git, *given: object) -> Iterator[Held]:
            self.begun.set()
            if replica.cancel.wait(20):
                self.told.set()
            yield from reads(replica, *given)

        return read


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
async def test_leaving_the_app_tells_what_runs_to_stop_and_leaves_nothing_behind(
    start: Start, vault_path: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    endless = Endless(monkeypatch)
    async with start() as driven:
        await open_recovery(driven)
        await driven.pilot.press("j", *keys)
        await driven.until(endless.begun.is_set, "it reads")
        await driven.pilot.press("ctrl+q")
    assert endless.told.wait(10)
    for _ in range(500):
        if not staged(vault_path):
            break
        threading.Event().wait(0.01)
    assert staged(vault_path) == []


async def test_esc_stops_a_restore_and_everything_is_as_it_was(
    start: Start, vault_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(vault_path, RECIPE)
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("j", "p")
        assert "would add 1" in await done(driven, pane)
        assert driven.app.vault is not None
        digest, endless = driven.app.vault.digest(), Endless(monkeypatch)
        await driven.pilot.press("R", *"RESTORE", "enter")
        await driven.until(endless.begun.is_set, "it reads")
        assert pane.why_not("verify").startswith("Wait: restoring")
        await driven.pilot.press("escape")
        await driven.until(lambda: outcome(pane).startswith("="), "it is stopped")
        await driven.until(lambda: driven.app.vault is not None and driven.app.vault.digest() == digest)
        assert staged(vault_path) == [] and not list((vault_path / "undo").glob("*"))


async def test_what_ends_while_one_reads_elsewhere_takes_no_focus(start: Start, vault_path: Path) -> None:
    lose(vault_path, RECIPE)
    async with start() as driven:
        pane = await open_recovery(driven)
        pane.action_preview()
        await driven.press("1", "slash")
        await driven.until(lambda: not pane.running and "would add 1" in outcome(pane))
        assert isinstance(driven.app.focused, Input)

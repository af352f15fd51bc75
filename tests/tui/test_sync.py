"""The Sync section with the real worker, and the frame around all sections."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from netto_tui.config import ReplicaConfig, load, save
from netto_tui.files import seal_json
from netto_tui.sync.events import Alerted, PassReport
from netto_tui.tui import messages
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.sync import SyncPane
from netto_tui.tui.screens.help import HelpScreen, groups
from netto_tui.tui.widgets.progress import ProgressLine
from tests.tui.conftest import Driven, Start

AT = "2026-11-23T10:00:00.000Z"


def sync_pane(driven: Driven) -> SyncPane:
    return driven.app.main.query_one(SyncPane)


async def test_every_store_says_how_it_stands(start: Start) -> None:
    async with start() as driven:
        await driven.press("2")
        rows = [(row.name, row.state, row.pending) for row in sync_pane(driven).rows]
        assert rows == [("local", "ok", 0), ("disk", "ok", 0), ("mirror", "behind", 1)]
        assert sync_pane(driven).journal.count


async def test_syncing_now_brings_every_replica_into_step(start: Start) -> None:
    async with start(sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        await driven.press("2", "S")
        await driven.until(lambda: driven.said(messages.PassFinished), "a pass ended")
        await driven.until(lambda: all(row.state == "ok" for row in sync_pane(driven).rows))
        assert all(row.state == "ok" for row in driven.app.main.header.replicas)


async def test_a_lost_replica_is_rebuilt_when_a_person_types_the_word(start: Start) -> None:
    async with start(sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        await driven.press("2", "S")
        await driven.until(lambda: all(row.state == "ok" for row in sync_pane(driven).rows))
        mirror = Path(sync_pane(driven).rows[2].target)
        await driven.press("j", "j", "R")
        assert "not lost or damaged" in driven.toasts[-1]
        shutil.rmtree(mirror)
        await driven.press("r")
        await driven.until(lambda: sync_pane(driven).rows[2].state == "unreachable")
        await driven.press("R", *"REBUILD", "enter")
        await driven.until(lambda: sync_pane(driven).rows[2].state == "ok")
        assert mirror.is_dir()


async def test_progress_shows_and_goes_when_the_pass_ends(start: Start) -> None:
    async with start() as driven:
        await driven.press("2")
        bar = driven.app.main.query_one(ProgressLine)
        driven.app.post_message(messages.ProgressMoved("mirror", "push", 31, 48))
        await driven.until(lambda: bar.display)
        assert "31/48 writing to mirror" in bar.render().plain
        assert "writing to mirror 31/48" in driven.app.main.header.activity
        assert sync_pane(driven).why_not("stop") == ""
        driven.app.post_message(messages.PassFinished(PassReport("mirror", "git", "ok"), AT))
        await driven.until(lambda: not bar.display)
        assert driven.app.main.header.activity == ""


async def test_a_key_that_cannot_do_anything_says_why(start: Start) -> None:
    async with start() as driven:
        await driven.press("2", "x")
        assert any("Nothing is running" in toast for toast in driven.toasts)
        await driven.press("g", "p", "r")
        assert any("Move to a replica first" in toast for toast in driven.toasts)


async def test_help_lists_the_keys_of_the_focused_thing_with_reasons(start: Start) -> None:
    async with start() as driven:
        await driven.press("2", "question_mark")
        shown = driven.app.screen
        assert isinstance(shown, HelpScreen)
        found = shown.groups
        assert list(found)[:2] == ["This list", "Sync"]
        assert ("x", "Stop what runs; what was done is kept", "Nothing is running.") in found["Sync"]
        await driven.press("escape")
        assert driven.app.screen is driven.app.main
        assert any("j" in keys for keys, _, _ in groups(driven.app.main.active_bindings)["This list"])


async def test_every_binding_can_be_rebound(start: Start) -> None:
    async with start() as driven:
        driven.app.set_keymap({"app.sync": "f8"})
        await driven.press("f8")
        assert driven.app.main.pane.id == "sync"


async def test_the_focused_thing_can_have_the_whole_screen(start: Start) -> None:
    async with start() as driven:
        await driven.press("enter", "z")
        assert driven.app.main.maximized is not None
        await driven.press("escape")
        assert driven.app.main.maximized is None


async def test_the_palette_finds_conversations_by_title(start: Start) -> None:
    from netto_tui.tui.palette import HIT_LIMIT, Conversations
    from netto_tui.tui.panes.browse import BrowsePane

    async with start() as driven:
        provider = Conversations(driven.app.main)
        hits = [hit async for hit in provider.search("feijoada")]
        assert [hit.text for hit in hits] == ["Recipe: feijoada"]
        assert HIT_LIMIT <= 50
        await hits[0].command()
        await driven.settle()
        pane = driven.app.main.query_one(BrowsePane)
        assert pane.transcript.selected and pane.transcript.selected.text == "For six, please."


async def test_hostile_toasts_and_errors_are_text(start: Start) -> None:
    async with start() as driven:
        driven.app.notify("[/bad] \x1b[2J [@click=app.quit]x[/]", title="[/]")
        await driven.settle()
        assert driven.toasts[-1] == "[/bad] ␛[2J [@click=app.quit]x[/]"


async def test_a_vault_that_cannot_be_opened_is_said_on_the_screen(vault_path: Path) -> None:
    from netto_tui.tui.panes.browse import BrowsePane

    (vault_path / ".netto" / "vault.json").write_bytes(seal_json({"format": "netto.vault/99"}))
    app = NettoApp(vault_path, sync=False)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.screen is not app.main, "the error is shown")
        assert "Upgrade netto-tui" in app.main.query_one(BrowsePane).entries.empty


async def test_settings_with_a_mistake_are_named_when_sync_is_asked_for(start: Start, vault_path: Path) -> None:
    async with start(sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        with (vault_path / "config.toml").open("a") as file:
            file.write("garbage [[[")
        await driven.press("S")
        assert any("config.toml cannot be read" in toast for toast in driven.toasts)
        assert not any("Syncing with" in toast for toast in driven.toasts)


async def test_a_replica_added_to_the_settings_shows_by_itself(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        await driven.press("2")
        pane = driven.app.main.query_one(SyncPane)
        config = load(vault_path / "config.toml")
        more = ReplicaConfig("third", "folder", "third", plain=True)
        save(vault_path / "config.toml", replace(config, replicas=(*config.replicas, more)))
        await driven.until(lambda: pane.stores.count == 4)
        assert [row.name for row in driven.app.main.header.replicas] == ["disk", "mirror", "third"]


async def test_an_alert_of_sync_is_told_once(start: Start) -> None:
    async with start() as driven:
        for _ in range(2):
            driven.app.bridge(Alerted("2026-11-23T10:00:00.000Z", "disk", "rolled-back", "The copy is an old one."))
        await driven.settle()
        assert driven.toasts.count("The copy is an old one.") == 1

"""Verifying, previewing and restoring on the screen, from real replicas."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from netto_tui.model.conversation import body_text, items
from netto_tui.recovery.preview import PreviewItem
from netto_tui.recovery.undo import points
from netto_tui.tui.panes.outcome import Outcome
from netto_tui.tui.panes.recovery import RecoveryPane
from netto_tui.tui.screens.choose import ChooseScreen
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.details import DetailsScreen
from netto_tui.tui.screens.difference import DifferenceScreen
from netto_tui.tui.screens.drills import DrillsScreen
from netto_tui.tui.screens.points import PointsScreen
from netto_tui.tui.widgets.drawn import DrawnLines
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import NOW, TALKS, talk


async def open_recovery(driven: Driven) -> RecoveryPane:
    await driven.press("4")
    pane = driven.app.main.query_one(RecoveryPane)
    assert pane.wanted.source == "disk"
    return pane


def outcome(pane: RecoveryPane) -> str:
    """What the section says."""
    return str(pane.query_one("#recovery-text", Static).content)


def listed_rows(pane: RecoveryPane) -> list[str]:
    """The lines of its list, as they are copied."""
    return pane.query_one(Outcome).copied_text().split("\n")[len(outcome(pane).split("\n")) :]


async def done(driven: Driven, pane: RecoveryPane) -> str:
    """Wait for the job that runs; what it says."""
    await driven.until(lambda: not pane.running and "undo points" not in outcome(pane))
    return outcome(pane)


def lose(path: Path, *conversations: str) -> None:
    """Lose the files of conversations, as a disk would, and notice it."""
    for conversation in conversations:
        for file in path.glob(f"sessions/**/{conversation}.jsonl"):
            file.unlink()
    (path / "index.db").unlink()
    Vault.open(path, now=lambda: NOW).close()


async def test_the_section_says_what_can_be_done_in_it(start: Start) -> None:
    async with start((80, 24)) as driven:
        pane = await open_recovery(driven)
        assert "v  verify" in outcome(pane) and "D  drills" in outcome(pane)
        assert "A restore was never tried" in outcome(pane)
        await driven.pilot.click("#sources", offset=(5, 2))
        assert pane.wanted.source == "mirror"
        await driven.pilot.click("#sources", offset=(5, 2))
        assert "Everything there is here already" in await done(driven, pane)
        await driven.press("escape")
        assert "v  verify" in outcome(pane)
        await driven.press("u")
        points = driven.app.screen
        assert isinstance(points, PointsScreen)
        await driven.pilot.resize_terminal(50, 12)
        assert [each.id for each in points.children if each.display] == ["small"]


async def test_verifying_all_lists_what_each_store_lacks_and_shows_the_difference(start: Start) -> None:
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("v")
        assert isinstance(driven.app.screen, ChooseScreen)
        await driven.press("enter")
        assert "Every record was read" in await done(driven, pane)
        await driven.press("v", "A")
        await driven.until(lambda: "mirror" in outcome(pane))
        assert "1 missing" in outcome(pane)
        (row,) = listed_rows(pane)
        assert row.split()[:3] == ["mirror", "-", "missing"] and "Lisbon flat hunting" in row
        assert "brings it there: S" in str(pane.query_one("#recovery-mends", Static).content)
        await driven.press("enter")
        screen = driven.app.screen
        assert isinstance(screen, DifferenceScreen)
        lines = screen.query_one(DrawnLines)
        await driven.until(lambda: lines.lines)
        text = screen.copied_text()
        assert "+ only here  user" in text and "condominium fee" in text
        assert "3 messages the same" in text and "Ask for a written contract" not in text
        await driven.press("equals_sign")
        await driven.until(lambda: "Ask for a written contract" in screen.copied_text())
        await driven.press("escape", "escape")
        assert "v  verify" in outcome(pane)


async def test_a_preview_counts_and_writes_nothing(start: Start, vault_path: Path) -> None:
    lose(vault_path, talk(2)[0])
    async with start() as driven:
        pane = await open_recovery(driven)
        assert driven.app.vault is not None
        before = driven.app.vault.digest()
        await driven.press("enter")
        text = await done(driven, pane)
        assert "would add 1 · change 0 · remove 0 · keep 6" in text
        assert "DRY RUN" in text
        assert driven.app.vault.digest() == before


async def test_restoring_needs_the_word_and_brings_everything_back(start: Start, vault_path: Path) -> None:
    lose(vault_path, talk(2)[0])
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("p")
        await done(driven, pane)
        await driven.press("R")
        assert isinstance(driven.app.screen, ConfirmScreen)
        await driven.press(*"restore", "enter")
        assert isinstance(driven.app.screen, ConfirmScreen), "only the word itself is an answer"
        driven.app.screen.query_one("#confirm-word", Input).value = ""
        await driven.press(*"RESTORE", "enter")
        await driven.until(lambda: "✓ Restored from disk" in outcome(pane))
        await driven.until(lambda: driven.app.reader is not None)
        assert driven.app.vault is not None
        assert len(driven.app.vault.records(talk(2)[0])) == len(talk(2)[1])
        assert [point.what for point in points(driven.app.vault)] == ["exchange"]
        assert "kept until 2026-12-23" in outcome(pane)
        assert pane.copied_text().startswith("✓ Restored from disk")
        await driven.press("1")
        from netto_tui.tui.panes.browse import BrowsePane

        await driven.until(lambda: driven.app.main.query_one(BrowsePane).entries.count == len(TALKS))


async def test_only_the_chosen_conversations_come_back(start: Start, vault_path: Path) -> None:
    lose(vault_path, talk(2)[0], talk(5)[0], talk(6)[0])
    async with start((80, 24)) as driven:
        pane = await open_recovery(driven)
        await driven.press("p")
        assert "would add 3" in await done(driven, pane)
        row = pane.outcome.rows.selected
        assert isinstance(row, PreviewItem)
        first = row.conversation
        await driven.press("a", "g", "space")
        assert "2 conversations chosen" in outcome(pane)
        await driven.press("R", "enter")
        await driven.until(lambda: "✓ Restored from disk" in outcome(pane))
        vault = driven.app.vault
        assert vault is not None
        assert not vault.records(first)
        assert all(vault.records(talk(number)[0]) for number in (2, 5, 6) if talk(number)[0] != first)
        assert "nothing to undo" in outcome(pane)


async def test_there_is_nothing_to_restore_without_a_preview(start: Start) -> None:
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("R")
        assert any("press p" in toast for toast in driven.toasts)
        await driven.press("p")
        await done(driven, pane)
        await driven.press("R")
        assert any("nothing to bring back" in toast for toast in driven.toasts)


async def test_a_date_is_only_for_replicas_with_a_history(start: Start) -> None:
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("d", "s")
        assert sum("keeps no history" in toast for toast in driven.toasts) == 2
        await driven.press("j", "d", *"yesterday", "enter")
        assert pane.wanted.as_of == NOW // 86_400_000 * 86_400_000 - 1
        await driven.press("k")
        assert pane.wanted.as_of is None


async def test_one_conversation_comes_back_and_can_be_undone(start: Start, vault_path: Path) -> None:
    name, records = talk(1)
    with Vault.open(vault_path, now=lambda: NOW + 60_000) as vault:
        writing.delete(vault, name, records[2].rev.item)
    async with start() as driven:
        from netto_tui.tui.panes.browse import BrowsePane

        browse = driven.app.main.query_one(BrowsePane)
        await driven.press("j")
        assert browse.conversation and browse.conversation.conversation == name
        pane = await open_recovery(driven)
        await driven.press("o", "p")
        assert "change 1" in await done(driven, pane)
        await driven.press("R", "enter")
        await driven.until(lambda: "✓ Restored from disk" in outcome(pane))
        await driven.until(lambda: driven.app.reader is not None)
        vault_now = driven.app.vault
        assert vault_now is not None
        said = items(vault_now.records(name))[records[2].rev.item].value
        assert body_text(said.body).startswith("Ask for a written contract")
        await driven.press("u")
        screen = driven.app.screen
        assert isinstance(screen, PointsScreen)
        assert screen.rows.selected is not None and screen.rows.selected.about == "Lisbon flat hunting"
        assert shown_keys(driven)["choose"] == "Go back to it"
        await driven.press("enter", "enter")
        await driven.until(lambda: any("is said again" in toast for toast in driven.toasts))
        assert items(vault_now.records(name))[records[2].rev.item].value.deleted


async def test_a_replica_that_is_not_there_is_said_and_nothing_is_lost(start: Start) -> None:
    async with start() as driven:
        shutil.rmtree("disk")
        pane = await open_recovery(driven)
        await driven.press("p")
        assert (await done(driven, pane)).startswith("✗")
        assert driven.app.vault is not None


def shown_keys(driven: Driven) -> dict[str, str]:
    """What the footer says of each action."""
    active = driven.app.screen.active_bindings.values()
    return {each.binding.action: each.binding.description for each in active if each.binding.show}


async def test_drills_are_tried_remembered_and_seen_by_the_health_section(start: Start) -> None:
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("D", "t")
        screen = driven.app.screen
        assert isinstance(screen, DrillsScreen)
        await driven.until(lambda: screen.past)
        assert [(one.name, one.ok) for one in screen.past] == [("disk", True)]
        assert shown_keys(driven)["choose"] == "Try this one"
        assert "A restore from mirror was never tried" in str(screen.query_one("#drills-words", Static).content)
        shutil.rmtree("mirror.git")
        await driven.press("D")
        await driven.until(lambda: len(screen.past) == 3)
        assert [(one.name, one.ok) for one in screen.past] == [("mirror", False), ("disk", True), ("disk", True)]
        await driven.press("tab")
        assert shown_keys(driven)["choose"] == "Open"
        await driven.press("enter")
        details = driven.app.screen
        assert isinstance(details, DetailsScreen) and details.heading == "Drill of mirror"
        await driven.press("escape", "escape")
        assert "The last drill of mirror failed" in outcome(pane)
        await driven.press("5")
        from netto_tui.tui.panes.health import HealthPane

        health = driven.app.main.query_one(HealthPane)
        await driven.until(lambda: health.checks)
        states = {each.name: each.state for each in health.checks}
        assert states["drill disk"] == "ok"
        assert states["drill mirror"] == "bad"


async def test_a_preview_belongs_to_what_was_chosen_when_it_began(start: Start, vault_path: Path) -> None:
    lose(vault_path, talk(2)[0])
    async with start() as driven:
        pane = await open_recovery(driven)
        pane.action_preview()
        pane.sources.cursor = 1
        pane._moved()  # as the message will, but before the answer for sure
        assert pane.wanted.source == "mirror"
        assert "choice changed" in await done(driven, pane)
        assert pane.preview is None
        assert pane.why_not("restore")


async def test_a_preview_is_no_more_when_the_vault_changes(start: Start, vault_path: Path) -> None:
    lose(vault_path, talk(2)[0])
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("p")
        assert "would add" in await done(driven, pane)
        with Vault.open(vault_path) as other:
            writing.log(other, talk(3)[0], "user", "One thing more.")
        await driven.until(lambda: "p makes it anew" in outcome(pane))
        assert pane.preview is None


async def test_a_job_that_breaks_says_so_and_lets_go(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("said in private")

    async with start() as driven:
        pane = await open_recovery(driven)
        monkeypatch.setattr("netto_tui.tui.recovering.run_preview", broken)
        await driven.press("p")
        assert "stopped: ValueError" in await done(driven, pane)
        assert "private" not in outcome(pane)


async def test_a_date_before_the_first_backup_says_that_nothing_was_there(start: Start) -> None:
    async with start() as driven:
        pane = await open_recovery(driven)
        await driven.press("j", "d", *"2001", "enter", "p")
        assert "Nothing was there at that time" in await done(driven, pane)

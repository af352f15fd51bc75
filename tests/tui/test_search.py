"""Searching in Browse: chips, completion, history, dates that follow, and what is said where nothing is found."""

from __future__ import annotations

from pathlib import Path

from rich.style import Style
from textual.widgets import Input

from netto_tui.tui.app import NettoApp
from netto_tui.tui.messages import Answered
from netto_tui.tui.palette import commands
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.test_browse import browse, type_query
from tests.tui.vaults import NOW, TALKS


async def settled(driven: Driven, text: str) -> None:
    """Wait for the whole answer to a query."""
    await driven.until(
        lambda: (said := driven.said(Answered)) and said[-1].days is not None and said[-1].query.text.strip() == text,
        text,
    )


async def test_what_is_in_force_shows_as_chips_that_a_click_and_a_key_take_out(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        assert not pane.bar.chips.display
        await type_query(driven, "lisbon from:user on:2026-11")
        assert [chip.label for chip in pane.bar.chips.chips] == ["from user", "on 2026-11", "1 word"]
        place = str(pane.bar.chips.render()).index("on 2026-11")
        await driven.pilot.click("#chips", offset=(place, 0))
        assert pane.line.value.split() == ["lisbon", "from:user"]
        await driven.press("slash", "tab")
        assert pane.bar.chips.has_focus, "the chips come after the line"
        await driven.press("l", "backspace")
        assert pane.line.value == "from:user", "the words were chosen"
        await driven.press("escape")
        assert pane.entries.has_focus
        await driven.press("backspace")
        await settled(driven, "")
        assert pane.line.value == "" and not pane.bar.chips.display
        assert pane.entries.count == len(TALKS)


async def test_the_line_completes_what_is_there_and_remembers_what_was_asked(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("slash", "s", "o")
        await driven.press("tab")
        assert pane.line.value == "source:" and pane.line.has_focus
        await driven.until(lambda: pane.line.names.get("source"))
        await driven.press("c", "o", "right")
        assert pane.line.value == "source:codex"
        await driven.press("enter")
        assert pane.entries.has_focus
        await type_query(driven, "source:codex")
        await driven.press("ctrl+u", "x", "up")
        assert pane.line.value == "source:codex"
        await driven.press("down")
        assert pane.line.value == "x", "what was being typed comes back"
        await driven.press("down")
        assert pane.entries.has_focus


async def test_the_dates_count_what_matches_and_mark_today(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await type_query(driven, "cascais")
        dates = pane.dates
        await driven.until(
            lambda: [node.data for node in dates.root.children] == ["2026"], "only the year that matches"
        )
        dates.reveal("2026-11-23")
        await driven.until(lambda: (node := dates.cursor_node) and node.data == "2026-11-23")
        node = dates.cursor_node
        assert node is not None
        assert dates.render_label(node, Style(), Style()).plain.split() == ["23", "today", "2"]


async def test_a_jump_to_a_date_moves_the_cursor_and_leaves_the_search(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)

        async def jump(text: str) -> str:
            await driven.press("d")
            screen = driven.app.screen
            assert isinstance(screen, AskScreen)
            screen.query_one(Input).value = text
            await driven.press("enter")
            return pane.entries.selected.title if pane.entries.selected else ""

        assert await jump("2026-11-20") == "Parser for log lines"
        await driven.until(lambda: (node := pane.dates.cursor_node) and node.data == "2026-11-20")
        assert await jump("yesterday") == "Lisbon flat hunting"
        assert await jump("2026-11-10") == "Tax letter draft"
        assert "nearest before" in driven.toasts[-1]
        await jump("some day")
        assert "is no date" in driven.toasts[-1] and "last week" in driven.toasts[-1]
        assert pane.line.value == "" and pane.entries.count == len(TALKS)


async def test_a_search_without_a_match_says_what_is_in_force_and_what_to_do(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await type_query(driven, "zebra")
        assert pane.entries.count == 0 and "Fewer words" in pane.entries.empty
        pane.line.value = "is:archived from:user"
        await settled(driven, "is:archived from:user")
        assert "is archived · from user" in pane.entries.empty


async def test_an_empty_vault_says_how_conversations_come_in(start: Start, tmp_path: Path) -> None:
    Vault.create(tmp_path / "empty", device="laptop", zone="UTC", now=lambda: NOW).close()
    async with start(path=tmp_path / "empty") as driven:
        assert "I brings in" in browse(driven).entries.empty
        await driven.press("D", "p", "E")
        assert len(driven.toasts) == 3 and "no conversation" in driven.toasts[0]


async def test_an_index_that_is_made_anew_is_said_while_it_is_made(vault_path: Path) -> None:
    (vault_path / ".netto" / "rebuild").touch()
    said: list[str] = []
    app = NettoApp(vault_path, now=lambda: NOW, sync=False)

    def look(message: object) -> None:
        if app.is_running and app.screen_stack and app.main.query("#list"):
            said.append(app.main.query_one(BrowsePane).entries.empty)

    async with app.run_test(message_hook=look) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.main.is_filled)
        assert any("new index" in text for text in said)
        assert app.main.query_one(BrowsePane).entries.count == len(TALKS)


async def test_the_palette_has_every_key_that_works_now_and_runs_it(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        found = {command.name: command for command in commands(driven.app.main)}
        shown = {
            active.binding.description
            for active in driven.app.main.active_bindings.values()
            if active.binding.show and not active.binding.system
        }
        assert shown - found.keys() == set(), "all that the footer shows"
        assert found["Export"].keys == "E" and found["Undo"].reason
        await driven.press("ctrl+p", *"mark", "enter")
        await driven.until(lambda: pane.entries.marks, "the command ran")


async def test_the_palette_opens_a_conversation_by_its_title(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("ctrl+p", *"feijoada")
        await driven.until(lambda: "Recipe" in driven.app.export_screenshot(), "it is offered")
        await driven.press("enter")
        await driven.until(lambda: pane.reading.row and pane.reading.row.title == "Recipe: feijoada")


async def test_widths_last_for_the_run_and_leave_a_narrow_terminal_alone(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        before = pane.entries.size.width
        await driven.press("greater_than_sign", "greater_than_sign")
        assert pane.entries.size.width == before + 16
        await driven.pilot.resize_terminal(80, 24)
        await driven.until(lambda: not pane.reading.display)
        await driven.until(lambda: pane.entries.size.width == 80)
        await driven.pilot.resize_terminal(120, 40)
        await driven.until(lambda: pane.entries.size.width == before + 16)
        await driven.press("z")
        await driven.until(lambda: pane.entries.size.width == 120)
        await driven.press("escape")
        await driven.until(lambda: pane.entries.size.width == before + 16)


async def test_a_link_opens_the_app_at_its_message(vault_path: Path) -> None:
    from netto_tui.model.links import Link
    from tests.tui.vaults import talk

    name, records = talk(2)
    app = NettoApp(vault_path, link=Link(name, records[4].rev.item), now=lambda: NOW, sync=False)
    async with app.run_test(size=(80, 24)) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.main.is_filled)
        pane = browse(driven)
        await driven.until(lambda: pane.transcript.selected, "it is read")
        assert pane.transcript.selected and pane.transcript.selected.text == "All 14 tests pass."
        assert pane.transcript.has_focus

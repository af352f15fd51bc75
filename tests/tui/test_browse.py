"""Browsing: dates, list, transcript and search over a real vault."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style
from textual.widgets import Static

from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import UNDATED, Message, Stamp, Text, mint
from netto_tui.tui.messages import Answered
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.widgets.columns import places
from netto_tui.tui.widgets.datetree import DateTree
from netto_tui.tui.widgets.rowlist import MARGIN
from netto_tui.vault.rows import DayCount
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import TALKS


def browse(driven: Driven) -> BrowsePane:
    return driven.app.main.query_one(BrowsePane)


async def type_query(driven: Driven, text: str) -> None:
    """Type into the search line, and wait for the whole answer to exactly that."""
    await driven.press("slash", *[{" ": "space", ":": "colon", "-": "minus"}.get(letter, letter) for letter in text])
    await driven.until(
        lambda: any(m.days is not None and m.query.text.strip() == text for m in driven.said(Answered)), text
    )


async def test_the_newest_conversation_comes_first_and_is_shown(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        assert pane.entries.count == len(TALKS)
        assert pane.entries.selected and pane.entries.selected.title == "Trip to Lisbon"
        await driven.until(lambda: pane.transcript.pages.count == 5)
        assert pane.transcript.selected and pane.transcript.selected.text.startswith("Plan three days")


async def test_marks_say_which_replica_has_a_conversation_verified(start: Start) -> None:
    async with start() as driven:
        rows = [browse(driven).entries.pages.row(n) for n in range(2)]
        assert {row and row.marks for row in rows} == {"DM", "D↑"}


async def test_typing_searches_and_opens_at_the_message(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await type_query(driven, "cascais")
        assert pane.entries.count == 2
        rows = [pane.entries.pages.row(n) for n in range(2)]
        assert all(row and row.hit for row in rows)
        await driven.press("enter", "enter")
        assert pane.transcript.has_focus
        assert pane.transcript.selected and "Cascais" in pane.transcript.selected.text
        assert pane.transcript.cursor == 3


async def test_only_the_last_of_several_quick_keys_is_asked(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netto_tui.tui.widgets.searchbar.DEBOUNCE_SECONDS", 3.0)  # quick keys, also on a busy machine
    async with start() as driven:
        before = len(driven.said(Answered))
        await type_query(driven, "lisbon")
        asked = {message.query.text for message in driven.said(Answered)[before:]}
        assert asked == {"lisbon"}


async def test_a_filter_that_cannot_be_says_what_is_allowed_and_keeps_the_list(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        pane.line.value = "from:dog"
        await driven.until(lambda: "not understood" in str(pane.query_one("#search-count", Static).content))
        assert "no “dog”" in pane.bar.chips.problem and "user, assistant" in pane.bar.chips.problem
        assert pane.entries.count == len(TALKS)


async def test_choosing_a_month_in_the_tree_writes_the_query(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        tree = pane.query_one(DateTree)
        tree.focus()
        await driven.press("j", "j", "enter")
        await driven.until(lambda: pane.entries.count == 4)
        assert pane.line.value == "on:2026-11"
        assert [node.data for node in tree.root.children] == ["2026", "2025"]


async def test_days_are_made_when_a_month_is_opened(start: Start) -> None:
    async with start() as driven:
        tree = browse(driven).query_one(DateTree)
        tree.focus()
        november = tree.root.children[0].children[0]
        assert not november.children
        await driven.press("j", "j", "l")
        assert [node.data for node in november.children] == ["2026-11-23", "2026-11-22", "2026-11-20", "2026-11-03"]


async def test_at_120_columns_a_title_has_28_cells_and_the_text_nearly_50(start: Start) -> None:
    async with start(size=(120, 40)) as driven:
        pane = browse(driven)
        beside_a_scrollbar = pane.entries.size.width - MARGIN - 2
        room = {column.title: cells for column, cells in places(pane.entries.columns, beside_a_scrollbar)}
        assert room["Held"] and room["Conversation"] >= 28
        assert pane.reading.size.width >= 48


async def test_a_month_is_shortened_where_its_count_would_be_cut(start: Start) -> None:
    async with start(size=(120, 40)) as driven:
        tree = browse(driven).dates
        tree.show([DayCount("2026-09-01", 1_234), DayCount("2026-08-01", 5)])
        labels = [tree.render_label(month, Style(), Style()).plain for month in tree.root.children[0].children]
        assert [label.split() for label in labels] == [["▸", "Sep", "1", "234"], ["▸", "August", "5"]]
        assert len(labels[0]) == len(labels[1]), "counts stand below each other"


async def test_the_mouse_opens_a_month_and_chooses_it(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.pilot.click("#tree", offset=(6, 2))  # its arrow
        assert pane.dates.root.children[0].children[0].is_expanded
        assert pane.line.value == ""
        await driven.pilot.click("#tree", offset=(9, 3))
        await driven.until(lambda: pane.line.value == "on:2026-11-23")


async def test_escape_leaves_one_state_after_the_other(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await type_query(driven, "lisbon")
        await driven.press("escape")
        assert pane.entries.has_focus
        assert pane.line.value == "lisbon"
        await driven.press("enter")
        assert pane.transcript.has_focus
        await driven.press("escape")
        assert pane.entries.has_focus
        await driven.press("escape")
        assert pane.line.value == ""
        await driven.until(lambda: pane.entries.count == len(TALKS))


async def test_a_narrow_terminal_shows_the_list_then_the_text(start: Start) -> None:
    async with start(size=(80, 24)) as driven:
        pane = browse(driven)
        assert not pane.query_one("#reading").display
        assert not pane.query_one(DateTree).display
        await driven.press("t")
        assert pane.query_one(DateTree).display
        await driven.press("t", "enter")
        assert pane.query_one("#reading").display
        assert not pane.entries.display
        await driven.press("escape")
        assert pane.entries.display


async def test_a_terminal_that_is_made_wider_shows_the_text_of_the_cursor(start: Start) -> None:
    async with start(size=(80, 24)) as driven:
        pane = browse(driven)
        await driven.press("j")
        await driven.pilot.resize_terminal(120, 40)
        await driven.until(lambda: pane.reading.row and pane.reading.row.title == "Lisbon flat hunting")
        await driven.pilot.resize_terminal(80, 24)
        await driven.press("j")
        await driven.pilot.resize_terminal(120, 40)
        await driven.until(lambda: pane.reading.row and pane.reading.row.title == "Parser for log lines")


async def test_tool_output_is_folded_until_asked_for(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("j", "j", "enter")
        await driven.until(lambda: pane.transcript.pages.count == 4)
        await driven.press("j", "j")
        assert pane.transcript.selected and pane.transcript.selected.role == "tool"
        folded = pane.transcript.virtual_size.height
        await driven.press("space")
        assert pane.transcript.virtual_size.height > folded + 20


async def test_copying_takes_the_message_under_the_cursor(start: Start) -> None:
    async with start() as driven:
        await driven.press("enter", "j", "y")
        assert driven.app.clipboard.startswith("Day 1: Alfama")
        assert any("Copied" in toast for toast in driven.toasts)


async def test_a_new_message_shows_by_itself(start: Start) -> None:
    from netto_tui.vault import writing

    async with start() as driven:
        pane = browse(driven)
        assert driven.app.vault is not None
        writing.log(driven.app.vault, None, "user", "Something quite new", title="Fresh")
        driven.app._watch()
        await driven.until(lambda: pane.entries.count == len(TALKS) + 1)
        assert pane.entries.selected and pane.entries.selected.title == "Trip to Lisbon", "the cursor stays"


async def test_under_sixty_by_fifteen_one_line_says_so(start: Start) -> None:
    async with start(size=(50, 12)) as driven:
        await driven.until(lambda: driven.app.main.query("#small"))
        assert [one.id for one in driven.app.main.children if one.display] == ["small"]
        await driven.press("4", "u")  # a screen that comes while there is no room
        await driven.until(lambda: [one.id for one in driven.app.screen.children if one.display] == ["small"])
        await driven.pilot.resize_terminal(80, 24)
        await driven.until(lambda: driven.app.screen.focused is not None)
        await driven.press("q", "q")
    assert driven.app.return_code == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80x24", "120x40", "200x50"])
async def test_every_section_opens_by_key_and_by_mouse(start: Start, size: tuple[int, int]) -> None:
    async with start(size=size) as driven:
        for number, name in enumerate(("browse", "sync", "conflicts"), 1):
            await driven.press(str(number))
            assert driven.app.main.pane.id == name
        start_of, _end, name = driven.app.main.header._spots[0]
        await driven.pilot.click("#header", offset=(start_of + 1, 0))
        assert driven.app.main.pane.id == name == "browse"
        await driven.press("left_square_bracket")
        assert driven.app.main.header.section == "health"


async def test_a_conversation_without_a_date_stands_last_and_can_be_read(start: Start, vault_path: Path) -> None:
    name = conversation_id("test", "undated")
    body = Message("user", (Text("Some day."),))
    with Vault.open(vault_path) as vault:
        vault.add([mint(name, message_id(name, "0"), body, Stamp(UNDATED, 0, "source:test"))])
    async with start() as driven:
        tree = driven.app.main.query_one(DateTree)
        assert tree.root.children[-1].data == "undated"
        assert "undated" in tree.render_label(tree.root.children[-1], Style(), Style()).plain
        driven.app.set_focus(browse(driven).entries)
        await driven.press("G", "enter")
        await driven.until(lambda: browse(driven).transcript.selected)
        selected = browse(driven).transcript.selected
        assert selected and selected.text == "Some day."
        await driven.press("escape", "g")
        tree.move_cursor(tree.root.children[-1])
        driven.app.set_focus(tree)
        await driven.press("enter")
        await driven.until(lambda: (at := browse(driven).entries.selected) and at.conversation == name, "it goes there")

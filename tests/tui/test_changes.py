"""What is on the screen follows what others write, and stays where one reads."""

from __future__ import annotations

from pathlib import Path

from netto_tui.tui.messages import Answered
from netto_tui.tui.panes.browse import PREVIEW_SECONDS, BrowsePane
from netto_tui.tui.widgets.datetree import DateTree
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import NOW, TALKS, talk


def browse(driven: Driven) -> BrowsePane:
    return driven.app.main.query_one(BrowsePane)


async def test_a_text_edited_by_another_process_is_shown_without_a_key(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("down", "enter", "j")
        assert pane.transcript.selected and pane.transcript.selected.text.startswith("Ask for a written contract")
        name, records = talk(1)
        with Vault.open(vault_path) as other:
            writing.edit(other, name, records[2].rev.item, "Never without a contract.")
        await driven.until(
            lambda: "Never without" in (pane.transcript.selected.text if pane.transcript.selected else "")
        )
        assert pane.transcript.cursor == 1
        assert pane.transcript.has_focus


async def test_a_conflict_resolved_by_another_process_leaves_the_heading(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.until(lambda: pane.reading.row and pane.reading.row.conflicts == 3)
        name, records = talk(0)
        with Vault.open(vault_path) as other:
            kept = records[3].rev.body
            for place in (2, 3, 4):
                writing.resolve(other, name, records[place + 1].rev.item, kept)
        await driven.until(lambda: pane.reading.row and not pane.reading.row.conflicts, "the heading is new")


async def test_what_the_palette_opened_stays_when_something_changes(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.app.main.open_conversation(talk(6)[0])
        await driven.settle()
        assert pane.transcript.selected and pane.transcript.selected.text == "For six, please."
        with Vault.open(vault_path) as other:
            answers = len(driven.said(Answered))
            writing.log(other, talk(3)[0], "user", "One thing more.")
        await driven.until(lambda: len(driven.said(Answered)) >= answers + 2, "the list is new")
        await driven.pilot.pause(2 * PREVIEW_SECONDS)
        assert pane.transcript.selected and pane.transcript.selected.text == "For six, please."


async def test_the_text_can_be_scrolled_while_and_after_the_vault_is_opened_anew(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("enter")
        driven.app.reopen()
        pane.transcript.pages._pages.clear()
        await driven.press("j", "G", "g")
        await driven.until(lambda: driven.app.inquiry is not None, "it is open")
        await driven.settle()
        assert pane.transcript.has_focus, "one reads on where one was"
        pane.transcript.pages._pages.clear()
        await driven.press("G", "g")
        assert pane.transcript.selected and pane.transcript.selected.text.startswith("Plan three days")


async def test_the_date_tree_comes_out_over_the_text_in_a_narrow_terminal(start: Start) -> None:
    async with start((80, 24)) as driven:
        await driven.press("enter", "t")
        tree = browse(driven).query_one(DateTree)
        assert tree.has_focus and tree.display


async def test_a_vault_whose_folder_goes_away_is_said_in_every_section_until_it_is_back(
    start: Start, vault_path: Path
) -> None:
    async with start() as driven:
        header = driven.app.main.header
        vault_path.rename("elsewhere")
        await driven.until(lambda: header.fault == "no vault")
        assert any("is gone" in toast for toast in driven.toasts)
        assert "is gone" in browse(driven).entries.empty
        if vault_path.exists():  # somebody made an empty index there
            vault_path.rename("rest")
        Path("elsewhere").rename(vault_path)
        await driven.until(lambda: not header.fault and browse(driven).entries.count == len(TALKS), "it goes on")
        await driven.press("enter", "G")
        assert browse(driven).transcript.selected


async def test_an_empty_list_says_all_of_what_to_do(start: Start) -> None:
    async with start((60, 15)) as driven:
        await driven.press("slash", *"nothingatall")
        await driven.until(lambda: browse(driven).entries.count == 0)
        entries = browse(driven).entries
        entries.empty = "The vault is empty. Bring conversations in, one after the other: netto-tui import PATH"
        drawn = "".join(entries.render_line(y).text for y in range(1, 4))
        assert "netto-tui import PATH" in " ".join(drawn.split())


async def test_reading_a_long_list_again_leaves_the_cursor_far_down(start: Start, vault_path: Path) -> None:
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        for number in range(130):
            writing.log(vault, None, "user", f"Note {number}", title=f"Note {number}")
    async with start() as driven:
        pane = browse(driven)
        await driven.until(lambda: pane.entries.count == len(TALKS) + 130)
        await driven.press("G", "k")
        at, title = pane.entries.cursor, pane.entries.selected and pane.entries.selected.title
        assert at == len(TALKS) + 128
        assert driven.app.vault is not None
        writing.log(driven.app.vault, None, "user", "One more", title="One more")
        driven.app._watch()
        await driven.until(lambda: pane.entries.count == len(TALKS) + 131)
        assert pane.entries.selected is not None and pane.entries.selected.title == title

"""Changing conversations from the list: one or several, by key; each change has a way back."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from netto_tui.security.display import UNSAFE
from netto_tui.tui.panes.entries import in_words
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.export import ExportScreen
from netto_tui.tui.screens.help import KeyLines
from netto_tui.vault.rows import ConversationRow
from tests.tui.conftest import Driven, Start
from tests.tui.test_browse import browse, type_query
from tests.tui.vaults import TALKS, talk

LISBON, FLAT, PARSER = (talk(number)[0] for number in range(3))


def row(driven: Driven, name: str) -> ConversationRow | None:
    assert driven.app.reader is not None
    return driven.app.reader.conversation(name)


async def answer(driven: Driven, text: str) -> None:
    """Type a text into the line that is asked for."""
    await driven.until(lambda: isinstance(driven.app.screen, AskScreen))
    driven.app.screen.query_one(Input).value = text
    await driven.press("enter")


async def test_a_title_is_changed_and_taken_back(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("u")
        assert "Nothing was changed" in driven.toasts[-1], "a dimmed key says why"
        await driven.press("r")
        await answer(driven, "Four days in Lisbon")
        await driven.until(lambda: pane.entries.selected and pane.entries.selected.title == "Four days in Lisbon")
        assert pane.entries.selected and pane.entries.selected.marks == "↑↑", "what is there is older now"
        assert "disk: older there" in in_words(pane.entries.selected).plain
        await driven.press("u")
        await driven.until(lambda: pane.entries.selected and pane.entries.selected.title == "Trip to Lisbon")
        assert driven.app.reader is not None
        kinds = [line.detail.split(":")[0] for line in driven.app.reader.journal(2)]
        assert kinds == ["took back a change of 1 item", "title"]


async def test_several_are_marked_by_key_and_by_mouse_and_changed_together(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("space", "v")
        await driven.pilot.click("#list", offset=(0, 3))
        assert list(pane.entries.marks) == [LISBON, FLAT, PARSER]
        line = str(pane.query_one("#row-words").render())
        assert "3 marked" in line and "title" not in line, "a title is for one"
        await driven.press("r")
        assert "a title is for one" in driven.toasts[-1]
        await driven.press("T")
        await answer(driven, "travel, #Work")
        await driven.until(lambda: (found := row(driven, PARSER)) and found.tags == ("travel", "work"))
        assert not pane.entries.marks, "they have done their work"
        await driven.until(lambda: (entry := pane.entries.pages.row(2)) and entry.row and entry.row.tags)
        assert "#travel" in str(pane.query_one("#row-words").render())
        await driven.press("g", "space", "space", "p")
        await driven.until(lambda: (found := row(driven, FLAT)) and found.state == ("pinned",))
        await driven.until(lambda: not pane.entries.marks)
        await driven.press("a")
        await driven.until(lambda: (found := row(driven, PARSER)) and found.state == ("archived",))
        await driven.press("u", "u")
        await driven.until(lambda: (found := row(driven, LISBON)) and found.state == ())
        await driven.press("slash")
        await driven.press("escape")
        await type_query(driven, "tag:travel")
        assert pane.entries.count == 3


async def test_what_can_be_done_is_offered_to_the_mouse(start: Start) -> None:
    async with start() as driven:
        line = browse(driven).query_one("#row-words")
        await driven.until(lambda: "a archive" in str(line.render()))
        await driven.pilot.click("#row-words", offset=(str(line.render()).index("a archive") + 3, 0))
        await driven.until(lambda: (found := row(driven, LISBON)) and found.state == ("archived",))


async def test_tags_of_one_are_edited_as_a_line(start: Start) -> None:
    async with start() as driven:
        await driven.press("T")
        await answer(driven, "one two")
        await driven.until(lambda: (found := row(driven, LISBON)) and found.tags == ("one", "two"))
        await driven.press("T")
        assert driven.app.screen.query_one(Input).value == "one two"
        await answer(driven, "two three")
        await driven.until(lambda: (found := row(driven, LISBON)) and found.tags == ("three", "two"))
        await driven.press("T")
        await answer(driven, "x" * 50)
        assert "is no tag" in driven.toasts[-1]


async def test_conversations_are_deleted_after_a_look_and_come_back(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("space", "space", "D")
        await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen))
        assert isinstance(driven.app.screen, ConfirmScreen)
        assert "2 conversations" in driven.app.screen.question
        assert "8 messages in all" in str(driven.app.screen.text)
        await driven.press("escape")
        assert pane.entries.count == len(TALKS)
        await driven.press("D", "enter")
        await driven.until(lambda: pane.entries.count == len(TALKS) - 2)
        await driven.press("u")
        await driven.until(lambda: pane.entries.count == len(TALKS))


async def test_a_message_is_deleted_from_the_text_and_from_what_was_found(start: Start) -> None:
    async with start() as driven:
        pane = browse(driven)
        await driven.press("j", "j", "enter")
        await driven.until(lambda: pane.transcript.pages.count == 4)
        await driven.press("D")
        await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen))
        assert "one message" in getattr(driven.app.screen, "question", "")
        await driven.press("enter")
        await driven.until(lambda: pane.transcript.pages.count == 3)
        await driven.press("u")
        await driven.until(lambda: pane.transcript.pages.count == 4)
        await driven.press("escape")
        await type_query(driven, "soak")
        await driven.press("enter", "D")
        await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen))
        assert "one message" in getattr(driven.app.screen, "question", ""), "the one that was found"
        await driven.press("enter")
        await driven.until(lambda: pane.entries.count == 0)
        recipe = row(driven, talk(6)[0])
        assert recipe is not None and recipe.messages == 1
        await driven.press("u")
        await driven.until(lambda: pane.entries.count == 1)


async def test_copying_a_row_takes_its_title_or_its_link(start: Start) -> None:
    async with start() as driven:
        await driven.press("j", "y")
        assert driven.app.clipboard == "Lisbon flat hunting"
        await driven.press("Y")
        assert driven.app.clipboard == FLAT
        await type_query(driven, "cascais")
        await driven.press("enter", "Y")
        assert driven.app.clipboard == f"{LISBON}#{talk(0)[1][4].rev.item}"


async def test_marked_conversations_are_written_as_files_and_nothing_is_replaced_unasked(
    start: Start, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    async with start(size=(80, 24)) as driven:
        await driven.press("space", "space", "E")
        screen = driven.app.screen
        assert isinstance(screen, ExportScreen)
        screen.query_one("#export-path", Input).value = f"{target}/"
        await driven.pilot.click("#export-write")
        await driven.until(lambda: not isinstance(driven.app.screen, ExportScreen))
        files = sorted(path.name for path in target.iterdir())
        assert len(files) == 2 and all(name.endswith(".md") for name in files)
        assert files[1].startswith("2026-11-23-trip-to-lisbon")
        (target / files[1]).write_text("mine")
        await driven.press("E")
        driven.app.screen.query_one("#export-path", Input).value = f"{target}/"
        await driven.press("ctrl+s")
        told = driven.app.screen.query_one("#export-told")
        await driven.until(lambda: "would be replaced" in str(told.render()))
        assert (target / files[1]).read_text() == "mine"
        await driven.press("ctrl+s")
        await driven.until(lambda: not isinstance(driven.app.screen, ExportScreen))
        assert "Plan three days" in (target / files[1]).read_text()


async def test_all_that_match_are_written_and_a_place_that_cannot_be_is_said(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with start() as driven:
        await type_query(driven, "source:chatgpt")
        await driven.press("enter", "E", "down", "space")
        screen = driven.app.screen
        screen.query_one("#export-path", Input).value = str(tmp_path / "file" / "below")
        await driven.press("ctrl+s")
        told = screen.query_one("#export-told")
        await driven.until(lambda: "Choose another place" in str(told.render()), "the reason")
        screen.query_one("#export-path", Input).value = str(tmp_path / "all")
        await driven.press("ctrl+s")
        await driven.until(lambda: not isinstance(driven.app.screen, ExportScreen))
        assert len(list((tmp_path / "all").iterdir())) == 2


async def test_what_the_letters_say_stands_under_the_help(start: Start) -> None:
    async with start() as driven:
        await driven.press("question_mark")
        shown = " ".join(driven.app.screen.query_one(KeyLines).render().plain.split())
        for words in ("only here: the replica does not have it yet", "read back and compared", "pinned"):
            assert words in shown


async def test_a_hostile_title_is_only_text_in_every_question_and_is_not_changed_by_looking(start: Start) -> None:
    name = talk(5)[0]
    async with start(size=(80, 24)) as driven:
        await driven.press("j", "j", "j", "j", "j")
        before = row(driven, name)
        for key in ("r", "T", "D", "E"):
            await driven.press(key)
            assert len(driven.app.screen_stack) == 2, key
            drawn = "\n".join(strip.text for strip in driven.app.screen._compositor.render_strips())
            assert not UNSAFE.search(drawn), key
            await driven.press("enter" if key in "rT" else "escape")
        assert row(driven, name) == before
        assert driven.app.return_code is None

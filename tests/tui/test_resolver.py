"""Resolving conflicts on the screen, down to the revisions in the vault."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Static

from netto_tui.model.conversation import body_text, items
from netto_tui.model.revision import Deleted, Record
from netto_tui.recovery.undo import points
from netto_tui.tui.drafts import draft_path, load_draft
from netto_tui.tui.panes.conflict_preview import ConflictPreview
from netto_tui.tui.panes.conflicts import ConflictsPane
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.fault import FaultScreen
from netto_tui.tui.screens.resolver import ResolverScreen
from netto_tui.tui.screens.whole import WholeScreen
from netto_tui.tui.screens.writing import WritingScreen
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import HOSTILE, NOW, changed, talk

LISBON = talk(0)[0]
TAX = talk(3)[0]


def another_version() -> Record:
    """What the phone made of message 4."""
    return changed(talk(0)[1], 3, "Day 4: Setúbal.", "2026-11-23T09:50:00.000Z", "phone")


async def open_conflicts(driven: Driven) -> ConflictsPane:
    """Go to Conflicts and wait for the list."""
    await driven.press("3")
    await driven.until(lambda: driven.app.main.query(ConflictsPane))
    pane = driven.app.main.query_one(ConflictsPane)
    await driven.until(lambda: pane.waiting)
    return pane


async def open_chosen(driven: Driven) -> ResolverScreen:
    """Open the conversation under the cursor."""
    await driven.press("enter")
    screen = driven.app.screen
    assert isinstance(screen, ResolverScreen)
    await driven.until(lambda: screen.state is not None and screen.view.count)
    return screen


async def open_resolver(driven: Driven) -> ResolverScreen:
    """Go to Conflicts and open the first conversation."""
    await open_conflicts(driven)
    return await open_chosen(driven)


def drawn(screen: ResolverScreen) -> str:
    """The lines on the screen."""
    return "\n".join(line.content.plain.rstrip() for line in screen.view.lines)


async def test_the_fullest_conversation_comes_first(start: Start) -> None:
    async with start() as driven:
        pane = await open_conflicts(driven)
        assert [(w.title, w.open) for w in pane.waiting] == [("Trip to Lisbon", 3), ("Tax letter draft", 1)]


async def test_a_narrow_screen_stacks_versions_and_a_wide_one_puts_them_side_by_side(start: Start) -> None:
    async with start(size=(80, 24)) as driven:
        screen = await open_resolver(driven)
        assert screen.shown == ()
        assert "1 local   Make it four five days and add Sintra." in drawn(screen)
        await driven.pilot.resize_terminal(120, 40)
        await driven.until(lambda: screen.shown == ("local", "github"))
        assert "Make it four five days and add Sintra." in drawn(screen)
        assert "│  Make it four days and add Sintra Cascais." in drawn(screen)


async def test_choosing_every_message_and_writing_settles_the_conflicts(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("2", "1", "d")
        assert screen.state and not screen.state.unresolved
        await driven.press("w")
        assert isinstance(driven.app.screen, ConfirmScreen)
        assert "3 decisions for 6 versions" in str(driven.app.screen.text)
        await driven.press("enter")
        await driven.until(lambda: driven.app.screen is driven.app.main)
        vault = driven.app.vault
        assert vault is not None
        found = items(vault.records(LISBON))
        assert not [item for item in found.values() if item.conflict]
        said = [body_text(found[record.rev.item].value.body) for record in talk(0)[1][3:6]]
        assert said == ["Make it four days and add Cascais.", "Day 4: Sintra. Day 5: free.", ""]
        assert isinstance(found[talk(0)[1][5].rev.item].value.body, Deleted)
        assert not draft_path(driven.app.vault_path, LISBON).exists()
        [told] = [toast for toast in driven.toasts if "3 conflicts decided" in toast]
        assert "read back and verified" in told and "netto-tui undo" in told
        pane = driven.app.main.query_one(ConflictsPane)
        await driven.until(lambda: [w.title for w in pane.waiting] == ["Tax letter draft"])


async def test_writing_before_everything_is_chosen_gives_the_reason(start: Start) -> None:
    async with start() as driven:
        await open_resolver(driven)
        await driven.press("1", "w")
        assert isinstance(driven.app.screen, ResolverScreen)
        assert any("2 still to choose: message 4, message 5" in toast for toast in driven.toasts)


async def test_a_draft_outlives_the_app(start: Start) -> None:
    async with start() as driven:
        await open_resolver(driven)
        await driven.press("2")
    assert len(load_draft(Path("vault"), LISBON)) == 1
    assert stat.S_IMODE(draft_path(Path("vault"), LISBON).stat().st_mode) == 0o600
    async with start() as driven:
        screen = await open_resolver(driven)
        assert screen.state and len(screen.state.picks) == 1
        assert any("draft is back" in toast for toast in driven.toasts)


async def test_undo_and_redo_walk_through_the_picks(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        assert screen.state
        await driven.press("1", "2", "u")
        assert len(screen.state.picks) == 1
        await driven.press("u", "U", "U")
        assert len(screen.state.picks) == 2


async def test_a_whole_column_says_what_it_decides_before_it_does(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("a")
        assert isinstance(driven.app.screen, WholeScreen)
        text = [line.split() for line in str(driven.app.screen.query_one("#whole-text", Static).content).splitlines()]
        assert text[1][1:] == ["local", "3", "of", "3", "3", "0"]
        assert text[2] == ["2", "github", "3", "of", "3", "3", "1"], "it deletes one"
        await driven.press("escape")
        assert screen.state and not screen.state.picks
        await driven.press("a", "2")
        assert [screen.state.letter(row) for row in screen.state.conflicts] == ["2", "2", "D"]
        await driven.press("a")
        await driven.pilot.click("#whole-text", offset=(5, 1))
        assert [screen.state.letter(row) for row in screen.state.conflicts] == ["1", "1", "1"]
        await driven.press("u")
        assert [screen.state.letter(row) for row in screen.state.conflicts] == ["2", "2", "D"], "one step to undo"


async def test_picks_stay_when_a_replica_brings_another_version(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("2", "1")
        vault = driven.app.vault
        assert vault is not None and screen.state is not None
        vault.add([another_version()], origin="disk")
        screen.reread()
        await driven.until(lambda: screen.state is not None and "disk" in screen.state.columns)
        assert len(screen.state.picks) == 2
        assert any("2 picks kept" in toast for toast in driven.toasts)


async def test_a_version_that_came_unseen_is_never_replaced(start: Start) -> None:
    async with start() as driven:
        await open_resolver(driven)
        await driven.press("1", "1", "1", "w")
        vault = driven.app.vault
        assert vault is not None
        other = another_version()
        vault.add([other])
        await driven.press("enter")
        await driven.until(lambda: driven.app.screen is driven.app.main)
        versions = {body_text(version.body) for version in vault.item(LISBON, other.rev.item).versions}
        assert versions == {"Day 4: Sintra. Day 5: free.", "Day 4: Setúbal."}


async def test_one_place_can_be_taken_for_everything(start: Start) -> None:
    async with start() as driven:
        await open_conflicts(driven)
        await driven.press("A")
        await driven.until(lambda: getattr(driven.app.screen, "tally", None))
        await driven.press("1")
        assert isinstance(driven.app.screen, ConfirmScreen)
        assert "4 conflicts in 2 conversations will say what local says" in str(driven.app.screen.text)
        await driven.press("enter")
        await driven.until(lambda: driven.app.screen is driven.app.main)
        vault = driven.app.vault
        assert vault is not None
        assert not [item for name in (LISBON, TAX) for item in items(vault.records(name)).values() if item.conflict]
        assert [(point.what, point.items) for point in points(vault)] == [("resolve", 4)], "one step takes it back"


async def test_the_bases_are_there_and_the_alike_messages_are_one_key_away(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        assert "base Make it four days and add Sintra." in drawn(screen)
        await driven.press("B")
        assert "base Make it" not in drawn(screen)


async def test_what_is_alike_is_folded_until_a_key_shows_it(start: Start, vault_path: Path) -> None:
    records = talk(2)[1]
    long = "".join(f"line {number}\n" for number in range(200))
    with Vault.open(vault_path) as vault:
        long_records = [*records[:4], changed(records, 3, long, "2026-11-23T09:40:00.000Z", "laptop")]
        vault.add(long_records[4:])
        for at, by, text in (("50", "laptop", "line seventy"), ("51", "desk", "line 70, cut")):
            said = long.replace("line 70", text)
            vault.add([changed(long_records, 3, said, f"2026-11-23T09:{at}:00.000Z", by)])
    async with start() as driven:
        await open_conflicts(driven)
        rows = driven.app.main.query_one(ConflictsPane).entries
        while rows.selected is not None and rows.selected.title != "Parser for log lines":
            await driven.press("j")
        screen = await open_chosen(driven)
        assert "2 messages alike" in drawn(screen) and "Write a parser" not in drawn(screen)
        assert "line 70 seventy" in drawn(screen) and "lines alike" in drawn(screen) and "line 150" not in drawn(screen)
        await driven.press("equals_sign")
        assert "Write a parser" in drawn(screen) and "line 150" in drawn(screen)


def add_third_version(vault_path: Path) -> None:
    """A version of message 4 from the folder."""
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        vault.add([another_version()], origin="disk")


async def test_three_places_are_side_by_side_where_there_is_room(start: Start, vault_path: Path) -> None:
    add_third_version(vault_path)
    async with start(size=(200, 50)) as driven:
        screen = await open_resolver(driven)
        assert screen.shown == ("local", "disk", "github")
        assert "= base" in drawn(screen), "a place without a version of its own says so"
        await driven.pilot.resize_terminal(120, 40)
        await driven.until(lambda: screen.shown == ("local", "github"), "the one with the most of its own")
        await driven.press("tab")
        assert list(screen.shown) == ["local", "disk"]


async def test_of_more_than_two_versions_a_person_says_which_and_in_what_order(start: Start, vault_path: Path) -> None:
    add_third_version(vault_path)
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("j", "b")
        assert driven.app.screen is not screen
        await driven.pilot.click("#order-text", offset=(5, 1))
        await driven.press("1", "enter")
        await driven.until(lambda: driven.app.screen is screen)
        assert screen.state is not None
        row = next(row for row in screen.state.conflicts if row.number == 4)
        body = screen.state.body_of(row)
        assert body is not None
        assert body_text(body) == "Day 4: Setúbal.\n\nDay 4: Sintra. Day 5: free."


def line_of(screen: ResolverScreen, text: str) -> int:
    """The line of the rows that holds a text."""
    return next(n for n, line in enumerate(screen.view.lines) if text in line.content.plain)


async def test_the_mouse_moves_to_a_row_and_takes_a_version_or_a_column(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.pilot.click(screen.view, offset=(6, line_of(screen, "Thanks, that is great!")))
        assert screen.row is not None and screen.row.number == 5
        assert screen.state is not None and not screen.state.picks, "a click on the number only moves"
        await driven.pilot.click(screen.view, offset=(90, line_of(screen, "— deleted here —")))
        assert screen.state.letter(screen.row) == "D"
        await driven.pilot.click(screen.view, offset=(30, line_of(screen, "base Day 4")))
        assert screen.row.number == 4 and screen.state.letter(screen.row) == "0"
        row = screen.row
        await driven.pilot.click("#resolver-columns", offset=(90, 0))
        assert screen.state.letter(row) == "2", "a click on a title takes its version of this row"


def beside(driven: Driven) -> str:
    """What is shown beside the list of conflicts."""
    return "\n".join(line.content.plain for line in driven.app.main.query_one(ConflictPreview).lines)


async def test_the_versions_can_be_read_beside_the_list(start: Start) -> None:
    async with start((100, 40)) as driven:
        await open_conflicts(driven)
        await driven.until(lambda: "message 5" in beside(driven))
        assert [word for word in beside(driven).split() if word in ("local", "github")] == ["local", "github"] * 3
        assert "Make it four five days and add Sintra." in beside(driven)
        assert "— deleted here —" in beside(driven)
        await driven.press("j")
        await driven.until(lambda: "Dear all Sir or Madam," in beside(driven))
        assert "Sintra" not in beside(driven)


async def test_the_versions_beside_the_list_follow_a_decision_made_elsewhere(start: Start, vault_path: Path) -> None:
    async with start((100, 40)) as driven:
        await open_conflicts(driven)
        await driven.until(lambda: "message 3" in beside(driven))
        name, records = talk(0)
        with Vault.open(vault_path) as other:
            writing.resolve(other, name, records[3].rev.item, records[3].rev.body)
        await driven.until(lambda: "message 3" not in beside(driven) and "message 4" in beside(driven))


async def test_hostile_and_endless_versions_beside_the_list_are_short_text(start: Start, vault_path: Path) -> None:
    records = talk(1)[1]
    with Vault.open(vault_path) as vault:
        alike = "The same beginning.\n" * 100
        vault.add([changed(records, 0, f"{alike}{HOSTILE}", "2026-11-23T09:50:00.000Z", "laptop")])
        vault.add([changed(records, 0, alike + "x" * 9_000, "2026-11-23T09:51:00.000Z", "desk")], origin="[/x]")
    async with start((100, 40)) as driven:
        await open_conflicts(driven)
        await driven.press("j")
        await driven.until(lambda: "xxxx" in beside(driven))
        assert "[@click=app.quit]press me[/]" in beside(driven), "what differs is in sight"
        assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(beside(driven))
        assert len(beside(driven).splitlines()) < 80


async def test_marked_conversations_alone_are_decided_and_taken_back_from_the_screen(start: Start) -> None:
    async with start((80, 24)) as driven:
        pane = await open_conflicts(driven)
        await driven.press("j", "space")
        assert pane.marked == {TAX}
        await driven.press("escape")
        assert not pane.marked
        await driven.press("k", "j", "space", "A")
        await driven.until(lambda: getattr(driven.app.screen, "tally", None))
        await driven.press("1")
        assert isinstance(driven.app.screen, ConfirmScreen)
        text = str(driven.app.screen.text)
        assert "1 conflict in 1 conversation will say what firebase says" in text
        assert "1 other version will be set aside" in text
        await driven.press("enter")
        await driven.until(lambda: [w.title for w in pane.waiting] == ["Trip to Lisbon"])
        await driven.press("u")
        await driven.until(lambda: driven.app.screen is not driven.app.main)
        await driven.press("enter")
        await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen))
        await driven.press("enter")
        await driven.until(lambda: len(pane.waiting) == 2, "both versions are back")


async def test_the_conversations_are_beside_it_where_there_is_room_and_a_key_away_where_not(start: Start) -> None:
    async with start(size=(200, 50)) as driven:
        screen = await open_resolver(driven)
        assert screen.entries.display and screen.entries.count == 2
        await driven.press("1", "right_square_bracket")
        await driven.until(lambda: screen.conversation == TAX and screen.state is not None)
        assert "Dear all, thank you." in drawn(screen)
        await driven.pilot.click(screen.entries, offset=(12, 1))
        await driven.until(lambda: screen.conversation == LISBON and screen.state is not None)
        assert screen.state is not None and len(screen.state.picks) == 1, "its draft waited"
        await driven.pilot.resize_terminal(80, 24)
        await driven.until(lambda: not screen.entries.display)
        await driven.press("left_square_bracket")
        await driven.until(lambda: screen.conversation == TAX)


async def test_without_an_editor_a_text_is_written_in_the_app(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("e")
        assert isinstance(driven.app.screen, WritingScreen)
        await driven.press("X", "escape")
        assert isinstance(driven.app.screen, WritingScreen), "the first esc asks"
        assert any("esc again" in toast for toast in driven.toasts)
        await driven.press("escape")
        assert driven.app.screen_stack[-1] is screen
        assert screen.state is not None and not screen.state.picks
        await driven.press("e", "enter", "M", "e", "ctrl+s")
        await driven.until(lambda: driven.app.screen is screen)
        row = screen.state.conflicts[0]
        body = screen.state.body_of(row)
        assert body is not None and body_text(body).endswith("add Cascais.\nMe")
        assert screen.state.letter(row) == "E" and "result" in drawn(screen)


async def test_a_pick_whose_text_is_gone_is_named(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        await driven.press("1", "2")
        vault = driven.app.vault
        assert vault is not None
        writing.edit(vault, LISBON, talk(0)[1][4].rev.item, "Day 4: at home.")
        screen.reread()
        await driven.until(lambda: screen.state is not None and len(screen.state.picks) == 1)
        assert any("To choose again: message 4." in toast for toast in driven.toasts)


async def test_a_version_higher_than_the_window_is_read_with_the_key_that_moves(start: Start, vault_path: Path) -> None:
    records = talk(1)[1]
    with Vault.open(vault_path) as vault:
        for by, place in (("laptop", "local"), ("desk", "github")):
            text = "".join(f"{by} writes line {n}\n" for n in range(40))
            vault.add([changed(records, 0, text, "2026-11-23T09:50:00.000Z", by)], origin=place)
    async with start((80, 24)) as driven:
        pane = await open_conflicts(driven)
        while pane.entries.selected is not None and pane.entries.selected.title != "Lisbon flat hunting":
            await driven.press("j")
        screen = await open_chosen(driven)
        assert screen.view.scroll_offset.y == 0, "it begins with the beginning"
        await driven.press(*"j" * 12)
        assert screen.view.scroll_offset.y > 40, "the end of the second version"
        assert screen.row is not None and screen.row.number > 1, "then the next row"


async def test_the_commands_give_the_facts_of_the_screen(
    start: Start, vault_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from netto_tui.cli import run

    add_third_version(vault_path)
    assert run(["--vault", str(vault_path), "conflicts", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["conflicts"]
    assert run(["--vault", str(vault_path), "resolve", "--all", "--take", "github", "--dry-run", "--json"]) == 1
    dry = json.loads(capsys.readouterr().out)
    async with start() as driven:
        pane = await open_conflicts(driven)
        assert list(dict.fromkeys(found["conversation"] for found in told)) == [w.conversation for w in pane.waiting]
        screen = await open_chosen(driven)
        assert screen.state is not None
        shown = [
            (row.item, row.number, [(c.revision, ",".join(c.labels), c.text) for c in row.choices])
            for row in screen.state.conflicts
        ]
        said = [
            (found["item"], found["message"], [(h["revision"], h["column"], h["text"]) for h in found["heads"]])
            for found in told
            if found["conversation"] == LISBON
        ]
        assert said == shown
        screen.state.take_column("github")
        assert dry["places"] == {label: count._asdict() for label, count in screen.state.count_places().items()}
        assert dry["left"] == 1, "the letter has no version from there"


async def test_a_failure_to_write_is_shown_to_copy_and_costs_no_pick(start: Start) -> None:
    async with start() as driven:
        screen = await open_resolver(driven)
        (driven.app.vault_path / "undo").write_text("not a folder, so that no undo point can be kept")
        await driven.press("1", "1", "1", "w", "enter")
        await driven.until(lambda: isinstance(driven.app.screen, FaultScreen))
        await driven.press("escape")
        assert driven.app.screen_stack[-1] is screen
        assert screen.state is not None and len(screen.state.picks) == 3
        vault = driven.app.vault
        assert vault is not None
        assert vault.item(LISBON, talk(0)[1][3].rev.item).conflict, "nothing was written"


async def test_versions_below_a_dialog_follow_the_width_of_the_terminal(start: Start) -> None:
    async with start(size=(80, 24)) as driven:
        screen = await open_resolver(driven)
        await driven.press("2", "1", "2", "w")
        await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen), "it asks")
        await driven.pilot.resize_terminal(200, 50)
        await driven.until(lambda: screen.view.size.width > 100, "there is more room")
        await driven.settle()
        assert max(line.content.cell_length for line in screen.view.lines) <= screen.view.size.width

"""The Sync section: what each store says at every width, the journal, pausing, and what is told of one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from textual import events

from netto_tui.config import Config, load, pause, save
from netto_tui.model.clock import to_instant
from netto_tui.model.ids import message_id
from netto_tui.sync.events import ConflictFound, PassReport
from netto_tui.sync.history import DayTally
from netto_tui.sync.journal import Journal
from netto_tui.tui import messages
from netto_tui.tui.panes import sync_words
from netto_tui.tui.panes.sync import SyncPane
from netto_tui.tui.screens.details import DetailsScreen
from netto_tui.tui.widgets.columns import line, titles
from netto_tui.tui.widgets.header import Header
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.vault.rows import MeterRow, ReplicaRow
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import MINUTE, NOW, talk

LONG = ReplicaRow(
    "firestore-of-the-whole-family",
    "firestore",
    "our-project-with-a-long-name/users/somebody",
    "ok",
    48_205,
    6,
    to_instant(NOW - 12 * MINUTE),
    "",
    0,
    "",
    (
        MeterRow("days of the token", 9, 0, ""),
        MeterRow("reads", 4_000, 50_000, ""),
        MeterRow("writes", 500, 20_000, to_instant(NOW + MINUTE)),
    ),
    sealed=True,
    behind=31,
    conflicts=4,
    next_run=to_instant(NOW + 8 * MINUTE),
)


def pane_of(driven: Driven) -> SyncPane:
    return driven.app.main.query_one(SyncPane)


def states(driven: Driven) -> dict[str, str]:
    return {row.name: row.state for row in pane_of(driven).rows}


def shown(driven: Driven) -> str:
    """All that the screen shows, as text."""
    width = driven.app.size.width
    strips = driven.app.screen._compositor.render_strips()
    return "\n".join(strip.crop(0, width).text for strip in strips)


def drawn(row: ReplicaRow, width: int, running: str = "") -> tuple[str, str]:
    """The headings and one row of the list of stores, in a terminal of a width."""
    days = [DayTally(str(number)) for number in range(14)]
    columns = sync_words.StoreColumns(lambda: NOW, lambda _: running, lambda _: days).all()
    return titles(columns, width - 3).plain, line(columns, row, width - 3).plain


def test_at_80_cells_a_store_shows_its_proof_and_what_differs_and_more_where_there_is_room() -> None:
    heads, row = drawn(LONG, 80)
    assert heads.split() == ["Store", "State", "Proven", "Age", "Ahead", "Behind", "Confl", "Next"]
    assert row.split() == [
        "firestore-o…", "✓", "in", "step", "48", "205", "12", "min", "6", "31", "4", "in", "8", "min",
    ]  # fmt: skip
    assert drawn(LONG, 120)[0].split()[-4:] == ["Token", "Quota", "14", "days"]
    assert "9 d" in drawn(LONG, 120)[1] and "2 %" in drawn(LONG, 120)[1], "the meter of which the least is left"
    assert "Where" in drawn(LONG, 200)[0] and LONG.target in drawn(LONG, 200)[1]
    assert "▸ writing" in drawn(LONG, 80, "writing")[1]
    assert "Next" in drawn(LONG, 79)[0] and "…" not in drawn(LONG, 79)[0], "there is room for a scrollbar"


def test_what_is_told_of_a_store_is_wrapped_beside_its_name() -> None:
    told = [("Wrong", "The disk is not mounted, and so nothing can be written to it.", ""), ("Where", "folder", "")]
    assert sync_words.lines(told, 40).plain.split("\n") == [
        "Wrong    The disk is not mounted, and so",
        "         nothing can be written to it.",
        "Where    folder",
    ]


def test_what_nobody_knows_is_a_question_mark_and_a_wait_has_its_end() -> None:
    offline = replace(LONG, state="unreachable", behind=None, failures=3, next_run=to_instant(NOW + 2 * MINUTE))
    assert drawn(offline, 80)[1].split()[-5:] == ["?", "4", "in", "2", "min"]
    paused = replace(LONG, state="paused", next_run="")
    assert "= paused" in drawn(paused, 80)[1] and drawn(paused, 80)[1].split()[-1] == "–"


def test_what_is_wrong_comes_first_and_says_what_to_do() -> None:
    row = replace(LONG, state="unreachable", last_error="The disk is not mounted.", failures=3, withheld=2)
    told = sync_words.detail(row, (), UTC, NOW)
    assert [name for name, _, _ in told][:2] == ["Wrong", "To do"]
    text = " ".join(said for _, said, _ in told)
    for part in (
        "not mounted",
        "r tries now",
        "3 times in a row",
        "6 conversations not proven",
        "31 conversations",
        "4 conflicts",
        "Part of 2 conversations",
        "the token ends in 9 days",
        "500 of 20 000 writes",
    ):
        assert part in text


def test_the_last_days_are_letters_and_blocks_with_their_numbers() -> None:
    days = [
        DayTally("2026-11-20"),
        DayTally("2026-11-21", looked=True),
        DayTally("2026-11-22", failures=2, looked=True),
        DayTally("2026-11-23", pushed=3, pulled=1, looked=True),
        DayTally("2026-11-24", pushed=400, failures=1, looked=True),
    ]
    assert sync_words.spark(days).plain == "·▁✗▃▇"
    assert sync_words.days_words(days) == "14 days: 403 revisions pushed, 1 pulled, faults on 2 days"


def test_the_header_keeps_every_mark_and_what_runs_at_any_width() -> None:
    header = Header(id="header")
    header.set_reactive(Header.now_ms, NOW)
    rows = tuple(replace(LONG, name=f"replica-{number}", state="ok") for number in range(10))
    header.set_reactive(
        Header.replicas, (*rows[:8], replace(rows[8], state="paused"), replace(rows[9], state="denied"))
    )
    assert header._standing(200).plain.count("✓ 12m") == 8
    assert header._standing(40).plain.count("✓") == 8 and "=" in header._standing(40).plain
    assert header._standing(20).plain.split() == ["8", "✓", "1", "=", "1", "✗"]
    header.set_reactive(Header.activity, "writing to replica-1 31/48")
    assert "31/48" in header._standing(90).plain and "✗" in header._standing(90).plain
    assert header._standing(34).plain.startswith("▸")


def test_progress_says_how_fast_it_goes_for_each_thing_that_runs() -> None:
    bar = ProgressLine(id="bar")
    bar.move("writing to disk", 100, 1000, NOW, key="disk")
    bar.move("reading from github", 0, 0, NOW, key="github")
    bar.move("writing to disk", 340, 1000, NOW + 4000, key="disk")
    first, second = bar.render().plain.split("\n")
    assert "340/1 000 writing to disk · 60/s · about 11 s · esc stops" in first
    assert "reading from github · esc stops" in second
    bar.finish("disk")
    assert "disk" not in bar.render().plain and bar.display
    bar.finish("github")
    assert not bar.display


async def test_a_pause_is_kept_shown_and_lifted_by_keys(start: Start, vault_path: Path) -> None:
    async with start((80, 24)) as driven:
        await driven.press("2", "j", "p")
        await driven.until(lambda: states(driven)["disk"] == "paused", "disk is paused")
        assert load(vault_path / "config.toml").replica("disk").paused
        await driven.until(lambda: "disk =" in shown(driven), "the header shows it")
        assert "until p resumes it" in shown(driven)
        await driven.press("r")
        assert "disk is paused. p resumes it." in driven.toasts
        await driven.press("P")
        await driven.until(lambda: states(driven)["mirror"] == "paused", "all are paused")
        await driven.press("P")
        await driven.until(lambda: "paused" not in states(driven).values(), "all are resumed")
        assert not any(each.paused for each in load(vault_path / "config.toml").replicas)
    pause(vault_path / "config.toml", ["mirror"], True)
    async with start() as again:
        await again.press("2")
        assert states(again)["mirror"] == "paused", "it survives quitting"


async def test_a_paused_replica_is_left_out_of_sync_until_it_is_resumed(start: Start, vault_path: Path) -> None:
    pause(vault_path / "config.toml", ["mirror"], True)
    async with start(sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        await driven.press("2", "S")
        await driven.until(lambda: driven.said(messages.PassFinished), "a pass ended")
        await driven.press("j", "j", "p")
        await driven.until(lambda: states(driven).get("mirror") == "ok", "it is synced when it is resumed")
        ended = (message for message in driven.messages if isinstance(message, messages.PassFinished))
        passed = [message.report.name for message in ended]
        assert passed.index("disk") < passed.index("mirror")


async def test_the_journal_is_filtered_opened_and_copied_with_keys_and_the_mouse(start: Start) -> None:
    async with start((80, 24)) as driven:
        await driven.press("2", "j")
        pane = pane_of(driven)
        assert pane.journal.count == 3 and "f shows disk only" in shown(driven)
        await driven.press("f")
        assert {row.replica for row in pane._page("disk", 0, 9)} == {"disk"}
        assert pane.journal.count == 2 and "Journal of disk" in shown(driven)
        await driven.press("escape")
        assert pane.journal.count == 3
        await driven.press("tab", "enter")
        assert isinstance(driven.app.screen, DetailsScreen)
        assert "took 1 new revision in 1 conversation; read back" in driven.app.screen.text
        text = driven.app.screen.text
        await driven.press("y")
        assert driven.app.clipboard == text
        await driven.press("escape")
        await driven.pilot.click("#journal", offset=(20, 2))
        await driven.pilot.click("#journal", offset=(20, 2))
        await driven.settle()
        assert isinstance(driven.app.screen, DetailsScreen), "a click on the cursor opens it"


async def test_a_store_opens_into_all_that_is_known_of_it(start: Start) -> None:
    async with start() as driven:
        await driven.press("2", "j", "j", "enter")
        screen = driven.app.screen
        assert isinstance(screen, DetailsScreen)
        assert "mirror.git" in screen.text and "1 conversation not proven there" in screen.text


async def test_a_click_on_the_marks_of_the_header_opens_sync(start: Start) -> None:
    async with start((80, 24)) as driven:
        await driven.pilot.click("#header", offset=(76, 0))
        await driven.settle()
        assert driven.app.main.header.section == "sync"


async def test_without_a_replica_it_says_which_key_adds_one(start: Start, vault_path: Path) -> None:
    save(vault_path / "config.toml", Config())
    async with start((80, 24)) as driven:
        await driven.press("2")
        assert "There is no second copy yet. A adds one" in shown(driven)
        await driven.press("P")
        assert "There is no replica yet. A adds one." in driven.toasts


async def test_settings_that_cannot_be_read_are_told_and_the_replicas_still_show(
    start: Start, vault_path: Path
) -> None:
    (vault_path / "config.toml").write_text("garbage [[[")
    async with start((80, 24)) as driven:
        await driven.press("2")
        assert list(states(driven)) == ["local", "disk", "mirror"]
        assert "config.toml cannot be read" in shown(driven)
        await driven.press("j", "p")
        await driven.until(lambda: any("config.toml cannot be read" in toast for toast in driven.toasts))


async def test_settings_of_another_version_are_named(start: Start, vault_path: Path) -> None:
    path = vault_path / "config.toml"
    path.write_text('colour = "red"\n' + path.read_text())
    async with start((80, 24)) as driven:
        await driven.press("2")
        await driven.until(lambda: "“colour” is no setting of this version; it is kept." in shown(driven))
        assert list(states(driven)) == ["local", "disk", "mirror"]


async def test_ten_stores_with_long_names_leave_room_for_the_journal(start: Start, vault_path: Path) -> None:
    config = load(vault_path / "config.toml")
    more = [replace(config.replicas[0], name=f"a-disk-with-a-long-name-{n}", target=f"disk-{n}") for n in range(8)]
    save(vault_path / "config.toml", replace(config, replicas=(*config.replicas, *more)))
    async with start((80, 24)) as driven:
        await driven.press("2", "G")
        assert "a-disk-with-a-long-name-7" in str(pane_of(driven).stores.selected)
        assert "Journal · " in shown(driven) and pane_of(driven).journal.size.height >= 3
        assert "a-disk-with…" in shown(driven)


async def test_what_runs_is_stopped_alone_where_the_cursor_is(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start(sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        await driven.press("2", "j")
        asked: list[object] = []
        worker = driven.app.worker
        assert worker is not None
        monkeypatch.setattr(worker, "cancel", lambda names=None: asked.append(names))
        driven.app.post_message(messages.ProgressMoved("disk", "push", 3, 9))
        driven.app.post_message(messages.ProgressMoved("mirror", "pull", 1, 4))
        await driven.until(lambda: len(driven.app.main.progress) == 2)
        assert "▸ writing" in shown(driven) and "▸ reading" in shown(driven)
        assert driven.app.main.active_bindings["x"].enabled
        await driven.press("x", "k", "x")
        assert asked == [["disk"], None]
        for name in ("disk", "mirror"):
            report = PassReport(name, "git", "behind", stopped=True)
            driven.app.post_message(messages.PassFinished(report, to_instant(NOW)))
        await driven.until(lambda: not driven.app.main.query_one(ProgressLine).display)


async def test_keys_that_come_at_once_are_followed_in_their_order(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        await driven.press("2")
        for key in "jjp":
            driven.app.post_message(events.Key(key, key))
        await driven.until(lambda: states(driven)["mirror"] == "paused", "p is for where the cursor went")
        assert not any("Move to a replica" in toast for toast in driven.toasts)


async def test_the_journal_tells_titles_and_a_line_that_is_opened_tells_the_id_too(
    start: Start, vault_path: Path
) -> None:
    name = talk(0)[0]
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        journal = Journal(vault, lambda event: None)
        journal(ConflictFound(to_instant(NOW), "disk", name, message_id(name, "2")))
        journal.flush()
    async with start((80, 24)) as driven:
        await driven.press("2")
        assert "“Trip to Lisbon” has several versions" in shown(driven) and name[:10] not in shown(driven)
        await driven.press("tab", "enter")
        assert isinstance(driven.app.screen, DetailsScreen)
        assert "“Trip to Lisbon”" in driven.app.screen.text and name in driven.app.screen.text

"""The first steps: from nothing to a vault that is proven, at 80x24; leaving in the middle loses nothing."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.message import Message
from textual.widgets import Button, Input, Static

from netto_tui.capture.finding import measured, spots, usual
from netto_tui.cli import run
from netto_tui.config import load
from netto_tui.errors import Cancelled
from netto_tui.setup import beginning
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.screens.codes import KeepCode
from netto_tui.tui.screens.fault import FaultScreen
from netto_tui.tui.screens.setup import SetupScreen
from netto_tui.tui.screens.welcome import WelcomeScreen
from netto_tui.tui.screens.welcome_steps import SpotList
from tests.servers import keyrings, quick_slots
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import NOW

SMALL = (80, 24)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder with two sessions of Claude Code, a tool that nobody reads yet, and an export."""
    home = tmp_path / "home"
    for variable in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCLAW_STATE_DIR", "OPENCLAW_WORKSPACE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "device.key"))
    monkeypatch.setattr("netto_tui.security.slots.seal", quick_slots.seal)
    for number in (1, 2):
        write_session(home / ".claude" / "projects" / "-home-project" / f"s{number}.jsonl", f"s{number}")
    (home / ".claude" / ".credentials.json").write_text('{"messages": [{"role": "user", "content": "secret"}]}')
    unread = home / ".codex" / "sessions" / "rollout-1.jsonl"
    unread.parent.mkdir(parents=True)
    unread.write_text('{"type": "nobody-knows", "payload": 1}\n')
    export = home / "Downloads" / "export" / "conversations.json"
    export.parent.mkdir(parents=True)
    export.write_text(json.dumps([{"id": "e1", "messages": [{"role": "user", "content": "What is a fjord?"}]}]))
    with keyrings.used(keyrings.Memory()):
        yield home


def write_session(path: Path, name: str) -> None:
    """A session of Claude Code with two messages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = [("user", "How high is the tower?"), ("assistant", "About 35 metres.")]
    path.write_text(
        "".join(
            json.dumps(
                {
                    "type": role,
                    "uuid": f"{name}-{place}",
                    "parentUuid": f"{name}-{place - 1}" if place else None,
                    "sessionId": name,
                    "timestamp": f"2026-11-20T10:0{place}:00.000Z",
                    "message": {"role": role, "content": text},
                }
            )
            + "\n"
            for place, (role, text) in enumerate(said)
        )
    )


@asynccontextmanager
async def begin(path: Path, size: tuple[int, int] = SMALL) -> AsyncIterator[Driven]:
    """The app where there may be no vault, with sync."""
    app = NettoApp(path, now=lambda: NOW)
    messages: list[Message] = []
    async with app.run_test(size=size, notifications=True, message_hook=messages.append) as pilot:
        driven = Driven(app, pilot, messages)
        await driven.until(lambda: app.is_running and isinstance(app.screen, WelcomeScreen), "the first steps")
        yield driven


def welcome(driven: Driven) -> WelcomeScreen:
    return next(screen for screen in driven.app.screen_stack if isinstance(screen, WelcomeScreen))


def said(driven: Driven) -> str:
    """What the step in front says."""
    step = welcome(driven).step
    return "\n".join(str(each.render()) for each in step.query(Static))


def places(driven: Driven) -> SpotList:
    return welcome(driven).query_one(SpotList)


async def at(driven: Driven, stage: str) -> None:
    await driven.until(lambda: driven.app.screen is welcome(driven) and welcome(driven).stage == stage, stage)


async def found(driven: Driven) -> None:
    await driven.until(lambda: "Tick what" in said(driven), "the search ended")


async def import_ended(driven: Driven) -> None:
    await at(driven, "import")
    await driven.until(lambda: any(each.display for each in welcome(driven).step.query(Button)), "the import ended")


async def fill(driven: Driven, text: str) -> None:
    line = driven.app.focused
    assert isinstance(line, Input), line
    line.value = text
    await driven.press("enter")


async def test_a_newcomer_gets_from_nothing_to_a_proven_vault(tmp_path: Path, home: Path) -> None:
    path, copy = tmp_path / "vault", tmp_path / "copy"
    async with begin(path) as driven:
        assert str(path) in said(driven).replace("\n", "")
        await driven.press("enter")
        await found(driven)
        assert [(each.title, each.readable) for each in places(driven).spots] == [
            ("Claude Code", True),
            ("Codex", False),
            ("Export", True),
        ]
        await driven.press("j", "space")
        assert any("not read by this version" in toast for toast in driven.toasts), "why it has no tick"
        assert not path.exists(), "nothing is written before it is chosen"
        await driven.press("enter")
        await at(driven, "replicas")
        await driven.until(lambda: driven.app.vault is not None, "there is a vault")
        await driven.press("enter")
        await driven.until(lambda: isinstance(driven.app.screen, SetupScreen), "a replica is asked for")
        await driven.press("3")
        await fill(driven, str(copy))
        await driven.until(lambda: isinstance(driven.app.focused, Button), "it was tried")
        await driven.press("enter")
        await driven.until(lambda: isinstance(driven.app.screen, KeepCode), "the recovery code is shown")
        await fill(driven, str(driven.app.screen.query_one("#code-shown", Static).render()))
        await at(driven, "replicas")
        assert "disk" in said(driven)
        assert driven.app.worker is None, "sync waits for its step"
        await driven.press("enter")
        await import_ended(driven)
        assert "2 conversations, 4 messages" in said(driven)
        assert "1 conversation, 1 message" in said(driven), "the export"
        await driven.press("enter")
        await driven.until(lambda: "3 of 3 conversations proven equal" in said(driven), "the proof")
        assert any(copy.glob("sessions/**/*"))
        await driven.until(lambda: "Read back from every replica" in said(driven), "said in words")
        await driven.press("enter")
        pane = driven.app.main.query_one(BrowsePane)
        await driven.until(lambda: driven.app.screen is driven.app.main and pane.entries.count == 3, "they are listed")
    assert [source.path for source in load(path / "config.toml").sources] == [str(home / ".claude" / "projects")]
    assert beginning.load(path) is None


async def test_leaving_in_the_middle_goes_on_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "vault"
    async with begin(path) as driven:
        await driven.press("enter")
        await found(driven)
        await driven.press("enter")
        await at(driven, "replicas")
        await driven.press("q")
    async with begin(path) as driven:
        assert welcome(driven).stage == "replicas"
        await driven.until(lambda: driven.app.vault is not None, "it was made before")
        await driven.press("escape")
        await found(driven)
        await driven.press("a", "space", "enter")  # none of them but the first
        await at(driven, "replicas")
        await driven.press("right", "enter")  # later
        await import_ended(driven)
        assert "4 messages" in said(driven) and "1 message\n" not in said(driven)
        await driven.press("enter")
        await driven.until(lambda: "no replica yet" in said(driven), "the only copy")
        await driven.press("escape")
        await driven.until(lambda: driven.app.screen is driven.app.main, "Browse")
    assert beginning.load(path) is None


async def test_leaving_at_the_first_step_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "vault"
    async with begin(path) as driven:
        await driven.press("enter")
        await found(driven)
        await driven.press("escape")
        await at(driven, "hello")
        await driven.press("escape")
        await driven.until(lambda: not driven.app.is_running, "the app is left")
    assert not path.exists()


async def test_every_step_is_done_with_the_mouse(tmp_path: Path) -> None:
    async with begin(tmp_path / "vault", (120, 40)) as driven:
        await driven.pilot.click("#first-hello .welcome-go")
        await found(driven)
        await driven.pilot.click("#welcome-spots", offset=(4, 1))
        assert places(driven).ticked == {places(driven).spots[2].path}, "a click takes the tick of the row away"
        await driven.pilot.click("#first-sources .welcome-go")
        await at(driven, "replicas")
        await driven.pilot.click("#first-replicas .welcome-go")
        await import_ended(driven)
        await driven.pilot.click("#first-import .welcome-go")
        await at(driven, "sync")


async def test_conversations_are_brought_in_later_from_a_place_that_is_named(start: Start, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "home")
    write_session(tmp_path / "elsewhere" / "s9.jsonl", "s9")
    async with start(SMALL) as driven:
        rows = driven.app.main.query_one(BrowsePane).entries
        before = rows.count
        await driven.press("I")
        await driven.until(lambda: "Nothing was found" in said(driven), "the search ended")
        await driven.press("tab", "tab", "enter")
        await fill(driven, str(tmp_path / "no-such-place"))
        await driven.until(lambda: isinstance(driven.app.screen, FaultScreen), "it is not there")
        await driven.press("escape", "enter")
        await fill(driven, str(tmp_path / "elsewhere"))
        await driven.until(lambda: places(driven).spots, "it is listed")
        await driven.press("shift+tab", "enter")
        await import_ended(driven)
        await driven.press("enter")
        await driven.until(lambda: driven.app.screen is driven.app.main and rows.count == before + 1, "it is listed")


def test_an_import_that_is_stopped_says_so_and_keeps_what_came(tmp_path: Path, home: Path) -> None:
    path, cancel = tmp_path / "vault", threading.Event()
    projects = home / ".claude" / "projects"
    beginning.choose(path, [projects], [home / "Downloads"], [projects], "import")
    first, second = beginning.places(path)
    assert (first.path, second.path) == (str(projects), str(home / "Downloads"))
    run_ = beginning.bring_in(path, [first, second], lambda: NOW, lambda _: None, lambda: None, cancel)
    assert next(run_).imported.messages == 4
    cancel.set()
    with pytest.raises(Cancelled):
        next(run_)
    again = beginning.bring_in(path, [first, second], lambda: NOW, lambda _: None, lambda: None, threading.Event())
    assert [each.imported.added for each in again] == [0, 2]


def test_choosing_again_keeps_what_was_not_offered(tmp_path: Path) -> None:
    path, own, offered = tmp_path / "vault", tmp_path / "own", [tmp_path / "a", tmp_path / "b"]
    beginning.choose(path, [own], [], [own], "replicas")
    beginning.choose(path, offered[:1], [offered[1]], offered, "replicas")
    beginning.choose(path, offered[1:], [], offered, "import")
    assert [source.path for source in load(path / "config.toml").sources] == [str(own), str(offered[1])]
    assert beginning.load(path) == beginning.Begun("import", ())


def test_a_note_of_the_first_steps_that_cannot_be_read_begins_them_again(tmp_path: Path) -> None:
    (tmp_path / ".netto").mkdir()
    (tmp_path / ".netto" / "begun.json").write_text('{"step": "nowhere"}')
    assert beginning.load(tmp_path) == beginning.Begun()


def test_places_are_found_where_the_environment_says_and_secrets_are_not_counted(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write_session(elsewhere / "projects" / "p" / "s3.jsonl", "s3")
    by_title = {spot.title: spot for spot in spots(home, {"CLAUDE_CONFIG_DIR": str(elsewhere)})}
    assert by_title["Claude Code"].path == elsewhere / "projects"
    assert by_title["Claude Code"].files == 1
    assert not by_title["Export"].lasting and by_title["Claude Code"].lasting
    assert not by_title["Codex"].readable
    assert all(".credentials" not in str(spot.path) for spot in by_title.values())


def test_an_empty_place_is_none_and_a_search_can_be_stopped(home: Path, tmp_path: Path) -> None:
    (home / ".gemini" / "tmp").mkdir(parents=True)
    gemini = next(spot for spot in usual(home, {}) if spot.title == "Gemini CLI")
    assert measured(gemini, threading.Event()) is None
    cancel = threading.Event()
    cancel.set()
    assert list(spots(home, {}, cancel=cancel)) == []


def test_the_command_line_finds_the_same_places(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--find", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["places"]
    assert [(row["title"], row["path"], row["files"], row["bytes"], row["readable"]) for row in told] == [
        (spot.title, str(spot.path), spot.files, spot.bytes, spot.readable) for spot in spots(home, {})
    ]
    assert run(["import"]) == 2
    assert "--find" in capsys.readouterr().err

"""Keys of one's own: they work, they are shown, and a mistake in them is told and breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netto_tui.cli import run
from netto_tui.tui.bindings import faults, in_force, known
from netto_tui.tui.preferences import Preferences, is_key
from netto_tui.tui.screens.help import HelpScreen, KeyLines
from tests.tui.conftest import Driven, Start


def set_keys(vault: Path, **keys: str) -> None:
    """Add a table of keys to the settings, as a person would."""
    lines = [f'"{name.replace("__", ".").replace("_", "-")}" = "{text}"' for name, text in keys.items()]
    path = vault / "config.toml"
    path.write_text(path.read_text() + "\n".join(["", "[keys]", *lines, ""]))


def shown_help(driven: Driven) -> str:
    screen = driven.app.screen
    assert isinstance(screen, HelpScreen)
    return screen.query_one(KeyLines).render().plain


@pytest.mark.parametrize("text", ["q", "?", "ctrl+x", "question_mark", "space", "f5", "ctrl+shift+left", "é", "comma"])
def test_what_a_terminal_sends_is_a_key(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["", "foo", "ctrl", "strg+x", "quit now", "QUESTION_MARK"])
def test_what_no_terminal_sends_is_no_key(text: str) -> None:
    assert not is_key(text)


def test_an_action_whose_keys_are_none_keeps_its_own() -> None:
    assert Preferences("", {"app.quit": "foo", "app.help": "foo, h"}).usable_keys == {"app.help": "h"}
    assert in_force({"app.quit": "foo"})["app.quit"] == ("q",)


def test_every_mistake_is_named_and_no_good_line_is() -> None:
    said = {fault.id: fault.words for fault in faults({"app.quti": "x", "list.down": "foo,j", "app.quit": "S"})}
    assert "nearest is app.quit" in said["app.quti"]
    assert "“foo”" in said["list.down"]
    assert "S" in said["app.quit"] and "app.sync-now" in said["app.quit"]
    assert faults({"app.quit": "ctrl+x", "list.down": "down,ctrl+n"}) == []


def test_two_actions_that_never_meet_may_share_a_key() -> None:
    assert faults({"health.check": "ctrl+n", "sync.this": "ctrl+n"}) == []
    assert faults({"health.check": "ctrl+n", "app.help": "ctrl+n"})


def test_exchanging_two_keys_is_no_clash() -> None:
    assert faults({"app.themes": "I", "app.import": "comma"}) == []


def test_every_action_that_is_told_in_the_footer_can_be_rebound() -> None:
    assert {"app.quit", "app.help", "list.choose", "resolver.write", "details.copy", "welcome.tick"} <= known().keys()


async def test_other_keys_work_and_are_shown_in_footer_and_help(start: Start, vault_path: Path) -> None:
    set_keys(vault_path, app__help="8", app__sync_now="ctrl+y, 9", app__sync="7")
    async with start() as driven:
        drawn = driven.app.screen._compositor.render_strips()
        assert "8 Help" in drawn[-1].text, "the line of keys"
        await driven.press("S")
        assert driven.toasts == []
        await driven.press("9", "7")
        assert driven.toasts == ["Sync is not running in this app."]
        assert driven.app.main.header.section == "sync"
        await driven.press("8")
        text = shown_help(driven)
        assert "9 ctrl+y" in text and "app.sync-now" in text
        await driven.press("slash", *"help")
        assert "Help" in shown_help(driven) and "Maximise" not in shown_help(driven)
        await driven.press("escape", "escape")
        assert driven.app.screen is driven.app.main


async def test_a_mistake_in_the_keys_is_told_and_the_rest_works(start: Start, vault_path: Path) -> None:
    set_keys(vault_path, app__quti="x", app__help="foo")
    async with start() as driven:
        await driven.until(lambda: driven.toasts, "the mistakes are told")
        assert "app.quti" in driven.toasts[0] and "“foo”" in driven.toasts[0]
        await driven.press("question_mark")
        assert "Replicas and checks" in shown_help(driven)


async def test_keys_that_are_changed_while_it_runs_are_taken(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        set_keys(vault_path, app__help="h")
        await driven.until(lambda: driven.app.preferences.keys, "the settings are read again")
        await driven.press("h")
        assert isinstance(driven.app.screen, HelpScreen)


def test_the_command_line_lists_the_same_keys_and_the_mistakes(
    vault_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_keys(vault_path, app__help="8", app__quti="x")
    assert run(["--vault", str(vault_path), "bindings", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {row["id"]: row["keys"] for row in told["bindings"]}["app.help"] == ["8"]
    assert [fault["id"] for fault in told["faults"]] == ["app.quti"]
    assert len(told["bindings"]) == len(known())


def test_the_doctor_names_a_mistake_in_the_keys(vault_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_keys(vault_path, app__quti="x")
    run(["--vault", str(vault_path), "doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["app keys"]["state"] == "warn"
    assert "app.quti" in checks["app keys"]["detail"]

"""Choosing a theme: seen before it is taken, left as it was by esc, and kept without touching what a person wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.config import load, write_theme
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.themes import ThemesScreen
from tests.tui.conftest import Start
from tests.tui.vaults import NOW

OWN = """# how it is with us
policy = "latest"  # the last word counts

[keys]
"app.quit" = "ctrl+x"  # q is too near
"""


def test_a_theme_is_written_and_every_comment_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(OWN)
    for name in ("nord", "netto-light"):
        write_theme(path, name)
        assert load(path).theme == name
    assert path.read_text() == OWN.replace("policy", 'theme = "netto-light"\npolicy', 1)


@pytest.mark.parametrize(
    "text", ["", "x = [\n  [1],\n]\n", "theme = 'a'\n", 'policy = "merge"', "note = '''\n[no]\n'''\n"]
)
def test_a_theme_is_written_whatever_the_settings_look_like(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    before = load(path)
    write_theme(path, "nord")
    after = load(path)
    assert after.theme == "nord"
    assert (after.policy, after.unknown) == (before.policy, before.unknown)


async def test_a_theme_is_seen_at_once_left_by_esc_and_kept_by_enter(start: Start, vault_path: Path) -> None:
    async with start((80, 24)) as driven:
        await driven.press("comma", "j")
        assert isinstance(driven.app.screen, ThemesScreen)
        assert driven.app.theme == "netto-light"
        await driven.press("escape")
        assert driven.app.theme == "netto-dark"
        assert load(vault_path / "config.toml").theme == ""
        await driven.press("comma", "j", "enter")
        assert driven.app.theme == load(vault_path / "config.toml").theme == "netto-light"
        await driven.press("comma", "g", "j", "j")
        assert driven.app.theme == "ansi-dark"
        driven.app.export_screenshot()
    assert len(load(vault_path / "config.toml").replicas) == 2
    assert NettoApp(vault_path, now=lambda: NOW).theme == "netto-light"


def test_the_variable_of_textual_goes_before_the_settings(vault_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_theme(vault_path / "config.toml", "nord")
    monkeypatch.setenv("TEXTUAL_THEME", "gruvbox")
    assert NettoApp(vault_path).theme == "gruvbox"


async def test_a_theme_that_is_none_is_told_and_the_app_begins(start: Start, vault_path: Path) -> None:
    write_theme(vault_path / "config.toml", "no-such")
    async with start() as driven:
        assert driven.app.theme == "netto-dark"
        await driven.until(lambda: any("no-such" in toast for toast in driven.toasts), "it is told")


async def test_without_colours_every_state_is_a_letter(
    start: Start, vault_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with start((80, 24)) as driven:
        text = "\n".join(strip.text for strip in driven.app.screen._compositor.render_strips())
        assert "✓" in text and "↑" in text, "the states of the replicas"
        assert "? Trip to Lisbon" in text, "conflicts"

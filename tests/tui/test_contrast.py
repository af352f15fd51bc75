"""Every text that is drawn can be read: 4.5:1 against its ground, in both of our themes, on every screen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorType
from rich.style import Style
from textual.color import Color
from textual.errors import NoWidget
from textual.screen import Screen

from netto_tui.errors import NettoError
from netto_tui.tui import opening
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.welcome import WelcomeScreen
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import NOW

ENOUGH = 4.5
"""Of WCAG 2, for text of ordinary size."""

DRAWN = re.compile(r"[\u2500-\u259f\s\U0001f50e]*")
"""Lines, bars, blanks and a picture in colours of its own: nothing to read."""

SCREENS: dict[str, Sequence[str]] = {
    "browse": (),
    "reading": ("enter", "j", "J"),
    "search": ("slash", *"lisbon"),
    "sync": ("2", "j"),
    "conflicts": ("3",),
    "resolver": ("3", "enter"),
    "recovery": ("4",),
    "health": ("5",),
    "help": ("question_mark",),
    "themes": ("comma",),
    "replica": ("A",),
    "place": ("A", "1"),
    "palette": ("ctrl+p",),
    "export": ("E",),
    "title": ("r",),
    "tags": ("T",),
    "delete": ("D",),
    "dates": ("t", "j"),
    "stored records": ("enter", "i"),
    "files": ("enter", "o"),
    "authority": ("3", "A"),
    "undo points": ("4", "u"),
    "evidence": ("5", "space", "l"),
}


def luminance(color: Color) -> float:
    """The relative luminance of WCAG 2."""

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def ratio(style: Style) -> float:
    """The contrast of a text against its ground; 21 where the terminal's own colours are meant."""
    front, back = style.color, style.bgcolor
    if front is None or back is None or ColorType.TRUECOLOR not in (front.type, back.type):
        return 21.0
    colors = [
        Color.from_rich_color(back if style.reverse else front),
        Color.from_rich_color(front if style.reverse else back),
    ]
    dark, light = sorted(map(luminance, colors))
    return (light + 0.05) / (dark + 0.05)


def faint(screen: Screen[Any]) -> Iterator[str]:
    """What of a screen cannot be read well enough; what a dialog lies over is dimmed on purpose."""
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            if not DRAWN.fullmatch(segment.text) and segment.style is not None and is_own(screen, x, y):
                found = 0.0 if segment.style.dim else ratio(segment.style)
                if found < ENOUGH:
                    yield f"{found:.1f} line {y}: {segment.text.strip()!r} {segment.style}"
            x += segment.cell_length


def is_own(screen: Screen[Any], x: int, y: int) -> bool:
    """Whether a place belongs to the screen itself and not to what shows through it."""
    try:
        widget, _ = screen.get_widget_at(x, y)
    except NoWidget:
        return False
    return not (widget is screen and screen.is_modal)


THEMES = ("netto-dark", "netto-light")


async def test_every_text_of_every_section_and_dialog_can_be_read(start: Start) -> None:
    found = []
    async with start((160, 50)) as driven:
        for name, keys in SCREENS.items():
            await show(driven, keys)
            for theme in THEMES if name != "themes" else THEMES[:1]:
                driven.app.theme = theme
                await driven.pilot.pause()
                found += [f"{name}: {line}" for line in faint(driven.app.screen)]
            driven.app.theme = THEMES[0]
            while driven.app.screen is not driven.app.main:
                await driven.press("escape")
            await driven.press("escape", "escape", "1")
    assert found == []


async def show(driven: Driven, keys: Sequence[str]) -> None:
    """Press keys, and take away the toasts that they made."""
    await driven.press(*keys)
    driven.app.clear_notifications()
    await driven.settle()


@pytest.mark.parametrize("theme", ["netto-dark", "netto-light"])
async def test_faults_toasts_and_the_first_steps_can_be_read(start: Start, tmp_path: Path, theme: str) -> None:
    async with start((80, 24)) as driven:
        driven.app.theme = theme
        driven.app.notify("Something small.", title="A title")
        driven.app.notify("Look at this.", severity="warning")
        driven.app.notify("This went wrong.", severity="error")
        await driven.settle()
        assert list(faint(driven.app.screen)) == []
        opening.open_fault(driven.app, "A job stopped", NettoError("It stopped.", remedy="Begin it again."))
        await driven.settle()
        assert list(faint(driven.app.screen)) == []
    app = NettoApp(tmp_path / "none", now=lambda: NOW)
    app.theme = theme
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        assert isinstance(app.screen, WelcomeScreen)
        for key in ("tab", "enter", "tab"):
            assert list(faint(app.screen)) == []
            await pilot.press(key)
            await pilot.pause(0.2)

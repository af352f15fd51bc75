"""Pictures of every screen at three sizes.

Renew them on purpose only: pytest tests/tui/test_pictures.py --snapshot-update
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from netto_tui.tui.app import NettoApp
from tests.tui.vaults import NOW

SIZES = [(80, 24), (120, 40), (200, 50)]
SCREENS: dict[str, tuple[str, ...]] = {
    "browse": (),
    "reading": ("j", "j", "enter", "j"),
    "hostile": ("j", "j", "j", "j", "j", "enter"),
    "search": ("slash", "l", "i", "s", "b", "o", "n", "enter"),
    "sync": ("2", "j", "j"),
    "conflicts": ("3",),
    "resolver": ("3", "enter", "2"),
    "recovery": ("4", "j", "p"),
    "help": ("question_mark",),
    "setup": ("A",),
    "setup-place": ("A", "1", "enter"),
}


async def calm(app: NettoApp) -> None:
    """Wait until nothing changes on the screen any more."""
    before, same = "", 0
    for _ in range(400):
        await asyncio.sleep(0.05)
        threads = [worker for worker in app.workers if worker.group != "default" and not worker.is_finished]
        now = app.export_screenshot() if app.reader is not None and app.main.is_filled and not threads else ""
        same = same + 1 if now and now == before else 0
        if same >= 4:
            return
        before = now
    pytest.fail("the screen does not come to rest")


@pytest.mark.parametrize("size", SIZES, ids=[f"{w}x{h}" for w, h in SIZES])
@pytest.mark.parametrize("screen", SCREENS)
def test_picture(
    screen: str,
    size: tuple[int, int],
    vault_path: Path,
    snap_compare: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("netto_tui.tui.inquiry.time", SimpleNamespace(perf_counter=lambda: 0.0))
    app = NettoApp(vault_path, now=lambda: NOW, sync=False)

    async def drive(pilot: Pilot[int | None]) -> None:
        await calm(app)
        for key in SCREENS[screen]:
            await pilot.press(key)
            await calm(app)

    assert snap_compare(app, terminal_size=size, run_before=drive)

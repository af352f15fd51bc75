"""Errors that matter: a dialog that says what happened and what to do, and that can be copied."""

from __future__ import annotations

from pathlib import Path

from netto_tui.errors import NettoError
from netto_tui.files import seal_json
from netto_tui.tui import opening
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.screens.fault import FaultScreen
from tests.tui.conftest import Driven, Start
from tests.tui.vaults import NOW


def fault(driven: Driven) -> FaultScreen:
    screen = driven.app.screen
    assert isinstance(screen, FaultScreen), screen
    return screen


async def test_a_job_that_falls_says_what_to_do_and_nothing_of_its_values(start: Start, vault_path: Path) -> None:
    def fall() -> None:
        raise ValueError("said in private: ghp_a_token_that_nobody_may_see")

    async with start((80, 24)) as driven:
        driven.app.run_worker(fall, thread=True, exit_on_error=False)
        await driven.until(lambda: isinstance(driven.app.screen, FaultScreen), "it is told")
        text = fault(driven).text
        assert "ValueError" in text and "vault is as it was" in text
        assert str(vault_path / "log" / "app.log") in text
        assert "private" not in text and "ghp_" not in text
        assert "in fall" in (vault_path / "log" / "app.log").read_text()
        await driven.press("y")
        assert driven.app.clipboard == text
        opening.open_fault(driven.app, "Another one", NettoError("It fell as well."))
        await driven.settle()
        assert "It fell as well." in driven.toasts, "one dialog at a time"
        await driven.press("escape")
        assert driven.app.screen is driven.app.main


async def test_a_fault_of_any_length_can_be_scrolled_and_selected(start: Start) -> None:
    async with start((80, 24)) as driven:
        said = "\n".join(f"line {number} [/x]" for number in range(60))
        opening.open_fault(driven.app, "Too much [/b]", NettoError(said, remedy="Read it."))
        await driven.settle()
        box = fault(driven).query_one("#details-text")
        await driven.press(*"jjj")
        assert box.scroll_y == 3
        await driven.pilot.mouse_down(".details-said", offset=(0, 4))
        await driven.pilot.mouse_up(".details-said", offset=(6, 4))
        await driven.press("y")
        assert driven.app.clipboard.startswith("line 4")
        assert "Read it." not in driven.app.clipboard


async def test_a_vault_that_cannot_be_opened_is_told_with_the_next_step(
    vault_path: Path,
) -> None:
    (vault_path / ".netto" / "vault.json").write_bytes(seal_json({"format": "netto.vault/99"}))
    app = NettoApp(vault_path, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: isinstance(app.screen, FaultScreen), "it is told")
        assert "What happened" in fault(driven).text and "What to do" in fault(driven).text
        await driven.press("escape")
        assert app.main.query_one(BrowsePane).entries.empty, "the screen behind says it too"
        await driven.press("q")
    assert not app.is_running

"""An app over a small vault, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from netto_tui.tui.app import NettoApp
from tests.tui.vaults import NOW, make_synced_vault

M = TypeVar("M", bound=Message)
Start = Callable[..., AbstractAsyncContextManager["Driven"]]


class Driven:
    """An app under test: its pilot, and every message that went through it."""

    def __init__(self, app: NettoApp, pilot: Pilot[int], messages: list[Message]) -> None:
        self.app = app
        self.pilot = pilot
        self.messages = messages

    async def press(self, *keys: str) -> None:
        """Press keys and let what follows from them happen."""
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Wait until threads have answered and timers have run."""
        threads = [worker for worker in self.app.workers if worker.group != "default"]  # the rest wait for a person
        if threads:
            await self.app.workers.wait_for_complete(threads)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until something holds; fails when it does not within ten seconds."""
        for _ in range(500):
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.02)
        pytest.fail(f"it did not happen: {what or condition}; toasts: {self.toasts}; screen: {self.app.screen}")

    def said(self, kind: type[M]) -> list[M]:
        """The messages of a kind so far."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def toasts(self) -> list[str]:
        """What was told in toasts."""
        return [note.message for note in self.app._notifications]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    for widget in (Input, TextArea):  # else pictures would differ by the moment
        monkeypatch.setattr(widget, "cursor_blink", False)


@pytest.fixture
def vault_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with two replicas, under a name that is the same in every run."""
    monkeypatch.chdir(tmp_path)
    path = Path("vault")
    make_synced_vault(path, Path()).close()
    return path


@pytest.fixture
def start(vault_path: Path) -> Start:
    """Start the app over the vault: `async with start(size=…) as driven`."""

    @asynccontextmanager
    async def begin(
        size: tuple[int, int] = (120, 40), *, sync: bool = False, path: Path | None = None
    ) -> AsyncIterator[Driven]:
        app = NettoApp(path or vault_path, now=lambda: NOW, sync=sync)
        messages: list[Message] = []
        async with app.run_test(size=size, notifications=True, message_hook=messages.append) as pilot:
            driven = Driven(app, pilot, messages)
            await driven.until(lambda: app.reader is not None, "the vault is open")
            await driven.until(lambda: app.main.is_filled, "the list has rows")
            yield driven

    return begin

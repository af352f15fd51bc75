"""The app: it opens the vault, listens to the sync worker, and shows one screen."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.notifications import SeverityLevel
from textual.worker import Worker as TextualWorker
from textual.worker import WorkerState

from netto_tui import log
from netto_tui.tui import crash, messages
from netto_tui.tui.border import Border
from netto_tui.tui.bridge import Bridge
from netto_tui.tui.concealing import concealed
from netto_tui.tui.screens.main import MainScreen
from netto_tui.tui.theme import DARK, LIGHT, STYLES, faint_of

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.filter import LineFilter
    from textual.timer import Timer

    from netto_tui.sync.worker import Worker
    from netto_tui.tui.inquiry import Inquiry
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.vault import Vault

SHEETS: list[str | PurePath] = [
    STYLES / f"{name}.tcss" for name in ("app", "browse", "sync", "conflicts", "recovery", "health")
]

WATCH_SECONDS = 1.0
"""How often the index is asked whether anything changed: one read of a counter."""


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _conversations() -> type[Provider]:
    from netto_tui.tui.palette import Conversations

    return Conversations


def _sections() -> type[Provider]:
    from netto_tui.tui.palette import Actions

    return Actions


class NettoApp(App[int]):
    """netto-tui in a terminal, over the vault at `vault_path`."""

    TITLE = "netto"
    CSS_PATH: ClassVar[list[str | PurePath]] = SHEETS
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_sections, _conversations}
    PAUSE_GC_ON_SCROLL = True
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  # Textual declares it in a way that forbids ClassVar
        (0, "-tiny"),
        (60, "-narrow"),
        (100, "-medium"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-high")]  # noqa: RUF012  # as above
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit", id="app.quit", show=False),
        Binding("ctrl+q", "quit", "Quit", id="app.quit-always", show=False, priority=True),
    ]

    def __init__(
        self,
        vault_path: Path,
        *,
        now: Callable[[], int] = wall_clock,
        sync: bool = True,
    ) -> None:
        super().__init__()
        self.vault_path = vault_path
        self.now = now
        self.sync = sync
        self.animation_level = "none"
        self.vault: Vault | None = None
        self.reader: Reader | None = None
        self.inquiry: Inquiry | None = None
        self.worker: Worker | None = None
        self.bridge = Bridge(self.post_message)
        self.crash_log: Path | None = None
        self.leaves_on_signals = False
        """Whether SIGTERM and SIGHUP end the app in order, with the terminal as it was."""
        self._paused = False
        self._seen = -1
        self._missed = 0
        self._watching: Timer | None = None
        self._border = Border()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = os.environ.get("TEXTUAL_THEME") or DARK.name

    def get_default_screen(self) -> MainScreen:
        """The one screen that the sections live on."""
        return MainScreen(id="main")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the style sheets need and a theme of somebody else does not name."""
        return {"faint": faint_of(self.current_theme)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every drawn line goes through; the border comes last."""
        return [*super().get_line_filters(), self._border]

    def on_worker_state_changed(self, event: TextualWorker.StateChanged) -> None:
        """Log what ended a thread or a task of the app that nobody foresaw."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            crash.note(self.vault_path, event.worker.error)

    def on_mount(self) -> None:
        """Draw first, then open the vault."""
        if self.leaves_on_signals:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit, 128 + number, 128 + number)
        self.call_after_refresh(self._open)

    @work(thread=True, exit_on_error=False, group="open", description="Open the vault")
    def _open(self) -> None:
        from netto_tui.vault.vault import Vault

        try:
            self.post_message(messages.VaultOpened(Vault.open(self.vault_path, now=self.now)))
        except Exception as error:  # whatever it is, the screen has to say so
            self.post_message(messages.VaultRefused(error))

    @on(messages.VaultOpened)
    def _begin(self, message: messages.VaultOpened) -> None:
        from netto_tui.tui.inquiry import Inquiry

        if not self.stands:
            message.vault.close()
            return
        before, self._paused = self.reader, False
        self.vault = message.vault
        self.reader = message.vault.reader()
        if before is not None:
            before.close()
        self.inquiry = Inquiry(message.vault.reader, self.post_message)
        self._seen = self.reader.version()
        self.main.vault_opened()
        if self._watching is None:
            self._watching = self.set_interval(WATCH_SECONDS, self._watch)

    @work(thread=True, exit_on_error=False, exclusive=True, group="sync", description="Load what syncs")
    def _load_worker(self) -> None:
        """Loading takes long enough to be felt, so not on the loop."""
        from netto_tui.sync.worker import Worker

        self.post_message(messages.WorkerLoaded(Worker))

    @on(messages.WorkerLoaded)
    def _start_worker(self, message: messages.WorkerLoaded) -> None:
        if self._may_sync:
            self.worker = message.kind(self.vault_path, self.bridge, now=self.now)
            self.worker.start()

    @property
    def _may_sync(self) -> bool:
        return self.sync and not self._paused and self.worker is None and self.vault is not None

    def end_sync(self, timeout: float = 20.0) -> None:
        """End the worker while the vault's files are exchanged; `reopen` begins it again. Call on a thread.

        Raises Busy when it does not end in time; then it goes on.
        """
        self._paused = True
        if self.worker is not None and not self.worker.stop(timeout):
            from netto_tui.errors import Busy

            self._paused = False
            raise Busy("Sync is still at work.", remedy="Stop it in Sync with esc, then try again.")
        self.worker = None

    def reopen(self) -> None:
        """Open the vault anew, after its files were exchanged; until then the old reader serves what is drawn."""
        self._stop_threads()
        if self.vault is not None:
            self.vault.close()
        self._open()

    @on(messages.VaultRefused)
    def _refused(self, message: messages.VaultRefused) -> None:
        crash.note(self.vault_path, message.error)
        if self.stands:
            self.main.vault_refused(message.error)

    def _watch(self) -> None:
        """Look whether the data changed, and let ages grow."""
        if not self.stands or not self._vault_is_there():
            return
        if self.reader is not None and (version := self.reader.version()) != self._seen:
            self._seen = version
            self.main.vault_changed()
        self.main.tick()

    def _vault_is_there(self) -> bool:
        """Notice that the folder went away, such as an unmounted disk, and that it is back.

        An exchange of files may hide it from one look, so it takes two.
        """
        there = (self.vault_path / ".netto" / "vault.json").exists()
        missed, self._missed = self._missed, 0 if there else self._missed + 1
        if there and missed > 1:
            self.reopen()
        elif missed == 1 and not there:
            from netto_tui.errors import VaultError

            self._paused = True
            if self.worker is not None:
                self.worker.stop(0)
                self.worker = None
            remedy = "Bring the folder back, such as by mounting its disk; the app goes on by itself."
            self.main.vault_lost(VaultError(f"The vault in {self.vault_path} is gone.", remedy=remedy))
        return there and missed <= 1

    @property
    def stands(self) -> bool:
        """Whether there is a screen to draw on: threads may still tell something while the app goes down."""
        return bool(self.screen_stack) and bool(self.main.query("#header")) and self.is_running

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever lies over it."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen)  # noqa: S101  # a statement for the type checker
        return screen

    @on(messages.Answered)
    def _answered(self, message: messages.Answered) -> None:
        if self.stands:
            self.main.answered(message)
            if (message.days is not None or message.error) and self._may_sync:
                self._load_worker()  # once there is something to look at

    @on(messages.PassStarted)
    @on(messages.ProgressMoved)
    @on(messages.PassFinished)
    @on(messages.Happened)
    def _sync_told(self, message: messages.SyncTold) -> None:
        if self.stands:
            self.main.sync_told(message)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast. Texts may be foreign: they are made safe, without secrets, and never read as markup."""
        super().notify(
            concealed(message, 600), title=concealed(title, 200), severity=severity, timeout=timeout, markup=False
        )

    def _stop_threads(self) -> None:
        if self.worker is not None:
            self.worker.stop(2.0)
        if self.inquiry is not None:
            self.inquiry.close()
        self.worker = self.inquiry = None

    def close_stores(self) -> None:
        """Let go of threads and files; what runs is told to stop."""
        self._stop_threads()
        if self.reader is not None:
            self.reader.close()
        if self.vault is not None:
            self.vault.close()
        self.reader = self.vault = None

    def on_unmount(self) -> None:
        """Close what was opened."""
        self.close_stores()

    # Private to Textual 8.2.8, whose own version prints local variables: pinned, and tested in tests/tui.
    def _fatal_error(self) -> None:
        error = sys.exception() or self._exception
        self.crash_log = crash.note(self.vault_path, error) if error is not None else None
        self._return_code = crash.EXIT_STATUS
        self._exit_renderables.append(crash.panel(error, self.crash_log))
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = crash.EXIT_STATUS
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()


def run(vault_path: Path) -> int:
    """Run the app until it is left; the exit status for the shell.

    Raises UsageError when there is no terminal to draw on.
    """
    from netto_tui.errors import UsageError

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "The app needs a terminal on its input and its error stream.",
            remedy="Without one, use the commands, for example: netto-tui list --json, netto-tui sync --json.",
        )
    log.begin()  # a library that wrote to the terminal would spoil the screen
    log.keep_in(vault_path)
    app = NettoApp(vault_path)
    app.leaves_on_signals = True
    app.run()
    return app.return_code or 0

"""The app: it opens the vault, listens to the sync worker, and shows one screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.worker import Worker as TextualWorker
from textual.worker import WorkerState

from netto_tui.tui import messages, opening, preferences, running
from netto_tui.tui.bridge import Bridge
from netto_tui.tui.clipboard import CopyingApp
from netto_tui.tui.collecting import Collections
from netto_tui.tui.panes.base import Welcoming
from netto_tui.tui.presence import Presence, Watched
from netto_tui.tui.screens.main import MainScreen
from netto_tui.tui.sturdy import SturdyApp
from netto_tui.tui.theme import DARK, LIGHT, STYLES, variables_of

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver
    from textual.timer import Timer

    from netto_tui.model.links import Link
    from netto_tui.sync.worker import Worker
    from netto_tui.tui.inquiry import Inquiry
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.vault import Vault

SHEETS: list[str | PurePath] = [
    STYLES / f"{name}.tcss" for name in ("app", "browse", "sync", "conflicts", "recovery", "health")
]

WATCH_SECONDS = 1.0
"""How often the index is asked whether anything changed: one read of a counter."""


STOP_SECONDS = 0.2
"""How long leaving waits for a step of sync; one that takes longer is cut off, which every store stands."""


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _conversations() -> type[Provider]:
    from netto_tui.tui.palette import Conversations

    return Conversations


def _sections() -> type[Provider]:
    from netto_tui.tui.palette import Actions

    return Actions


class NettoApp(SturdyApp, CopyingApp):
    """netto-tui in a terminal, over the vault at `vault_path`."""

    TITLE = "netto"
    CSS_PATH: ClassVar[list[str | PurePath]] = SHEETS
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_sections, _conversations}
    PAUSE_GC_ON_SCROLL = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit", id="app.quit", show=False),
        Binding("ctrl+q", "quit", "Quit", id="app.quit-always", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "To the shell", id="app.suspend", show=False, priority=True),
    ]

    def __init__(
        self,
        vault_path: Path,
        *,
        link: Link | None = None,
        now: Callable[[], int] = wall_clock,
        sync: bool = True,
    ) -> None:
        super().__init__(vault_path)
        self.link = link
        """What is shown once the vault is open."""
        self.now = now
        self.sync = sync
        self.animation_level = "none"
        self.vault: Vault | None = None
        self.reader: Reader | None = None
        self.inquiry: Inquiry | None = None
        self.worker: Worker | None = None
        self.bridge = Bridge(self.post_message)
        self.on_terminal = False
        """Whether it runs on a terminal of its own: then signals end it in order, and no thread holds it up."""
        self._paused = False
        self._seen = -1
        self._folder = Watched(vault_path)
        self._watching: Timer | None = None
        self._collections = Collections()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.prefer(preferences.read(vault_path))

    def prefer(self, wished: preferences.Preferences) -> None:
        """Take the theme and the keys that a person set; what cannot be, the main screen tells."""
        self.preferences = wished
        self.theme = wished.theme if wished.theme in self.available_themes else DARK.name
        self.set_keymap(wished.usable_keys)

    def refresh_css(self, animate: bool = True) -> None:
        """As Textual's, which reads all styles anew for each theme, also for the first one, before any were read."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())
            self.stylesheet.update(self, animate=animate)

    def get_driver_class(self) -> type[Driver]:
        """On Linux and macOS a driver that outlives its terminal; elsewhere, or where one is set, Textual's."""
        chosen = super().get_driver_class()
        if chosen.__name__ == "LinuxDriver":
            from netto_tui.tui.terminal import TerminalDriver

            return TerminalDriver
        return chosen

    def get_default_screen(self) -> MainScreen:
        """The one screen that the sections live on."""
        return MainScreen(id="main")

    def get_css_variables(self) -> dict[str, str]:
        """The colours of the theme, and what our style sheets need beside them."""
        made = super().get_css_variables()
        self.theme_variables = {**made, **variables_of(self.current_theme, made)}
        return self.theme_variables

    def on_worker_state_changed(self, event: TextualWorker.StateChanged) -> None:
        """Log what ended a thread or a task of the app that nobody foresaw."""
        if event.state is WorkerState.ERROR and isinstance(event.worker.error, Exception):
            opening.open_fault(self, "A job stopped", event.worker.error)

    def on_mount(self) -> None:
        """Draw first, then open the vault; where there is none yet, begin one with the person."""
        if self.on_terminal:
            running.prepare(lambda status: self.exit(status, status))
            self._collections.begin()
        if opening.is_beginning(self.vault_path):
            opening.open_welcome(self)
        else:
            self.call_after_refresh(self.open_vault)

    @work(thread=True, exit_on_error=False, group="open", description="Open the vault")
    def open_vault(self) -> None:
        """Open the vault at the path; the app hears of it by VaultOpened or VaultRefused."""
        from netto_tui.vault.vault import Vault

        try:
            if (self.vault_path / ".netto" / "rebuild").exists() or not (self.vault_path / "index.db").exists():
                self.post_message(messages.IndexRebuilding())
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
        if self.link is not None:
            self.call_later(self.main.open_conversation, *self.link)
            self.link = None
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
            if self.on_terminal:
                self._collections.heed(message)
            self.worker = message.kind(self.vault_path, self.bridge, now=self.now)
            self.worker.start()

    @property
    def _may_sync(self) -> bool:
        return (
            self.sync and not self.is_welcoming and not self._paused and self.worker is None and self.vault is not None
        )

    @property
    def is_welcoming(self) -> bool:
        """Whether the first steps are still being done; sync waits for their end."""
        return any(isinstance(screen, Welcoming) and screen.holds_sync for screen in self.screen_stack)

    def begin_sync(self) -> None:
        """Start what syncs, if it may run and does not yet."""
        if self._may_sync:
            self._load_worker()

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
        self.open_vault()

    @on(messages.IndexRebuilding)
    def _rebuilding(self) -> None:
        if self.stands:
            self.main.index_rebuilding()

    @on(messages.VaultRefused)
    def _refused(self, message: messages.VaultRefused) -> None:
        if self.stands:
            self.main.vault_refused(message.error)
            opening.open_fault(self, "The vault cannot be opened", message.error)

    def _watch(self) -> None:
        """Look whether the data changed, and let ages grow."""
        if not self.stands or not self._vault_is_there():
            return
        if self.reader is not None and (version := self.reader.version()) != self._seen:
            self._seen = version
            self.main.vault_changed()
        self.main.tick()

    def _vault_is_there(self) -> bool:
        """Notice that the folder went away, such as an unmounted disk, and that it is back."""
        match self._folder.look():
            case Presence.BACK:
                self.reopen()
            case Presence.GONE:
                self._vault_went()
            case Presence.THERE:
                return True
        return False

    def _vault_went(self) -> None:
        from netto_tui.errors import VaultError

        self._paused = True
        if self.worker is not None:
            self.worker.stop(0)
            self.worker = None
        remedy = "Bring the folder back, such as by mounting its disk; the app goes on by itself."
        self.main.vault_lost(VaultError(f"The vault in {self.vault_path} is gone.", remedy=remedy))

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
            if message.days is not None or message.error:
                self.begin_sync()  # once there is something to look at

    @on(messages.PassStarted)
    @on(messages.ProgressMoved)
    @on(messages.PassFinished)
    @on(messages.Happened)
    def _sync_told(self, message: messages.SyncTold) -> None:
        if self.on_terminal:
            self._collections.heed(message)
        if self.stands:
            self.main.sync_told(message)
            for screen in self.screen_stack:
                if isinstance(screen, Welcoming):
                    screen.sync_told(message)

    def _stop_threads(self) -> None:
        if self.worker is not None:
            self.worker.stop(STOP_SECONDS)
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

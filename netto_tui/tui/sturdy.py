"""What keeps the terminal whole, whatever happens in the app: crashes, hostile texts, no room, other threads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.notifications import SeverityLevel
from textual.widgets import Static

from netto_tui.tui import crash
from netto_tui.tui.border import Border
from netto_tui.tui.concealing import concealed

if TYPE_CHECKING:
    from textual.filter import LineFilter
    from textual.screen import Screen
    from textual.widget import Widget

LEAST = (60, 15)
"""Columns and lines below which only a sentence is drawn (styles/app.tcss)."""

TOO_SMALL = f"netto-tui needs {LEAST[0]} x {LEAST[1]} cells. Make the terminal larger, or press ctrl+q."


class SturdyApp(App[int]):
    """An app over the vault at `vault_path` that tells a crash in four lines, and passes no text on unlooked at."""

    # Textual declares these two in a way that forbids ClassVar.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (LEAST[0], "-narrow"),
        (100, "-medium"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (LEAST[1], "-high")]  # noqa: RUF012

    def __init__(self, vault_path: Path) -> None:
        super().__init__()
        self.vault_path = vault_path
        self.crash_log: Path | None = None
        self._border = Border()
        self._focus_before: dict[Screen[Any], Widget | None] = {}

    def on_mount(self) -> None:
        """Back from the shell, the terminal shows what others wrote; a screen may come where there is no room."""
        self.app_resume_signal.subscribe(self, self._draw_anew)
        self.screen_change_signal.subscribe(self, self._fit)

    def _draw_anew(self, _: object) -> None:
        for widget in self.screen.query("*"):
            widget.refresh()
        self.screen.refresh(layout=True)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every drawn line goes through; the border comes last."""
        return [*super().get_line_filters(), self._border]

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

    def action_help_quit(self) -> None:
        """Say how to leave, since ctrl+c is for copying."""
        self.notify("ctrl+q leaves from anywhere.")

    def on_resize(self) -> None:
        """Say where there is too little room, once the app knows its new size."""
        self.call_next(self._fit)

    def _fit(self, _: object = None) -> None:
        if self.size.width < LEAST[0] or self.size.height < LEAST[1]:
            for screen in self.screen_stack:  # what cannot be seen loses the focus: it gets it back later
                self._focus_before.setdefault(screen, screen.focused)
                if screen.is_attached and not screen.is_modal and not screen.query("#small"):
                    screen.mount(Static(TOO_SMALL, id="small", markup=False))
        elif self._focus_before:
            self.set_timer(0.05, self._give_focus_back)  # Textual tells its screens of a size a little later

    def _give_focus_back(self) -> None:
        if self.screen.has_class("-tiny") or self.screen.has_class("-flat"):
            self._fit()
            return
        before, self._focus_before = self._focus_before, {}
        for screen in self.screen_stack:
            widget = before.get(screen)
            if screen.focused is None and widget is not None and widget.is_attached:
                screen.set_focus(widget)
            elif screen.focused is None:  # it came while there was no room
                screen.focus_next()

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

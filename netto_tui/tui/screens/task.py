"""What the screens of Recovery have in common that are pushed over the sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.panes.recovery_words import error_lines
from netto_tui.tui.widgets.workline import WorkLine

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

T = TypeVar("T")


class TaskScreen(Screen[T]):
    """A screen with a title line; `esc` stops what runs on it, and else leaves it."""

    AUTO_FOCUS = ""  # each puts the focus where it belongs
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", show=False, id="task.copy"),
        Binding("question_mark", "help", "Help", key_display="?", id="task.help"),
        Binding("escape,q", "leave", "Back", key_display="esc", id="task.leave"),
    ]

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

    def title_line(self, *parts: Content | str | tuple[str, str]) -> Static:
        """The first line of the screen, to be yielded from `compose`."""
        return Static(Content.assemble(" ", *parts), classes="task-title", markup=False)

    def error_line(self) -> Static:
        """Where `say_error` says it, to be yielded from `compose`."""
        line = Static("", classes="task-error", markup=False)
        line.display = False
        return line

    def say_error(self, error: NettoError | None) -> None:
        """Say why a job did not end well, and what to do; None for nothing."""
        line = self.query_one(".task-error", Static)
        line.display = error is not None
        if error is not None:
            line.update(error_lines(error))

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; "" when it is."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not possible."""
        return None if self.why_not(action) else True

    def on_key(self, event: events.Key) -> None:
        """Tell why a dimmed key does nothing."""
        from netto_tui.tui.screens.main import tell_reason

        tell_reason(self, event)

    def copied_text(self) -> str:
        """What `y` copies, safe for a terminal; "" for nothing."""
        return ""

    def action_copy(self) -> None:
        """Copy what is shown."""
        if text := self.copied_text():
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {many(len(text), 'character')}.")
        else:
            self.notify("There is nothing to copy here.", severity="warning")

    def action_help(self) -> None:
        """Show the keys."""
        from netto_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.active_bindings))

    def action_leave(self) -> None:
        """Stop what runs, else go back."""
        if any(line.stop() for line in self.query(WorkLine)):
            self.notify("Stopping.")
        else:
            self.dismiss(None)

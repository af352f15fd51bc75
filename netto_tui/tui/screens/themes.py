"""Choosing how the app looks: every theme at once on the screen behind, kept only when it is taken."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from netto_tui.security.display import safe_line
from netto_tui.tui.preferences import THEME_VARIABLE
from netto_tui.tui.theme import DARK, LIGHT, STYLES
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList

OURS = (DARK.name, LIGHT.name)
TERMINALS = ("ansi-dark", "ansi-light")
"""Those that take the colours of the terminal itself."""


class ThemesScreen(ModalScreen[str | None]):
    """The themes by name; its result is the one that was taken, None when nothing shall change."""

    CSS_PATH = STYLES / "themes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "As it was", id="themes.leave")]

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(classes="modal") as box:
            box.border_title = "Themes"
            box.border_subtitle = "enter keeps it · esc leaves it as it was"
            columns: list[Column[str]] = [
                Column("", lambda name: Content.styled(name, "bold"), 20),
                Column("", self._about, style="$foreground-muted"),
            ]
            yield RowList(columns, headings=False, widget_id="themes")

    def on_mount(self) -> None:
        """Begin with the one that is in use."""
        self.before = self.app.theme
        there = sorted(self.app.available_themes.keys() - {*OURS, *TERMINALS})
        self.names = [*OURS, *TERMINALS, *there]
        rows: RowList[str] = self.query_one("#themes", RowList)
        rows.show(listed(self.names), len(self.names))
        rows.cursor = self.names.index(self.before)
        if said := os.environ.get(THEME_VARIABLE):
            text = f"{THEME_VARIABLE}={safe_line(said, 40)} goes before the settings at the next start"
            self.query_one(".modal").border_subtitle = Content(text)

    def _about(self, name: str) -> str:
        if name in OURS:
            return "ours, high contrast"
        if name in TERMINALS:
            return "the colours of your terminal"
        theme = self.app.get_theme(name)
        return "light" if theme is not None and not theme.dark else "dark"

    @on(RowList.Moved)
    def _preview(self, message: RowList.Moved) -> None:
        self.app.theme = self.names[message.index]

    @on(RowList.Chosen)
    def _taken(self, message: RowList.Chosen) -> None:
        self.dismiss(self.names[message.index])

    def action_leave(self) -> None:
        """Go back to the theme that was in use."""
        self.app.theme = self.before
        self.dismiss(None)

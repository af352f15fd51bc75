"""The line for a query: it completes what is typed and remembers what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from netto_tui.tui.suggesting import QuerySuggester

KEPT = 100
"""Searches that are remembered for the run; they go to no file, for they may tell what a person looks for."""


class SearchLine(Input):
    """A line of text whose keys lead to the results and back; up and down go through earlier searches."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Results", key_display="⏎", id="search.results"),
        Binding("tab", "take", "Complete", id="search.complete", tooltip="Take the completion, else go on"),
        Binding("up", "earlier", "Earlier", key_display="↑", id="search.earlier", tooltip="The search before"),
        Binding("down", "later", "Later", show=False, id="search.later", tooltip="The search after, or the results"),
        Binding("escape", "screen.leave", "Back", id="search.leave"),
    ]

    def __init__(self, *, placeholder: str, widget_id: str) -> None:
        self.names: Mapping[str, Sequence[str]] = {}
        """The values that are there, by filter, for completion."""
        self.history: list[str] = []
        """Latest first."""
        self._place = -1
        self._begun = ""
        super().__init__(
            placeholder=placeholder,
            id=widget_id,
            compact=True,
            select_on_focus=False,
            suggester=QuerySuggester(lambda: self.names, lambda: self.history),
        )

    def remember(self) -> None:
        """Keep what the line says among the earlier searches."""
        text = self.value.strip()
        self._place = -1
        if text:
            self.history = [text, *(each for each in self.history if each != text)][:KEPT]

    def on_blur(self, event: events.Blur) -> None:
        """What was typed and left was a search."""
        self.remember()

    def say(self, text: str) -> None:
        """Put another text into the line, with the cursor behind it."""
        self.value = text
        self.cursor_position = len(text)

    def action_take(self) -> None:
        """Take the completion; without one go to what comes next."""
        before = self.value
        if self.cursor_at_end:
            self.action_cursor_right()
        if self.value == before:
            self.screen.focus_next()

    def action_earlier(self) -> None:
        """Go back through earlier searches; what was being typed comes last."""
        if self._place + 1 < len(self.history):
            if self._place < 0:
                self._begun = self.value
            self._place += 1
            if self.history[self._place] == self._begun.strip() and self._place + 1 < len(self.history):
                self._place += 1
            self.say(self.history[self._place])

    async def action_later(self) -> None:
        """Go forward through earlier searches; from the last one to the results."""
        if self._place < 0:
            await self.action_submit()
            return
        self._place -= 1
        self.say(self.history[self._place] if self._place >= 0 else self._begun)

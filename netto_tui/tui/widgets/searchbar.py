"""The search line, what it has in force below it, and how much it found beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from netto_tui.model.query import pieces, without
from netto_tui.tui.widgets.chips import Chips, chips_of
from netto_tui.tui.widgets.searchline import SearchLine

DEBOUNCE_SECONDS = 0.06
"""After the last key: a hand that types is faster, and an answer that comes later is felt."""


class SearchBar(Vertical):
    """Tells what was asked, once typing rests. today: the day that `yesterday` and the like are counted from."""

    @dataclass
    class Asked(Message):
        """The query has another text."""

        text: str

    @dataclass
    class Left(Message):
        """The results are what a person wants to see now."""

    def __init__(self, today: Callable[[], date | None], *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._today = today
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """A line of text between its sign and a count, and the chips."""
        with Horizontal(id="search-line"):
            yield Static(" / ", id="search-mark", markup=False)
            yield SearchLine(
                placeholder='words "a phrase" on:2026-11 from:user source:codex is:conflict tag:word title:word',
                widget_id="search",
            )
            yield Static("", id="search-count", markup=False)
        yield Chips(id="chips")

    @property
    def line(self) -> SearchLine:
        """The line of text."""
        return self.query_one("#search", SearchLine)

    @property
    def chips(self) -> Chips:
        """What is in force."""
        return self.query_one("#chips", Chips)

    def tell(self, words: Content) -> None:
        """Say how much was found, or why nothing can be."""
        self.query_one("#search-count", Static).update(words + Content(" "))

    def drop(self) -> bool:
        """Take out what is in force last; False when there is nothing."""
        if chips := self.chips.chips:
            self._remove(chips[-1].places)
        return bool(chips)

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        today = self._today()
        self.chips.chips = chips_of(pieces(event.value, today)) if today is not None else ()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(DEBOUNCE_SECONDS, self._ask)

    def _ask(self) -> None:
        self.post_message(self.Asked(self.line.value))

    @on(Input.Submitted, "#search")
    def _submitted(self) -> None:
        self.post_message(self.Left())

    @on(Chips.Removed)
    def _removed(self, message: Chips.Removed) -> None:
        message.stop()
        self._remove(message.places)
        if self.chips.has_focus and not self.chips.chips:
            self.post_message(self.Left())

    def _remove(self, places: tuple[int, ...]) -> None:
        self.line.remember()
        self.line.say(without(self.line.value, places))

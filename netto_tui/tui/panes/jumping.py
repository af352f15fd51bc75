"""Going to a time in Browse: by a filter out of the tree, or by a jump that leaves the search as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from netto_tui.errors import NettoError, UsageError
from netto_tui.model.query import Query, parse, with_filter
from netto_tui.tui.panes.frame import FramePane
from netto_tui.tui.widgets.datetree import UNDATED, DateTree

FURTHEST = 10_000
"""Found messages are counted up to here, as the list is."""


class JumpingPane(FramePane):
    """The frame, with its dates. A subclass says what is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d",
            "jump",
            "Go to a date",
            show=False,
            id="browse.jump",
            tooltip="Go to a date: 2026-11-20, yesterday, last week",
        ),
    ]

    @dataclass
    class Located(Message):
        """A time was looked for; place: of the first row that is not later. day: how it was named."""

        query: Query
        place: int
        span: Query
        name: str

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self.shown = Query()
        self._to_undated = False

    @on(DateTree.Picked)
    def _picked(self, message: DateTree.Picked) -> None:
        undated = message.value == UNDATED
        text = with_filter(self.line.value, "on", "" if undated else message.value)
        self._to_undated = undated
        if undated and text == self.line.value:
            self.go_to_undated()
        self.line.say(text)

    def go_to_undated(self) -> None:
        """Put the cursor on what has no date, if that was asked for: no filter means it, but it is last in the list."""
        if self._to_undated:
            self._to_undated = False
            self.entries.cursor = self.entries.count - (1 if self.shown.terms else self.dates.undated)
            self.screen.set_focus(self.entries)

    def action_jump(self) -> None:
        """Ask for a date and put the cursor of the list there."""
        from netto_tui.tui.screens.ask import AskScreen

        hint = "2026-11-20, 2026-11, yesterday, last week"
        self.app.push_screen(AskScreen("Go to which date?", hint), self._jump)

    def _jump(self, name: str | None) -> None:
        vault, today = self.netto.vault, self.today()
        if name is None or not name.strip() or vault is None or today is None:
            return
        try:
            span = parse(f'on:"{name.strip()}"', today, vault.zone)
        except UsageError as error:
            self.netto.notify(str(error).replace("on:", ""), severity="warning", timeout=12)
            return
        self._locate(self.shown, span, name.strip())

    @work(thread=True, exit_on_error=False, exclusive=True, group="jump", description="Find a date")
    def _locate(self, query: Query, span: Query, name: str) -> None:
        """Count what is later: that is where the first row of the time stands."""
        vault = self.netto.vault
        if vault is None or span.until is None:
            return
        later = replace(query, since=max(span.until, query.since or 0))
        try:
            with vault.reader() as reader:
                if query.until is not None and later.since is not None and later.since >= query.until:
                    place = 0
                else:
                    place = reader.search_count(later, FURTHEST) if query.terms else reader.count(later)
        except NettoError as error:
            self.app.call_from_thread(self.netto.notify, str(error), severity="error")
            return
        self.post_message(self.Located(query, place, span, name))

    @on(Located)
    def _located(self, message: Located) -> None:
        message.stop()
        vault = self.netto.vault
        if message.query != self.shown or vault is None or message.span.since is None or message.span.until is None:
            return
        self.entries.cursor = message.place
        self.screen.set_focus(self.entries)
        entry = self.entries.selected
        from netto_tui.model.clock import to_ms  # the first frame needs no clock

        at = to_ms(entry.at) if entry is not None and entry.at else 0
        self.dates.reveal(datetime.fromtimestamp((at or message.span.since) / 1000, vault.zone).strftime("%Y-%m-%d"))
        if entry is None:
            self.netto.notify("There is nothing in this list.", severity="warning")
        elif not message.span.since <= at < message.span.until:
            side = "before" if 0 < at < message.span.since else "to"
            self.netto.notify(f"Nothing on {message.name} in this list; this is the nearest {side} it.")

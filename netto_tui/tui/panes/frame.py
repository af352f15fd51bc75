"""The frame of Browse: the search above three columns, what has the room, and the way back out of each state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.entries import legend
from netto_tui.tui.panes.listing import Listing
from netto_tui.tui.panes.reading import Reading
from netto_tui.tui.widgets.actionline import ActionLine
from netto_tui.tui.widgets.datetree import DateTree
from netto_tui.tui.widgets.searchbar import SearchBar
from netto_tui.tui.widgets.searchline import SearchLine
from netto_tui.tui.widgets.transcript import Transcript

NARROWEST = 24
"""Cells that the list keeps, and that are left for the text."""


class FramePane(Pane):
    """A date tree, a list and a transcript under one query text. Below 100 columns one of them at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tree", "Dates", id="browse.tree", tooltip="Show or hide the date tree"),
        Binding("less_than_sign", "list_width(-8)", "Narrower list", show=False, id="browse.narrower"),
        Binding("greater_than_sign", "list_width(8)", "Wider list", show=False, id="browse.wider"),
        Binding("backspace", "drop_filter", "Take out", show=False, id="browse.drop", tooltip="Take out a filter"),
    ]

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self._list_width = 0
        """What a person made it, for as long as the app runs; 0 for what the style sheet says."""

    def compose(self) -> ComposeResult:
        """The search, the columns, and below them the cursor's line in words."""
        yield SearchBar(self.today, widget_id="search-bar")
        with Horizontal(id="columns"):
            yield DateTree(widget_id="tree")
            yield Listing(widget_id="list")
            yield Reading(widget_id="reading")
        yield ActionLine(id="row-words")

    @property
    def bar(self) -> SearchBar:
        """The search line with what belongs to it."""
        return self.query_one(SearchBar)

    @property
    def line(self) -> SearchLine:
        """The search line."""
        return self.bar.line

    @property
    def dates(self) -> DateTree:
        """The dates on the left."""
        return self.query_one(DateTree)

    @property
    def entries(self) -> Listing:
        """The list in the middle."""
        return self.query_one(Listing)

    @property
    def reading(self) -> Reading:
        """What is on the right."""
        return self.query_one("#reading", Reading)

    @property
    def transcript(self) -> Transcript:
        """The text on the right."""
        return self.reading.transcript

    @property
    def is_read(self) -> bool:
        """Whether a person is at the text, not at the list."""
        return self.transcript.has_focus or self.has_class("-reading")

    def legend(self) -> Sequence[tuple[str, str]]:
        """What the letters of the list say."""
        return legend()

    def today(self) -> date | None:
        """The day in the vault's zone; None while there is no vault."""
        vault = self.netto.vault
        return datetime.fromtimestamp(self.netto.now() / 1000, vault.zone).date() if vault is not None else None

    @on(ActionLine.Wanted)
    async def _wanted(self, message: ActionLine.Wanted) -> None:
        message.stop()
        if reason := self.why_not(message.action):
            self.netto.notify(reason, severity="warning")
        else:
            await self.run_action(message.action)

    @on(SearchBar.Left)
    def _to_results(self) -> None:
        self.screen.set_focus(self.entries)

    def action_drop_filter(self) -> None:
        """Take out of the search what is in force last."""
        if not self.bar.drop():
            self.netto.notify("Nothing is searched for.")

    def action_tree(self) -> None:
        """Show or hide the date tree."""
        shown = self.dates.display
        self.set_class(shown, "-no-tree")
        self.set_class(not shown, "-tree")
        if not shown:
            self.remove_class("-reading")  # where the text has the whole width, the tree would be under it
            self.screen.set_focus(self.dates)
        elif self.dates.has_focus:
            self.screen.set_focus(self.entries)

    def action_list_width(self, by: int) -> None:
        """Make the list wider or narrower, for as long as the app runs."""
        if not self.reading.display or not self.entries.display:
            self.netto.notify("There is one column only. Make the terminal wider than 100 cells.", severity="warning")
            return
        self._list_width = max(NARROWEST, self.entries.size.width + by)
        self._share()

    def on_mount(self) -> None:
        """What has the whole screen has no width of its own."""
        self.watch(self.screen, "maximized", self._maximized, init=False)

    def on_resize(self) -> None:
        """Give the list what a person gave it, where there is something to share."""
        self.call_after_refresh(self._share)

    def _maximized(self) -> None:
        self._share()  # before the screen is laid out, which asks for no width afterwards
        self.on_resize()

    def _share(self) -> None:
        room = self.size.width - (self.dates.size.width if self.dates.display else 0)
        is_shared = self.reading.display and self.entries.display and self.screen.maximized is None
        if self._list_width and is_shared:
            self.entries.styles.width = max(NARROWEST, min(room - NARROWEST, self._list_width))
            self.reading.styles.width = "1fr"
        else:
            self.entries.styles.width = self.reading.styles.width = None

    def leave_state(self) -> bool:
        """One step back: from the text, the dates or the search to the list; then marks; then what is searched."""
        is_elsewhere = self.line.has_focus or self.bar.chips.has_focus or self.dates.has_focus
        if is_elsewhere or self.is_read:
            self.remove_class("-reading")
            if self.has_class("-tree") and not self.reading.display:
                self.remove_class("-tree")  # the tree has the list's room
            self.screen.set_focus(self.entries)
        elif self.entries.marks:
            self.entries.unmark()
        elif self.line.value:
            self.line.remember()
            self.line.value = ""
        else:
            return False
        return True

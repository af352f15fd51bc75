"""The list in Browse: conversations or found messages, some of them marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from netto_tui.model.query import Query
from netto_tui.tui.messages import Answered
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.panes.entries import (
    Entry,
    conversation_columns,
    conversation_entries,
    hit_columns,
    hit_entries,
    is_same,
)
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import Fetch
from netto_tui.tui.widgets.rowlist import MARGIN, RowList

if TYPE_CHECKING:
    from netto_tui.vault.rows import ConversationRow


class Listing(RowList[Entry]):
    """What a query found, page by page from the app's own reader; marks are on conversations and outlast a query."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,v", "mark", "Mark", key_display="space", id="list.mark", tooltip="Mark this one, or no longer"),
    ]

    @dataclass
    class Marked(Message):
        """Other conversations are marked than before."""

        count: int

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(
            conversation_columns(UTC, 0),
            empty="Opening the vault…",
            marked=lambda entry: entry.conversation in self.marks,
            widget_id=widget_id,
        )
        self.marks: dict[str, Entry] = {}
        """By conversation, in the order in which they were marked."""
        self.shown = Query()

    def on_resize(self) -> None:
        """What follows the cursor may have come beside the list, or gone."""
        self.post_message(self.Moved(self, self.cursor))

    @property
    def words(self) -> list[str]:
        """What was searched for."""
        return [term.text for term in self.shown.terms]

    @property
    def chosen(self) -> list[Entry]:
        """What is marked, else what the cursor is on."""
        if self.marks:
            return list(self.marks.values())
        return [self.selected] if self.selected is not None else []

    def take(self, answer: Answered, *, again: bool) -> None:
        """Show the rows of an answer. again: the same was asked before, so the cursor stays near its row."""
        self.shown = answer.query
        hits, final = bool(answer.query.terms), answer.days is not None
        netto = netto_of(self)
        zone = netto.vault.zone if netto.vault is not None else UTC
        self.columns: Sequence[Column[Entry]] = (
            hit_columns(zone, self.words) if hits else conversation_columns(zone, len(self._replicas))
        )
        if final and answer.total == self.count and not answer.places and not again:
            return
        rows = hit_entries(answer.hits) if hits else self._conversations(answer.conversations)
        before = self.selected
        keep = partial(is_same, before) if before is not None and (final or again) else None
        self.show(self._fetch(answer.query, answer.places), answer.total, first=rows, keep=keep)

    @property
    def _replicas(self) -> list[str]:
        return [row.name for row in netto_of(self).main.header.replicas]

    def _fetch(self, query: Query, places: Sequence[int]) -> Fetch[Entry]:
        """Pages of the list for one query; places: where its hits stand, if that is known."""

        def page(offset: int, limit: int) -> Sequence[Entry]:
            reader = netto_of(self).reader  # a restore puts another one in its place
            if reader is None:
                return ()
            if places:
                from netto_tui.vault.hits import hits_at

                return hit_entries(hits_at(reader, places[offset : offset + limit], query.terms))
            if query.terms:
                return hit_entries(reader.search(query, limit, offset))
            return self._conversations(reader.conversations(query, offset, limit))

        return page

    def _conversations(self, rows: Sequence[ConversationRow]) -> list[Entry]:
        from netto_tui.vault.browsing import held

        reader = netto_of(self).reader
        names = [row.conversation for row in rows]
        return conversation_entries(rows, held(reader, names) if reader is not None else {}, self._replicas)

    # Marks

    def action_mark(self) -> None:
        """Mark the row under the cursor or take its mark away, and go on to the next."""
        if (entry := self.selected) is not None:
            self._mark(entry)
            self.cursor += 1

    def unmark(self) -> None:
        """Take every mark away."""
        self.marks.clear()
        self._tell()

    def _mark(self, entry: Entry) -> None:
        if self.marks.pop(entry.conversation, None) is None:
            self.marks[entry.conversation] = replace(entry, hit=None)  # the conversation is meant
        self._tell()

    def _tell(self) -> None:
        self.refresh()
        self.post_message(self.Marked(len(self.marks)))

    def on_click(self, event: events.Click) -> None:
        """A click left of a row marks it."""
        place = event.get_content_offset(self)
        if place is None or place.x >= MARGIN or place.y < self.headings:
            return
        if (entry := self.pages.row(place.y - self.headings + self.scroll_offset.y)) is not None:
            self._mark(entry)
            event.prevent_default()

"""Browse: when, which conversation, what was said; and search as you type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from netto_tui.errors import UsageError
from netto_tui.model.query import Query, parse, with_filter
from netto_tui.plural import number
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui.messages import Answered
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.entries import (
    Entry,
    conversation_columns,
    conversation_entries,
    hit_columns,
    hit_entries,
    is_same,
)
from netto_tui.tui.panes.reading import Reading
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.datetree import UNDATED, DateTree
from netto_tui.tui.widgets.pages import Fetch
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.searchline import SearchLine
from netto_tui.tui.widgets.transcript import Transcript
from netto_tui.vault.rows import Hit

if TYPE_CHECKING:
    from netto_tui.vault.rows import ConversationRow

DEBOUNCE_SECONDS = 0.12
PREVIEW_SECONDS = 0.05


class BrowsePane(Pane):
    """A date tree, a list and a transcript over one query text."""

    FIRST_FOCUS: ClassVar[str] = "#list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tree", "Dates", id="browse.tree", tooltip="Show or hide the date tree"),
        Binding("n", "next_match(1)", "Next match", show=False, id="browse.next-match"),
        Binding("N", "next_match(-1)", "Previous match", show=False, id="browse.previous-match"),
        Binding("less_than_sign", "list_width(-8)", "Narrower list", show=False, id="browse.narrower"),
        Binding("greater_than_sign", "list_width(8)", "Wider list", show=False, id="browse.wider"),
        Binding("c", "conflicts", "Conflicts of this", show=False, id="browse.conflicts"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.asked = Query()
        self.shown = Query()
        self._serial = 0
        self._followed: Entry | None = None
        """What the cursor of the list was on when the text last followed it."""
        self._typing: Timer | None = None
        self._preview: Timer | None = None
        self._refreshing = False
        self._total = 0
        self._to_undated = False
        self.is_filled = False

    def compose(self) -> ComposeResult:
        """The search line above three columns."""
        with Horizontal(id="search-line"):
            yield Static(" / ", id="search-mark", markup=False)
            yield SearchLine(
                placeholder='words "a phrase" on:2026-11 from:user source:claude-code is:conflict title:word',
                widget_id="search",
            )
            yield Static("", id="search-count", markup=False)
        with Horizontal(id="columns"):
            yield DateTree(widget_id="tree")
            yield RowList(self._columns(hits=False), empty="Opening the vault…", widget_id="list")
            yield Reading(widget_id="reading")

    @property
    def entries(self) -> RowList[Entry]:
        """The list in the middle."""
        return self.query_one("#list", RowList)

    @property
    def reading(self) -> Reading:
        """What is on the right."""
        return self.query_one("#reading", Reading)

    @property
    def transcript(self) -> Transcript:
        """The text on the right."""
        return self.reading.transcript

    @property
    def line(self) -> Input:
        """The search line."""
        return self.query_one("#search", Input)

    def _columns(self, *, hits: bool) -> Sequence[Column[Entry]]:
        zone = self.netto.vault.zone if self.is_attached and self.netto.vault else UTC
        if hits:
            return hit_columns(zone, [term.text for term in self.shown.terms])
        return conversation_columns(zone, len(self.netto.main.header.replicas) if self.is_attached else 0)

    # Asking

    def read(self) -> None:
        """Ask again, for instance because the vault changed."""
        self._refreshing = True
        self._ask(self.line.value)

    def refuse(self, reason: str) -> None:
        """Say why there is nothing to show."""
        self.entries.empty = safe_line(reason)
        self.entries.clear()

    @on(Input.Changed, "#search")
    def _typed(self) -> None:
        if self._typing is not None:
            self._typing.stop()
        self._refreshing = False
        self._typing = self.set_timer(DEBOUNCE_SECONDS, lambda: self._ask(self.line.value))

    def _ask(self, text: str) -> None:
        vault, inquiry = self.netto.vault, self.netto.inquiry
        if vault is None or inquiry is None:
            return
        today = datetime.fromtimestamp(self.netto.now() / 1000, vault.zone).date()
        try:
            self.asked = parse(text, today, vault.zone)
        except UsageError as error:
            self._count(Content.styled(safe_line(str(error), 200), "$text-warning"))
            return
        self._serial = inquiry.ask(self.asked)

    def take(self, answer: Answered) -> None:
        """Show an answer of the index, unless another question was asked since."""
        if answer.serial != self._serial:
            return
        if answer.error:
            self._count(Content.styled(safe_line(answer.error, 200), "$text-error"))
            return
        hits = bool(answer.query.terms)
        self.shown = answer.query
        rows = hit_entries(answer.hits) if hits else self._conversations(answer.conversations)
        final = answer.days is not None
        self.entries.columns = self._columns(hits=hits)
        self.entries.empty = self._empty_text()
        before = self.entries.selected
        keep = (lambda e: is_same(e, before)) if (final or self._refreshing) and before is not None else None
        if not final or answer.total != self.entries.count or self._refreshing:
            self.entries.show(self._fetch(answer.query), answer.total, first=rows, keep=keep)
        if answer.days is not None:
            self.query_one(DateTree).show(answer.days)
            self._refreshing = False
            self.is_filled = True
            if self._to_undated:
                self._go_to_undated()
        self._tell_count(answer)

    def _empty_text(self) -> str:
        if self.shown.text:
            return "Nothing matches. esc clears the search."
        return "The vault is empty. Bring conversations in: netto-tui import PATH; or A adds a replica that has some."

    def _tell_count(self, answer: Answered) -> None:
        more = "+" if answer.capped or (answer.days is None and answer.total >= 100) else ""
        if answer.query.terms:
            text = f"{number(answer.total)}{more} {'message' if answer.total == 1 else 'messages'}"
        elif answer.query.text:
            text = f"{number(answer.total)}{more} of {number(self._total)}"
        else:
            self._total = answer.total
            text = f"{number(answer.total)}{more}"
        took = f" · {answer.took_ms:.0f} ms" if answer.query.text else ""
        self._count(Content.styled(text + took, "$foreground-muted"))

    def _count(self, content: Content) -> None:
        self.query_one("#search-count", Static).update(content + Content(" "))

    def _fetch(self, query: Query) -> Fetch[Entry]:
        """Pages of the list for one query, from the app's own reader."""

        def page(offset: int, limit: int) -> Sequence[Entry]:
            reader = self.netto.reader  # a restore puts another one in its place
            if reader is None:
                return ()
            if query.terms:
                return hit_entries(reader.search(query, limit, offset))
            return self._conversations(reader.conversations(query, offset, limit))

        return page

    def _conversations(self, rows: Sequence[ConversationRow]) -> list[Entry]:
        reader = self.netto.reader
        names = [row.name for row in self.netto.main.header.replicas]
        return conversation_entries(
            rows, reader.replica_marks([row.conversation for row in rows]) if reader else {}, names
        )

    # Reading

    @on(RowList.Moved, "#list")
    def _moved(self) -> None:
        if self._preview is not None:
            self._preview.stop()
        self._preview = self.set_timer(PREVIEW_SECONDS, self._show_selected)

    def _show_selected(self) -> None:
        """Follow the cursor; where it did not move, what is read stays."""
        entry, before = self.entries.selected, self._followed
        self._followed = entry
        if not self.reading.display:
            return
        read = self.reading.entry
        if entry and before and read and is_same(entry, before) and not is_same(entry, read):
            self.reading.reread()  # it was opened from elsewhere
        else:
            self._show(entry)

    def _show(self, entry: Entry | None) -> None:
        if entry is None:
            self.reading.clear()
        else:
            self.reading.show(entry, [term.text for term in self.shown.terms])

    @on(RowList.Chosen, "#list")
    def _chosen(self) -> None:
        self.add_class("-reading")
        self._followed = self.entries.selected
        self._show(self._followed)
        self.screen.set_focus(self.transcript)

    def open_conversation(self, conversation: str, item: str = "") -> None:
        """Read one conversation, wherever it is in the list, at one of its messages if that is named."""
        reader = self.netto.reader
        row = reader.conversation(conversation) if reader is not None else None
        if row is None:
            self.netto.notify("This conversation is not in the vault any more.", severity="warning")
            return
        self.add_class("-reading")
        hit = Hit(conversation, item, row.started, "", row.title, "") if item else None
        self._show(Entry(conversation, row.started, row.title, row=row, hit=hit))
        self.screen.set_focus(self.transcript)

    @on(DateTree.Picked)
    def _picked(self, message: DateTree.Picked) -> None:
        undated = message.value == UNDATED
        text = with_filter(self.line.value, "on", "" if undated else message.value)
        self._to_undated = undated
        if undated and text == self.line.value:
            self._go_to_undated()
        self.line.value = text
        self.line.cursor_position = len(text)

    def _go_to_undated(self) -> None:
        """No filter means them, but they are the last of the list."""
        self._to_undated = False
        self.entries.cursor = self.entries.count - (1 if self.shown.terms else self.query_one(DateTree).undated)
        self.screen.set_focus(self.entries)

    @property
    def conversation(self) -> ConversationRow | None:
        """The conversation that is read, else the one under the cursor."""
        if self.transcript.has_focus or self.has_class("-reading"):
            return self.reading.row
        entry, reader = self.entries.selected, self.netto.reader
        if entry is None or reader is None:
            return None
        return entry.row or reader.conversation(entry.conversation)

    def copied_text(self) -> str:
        """The message under the cursor, or the conversation's title."""
        if self.transcript.has_focus and (message := self.transcript.selected) is not None:
            return safe_display(message.text)
        entry = self.entries.selected
        return safe_line(entry.title) if entry else ""

    # Actions

    def search(self) -> None:
        """Put the cursor into the search line."""
        self.screen.set_focus(self.line)

    @on(Input.Submitted, "#search")
    def _submitted(self) -> None:
        self.screen.set_focus(self.entries)

    def action_tree(self) -> None:
        """Show or hide the date tree."""
        tree = self.query_one(DateTree)
        shown = tree.display
        self.set_class(shown, "-no-tree")
        self.set_class(not shown, "-tree")
        if not shown:
            self.remove_class("-reading")  # where the text has the whole width, the tree would be under it
            self.screen.set_focus(tree)
        elif tree.has_focus:
            self.screen.set_focus(self.entries)

    def action_list_width(self, by: int) -> None:
        """Make the list wider or narrower."""
        if not self.reading.display or not self.entries.display:
            self.netto.notify("There is one column only. Make the terminal wider than 100 cells.", severity="warning")
            return
        self.entries.styles.width = max(24, min(self.size.width - 24, self.entries.size.width + by))

    def action_next_match(self, by: int) -> None:
        """Go to the next message of this conversation that has a word of the search."""
        words = [term.text.lower() for term in self.shown.terms]
        if not words:
            self.netto.notify("Search for something first: press /.", severity="warning")
            return
        pages, index = self.transcript.pages, self.transcript.cursor + by
        while (row := pages.row(index)) is not None:
            if any(word in row.text.lower() for word in words):
                self.transcript.go_to(index)
                return
            index += by
        self.netto.notify("No more matches in this conversation.")

    async def action_conflicts(self) -> None:
        """Open the resolver on this conversation."""
        row = self.conversation
        if row is None or not row.conflicts:
            self.netto.notify("This conversation has no conflicts.")
            return
        from netto_tui.tui.opening import open_resolver

        open_resolver(self.netto, row.conversation)

    def leave_state(self) -> bool:
        """From the text to the list, from the search to all."""
        if self.line.has_focus or self.transcript.has_focus or self.has_class("-reading"):
            self.remove_class("-reading")
            self.screen.set_focus(self.entries)
            return True
        if self.line.value:
            self.line.value = ""
            return True
        return False

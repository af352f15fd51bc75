"""Browse: when, which conversation, what was said; and search as you type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from netto_tui.errors import NettoError, UsageError
from netto_tui.model.links import Link
from netto_tui.model.query import Query, parse
from netto_tui.plural import number
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui.messages import Answered
from netto_tui.tui.panes.curating import CuratingPane
from netto_tui.tui.panes.entries import Entry, in_words, is_same
from netto_tui.tui.panes.jumping import JumpingPane
from netto_tui.tui.panes.listing import Listing
from netto_tui.tui.widgets.actionline import ActionLine, Offer
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.searchbar import SearchBar

if TYPE_CHECKING:
    from netto_tui.vault.rows import ConversationRow, MessageRow

PREVIEW_SECONDS = 0.05

OFFERS = (
    Offer("r", "title", "entitle"),
    Offer("T", "tags", "tags"),
    Offer("p", "pin", "pin"),
    Offer("a", "archive", "archive"),
    Offer("D", "delete", "delete"),
    Offer("E", "export", "export"),
)
"""What can be done with a conversation, for the mouse."""


class BrowsePane(JumpingPane, CuratingPane):
    """A date tree, a list and a transcript over one query text."""

    FIRST_FOCUS: ClassVar[str] = "#list"
    OFFERED: ClassVar[Sequence[Offer]] = OFFERS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("E", "export", "Export", show=False, id="browse.export", tooltip="Write conversations as files"),
        Binding("n", "next_match(1)", "Next match", show=False, id="browse.next-match"),
        Binding("N", "next_match(-1)", "Previous match", show=False, id="browse.previous-match"),
        Binding("c", "conflicts", "Conflicts of this", show=False, id="browse.conflicts"),
        Binding(
            "Y",
            "copy_link",
            "Copy link",
            show=False,
            id="browse.copy-link",
            tooltip="Copy its link, for netto-tui open",
        ),
    ]

    @dataclass
    class NamesRead(Message):
        """The values that a filter can have here, by filter."""

        names: Mapping[str, Sequence[str]]

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self.asked = Query()
        self._serial = 0
        self._followed: Entry | None = None
        """What the cursor of the list was on when the text last followed it."""
        self._preview: Timer | None = None
        self._refreshing = False
        self._total = 0
        self._told = (False, False)
        self.is_filled = False

    # Asking

    def read(self) -> None:
        """Ask again, for instance because the vault changed."""
        self._refreshing = True
        self._ask(self.line.value)

    def refuse(self, reason: str) -> None:
        """Say why there is nothing to show."""
        self.entries.empty = safe_line(reason)
        self.entries.clear()

    @on(SearchBar.Asked)
    def _asked(self, message: SearchBar.Asked) -> None:
        self._refreshing = False
        self._ask(message.text)

    def _ask(self, text: str) -> None:
        vault, inquiry, today = self.netto.vault, self.netto.inquiry, self.today()
        if vault is None or inquiry is None or today is None:
            return
        try:
            self.asked = parse(text, today, vault.zone)
        except UsageError:  # the chips say what is wrong; what was found before stays
            self.bar.tell(Content.styled("not understood", "$text-warning"))
            return
        self._serial = inquiry.ask(self.asked)

    def take(self, answer: Answered) -> None:
        """Show an answer of the index, unless another question was asked since."""
        if answer.serial != self._serial:
            return
        if answer.error:
            self.bar.tell(Content.styled(safe_line(answer.error, 200), "$text-error"))
            if not self.entries.count:
                self.refuse(f"{answer.error} Details: 5, and netto-tui doctor.")
            return
        if self._refreshing and answer.days is None and answer.query == self.shown and self.entries.count:
            return  # the same again: fewer rows for a moment would take the cursor away
        self.shown = answer.query
        self.entries.empty = self._empty_text()
        self.entries.take(answer, again=self._refreshing)
        if answer.days is not None:
            self.dates.show(answer.days, str(self.today() or ""), capped=answer.days_capped)
            self._refreshing = False
            self.is_filled = True
            self.go_to_undated()
        self._tell_count(answer)
        self._tell_row()

    def _empty_text(self) -> str:
        if not self.shown.text:
            return "The vault is empty. I brings in conversations of this machine; A adds a replica that has some."
        chips = self.bar.chips.chips
        if len(chips) > 1 or not self.shown.terms:
            held = " · ".join(chip.label for chip in chips)
            return (
                f"Nothing matches all of: {held}. Click one above to take it out, or tab to it; esc leaves the search."
            )
        return "Nothing matches. Fewer words find more, and the last one may be a beginning. esc clears the search."

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
        self.bar.tell(Content.styled(text + took, "$foreground-muted"))

    # Reading

    @on(RowList.Moved, "#list")
    def _moved(self) -> None:
        if self._preview is not None:
            self._preview.stop()
        self._preview = self.set_timer(PREVIEW_SECONDS, self._show_selected)

    def _show_selected(self) -> None:
        """Follow the cursor; where it did not move, what is read stays."""
        self._tell_row()
        if not self.reading.display:
            return
        entry, before = self.entries.selected, self._followed
        self._followed = entry
        read = self.reading.entry
        still = is_same(entry, before) if entry and before else self.is_read
        if entry and read and still and not is_same(entry, read):
            self.reading.reread()  # it was opened from elsewhere
        else:
            self._show(entry)

    def _show(self, entry: Entry | None) -> None:
        if entry is None:
            self.reading.clear()
        else:
            self.reading.show(entry, [term.text for term in self.shown.terms])

    @on(Listing.Marked)
    def _tell_row(self) -> None:
        """Say what the letters of the line under the cursor mean, how many are marked, and what can be done."""
        entry, marked = self.entries.selected, len(self.entries.marks)
        line = self.query_one(ActionLine)
        words = in_words(entry) if entry is not None else Content("")
        if marked:
            words = Content.styled(f"{number(marked)} marked (esc unmarks)   ", "bold $text-accent") + words
        line.words = words
        fitting = [offer for offer in self.OFFERED if marked < 2 or offer.action != "entitle"]
        line.offers = fitting if self.targets else ()
        if (can := (bool(self.targets), marked > 1)) != self._told:
            self._told = can
            self.refresh_bindings()

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
        from netto_tui.vault.rows import Hit

        hit = Hit(conversation, item, row.started, "", row.title, "") if item else None
        self._show(Entry(conversation, row.started, row.title, row=row, hit=hit))
        self.screen.set_focus(self.transcript)

    # What an action is about

    @property
    def conversation(self) -> ConversationRow | None:
        """The conversation that is read, else the one under the cursor."""
        if self.is_read:
            return self.reading.row
        entry, reader = self.entries.selected, self.netto.reader
        if entry is None or reader is None:
            return None
        return entry.row or reader.conversation(entry.conversation)

    @property
    def targets(self) -> Sequence[Entry]:
        """What is marked; else what is read, or what the cursor is on."""
        if not self.entries.marks and self.is_read:
            return [self.reading.entry] if self.reading.entry is not None else []
        return self.entries.chosen

    @property
    def message(self) -> tuple[str, MessageRow] | None:
        """The message under the cursor of the text, or the one that was found; None where conversations are meant."""
        if self.entries.marks:
            return None
        entry, reader = self.entries.selected, self.netto.reader
        if self.transcript.has_focus:
            found, row = self.transcript.selected, self.reading.row
            return (row.conversation, found) if found is not None and row is not None else None
        if entry is None or entry.hit is None or reader is None:
            return None
        place = reader.position(entry.conversation, entry.hit.item)
        there = [row for row in reader.messages(entry.conversation, place, 1) if row.item == entry.hit.item]
        return (entry.conversation, there[0]) if there else None

    def changed(self) -> None:
        """What was marked is done."""
        self.entries.unmark()

    def copied_text(self) -> str:
        """The message under the cursor, or the conversation's title."""
        if self.transcript.has_focus and (message := self.transcript.selected) is not None:
            return safe_display(message.text)
        entry = self.entries.selected
        return safe_line(entry.title) if entry else ""

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; "" when it is."""
        if action in ("export", "copy_link") and not self.targets:
            return "There is no conversation here."
        return super().why_not(action)

    # Actions

    def search(self) -> None:
        """Put the cursor into the search line, which learns what can be named."""
        self._learn_names()
        self.screen.set_focus(self.line)

    def action_copy_link(self) -> None:
        """Copy the address of what the cursor is on."""
        if (entry := self.entries.selected) is not None:
            self.app.copy_to_clipboard(str(Link(entry.conversation, entry.hit.item if entry.hit else "")))
            self.netto.notify("Copied the link. Open it with: netto-tui open LINK")

    def action_export(self) -> None:
        """Write conversations as files: these, or all that match."""
        from netto_tui.tui.screens.export import ExportScreen

        names = [entry.conversation for entry in self.targets]
        self.app.push_screen(ExportScreen(names, self.shown, is_marked=bool(self.entries.marks)))

    def action_next_match(self, by: int) -> None:
        """Go to the next message of this conversation that has the words of the search, or the one before."""
        self.reading.next_match(by)

    def action_conflicts(self) -> None:
        """Open the resolver on this conversation."""
        row = self.conversation
        if row is None or not row.conflicts:
            self.netto.notify("This conversation has no conflicts.")
            return
        from netto_tui.tui.opening import open_resolver

        open_resolver(self.netto, row.conversation)

    # What can be named in a search

    @work(thread=True, exit_on_error=False, exclusive=True, group="names", description="Read names")
    def _learn_names(self) -> None:
        from netto_tui.vault.browsing import sources, tags

        vault = self.netto.vault
        if vault is None:
            return
        with suppress(NettoError), vault.reader() as reader:  # without them only the names of filters are completed
            self.post_message(self.NamesRead({"source": sources(reader), "tag": tags(reader)}))

    @on(NamesRead)
    def _names_read(self, message: NamesRead) -> None:
        self.line.names = message.names

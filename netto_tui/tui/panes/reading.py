"""The conversation that is read in Browse: its heading above its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.model.query import Term
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.panes.entries import Entry, heading
from netto_tui.tui.panes.message_keys import MessageKeys
from netto_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from netto_tui.model.sections import Section
    from netto_tui.vault.branches import Branches
    from netto_tui.vault.rows import ConversationRow, MessageRow

WARM_UP_SECONDS = 0.1


class Reading(MessageKeys):
    """One conversation. Shown again after a change, it stays where one reads, and follows where one reads its end.

    Credentials in it are masked; `x` shows them until another conversation is read, or the text is left. Where it
    was edited or answered anew, one branch is shown; `b` shows another, which changes nothing that is stored.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "reveal", "Secrets", id="reading.reveal", tooltip="Show secrets as they are, or mask them again"),
        Binding("b", "branch(1)", "Branch", show=False, id="reading.branch", tooltip="Show the next branch from here"),
        Binding("B", "branch(-1)", "Previous branch", show=False, id="reading.previous-branch"),
    ]

    @dataclass
    class Matched(Message):
        """The words of the search were looked for in one conversation."""

        key: tuple[object, ...]
        found: Sequence[int]
        by: int

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self.entry: Entry | None = None
        self._terms: tuple[str, ...] = ()
        self._row: ConversationRow | None = None
        self._matches: tuple[tuple[object, ...], Sequence[int]] = ((), ())
        self._match = ""
        self._turns = 0
        self._keys_for: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Heading and text."""
        yield Static("", id="reading-title", markup=False)
        yield Transcript(widget_id="transcript")

    def on_mount(self) -> None:
        """Load what draws a text once the first frame is there, so that the first text need not wait for it."""
        self.set_timer(WARM_UP_SECONDS, self._warm_up)

    @work(thread=True, exit_on_error=False, group="warm-up", description="Load what draws texts")
    def _warm_up(self) -> None:
        from netto_tui.tui.widgets.code import warm_up

        warm_up()

    @property
    def row(self) -> ConversationRow | None:
        """The conversation that is shown."""
        return self._row if self.entry is not None else None

    def clear(self) -> None:
        """Show no conversation."""
        self.entry = self._row = self.branches = None
        self.revealed = False
        self.transcript.clear("")
        self.query_one("#reading-title", Static).update(Content(""))

    def show(self, entry: Entry, terms: Sequence[str]) -> None:
        """Show a conversation, at its hit if it has one; what is shown already is only read again where it changed."""
        netto = netto_of(self)
        if netto.reader is None or netto.vault is None:
            return
        row = netto.reader.conversation(entry.conversation)
        if row is None:
            self.clear()
            return
        item = entry.hit.item if entry.hit else ""
        before, known = self.entry, self._row
        same = before is not None and before.conversation == entry.conversation
        moved = not same or (before is not None and item and item != (before.hit.item if before.hit else ""))
        if not moved and row == known and tuple(terms) == self._terms:
            return
        here, follow = self.transcript.selected, not moved and self.transcript.is_at_end
        self.entry, self._terms, self._row = entry, tuple(terms), row
        self.revealed = self.revealed and same
        self._match = "" if moved else self._match
        self._read_branches(entry.conversation, item if moved else "", same=same)
        self._lay(item if moved else here.item if here else "", stay=not moved)
        if follow:
            self.transcript.action_last()

    def _read_branches(self, conversation: str, item: str, *, same: bool) -> None:
        """Learn of the conversation's branches, keeping what was chosen, and show the one that a message is on."""
        from netto_tui.vault.branches import branches

        before, reader = self.branches, netto_of(self).reader
        self.branches = branches(reader, conversation) if reader is not None else None
        if self.branches is not None:
            if same and before is not None:
                self.branches.keep_choices(before)
            if item:
                self.branches.lead_to(item)

    def _lay(self, item: str, *, stay: bool) -> None:
        """Hand the conversation to the transcript, with the cursor on a message."""
        netto = netto_of(self)
        if netto.reader is None or netto.vault is None or self.entry is None:
            return
        name, view, transcript = self.entry.conversation, self.branches, self.transcript
        transcript.empty, transcript.zone, transcript.sections = "No messages.", netto.vault.zone, self._sections
        transcript.show(
            self._messages,
            netto.reader.message_count(name) if view is None else len(view.places),
            at=netto.reader.position(name, item) if view is None else view.position(item),
            terms=self._terms,
            stay=stay,
        )
        if item and self._terms and not stay:
            transcript.show_mark()
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """Write the heading."""
        if self._row is None:
            return
        parts = [heading(self._row, revealed=self.revealed)]
        if self.transcript.is_raw:
            parts.insert(0, Content.styled("raw (m)", "bold $text-accent"))
        if self._match:
            parts.insert(0, Content.styled(self._match, "bold $text-accent"))
        title, told = self.query_one("#reading-title", Static), Content("  ").join(parts)
        if not (isinstance(title.content, Content) and told.is_same(title.content)):
            title.update(told, layout=False)  # at most messages it is the same, and would be a frame of its own

    def reread(self) -> None:
        """Show the same conversation as it is now."""
        if self.entry is not None:
            self.show(self.entry, self._terms)

    def _messages(self, offset: int, limit: int) -> Sequence[MessageRow]:
        """A page from the reader that is open now: a restore puts another one in its place."""
        reader, view = netto_of(self).reader, self.branches
        if reader is None or self.entry is None:
            return ()
        name = self.entry.conversation
        if view is None:
            rows = reader.messages(name, offset, limit)
        else:
            found = reader.messages_at(name, view.places[offset : offset + limit])
            rows = [replace(row, branch=True, fork=view.fork(row.item)) for row in found]
        return rows if self.revealed else [_concealed(row) for row in rows]

    def _sections(self, row: MessageRow) -> Sequence[Section]:
        """The parts of one message."""
        from netto_tui.tui.parts import parts_of

        reader = netto_of(self).reader
        return parts_of(reader, row, reveal=self.revealed) if reader is not None else ()

    @on(Transcript.Moved)
    def _moved(self) -> None:
        self._tell()
        state = (self._row, self.branches is not None, self.transcript.selected is not None)
        if state != self._keys_for:
            self._keys_for = state  # what check_action asks: the same keys work for most messages
            self.refresh_bindings()

    @on(Transcript.Touched)
    def _touched(self, message: Transcript.Touched) -> None:
        if message.what == "files":
            self.action_files()
        elif message.what == "branch":
            self.action_branch(1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs a secret or a branch is offered where there is one; `why_not` tells what else is missing."""
        if action == "reveal":
            return self._row is not None and self._row.secrets
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; "" when it is."""
        if action == "branch" and self.branches is None:
            return "Nothing in this conversation was edited or answered anew: it has one branch."
        return super().why_not(action)

    # Secrets

    def action_reveal(self) -> None:
        """Show secrets as they are, or mask them again."""
        self._show_secrets(not self.revealed)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Mask secrets again when the text is left."""
        if self.revealed:
            self._show_secrets(False)

    def _show_secrets(self, revealed: bool) -> None:
        self.revealed, self._row = revealed, None  # so that it is read again
        self.reread()

    # Branches

    def action_branch(self, by: int) -> None:
        """Show another branch from the message under the cursor, or from the last fork above it."""
        row = self.transcript.selected
        if self.branches is None or row is None:
            return
        fork = self.branches.nearest_fork(row.item)
        if fork and (chosen := self.branches.turn(fork, by)):
            self._lay(chosen, stay=False)
            self._turns += 1
        else:
            self.notify("Above this message there is one branch only. Look below it.")

    # Matches

    def next_match(self, by: int) -> None:
        """Go to the next message of this conversation, or the one before, that has the words of the search."""
        if not self._terms:
            self.notify("Search for something first: press /.", severity="warning")
        elif self.entry is not None and self._matches[0] == self._match_key:
            self._go_to_match(by)
        elif self.entry is not None:
            self._find_matches(self._match_key, self.entry.conversation, self.branches, by)

    @property
    def _match_key(self) -> tuple[object, ...]:
        """What the positions of matches depend on."""
        return self.entry and self.entry.conversation, self._row, self._terms, self._turns

    @work(thread=True, exit_on_error=False, exclusive=True, group="matches", description="Find matches")
    def _find_matches(self, key: tuple[object, ...], conversation: str, view: Branches | None, by: int) -> None:
        from netto_tui.vault.matches import match_positions

        vault = netto_of(self).vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                terms = [Term(term, prefix=True) for term in key[2]] if isinstance(key[2], tuple) else []
                self.post_message(self.Matched(key, match_positions(reader, conversation, terms, view), by))
        except NettoError as error:
            self.app.call_from_thread(self.notify, str(error), severity="error")

    @on(Matched)
    def _matched(self, message: Matched) -> None:
        if message.key == self._match_key:
            self._matches = (message.key, message.found)
            self._go_to_match(message.by)

    def _go_to_match(self, by: int) -> None:
        found, cursor = self._matches[1], self.transcript.cursor
        beyond = [at for at in found if at > cursor] if by > 0 else [at for at in reversed(found) if at < cursor]
        if not beyond:
            there = f"of {len(found)} in this conversation" if found else "in this conversation"
            self.notify(f"No {'more matches' if by > 0 else 'earlier match'} {there}.")
            return
        self.transcript.go_to(beyond[0])
        self.transcript.show_mark()
        self._match = f"match {list(found).index(beyond[0]) + 1}/{len(found)}"
        self._tell()


def _concealed(row: MessageRow) -> MessageRow:
    """A message with its credentials named; the index knows which ones have any."""
    if not row.secrets:
        return row
    from netto_tui.security.redact import mask

    return replace(row, text=mask(row.text))

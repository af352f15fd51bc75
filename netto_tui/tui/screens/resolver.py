"""The resolver: one conversation at a time, its versions side by side, and a pick for each that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.recovery.decisions import Decided
from netto_tui.security.display import safe_line
from netto_tui.tui import crash
from netto_tui.tui.conflict_rows import read_rows, write_picks
from netto_tui.tui.deciding import preview, tell_decided
from netto_tui.tui.drafts import load_draft, save_draft
from netto_tui.tui.opening import open_fault, open_help
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.resolver_lines import name_of
from netto_tui.tui.screens.choosing import ChoosingScreen
from netto_tui.tui.screens.main import tell_reason
from netto_tui.tui.standing import replica_rows
from netto_tui.tui.waiting import Waiting, read_waiting
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.waiting_columns import waiting_columns


class ResolverScreen(ChoosingScreen):
    """Reads the versions, keeps up with what comes in meanwhile, and writes the picks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "Write", id="resolver.write", tooltip="See what will be written, then write it"),
        Binding(
            "right_square_bracket", "conversation(1)", "Next conversation", show=False, id="resolver.next-conversation"
        ),
        Binding(
            "left_square_bracket",
            "conversation(-1)",
            "Previous conversation",
            show=False,
            id="resolver.previous-conversation",
        ),
        Binding("y", "copy", "Copy", show=False, id="resolver.copy"),
        Binding("question_mark", "help", "Help", key_display="?", id="resolver.help"),
        Binding("escape,q", "leave", "Back", id="resolver.leave"),
    ]

    @dataclass
    class RowsRead(Message):
        """The conflicts of a conversation were read from the vault, and which conversations wait."""

        conversation: str
        rows: Sequence[Row]
        waiting: Sequence[Waiting]

    @dataclass
    class Failed(Message):
        """Reading or writing did not work."""

        error: NettoError

    @dataclass
    class Written(Message):
        """The picks are in the vault."""

        decided: Decided

    reading = False
    ended = False
    """The picks are being written, or the screen is closing: nothing is read again."""

    def beside(self) -> ComposeResult:
        """The conversations that wait, where there is room."""
        vault = self.netto.vault
        columns = waiting_columns(vault.zone) if vault is not None else []
        entries: RowList[Waiting] = RowList(columns, empty="", widget_id="resolver-waiting")
        entries.can_focus = False  # [ and ] go through it; the keys belong to the versions
        yield entries

    @property
    def entries(self) -> RowList[Waiting]:
        """The conversations that wait."""
        return self.query_one("#resolver-waiting", RowList)

    def on_mount(self) -> None:
        """Read the versions."""
        self._announce()
        self.view.focus()
        self.reread()

    def _announce(self) -> None:
        text = Content(f" {safe_line(self.title_text) or 'untitled'} · reading…")
        self.query_one("#resolver-title", Static).update(text)

    def reread(self) -> None:
        """Read the conflicts again, for instance because a replica brought something."""
        if not self.reading and not self.ended:
            self.reading = True
            self._read(self.conversation)

    @work(thread=True, exit_on_error=False, group="resolver", description="Read the versions")
    def _read(self, conversation: str) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                waiting, _ = read_waiting(reader, vault.path)
                self.post_message(self.RowsRead(conversation, read_rows(vault, reader, conversation), waiting))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))

    @on(RowsRead)
    def _rows_read(self, message: RowsRead) -> None:
        self.reading = False
        if self.ended:
            return
        if message.conversation != self.conversation:  # another one was asked for meanwhile
            self.reread()
            return
        self._show_waiting(message.waiting)
        if not any(row.choices for row in message.rows):
            self._settled()
        elif self.state is None:
            self._begin(message.rows)
        elif self._versions(self.state.rows) != self._versions(message.rows):
            self._follow(self.state, message.rows)

    def _versions(self, rows: Sequence[Row]) -> list[tuple[str, object]]:
        return [(row.item, row.choices) for row in rows]

    def _show_waiting(self, waiting: Sequence[Waiting]) -> None:
        place = next((n for n, each in enumerate(waiting) if each.conversation == self.conversation), -1)
        self.place = f"{place + 1}/{len(waiting)}" if place >= 0 else ""
        self.entries.show(listed(waiting if place >= 0 else ()), len(waiting) if place >= 0 else 0)
        self.entries.cursor = place

    def _settled(self) -> None:
        """Somebody else decided everything."""
        save_draft(self.netto.vault_path, self.conversation, {})
        self.notify("Nothing is in conflict here any more.")
        self.ended = True
        self.dismiss(None)

    def _begin(self, rows: Sequence[Row]) -> None:
        """Show a conversation for the first time, with the draft of it."""
        draft = load_draft(self.netto.vault_path, self.conversation)
        self.state = Resolution(rows).with_draft(draft)
        open_first = [n for n, row in enumerate(rows) if self.state.is_open(row)]
        self.second = self._fullest(self.state)
        self.cursor = (open_first or [n for n, row in enumerate(rows) if row.choices])[0]
        lost = [row for row in self.state.conflicts if row.item in draft and row.item not in self.state.picks]
        if self.state.picks:
            self.notify(f"Your draft is back: {many(len(self.state.picks), 'pick')}.{_to_choose_again(lost)}")
        elif lost:
            self.notify(f"Your draft does not fit any more.{_to_choose_again(lost)}", severity="warning")
        self.redraw()
        self.compare_long()

    def _fullest(self, state: Resolution) -> int:
        """The column to show on the right first: the one with the most versions of its own."""
        counts = [state.count_column(label).items for label in state.columns]
        return counts.index(max(counts[1:]), 1) if len(counts) > 1 else 1

    def _follow(self, before: Resolution, rows: Sequence[Row]) -> None:
        """Go on with rows that changed underneath, and say what that means for the picks."""
        here = self.row.item if self.row else ""
        self.state = before.rebased(rows)
        now = {row.item for row in self.state.conflicts}
        lost = [row for row in self.state.conflicts if row.item in before.picks and row.item not in self.state.picks]
        known = {row.item: row.choices for row in before.rows}
        other = [name_of(row) for row in self.state.conflicts if known.get(row.item) != row.choices]
        settled = sum(row.item not in now for row in before.conflicts)
        text = "The vault changed meanwhile. "
        text += f"Other versions: {_some(other)}. " if other else ""
        text += f"{many(settled, 'conflict')} decided elsewhere. " if settled else ""
        self.cursor = next((n for n, row in enumerate(rows) if row.item == here), 0)
        self.notify(f"{text}{many(len(self.state.picks), 'pick')} kept.{_to_choose_again(lost)}", timeout=10)
        self.keep_draft()
        self.redraw()
        self.compare_long()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.reading = self.ended = False
        if self.state is None:
            self.query_one("#resolver-title", Static).update(Content(f" {message.error} · esc goes back"))
        open_fault(self.netto, "That did not work; your picks are kept", message.error)

    # Other conversations

    def action_conversation(self, by: int) -> None:
        """Go to the next conversation that waits, around the end; the draft of this one stays."""
        count = self.entries.count
        if count < 2:
            self.notify("No other conversation waits.")
        else:
            self.entries.cursor = (self.entries.cursor + by) % count
            self._open(self.entries.selected)

    @on(RowList.Moved, "#resolver-waiting")
    def _clicked_on(self, message: RowList.Moved) -> None:
        message.stop()
        self._open(self.entries.selected)

    def _open(self, waiting: Waiting | None) -> None:
        if waiting is None or waiting.conversation == self.conversation or self.ended:
            return
        self.conversation, self.title_text, self.state = waiting.conversation, waiting.title, None
        self.chosen, self.second = 0, 1
        self._announce()
        self.view.show(0, lambda block: ())
        self.reread()

    # Writing

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action == "write" and self.state is not None and self.state.unresolved:
            open_rows = self.state.unresolved
            return f"{len(open_rows)} still to choose: {_some([name_of(row) for row in open_rows])}."
        return super().why_not(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not possible; its key tells the reason."""
        return None if self.why_not(action) else True

    def on_key(self, event: events.Key) -> None:
        """Tell why a dimmed key does nothing; what is missing for writing, go there."""
        tell_reason(self, event)
        if event.key == "w" and self.state is not None and self.state.unresolved:
            self.action_unresolved(1)

    @work
    async def action_write(self) -> None:
        """Show what will be written; on yes, write it."""
        vault, reader, state = self.netto.vault, self.netto.reader, self.state
        if state is None or vault is None or reader is None:
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        text = preview(state, [replica.name for replica in replica_rows(vault, reader)])
        if await self.app.push_screen_wait(ConfirmScreen("Write this?", text, "Write")):
            if self.state is not state:
                self.notify("The versions changed while you were reading. Look again, then w.", severity="warning")
                return
            self.ended = True
            self._write(state)

    @work(thread=True, exit_on_error=False, group="resolver-write", description="Write the picks")
    def _write(self, state: Resolution) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            self.post_message(self.Written(write_picks(vault, state)))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))

    @on(Written)
    def _written_down(self, message: Written) -> None:
        save_draft(self.netto.vault_path, self.conversation, {})
        app = self.netto
        self.dismiss(None)
        tell_decided(app, message.decided)

    def action_help(self) -> None:
        """Show the keys."""
        open_help(self.netto)

    def action_leave(self) -> None:
        """Go back; the draft stays."""
        if self.state is not None and self.state.picks:
            self.notify("Your picks are kept as a draft.")
        self.ended = True
        self.dismiss(None)


def _to_choose_again(rows: Sequence[Row]) -> str:
    return f" To choose again: {_some([name_of(row) for row in rows])}." if rows else ""


def _some(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more

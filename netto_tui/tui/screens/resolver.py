"""The resolver: one conversation, its versions side by side, and a pick for each message in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import crash
from netto_tui.tui.concealing import concealed
from netto_tui.tui.conflict_rows import read_rows, write_picks
from netto_tui.tui.drafts import load_draft, save_draft
from netto_tui.tui.editor import EditorMissing, edit_text
from netto_tui.tui.resolution import Resolution, Row
from netto_tui.tui.resolver_lines import result_lines
from netto_tui.tui.screens.main import tell_reason
from netto_tui.tui.screens.resolution_screen import ResolutionScreen
from netto_tui.tui.widgets.resolver_view import ResolverView

if TYPE_CHECKING:
    pass


class ResolverScreen(ResolutionScreen):
    """Resolves one conversation; its result is the number of revisions written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(n),
                f"take({n})",
                "Take",
                show=n == 1,
                key_display="1-9",
                id=f"resolver.take-{n}",
                tooltip="Take the version with this number",
            )
            for n in range(1, 10)
        ),
        Binding("space", "take_here", "Take", show=False, id="resolver.take", tooltip="Take the marked column"),
        Binding("b", "both", "Both", id="resolver.both", tooltip="Both, one after the other"),
        Binding("0", "take_base", "Base", show=False, id="resolver.base", tooltip="Take what both began from"),
        Binding("e", "edit", "Edit", id="resolver.edit", tooltip="Write it in your editor"),
        Binding("d", "delete", "Delete", show=False, id="resolver.delete", tooltip="Accept the deletion"),
        Binding("x,backspace", "clear", "Forget the pick", show=False, id="resolver.clear"),
        Binding("a", "take_all", "All", id="resolver.all", tooltip="The marked column for the whole conversation"),
        Binding("u", "undo", "Undo", id="resolver.undo"),
        Binding("U", "redo", "Redo", show=False, id="resolver.redo"),
        Binding("w", "write", "Write", id="resolver.write", tooltip="See what will be written, then write it"),
        Binding("y", "copy", "Copy", show=False, id="resolver.copy"),
        Binding("question_mark", "help", "Help", key_display="?", id="resolver.help"),
        Binding("escape,q", "leave", "Back", show=False, id="resolver.leave"),
    ]

    @dataclass
    class RowsRead(Message):
        """The conflicts were read from the vault."""

        rows: Sequence[Row]

    @dataclass
    class Failed(Message):
        """Reading or writing did not work."""

        error: NettoError

    @dataclass
    class Written(Message):
        """The picks are in the vault."""

        revisions: int

    reading = False
    ended = False
    """The picks are being written, or the screen is closing: nothing is read again."""

    def on_mount(self) -> None:
        """Read the versions."""
        self.query_one("#resolver-title", Static).update(Content(f" {safe_line(self.title_text)}"))
        self.query_one(ResolverView).focus()
        self.reread()

    def reread(self) -> None:
        """Read the conflicts again, for instance because a replica brought something."""
        if not self.reading and not self.ended:
            self.reading = True
            self._read()

    @work(thread=True, exit_on_error=False, group="resolver", description="Read the versions")
    def _read(self) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            with vault.reader() as reader:
                self.post_message(self.RowsRead(read_rows(vault, reader, self.conversation)))
        except NettoError as error:
            self.post_message(self.Failed(error))

    @on(RowsRead)
    def _rows_read(self, message: RowsRead) -> None:
        self.reading = False
        if self.ended:
            return
        if self.state is None:
            draft = load_draft(self.netto.vault_path, self.conversation)
            self.state = Resolution(message.rows).with_draft(draft)
            first = next((n for n, row in enumerate(self.state.rows) if row in self.state.unresolved), None)
            self.cursor = first if first is not None else next((n for n, r in enumerate(message.rows) if r.choices), 0)
            if draft and self.state.picks:
                self.notify(f"Your draft is back: {many(len(self.state.picks), 'pick')}.")
        else:
            here = self.row.item if self.row else ""
            before = len(self.state.picks)
            if [(r.item, r.choices) for r in self.state.rows] == [(r.item, r.choices) for r in message.rows]:
                return
            self.state = self.state.rebased(message.rows)
            self.cursor = next((n for n, row in enumerate(message.rows) if row.item == here), 0)
            lost = before - len(self.state.picks)
            kept = f"{many(len(self.state.picks), 'pick')} kept"
            self.notify(f"A replica brought something: {kept}" + (f", {lost} to choose again." if lost else "."))
        if not self.state.conflicts:
            save_draft(self.netto.vault_path, self.conversation, {})
            self.notify("Nothing is in conflict here any more.")
            self.ended = True
            self.dismiss(0)
            return
        self.redraw()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.reading = self.ended = False
        self.notify(str(message.error), title="That did not work", severity="error")

    # Choosing

    def _done(self, problem: str, *, advance: bool = True) -> None:
        """After a key: say what is wrong, or keep the draft and go on."""
        if self.state is None:
            return
        if problem:
            self.notify(problem, severity="warning")
            return
        self._keep_draft()
        if advance and self.row is not None and self.row.item in self.state.picks and self.state.unresolved:
            self.action_unresolved(1)
        self.redraw()

    def _keep_draft(self) -> None:
        if self.state is not None:
            try:
                save_draft(self.netto.vault_path, self.conversation, self.state.to_draft())
            except OSError as error:
                self.notify(f"The draft could not be kept: {error.strerror}.", severity="warning")

    def action_take(self, number: int) -> None:
        """Take the version in a column for this message."""
        if self.state is None or self.row is None:
            return
        if number > len(self.state.columns):
            self._done(f"There are only {len(self.state.columns)} columns.")
            return
        self.chosen = number - 1
        self._done(self.state.take(self.row, self.state.columns[number - 1]))

    def action_take_here(self) -> None:
        """Take the version in the marked column."""
        self.action_take(self.chosen + 1)

    def action_take_base(self) -> None:
        """Take what both sides began from."""
        if self.state is not None and self.row is not None:
            self._done(self.state.take_base(self.row))

    @work
    async def action_both(self) -> None:
        """Take both texts; with more than two versions, ask which and in what order."""
        if self.state is None or self.row is None:
            return
        row = self.row
        order: Sequence[str] = ()
        if len([choice for choice in row.choices if not choice.deleted]) > 2:
            from netto_tui.tui.screens.order import OrderScreen

            order = await self.app.push_screen_wait(OrderScreen(row)) or ()
            if not order:
                return
        self._done(self.state.take_both(row, order))

    def action_delete(self) -> None:
        """Accept that the message was deleted."""
        if self.state is not None and self.row is not None:
            self._done(self.state.take_deletion(self.row))

    def action_clear(self) -> None:
        """Forget the pick of this message."""
        if self.state is not None and self.row is not None:
            self.state.clear(self.row)
            self._done("", advance=False)

    def action_edit(self) -> None:
        """Write this message in the person's own editor."""
        if self.state is None or self.row is None:
            return
        row = self.row
        if not row.choices:
            self._done("This message is not in conflict.")
            return
        before = self.state.draft_text(row)
        try:
            with self.app.suspend():
                after = edit_text(before, self.netto.vault_path / "drafts")
        except SuspendNotSupported:
            self._done("This terminal cannot be handed to an editor.")
        except EditorMissing as error:
            self._done(str(error))
        else:
            self._done(self.state.take_edit(row, after) if after != before else "Nothing was changed in the editor.")

    @work
    async def action_take_all(self) -> None:
        """Take the marked column for the whole conversation, after saying what that decides."""
        if self.state is None or self.chosen >= len(self.state.columns):
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        label = self.state.columns[self.chosen]
        mine = [row for row in self.state.conflicts if row.choice_in(label) is not None]
        others = len({c.revision for row in mine for c in row.choices if label not in c.labels})
        text = (
            f"Take {label} for {many(len(mine), 'message')} of {len(self.state.conflicts)}.\n"
            f"{many(others, 'other version')} would leave the view; all of them stay in the history.\n"
            "Nothing is written yet, and u takes it back."
        )
        if await self.app.push_screen_wait(ConfirmScreen(f"Whole conversation from {label}", text, "Take")):
            self.state.take_column(label)
            self._done("", advance=False)

    def action_undo(self) -> None:
        """Take the last pick back."""
        if self.state is not None:
            self._done("" if self.state.undo() else "There is nothing to undo.", advance=False)

    def action_redo(self) -> None:
        """Make the pick that was taken back again."""
        if self.state is not None:
            self._done("" if self.state.redo() else "There is nothing to do again.", advance=False)

    # Writing

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if self.state is None:
            return "" if action in ("leave", "help") else "The versions are still being read."
        row = self.row
        match action:
            case "write" if self.state.unresolved:
                numbers = ", ".join(str(found.number) for found in self.state.unresolved[:8])
                return f"{many(len(self.state.unresolved), 'message')} still to choose: {numbers}. n goes there."
            case "delete" if row is not None and row.tombstone is None:
                return "Nobody deleted this message."
            case "both" | "edit" if row is not None and not row.choices:
                return "This message is not in conflict."
            case "other" if len(self.state.columns) <= len(self.shown) or not self.shown:
                return "Every column is visible."
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not possible; its key tells the reason."""
        return None if self.why_not(action) else True

    def on_key(self, event: events.Key) -> None:
        """Tell why a dimmed key does nothing."""
        tell_reason(self, event)

    @work
    async def action_write(self) -> None:
        """Show what will be written; on yes, write it."""
        if self.state is None:
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        lines = [
            f"{many(len(self.state.conflicts), 'revision')} will be written, one for each message.",
            "It replaces all versions; they stay in the history. Then every replica is brought up to date.",
            "",
        ]
        for row in self.state.conflicts:
            text = result_lines(self.state, row, ()).plain
            name = f"{row.number:>4}" if row.number else "head"
            lines.append(f"{name} {self.state.letter(row)} {len(row.choices)}→1  {safe_line(text, 160)}")
        if await self.app.push_screen_wait(ConfirmScreen("Write this?", "\n".join(lines), "Write")):
            self.ended = True
            self._write(self.state)

    @work(thread=True, exit_on_error=False, group="resolver-write", description="Write the picks")
    def _write(self, state: Resolution) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            self.post_message(self.Written(len(write_picks(vault, state))))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))

    @on(Written)
    def _written(self, message: Written) -> None:
        save_draft(self.netto.vault_path, self.conversation, {})
        self.dismiss(message.revisions)

    def action_copy(self) -> None:
        """Copy the result, or the version in the marked column."""
        if self.state is not None and self.row is not None:
            label = self.look.chosen
            choice = self.row.choice_in(label)
            said = choice.text if choice else self.row.text
            text = concealed(said, len(said))
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {many(len(text), 'character')}.")

    def action_help(self) -> None:
        """Show the keys."""
        from netto_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.active_bindings))

    def action_leave(self) -> None:
        """Go back; the draft stays."""
        if self.state is not None and self.state.picks:
            self.notify("Your picks are kept as a draft.")
        self.ended = True
        self.dismiss(0)

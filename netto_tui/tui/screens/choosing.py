"""The resolver's picks: what each key decides for the row under the cursor, and the way back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType

from netto_tui.plural import many
from netto_tui.tui.concealing import concealed
from netto_tui.tui.drafts import save_draft
from netto_tui.tui.editor import EditorMissing, edit_text
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.resolver_lines import name_of
from netto_tui.tui.screens.resolution_screen import ResolutionScreen
from netto_tui.tui.widgets.resolver_view import ColumnTitles, ResolverView


class ChoosingScreen(ResolutionScreen):
    """Picks versions; nothing is written but the draft."""

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
        Binding("space", "take_here", "Take the marked column", show=False, id="resolver.take"),
        Binding("b", "both", "Both", id="resolver.both", tooltip="Several, one after the other"),
        Binding("0", "take_base", "Take the base", show=False, id="resolver.base"),
        Binding("e", "edit", "Edit", id="resolver.edit", tooltip="Write it yourself"),
        Binding("d", "delete", "Accept the deletion", show=False, id="resolver.delete"),
        Binding("x,backspace", "clear", "Forget the pick", show=False, id="resolver.clear"),
        Binding(
            "a", "take_all", "All from…", id="resolver.all", tooltip="The marked column for the whole conversation"
        ),
        Binding("u", "undo", "Undo", id="resolver.undo"),
        Binding("U", "redo", "Redo", show=False, id="resolver.redo"),
    ]

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if self.state is None:
            return "" if action in ("leave", "help") else "The versions are still being read."
        row = self.row
        settled = row is None or not row.choices
        match action:
            case "both" | "edit" | "take_base" | "take_here" | "delete" | "clear" if settled:
                return "This message is not in conflict."
            case "delete" if row is not None and row.tombstone is None:
                return "Nobody deleted this message."
            case "take_base" if row is not None and row.base is None:
                return "The versions share no beginning."
            case "other" if len(self.state.columns) <= len(self.shown) or not self.shown:
                return "Every version is visible."
        return ""

    def _done(self, problem: str, *, advance: bool = True) -> None:
        """After a key: say what is wrong, or keep the draft and go on."""
        if self.state is None or self.row is None:
            return
        if problem:
            self.notify(problem, severity="warning")
            return
        self.keep_draft()
        if advance and not self.state.is_open(self.row) and self.state.unresolved:
            self.action_unresolved(1)
        else:
            self.redraw_row()

    def _redone(self) -> None:
        """After a step that any row may have changed with."""
        self.keep_draft()
        self.redraw()

    def keep_draft(self) -> None:
        """Keep the picks on disk."""
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
        """Take what the versions came from."""
        if self.state is not None and self.row is not None:
            self._done(self.state.take_base(self.row))

    @on(ResolverView.Clicked)
    def _clicked(self, message: ResolverView.Clicked) -> None:
        """A click moves to a row; on a version it takes it."""
        block = self.block(message.block)
        if self.state is None or block is None:
            return
        if block.hidden:
            self.action_fold()
            return
        self.go_to(block.row)
        if message.label == "":
            self._take_clicked(self.state.take_base(self.state.rows[block.row]))
        elif message.label is not None:
            self._take_clicked(self.state.take(self.state.rows[block.row], message.label))

    @on(ColumnTitles.Clicked)
    def _title_clicked(self, message: ColumnTitles.Clicked) -> None:
        if self.state is not None:
            self.action_take(self.state.columns.index(message.label) + 1)

    def _take_clicked(self, problem: str) -> None:
        """What is under the mouse must not move away from it."""
        self._done(problem, advance=False)

    @work
    async def action_both(self) -> None:
        """Take several texts; ask which and in what order."""
        if self.state is None or self.row is None:
            return
        state, row = self.state, self.row
        order: Sequence[str] = ()
        if len([choice for choice in row.choices if not choice.deleted]) > 1:
            from netto_tui.tui.screens.order import OrderScreen

            order = await self.app.push_screen_wait(OrderScreen(row, state.columns)) or ()
            if not order or self.state is not state:
                return
        self._done(state.take_both(row, order))

    def action_delete(self) -> None:
        """Accept that the message was deleted."""
        if self.state is not None and self.row is not None:
            self._done(self.state.take_deletion(self.row))

    def action_clear(self) -> None:
        """Forget the pick of this message."""
        if self.state is not None and self.row is not None:
            self.state.clear(self.row)
            self._done("", advance=False)

    @work
    async def action_edit(self) -> None:
        """Write this message: in the person's own editor, or here where none is set."""
        if self.state is None or self.row is None:
            return
        state, row = self.state, self.row
        before = state.draft_text(row)
        if problem := state.why_no_edit(row):
            self._done(problem)
        elif (after := await self._written(row, before)) is not None and self.state is state:
            self._done(state.take_edit(row, after) if after != before else "Nothing was changed.")

    async def _written(self, row: Row, before: str) -> str | None:
        """The text as a person left it; None when it was left."""
        from netto_tui.tui.screens.writing import WritingScreen, why_not_here

        if os.environ.get("VISUAL") or os.environ.get("EDITOR"):
            try:
                with self.app.suspend():
                    return edit_text(before, self.netto.vault_path / "drafts")
            except SuspendNotSupported:
                pass
            except EditorMissing as error:
                self._done(str(error))
                return None
        if problem := why_not_here(before):
            self._done(problem)
            return None
        return await self.app.push_screen_wait(WritingScreen(name_of(row), before))

    @work
    async def action_take_all(self) -> None:
        """Take one place's versions in the whole conversation, once a person has seen what each decides."""
        if self.state is None:
            return
        from netto_tui.tui.screens.whole import WholeScreen

        state = self.state
        places = [(label, state.count_column(label)) for label in state.columns]
        question = WholeScreen(places, len(state.conflicts), self.chosen + 1, len(state.picks))
        label = await self.app.push_screen_wait(question)
        if label and self.state is state:
            self.chosen = state.columns.index(label)
            state.take_column(label)
            self._redone()

    def action_undo(self) -> None:
        """Take the last pick back, and go to it."""
        if self.state is not None:
            self._stepped(self.state, self.state.undo(), "There is nothing to undo.")

    def action_redo(self) -> None:
        """Make the pick that was taken back again."""
        if self.state is not None:
            self._stepped(self.state, self.state.redo(), "There is nothing to do again.")

    def _stepped(self, state: Resolution, changed: Sequence[str] | None, nothing: str) -> None:
        if changed is None:
            self.notify(nothing, severity="warning")
            return
        if len(changed) == 1:
            self.cursor = next((n for n, row in enumerate(state.rows) if row.item in changed), self.cursor)
        self._redone()

    def action_copy(self) -> None:
        """Copy the result, or the version in the marked column."""
        if self.state is None or self.row is None:
            return
        choice = self.row.choice_in(self.look.chosen)
        said = choice.text if choice else self.row.text
        text = concealed(said, len(said))
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {many(len(text), 'character')}.")

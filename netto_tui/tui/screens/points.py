"""The undo points: what they would bring back, and going back to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.recovery.undo import UndoPoint, points, undo
from netto_tui.tui import crash, wording
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


class PointsScreen(ModalScreen[int]):
    """A list of points; its result is how many items were set back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(0)", "Back", id="points.leave")]

    @dataclass
    class Undone(Message):
        """Items say again what they said."""

        items: int

    @dataclass
    class Failed(Message):
        """It did not work; nothing was changed."""

        error: NettoError

    def __init__(self, found: list[UndoPoint]) -> None:
        super().__init__()
        self.found = found

    def compose(self) -> ComposeResult:
        """The list."""
        vault = netto_of(self).vault
        assert vault is not None  # noqa: S101  # opened only over a vault
        zone = vault.zone
        columns: list[Column[UndoPoint]] = [
            Column("When", lambda point: Content(wording.moment(point.at, zone)), 16),
            Column("Before a", lambda point: Content(point.what), 10),
            Column("What", lambda point: Content(many(point.items, "item") if point.items else "all files")),
        ]
        with Vertical(classes="modal") as box:
            box.border_title = "Undo points"
            box.border_subtitle = "enter goes back to one · esc leaves"
            yield RowList(columns, empty="Nothing drastic was done in the last 30 days.", widget_id="points")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one("#points", RowList).show(listed(self.found), len(self.found))

    @on(RowList.Chosen)
    @work
    async def _chosen(self) -> None:
        point: UndoPoint | None = self.query_one("#points", RowList).selected
        if point is None:
            return
        if not point.items:
            path = f"undo/{point.name}"
            self.notify(f"The files from before the exchange lie in {path} in the vault.")
            return
        text = (
            f"What {many(point.items, 'item')} said before is said again. That adds revisions;\n"
            "what was said since stays in the history."
        )
        if await self.app.push_screen_wait(ConfirmScreen("Go back to this point?", text, "Go back")):
            self._undo(point.name)

    @work(thread=True, exit_on_error=False, group="points", description="Go back to an undo point")
    def _undo(self, name: str) -> None:
        vault = netto_of(self).vault
        if vault is None:
            return
        try:
            self.post_message(self.Undone(undo(vault, name)))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))

    @on(Undone)
    def _undone(self, message: Undone) -> None:
        self.dismiss(message.items)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.notify(str(message.error), severity="error")


def open_points(app: NettoApp) -> None:
    """Push the list over the screen."""
    if app.vault is None:
        return

    def closed(items: int | None) -> None:
        if items:
            app.notify(f"Gone back: what {many(items, 'item')} said before is said again.")
            app.main.vault_changed()
            if app.worker is not None:
                app.worker.sync_now()

    app.push_screen(PointsScreen(points(app.vault)), closed)

"""The undo points: what each holds, until when it is kept, and going back to one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from netto_tui.plural import many
from netto_tui.recovery.preview import title_in
from netto_tui.recovery.undo import UndoPoint, contents, points, undo, until
from netto_tui.security.display import safe_display, safe_line
from netto_tui.sync.events import Listener
from netto_tui.tui import wording
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.workline import WorkLine
from netto_tui.vault.reader import Reader
from netto_tui.vault.vault import Vault

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

NAMED = 3
"""So many conversations of a point are named in its line."""

_WHATS = {
    "exchange": "restore of all",
    "restore": "restore",
    "resolve": "decision",
    "undo": "going back",
    "delete": "deletion",
}


@dataclass(frozen=True)
class Line:
    """A point, and what its conversations are called."""

    point: UndoPoint
    about: str


def point_columns(zone: tzinfo) -> list[Column[Line]]:
    """The columns of the list."""
    return [
        Column("When", lambda line: Content(wording.moment(line.point.at, zone)), 16),
        Column("Before a", lambda line: _WHATS.get(line.point.what, line.point.what), 14),
        Column("Holds", _holds, 9, "right"),
        Column("What", lambda line: line.about),
        Column("Kept until", lambda line: Content(wording.moment(until(line.point), zone)[:10]), 10, from_width=90),
    ]


def _holds(line: Line) -> Content:
    return Content(many(line.point.items, "item") if line.point.items else "all files")


class Points(RowList[Line]):
    """The points; enter goes back to one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Go back to it", id="points.open")]


class PointsScreen(TaskScreen[int]):
    """A list of points; its result is how many items say again what they said, None for leaving."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("u", "go_back", "Go back to it", show=False, id="points.go-back")]

    def compose(self) -> ComposeResult:
        """Title, progress, list, keys."""
        yield self.title_line(("Undo points", "bold"), ": how things stood before something drastic; kept for 30 days")
        yield WorkLine(id="points-work")
        yield self.error_line()
        yield Points((), empty="Looking…", widget_id="points")
        yield KeyLine()

    @property
    def rows(self) -> RowList[Line]:
        """The list."""
        return self.query_one("#points", RowList)

    def on_mount(self) -> None:
        """Begin to read."""
        if (vault := self.netto.vault) is not None:
            self.rows.columns = point_columns(vault.zone)
        self.rows.focus()
        self.query_one(WorkLine).begin("looking", "for undo points", _read)

    @on(WorkLine.Ended)
    def _ended(self, message: WorkLine.Ended) -> None:
        message.stop()
        self.say_error(message.error)
        if message.error is not None:
            self.rows.empty = ""
        elif message.name == "going back":
            self.dismiss(message.result)
        else:
            self.rows.empty = "Nothing drastic was done in the last 30 days: there is nothing to go back to."
            self.rows.show(listed(message.result), len(message.result))
        self.refresh_bindings()

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action == "go_back":
            if self.query_one(WorkLine).running:
                return "Wait until this is done."
            if not self.rows.count:
                return "There is nothing to go back to."
        return ""

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        if reason := self.why_not("go_back"):
            self.notify(reason, severity="warning")
        else:
            self.action_go_back()

    @work
    async def action_go_back(self) -> None:
        """Ask, then say again what was said before the point under the cursor."""
        line = self.rows.selected
        if line is None:
            return
        if line.point.items:
            text = f"What {many(line.point.items, 'item')} said before is said again:\n{safe_line(line.about, 300)}"
        else:
            text = "What the files from before the restore say is said again. What came in with it stays."
        text += "\n\nThat adds revisions; what was said since stays in the history, and this can be undone too."
        if await self.app.push_screen_wait(ConfirmScreen("Go back to this point?", text, "Go back")):
            job = partial(_go_back, line.point.name)
            self.query_one(WorkLine).begin("going back", "", job)

    def copied_text(self) -> str:
        """The point under the cursor."""
        line = self.rows.selected
        return safe_display(f"undo/{line.point.name}  {line.point.what}  {line.about}") if line else ""


def _read(vault: Vault, _listener: Listener, _cancel: Event) -> Sequence[Line]:
    with vault.reader() as reader:
        found = []
        for point in points(vault):
            held = contents(vault, point)
            titles = [_title(vault, reader, name, heads) for name, heads in islice(held.items(), NAMED)]
            more = [f"and {len(held) - NAMED} more"] if len(held) > NAMED else []
            about = ", ".join([*titles, *more]) or f"the vault's files as they were: undo/{point.name}"
            found.append(Line(point, about))
    return found


def _title(vault: Vault, reader: Reader, name: str, heads: Collection[str]) -> str:
    """The title of a conversation now, else the one that it had at a point."""
    row = reader.conversation(name)
    if row is not None and row.title:
        return row.title
    return title_in(record for record in vault.records(name) if record.id in heads) or name


def _go_back(name: str, vault: Vault, _listener: Listener, _cancel: Event) -> int:
    return undo(vault, name)


def open_points(app: NettoApp) -> None:
    """Push the list over the screen."""
    if app.vault is None:
        return

    def closed(items: int | None) -> None:
        if items is None:
            return
        app.notify(f"Gone back: what {many(items, 'item')} said before is said again.")
        app.main.vault_changed()
        if app.worker is not None:
            app.worker.sync_now()

    app.push_screen(PointsScreen(), closed)

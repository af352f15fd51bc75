"""The snapshots of a replica: how it was, by when and by whom; one is opened, compared with now, or brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.recovery.snapshots import SHORT, Snapshot, ambiguous
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import recovering, wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.recovering import OpenSnapshot, Wanted
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.workline import WorkLine


def snapshot_columns(zone: tzinfo, now_ms: int) -> list[Column[Snapshot]]:
    """The columns of the list; now_ms: milliseconds since 1970."""
    return [
        Column("When", lambda one: Content(wording.moment(one.at, zone)), 16),
        Column("Age", lambda one: Content(wording.ago(one.at, now_ms)), 11, style="$foreground-muted", from_width=84),
        Column("Id", lambda one: one.short_id, SHORT, style="$foreground-muted"),
        Column("By", lambda one: one.by or "—", 16),
        Column("Changed", _changed, 18, "right"),
        Column(
            "What it says", lambda one: Content(concealed(one.message, 200)), style="$foreground-muted", from_width=96
        ),
    ]


def _changed(one: Snapshot) -> Content:
    if one.changed is None:
        return Content.styled("not told", "$faint")
    return Content(many(one.changed, "conversation")) if one.changed else Content.styled("none", "$faint")


def _message(one: Snapshot) -> Content:
    return Content(safe_line(concealed(one.message, 200)))


Then = Callable[[Snapshot, OpenSnapshot], None]


class SnapshotsScreen(TaskScreen[Wanted | None]):
    """A list, newest first; its result is what is to be brought back, None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "D",
            "differences",
            "Diff",
            id="snapshots.differences",
            tooltip="What changed between the snapshot and now",
        ),
        Binding("R", "restore", "Bring back", id="snapshots.restore", tooltip="All of it, after a preview"),
        Binding(
            "d", "date", "Date", id="snapshots.date", tooltip="Go to the last snapshot of a day, or to one by its id"
        ),
    ]

    @dataclass
    class Listed(Message):
        """More snapshots were read."""

        found: list[Snapshot]

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.found: list[Snapshot] = []
        self._open: tuple[Snapshot, OpenSnapshot] | None = None

    def compose(self) -> ComposeResult:
        """Title, progress, list, what is wrong, keys."""
        yield self.title_line("Snapshots of ", (safe_line(self.source, 40), "bold"), ", newest first")
        yield WorkLine(id="snapshots-open")
        yield WorkLine(id="snapshots-list")
        yield RowList[Snapshot]((), empty="Reading the history…", widget_id="snapshots")
        yield self.error_line()
        yield KeyLine()

    @property
    def rows(self) -> RowList[Snapshot]:
        """The list."""
        return self.query_one("#snapshots", RowList)

    def on_mount(self) -> None:
        """Begin to read."""
        vault = self.netto.vault
        if vault is not None:
            self.rows.columns = snapshot_columns(vault.zone, self.netto.now())
        self.rows.focus()
        job = partial(recovering.run_snapshots, self.source, lambda found: self.post_message(self.Listed(found)))
        self.query_one("#snapshots-list", WorkLine).begin("listing", f"the snapshots of {self.source}", job)

    def on_unmount(self) -> None:
        """Let go of the snapshot that is open."""
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
        self._open = None

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        here = self.rows.selected
        self.found += message.found
        self.rows.show(listed(self.found), len(self.found), keep=lambda one: here is not None and one.id == here.id)
        self.refresh_bindings()

    @on(WorkLine.Ended)
    def _ended(self, message: WorkLine.Ended) -> None:
        message.stop()
        self.say_error(message.error)
        if message.name == "listing":
            self.rows.empty = str(message.error or "Nothing was written there yet: the first sync makes a snapshot.")
            self.rows.refresh()
        elif isinstance(message.result, OpenSnapshot):
            one, then = message.about
            self._close()
            self._open = (one, message.result)
            then(one, message.result)
        self.refresh_bindings()

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action in ("differences", "restore", "date") and not self.found:
            return "There is no snapshot to choose yet."
        return ""

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        self._with_open(self._browse)

    def action_differences(self) -> None:
        """Show what differs between the snapshot and now."""
        self._with_open(self._differences)

    def _with_open(self, then: Then) -> None:
        """Open the snapshot under the cursor, unless it is open already, and go on."""
        one = self.rows.selected
        if one is None:
            return
        if self._open is not None and self._open[0].id == one.id:
            then(*self._open)
            return
        job = partial(recovering.run_open, self.source, one.moment)
        self.query_one("#snapshots-open", WorkLine).begin("opening", "the snapshot", job, (one, then))

    def _browse(self, one: Snapshot, opened: OpenSnapshot) -> None:
        from netto_tui.tui.screens.snapshot import SnapshotScreen

        self.app.push_screen(SnapshotScreen(self.source, one, opened.vault), self._take)

    def _differences(self, one: Snapshot, opened: OpenSnapshot) -> None:
        from netto_tui.tui.screens.differences import DifferencesScreen

        self.app.push_screen(DifferencesScreen(self.source, one, opened.vault), self._take)

    def _take(self, wanted: Wanted | None) -> None:
        if wanted is not None:
            self.dismiss(wanted)

    def action_restore(self) -> None:
        """Bring back all of the snapshot under the cursor; the preview comes first."""
        if (one := self.rows.selected) is not None:
            self.dismiss(Wanted(self.source, as_of=one.moment))

    @work
    async def action_date(self) -> None:
        """Go to the last snapshot that is not after a day, or to the one whose id begins as was typed."""
        answer = await self.app.push_screen_wait(
            AskScreen("Which snapshot?", "the end of 2026-11-20 or yesterday, or the beginning of an id")
        )
        if answer is None:
            return
        text = answer.strip().lower()
        named = [one for one in self.found if text and one.id.startswith(text)]
        if len(named) > 1:
            self.notify(f"“{safe_line(text, 40)}” begins {ambiguous(named)}.", severity="warning")
        elif named:
            self.rows.cursor = self.found.index(named[0])
        else:
            self._go_to_day(text)

    def _go_to_day(self, text: str) -> None:
        """Go to the last snapshot that is not after a day; "" is now."""
        try:
            until = recovering.as_of_ms(self.netto.vault, text) if self.netto.vault is not None else None
        except UsageError as error:
            self.notify(str(error), severity="warning")
            return
        place = next((at for at, one in enumerate(self.found) if until is None or one.at_ms <= until), None)
        if place is None:
            self.notify("There is no snapshot from that day or before.", severity="warning")
        else:
            self.rows.cursor = place

    def copied_text(self) -> str:
        """The list."""
        return safe_display("\n".join(f"{one.at}  {one.by}  {one.changed}  {one.id}" for one in self.found))

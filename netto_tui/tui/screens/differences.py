"""What differs between a snapshot and now, conversation by conversation; some can be brought back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import tzinfo
from functools import partial
from threading import Event
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from netto_tui.plural import many, number
from netto_tui.recovery.differences import Difference, ItemDifference, differences, item_differences
from netto_tui.recovery.snapshots import Snapshot
from netto_tui.security.display import safe_display, safe_line
from netto_tui.sync.events import Listener
from netto_tui.tui import wording
from netto_tui.tui.panes.recovery_lists import mark
from netto_tui.tui.panes.recovery_words import error_lines
from netto_tui.tui.recovering import Wanted
from netto_tui.tui.screens.difference import DifferenceScreen
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.workline import WorkLine
from netto_tui.vault.vault import Vault

_KINDS = {
    "changed": ("~ changed", "$text-warning"),
    "removed": ("- gone since", "$text-error"),
    "added": ("+ new since", "$text-success"),
}


def difference_columns(zone: tzinfo, chosen: Collection[str]) -> list[Column[Difference]]:
    """The columns of the list; chosen: the conversations that are marked."""
    return [
        Column("", lambda one: mark(one.conversation in chosen), 1),
        Column("Since then", lambda one: Content.styled(*_KINDS[one.kind]), 12),
        Column("Began", lambda one: Content(wording.moment(one.started, zone)[:10] if one.started else "undated"), 10),
        Column("Conversation", lambda one: one.title or one.conversation),
        Column("Messages", lambda one: Content(f"{number(one.then)} → {number(one.now)}"), 14, "right"),
    ]


class Differences(RowList[Difference]):
    """The differences; enter shows one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Compare", id="differences.open")]


class DifferencesScreen(TaskScreen[Wanted | None]):
    """A list of conversations; its result is what is to be brought back, None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Choose", id="differences.choose", tooltip="Bring back the chosen ones together"),
        Binding("a", "mark_all", "Choose all or none", show=False, id="differences.choose-all"),
        Binding("R", "restore", "Bring back", id="differences.restore", tooltip="The chosen ones, after a preview"),
    ]

    def __init__(self, source: str, snapshot: Snapshot, then: Vault) -> None:
        super().__init__()
        self.source = source
        self.snapshot = snapshot
        self.found: Sequence[Difference] = ()
        self.chosen: set[str] = set()
        self._then = then

    def compose(self) -> ComposeResult:
        """Title, counts, progress, list, keys."""
        moment = wording.moment(self.snapshot.at, self._then.zone)
        yield self.title_line("What differs from ", (moment, "bold"), f" on {safe_line(self.source, 40)}")
        yield Static("", id="differences-counts", classes="line", markup=False)
        yield WorkLine(id="differences-work")
        yield Differences(self._columns(), empty="Comparing…", widget_id="differences")
        yield KeyLine()

    def _columns(self) -> list[Column[Difference]]:
        return difference_columns(self._then.zone, self.chosen)

    @property
    def rows(self) -> RowList[Difference]:
        """The list."""
        return self.query_one("#differences", RowList)

    def on_mount(self) -> None:
        """Begin to compare."""
        self.rows.focus()
        self.reread()

    def reread(self) -> None:
        """Compare again, for instance because the vault changed."""
        if not self.query_one(WorkLine).running:
            self.query_one(WorkLine).begin("comparing", "with now", self._compare)

    def _compare(self, vault: Vault, _listener: Listener, _cancel: Event) -> Sequence[Difference]:
        return differences(self._then, vault)

    @on(WorkLine.Ended)
    def _ended(self, message: WorkLine.Ended) -> None:
        message.stop()
        if message.error is not None:
            self.query_one("#differences-counts", Static).update(error_lines(message.error))
            self.rows.empty = str(message.error)
            self.rows.refresh()
            return
        here, self.found = self.rows.selected, message.result
        self.rows.empty = "Nothing: everything says now what it said then."
        keep = None if here is None else (lambda one: one.conversation == here.conversation)
        self.rows.show(listed(self.found), len(self.found), keep=keep)
        self._tell()

    def _tell(self) -> None:
        kinds = [one.kind for one in self.found]
        counts = " · ".join(f"{number(kinds.count(kind))} {_KINDS[kind][0][2:]}" for kind in dict.fromkeys(kinds))
        line = Content(counts or "no difference")
        if self.chosen:
            line += Content.styled(f"   ● {many(len(self.chosen), 'conversation')} chosen", "bold")
        self.query_one("#differences-counts", Static).update(line)
        self.rows.columns = self._columns()
        self.rows.refresh()
        self.refresh_bindings()

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action in ("mark", "mark_all", "restore") and not self.found:
            return "There is nothing to bring back."
        return ""

    @on(RowList.Chosen)
    def _opened(self) -> None:
        one = self.rows.selected
        if one is None:
            return
        moment = wording.moment(self.snapshot.at, self._then.zone)
        compare = partial(_compare_one, self._then, one.conversation)
        title = f"{one.title or one.conversation} · {moment} and now"
        self.app.push_screen(DifferenceScreen(title, ("then", "now"), compare))

    def action_mark(self) -> None:
        """Mark the conversation under the cursor, or take its mark away, and go on to the next."""
        one = self.rows.selected
        if one is not None and self._can_come_back(one):
            self.chosen ^= {one.conversation}
            self._tell()
            self.rows.cursor += 1

    def action_mark_all(self) -> None:
        """Mark all that can come back, or none when some are marked."""
        self.chosen = set() if self.chosen else {one.conversation for one in self.found if one.kind != "added"}
        self._tell()

    def _can_come_back(self, one: Difference) -> bool:
        if one.kind == "added":
            self.notify("It was not there then, so there is nothing to bring back; it stays.", severity="warning")
        return one.kind != "added"

    def action_restore(self) -> None:
        """Bring back the marked conversations, or the one under the cursor; the preview comes first."""
        one = self.rows.selected
        only = tuple(each.conversation for each in self.found if each.conversation in self.chosen)
        if not only and one is not None and self._can_come_back(one):
            only = (one.conversation,)
        if only:
            self.dismiss(Wanted(self.source, only, self.snapshot.moment))

    def copied_text(self) -> str:
        """The list."""
        return safe_display("\n".join(f"{one.kind}  {one.conversation}  {one.title}" for one in self.found))


def _compare_one(
    then: Vault, conversation: str, now: Vault, _listener: Listener, _cancel: Event
) -> Sequence[ItemDifference]:
    return item_differences(then.records(conversation), now.records(conversation))

"""The drills: when a restore of each replica was last tried, how all of them went, and trying more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from netto_tui.model.clock import to_ms
from netto_tui.plural import many
from netto_tui.recovery.drill import DrillReport, PastDrill, last_drills, past_drills
from netto_tui.recovery.health import DRILL_AGE_MS
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import recovering, wording
from netto_tui.tui.panes.recovery_words import drill_words
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.workline import WorkLine

HINTS = ("Its reason is below.", "D tries all, enter one.")


@dataclass(frozen=True)
class Trial:
    """A replica and the last drill of it."""

    name: str
    last: DrillReport | None


def trial_columns(now_ms: int) -> list[Column[Trial]]:
    """The columns of the list of replicas; now_ms: milliseconds since 1970."""
    return [
        Column("Replica", lambda one: one.name, 16),
        Column("State", lambda one: _state(one.last, now_ms), 9),
        Column("Last drill", lambda one: Content(wording.ago(one.last.at, now_ms) if one.last else "never"), 12),
        Column("How it went", lambda one: _words(one.last)),
        Column("Digest", lambda one: one.last.digest[:16] if one.last else "", 16, style="$faint", from_width=100),
    ]


def _state(last: DrillReport | None, now_ms: int) -> Content:
    if last is None or (last.ok and now_ms - to_ms(last.at) > DRILL_AGE_MS):
        return Content.styled("! due", "$text-warning")
    return Content.styled("✓ well", "$text-success") if last.ok else Content.styled("✗ failed", "$text-error")


def _words(last: DrillReport | None) -> str:
    if last is None:
        return "enter tries a restore from it"
    if not last.ok:
        return last.error
    return f"{many(last.conversations, 'conversation')} in {last.seconds:.1f} s"


def past_columns(zone: tzinfo) -> list[Column[PastDrill]]:
    """The columns of the history."""
    return [
        Column("When", lambda one: Content(wording.moment(one.at, zone)), 16),
        Column("Replica", lambda one: one.name, 12, to_width=100),
        Column("Replica", lambda one: one.name, 20, from_width=100),
        Column("", _mark, 8),
        Column("What came of it", lambda one: one.detail),
    ]


def _mark(one: PastDrill) -> Content:
    return Content.styled("✓ well", "$text-success") if one.ok else Content.styled("✗ failed", "$text-error")


class Trials(RowList[Trial]):
    """The replicas; enter tries a restore from one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Try this one", id="drills.open")]


class DrillsScreen(TaskScreen[None]):
    """Replicas above, the history below. A drill restores into a temporary place; the vault is not touched."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "try_one", "Try this one", show=False, id="drills.try"),
        Binding("D,a", "try_all", "Try all", key_display="D", id="drills.try-all"),
    ]

    def __init__(self, names: Sequence[str], at: str = "") -> None:
        """at: the replica on which the cursor is at first."""
        super().__init__()
        self.names = names
        self.at = at
        self.past: Sequence[PastDrill] = ()

    def compose(self) -> ComposeResult:
        """Title, reminder, replicas, progress, history, keys."""
        yield self.title_line(("Drills", "bold"), ": can everything be brought back, and how long does it take?")
        yield Static("", id="drills-words", classes="line", markup=False)
        yield Trials((), empty="There is no replica.", widget_id="drills")
        yield Static("", id="drills-detail", markup=False)
        yield WorkLine(id="drills-work")
        yield self.error_line()
        yield RowList[PastDrill]((), empty="No drill was made yet. D tries all replicas.", widget_id="drills-past")
        yield KeyLine()

    @property
    def trials(self) -> RowList[Trial]:
        """The replicas."""
        return self.query_one("#drills", RowList)

    def on_mount(self) -> None:
        """Show what is known."""
        self.trials.focus()
        self.reread()

    def reread(self) -> None:
        """Read the drills again."""
        vault, reader = self.netto.vault, self.netto.reader
        if vault is None or reader is None:
            return
        here = self.trials.selected.name if self.trials.selected else self.at
        now, last = self.netto.now(), last_drills(reader)
        self.trials.columns = trial_columns(now)
        rows = [Trial(name, last.get(name)) for name in self.names]
        self.trials.show(listed(rows), len(rows), keep=lambda one: one.name == here)
        self.past = past_drills(reader)
        past: RowList[PastDrill] = self.query_one("#drills-past", RowList)
        past.columns = past_columns(vault.zone)
        past.show(listed(self.past), len(self.past))
        self.query_one("#drills-words", Static).update(Content(drill_words(self.names, last, now, HINTS)))

    @on(WorkLine.Ended)
    def _ended(self, message: WorkLine.Ended) -> None:
        message.stop()
        self.say_error(message.error)
        self.reread()
        self.refresh_bindings()

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action in ("try_one", "try_all"):
            if not self.names:
                return "There is no replica to try."
            if self.query_one(WorkLine).running:
                return "Wait: a drill is running. esc stops it."
        return ""

    @on(RowList.Moved, "#drills")
    def _moved(self) -> None:
        one, detail = self.trials.selected, self.query_one("#drills-detail", Static)
        error = one.last.error if one is not None and one.last is not None else ""
        detail.display = bool(error)
        detail.update(Content.styled(f"✗ {safe_line(error, 400)}", "$text-error"))

    @on(RowList.Chosen, "#drills")
    def _chosen(self) -> None:
        if reason := self.why_not("try_one"):
            self.notify(reason, severity="warning")
        else:
            self.action_try_one()

    @on(RowList.Chosen, "#drills-past")
    def _past_chosen(self) -> None:
        """Show a drill whole."""
        from netto_tui.tui.screens.details import DetailsScreen

        past: RowList[PastDrill] = self.query_one("#drills-past", RowList)
        if (one := past.selected) is not None:
            state = "it went well" if one.ok else "it failed"
            self.app.push_screen(DetailsScreen(f"Drill of {one.name}", [(f"{one.at}, {state}", one.detail)]))

    def action_try_one(self) -> None:
        """Try a restore from the replica under the cursor."""
        if (one := self.trials.selected) is not None:
            self._try([one.name])

    def action_try_all(self) -> None:
        """Try a restore from each replica."""
        self._try(self.names)

    def _try(self, names: Sequence[str]) -> None:
        of = safe_line(", ".join(names), 60)
        self.query_one(WorkLine).begin("drilling", of, partial(recovering.run_drill, names))
        self.refresh_bindings()

    def copied_text(self) -> str:
        """The history."""
        lines = (f"{one.at}  {one.name}  {'ok' if one.ok else 'FAILED'}  {one.detail}" for one in self.past)
        return safe_display("\n".join(lines))

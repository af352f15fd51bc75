"""Health: the promises as lights with their evidence, what was alarming lately, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui import log
from netto_tui.config import load
from netto_tui.errors import Cancelled, NettoError
from netto_tui.recovery.health import Check, check
from netto_tui.recovery.lights import ALERT_DAYS, alerts, lights
from netto_tui.security.display import safe_line
from netto_tui.sync.history import with_titles
from netto_tui.sync.journal import sentence
from netto_tui.tui import messages, wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.panes import health_words
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.health_words import HealthRow
from netto_tui.tui.panes.sync_words import journal_columns, journal_parts
from netto_tui.tui.rereading import Rereads
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import JournalRow

TAIL = 3
"""Lines of the log that are on the screen; `l` shows more of it."""

LOG_LINES = 400

LOOK_SECONDS = 5.0
"""Between two looks that nobody asked for: each asks the keyring and reads drills and heads."""


class HealthPane(Pane):
    """The lights, what is to be known of one, the alerts of the last days, the end of the log."""

    FIRST_FOCUS: ClassVar[str] = "#checks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "check", "Check again", id="health.check", tooltip="Look at everything again"),
        Binding("space", "unfold", "Evidence", id="health.unfold", tooltip="Show or hide all evidence of a promise"),
        Binding("l", "log", "Log", id="health.log", tooltip="Show the end of the log"),
        Binding("i", "about", "About", id="health.about", tooltip="What a report of a fault needs"),
    ]

    @dataclass
    class Checked(Message):
        """The checks were made."""

        checks: Sequence[Check]
        alerts: Sequence[JournalRow]
        facts: Sequence[tuple[str, str]]
        log: Sequence[str]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.checks: Sequence[Check] = ()
        self.alerts: Sequence[JournalRow] = ()
        self.facts: Sequence[tuple[str, str]] = ()
        self._opened: set[int] = set()
        self._asked = False
        self._rereads = Rereads(self, self._look, "Check the vault's health", seconds=LOOK_SECONDS)

    def compose(self) -> ComposeResult:
        """Summary, lights, what is to be known of one, alerts, log, facts."""
        yield Static("Looking…", id="health-summary", classes="line", markup=False)
        yield RowList(health_words.columns(), empty="Looking…", widget_id="checks")
        yield Static("", id="health-detail", markup=False)
        yield Static("", id="alerts-title", markup=False)
        columns = journal_columns(lambda at: wording.moment(at, self._zone))
        yield RowList(columns, empty="", headings=False, widget_id="alerts")
        yield Static("", id="health-log", markup=False)
        yield Static("", id="health-facts", markup=False)

    @property
    def lights(self) -> RowList[HealthRow]:
        """The list of lights."""
        return self.query_one("#checks", RowList)

    @property
    def _zone(self) -> tzinfo:
        return self.netto.vault.zone if self.netto.vault else UTC

    def on_resize(self, event: events.Resize) -> None:
        """The log and the facts show where there is room."""
        self.set_class(event.size.height >= 32, "-roomy")
        self.set_class(event.size.height >= 44, "-spacious")

    # Looking

    def read(self) -> None:
        """Look again, on a thread, but not all the time while much changes."""
        self._rereads.ask(soon=not self.checks)

    def action_check(self) -> None:
        """Look again."""
        self._asked = True
        self._rereads.ask()
        self.query_one("#health-summary", Static).update("Looking…")

    def _look(self) -> Checked | None:
        vault = self.netto.vault
        if vault is None:
            return None
        lately: Sequence[JournalRow] = ()
        try:
            with vault.reader() as reader:
                lately = with_titles(reader, alerts(reader, vault.clock.now()))
            found = check(vault, load(vault.path / "config.toml"))
        except Cancelled:
            return None
        except NettoError as error:
            found = [Check("settings", "bad", error.message, error.remedy, (8,), "settings")]
        return self.Checked(found, lately, health_words.facts(vault), log.tail(vault.path, TAIL))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        self.checks, self.alerts, self.facts = message.checks, message.alerts, message.facts
        self._show()
        self.query_one("#health-summary", Static).update(health_words.summary(self.checks))
        title = f"Alerts of the last {ALERT_DAYS} days" if self.alerts else f"No alerts in the last {ALERT_DAYS} days."
        self.query_one("#alerts-title", Static).update(title)
        below: RowList[JournalRow] = self.query_one("#alerts", RowList)
        line = below.selected
        below.show(listed(self.alerts), len(self.alerts), keep=lambda row: row == line)
        said = [Content.styled("Log · l shows more", "$faint")]
        said += [Content.styled(safe_line(text), "$foreground-muted") for text in message.log or ("It is empty.",)]
        self.query_one("#health-log", Static).update(Content("\n").join(said))
        self.query_one("#health-facts", Static).update(health_words.facts_lines(self.facts))
        if self._asked:
            self._asked = False
            self.netto.notify("Looked at everything again.")

    def _show(self) -> None:
        here = self.lights.selected
        rows = health_words.rows(lights(self.checks), self._opened)
        self.lights.show(listed(rows), len(rows), keep=lambda row: here is not None and row.key == here.key)
        if here is None:  # what is to be done first, when the section is opened
            self.lights.cursor = next((index for index, row in enumerate(rows) if not row.is_well), 0)

    @on(RowList.Moved, "#checks")
    def _moved(self) -> None:
        row = self.lights.selected
        self.query_one("#health-detail", Static).update(health_words.detail(row) if row else Content(""))

    # Actions

    def action_unfold(self) -> None:
        """Show all evidence of the promise under the cursor, or only what is not good."""
        if (row := self.lights.selected) is not None:
            self._opened ^= {row.light.number}
            self._show()

    @on(RowList.Chosen, "#checks")
    def _chosen(self) -> None:
        """Go where it can be mended, else show it whole."""
        row = self.lights.selected
        if row is None:
            return
        worst = row.worst
        if not health_words.destination(row) or worst is None:
            self._open_details(row.light.title, [("", health_words.detail(row).plain)])
        elif worst.topic == health_words.ADDS:
            self.netto.main.action_add_replica()
        else:
            self.post_message(messages.SectionChosen(health_words.GOES[worst.topic][0], worst.replica))

    @on(RowList.Chosen, "#alerts")
    def _alert_chosen(self) -> None:
        """Show an alert whole; its text ends with what to do."""
        line: JournalRow | None = self.query_one("#alerts", RowList).selected
        if line is not None:
            self._open_details("Alert", journal_parts(line, wording.moment(line.at, self._zone)))

    def action_log(self) -> None:
        """Show the end of the log."""
        lines = log.tail(self.netto.vault_path, LOG_LINES)
        path = str(log.file_of(self.netto.vault_path))
        self._open_details("Log", [(path, "\n".join(lines) or "It is empty.")], from_end=True)

    def action_about(self) -> None:
        """Show what a report of a fault needs."""
        self._open_details("About", self.facts)

    def _open_details(self, title: str, parts: Sequence[tuple[str, str]], *, from_end: bool = False) -> None:
        from netto_tui.tui.screens.details import DetailsScreen

        self.app.push_screen(DetailsScreen(title, parts, from_end=from_end))

    def copied_text(self) -> str:
        """The alert under the cursor, else everything, as a report."""
        below: RowList[JournalRow] = self.query_one("#alerts", RowList)
        if below.has_focus and (line := below.selected) is not None:
            return safe_line(concealed(f"{line.at} {line.replica}: {sentence(line.kind, line.detail)}", 2000))
        return health_words.report(self.checks, self.facts)

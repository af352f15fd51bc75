"""Health: what is well, what is not, and what to do about it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import textual
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui import __version__
from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.recovery.health import Check, check
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import recovering, wording
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList


class HealthPane(Pane):
    """The checks, the worst first, and the facts that a report needs."""

    FIRST_FOCUS: ClassVar[str] = "#checks"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "check", "Check again", id="health.check")]

    @dataclass
    class Checked(Message):
        """The checks were made."""

        checks: Sequence[Check]
        facts: Sequence[tuple[str, str]]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.checks: list[Check] = []

    def compose(self) -> ComposeResult:
        """Checks, the remedy of one, facts."""
        columns: list[Column[Check]] = [
            Column("State", lambda each: wording.check_words(each.state), 8),
            Column("What", lambda each: each.name, 16),
            Column("Found", lambda each: each.detail),
        ]
        yield Static("Looking…", id="health-summary", classes="line", markup=False)
        yield RowList(columns, empty="", widget_id="checks")
        yield Static("", id="health-detail", markup=False)
        yield Static("", id="health-facts", markup=False)

    def read(self) -> None:
        """Look again, on a thread."""
        if self.netto.vault is not None:
            self._look()

    def action_check(self) -> None:
        """Look again."""
        self.read()
        self.netto.notify("Looking again.")

    @work(thread=True, exclusive=True, exit_on_error=False, group="health", description="Check the vault's health")
    def _look(self) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            checks = check(vault, recovering.settings(vault))
        except NettoError as error:
            checks = [Check("settings", "bad", error.message, error.remedy)]
        facts = [
            ("vault", str(vault.path)),
            ("vault id", vault.id),
            ("device", vault.device),
            ("time zone", str(vault.zone)),
            ("digest", vault.digest()),
            ("netto-tui", f"{__version__}, Python {platform.python_version()}, Textual {textual.__version__}"),
        ]
        self.post_message(self.Checked(checks, facts))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        here: Check | None = self.query_one("#checks", RowList).selected
        self.checks = list(message.checks)
        checks: RowList[Check] = self.query_one("#checks", RowList)
        checks.show(
            listed(self.checks), len(self.checks), keep=lambda each: here is not None and each.name == here.name
        )
        bad, warn = (sum(each.state == state for each in self.checks) for state in ("bad", "warn"))
        summary = self.query_one("#health-summary", Static)
        if bad or warn:
            text = ", ".join(
                part for part in (many(bad, "fault") if bad else "", f"{warn} to look at" if warn else "") if part
            )
            summary.update(
                Content.styled(f"{'✗' if bad else '!'} {text}", "bold $text-error" if bad else "bold $text-warning")
            )
        else:
            summary.update(Content.styled("✓ Everything is well.", "bold $text-success"))
        lines = [Content.styled(f"{name:<12}", "$faint") + Content(safe_line(value)) for name, value in message.facts]
        self.query_one("#health-facts", Static).update(Content("\n").join(lines))

    @on(RowList.Moved, "#checks")
    def _moved(self) -> None:
        one: Check | None = self.query_one("#checks", RowList).selected
        detail = Content("")
        if one is not None:
            detail = Content(safe_display(one.detail)[:600])
            if one.remedy:
                detail += Content.assemble("\n", ("What to do: ", "$text-accent"), safe_display(one.remedy)[:300])
        self.query_one("#health-detail", Static).update(detail)

    def copied_text(self) -> str:
        """Everything, as a report."""
        return "\n".join(safe_line(f"{one.state} {one.name}: {one.detail} {one.remedy}") for one in self.checks)

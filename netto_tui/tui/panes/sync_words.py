"""What the Sync section says of a store: its columns, the lines below the list, and the last days as a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

from textual.content import Content

from netto_tui.config import shown
from netto_tui.plural import many, number
from netto_tui.recovery import meters
from netto_tui.replicas.base import TOKEN_DAYS
from netto_tui.security.display import safe_line
from netto_tui.sync.history import DAYS, DayTally
from netto_tui.sync.journal import SAID, sentence
from netto_tui.tui import wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.standing import Standing
from netto_tui.tui.widgets.columns import Column
from netto_tui.vault.rows import JournalRow, MeterRow, ReplicaRow

BLOCKS = "▂▃▄▅▆▇"
QUIET = "$faint"
NAME = 9
"""Cells for the name of a line below the list."""

COLOURS = {"✗": "$text-error", "‼": "$text-error", "!": "$text-warning", "≠": "$text-warning", "=": "$text-warning"}
"""Of the letters that journal lines begin with; the others need no eye."""


def spark(days: Sequence[DayTally]) -> Content:
    """A cell for each day: a block for how much moved, `▁` for nothing new, `✗` for faults only, `·` for silence."""
    most = max((day.pushed + day.pulled for day in days), default=0)
    cells = []
    for day in days:
        moved = day.pushed + day.pulled
        if moved:
            level = math.log1p(moved) / math.log1p(most) * (len(BLOCKS) - 1)
            cells.append((BLOCKS[round(level)], "$text-warning" if day.failures else "$text-success"))
        elif day.failures:
            cells.append(("✗", "$text-error"))
        else:
            cells.append(("▁", QUIET) if day.looked else ("·", QUIET))
    return Content.assemble(*cells)


def days_words(days: Sequence[DayTally]) -> str:
    """The same in numbers, such as `14 days: 412 revisions pushed, 20 pulled, faults on 2 days`."""
    pushed, pulled = sum(day.pushed for day in days), sum(day.pulled for day in days)
    faults = sum(bool(day.failures) for day in days)
    told = f"{DAYS} days: {many(pushed, 'revision')} pushed, {number(pulled)} pulled"
    return f"{told}, faults on {many(faults, 'day')}" if faults else f"{told}, no faults"


def token_days(row: ReplicaRow) -> int | None:
    """How many days the token still lasts; None where there is none, or nobody knows."""
    return next((meter.left for meter in row.meters if meter.name == TOKEN_DAYS), None)


def quota(row: ReplicaRow) -> MeterRow | None:
    """Of what runs out, besides the token, that of which the least is left."""
    found = [meter for meter in row.meters if meter.name != TOKEN_DAYS and meter.limit]
    return min(found, key=lambda meter: meter.left / meter.limit, default=None)


class StoreColumns:
    """The columns of the list of stores. now: the time, in ms; running: what runs there, "" for nothing.

    The first ones are what a person has to see in 80 cells: whether it is well, what is proven and how old
    that proof is, what differs, and when it is looked at next.
    """

    def __init__(
        self,
        now: Callable[[], int],
        running: Callable[[str], str],
        days: Callable[[str], Sequence[DayTally]],
    ) -> None:
        self._now = now
        self._running = running
        self._days = days

    def all(self) -> list[Column[ReplicaRow]]:
        """From left to right."""
        return [
            Column("Store", lambda row: row.name, 12, to_width=112),
            Column("Store", lambda row: row.name, 16, from_width=112, to_width=160),
            Column("Store", lambda row: row.name, 24, from_width=160),
            Column("Kind", lambda row: row.kind, 10, style="$foreground-muted", from_width=160),
            Column("State", self._state, 9),
            Column("Proven", lambda row: Content(number(row.verified)), 7, "right"),
            Column("Age", self._proof, 8),
            Column("Ahead", lambda row: _count(row.pending, here=row.kind == "vault"), 6, "right"),
            Column("Behind", lambda row: _count(row.behind, here=row.kind == "vault"), 6, "right"),
            Column("Confl", lambda row: _count(row.conflicts), 5, "right"),
            Column("Next", self._next, 9),
            Column("Token", self._token, 7, from_width=94),
            Column("Quota", self._quota, 6, "right", from_width=94),
            Column(f"{DAYS} days", lambda row: spark(self._days(row.name)), DAYS, from_width=112),
            Column("Where", lambda row: shown(row.target), style="$foreground-muted", from_width=160),
        ]

    def _state(self, row: ReplicaRow) -> Content:
        if running := self._running(row.name):
            return Content.styled(f"▸ {running}", "$text-accent")
        return wording.state_words(row.state)

    def _proof(self, row: ReplicaRow) -> Content:
        if row.kind == "vault":
            return Content.styled("here", QUIET)
        return Content(wording.age(row.verified_at, self._now()))

    def _next(self, row: ReplicaRow) -> Content:
        if self._running(row.name):
            return Content("now")
        said = wording.until(row.next_run, self._now())
        return Content(said) if said else Content.styled("–", QUIET)

    def _token(self, row: ReplicaRow) -> Content:
        days = token_days(row)
        if days is None:
            return Content.styled("–", QUIET)
        return Content.styled(f"{days} d", "$text-warning" if days <= meters.WARN_DAYS else "")

    def _quota(self, row: ReplicaRow) -> Content:
        meter = quota(row)
        if meter is None:
            return Content.styled("–", QUIET)
        colour = "$text-warning" if meters.state(meter) != "ok" else ""
        return Content.styled(f"{meter.left * 100 // meter.limit} %", colour)


def _count(count: int | None, *, here: bool = False) -> Content:
    """A number that should be nought; `?` where nobody knows, nothing for the store that all are compared with."""
    if here:
        return Content("")
    if count is None:
        return Content.styled("?", "$text-warning")
    return Content.styled(number(count), "$text-warning" if count else QUIET)


def journal_columns(when: Callable[[str], str]) -> list[Column[JournalRow]]:
    """The columns of the journal; when: an instant as date and time."""
    return [
        Column("", lambda row: Content(when(row.at)), 16, style="$foreground-muted", from_width=96),
        Column("", lambda row: Content(when(row.at)[5:]), 11, style="$foreground-muted", to_width=96),
        Column("", letter, 1),
        Column("", lambda row: row.replica or "vault", 8, style="$foreground-muted", to_width=96),
        Column("", lambda row: row.replica or "vault", 14, style="$foreground-muted", from_width=96),
        Column("", lambda row: sentence(row.kind, row.titled or row.detail)),
    ]


def letter(row: JournalRow) -> Content:
    """The letter of a line of the journal, in its colour."""
    mark = SAID.get(row.kind, ("·", ""))[0]
    return Content.styled(mark, COLOURS.get(mark, "$text-success" if mark in "✓↑↓+" else QUIET))


def settings(standing: Standing) -> list[tuple[str, str, str]]:
    """What is wrong with the settings, as `detail` tells things."""
    if standing.fault:
        return [("Settings", standing.fault, "$text-error")]
    return [("Settings", said, "$text-warning") for said in standing.odd]


def detail(row: ReplicaRow, days: Sequence[DayTally], zone: tzinfo, now_ms: int) -> list[tuple[str, str, str]]:
    """What is to be known about a store, what is wrong first: (name, text, colour); texts may be foreign."""
    if row.kind == "vault":
        text = f"{many(row.verified, 'conversation')} in {row.target}. The replicas below are compared with it."
        return [("Here", text, "$foreground-muted")]
    told: list[tuple[str, str, str]] = []
    if row.last_error:
        told.append(("Wrong", concealed(row.last_error, 2000), "$text-error"))
    if advice := wording.ADVICE.get(row.state, ""):
        told.append(("To do", advice, ""))
    if row.failures:
        again = wording.until(row.next_try, now_ms)
        tried = f"; tried again {again}" if again and not row.paused else ""
        told.append(("Failed", f"{many(row.failures, 'time')} in a row{tried}", ""))
    told.append(("Differs", _difference(row), ""))
    if row.withheld:
        what = many(row.withheld, "conversation")
        told.append(("Withheld", f"Part of {what}: it holds a secret, or the host refused it.", "$text-warning"))
    if row.meters:
        told.append(("Left", " · ".join(meters.words(meter, zone) for meter in row.meters), ""))
    if days:
        told.append(("Lately", f"{spark(days).plain}  {days_words(days)}", ""))
    seal = "sealed" if row.sealed else "not sealed: who can open it can read it"
    told.append(("Where", f"{row.kind} · {shown(row.target)} · {seal}", "$foreground-muted"))
    return told


def _difference(row: ReplicaRow) -> str:
    """What is here and not there, and the other way round, as far as that is known."""
    here = f"{many(row.pending, 'conversation')} not proven there" if row.pending else "nothing is missing there"
    if row.behind is None:
        there = "what only it has is not known yet"
    else:
        there = f"{many(row.behind, 'conversation')} to come from there" if row.behind else "nothing is missing here"
    conflicts = f"; it brought {many(row.conflicts, 'conflict')}" if row.conflicts else ""
    return f"{here}; {there}{conflicts}"


def lines(told: Sequence[tuple[str, str, str]], width: int) -> Content:
    """The same as lines of at most `width` cells, each text beside its name."""
    found = []
    for name, text, colour in told:
        wrapped = Content.styled(safe_line(text, 600), colour).wrap(max(20, width - NAME))
        for place, part in enumerate(wrapped):
            found.append(Content.styled(f"{name if place == 0 else '':<{NAME}}", QUIET) + part)
    return Content("\n").join(found)


def rebuild_text(row: ReplicaRow) -> str:
    """What is asked before a replica is made whole from here."""
    return (
        f"{row.kind} · {shown(row.target)}\n\n{concealed(row.last_error, 2000)}\n\n"
        "What can still be read there is taken in first. What is too damaged is set aside, not deleted.\n"
        "Then everything that is here is written there and read back."
    )


def journal_title(row: ReplicaRow | None, about: str | None) -> str:
    """What stands above the journal: whose it is, and what `f` does. row: under the cursor; about: see journal_page."""
    if about is not None:
        return f"Journal of {safe_line(about) or 'this device'} · f shows all of it"
    return f"Journal · f shows {'this device' if row is None or row.kind == 'vault' else safe_line(row.name)} only"


def journal_parts(row: JournalRow, when: str) -> list[tuple[str, str]]:
    """One line of the journal, whole: with titles if it has any, and with the ids that they stand for."""
    told = [("When", when), ("Where", row.replica or "this device")]
    if row.titled:
        return [*told, ("What", sentence(row.kind, row.titled)), ("By id", sentence(row.kind, row.detail))]
    return [*told, ("What", sentence(row.kind, row.detail))]


def running_words(steps: Mapping[str, str]) -> Callable[[str], str]:
    """What runs at a store in one short word, from the steps that run now by store."""
    words = {"pull": "reading", "push": "writing", "verify": "proving"}
    return lambda name: words.get(steps.get(name, ""), steps.get(name, "")) if name in steps else ""

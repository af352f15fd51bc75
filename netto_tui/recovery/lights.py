"""The eight promises as lights, each with its evidence, and what went wrong on the last days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netto_tui.model.clock import to_instant
from netto_tui.recovery.health import DAY_MS, Check, State
from netto_tui.sync.journal import FAILED
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import JournalRow

PROMISES = {
    1: ("Kept", "What was acknowledged is on this disk."),
    2: ("Never lost", "What is absent is never taken for deleted; what was lost comes back."),
    3: ("Never corrupt", "Bytes that do not match their name are set aside, and never a source."),
    4: ("Nothing dropped", "In a conflict every version stays readable until a person decides."),
    5: ("Proven equal", "Synced means read back and found equal, with the age of that proof."),
    6: ("Restorable", "Any single replica brings everything back."),
    7: ("Not lied to", "A replica can refuse; change, swap, rollback and loss are detected and named."),
    8: ("Not silent", "No proof within two intervals is a fault, whatever the reason."),
    0: ("Around it", "This machine: who can enter the vault, and its clock."),
}
"""Number, name and meaning of each promise; 0 is what stands beside them."""

ALERT_DAYS = 7
WORDS: dict[State, str] = {"ok": "well", "warn": "look", "bad": "fault"}


@dataclass(frozen=True)
class Light:
    """One promise: its number (0: beside them), name and meaning, the worst state of its evidence, and that evidence.

    checks: the worst first.
    """

    number: int
    title: str
    meaning: str
    state: State
    checks: tuple[Check, ...]

    @property
    def evidence(self) -> str:
        """What was found, in one line: all that is not good, or else the first thing that is."""
        told = [check for check in self.checks if check.state != "ok"] or list(self.checks)
        more = f" (+{len(told) - 1})" if len(told) > 1 else ""
        if not told:
            return "nothing tells against it"
        name = "" if told[0].name == told[0].topic else f"{told[0].name}: "
        return f"{name}{told[0].detail}{more}"


def lights(checks: Sequence[Check]) -> list[Light]:
    """Every promise, in order; one without evidence is well."""
    found = []
    for number, (title, meaning) in PROMISES.items():
        mine = [check for check in checks if (number in check.promises if number else not check.promises)]
        mine.sort(key=lambda check: _rank(check.state))
        found.append(Light(number, title, meaning, mine[0].state if mine else "ok", tuple(mine)))
    return found


def _rank(state: State) -> int:
    return ("bad", "warn", "ok").index(state)


def alerts(reader: Reader, now_ms: int) -> list[JournalRow]:
    """What a person should have seen in the last week, latest first; each text ends with what to do."""
    found = reader.select(
        "SELECT at, replica, kind, detail FROM journal WHERE at >= ? AND kind IN ('Alerted', 'Quarantined', ?)"
        " ORDER BY id DESC LIMIT 200",
        (to_instant(now_ms - ALERT_DAYS * DAY_MS), FAILED),
    )
    return [JournalRow(*row) for row in found]

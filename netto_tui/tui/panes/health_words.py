"""What the Health section says: its rows, the lines below the list, and the report that can be copied."""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import textual
from textual.content import Content

from netto_tui import __version__
from netto_tui.plural import many
from netto_tui.recovery.health import Check
from netto_tui.recovery.lights import Light
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.widgets.columns import Column
from netto_tui.vault.vault import Vault

GOES = {
    "losses": ("sync", "Sync"),
    "replica": ("sync", "Sync"),
    "token": ("sync", "Sync"),
    "quota": ("sync", "Sync"),
    "conflicts": ("conflicts", "Conflicts"),
    "drill": ("recovery", "Recovery"),
}
"""The section, and its title, in which something can be mended, by the topic of the check."""

ADDS = "replicas"
"""The topic that a new replica mends."""


@dataclass(frozen=True)
class HealthRow:
    """One row: a light, or below it one of its checks."""

    light: Light
    check: Check | None = None

    @property
    def key(self) -> tuple[int, str, str]:
        """What stays the same when it is looked at again."""
        return (self.light.number, self.check.name, self.check.topic) if self.check else (self.light.number, "", "")

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done about it."""
        return (self.check or self.light).state == "ok"

    @property
    def worst(self) -> Check | None:
        """The check that a person would mend first."""
        return self.check or next(iter(self.light.checks), None)


def rows(lights: Sequence[Light], opened: Collection[int]) -> list[HealthRow]:
    """Each light, with what is not good below it, or with all of its evidence where it was opened."""
    found = []
    for light in lights:
        found.append(HealthRow(light))
        if light.number in opened or light.state != "ok":
            shown = [check for check in light.checks if light.number in opened or check.state != "ok"]
            found += [HealthRow(light, check) for check in shown]
    return found


def columns() -> list[Column[HealthRow]]:
    """State, name, what was found."""
    return [
        Column("State", _state, 8),
        Column("Promise", _name, 18),
        Column("Evidence", _found),
    ]


def _state(row: HealthRow) -> Content:
    return wording.check_words(row.check.state if row.check else row.light.state)


def _name(row: HealthRow) -> Content | str:
    if row.check is not None:
        return Content(f"  {safe_line(row.check.name)}")
    number = str(row.light.number) if row.light.number else "·"
    return Content.assemble((f"{number} ", "$faint"), (row.light.title, "bold"))


def _found(row: HealthRow) -> Content | str:
    if row.check is not None:
        return concealed(row.check.detail, 400)
    light = row.light
    if light.state != "ok":
        wrong = sum(check.state != "ok" for check in light.checks)
        return Content.styled(f"{wrong} to look at · {light.meaning}", "$foreground-muted")
    return Content.styled(safe_line(light.evidence), "$foreground-muted")


def detail(row: HealthRow) -> Content:
    """Everything about a row: what it promises, its evidence, what to do, and which key goes there."""
    checks = (row.check,) if row.check else row.light.checks
    lines = [] if row.check else [Content.styled(row.light.meaning, "$foreground-muted")]
    for check in checks:
        name = safe_line(check.name)
        text = safe_display(concealed(check.detail, 600))
        lines.append(wording.state_mark(check.state) + Content(f" {name}: {text}"))
        if check.remedy and check.state != "ok":
            lines.append(Content.assemble(("  To do  ", "$text-accent"), safe_line(check.remedy, 300)))
    if going := destination(row):
        lines.append(Content.styled(f"  enter {going}", "$text-accent"))
    return Content("\n").join(lines)


def destination(row: HealthRow) -> str:
    """What enter does with a row, such as `opens Sync`; "" where it only shows the row whole."""
    worst = row.worst
    if worst is None or worst.state == "ok":
        return ""
    if worst.topic == ADDS:
        return "adds a replica"
    return f"opens {GOES[worst.topic][1]}" if worst.topic in GOES else ""


def summary(checks: Sequence[Check]) -> Content:
    """All of it in one line."""
    bad, warn = (sum(each.state == state for each in checks) for state in ("bad", "warn"))
    parts = [many(bad, "fault")] * bool(bad) + [f"{warn} to look at"] * bool(warn)
    if bad or warn:
        colour = "bold $text-error" if bad else "bold $text-warning"
        return Content.styled(f"{'✗' if bad else '!'} {', '.join(parts)}", colour)
    return Content.styled("✓ Everything is well.", "bold $text-success")


def facts(vault: Vault) -> list[tuple[str, str]]:
    """What a report of a fault needs."""
    return [
        ("vault", str(vault.path)),
        ("vault id", vault.id),
        ("device", vault.device),
        ("time zone", str(vault.zone)),
        ("digest", vault.digest()),
        ("netto-tui", f"{__version__}, Python {platform.python_version()}, Textual {textual.__version__}"),
    ]


def facts_lines(found: Sequence[tuple[str, str]]) -> Content:
    """The facts as lines."""
    lines = [Content.styled(f"{name:<12}", "$faint") + Content(safe_line(value)) for name, value in found]
    return Content("\n").join(lines)


def report(checks: Sequence[Check], found: Sequence[tuple[str, str]]) -> str:
    """Everything as text, to be copied."""
    told = [f"{one.state} {one.name}: {concealed(one.detail, 600)} {one.remedy}" for one in checks]
    return "\n".join(safe_line(line) for line in [*told, *(f"{name}: {value}" for name, value in found)])

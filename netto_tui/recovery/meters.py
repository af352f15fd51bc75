"""What of a replica runs out, in words, and when that is worth a warning."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Literal

from netto_tui.plural import many, number
from netto_tui.replicas.base import TOKEN_DAYS
from netto_tui.vault.rows import MeterRow

WARN_DAYS = 14
BAD_DAYS = 3
"""A token that ends so soon is worth a warning, or is a fault."""

LOW_SHARE = 0.05
"""A quota of which less is left is worth a warning."""


def words(meter: MeterRow, zone: tzinfo) -> str:
    """One meter as people read it: `4 812 of 5 000 requests left until 15:40`."""
    until = datetime.fromisoformat(meter.until).astimezone(zone) if meter.until else None
    if meter.name == TOKEN_DAYS:
        ends = f" ({until:%Y-%m-%d})" if until else ""
        return f"the token ends in {many(meter.left, 'day')}{ends}"
    again = f" until {until:%H:%M}" if until else ""
    return f"{number(meter.left)} of {number(meter.limit)} {meter.name} left{again}"


def state(meter: MeterRow) -> Literal["ok", "warn", "bad"]:
    """Whether a person has to know."""
    if meter.name == TOKEN_DAYS:
        return "bad" if meter.left <= BAD_DAYS else "warn" if meter.left <= WARN_DAYS else "ok"
    return "warn" if meter.left <= meter.limit * LOW_SHARE else "ok"

"""Telling a person in time that a token ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netto_tui.model.clock import to_instant
from netto_tui.plural import many
from netto_tui.replicas.base import TOKEN_DAYS, Meter
from netto_tui.sync.context import Context

STEPS = (30, 14, 7, 3, 1, 0)
"""With so many days left a person is told, once each."""


def remind(context: Context, before: Mapping[str, int], meters: Iterable[Meter]) -> None:
    """Alert at each step that the token comes nearer to its end; before: what was left, by meter."""
    for meter in meters:
        reached = [days for days in STEPS if meter.name == TOKEN_DAYS and meter.left <= days]
        earlier = before.get(meter.name)
        if reached and (earlier is None or earlier > reached[-1]):
            left = f"in {many(meter.left, 'day')}" if meter.left else "within a day"
            when = to_instant(meter.until_ms)[:10]
            remedy = "Make a new one and store it with: netto-tui init"
            context.alert("token", f"The token of {context.replica.name} ends {left}, on {when}. {remedy}")

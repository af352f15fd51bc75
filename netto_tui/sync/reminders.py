"""Telling a person in time that a token ends, or that uploads wait for keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netto_tui.model.clock import to_instant, to_ms
from netto_tui.plural import many
from netto_tui.replicas.base import TOKEN_DAYS, Meter
from netto_tui.sync.context import Context

DAY_MS = 24 * 3600 * 1000

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


class Waiting:
    """What a person was told about replicas that wait for keys: at once, and then once a day."""

    def __init__(self) -> None:
        self._days: dict[str, int] = {}

    def tell(self, context: Context, state: str, verified_at: str, now: int) -> None:
        """Note how a pass ended, and alert where keys are missing since a day more. verified_at: "" for never."""
        name = context.replica.name
        if state != "locked":
            self._days.pop(name, None)
            return
        days = (now - to_ms(verified_at)) // DAY_MS if verified_at else 0
        if days > self._days.get(name, -1):
            self._days[name] = days
            since = f" Nothing went there for {many(days, 'day')}." if days else ""
            text = f"{name} waits: the keys of this vault are locked.{since} What is said is kept here."
            context.alert("locked", f"{text} Unlock the keyring, or: netto-tui keys unlock")

"""How many documents of Firestore a day costs, counted here, so that the free tier is never exceeded.

A day ends at midnight Pacific time, as Google counts. The counts lie in the local copy's file; other
devices count for themselves, so where several share a project each should get its part in config.toml.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from netto_tui.config import Options
from netto_tui.errors import Limited
from netto_tui.plural import many, number
from netto_tui.replicas.base import Meter
from netto_tui.replicas.firestore_faults import PACIFIC, midnight_ms

WRITE_SHARE = 0.95
"""The part of a day's writes that syncing may use; the rest is left for what has to be written at once."""


class Tally(Protocol):
    """Where the counts are kept."""

    def spend(self, day: str, reads: int, writes: int) -> None:
        """Add to a day."""
        ...

    def spent(self, day: str) -> tuple[int, int]:
        """Reads and writes of a day."""
        ...


class Quota:
    """Reads and writes of today. reads, writes: those of this process alone."""

    def __init__(self, tally: Tally, options: Options, place: str, now: Callable[[], int]) -> None:
        self.reads = 0
        self.writes = 0
        self._reserved = 0
        self._guard = threading.Lock()
        self._tally = tally
        self._options = options
        self._place = place
        self._now = now

    def spend(self, reads: int, writes: int) -> None:
        """Note documents as they are billed."""
        with self._guard:
            self.reads += reads
            self.writes += writes
        if reads or writes:
            self._tally.spend(self._today(), reads, writes)

    def reserve(self, reads: int) -> int:
        """How many of so many reads there are left for today, until they are released. Raises Limited for none."""
        limit = self._options.daily_reads
        with self._guard:
            if limit:
                left = limit - self._tally.spent(self._today())[0] - self._reserved
                reads = max(0, min(reads, left))
            self._reserved += reads
        if reads:
            return reads
        raise Limited(
            f"Today's {number(limit)} reads of {self._place} are used up.",
            remedy="It goes on after midnight Pacific time. On a paid plan set daily_reads = 0 for it in config.toml.",
            until_ms=midnight_ms(self._now()),
        )

    def release(self, reads: int) -> None:
        """Take back what was reserved."""
        with self._guard:
            self._reserved -= reads

    def writes_left(self) -> int | None:
        """How many documents may still be written today; None without a limit."""
        limit = self._options.daily_writes
        return max(0, self.daily_writes - self._tally.spent(self._today())[1]) if limit else None

    @property
    def daily_writes(self) -> int:
        """How many documents a day syncing may write."""
        return int(self._options.daily_writes * WRITE_SHARE)

    def paused(self, remaining: int) -> Limited:
        """What to raise when this many documents have to wait for another day."""
        days = -(-remaining // max(1, self.daily_writes))
        return Limited(
            f"Today's writes of {self._place} are used up: about {many(days, 'day')} for the"
            f" {many(remaining, 'document')} that remain, at {number(self.daily_writes)} a day.",
            remedy="It goes on after midnight Pacific time; nothing is lost."
            " On a paid plan set daily_writes = 0 for it in config.toml.",
            until_ms=midnight_ms(self._now()),
        )

    def meters(self) -> tuple[Meter, ...]:
        """What is left of today."""
        reads, writes = self._tally.spent(self._today())
        until = midnight_ms(self._now())
        limits = (
            ("reads today", reads, self._options.daily_reads),
            ("writes today", writes, self._options.daily_writes),
        )
        return tuple(Meter(name, max(0, limit - used), limit, until) for name, used, limit in limits if limit)

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now() / 1000, PACIFIC).date().isoformat()

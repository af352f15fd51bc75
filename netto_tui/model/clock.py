"""A hybrid logical clock: wall time that never runs backwards, with a counter for ties.

After Kulkarni et al., "Logical Physical Clocks" (2014). Causality decides between revisions;
these stamps only order what is concurrent and what is shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from netto_tui.model.revision import Stamp

SKEW_LIMIT_MS = 5 * 60 * 1000
"""A stamp further ahead than this is kept and flagged, and does not push our own clock."""

_LAST_MINUTE = 253_402_214_400 // 60
"""The first minute of the last day of the year 9999, beyond which a calendar in another zone may end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.date()
_MAX_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write


def to_instant(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC with milliseconds; clamped to years 1970-9999."""
    days, rest = divmod(min(max(ms, 0), _MAX_MS), 86_400_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z"


@lru_cache(maxsize=4096)  # lists are full of instants, of few days
def _day(days: int) -> str:
    return f"{_FIRST_DAY + timedelta(days=days)}"


@lru_cache(maxsize=1024)
def to_ms(instant: str) -> int:
    """The inverse of to_instant; 0 for what is no instant or lies before 1970."""
    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, round((moment - _EPOCH) / timedelta(milliseconds=1)))


@lru_cache(maxsize=4096)
def local_day(zone: ZoneInfo, minute: int) -> str:
    """The day in a zone, `YYYY-MM-DD`, of a minute since 1970."""
    return f"{datetime.fromtimestamp(min(minute, _LAST_MINUTE) * 60, zone):%Y-%m-%d}"


def local_days(zone: ZoneInfo, quarters: Iterable[int | None]) -> Iterator[str]:
    """The day of each quarter of an hour since 1970, "" for None; the latest come first.

    The calendar is asked once for a day, which matters where there are tens of thousands.
    """
    day, begins = "", None
    for quarter in quarters:
        if quarter is None:
            yield ""
            continue
        if begins is None or quarter < begins:
            day = local_day(zone, quarter * 15)
            begins = -int(-datetime.fromisoformat(day).replace(tzinfo=zone).timestamp() // 900)
        yield day


class Clock:
    """The clock of one device; `now` returns wall time in milliseconds since 1970.

    Safe to share between threads.
    """

    def __init__(self, by: str, now: Callable[[], int]) -> None:
        self.by = by
        self.now = now
        self._lock = threading.Lock()
        self._last = (0, 0)

    def stamp(self) -> Stamp:
        """A reading later than every one given out or observed before."""
        with self._lock:
            ms, tick = self._last
            wall = self.now()
            self._last = (wall, 0) if wall > ms else (ms, tick + 1)
            return Stamp(to_instant(self._last[0]), self._last[1], self.by)

    def observe(self, stamp: Stamp) -> bool:
        """Move past a stamp that was seen; False (and no move) if it is too far ahead."""
        ms = to_ms(stamp.at)
        if self.is_ahead(stamp):
            return False
        with self._lock:
            self._last = max(self._last, (ms, stamp.tick))
        return True

    def observe_all(self, stamps: Iterable[Stamp]) -> int:
        """Move past all stamps that are not too far ahead; returns how many are."""
        ahead = 0
        for stamp in sorted(stamps, reverse=True):
            if self.observe(stamp):
                break
            ahead += 1
        return ahead

    def is_ahead(self, stamp: Stamp) -> bool:
        """Whether a stamp lies more than five minutes in this device's future."""
        return to_ms(stamp.at) > self.now() + SKEW_LIMIT_MS

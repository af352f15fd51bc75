"""The hybrid clock: it never runs backwards, and nobody else can push it far ahead."""

from __future__ import annotations

import threading
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.model.clock import SKEW_LIMIT_MS, Clock, local_day, local_days, to_instant, to_ms
from netto_tui.model.revision import UNDATED, Stamp

LAST_MS = 253_402_300_799_999


@given(st.integers(0, LAST_MS))
def test_an_instant_and_its_milliseconds_are_the_same(ms: int) -> None:
    assert to_ms(to_instant(ms)) == ms


@given(st.integers(0, LAST_MS), st.integers(0, LAST_MS))
def test_instants_sort_as_text(one: int, two: int) -> None:
    assert (to_instant(one) < to_instant(two)) is (one < two)


@pytest.mark.parametrize(
    ("instant", "ms"),
    [
        (UNDATED, 0),
        ("2026-11-23T08:00:00.123Z", 1_795_420_800_123),
        ("2026-11-23T09:00:00.123+01:00", 1_795_420_800_123),
        ("1950-01-01T00:00:00.000Z", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_what_is_no_instant_counts_as_undated(instant: str, ms: int) -> None:
    assert to_ms(instant) == ms


@pytest.mark.parametrize(("ms", "instant"), [(-5, UNDATED), (LAST_MS + 1, "9999-12-31T23:59:59.999Z")])
def test_times_beyond_what_can_be_written_are_clamped(ms: int, instant: str) -> None:
    assert to_instant(ms) == instant


walls = st.lists(st.integers(0, 10**13), min_size=1, max_size=20)


@given(walls)
def test_stamps_only_grow_however_the_wall_clock_jumps(times: list[int]) -> None:
    readings = iter(times)
    clock = Clock("laptop", lambda: next(readings))
    stamps = [clock.stamp() for _ in times]
    assert all(one < two for one, two in pairwise(stamps))
    assert {stamp.by for stamp in stamps} == {"laptop"}


@given(st.integers(0, 10**13), st.integers(-(10**12), SKEW_LIMIT_MS), st.integers(0, 50))
def test_a_stamp_that_was_seen_lies_before_the_next_of_our_own(wall: int, ahead: int, tick: int) -> None:
    clock = Clock("laptop", lambda: wall)
    seen = Stamp(to_instant(wall + ahead), tick, "phone")
    assert clock.observe(seen)
    assert clock.stamp()[:2] > seen[:2]


@given(st.integers(1, 10**12))
def test_a_stamp_too_far_ahead_is_flagged_and_does_not_push_the_clock(beyond: int) -> None:
    wall = 1_795_420_800_000
    clock = Clock("laptop", lambda: wall)
    future = Stamp(to_instant(wall + SKEW_LIMIT_MS + beyond), 0, "phone")
    assert clock.is_ahead(future)
    assert not clock.observe(future)
    assert clock.stamp() == Stamp(to_instant(wall), 0, "laptop")


def test_threads_never_get_the_same_stamp() -> None:
    clock = Clock("laptop", lambda: 1_795_420_800_000)
    found: list[Stamp] = []

    def work() -> None:
        found.extend([clock.stamp() for _ in range(500)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2000


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia", "Africa/Monrovia"])
def test_days_in_a_row_are_the_days_one_by_one(zone: str) -> None:
    """Midnights that came twice or never, a day that was left out, an offset of seconds."""
    around = [0, 70_000, 1_476_000, 1_488_000, 1_461_500, 1_700_000]  # quarters of an hour since 1970
    quarters = sorted({at + step for at in around for step in range(0, 600, 7)}, reverse=True)
    expected = [local_day(ZoneInfo(zone), quarter * 15) for quarter in quarters]
    assert list(local_days(ZoneInfo(zone), [*quarters, None])) == [*expected, ""]

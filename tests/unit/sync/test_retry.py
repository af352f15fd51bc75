"""How long a replica is left alone."""

from __future__ import annotations

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import Moved, Unreachable
from netto_tui.sync.retry import ATTEMPTS, FIRST_FAILURES, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, pause_ms, retry

JITTER = st.floats(0, 1, exclude_max=True)


@given(failures=st.integers(1, 10_000), jitter=JITTER)
def test_a_pause_never_gets_shorter_with_more_failures(failures: int, jitter: float) -> None:
    assert 0 < pause_ms(failures, jitter) <= pause_ms(failures + 1, jitter)


@given(failures=st.integers(FIRST_FAILURES, 60), jitter=JITTER)
def test_the_breaker_doubles_from_five_minutes_up_to_six_hours(failures: int, jitter: float) -> None:
    assert pause_ms(FIRST_FAILURES, 0) == FIRST_PAUSE_MS == 5 * 60_000
    assert pause_ms(failures + 1, 0) == min(2 * pause_ms(failures, 0), LONGEST_PAUSE_MS)


@given(failures=st.integers(1, 100), jitter=JITTER)
def test_jitter_adds_at_most_a_fifth(failures: int, jitter: float) -> None:
    least = pause_ms(failures, 0)
    assert least <= pause_ms(failures, jitter) <= least * 1.2


@given(failures=st.integers(1, FIRST_FAILURES - 1), jitter=JITTER)
def test_the_first_failures_cost_less_than_a_minute(failures: int, jitter: float) -> None:
    assert pause_ms(failures, jitter) < 60_000


@pytest.mark.parametrize(("faults", "calls"), [(0, 1), (1, 2), (ATTEMPTS - 1, ATTEMPTS), (ATTEMPTS, ATTEMPTS)])
def test_a_call_that_finds_nobody_is_made_again_a_few_times(faults: int, calls: int) -> None:
    made = []

    def call() -> int:
        made.append(1)
        if len(made) <= faults:
            raise Unreachable("It does not answer.")
        return 7

    with stamina.set_testing(True, attempts=ATTEMPTS):
        if faults < ATTEMPTS:
            assert retry(call) == 7
        else:
            with pytest.raises(Unreachable):
                retry(call)
    assert len(made) == calls


def test_another_error_is_not_repeated() -> None:
    made = []

    def call() -> None:
        made.append(1)
        raise Moved("Another device was first.")

    with pytest.raises(Moved):
        retry(call)
    assert len(made) == 1

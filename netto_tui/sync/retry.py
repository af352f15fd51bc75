"""When to try again: within a call, and between passes that failed.

The breaker's state is two columns of the ledger, so that it outlives the process: three failures
in a row close a replica for five minutes, doubling up to six hours, with one trial each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

from netto_tui.errors import Limited, Unreachable

ATTEMPTS = 3
ATTEMPT_SECONDS = 20.0
"""A call that is harmless to repeat is repeated this often, for at most this long."""

PAUSE_SECONDS = 0.4
"""What lies between two attempts at most: nothing interrupts it, and who stops a pass shall not notice it."""

FIRST_FAILURES = 3
FIRST_PAUSE_MS = 5 * 60 * 1000
LONGEST_PAUSE_MS = 6 * 60 * 60 * 1000
SHORT_PAUSE_MS = 20 * 1000

T = TypeVar("T")

stamina.instrumentation.set_on_retry_hooks([])  # whoever calls tells what failed in the end; a log line helps nobody


def retry(call: Callable[[], T]) -> T:
    """Call something that reads, again with backoff and jitter while it is Unreachable and does not ask to wait."""
    attempts = stamina.retry_context(
        on=_may_help, attempts=ATTEMPTS, timeout=ATTEMPT_SECONDS, wait_initial=0.2, wait_max=PAUSE_SECONDS
    )
    for attempt in attempts:
        with attempt:
            return call()
    raise AssertionError("stamina ends with a result or an error")


def _may_help(error: Exception) -> bool:
    return isinstance(error, Unreachable) and not isinstance(error, Limited)


def pause_ms(failures: int, jitter: float) -> int:
    """How long to leave a replica alone after so many failures in a row; jitter lies in [0, 1)."""
    if failures < FIRST_FAILURES:
        pause = SHORT_PAUSE_MS * failures
    else:
        pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(failures - FIRST_FAILURES, 20))
    return round(pause * (1 + 0.2 * jitter))

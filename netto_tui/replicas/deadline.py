"""Calls to a network that end when their time is over, whatever the other side does.

A timeout of a socket bounds one read; a server that drips bytes defeats it. So the call runs on a
thread that can be left behind, and whoever asked waits for it no longer than allowed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from netto_tui.errors import Cancelled, Unreachable

CALL_SECONDS = 120.0
"""How long one call may take in all."""

_LOOK_SECONDS = 0.1

T = TypeVar("T")


def within(seconds: float, cancel: threading.Event, place: str, action: Callable[[], T]) -> T:
    """The result of an action, or what it raises.

    place: what is called, for messages. Raises Unreachable when the time is over and Cancelled soon
    after `cancel` is set; the action is left to itself then, and its result is dropped.
    """
    done = threading.Event()
    results: list[T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:  # handed over to the caller below
            faults.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="netto-call", daemon=True).start()
    deadline = time.monotonic() + seconds
    while not done.wait(_LOOK_SECONDS):
        if cancel.is_set():
            raise Cancelled(f"Stopped while talking to {place}.")
        if time.monotonic() > deadline:
            raise Unreachable(f"{place} did not finish within {seconds:.0f} seconds.", remedy="Try later.")
    if faults:
        raise faults[0]
    return results[0]

"""What workers tell, and ways to wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from netto_tui import config
from netto_tui.config import Config
from netto_tui.sync import events, worker

SECONDS = 20.0
"""How long a test waits for something before it fails."""

FINISHED = events.SyncFinished


class Told:
    """Everything that workers told, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[events.SyncEvent] = []
        self._more = threading.Condition()

    def __call__(self, event: events.SyncEvent) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def reports(self, name: str) -> list[events.PassReport]:
        """How each pass over a replica ended, so far."""
        return [e.report for e in list(self.events) if isinstance(e, FINISHED) and e.replica == name]

    def alerts(self) -> list[events.Alerted]:
        return [event for event in list(self.events) if isinstance(event, events.Alerted)]

    def wait(self, until: Callable[[], bool]) -> None:
        """Until something was told that makes this true."""
        with self._more:
            assert self._more.wait_for(until, SECONDS), self.events

    def wait_while(self, condition: Callable[[], bool]) -> None:
        """While something is so that nobody tells of."""
        deadline = time.monotonic() + SECONDS
        while condition():
            assert time.monotonic() < deadline, self.events
            time.sleep(0.01)

    def passes(self, name: str, count: int) -> events.PassReport:
        """Wait until so many passes over a replica have ended; the last one's report."""
        self.wait(lambda: len(self.reports(name)) >= count)
        return self.reports(name)[count - 1]


def ticks(count: int = 3) -> None:
    """Let a worker look around some times: it reads its settings anew each time."""
    looked = threading.Semaphore(0)

    def load(path: Path) -> Config:
        looked.release()
        return config.load(path)

    with patch.object(worker, "load", load):
        for _ in range(count + 1):
            assert looked.acquire(timeout=SECONDS)

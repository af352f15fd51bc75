"""The one place where a thread meets Textual: events become messages, and no thread waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from netto_tui.tui import messages

if TYPE_CHECKING:
    from netto_tui.sync.events import SyncEvent

PROGRESS_SECONDS = 0.1
"""Between two progress messages of one replica and step."""


class Bridge:
    """A Listener that posts; `post` must be safe to call from any thread, as `App.post_message` is."""

    def __init__(self, post: Callable[[Message], object], now: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._now = now
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}

    def __call__(self, event: SyncEvent) -> None:
        """Hand on one event; progress at most ten times a second, and always its end."""
        message = self._message(event)
        if message is not None:
            self._post(message)

    def _message(self, event: SyncEvent) -> Message | None:
        from netto_tui.sync.events import SyncFinished, SyncProgressed, SyncStarted  # no event precedes the first frame

        match event:
            case SyncProgressed(replica=replica, step=step, done=done, total=total):
                if not self._is_due((replica, step), ends=0 < total <= done):
                    return None
                return messages.ProgressMoved(replica, step, done, total)
            case SyncStarted():
                return messages.PassStarted(event.replica, event.at)
            case SyncFinished(report=report):
                return messages.PassFinished(report, event.at)
            case _:
                return messages.Happened(event)

    def _is_due(self, key: tuple[str, str], *, ends: bool) -> bool:
        with self._lock:
            now = self._now()
            if not ends and now - self._last.get(key, -PROGRESS_SECONDS) < PROGRESS_SECONDS:
                return False
            self._last[key] = now
            return True

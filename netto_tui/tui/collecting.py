"""Keeping garbage collections from holding up the screen.

A full collection looks through everything that is in memory, and no thread runs meanwhile: 100 to 170 ms with
the libraries of the remotes, 40 to 70 ms more with what a long list and a pass hold. What is loaded stays for good,
so it is left out once a store is in use; and whatever has made a collection long is not looked through again.
What is left out is freed as soon as nothing refers to it: only cycles that end later stay, which are few.
"""

from __future__ import annotations

import gc
import time
from typing import Any

from textual.message import Message

from netto_tui.tui.messages import PassStarted, WorkerLoaded

LONG_SECONDS = 0.01
"""A collection that took longer is the last one that looks at what it found to be in use."""


class Collections:
    """Heeds what sync tells. For an app with a process of its own: what is left out is never collected."""

    def __init__(self) -> None:
        self._stores: set[str] = set()
        self._begun = 0.0

    def begin(self) -> None:
        """Watch the collections of this process."""
        gc.callbacks.append(self._watch)

    def heed(self, message: Message) -> None:
        """Leave out what is there when sync begins, and at the first pass over each store: its library is loaded."""
        if isinstance(message, PassStarted) and message.replica not in self._stores:
            self._stores.add(message.replica)
            gc.freeze()
        elif isinstance(message, WorkerLoaded):
            gc.freeze()

    def _watch(self, phase: str, told: dict[str, Any]) -> None:
        if phase == "start":
            self._begun = time.perf_counter()
        elif told["generation"] == 2 and time.perf_counter() - self._begun > LONG_SECONDS:
            gc.freeze()

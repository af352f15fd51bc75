"""Keeping garbage collections from holding up the screen while a pass runs beside it.

A full collection looks through everything that was ever loaded, and no thread runs meanwhile: 100 to 170 ms
with the libraries of the remotes. What is loaded stays for good, so it is left out once a store is in use.
"""

from __future__ import annotations

import gc

from textual.message import Message

from netto_tui.tui.messages import PassStarted, WorkerLoaded


class Collections:
    """Heeds what sync tells. For an app with a process of its own: what is left out is never collected."""

    def __init__(self) -> None:
        self._stores: set[str] = set()

    def heed(self, message: Message) -> None:
        """Leave out what is there when sync begins, and at the first pass over each store: its library is loaded."""
        if isinstance(message, PassStarted) and message.replica not in self._stores:
            self._stores.add(message.replica)
            gc.freeze()
        elif isinstance(message, WorkerLoaded):
            gc.freeze()

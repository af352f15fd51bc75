"""Replicas that tell by themselves when another device wrote: kept open, and listened to.

A listener can die without a word, so these replicas are looked at every few minutes too. When such
a look finds what the listener did not tell, it is begun anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from netto_tui.config import Config, ReplicaConfig
from netto_tui.errors import NettoError
from netto_tui.replicas.base import Live, Replica
from netto_tui.sync.round import close_all

LIVE = frozenset({"firestore"})
"""The kinds whose replicas are Live."""

POLL_MS = 5 * 60 * 1000
"""How often a live replica is looked at although its listener is silent: 288 reads a day."""

AGAIN_MS = 60 * 1000
"""When a listener that could not begin is tried again."""


class News:
    """What the live replicas of one vault have told. Its methods are for the worker's thread."""

    def __init__(self, opened: Callable[[ReplicaConfig], Replica], wake: Callable[[], object]) -> None:
        self._opened = opened
        self._wake = wake
        self._replicas: dict[str, tuple[ReplicaConfig, Replica]] = {}
        self._stops: dict[str, Callable[[], None]] = {}
        self._later: dict[str, int] = {}
        self._heard: set[str] = set()
        self._guard = threading.Lock()

    def replica(self, each: ReplicaConfig) -> Replica | None:
        """The open replica of a live kind, which passes use too; None for other kinds."""
        if each.kind not in LIVE:
            return None
        known = self._replicas.get(each.name)
        if known is None or known[0] != each:
            self._drop(each.name)
            self._replicas[each.name] = each, self._opened(each)
        return self._replicas[each.name][1]

    def follow(self, config: Config, now_ms: int) -> None:
        """Listen to every live replica that a pass has opened; let go of those that are paused or not configured."""
        for name in self._replicas.keys() - {each.name for each in config.replicas if not each.paused}:
            self._drop(name)
        for name, (_, replica) in self._replicas.items():
            if name not in self._stops and now_ms >= self._later.get(name, 0) and isinstance(replica, Live):
                self._listen(name, replica, now_ms)

    def heard(self) -> set[str]:
        """The replicas that told of something since the last call."""
        with self._guard:
            heard, self._heard = self._heard, set()
        return heard

    def missed(self, name: str) -> None:
        """Begin a listener anew that did not tell what was there."""
        if stop := self._stops.pop(name, None):
            stop()

    def close(self) -> None:
        """End every listener and close the replicas."""
        for name in list(self._replicas):
            self._drop(name)

    def _listen(self, name: str, replica: Live, now_ms: int) -> None:
        def told() -> None:
            with self._guard:
                self._heard.add(name)
            self._wake()

        try:
            self._stops[name] = replica.listen(told)
        except NettoError:  # the next pass tells what is wrong
            self._later[name] = now_ms + AGAIN_MS

    def _drop(self, name: str) -> None:
        self.missed(name)
        self._later.pop(name, None)
        if known := self._replicas.pop(name, None):
            close_all([known[1]])

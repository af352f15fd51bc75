"""When a pass over a replica is due."""

from __future__ import annotations

from collections.abc import Collection

from netto_tui.config import Config, ReplicaConfig
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.news import LIVE, POLL_MS
from netto_tui.vault.reader import Reader
from netto_tui.vault.vault import Vault

DEBOUNCE_MS = 2_000
"""A change is pushed when nothing further changed for this long."""

AT_ONCE = frozenset({"folder", "firestore"})
"""Kinds that take each change as it comes; the others follow their schedule."""


_LOOKED = "looked "
"""What the keys in the index begin with that hold when a pass over a replica was last due."""


def interval_ms(config: Config, kind: str) -> int:
    """How long lies between two passes over a replica of a kind in which nothing changes here."""
    interval = config.interval_minutes * 60_000
    return min(interval, POLL_MS) if kind in LIVE else interval


def note_looks(vault: Vault, names: Collection[str], now: int) -> None:
    """Note that passes over some replicas begin, so that every process can tell when the next ones are due."""
    with vault.transaction() as sql:
        rows = [(_LOOKED + name, str(now)) for name in names]
        sql.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", rows)


def looks(reader: Reader) -> dict[str, int]:
    """When the worker last began a pass over each replica, in milliseconds since 1970."""
    found = reader.select("SELECT substr(key, ?), value FROM meta WHERE key GLOB ?", (len(_LOOKED) + 1, _LOOKED + "*"))
    return {name: int(value) for name, value in found}


class Schedule:
    """Decides which replicas are due; state lies in the ledger, so it outlives the process."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._looked: dict[str, tuple[int, str]] = {}
        self._digest = ""
        self._changed_at = 0

    def due(
        self,
        config: Config,
        asked: set[str] | None,
        heard: Collection[str] = frozenset(),
        but: Collection[str] = frozenset(),
    ) -> list[ReplicaConfig]:
        """The replicas to pass over now; asked: by name, all for an empty set, None for nobody asked.

        heard: those that told of news. but: those that have to wait.
        """
        now = self._vault.clock.now()
        digest = self._vault.digest()
        if digest != self._digest:
            self._digest, self._changed_at = digest, now
        chosen = [
            each
            for each in config.replicas
            if not each.paused and each.name not in but and self._is_due(each, config, asked, each.name in heard, now)
        ]
        if chosen:
            self._looked.update({each.name: (now, digest) for each in chosen})
            note_looks(self._vault, [each.name for each in chosen], now)
        return chosen

    def _is_due(self, each: ReplicaConfig, config: Config, asked: set[str] | None, heard: bool, now: int) -> bool:
        if asked is not None and (not asked or each.name in asked):
            return True
        standing = Ledger(self._vault, each.name, each.kind, each.target).standing()
        if standing is not None and now < standing.retry_at:
            return False
        if standing is not None and standing.failures and each.name in self._looked:
            return now >= standing.retry_at
        looked, digest = self._looked.get(each.name, (None, ""))
        if heard or looked is None or now - looked >= interval_ms(config, each.kind):
            return True
        changed = self._digest != digest and (standing is None or standing.root != self._digest)
        return each.kind in AT_ONCE and changed and now - self._changed_at >= DEBOUNCE_MS

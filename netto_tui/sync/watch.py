"""What is looked at beside the replicas: edits of the memory files, and what is new at the sources."""

from __future__ import annotations

import threading
from pathlib import Path

from netto_tui.capture.watch import look_again
from netto_tui.config import Config, SourceConfig
from netto_tui.errors import Cancelled, NettoError
from netto_tui.model.clock import to_instant
from netto_tui.plural import many
from netto_tui.sync import events
from netto_tui.sync.journal import Journal
from netto_tui.vault import memory
from netto_tui.vault.vault import Vault

MEMORY_MS = 5_000
"""How often the daily files are looked at for edits; that costs one look per day of history."""


class Watch:
    """Looks at the memory files and at the configured sources from time to time."""

    def __init__(self, vault: Vault, journal: Journal, cancel: threading.Event) -> None:
        self._vault = vault
        self._journal = journal
        self._cancel = cancel
        self._memory_at = self._sources_at = 0
        self._told: set[str] = set()

    def look(self, config: Config) -> None:
        """Take in edits of memory files every few seconds, and what is new in the sources at each interval."""
        now = self._vault.clock.now()
        if now - self._memory_at >= MEMORY_MS:
            self._memory_at = now
            for text in memory.refresh(self._vault):
                self._tell("memory", text)
        if now - self._sources_at >= config.interval_minutes * 60_000:
            self._sources_at = now
            for source in config.sources:
                self._capture(source)
        self._journal.flush()

    def _capture(self, source: SourceConfig) -> None:
        try:
            found = look_again(self._vault, [Path(source.path).expanduser()], source.kind or None, self._cancel)
        except Cancelled:
            return
        except NettoError as error:
            self._tell("capture", str(error))
            return
        for warned in found.warned:
            self._tell("capture", f"{warned.path}: {warned.detail}")
        if found.skipped:
            unread = many(len(found.skipped), "record")
            self._tell("capture", f"{source.path}: {unread} could not be read; see quarantine/.")
        if found.added:
            self._journal(events.Captured(self._now(), "", found.conversations, found.added))

    def _tell(self, code: str, text: str) -> None:
        """Tell a person something once, however often it is found."""
        if text not in self._told:
            self._told.add(text)
            self._journal(events.Alerted(self._now(), "", code, text))

    def _now(self) -> str:
        return to_instant(self._vault.clock.now())

"""The thread that keeps the replicas equal while the app, or `sync --watch`, runs.

It mostly waits. One worker runs per vault: others stand by until it ends. A local change goes to
folders at once, to Git on its schedule; a replica that fails is left alone for a growing while.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from netto_tui.capture.watch import look_again
from netto_tui.config import Config, ReplicaConfig, SourceConfig, load
from netto_tui.errors import Cancelled, NettoError
from netto_tui.model.clock import to_instant
from netto_tui.plural import many
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.journal import Journal
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.news import LIVE, POLL_MS, News
from netto_tui.sync.round import close_all, open_configured, sync_all
from netto_tui.vault import memory
from netto_tui.vault.vault import Vault, wall_clock

TICK_SECONDS = 1.0
"""How often the worker looks whether something is due; cheap, and bounds how late a change is seen."""

DEBOUNCE_MS = 2_000
"""A change is pushed when nothing further changed for this long."""

MEMORY_MS = 5_000
"""How often the daily files are looked at for edits; that costs one look per day of history."""

AT_ONCE = frozenset({"folder", "firestore"})
"""Kinds that take each change as it comes; the others follow their schedule."""


class Worker:
    """A daemon thread over one vault. Its methods may be called from any thread and return at once."""

    def __init__(
        self,
        path: Path,
        listener: events.Listener,
        *,
        config_path: Path | None = None,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        self._path = path
        self._config_path = config_path or path / "config.toml"
        self._listener = listener
        self._now = now
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._cancel = threading.Event()
        self._asked: set[str] | None = None
        self._rebuild: set[str] = set()
        self._guard = threading.Lock()
        self._busy = ""
        self._thread = threading.Thread(target=self._run, name="netto-sync", daemon=True)

    @property
    def busy(self) -> str:
        """What the worker does right now, for people; empty while it waits."""
        return self._busy

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End after the step that is running; False if it is still running after `timeout` seconds."""
        self._stopping.set()
        self._cancel.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def sync_now(self, names: Sequence[str] = ()) -> None:
        """Ask for a pass over some replicas, or all, whatever their schedule and earlier faults."""
        with self._guard:
            self._asked = set(names) if self._asked is None else self._asked | set(names) if names else set()
        self._wake.set()

    def rebuild(self, name: str) -> None:
        """Make a missing, damaged or implausibly shrunken replica whole from here, on a person's word."""
        with self._guard:
            self._rebuild.add(name)
        self.sync_now([name])

    def cancel(self) -> None:
        """Stop the pass that is running; what is done stays done."""
        self._cancel.set()

    def _run(self) -> None:
        lock = FileLock(self._path / ".netto" / "worker.lock", timeout=0, mode=0o600)
        while not self._stopping.is_set():
            try:
                with lock:
                    self._serve()
            except Timeout:
                self._busy = "another process syncs this vault"
                self._wake.wait(5 * TICK_SECONDS)
                self._wake.clear()
            except (NettoError, OSError, sqlite3.Error) as error:
                self._busy = ""
                self._listener(events.Alerted(to_instant(self._now()), "", "worker", str(error)))
                self._stopping.wait(30 * TICK_SECONDS)

    def _serve(self) -> None:
        self._busy = ""
        with Vault.open(self._path, now=self._now) as vault:
            journal = Journal(vault, self._listener)
            news = News(lambda each: open_configured(vault, each, self._cancel), self._wake.set)
            schedule, watch = Schedule(vault), Watch(vault, journal, self._cancel)
            try:
                while not self._stopping.is_set():
                    self._turn(vault, journal, news, schedule, watch)
                    self._wake.wait(TICK_SECONDS)
                    self._wake.clear()
            finally:
                news.close()

    def _turn(self, vault: Vault, journal: Journal, news: News, schedule: Schedule, watch: Watch) -> None:
        """Do what is due now."""
        config = load(self._config_path)
        self._cancel.clear()
        if self._stopping.is_set():
            return
        watch.look(config)
        with self._guard:
            asked, self._asked = self._asked, None
            rebuild, self._rebuild = self._rebuild, set()
        heard = news.heard()
        if due := schedule.due(config, asked, heard):
            reports = self._pass(vault, config, journal, news, due, rebuild)
            for report in reports:
                if report.pulled and asked is None and report.name not in heard:
                    news.missed(report.name)
        news.follow(config, vault.clock.now())

    def _pass(
        self,
        vault: Vault,
        config: Config,
        journal: Journal,
        news: News,
        due: Sequence[ReplicaConfig],
        rebuild: set[str],
    ) -> list[events.PassReport]:
        vault.look_again()
        engine = Engine(
            vault, journal, policy=config.policy, quiet_ms=config.quiet_minutes * 60_000, random=random.random
        )
        kept = {each.name: replica for each in due if (replica := news.replica(each)) is not None}
        replicas = [kept.get(each.name) or open_configured(vault, each, self._cancel) for each in due]
        self._busy = f"syncing {', '.join(each.name for each in due)}"
        try:
            return sync_all(engine, replicas, rebuild=rebuild, complete=len(due) == len(config.replicas))
        finally:
            journal.flush()
            close_all([replica for replica in replicas if replica.name not in kept])
            self._busy = ""


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


class Schedule:
    """Decides which replicas are due; state lies in the ledger, so it outlives the process."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._looked: dict[str, tuple[int, str]] = {}
        self._digest = ""
        self._changed_at = 0

    def due(self, config: Config, asked: set[str] | None, heard: Collection[str] = frozenset()) -> list[ReplicaConfig]:
        """The replicas to pass over now; asked: by name, all for an empty set, None for nobody asked.

        heard: those that told of news.
        """
        now = self._vault.clock.now()
        digest = self._vault.digest()
        if digest != self._digest:
            self._digest, self._changed_at = digest, now
        chosen = [each for each in config.replicas if self._is_due(each, config, asked, each.name in heard, now)]
        self._looked.update({each.name: (now, digest) for each in chosen})
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
        interval = config.interval_minutes * 60_000
        if each.kind in LIVE:
            interval = min(interval, POLL_MS)
        if heard or looked is None or now - looked >= interval:
            return True
        changed = self._digest != digest and (standing is None or standing.root != self._digest)
        return each.kind in AT_ONCE and changed and now - self._changed_at >= DEBOUNCE_MS

"""The threads that keep the replicas equal while the app, or `sync --watch`, runs.

They mostly wait. One worker runs per vault: others stand by until it ends. A local change goes to
folders and Firestore at once, to Git and GitHub on their schedule; a replica that fails is left
alone for a growing while. A round that may take minutes has a thread of its own, so that it holds
up neither what is said here nor what others tell.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from netto_tui import log
from netto_tui.config import Config, ReplicaConfig, load
from netto_tui.errors import NettoError
from netto_tui.model.clock import to_instant
from netto_tui.replicas.base import Replica
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.journal import Journal
from netto_tui.sync.news import News
from netto_tui.sync.round import close_all, open_configured, sync_all
from netto_tui.sync.schedule import AT_ONCE, Schedule
from netto_tui.sync.wanted import wanted
from netto_tui.sync.watch import Watch
from netto_tui.vault.tidying import Tidying
from netto_tui.vault.vault import Vault, wall_clock

TICK_SECONDS = 1.0
"""How often the worker looks whether something is due; cheap, and bounds how late a change is seen."""


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
        self._cancels: dict[str, threading.Event] = {}
        self._paused: frozenset[str] | None = None
        self._asked: set[str] | None = None
        self._rebuild: set[str] = set()
        self._guard = threading.Lock()
        self._busy = ""
        self._long: LongRound | None = None
        self._thread = threading.Thread(target=self._run, name="netto-sync", daemon=True)

    @property
    def busy(self) -> str:
        """What the worker does right now, for people; empty while it waits."""
        long = self._long
        return ", ".join(filter(None, (self._busy, long.busy if long and long.is_running() else "")))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End after the step that is running; False if it is still running after `timeout` seconds."""
        self._stopping.set()
        self.cancel()
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

    def cancel(self, names: Collection[str] | None = None) -> None:
        """Stop the passes that are running, or those over some replicas; what is done stays done."""
        if names is None:
            self._cancel.set()
        with self._guard:
            found = [event for name, event in self._cancels.items() if names is None or name in names]
        if (long := self._long) is not None:
            found += [event for name, event in long.cancels.items() if names is None or name in names]
        for event in found:
            event.set()

    def _open(self, vault: Vault, each: ReplicaConfig) -> Replica:
        with self._guard:
            cancel = self._cancels.setdefault(each.name, threading.Event())
            if self._stopping.is_set():
                cancel.set()
        return open_configured(vault, each, cancel)

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
            except Exception as error:  # a mistake of ours must not end sync for good, and without a word
                self._busy = ""
                self._listener(events.Alerted(to_instant(self._now()), "", "worker", _unforeseen(self._path, error)))
                self._stopping.wait(30 * TICK_SECONDS)

    def _serve(self) -> None:
        self._busy = ""
        with Vault.open(self._path, now=self._now) as vault:
            journal = Journal(vault, self._listener)
            news = News(lambda each: self._open(vault, each), self._wake.set)
            schedule, watch = Schedule(vault), Watch(vault, journal, self._cancel)
            tidying = Tidying(vault)
            try:
                while not self._stopping.is_set():
                    self._turn(vault, journal, news, schedule, watch)
                    self._rest(tidying)
            finally:
                tidying.close()
                news.close()
                if self._long is not None:
                    self._long.end()

    def _rest(self, tidying: Tidying) -> None:
        """Wait for the next look, and keep search fast meanwhile; half of the time others have the vault."""
        ends = time.monotonic() + TICK_SECONDS
        while (left := ends - (began := time.monotonic())) > 0:
            if self._long is not None or not tidying.step():
                self._wake.wait(left)
                break
            if self._wake.wait(time.monotonic() - began):
                break
        self._wake.clear()

    def _turn(self, vault: Vault, journal: Journal, news: News, schedule: Schedule, watch: Watch) -> None:
        """Do what is due now."""
        with self._guard:
            for event in (self._cancel, *self._cancels.values()):
                event.clear()
        config = load(self._config_path)  # after the events: who pauses a replica saves first and stops its pass then
        if self._stopping.is_set():
            return
        self._heed_pauses(config, journal)
        watch.look(config)
        heard = news.heard()
        if self._long is not None and not self._long.is_running():
            self._long = None
        asked, rebuild = self._take_requests(config)
        waiting = _slow(config) if self._long is not None else frozenset[str]()
        due = schedule.due(config, asked, heard, but=waiting)
        slow = [each for each in due if each.kind not in AT_ONCE]
        if quick := [each for each in due if each.kind in AT_ONCE]:
            reports = self._pass(vault, config, journal, news, quick, rebuild)
            if asked is None:
                _restart_listeners(news, reports, heard)
        if slow and not self._stopping.is_set():
            together = due if wanted(vault) else slow  # what is lost here is given up only when all were asked in one
            self._long = LongRound(self._path, config, together, rebuild, self._listener, self._now, self._wake.set)
        news.follow(config, vault.clock.now())

    def _heed_pauses(self, config: Config, journal: Journal) -> None:
        """Tell what a person paused or resumed since the last look, and stop what runs over a paused one."""
        paused = frozenset(each.name for each in config.replicas if each.paused)
        before, self._paused = self._paused, paused
        if before is None or before == paused:
            return
        at = to_instant(self._now())
        for name in sorted(paused - before):
            journal(events.Paused(at, name))
        for name in sorted(before - paused):
            journal(events.Resumed(at, name))
        journal.flush()
        self.cancel(paused)

    def _take_requests(self, config: Config) -> tuple[set[str] | None, set[str]]:
        """What a person asked for; what has to wait for the long round stays asked for."""
        with self._guard:
            asked, self._asked = self._asked, None
            rebuild, self._rebuild = self._rebuild, set()
            if self._long is not None and asked is not None:
                names = asked or {each.name for each in config.replicas}
                self._asked = (names & _slow(config)) or None
                self._rebuild = rebuild & _slow(config)
                asked = names - _slow(config) or None
        return asked, rebuild

    def _pass(
        self,
        vault: Vault,
        config: Config,
        journal: Journal,
        news: News,
        due: Sequence[ReplicaConfig],
        rebuild: set[str],
    ) -> list[events.PassReport]:
        kept = {each.name: replica for each in due if (replica := news.replica(each)) is not None}
        replicas = [kept.get(each.name) or self._open(vault, each) for each in due]
        self._busy = _words(due)
        try:
            return run_round(vault, config, journal, replicas, rebuild)
        finally:
            close_all([replica for replica in replicas if replica.name not in kept])
            self._busy = ""


class LongRound:
    """One round on a thread of its own, which opens the vault as another process would."""

    def __init__(
        self,
        path: Path,
        config: Config,
        due: Sequence[ReplicaConfig],
        rebuild: set[str],
        listener: events.Listener,
        now: Callable[[], int],
        ended: Callable[[], object],
    ) -> None:
        self.busy = _words(due)
        self.cancels = {each.name: threading.Event() for each in due}
        self._path = path
        self._config = config
        self._due = due
        self._rebuild = rebuild
        self._listener = listener
        self._now = now
        self._ended = ended
        self._thread = threading.Thread(target=self._run, name="netto-sync-long", daemon=True)
        self._thread.start()

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Stop it, and wait until it has stopped."""
        for cancel in self.cancels.values():
            cancel.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with Vault.open(self._path, now=self._now) as vault:
                replicas = [open_configured(vault, each, self.cancels[each.name]) for each in self._due]
                try:
                    journal = Journal(vault, self._listener)
                    run_round(vault, self._config, journal, replicas, self._rebuild)
                finally:
                    close_all(replicas)
        except (NettoError, OSError, sqlite3.Error) as error:
            self._listener(events.Alerted(to_instant(self._now()), "", "worker", str(error)))
        except Exception as error:
            self._listener(events.Alerted(to_instant(self._now()), "", "worker", _unforeseen(self._path, error)))
        finally:
            self._ended()


def run_round(
    vault: Vault, config: Config, journal: Journal, replicas: Sequence[Replica], rebuild: Collection[str]
) -> list[events.PassReport]:
    """One round as the settings say; rebuild: names of replicas to make whole on a person's word."""
    vault.look_again()
    engine = Engine(vault, journal, policy=config.policy, quiet_ms=config.quiet_minutes * 60_000, random=random.random)
    try:
        return sync_all(engine, replicas, rebuild=rebuild, complete=len(replicas) == len(config.replicas))
    finally:
        journal.flush()


def _slow(config: Config) -> frozenset[str]:
    """The replicas that follow their schedule."""
    return frozenset(each.name for each in config.replicas if each.kind not in AT_ONCE)


def _restart_listeners(news: News, reports: Sequence[events.PassReport], heard: Collection[str]) -> None:
    """Begin those anew that did not tell what a look found."""
    for report in reports:
        if report.pulled and report.name not in heard:
            news.missed(report.name)


def _unforeseen(path: Path, error: Exception) -> str:
    """An error that nobody foresaw: its kind for people, its places for the log, its message for nobody."""
    where = log.note(error, path, "sync stopped")
    return f"Sync stopped: {type(error).__name__}. It tries again." + (f" See {where}." if where else "")


def _words(due: Sequence[ReplicaConfig]) -> str:
    return f"syncing {', '.join(each.name for each in due)}"

"""The work of the Recovery section, to be run on a thread: each opens its replicas, works, and closes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from netto_tui.config import Config, load
from netto_tui.errors import UsageError
from netto_tui.model.query import parse
from netto_tui.recovery import drill as drills
from netto_tui.recovery import preview as previews
from netto_tui.recovery import restore, snapshots, verify
from netto_tui.recovery.differences import ItemDifference
from netto_tui.recovery.reading import AsOf
from netto_tui.replicas.base import Replica
from netto_tui.sync.events import Listener
from netto_tui.sync.round import close_all, open_replicas
from netto_tui.vault.vault import Vault

BATCH = 100
"""Snapshots that are told of at once."""


@dataclass(frozen=True)
class Wanted:
    """What is to be brought back; only: some conversations, () for all; as_of: when, None for now."""

    source: str
    only: tuple[str, ...] = ()
    as_of: AsOf | None = None


class OpenSnapshot:
    """A snapshot that lies in a temporary place until it is closed."""

    def __init__(self, held: ExitStack, vault: snapshots.SnapshotVault) -> None:
        self._held = held
        self.vault = vault

    def close(self) -> None:
        """Remove it, on a thread that the end of the process waits for."""
        threading.Thread(target=self._held.close, name="snapshot").start()


def settings(vault: Vault) -> Config:
    """The vault's settings. Raises UsageError when they cannot be read."""
    return load(vault.path / "config.toml")


def as_of_ms(vault: Vault, text: str) -> int | None:
    """The last moment of a date, in milliseconds since 1970; None for "". Raises UsageError for no date."""
    if not text:
        return None
    today = datetime.fromtimestamp(vault.clock.now() / 1000, vault.zone).date()
    until = parse(f'on:"{text}"', today, vault.zone).until
    if until is None:
        raise UsageError(f"“{text}” is no date.", remedy="Write it like 2026-11-20.")
    return until - 1


@contextmanager
def _opened(vault: Vault, names: Sequence[str], cancel: threading.Event) -> Iterator[list[Replica]]:
    replicas = open_replicas(vault, settings(vault), names, cancel)
    try:
        yield replicas
    finally:
        close_all(replicas)


def run_verify(
    names: Sequence[str], deep: bool, vault: Vault, listener: Listener, cancel: threading.Event
) -> verify.Verdict:
    """Read and compare the vault and some replicas, all of them for no names."""
    with _opened(vault, names, cancel) as replicas:
        return verify.verify(vault, replicas, deep=deep, listener=listener, cancel=cancel)


def run_preview(wanted: Wanted, vault: Vault, listener: Listener, cancel: threading.Event) -> previews.Preview:
    """Count what a restore would do; nothing is written."""
    with _opened(vault, [wanted.source], cancel) as (replica,):
        return previews.preview(vault, replica, only=wanted.only, as_of=wanted.as_of, listener=listener, cancel=cancel)


def run_restore(wanted: Wanted, vault: Vault, listener: Listener, cancel: threading.Event) -> restore.RestoreReport:
    """Restore; what comes back is put together and proven before anything of the vault changes."""
    with _opened(vault, [wanted.source], cancel) as (replica,):
        return restore.restore(vault, replica, only=wanted.only, as_of=wanted.as_of, listener=listener)


def run_drill(
    names: Sequence[str], vault: Vault, listener: Listener, cancel: threading.Event
) -> list[drills.DrillReport]:
    """Try a restore of some replicas, all of them for no names, into temporary places."""
    with _opened(vault, names, cancel) as replicas:
        return drills.drill(vault, replicas, listener)


def run_snapshots(
    name: str,
    tell: Callable[[list[snapshots.Snapshot]], object],
    vault: Vault,
    _listener: Listener,
    cancel: threading.Event,
) -> int:
    """List the snapshots of a replica; `tell` is called with some of them at a time; how many there are."""
    found, batch = 0, list[snapshots.Snapshot]()
    with _opened(vault, [name], cancel) as (replica,):
        for one in snapshots.snapshots(replica):
            batch.append(one)
            if len(batch) >= BATCH:
                tell(batch)
                found, batch = found + len(batch), []
    tell(batch)
    return found + len(batch)


def run_open(name: str, as_of: AsOf, vault: Vault, listener: Listener, cancel: threading.Event) -> OpenSnapshot:
    """Open what a replica held at a moment or an instant."""
    with _opened(vault, [name], cancel) as (replica,), ExitStack() as held:
        found = snapshots.opened_snapshot(vault, replica, as_of, listener=listener, cancel=cancel)
        shown = held.enter_context(found)
        return OpenSnapshot(held.pop_all(), shown)


def run_compare(
    wanted: Wanted, conversation: str, vault: Vault, _listener: Listener, cancel: threading.Event
) -> list[ItemDifference]:
    """One conversation as it is there, or was at an instant, against the vault's own."""
    with _opened(vault, [wanted.source], cancel) as (replica,):
        return snapshots.compared(vault, replica, conversation, wanted.as_of)

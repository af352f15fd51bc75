"""The work of the Recovery section, to be run on a thread: each opens its replicas, works, and closes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from netto_tui.config import Config, load
from netto_tui.errors import UsageError
from netto_tui.model.query import parse
from netto_tui.recovery import drill as drills
from netto_tui.recovery import preview as previews
from netto_tui.recovery import restore, verify
from netto_tui.replicas.base import Replica
from netto_tui.sync.events import Listener
from netto_tui.sync.round import close_all, open_replicas
from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class Wanted:
    """What is to be brought back; conversation "" is all, as_of "" is now (else a date as in a query)."""

    source: str
    conversation: str = ""
    as_of: str = ""


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
def _opened(vault: Vault, name: str, cancel: threading.Event) -> Iterator[Replica]:
    replicas = open_replicas(vault, settings(vault), [name], cancel)
    try:
        yield replicas[0]
    finally:
        close_all(replicas)


def run_verify(vault: Vault, name: str, deep: bool, listener: Listener, cancel: threading.Event) -> verify.Verdict:
    """Read and compare the vault and one replica."""
    with _opened(vault, name, cancel) as replica:
        return verify.verify(vault, [replica], deep=deep, listener=listener, cancel=cancel)


def run_preview(vault: Vault, wanted: Wanted, cancel: threading.Event) -> previews.Preview:
    """Count what a restore would do; nothing is written."""
    at = as_of_ms(vault, wanted.as_of)
    with _opened(vault, wanted.source, cancel) as replica:
        return previews.preview(vault, replica, only=[wanted.conversation] if wanted.conversation else (), as_of_ms=at)


def run_restore(vault: Vault, wanted: Wanted, listener: Listener, cancel: threading.Event) -> restore.RestoreReport:
    """Restore; a whole vault is put together and proven before it is exchanged."""
    at = as_of_ms(vault, wanted.as_of)
    with _opened(vault, wanted.source, cancel) as replica:
        return restore.restore(
            vault, replica, only=[wanted.conversation] if wanted.conversation else (), as_of_ms=at, listener=listener
        )


def run_drill(vault: Vault, name: str, listener: Listener, cancel: threading.Event) -> drills.DrillReport:
    """Try a restore into a temporary place."""
    with _opened(vault, name, cancel) as replica:
        return drills.drill(vault, [replica], listener)[0]

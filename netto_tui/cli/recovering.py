"""`verify` and `drill`: knowing that everything is there, and that it can be brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.syncing import cancelling, worst
from netto_tui.errors import UsageError
from netto_tui.plural import many

if TYPE_CHECKING:
    import threading

    from netto_tui.recovery.finds import Find
    from netto_tui.recovery.verify import StoreVerdict
    from netto_tui.replicas.base import Replica
    from netto_tui.sync.events import SyncEvent
    from netto_tui.vault.vault import Vault

LISTED = 100
"""Finds of one store that are named; the counts are of all."""


def tell_progress(event: SyncEvent) -> None:
    """A listener that shows how far something is."""
    from netto_tui.sync.events import SyncProgressed

    if isinstance(event, SyncProgressed):
        of = f" of {event.total}" if event.total else ""
        diagnostics.progress(f"{event.replica or 'local'}: {event.done}{of}")


@contextmanager
def _opened(vault: Vault, session: Session, names: tuple[str, ...], cancel: threading.Event) -> Iterator[list[Replica]]:
    """The configured replicas, or those named; progress is wiped away in the end."""
    from netto_tui.sync.round import close_all, open_replicas

    config = session.load_config()
    replicas = [] if names == ("local",) else open_replicas(vault, config, [n for n in names if n != "local"], cancel)
    try:
        yield replicas
    finally:
        diagnostics.progress("")
        close_all(replicas)


@command("verify", short_help="Prove that every store has everything, unchanged.")
@click.option("--deep", is_flag=True, help="Also blobs, the index row by row, and each store's own structure.")
@click.argument("replicas", nargs=-1)
def verify(session: Session, replicas: tuple[str, ...], deep: bool) -> int:
    """Read every record of the vault and of the REPLICAS (else all), check each against its name, compare.

    What is damaged goes to quarantine; the next sync heals it. The exit code is 1 when anything differs.
    """
    from netto_tui.recovery import verify as recovery
    from netto_tui.recovery.finds import finds

    with session.open() as vault, cancelling() as cancel, _opened(vault, session, replicas, cancel) as opened:
        verdict = recovery.verify(vault, opened, deep=deep, listener=tell_progress, cancel=cancel)
    if session.json:
        stores = [_verdict(store) for store in verdict.stores]
        listed = [_find(one) for one in finds(verdict)]
        output.document({"ok": verdict.ok, "digest": verdict.digest, "replicas": stores, "finds": listed})
    else:
        output.table(
            [
                (store.name, "ok" if store.ok else "differs", *_counts(store).values(), store.digest[:16])
                for store in verdict.stores
            ],
            heads=("store", "", "missing", "extra", "corrupt", "digest"),
        )
        for store in verdict.stores:
            for line in _finds(store):
                output.foreign(f"{store.name}: {line}")
        output.line("Everything is there, and equal." if verdict.ok else "Not good. To heal it: netto-tui sync")
    return worst([store.exit_code or int(not store.ok) for store in verdict.stores])


def _tell_history(session: Session, names: tuple[str, ...]) -> int:
    """Show the drills of some replicas, or of all."""
    from netto_tui.recovery.drill import past_drills

    with session.open() as vault:
        found = [one for one in past_drills(vault) if one.name in names or not names]
    if session.json:
        rows = [{"name": one.name, "at": one.at, "ok": one.ok, "detail": one.detail} for one in found]
        output.document({"drills": rows})
    else:
        output.table([(session.local(one.at), one.name, "ok" if one.ok else "FAILED", one.detail) for one in found])
        if not found:
            output.line("A restore was never tried. To try one: netto-tui drill")
    return 0


def _counts(store: StoreVerdict) -> dict[str, int]:
    return {"missing": len(store.missing), "extra": len(store.extra), "corrupt": len(store.corrupt)}


def _verdict(store: StoreVerdict) -> dict[str, Any]:
    found = {
        "missing": store.missing[:LISTED],
        "extra": store.extra[:LISTED],
        "withheld": store.withheld[:LISTED],
        "corrupt": [{"where": one.where, "reason": one.reason} for one in store.corrupt[:LISTED]],
    }
    return {
        "name": store.name,
        "ok": store.ok,
        "digest": store.digest,
        **_counts(store),
        "error": store.error or None,
        "found": found,
    }


def _find(one: Find) -> dict[str, Any]:
    return {
        "store": one.store,
        "kind": one.kind,
        "conversation": one.conversation or None,
        "where": one.where or None,
        "reason": one.reason,
        "mends": one.mends,
    }


def _finds(store: StoreVerdict) -> Iterator[str]:
    if store.error:
        yield store.error
    yield from (f"{one.where}: {one.reason}" for one in store.corrupt[:LISTED])
    yield from (f"{name} is missing, in whole or in part" for name in store.missing[:LISTED])
    yield from (f"part of {name} is withheld there, which is no fault" for name in store.withheld[:LISTED])
    yield from (f"{name} has more than the vault" for name in store.extra[:LISTED])


@command("drill", short_help="Try a restore of each replica, and time it.")
@click.option("--history", is_flag=True, help="Show the drills so far, latest first, and try nothing.")
@click.argument("replicas", nargs=-1)
def drill(session: Session, replicas: tuple[str, ...], history: bool) -> int:
    """Restore each of the REPLICAS (else all) into a temporary place, check it, and remember how it went."""
    from netto_tui.recovery import drill as recovery

    if history:
        return _tell_history(session, replicas)
    with session.open() as vault, cancelling() as cancel, _opened(vault, session, replicas, cancel) as opened:
        if not opened:
            remedy = "Add one: netto-tui init --replica NAME=KIND:TARGET"
            raise UsageError("There is no replica to restore from.", remedy=remedy)
        reports = recovery.drill(vault, opened, tell_progress)
    if session.json:
        drills = [
            {
                "name": one.name,
                "ok": one.ok,
                "digest": one.digest,
                "conversations": one.conversations,
                "seconds": round(one.seconds, 3),
                "error": one.error or None,
            }
            for one in reports
        ]
        output.document({"drills": drills})
    else:
        for one in reports:
            result = f"{many(one.conversations, 'conversation')} in {one.seconds:.1f} s" if one.ok else one.error
            output.foreign(f"{one.name}: {'ok' if one.ok else 'FAILED'}, {result}")
    return worst([int(not one.ok) for one in reports])

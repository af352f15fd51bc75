"""`heads`: proving with the public key alone that nobody changed or hid anything on sealed replicas."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import output
from netto_tui.cli.root import command, global_options
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError
from netto_tui.plural import many

if TYPE_CHECKING:
    from netto_tui.config import ReplicaConfig
    from netto_tui.recovery.chains import ChainVerdict
    from netto_tui.replicas.base import Replica

DEVICE = "heads-check"
"""Whose branch would be written, if something were."""


@click.group("heads", short_help="Prove with the public key alone what sealed replicas hold.")
@global_options
def heads() -> None:
    """Prove with the public key alone that nobody changed or hid anything on sealed replicas."""


@command("check", short_help="Go along every signed head, and compare the replicas.")
@click.option("--public-key", metavar="KEY", default="", help="43 letters, as the recovery kit has them.")
@click.option("--since", metavar="DATE", default="", help="Do not tell what was wrong before a day (UTC).")
@click.argument("replicas", nargs=-1)
def check(session: Session, replicas: tuple[str, ...], public_key: str, since: str) -> int:
    """Go along every signed head of the REPLICAS, else of all sealed ones, and compare what they tell of each other.

    Nothing is opened, so neither a vault nor its keys are needed, only the settings; without --public-key it comes
    from the keys of the vault. Compare the numbers and dates with what you know: a head that was never seen anywhere
    else cannot be missed. The exit code is 1 when something is wrong.
    """
    from netto_tui.cli.syncing import cancelling, worst
    from netto_tui.recovery import chains
    from netto_tui.vault.vault import wall_clock

    chosen = _chosen(session, replicas)
    public, since_ms = _public(session, public_key), _begin_of(since)
    with cancelling() as cancel, _opened(session, chosen, cancel) as opened:
        verdicts = chains.check(opened, public, wall_clock(), since_ms)
    if session.json:
        output.document(
            {"ok": all(one.ok for one in verdicts), "replicas": [_document(verdict) for verdict in verdicts]}
        )
    else:
        _tell(verdicts)
    return worst([one.exit_code or int(not one.ok) for one in verdicts])


heads.add_command(check)


def _public(session: Session, text: str) -> bytes:
    """The public key as given, else the vault's own."""
    from netto_tui.security.heads import public_of

    if not text:
        from netto_tui.security import custody
        from netto_tui.vault.identity import load_identity

        return custody.load(session.path, load_identity(session.path).vault).public
    try:
        return public_of(text)
    except ValueError:
        raise UsageError(
            "That is no public key.",
            remedy="Write its 43 letters, as netto-tui keys show and the recovery kit have them.",
        ) from None


def _begin_of(day: str) -> int:
    """A day as milliseconds since 1970, 0 for none."""
    from datetime import UTC, datetime

    try:
        return round(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000) if day else 0
    except ValueError:
        raise UsageError(f"“{day}” is no date.", remedy="Write it as 2026-11-23.") from None


def _chosen(session: Session, names: Sequence[str]) -> list[ReplicaConfig]:
    config = session.load_config()
    if names:
        return [config.replica(name) for name in names]
    chosen = [one for one in config.replicas if not one.plain and one.kind != "folder"]
    if not chosen:
        raise UsageError("This vault has no sealed replica with heads.", remedy="Only git, github and firestore have.")
    return chosen


@contextmanager
def _opened(session: Session, chosen: Sequence[ReplicaConfig], cancel: threading.Event) -> Iterator[list[Replica]]:
    """Replicas of which names alone are read. What is copied of Firestore is read anew, beside what sync keeps."""
    from netto_tui.replicas.registry import open_replica
    from netto_tui.security.envelope import PLAIN
    from netto_tui.sync.round import close_all
    from netto_tui.vault.vault import wall_clock

    with tempfile.TemporaryDirectory(prefix="netto-heads-") as scratch:
        kept = session.path / ".netto" / "cache"
        opened: list[Replica] = []
        try:
            for one in chosen:
                cache = kept if kept.is_dir() and one.kind != "firestore" else Path(scratch)
                opened.append(
                    open_replica(one.name, one.kind, one.target, PLAIN, cache, DEVICE, cancel, wall_clock, one)
                )
            yield opened
        finally:
            close_all(opened)


def _document(verdict: ChainVerdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "kind": verdict.kind,
        "ok": verdict.ok,
        "branches": [
            {
                "branch": one.branch,
                "heads": one.heads,
                "seq": one.latest.seq,
                "at": one.latest.at,
                "device": one.latest.device,
                "count": one.latest.count,
                "root": one.latest.root,
            }
            for one in verdict.branches
        ],
        "faults": [{"code": one.code, "text": one.text} for one in verdict.faults],
        "error": verdict.error,
    }


def _tell(verdicts: Sequence[ChainVerdict]) -> None:
    output.table(
        [
            (verdict.name, one.branch, one.heads, one.latest.seq, one.latest.at[:16] + "Z", one.latest.device)
            for verdict in verdicts
            for one in verdict.branches
        ],
        heads=("replica", "branch", "heads", "latest", "signed at", "by"),
    )
    for verdict in verdicts:
        for fault in verdict.faults:
            output.foreign(f"{fault.code}: {fault.text}")
        if verdict.error:
            output.foreign(f"{verdict.name}: {verdict.error}")
    wrong = sum(not verdict.ok for verdict in verdicts)
    output.line(f"Not good: {many(wrong, 'replica')}." if wrong else "Every head is right.")

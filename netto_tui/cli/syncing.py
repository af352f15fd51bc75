"""`sync` and `status`: making the replicas equal, and how they stand."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.config import Config
    from netto_tui.recovery.head_evidence import Evidence
    from netto_tui.sync.events import PassReport, SyncEvent
    from netto_tui.vault.rows import MeterRow, ReplicaRow

SEVERITY = (5, 4, 2, 1, 3)
"""Which exit code wins where stores give several: what is wrong goes before what was not reached."""


@command("sync", short_help="Make the vault and its replicas equal, and prove it.")
@click.option("--watch", is_flag=True, help="Go on until Ctrl+C; --json then gives a document a line.")
@click.option("--rebuild", is_flag=True, help="Make the named replicas whole, though they look lost or damaged.")
@click.argument("replicas", nargs=-1)
def sync(session: Session, replicas: tuple[str, ...], watch: bool, rebuild: bool) -> int:
    """Make the vault and its REPLICAS equal: pull, merge, push, read back, compare.

    Without names it goes over all of them, and looks first what is new at the sources that are watched.
    """
    if rebuild and not replicas:
        raise UsageError("--rebuild is for replicas that are named.", remedy="Write: netto-tui sync NAME --rebuild")
    if watch and (replicas or rebuild):
        raise UsageError("--watch goes over every replica.", remedy="Leave the names and --rebuild out.")
    config = session.load_config()
    if not config.replicas:
        session.open().close()  # where there is no vault at all, it says that
        raise UsageError(
            "This vault has no replica yet.",
            remedy="Add one with: netto-tui init --replica disk=folder:/mnt/disk/netto",
        )
    if watch:
        return _watch(session)
    reports, conflicts = _sync_once(session, config, replicas, rebuild)
    if session.json:
        output.document({"replicas": [_report(report) for report in reports], "conflicts": conflicts})
    else:
        _print(reports, conflicts)
    return worst(report.exit_code for report in reports)


def worst(codes: Iterable[int]) -> int:
    """The one exit code for several results."""
    found = set(codes)
    return next((code for code in SEVERITY if code in found), 0)


def _sync_once(session: Session, config: Config, names: tuple[str, ...], rebuild: bool) -> tuple[list[PassReport], int]:
    from netto_tui.sync.journal import Journal
    from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
    from netto_tui.sync.watch import Watch

    with session.open() as vault, cancelling() as cancel:
        journal = Journal(vault, tell_alert)
        replicas = open_replicas(vault, config, names, cancel)
        try:
            if not names:
                Watch(vault, journal, cancel).look(config)
            complete = len(replicas) == len(config.replicas)
            engine = new_engine(vault, config, journal)
            reports = sync_all(engine, replicas, rebuild=names if rebuild else (), complete=complete)
        finally:
            journal.flush()
            close_all(replicas)
        with vault.reader() as reader:
            return reports, reader.totals().conflicts


@contextmanager
def cancelling() -> Iterator[threading.Event]:
    """An event that Ctrl+C and SIGTERM set, so that a pass ends after its step; a second one stops at once."""
    cancel = threading.Event()

    def stop(signum: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell_alert(event: SyncEvent) -> None:
    """A listener that tells on stderr what a person should know at once."""
    from netto_tui.sync.events import Alerted, Captured, Quarantined

    place = event.replica or "vault"
    if isinstance(event, Captured):
        diagnostics.note(f"captured {many(event.revisions, 'revision')} in {many(event.conversations, 'conversation')}")
    elif isinstance(event, Alerted):
        diagnostics.note(f"{place}: {event.text}")
    elif isinstance(event, Quarantined):
        diagnostics.note(f"{place}: {event.where} is set aside in quarantine. {event.reason}")


def _watch(session: Session) -> int:
    """Run the sync worker here until somebody stops it."""
    from netto_tui.sync.events import SyncFinished
    from netto_tui.sync.worker import Worker

    def tell(event: SyncEvent) -> None:
        tell_alert(event)
        if isinstance(event, SyncFinished):
            report = event.report
            if session.json:
                output.compact(_report(report))
            elif report.error or report.pulled or report.pushed or report.healed or report.quarantined:
                output.line(safe_line(f"{session.local(event.at)}  {report.name}  {report.error or _sentence(report)}"))
            output.flush()

    session.open().close()
    with cancelling() as cancel:
        worker = Worker(session.path, tell, config_path=session.config_path)
        worker.start()
        diagnostics.note("Watching; Ctrl+C ends it.")
        cancel.wait()
        worker.stop(10.0)
    return 0


def _report(report: PassReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "kind": report.kind,
        "state": report.state,
        "pulled": report.pulled,
        "pushed": report.pushed,
        "healed": report.healed,
        "quarantined": report.quarantined,
        "requests": report.requests,
        "error": report.error or None,
    }


def _sentence(report: PassReport) -> str:
    counts = [
        f"{count} {what}"
        for count, what in (
            (report.pulled, "revisions pulled"),
            (report.pushed, "pushed"),
            (report.healed, "conversations healed"),
            (report.quarantined, "pieces quarantined"),
        )
        if count
    ]
    return ", ".join(counts) or ("" if report.error else "nothing to do")


def _print(reports: list[PassReport], conflicts: int) -> None:
    output.table([(report.name, report.kind, report.state, _sentence(report)) for report in reports])
    for report in reports:
        if report.error:
            output.line(safe_line(f"{report.name}: {report.error}"))
    if conflicts:
        output.line(f"{many(conflicts, 'conflict')} to decide: netto-tui conflicts")


@dataclass(frozen=True)
class Standing:
    """How one configured replica stands; verified_at is "" for never."""

    name: str
    kind: str
    state: str
    verified: int
    pending: int
    verified_at: str
    last_error: str
    meters: tuple[MeterRow, ...] = ()
    sealed: bool = False
    withheld: int = 0


@command("status", short_help="Show how much there is, and how every replica stands.")
def status(session: Session) -> None:
    """Show how much there is, and how every replica stands."""
    from netto_tui.recovery.head_evidence import evidence

    config = session.load_config()
    with session.open() as vault:
        digest = vault.digest()
        with vault.reader() as reader:
            totals = reader.totals()
            rows = {row.name: row for row in reader.replicas()}
        seen = evidence(vault, config)
    standings = [_standing(one.name, one.kind, rows.get(one.name), totals.conversations) for one in config.replicas]
    if session.json:
        output.document(
            {
                "conversations": totals.conversations,
                "messages": totals.messages,
                "revisions": totals.revisions,
                "digest": digest,
                "conflicts": totals.conflicts,
                "replicas": [{**_status(one), "heads": _heads(seen.get(one.name))} for one in standings],
            }
        )
        return
    output.line(
        f"{many(totals.conversations, 'conversation')}, {many(totals.messages, 'message')},"
        f" {many(totals.revisions, 'revision')}, {many(totals.conflicts, 'conflict')}"
    )
    output.line(f"digest {digest}")
    output.line()
    output.table(
        [
            (
                one.name,
                one.kind,
                one.state,
                one.verified,
                one.pending,
                session.local(one.verified_at).strip() or "never",
            )
            for one in standings
        ],
        heads=("replica", "kind", "state", "verified", "pending", "verified at"),
    )
    for standing in standings:
        if standing.last_error:
            output.line(safe_line(f"{standing.name}: {standing.last_error}"))
        if standing.withheld:
            what = many(standing.withheld, "conversation")
            output.line(f"{standing.name}: part of {what} is withheld, see: netto-tui list has:secret")
        if standing.name in seen and seen[standing.name].fault:
            output.line(safe_line(f"{standing.name}: {seen[standing.name].fault}"))
        if standing.meters:
            from netto_tui.recovery.meters import words

            left = ", ".join(words(meter, session.zone) for meter in standing.meters)
            output.line(f"{standing.name}: {left}")


def _heads(seen: Evidence | None) -> dict[str, Any] | None:
    """What the signed heads of a sealed replica showed; None for one that has none."""
    if seen is None:
        return None
    alarms = [{"code": alarm.code, "text": alarm.text, "at": alarm.at} for alarm in seen.alarms]
    return {"branch": seen.branch, "seq": seen.seq, "at": seen.at or None, "alarms": alarms}


def _standing(name: str, kind: str, row: ReplicaRow | None, conversations: int) -> Standing:
    if row is None:
        return Standing(name, kind, "never", 0, conversations, "", "")
    return Standing(
        name,
        kind,
        row.state,
        row.verified,
        row.pending,
        row.verified_at,
        row.last_error,
        row.meters,
        row.sealed,
        row.withheld,
    )


def _status(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.name,
        "kind": standing.kind,
        "state": standing.state,
        "verified": standing.verified,
        "pending": standing.pending,
        "verified_at": standing.verified_at or None,
        "sealed": standing.sealed,
        "withheld": standing.withheld,
        "meters": [
            {"name": meter.name, "left": meter.left, "limit": meter.limit or None, "until": meter.until or None}
            for meter in standing.meters
        ],
    }

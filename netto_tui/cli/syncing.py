"""`sync`: making the replicas equal, now or for as long as it runs, and leaving some of them alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
    from netto_tui.sync.events import PassReport, SyncEvent

SEVERITY = (5, 4, 2, 1, 3)
"""Which exit code wins where stores give several: what is wrong goes before what was not reached."""


@command("sync", short_help="Make the vault and its replicas equal, and prove it.")
@click.option("--watch", is_flag=True, help="Go on until Ctrl+C; --json then gives a document a line.")
@click.option("--rebuild", is_flag=True, help="Make the named replicas whole, though they look lost or damaged.")
@click.option("--pause", "paused", flag_value=True, type=bool, default=None, help="Leave them alone until --resume.")
@click.option("--resume", "paused", flag_value=False, type=bool, help="Keep paused ones equal again.")
@click.argument("replicas", nargs=-1)
def sync(session: Session, replicas: tuple[str, ...], watch: bool, rebuild: bool, paused: bool | None) -> int:
    """Make the vault and its REPLICAS equal: pull, merge, push, read back, compare.

    Without names it goes over all of them, and looks first what is new at the sources that are watched.
    A paused replica is left alone, also by the app and by --watch, until it is resumed.
    """
    if paused is not None:
        return _pause(session, replicas, paused, watch or rebuild)
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
    for each in map(config.replica, replicas):
        if each.paused:
            raise UsageError(f"{each.name} is paused.", remedy=f"Resume it with: netto-tui sync --resume {each.name}")
    chosen = replicas or tuple(each.name for each in config.replicas if not each.paused)
    if not chosen:
        raise UsageError("Every replica is paused.", remedy="Resume them with: netto-tui sync --resume")
    reports, conflicts = _sync_once(session, config, chosen, rebuild, look=not replicas)
    if session.json:
        output.document({"replicas": [_report(report) for report in reports], "conflicts": conflicts})
    else:
        _print(reports, conflicts)
    for each in config.replicas:
        if each.paused:
            diagnostics.note(f"{each.name} is paused and left alone. Resume it: netto-tui sync --resume {each.name}")
    return worst(report.exit_code for report in reports)


def _pause(session: Session, names: tuple[str, ...], paused: bool, also: bool) -> int:
    """Note which replicas are left alone; a worker that runs notices within a second."""
    from netto_tui.config import pause

    if also:
        raise UsageError("--pause and --resume stand alone.", remedy="Leave --watch and --rebuild out.")
    session.open().close()
    config = pause(session.config_path, names, paused)
    if session.json:
        output.document({"replicas": [{"name": each.name, "paused": each.paused} for each in config.replicas]})
    else:
        output.table([(each.name, each.kind, "paused" if each.paused else "kept equal") for each in config.replicas])
    return 0


def worst(codes: Iterable[int]) -> int:
    """The one exit code for several results."""
    found = set(codes)
    return next((code for code in SEVERITY if code in found), 0)


def _sync_once(
    session: Session, config: Config, names: tuple[str, ...], rebuild: bool, look: bool
) -> tuple[list[PassReport], int]:
    """One round over the named replicas; look: at the sources first. The reports, and how many conflicts there are."""
    from netto_tui.sync.journal import Journal
    from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
    from netto_tui.sync.watch import Watch

    with session.open() as vault, cancelling() as cancel:
        journal = Journal(vault, tell_alert)
        replicas = open_replicas(vault, config, names, cancel)
        try:
            if look:
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

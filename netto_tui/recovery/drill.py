"""A drill: restore a replica into a temporary place, to know that it can be done, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from netto_tui.errors import Cancelled, NettoError
from netto_tui.model.clock import to_instant
from netto_tui.recovery.restore import restore_to
from netto_tui.recovery.staging import temporary_place
from netto_tui.replicas.base import Replica
from netto_tui.sync import events
from netto_tui.sync.journal import Journal
from netto_tui.vault.reader import Reader
from netto_tui.vault.vault import Vault

_KEY = "drill:"


@dataclass(frozen=True)
class DrillReport:
    """How a drill went; at: RFC 3339 in UTC. digest: of what was restored and read back."""

    name: str
    at: str
    ok: bool
    digest: str
    conversations: int
    seconds: float
    error: str = ""


def drill(vault: Vault, replicas: Sequence[Replica], listener: events.Listener | None = None) -> list[DrillReport]:
    """Try a restore of each replica and remember the outcome; the vault itself is not touched.

    Raises Cancelled when a replica's `cancel` is set; those that were tried before it are remembered.
    """
    reports = []
    for replica in replicas:
        reports.append(_drill_one(vault, replica, listener))
        _remember(vault, reports[-1])
    return reports


def _remember(vault: Vault, report: DrillReport) -> None:
    with vault.transaction() as sql:
        row = (f"{_KEY}{report.name}", msgspec.json.encode(report).decode())
        sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", row)
    journal = Journal(vault, lambda _event: None)
    if report.ok:
        journal(events.Drilled(report.at, report.name, report.conversations, report.seconds))
    else:
        journal(events.DrillFailed(report.at, report.name, report.error, report.seconds))
    journal.flush()


def _drill_one(vault: Vault, replica: Replica, listener: events.Listener | None) -> DrillReport:
    began, at = time.monotonic(), to_instant(vault.clock.now())
    try:
        with temporary_place(vault, "drill") as place:
            report = restore_to(place, replica, listener=listener)
    except Cancelled:
        raise
    except NettoError as error:
        return DrillReport(replica.name, at, False, "", 0, time.monotonic() - began, str(error))
    return DrillReport(replica.name, at, True, report.digest, report.conversations, time.monotonic() - began)


def last_drills(source: Vault | Reader) -> dict[str, DrillReport]:
    """The last drill of each replica, by its name; from a reader nothing else that runs is waited for."""
    rows = _select(source, "SELECT value FROM meta WHERE key >= ? AND key < ?", (_KEY, "drill;"))
    reports = [msgspec.json.decode(value, type=DrillReport) for (value,) in rows]
    return {report.name: report for report in reports}


def _select(source: Vault | Reader, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    return list(source.select(query, values) if isinstance(source, Reader) else source.sql.execute(query, values))


@dataclass(frozen=True)
class PastDrill:
    """One line of the history of drills; at: RFC 3339 in UTC. detail: how much and how long, or what went wrong."""

    at: str
    name: str
    ok: bool
    detail: str


def past_drills(source: Vault | Reader, limit: int = 1000) -> list[PastDrill]:
    """The drills that the journal knows of, latest first."""
    query = "SELECT at, replica, kind, detail FROM journal WHERE kind IN (?, ?) ORDER BY id DESC LIMIT ?"
    kinds = (events.Drilled.__name__, events.DrillFailed.__name__)
    rows = _select(source, query, (*kinds, limit))
    return [PastDrill(at, name, kind == kinds[0], detail) for at, name, kind, detail in rows]

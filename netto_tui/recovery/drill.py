"""A drill: restore a replica into a temporary place, to know that it can be done, and how long it takes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from netto_tui.errors import Cancelled, NettoError
from netto_tui.files import make_folder
from netto_tui.model.clock import to_instant
from netto_tui.recovery.restore import restore_to
from netto_tui.replicas.base import Replica
from netto_tui.sync import events
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
    """Try a restore of each replica and remember the outcome; the vault itself is not touched."""
    reports = [_drill_one(vault, replica, listener) for replica in replicas]
    with vault.transaction() as sql:
        for report in reports:
            row = (f"{_KEY}{report.name}", msgspec.json.encode(report).decode())
            sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", row)
    return reports


def _drill_one(vault: Vault, replica: Replica, listener: events.Listener | None) -> DrillReport:
    make_folder(vault.path / "staging")
    place = Path(mkdtemp(prefix="drill-", dir=vault.path / "staging"))
    began, at = time.monotonic(), to_instant(vault.clock.now())
    try:
        report = restore_to(place, replica, listener=listener)
    except Cancelled:
        raise
    except NettoError as error:
        return DrillReport(replica.name, at, False, "", 0, time.monotonic() - began, str(error))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return DrillReport(replica.name, at, True, report.digest, report.conversations, time.monotonic() - began)


def last_drills(vault: Vault) -> dict[str, DrillReport]:
    """The last drill of each replica, by its name."""
    rows = vault.sql.execute("SELECT value FROM meta WHERE key >= ? AND key < ?", (_KEY, "drill;")).fetchall()
    reports = [msgspec.json.decode(value, type=DrillReport) for (value,) in rows]
    return {report.name: report for report in reports}

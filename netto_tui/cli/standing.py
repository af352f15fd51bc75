"""`status`: how much there is, and how every replica stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netto_tui.recovery.head_evidence import Evidence
    from netto_tui.sync.history import DayTally
    from netto_tui.vault.rows import JournalRow, ReplicaRow


@command("status", short_help="Show how much there is, and how every replica stands.")
@click.option("--journal", type=click.IntRange(0), default=0, metavar="N", help="The last N lines of the journal too.")
def status(session: Session, journal: int) -> None:
    """Show how much there is, and how every replica stands."""
    from netto_tui.recovery.head_evidence import evidence
    from netto_tui.sync.history import history, with_titles
    from netto_tui.sync.journal import sentence
    from netto_tui.sync.standing import replica_rows

    config = session.load_config()
    with session.open() as vault:
        digest = vault.digest()
        with vault.reader() as reader:
            totals = reader.totals()
            rows = replica_rows(config, reader)
            days = history(reader, vault.clock.now())
            lines = with_titles(reader, reader.journal(journal))
        seen = evidence(vault, config)
    if session.json:
        output.document(
            {
                "conversations": totals.conversations,
                "messages": totals.messages,
                "revisions": totals.revisions,
                "digest": digest,
                "conflicts": totals.conflicts,
                "replicas": [
                    {**_status(row), "heads": _heads(seen.get(row.name)), "days": _days(days.get(row.name, ()))}
                    for row in rows
                ],
                **({"journal": [_line(line) for line in lines]} if journal else {}),
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
        [_cells(session, row) for row in rows],
        heads=("replica", "kind", "state", "verified", "ahead", "behind", "conflicts", "verified at", "next run"),
    )
    for row in rows:
        _tell_more(session, row, seen.get(row.name))
    for line in reversed(lines):
        said = sentence(line.kind, line.titled or line.detail)
        output.line(safe_line(f"{session.local(line.at)}  {line.replica or 'vault'}: {said}"))


def _cells(session: Session, row: ReplicaRow) -> tuple[object, ...]:
    """One replica as a line of the table."""
    return (
        row.name,
        row.kind,
        row.state,
        row.verified,
        row.pending,
        "?" if row.behind is None else str(row.behind),
        row.conflicts,
        session.local(row.verified_at).strip() or "never",
        session.local(row.next_run).strip() or "-",
    )


def _tell_more(session: Session, row: ReplicaRow, seen: Evidence | None) -> None:
    """What of a replica is worth a sentence."""
    if row.last_error:
        output.line(safe_line(f"{row.name}: {row.last_error}"))
    if row.paused:
        output.line(f"{row.name}: paused, nothing goes there until: netto-tui sync --resume {row.name}")
    if row.withheld:
        what = many(row.withheld, "conversation")
        output.line(f"{row.name}: part of {what} is withheld, see: netto-tui list has:secret")
    if seen is not None and seen.fault:
        output.line(safe_line(f"{row.name}: {seen.fault}"))
    if row.meters:
        from netto_tui.recovery.meters import words

        left = ", ".join(words(meter, session.zone) for meter in row.meters)
        output.line(f"{row.name}: {left}")


def _heads(seen: Evidence | None) -> dict[str, Any] | None:
    """What the signed heads of a sealed replica showed; None for one that has none."""
    if seen is None:
        return None
    alarms = [{"code": alarm.code, "text": alarm.text, "at": alarm.at} for alarm in seen.alarms]
    return {"branch": seen.branch, "seq": seen.seq, "at": seen.at or None, "alarms": alarms}


def _days(tallies: Sequence[DayTally]) -> list[dict[str, Any]]:
    """What happened with a replica on each of the last days that the journal knows."""
    return [
        {"day": each.day, "pushed": each.pushed, "pulled": each.pulled, "failures": each.failures}
        for each in tallies
        if each.looked
    ]


def _line(line: JournalRow) -> dict[str, str]:
    from netto_tui.sync.journal import sentence

    return {"at": line.at, "replica": line.replica, "kind": line.kind, "text": sentence(line.kind, line.detail)}


def _status(row: ReplicaRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "state": row.state,
        "paused": row.paused,
        "verified": row.verified,
        "pending": row.pending,
        "behind": row.behind,
        "conflicts": row.conflicts,
        "verified_at": row.verified_at or None,
        "next_run": row.next_run or None,
        "failures": row.failures,
        "error": row.last_error or None,
        "sealed": row.sealed,
        "withheld": row.withheld,
        "meters": [
            {"name": meter.name, "left": meter.left, "limit": meter.limit or None, "until": meter.until or None}
            for meter in row.meters
        ],
    }

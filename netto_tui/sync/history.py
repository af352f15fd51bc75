"""What the journal tells: its lines page by page, and what happened with each replica on the last days."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from netto_tui.model.clock import to_instant
from netto_tui.security.display import safe_line
from netto_tui.sync.journal import FAILED
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import JournalRow

DAYS = 14

_NAMED = re.compile(r"\bc_[0-9a-f]{8}(?:[0-9a-f]{24})?\b")
"""The id of a conversation in a line; lines of an earlier version have its beginning only."""

_TITLES = (
    "SELECT value, max(title) FROM json_each(?) JOIN conversations ON name >= value AND name < value || '~'"
    " WHERE visible AND title <> '' GROUP BY value HAVING count(*) = 1"
)

_TITLE_LENGTH = 40


@dataclass(frozen=True, slots=True)
class DayTally:
    """One replica on one day, `YYYY-MM-DD` in the vault's zone.

    pushed, pulled: revisions. failures: faults that began or lasted. looked: whether a pass said anything at all.
    """

    day: str
    pushed: int = 0
    pulled: int = 0
    failures: int = 0
    looked: bool = False


def history(reader: Reader, now_ms: int, days: int = DAYS) -> dict[str, tuple[DayTally, ...]]:
    """For each replica that the journal knows, its last days, oldest first and today last.

    What the journal has forgotten already is missing: it keeps a number of lines, not of days.
    """
    today = datetime.fromtimestamp(now_ms / 1000, reader.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    names = [f"{today - timedelta(days=back):%Y-%m-%d}" for back in reversed(range(days))]
    begin = to_instant(round((today - timedelta(days=days - 1)).timestamp() * 1000))
    found = reader.select(
        "SELECT substr(at, 1, 16), replica, kind, sum(CAST(replace(detail, ' ', '') AS INTEGER)) FROM journal"
        " WHERE at >= ? AND replica <> '' GROUP BY 1, 2, 3",
        (begin,),
    )
    tallies: dict[str, dict[str, DayTally]] = {}
    for minute, replica, kind, count in found:
        day = f"{datetime.fromisoformat(minute + '+00:00').astimezone(reader.zone):%Y-%m-%d}"
        kept = tallies.setdefault(replica, {name: DayTally(name) for name in names})
        if day in kept:
            kept[day] = _with(kept[day], kind, count)
    return {replica: tuple(kept.values()) for replica, kept in tallies.items()}


def _with(tally: DayTally, kind: str, count: int) -> DayTally:
    return replace(
        tally,
        pushed=tally.pushed + (count if kind == "Pushed" else 0),
        pulled=tally.pulled + (count if kind == "Pulled" else 0),
        failures=tally.failures + (kind == FAILED),
        looked=True,
    )


def journal_count(reader: Reader, replica: str | None = None) -> int:
    """How many lines the journal has, or has about one replica; "" is the vault itself."""
    if replica is None:
        return int(reader.first("SELECT count(*) FROM journal"))
    return int(reader.first("SELECT count(*) FROM journal WHERE replica = ?", (replica,)))


def journal_page(reader: Reader, replica: str | None, offset: int, limit: int) -> list[JournalRow]:
    """A page of the journal with titles, latest line first; of one replica, or all for None."""
    where, values = ("", ()) if replica is None else ("WHERE replica = ?", (replica,))
    query = f"SELECT at, replica, kind, detail FROM journal {where} ORDER BY id DESC LIMIT ? OFFSET ?"
    return with_titles(reader, [JournalRow(*row) for row in reader.select(query, (*values, limit, offset))])


def with_titles(reader: Reader, lines: Sequence[JournalRow]) -> list[JournalRow]:
    """Lines of the journal with the conversations that they name called by their titles, read in one query.

    What was deleted, was never here, has no title, or could be several keeps its id.
    """
    named = {name for line in lines for name in _NAMED.findall(line.detail)}
    if not named:
        return list(lines)
    found = reader.select(_TITLES, [json.dumps(sorted(named))])
    titles = {name: f"“{safe_line(title, _TITLE_LENGTH)}”" for name, title in found}

    def told(line: JournalRow) -> str:
        said = _NAMED.sub(lambda name: titles.get(name[0], name[0]), line.detail)
        return said if said != line.detail else ""

    return [replace(line, titled=told(line)) for line in lines]

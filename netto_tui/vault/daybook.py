"""What a day shows: the messages behind a daily file, and the days that a conversation touches."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from netto_tui.model.clock import local_day
from netto_tui.vault import schema
from netto_tui.vault.reader import Reader

_QUARTER_MS = 900_000
_FIRST_QUARTER = 96
"""Zones differ by quarters of an hour; before the first day of 1970 is over, nothing is dated."""


class DayMessage(NamedTuple):
    """One message as a daily file shows it; clock: `HH:MM` in the vault's zone, at: ms, for order."""

    conversation: str
    title: str
    item: str
    revision: str
    role: str
    author: str
    at: int
    clock: str
    text: str


def day_messages(reader: Reader, day: str, *, screened: bool = False) -> list[DayMessage]:
    """What was said on a day, `YYYY-MM-DD` in the vault's zone, by time; with that day's notes last.

    screened: without what holds a credential, and with those in titles masked.
    """
    start = datetime.fromisoformat(day).replace(tzinfo=reader.zone)
    moments = (round(moment.timestamp() * 1000) for moment in (start, _next_day(start)))
    bounds = [min(moment, schema.LAST_MS + 1) << schema.SLOT_BITS for moment in moments]
    notes = f"memory/{day}.md"
    found = reader.select(
        "SELECT name, title, item, revision, role, author, messages.id >> ?, ifnull(prose, text), kind,"
        " secrets"
        " FROM messages JOIN conversations ON conversations.id = conversation"
        " WHERE messages.id >= ? AND messages.id < ? AND kind = 'message' AND NOT hidden AND text <> ''"
        " UNION ALL SELECT name, title, item, revision, role, author, 1 << 60, text, kind, secrets FROM messages"
        " JOIN conversations ON conversations.id = conversation WHERE name = ? AND item = ?",
        (schema.SLOT_BITS, *bounds, reader.notes, notes),
    )
    if screened:
        from netto_tui.security import redact
    messages = [
        DayMessage(
            name,
            redact.mask(title) if screened else title,
            item,
            revision.hex(),
            role or "notes",
            author,
            at,
            "notes" if kind == "document" else f"{datetime.fromtimestamp(at / 1000, reader.zone):%H:%M}",
            text,
        )
        for name, title, item, revision, role, author, at, text, kind, secrets in found
        if text and not (screened and secrets)
    ]
    return sorted(messages, key=lambda message: (message.at, message.conversation, message.item))


def days_of(reader: Reader, name: str) -> set[str]:
    """The days, `YYYY-MM-DD` in the vault's zone, on which a conversation has or had dated messages."""
    query = (
        f"SELECT DISTINCT (messages.id >> {schema.SLOT_BITS}) / {_QUARTER_MS} FROM messages"
        " WHERE conversation = (SELECT id FROM conversations WHERE name = ?) AND kind = 'message' AND NOT hidden"
    )
    said = (
        f"SELECT DISTINCT at / {_QUARTER_MS} FROM revisions WHERE kind = 'message'"
        " AND conversation = (SELECT id FROM conversations WHERE name = ?)"
    )
    quarters = {row[0] for each in (query, said) for row in reader.select(each, (name,))}
    days = {local_day(reader.zone, quarter * 15) for quarter in quarters if quarter >= _FIRST_QUARTER}
    if name == reader.notes:
        notes = "SELECT item FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
        days.update(item[7:17] for (item,) in reader.select(notes, (name,)))
    return days


def message_days(reader: Reader) -> list[str]:
    """Every day, `YYYY-MM-DD` in the vault's zone, on which something dated was said; looks at all messages."""
    query = (
        f"SELECT DISTINCT (id >> {schema.SLOT_BITS}) / {_QUARTER_MS} FROM messages"
        " WHERE kind = 'message' AND NOT hidden"
    )
    return sorted(
        {local_day(reader.zone, quarter * 15) for (quarter,) in reader.select(query) if quarter >= _FIRST_QUARTER}
    )


def conversations_on(reader: Reader, day: str) -> set[str]:
    """The conversations that a daily file shows."""
    return {message.conversation for message in day_messages(reader, day)}


def conversation_of_revision(reader: Reader, beginning: str, item: str) -> str | None:
    """The conversation that holds the revision of an item whose id begins so; None if there is none."""
    query = (
        "SELECT name FROM revisions JOIN conversations ON conversations.id = conversation"
        " WHERE revisions.id >= ? AND revisions.id < ? AND item = ? LIMIT 1"
    )
    low, high = (bytes.fromhex(beginning.ljust(64, digit)) for digit in "0f")
    found = reader.first(query, (low, high, item))
    return None if found is None else str(found)


def _next_day(start: datetime) -> datetime:
    return (start + timedelta(days=1)).replace(hour=0) if start.date() < date.max else start

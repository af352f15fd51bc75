"""Answering questions from the index, page by page: lists, transcripts, search and status.

A million messages are meant. Rowids of messages are in time order, so the newest hits come
first without sorting, a date range is a range of rowids, and a query stops at its limit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from netto_tui.errors import Cancelled
from netto_tui.model.clock import to_instant
from netto_tui.model.query import Query, Term
from netto_tui.vault import rows, schema

_CONVERSATION = (
    "SELECT name, title, first_at, updated, messages, documents, source, state, conflicts, day, revisions"
    " FROM conversations"
)
_EVER = (0, (1 << 63) - 1)
_LAST_MINUTE = 253_402_214_400 // 60
"""The first minute of the last day of the year 9999, beyond which a calendar in another zone may end."""

SNIPPET = 160
"""Characters of a hit's text that are shown."""


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


class Reader:
    """One read-only connection. Use it on one thread; `interrupt` alone may come from another."""

    def __init__(self, path: Path, zone: ZoneInfo, notes: str = "") -> None:
        self.path = path
        self.zone = zone
        self._notes = notes
        self._exchanged = 0
        self._connect()

    def _connect(self) -> None:
        self._file = schema.file_number(self.path)
        self._sql = schema.connect_reader(self.path)
        self._sql.create_function("contains", 2, _contains, deterministic=True)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()

    def interrupt(self) -> None:
        """Stop the query that is running now; it raises Cancelled."""
        self._sql.interrupt()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            if schema.file_number(self.path) not in (0, self._file):
                self._sql.close()
                self._connect()
                self._exchanged += 1
            yield from self._sql.execute(query, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise Cancelled("The search was replaced by a newer one.") from error
            raise schema.damaged_index(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise schema.damaged_index(self.path, error) from error

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        return next(self._rows(query, values), (None,))[0]

    def version(self) -> int:
        """A number that changes whenever another connection changed the index."""
        return int(self._one("PRAGMA data_version")) + (self._exchanged << 32)

    def totals(self) -> rows.Totals:
        """How much the vault holds, deleted conversations left out."""
        query = (
            "SELECT count(*) FILTER (WHERE visible), ifnull(sum(messages), 0), ifnull(sum(revisions), 0),"
            " ifnull(sum(conflicts), 0) FROM conversations"
        )
        return rows.Totals(*next(self._rows(query)))

    def conversation(self, name: str) -> rows.ConversationRow | None:
        """One conversation's row; None if it is not here."""
        found = next(self._rows(f"{_CONVERSATION} WHERE name = ? AND revisions", (name,)), None)
        return _conversation(found) if found else None

    def beginning_with(self, prefix: str, limit: int = 10) -> list[str]:
        """The ids of conversations that begin with these characters."""
        query = "SELECT name FROM conversations WHERE name >= ? AND name < ? AND revisions ORDER BY name LIMIT ?"
        return [row[0] for row in self._rows(query, (prefix, prefix + "~", limit))]

    def last_item(self, name: str) -> str | None:
        """The last message of a transcript that is shown and on the active branch."""
        query = (
            "SELECT item FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
            " AND kind = 'message' AND branch AND NOT hidden ORDER BY id DESC LIMIT 1"
        )
        found = self._one(query, (name,))
        return None if found is None else str(found)

    def origins(self, revisions: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Whence revisions came: `local`, or every replica that brought them."""
        marks = ",".join("?" * len(revisions))
        query = f"SELECT id, origin FROM revisions WHERE id IN ({marks})"
        found = self._rows(query, [bytes.fromhex(name) for name in revisions])
        return {name.hex(): tuple(origin.split()) for name, origin in found}

    def conversations(self, query: Query, offset: int = 0, limit: int = 200) -> list[rows.ConversationRow]:
        """Conversations that match, latest start first; with words, those with a matching message, latest hit first."""
        if query.terms:
            names = islice(self._with_hits(query), offset, offset + limit)
            return [row for name in names if (row := self.conversation(name))]
        where, values = _conversation_filter(query)
        found = self._rows(
            f"{_CONVERSATION} WHERE {where} ORDER BY first_at DESC, id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_conversation(row) for row in found]

    def count(self, query: Query) -> int:
        """How many conversations match."""
        if query.terms:
            return sum(1 for _ in self._with_hits(query))
        where, values = _conversation_filter(query)
        return int(self._one(f"SELECT count(*) FROM conversations WHERE {where}", values))

    def _with_hits(self, query: Query) -> Iterator[str]:
        """Each conversation with a matching message once, the one with the latest hit first."""
        seen: set[str] = set()
        for row in self._matches("conversations.name", query):
            if row[0] not in seen:
                seen.add(row[0])
                yield row[0]

    def days(self, query: Query) -> list[rows.DayCount]:
        """How many matching conversations began on each day, latest day first."""
        where, values = _conversation_filter(query)
        quarters = self._rows(
            f"SELECT first_at / 900000, count(*) FROM conversations WHERE {where} GROUP BY 1 ORDER BY 1 DESC", values
        )
        named = (("" if at is None else local_day(self.zone, at * 15), count) for at, count in quarters)
        return [rows.DayCount(day, sum(n for _, n in group)) for day, group in groupby(named, lambda pair: pair[0])]

    def message_count(self, name: str) -> int:
        """How many rows a transcript has, hidden ones included."""
        query = "SELECT count(*) FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
        return int(self._one(query, (name,)))

    def messages(self, name: str, offset: int = 0, limit: int = 200) -> list[rows.MessageRow]:
        """A page of a transcript in reading order: after the parent, then by time."""
        found = self._rows(
            "SELECT item, revision, kind, role, author, sent, text, conflict, hidden, branch FROM messages"
            " WHERE conversation = (SELECT id FROM conversations WHERE name = ?) ORDER BY id LIMIT ? OFFSET ?",
            (name, limit, offset),
        )
        return [
            rows.MessageRow(
                name,
                item,
                revision.hex(),
                kind,
                role,
                author,
                _instant(sent),
                text,
                conflict,
                bool(hidden),
                bool(branch),
            )
            for item, revision, kind, role, author, sent, text, conflict, hidden, branch in found
        ]

    def position(self, name: str, item: str) -> int:
        """Where a message stands in its transcript, from 0; 0 for one that is not there."""
        return int(
            self._one(
                "SELECT count(*) FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?1)"
                " AND id < (SELECT messages.id FROM messages JOIN conversations ON conversations.id = conversation"
                " WHERE name = ?1 AND item = ?2)",
                (name, item),
            )
        )

    def search(self, query: Query, limit: int = 50, offset: int = 0) -> list[rows.Hit]:
        """Messages that match, newest first. A text that several conversations share shows once."""
        columns = "conversations.name, messages.item, messages.sent, messages.role, conversations.title, messages.text"
        return [
            rows.Hit(name, item, _instant(sent), role, title, snippet(text, query.terms))
            for name, item, sent, role, title, text in islice(
                _distinct(self._matches(columns, query)), offset, offset + limit
            )
        ]

    def search_count(self, query: Query, at_most: int = 10_000) -> int:
        """How many messages match, counted up to a bound."""
        return sum(1 for _ in islice(self._matches("1", query), at_most))

    def _matches(self, columns: str, query: Query) -> Iterator[tuple[Any, ...]]:
        """Matching messages, newest first; CROSS JOIN keeps the full text index in front."""
        since, until = _EVER
        if query.since is not None:
            since = min(query.since, schema.LAST_MS) << schema.SLOT_BITS
        if query.until is not None and query.until <= schema.LAST_MS:
            until = query.until << schema.SLOT_BITS
        where = ["messages.id >= ?", "messages.id < ?", "NOT messages.hidden"]
        values: list[Any] = [since, until]
        indexed = [term for term in query.terms if any(map(str.isalnum, term.text))]
        source, order = "messages", "messages.id"
        if indexed:
            source, order = "words CROSS JOIN messages ON messages.id = words.rowid", "words.rowid"
            where[:2] = ["words MATCH ?", "words.rowid >= ?", "words.rowid < ?"]
            values.insert(0, " ".join(map(_match, indexed)))
        for term in query.terms:
            if term not in indexed:  # signs and emoji, which are no words for the full text index
                where.append("contains(messages.text, ?)")
                values.append(term.text)
        for column, wanted in (("messages.role", query.roles), ("conversations.source", query.sources)):
            if wanted:
                where.append(f"{column} IN ({','.join('?' * len(wanted))})")
                values.extend(wanted)
        for word in query.title:
            where.append("contains(conversations.title, ?)")
            values.append(word)
        states = {"conflict": "messages.conflict <> ''", "document": "messages.kind = 'document'"}
        for state in query.states:
            where.append(states.get(state) or _STATES[state])
        return self._rows(
            f"SELECT {columns} FROM {source} CROSS JOIN conversations ON conversations.id = messages.conversation"
            f" WHERE {' AND '.join(where)} ORDER BY {order} DESC",
            values,
        )

    def day_messages(self, day: str) -> list[DayMessage]:
        """What was said on a day, `YYYY-MM-DD` in the vault's zone, by time; with that day's notes last."""
        start = datetime.fromisoformat(day).replace(tzinfo=self.zone)
        bounds = [round(moment.timestamp() * 1000) << schema.SLOT_BITS for moment in (start, _next_day(start))]
        notes = f"memory/{day}.md"
        found = self._rows(
            "SELECT name, title, item, revision, role, author, messages.id >> ?, ifnull(prose, text), kind"
            " FROM messages JOIN conversations ON conversations.id = conversation"
            " WHERE messages.id >= ? AND messages.id < ? AND kind = 'message' AND NOT hidden AND text <> ''"
            " UNION ALL SELECT name, title, item, revision, role, author, 1 << 60, text, kind FROM messages"
            " JOIN conversations ON conversations.id = conversation WHERE name = ? AND item = ?",
            (schema.SLOT_BITS, *bounds, self._notes, notes),
        )
        messages = [
            DayMessage(
                name,
                title,
                item,
                revision.hex(),
                role or "notes",
                author,
                at,
                "notes" if kind == "document" else f"{datetime.fromtimestamp(at / 1000, self.zone):%H:%M}",
                text,
            )
            for name, title, item, revision, role, author, at, text, kind in found
            if text
        ]
        return sorted(messages, key=lambda message: (message.at, message.conversation, message.item))

    def days_of(self, name: str) -> set[str]:
        """The days, `YYYY-MM-DD` in the vault's zone, on which a conversation has or had dated messages."""
        query = (
            f"SELECT DISTINCT (messages.id >> {schema.SLOT_BITS}) / 900000 FROM messages"
            " WHERE conversation = (SELECT id FROM conversations WHERE name = ?) AND kind = 'message' AND NOT hidden"
        )
        said = (
            "SELECT DISTINCT at / 900000 FROM revisions WHERE kind = 'message'"
            " AND conversation = (SELECT id FROM conversations WHERE name = ?)"
        )
        quarters = {row[0] for each in (query, said) for row in self._rows(each, (name,))}
        days = {local_day(self.zone, quarter * 15) for quarter in quarters if quarter >= 96}
        if name == self._notes:
            notes = "SELECT item FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
            days.update(item[7:17] for (item,) in self._rows(notes, (name,)))
        return days

    def message_days(self) -> list[str]:
        """Every day, `YYYY-MM-DD` in the vault's zone, on which something dated was said; looks at all messages."""
        query = (
            f"SELECT DISTINCT (id >> {schema.SLOT_BITS}) / 900000 FROM messages WHERE kind = 'message' AND NOT hidden"
        )
        return sorted({local_day(self.zone, quarter * 15) for (quarter,) in self._rows(query) if quarter >= 96})

    def conversations_on(self, day: str) -> set[str]:
        """The conversations that a daily file shows."""
        return {message.conversation for message in self.day_messages(day)}

    def conversation_of_revision(self, beginning: str, item: str) -> str | None:
        """The conversation that holds the revision of an item whose id begins so; None if there is none."""
        query = (
            "SELECT name FROM revisions JOIN conversations ON conversations.id = conversation"
            " WHERE revisions.id >= ? AND revisions.id < ? AND item = ? LIMIT 1"
        )
        low, high = (bytes.fromhex(beginning.ljust(64, digit)) for digit in "0f")
        found = self._one(query, (low, high, item))
        return None if found is None else str(found)

    def conflicts(self, offset: int = 0, limit: int = 200) -> list[rows.ConflictRow]:
        """Items that wait for a person, in the latest conversations first."""
        found = self._rows(
            "SELECT name, conflicts.item, title, conflicts.kind, count(DISTINCT body), max(revisions.at)"
            " FROM conflicts JOIN conversations ON conversations.id = conflicts.conversation"
            " JOIN revisions ON revisions.conversation = conflicts.conversation AND revisions.item = conflicts.item"
            " AND head GROUP BY conflicts.conversation, conflicts.item ORDER BY first_at DESC, conflicts.item"
            " LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return [
            rows.ConflictRow(name, item, title, kind, versions, _instant(at))
            for name, item, title, kind, versions, at in found
        ]

    def replicas(self) -> list[rows.ReplicaRow]:
        """How every replica stands, in the order of their names."""
        total = int(self._one("SELECT count(*) FROM conversations WHERE revisions"))
        found = list(
            self._rows(
                "SELECT name, kind, target, state, verified_at, error, failures, retry_at,"
                " root <> '' AND root = (SELECT value FROM meta WHERE key = 'root') FROM replicas ORDER BY name"
            )
        )
        result = []
        for name, kind, target, state, verified_at, error, failures, retry_at, equal in found:
            verified = total if equal else self._verified(name)
            if state == "ok" and verified < total:
                state = "behind"
            result.append(
                rows.ReplicaRow(
                    name,
                    kind,
                    target,
                    state,
                    verified,
                    total - verified,
                    verified_at,
                    error,
                    failures,
                    _instant(retry_at),
                )
            )
        return result

    def _verified(self, replica: str) -> int:
        query = (
            "SELECT count(*) FROM ledger JOIN conversations ON conversations.id = conversation"
            " AND conversations.digest = ledger.digest WHERE replica = ? AND revisions AND NOT recheck"
        )
        return int(self._one(query, (replica,)))

    def replica_marks(self, names: Sequence[str]) -> dict[str, dict[str, bool]]:
        """For each conversation: which replicas have it, verified, exactly as it is here."""
        marks: dict[str, dict[str, bool]] = {name: {} for name in names}
        found = self._rows(
            "SELECT conversations.name, replicas.name, ifnull(ledger.digest = conversations.digest AND NOT recheck, 0)"
            " FROM conversations CROSS JOIN replicas"
            " LEFT JOIN ledger ON ledger.conversation = conversations.id AND ledger.replica = replicas.name"
            f" WHERE conversations.name IN ({','.join('?' * len(names))}) ORDER BY replicas.name",
            list(names),
        )
        for name, replica, verified in found:
            marks[name][replica] = bool(verified)
        return marks

    def journal(self, limit: int = 200) -> list[rows.JournalRow]:
        """What was done, latest first."""
        found = self._rows("SELECT at, replica, kind, detail FROM journal ORDER BY id DESC LIMIT ?", (limit,))
        return [rows.JournalRow(*row) for row in found]


_STATES = {
    "conflict": "conversations.conflicts > 0",
    "document": "conversations.documents > 0",
    "pinned": "instr(conversations.state, 'pinned')",
    "archived": "instr(conversations.state, 'archived')",
    "deleted": "instr(conversations.state, 'gone')",
}


def _conversation_filter(query: Query) -> tuple[str, list[Any]]:
    where, values = ["visible"], list[Any]()
    if query.since is not None:
        where.append("first_at >= ?")
        values.append(query.since)
    if query.until is not None:
        where.append("first_at < ?")
        values.append(query.until)
    if query.sources:
        where.append(f"source IN ({','.join('?' * len(query.sources))})")
        values.extend(query.sources)
    for role in query.roles:
        where.append(
            "EXISTS (SELECT 1 FROM messages WHERE conversation = conversations.id AND role = ? AND NOT hidden)"
        )
        values.append(role)
    for word in query.title:
        where.append("contains(title, ?)")
        values.append(word)
    where.extend(_STATES[state] for state in query.states)
    return " AND ".join(where), values


def _match(term: Term) -> str:
    """A term in the query language of FTS5, where a quoted string is only a string."""
    quoted = '"' + term.text.replace('"', '""') + '"'
    return f"{quoted} *" if term.prefix else quoted


def _contains(text: str, word: str) -> bool:
    return word.casefold() in text.casefold()


def _distinct(matches: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Leave out copies: forks and resumed sessions repeat what was said before."""
    seen: set[tuple[int, str, int]] = set()
    for row in matches:
        key = (row[2], row[3], hash(row[5]))
        if key not in seen:
            seen.add(key)
            yield row


def snippet(text: str, terms: Sequence[Term]) -> str:
    """One line of a text around the first word that was searched for, at most SNIPPET characters."""
    folded = text.lower()
    found = [at for term in terms if (at := folded.find(term.text.lower())) >= 0]
    start = max(0, min(found, default=0) - SNIPPET // 3)
    cut = " ".join(text[start : start + 2 * SNIPPET].split())[:SNIPPET]
    return f"…{cut}" if start else cut


def _next_day(start: datetime) -> datetime:
    return (start + timedelta(days=1)).replace(hour=0)


@lru_cache(maxsize=4096)
def local_day(zone: ZoneInfo, minute: int) -> str:
    """The day in a zone, `YYYY-MM-DD`, of a minute since 1970."""
    return f"{datetime.fromtimestamp(min(minute, _LAST_MINUTE) * 60, zone):%Y-%m-%d}"


def _instant(ms: int | None) -> str:
    return to_instant(ms) if ms else ""


def _conversation(row: tuple[Any, ...]) -> rows.ConversationRow:
    name, title, first_at, updated, messages, documents, source, state, conflicts, day, revisions = row
    return rows.ConversationRow(
        name,
        title,
        _instant(first_at),
        _instant(updated),
        messages,
        documents,
        source,
        tuple(state.split()),
        conflicts,
        day,
        revisions,
    )

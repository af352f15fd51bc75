"""Answering questions from the index, page by page: lists, transcripts, search and status.

A million messages are meant. Rowids of messages are in time order, so the newest hits come
first without sorting, a date range is a range of rowids, and a query stops at its limit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from netto_tui.errors import Cancelled
from netto_tui.model.clock import local_days, to_instant
from netto_tui.model.query import Query
from netto_tui.vault import rows, schema
from netto_tui.vault.searching import (
    WITH_CREDENTIALS,
    contains,
    conversation_filter,
    distinct,
    matching_messages,
    shown,
    snippet,
)

_CONVERSATION = (
    "SELECT name, title, first_at, updated, messages, documents, source, state, conflicts, day, revisions,"
    f" tags, {WITH_CREDENTIALS} FROM conversations"
)

_MESSAGE = (
    "SELECT item, revision, kind, role, author, sent, text, conflict, hidden, branch, secrets,"
    " CASE WHEN prose IS NULL THEN '' WHEN prose = '' THEN 'all' ELSE 'some' END FROM messages"
)


class Reader:
    """One read-only connection. Use it on one thread; `interrupt` alone may come from another."""

    def __init__(self, path: Path, zone: ZoneInfo, notes: str = "") -> None:
        self.path = path
        self.zone = zone
        self.notes = notes
        self._exchanged = 0
        self._connect()

    def _connect(self) -> None:
        self._file = schema.file_number(self.path)
        self._sql = schema.connect_reader(self.path)
        self._sql.create_function("contains", 2, contains, deterministic=True)

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

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query of ours. Raises Cancelled after `interrupt`, VaultError for a damaged index."""
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

    def first(self, query: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None if there is none."""
        return next(self.select(query, values), (None,))[0]

    def version(self) -> int:
        """A number that changes whenever another connection changed the index."""
        return int(self.first("PRAGMA data_version")) + (self._exchanged << 32)

    def totals(self) -> rows.Totals:
        """How much the vault holds, deleted conversations left out."""
        query = (
            "SELECT count(*) FILTER (WHERE visible), ifnull(sum(messages), 0), ifnull(sum(revisions), 0),"
            " ifnull(sum(conflicts), 0) FROM conversations"
        )
        return rows.Totals(*next(self.select(query)))

    def conversation(self, name: str) -> rows.ConversationRow | None:
        """One conversation's row; None if it is not here."""
        return next(iter(self.named([name])), None)

    def named(self, names: Sequence[str]) -> list[rows.ConversationRow]:
        """The rows of some conversations, in this order, as far as they are here."""
        query = f"{_CONVERSATION} WHERE name IN (SELECT value FROM json_each(?)) AND revisions"
        found = {row.conversation: row for row in map(_conversation, self.select(query, (json.dumps(list(names)),)))}
        return [found[name] for name in names if name in found]

    def beginning_with(self, prefix: str, limit: int = 10) -> list[str]:
        """The ids of conversations that begin with these characters."""
        query = "SELECT name FROM conversations WHERE name >= ? AND name < ? AND revisions ORDER BY name LIMIT ?"
        return [row[0] for row in self.select(query, (prefix, prefix + "~", limit))]

    def last_item(self, name: str) -> str | None:
        """The last message of a transcript that is shown and on the active branch."""
        query = (
            "SELECT item FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
            " AND kind = 'message' AND branch AND NOT hidden ORDER BY id DESC LIMIT 1"
        )
        found = self.first(query, (name,))
        return None if found is None else str(found)

    def origins(self, revisions: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Whence revisions came: `local`, or every replica that brought them."""
        marks = ",".join("?" * len(revisions))
        query = f"SELECT id, origin FROM revisions WHERE id IN ({marks})"
        found = self.select(query, [bytes.fromhex(name) for name in revisions])
        return {name.hex(): tuple(origin.split()) for name, origin in found}

    def conversations(self, query: Query, offset: int = 0, limit: int = 200) -> list[rows.ConversationRow]:
        """Conversations that match, latest start first; with words, those with a matching message, latest hit first."""
        if query.terms:
            names = islice(self._with_hits(query), offset, offset + limit)
            return [row for name in names if (row := self.conversation(name))]
        where, values = conversation_filter(query)
        found = self.select(
            f"{_CONVERSATION} WHERE {where} ORDER BY first_at DESC, id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_conversation(row) for row in found]

    def count(self, query: Query) -> int:
        """How many conversations match."""
        if query.terms:
            return sum(1 for _ in self._with_hits(query))
        where, values = conversation_filter(query)
        return int(self.first(f"SELECT count(*) FROM conversations WHERE {where}", values))

    def _with_hits(self, query: Query) -> Iterator[str]:
        """Each conversation with a matching message once, the one with the latest hit first."""
        seen: set[str] = set()
        for row in self._matches("conversations.name", query):
            if row[0] not in seen:
                seen.add(row[0])
                yield row[0]

    def days(self, query: Query) -> list[rows.DayCount]:
        """How many matching conversations began on each day, latest day first."""
        where, values = conversation_filter(query)
        statement = f"SELECT first_at / 900000, count(*) FROM conversations WHERE {where} GROUP BY 1 ORDER BY 1 DESC"
        quarters = list(self.select(statement, values))
        days = local_days(self.zone, (at for at, _ in quarters))
        named = zip(days, (count for _, count in quarters), strict=True)
        return [rows.DayCount(day, sum(n for _, n in group)) for day, group in groupby(named, lambda pair: pair[0])]

    def message_count(self, name: str) -> int:
        """How many rows a transcript has, hidden ones included."""
        query = "SELECT count(*) FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
        return int(self.first(query, (name,)))

    def messages(self, name: str, offset: int = 0, limit: int = 200) -> list[rows.MessageRow]:
        """A page of a transcript in reading order: after the parent, then by time."""
        found = self.select(
            f"{_MESSAGE} WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
            " ORDER BY id LIMIT ? OFFSET ?",
            (name, limit, offset),
        )
        return [_message(name, row) for row in found]

    def messages_at(self, name: str, places: Sequence[int]) -> list[rows.MessageRow]:
        """The messages of a transcript at some places (see vault.branches), in reading order."""
        found = self.select(f"{_MESSAGE} WHERE id IN ({','.join('?' * len(places))}) ORDER BY id", places)
        return [_message(name, row) for row in found]

    def position(self, name: str, item: str) -> int:
        """Where a message stands in its transcript, from 0; 0 for one that is not there."""
        return int(
            self.first(
                "SELECT count(*) FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?1)"
                " AND id < (SELECT messages.id FROM messages JOIN conversations ON conversations.id = conversation"
                " WHERE name = ?1 AND item = ?2)",
                (name, item),
            )
        )

    def search(self, query: Query, limit: int = 50, offset: int = 0, *, reveal: bool = False) -> list[rows.Hit]:
        """Messages that match, newest first. A text that several conversations share shows once.

        reveal: show credentials as they are; else they are named instead.
        """
        columns = (
            "conversations.name, messages.item, messages.sent, messages.role, conversations.title, messages.text,"
            " messages.secrets"
        )
        return [
            rows.Hit(
                name,
                item,
                _instant(sent),
                role,
                title,
                snippet(shown(text, masked=secrets and not reveal), query.terms),
            )
            for name, item, sent, role, title, text, secrets in islice(
                distinct(self._matches(columns, query)), offset, offset + limit
            )
        ]

    def search_count(self, query: Query, at_most: int = 10_000) -> int:
        """How many messages match, counted up to a bound."""
        return sum(1 for _ in islice(self._matches("1", query), at_most))

    def _matches(self, columns: str, query: Query) -> Iterator[tuple[Any, ...]]:
        return self.select(*matching_messages(columns, query))

    def conflicts(self, offset: int = 0, limit: int = 200) -> list[rows.ConflictRow]:
        """Items that wait for a person, in the latest conversations first."""
        found = self.select(
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
        total = int(self.first("SELECT count(*) FROM conversations WHERE revisions"))
        found = list(
            self.select(
                "SELECT name, kind, target, state, verified_at, error, failures, retry_at,"
                " root <> '' AND root = (SELECT value FROM meta WHERE key = 'root'), meters,"
                " CASE WHEN json_valid(marker) THEN ifnull(marker ->> 'keys', '') <> '' END FROM replicas ORDER BY name"
            )
        )
        result = []
        for name, kind, target, state, verified_at, error, failures, retry_at, equal, meters, sealed in found:
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
                    _meters(meters),
                    bool(sealed),
                    0 if equal else self._withheld(name),
                )
            )
        return result

    def _verified(self, replica: str) -> int:
        query = (
            "SELECT count(*) FROM ledger JOIN conversations ON conversations.id = conversation"
            " AND conversations.digest = ledger.digest WHERE replica = ? AND revisions AND NOT recheck"
        )
        return int(self.first(query, (replica,)))

    def _withheld(self, replica: str) -> int:
        query = (
            "SELECT count(*) FROM ledger JOIN conversations ON id = conversation WHERE replica = ?"
            " AND withheld = conversations.digest AND ledger.digest IS NOT conversations.digest"
        )
        return int(self.first(query, (replica,)))

    def replica_marks(self, names: Sequence[str]) -> dict[str, dict[str, bool]]:
        """For each conversation: which replicas have it, verified, exactly as it is here."""
        marks: dict[str, dict[str, bool]] = {name: {} for name in names}
        found = self.select(
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
        found = self.select("SELECT at, replica, kind, detail FROM journal ORDER BY id DESC LIMIT ?", (limit,))
        return [rows.JournalRow(*row) for row in found]


def _instant(ms: int | None) -> str:
    return to_instant(ms) if ms else ""


def _conversation(row: tuple[Any, ...]) -> rows.ConversationRow:
    name, title, first_at, updated, messages, documents, source, state, conflicts, day, revisions, tags, secrets = row
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
        bool(secrets),
        tuple(tags.split()),
    )


def _message(name: str, row: tuple[Any, ...]) -> rows.MessageRow:
    item, revision, kind, role, author, sent, text, conflict, hidden, branch, secrets, asides = row
    flags = (conflict, bool(hidden), bool(branch), bool(secrets))
    return rows.MessageRow(name, item, revision.hex(), kind, role, author, _instant(sent), text, *flags, asides)


def _meters(text: str) -> tuple[rows.MeterRow, ...]:
    """What the ledger noted of quotas; nothing where it cannot be read."""
    try:
        return tuple(
            rows.MeterRow(str(one["name"]), int(one["left"]), int(one["limit"]), _instant(int(one["until_ms"])))
            for one in json.loads(text)
        )
    except (ValueError, KeyError, TypeError):
        return ()

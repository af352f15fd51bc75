"""Documents in SQLite: what survives when the server is killed.

One connection behind one lock. Times are whole microseconds since 1970 and rise strictly with every commit,
across restarts too. `root=None` keeps everything in memory.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from google.cloud.firestore_v1.types import document as document_types
from google.protobuf.timestamp_pb2 import Timestamp

from tests.servers.firestore import names

DocumentMessage = document_types.Document.pb()
ValueMessage = document_types.Value.pb()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS databases(name TEXT PRIMARY KEY, incarnation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents(database TEXT NOT NULL, key BLOB NOT NULL, parent BLOB NOT NULL,
  collection TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS by_key ON documents(database, key);
CREATE INDEX IF NOT EXISTS by_parent ON documents(database, parent, key);
CREATE INDEX IF NOT EXISTS by_collection ON documents(database, collection, key);
CREATE TABLE IF NOT EXISTS deletions(database TEXT NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(database, key));
CREATE TABLE IF NOT EXISTS clock(last INTEGER NOT NULL);
INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM clock);
"""


def timestamp(micros: int) -> Timestamp:
    """A wire timestamp of microseconds since 1970."""
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def micros(stamp: Timestamp) -> int:
    """Microseconds since 1970 of a wire timestamp."""
    return int(stamp.seconds * 1_000_000 + stamp.nanos // 1000)


@dataclass
class Row:
    """A stored document. `data` is its fields as the wire encodes them, `created` and `updated` are microseconds."""

    key: bytes
    data: bytes
    created: int
    updated: int

    @cached_property
    def fields(self) -> Any:
        """The fields, a map of names to values; not to be changed."""
        return DocumentMessage.FromString(self.data).fields

    def message(self, database: str) -> Any:
        """The whole document as it is sent."""
        return self.named(DocumentMessage.FromString(self.data), database)

    def named(self, message: Any, database: str) -> Any:
        """This message with the document's name and times."""
        message.name = names.full_name(database, self.key)
        message.create_time.CopyFrom(timestamp(self.created))
        message.update_time.CopyFrom(timestamp(self.updated))
        return message


@dataclass(frozen=True)
class Scope:
    """Where a query looks: `collection` below the document `parent` (b"" is the root).

    collection: "" is any collection. deep: at any depth, not only right below.
    """

    parent: bytes
    collection: str
    deep: bool

    def holds(self, key: bytes) -> bool:
        """Whether a document is in it."""
        start, end = names.below(self.parent)
        home = names.parent(key)
        return (
            start <= key < end
            and (self.deep or names.parent(home) == self.parent)
            and self.collection in ("", names.last(home))
        )


class Store:
    """All databases of a server. Whoever reads or writes holds `lock` for as long as it needs one state.

    Raises RuntimeError when another server uses the directory.
    """

    def __init__(self, root: Path | None) -> None:
        self._owner: FileLock | None = None
        if root:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._owner = FileLock(root / "in-use", thread_local=False)
            try:
                self._owner.acquire(timeout=0)
            except Timeout as error:
                raise RuntimeError(f"Another server uses {root}: end it first, or choose another directory.") from error
        self.lock = threading.RLock()
        self._rows = sqlite3.connect(
            root / "firestore.db" if root else ":memory:", isolation_level=None, check_same_thread=False
        )
        self._rows.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self.last: int = self._rows.execute("SELECT last FROM clock").fetchone()[0]

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._rows.close()
            if self._owner:
                self._owner.release()

    def create(self, database: str) -> None:
        """Make a database, unless it exists."""
        with self.lock:
            self._rows.execute("INSERT OR IGNORE INTO databases VALUES (?, ?)", (database, uuid.uuid4().hex))

    def remove(self, database: str, *, keep_empty: bool) -> None:
        """Lose every document of a database; with `keep_empty` the database itself stays, as a new incarnation."""
        with self.lock:
            self._rows.execute("DELETE FROM documents WHERE database = ?", (database,))
            self._rows.execute("DELETE FROM deletions WHERE database = ?", (database,))
            self._rows.execute("DELETE FROM databases WHERE name = ?", (database,))
            if keep_empty:
                self.create(database)

    def incarnation(self, database: str) -> str | None:
        """An id that changes when the database is emptied or rolled back; None when there is no such database."""
        with self.lock:
            row = self._rows.execute("SELECT incarnation FROM databases WHERE name = ?", (database,)).fetchone()
        return row[0] if row else None

    def next_time(self) -> int:
        """A commit time later than every earlier one."""
        return max(time.time_ns() // 1000, self.last + 1)

    def read_time(self) -> int:
        """The time of a reading: not before the last commit."""
        return max(time.time_ns() // 1000, self.last)

    def get(self, database: str, key: bytes) -> Row | None:
        """One document."""
        sql = "SELECT key, data, created, updated FROM documents WHERE database = ? AND key = ?"
        row = self._rows.execute(sql, (database, key)).fetchone()
        return Row(*row) if row else None

    def put(self, database: str, changes: Mapping[bytes, Row | None], at: int) -> None:
        """Write documents (None deletes) in one transaction, as the commit of that time."""
        with self.lock, self._rows:
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.execute("UPDATE clock SET last = ?", (at,))
            for key, row in changes.items():
                self._rows.execute("DELETE FROM documents WHERE database = ? AND key = ?", (database, key))
                if row is None:
                    self._rows.execute("INSERT OR REPLACE INTO deletions VALUES (?, ?, ?)", (database, key, at))
                    continue
                home = names.parent(key)
                values = (database, key, home, names.last(home), row.created, row.updated, row.data)
                self._rows.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self.last = at

    def scan(self, database: str, scope: Scope, start: bytes = b"") -> Iterator[Row]:
        """The documents of a scope from a key on, in the order of their names. Hold the lock meanwhile."""
        low, high = names.below(scope.parent)
        sql, values = "key >= ? AND key < ?", list[Any]([max(low, start), high])
        if scope.collection and not scope.deep:
            home = b"\0".join(filter(None, (scope.parent, scope.collection.encode())))
            sql, values = "parent = ? AND key >= ?", [home, start]
        elif scope.collection:
            sql, values = "collection = ? AND " + sql, [scope.collection, *values]
        sql = f"SELECT key, data, created, updated FROM documents WHERE database = ? AND {sql} ORDER BY key"  # noqa: S608  # fixed texts
        return (row for row in map(_row, self._rows.execute(sql, (database, *values))) if scope.holds(row.key))

    def changed_since(self, database: str, at: int) -> set[bytes]:
        """The keys written or deleted after a time."""
        written = "SELECT key FROM documents WHERE database = ? AND updated > ?"
        deleted = "SELECT key FROM deletions WHERE database = ? AND at > ?"
        found = self._rows.execute(f"{written} UNION {deleted}", (database, at, database, at))
        return {row[0] for row in found}

    def segments(self, database: str, prefix: bytes) -> Iterator[str]:
        """The segments that follow a prefix, each once, in order. Hold the lock meanwhile."""
        low, high = names.below(prefix)
        start = low
        sql = "SELECT key FROM documents WHERE database = ? AND key >= ? AND key < ? ORDER BY key LIMIT 1"
        while row := self._rows.execute(sql, (database, start, high)).fetchone():
            segment = row[0][len(low) :].split(b"\0")[0]
            start = low + segment + b"\1"
            yield segment.decode()

    def snapshot(self) -> sqlite3.Connection:
        """A copy of everything, for `roll_back`."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self.lock:
            self._rows.backup(copy)
        return copy

    def roll_back(self, copy: sqlite3.Connection) -> None:
        """Be what that copy was, as new incarnations; the clock does not go back."""
        with self.lock:
            copy.backup(self._rows)
            self._rows.execute("UPDATE clock SET last = ?", (self.last,))
            self._rows.execute("UPDATE databases SET incarnation = lower(hex(randomblob(16)))")

    def paths(self, database: str, prefix: bytes) -> list[str]:
        """The paths of all documents below a prefix, in order."""
        sql = "SELECT key FROM documents WHERE database = ? AND key >= ? AND key < ? ORDER BY key"
        with self.lock:
            return [names.path_of(row[0]) for row in self._rows.execute(sql, (database, *names.below(prefix)))]


def _row(values: tuple[bytes, bytes, int, int]) -> Row:
    return Row(*values)

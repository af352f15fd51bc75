"""What was read from a Firestore replica, kept here so that reading on costs only what is new.

It may be deleted at any time, and nothing is proven by it: headers come from the server each time,
and what it holds is used only where it agrees with them. It also counts what a day has cost.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from netto_tui.errors import Unreachable
from netto_tui.files import make_private
from netto_tui.replicas.firestore_documents import Header

_VERSION = 1
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE headers (name TEXT PRIMARY KEY, day TEXT, count INTEGER, digest TEXT, updated INTEGER) WITHOUT ROWID;
CREATE TABLE messages (conversation TEXT, name TEXT, sealed BLOB, UNIQUE (conversation, name));
CREATE TABLE spent (day TEXT PRIMARY KEY, reads INTEGER, writes INTEGER) WITHOUT ROWID;
CREATE TABLE reading (cut_off INTEGER);
"""

_KEPT_DAYS = 10
"""Of so many days it is remembered what they have cost."""

_HEADS = (
    "CREATE TABLE IF NOT EXISTS standing (at INTEGER, n INTEGER)",
    "CREATE TABLE parts (prefix TEXT PRIMARY KEY, digest TEXT, count INTEGER, newest INTEGER) WITHOUT ROWID",
    "INSERT INTO parts SELECT DISTINCT substr(name, 1, 2), NULL, 0, 0 FROM headers",
    "CREATE TRIGGER header_put AFTER INSERT ON headers BEGIN"
    " INSERT OR REPLACE INTO parts VALUES (substr(new.name, 1, 2), NULL, 0, 0); END",
    "CREATE TRIGGER header_gone AFTER DELETE ON headers BEGIN"
    " INSERT OR REPLACE INTO parts VALUES (substr(old.name, 1, 2), NULL, 0, 0); END",
)
"""Where the replica was when every header was here, and digests of the headers by the first two letters of the name.

They are made beside the rest, so that a copy without them goes on. A digest that is NULL is to be made again.
"""

T = TypeVar("T")


class Copy:
    """One file; opened when it is first needed, and made anew when it is damaged. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._sql: sqlite3.Connection | None = None

    def header(self, name: str) -> Header | None:
        """A conversation's header as it was last seen."""
        query = "SELECT day, count, digest, updated FROM headers WHERE name = ?"
        row = self._do(lambda sql: sql.execute(query, (name,)).fetchone())
        return Header(*row) if row else None

    def headers(self) -> dict[str, Header]:
        """Every header that was seen, by name."""
        query = "SELECT name, day, count, digest, updated FROM headers"
        return self._do(lambda sql: {name: Header(*rest) for name, *rest in sql.execute(query)})

    def part(self, prefix: str) -> dict[str, Header]:
        """The headers of the conversations whose name begins with two letters, in order."""
        query = "SELECT name, day, count, digest, updated FROM headers WHERE name >= ? AND name < ? ORDER BY name"
        ends = (prefix, prefix + chr(0x10FFFF))
        return self._do(lambda sql: {name: Header(*rest) for name, *rest in sql.execute(query, ends)})

    def parts(self, digest: Callable[[Mapping[str, Header]], str]) -> dict[str, tuple[str, int]]:
        """By the first two letters of their names the digest of headers, and how many messages they count."""
        for (prefix,) in self._do(lambda sql: sql.execute("SELECT prefix FROM parts WHERE digest IS NULL").fetchall()):
            headers = self.part(prefix)
            newest = max((header.updated for header in headers.values()), default=0)
            self._note_part(prefix, digest(headers) if headers else "", count_messages(headers), newest)
        query = "SELECT prefix, digest, count FROM parts WHERE digest <> ''"
        return self._do(lambda sql: {prefix: (text, int(count)) for prefix, text, count in sql.execute(query)})

    def _note_part(self, *row: object) -> None:
        self._do(lambda sql: sql.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", row))

    def newest(self) -> int:
        """The latest time of any header, once `parts` made all digests."""
        return int(self._do(lambda sql: sql.execute("SELECT ifnull(max(newest), 0) FROM parts").fetchone()[0]))

    def standing(self) -> tuple[int, int] | None:
        """The time and sequence of the user document up to which the headers are all there are."""
        row = self._do(lambda sql: sql.execute("SELECT at, n FROM standing").fetchone())
        return (int(row[0]), int(row[1])) if row else None

    def stand(self, at: int, n: int) -> None:
        """Note that the headers are all there are at this time and sequence."""

        def note(sql: sqlite3.Connection) -> None:
            sql.execute("DELETE FROM standing")
            sql.execute("INSERT INTO standing VALUES (?, ?)", (at, n))

        self._do(note)

    def put_headers(self, headers: Mapping[str, Header]) -> None:
        """Note headers as they were just seen."""
        rows = [(name, each.day, each.count, each.digest, each.updated) for name, each in headers.items()]
        self._do(lambda sql: sql.executemany("INSERT OR REPLACE INTO headers VALUES (?, ?, ?, ?, ?)", rows))

    def drop_headers(self, names: Iterable[str]) -> None:
        """Forget headers that are not there any more."""
        rows = [(name,) for name in names]
        self._do(lambda sql: sql.executemany("DELETE FROM headers WHERE name = ?", rows))

    def names(self, conversation: str) -> set[str]:
        """Of the messages that were read whole and right."""
        query = "SELECT name FROM messages WHERE conversation = ?"
        return self._do(lambda sql: {name for (name,) in sql.execute(query, (conversation,))})

    def messages(self, conversation: str) -> dict[str, bytes]:
        """The sealed records of a conversation by the names of their documents."""
        query = "SELECT name, sealed FROM messages WHERE conversation = ?"
        return self._do(lambda sql: dict(sql.execute(query, (conversation,)).fetchall()))

    def add(self, conversation: str, messages: Mapping[str, bytes]) -> None:
        """Keep messages beside those that are here."""
        rows = [(conversation, name, sealed) for name, sealed in messages.items()]
        self._do(lambda sql: sql.executemany("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)", rows))

    def drop(self, conversation: str) -> None:
        """Forget the messages of a conversation."""
        self._do(lambda sql: sql.execute("DELETE FROM messages WHERE conversation = ?", (conversation,)))

    def clear(self) -> None:
        """Forget every conversation, not what was spent."""
        self._do(
            lambda sql: sql.executescript(
                "DELETE FROM headers; DELETE FROM messages; DELETE FROM reading; DELETE FROM standing;"
            )
        )

    def interrupted(self) -> int:
        """When the day's quota cut off a reading of everything, ms since 1970; 0 where none was."""
        row = self._do(lambda sql: sql.execute("SELECT cut_off FROM reading").fetchone())
        return int(row[0]) if row else 0

    def interrupt(self, at_ms: int) -> None:
        """Note that a reading of everything was cut off; 0: it was not."""

        def note(sql: sqlite3.Connection) -> None:
            sql.execute("DELETE FROM reading")
            if at_ms:
                sql.execute("INSERT INTO reading VALUES (?)", (at_ms,))

        self._do(note)

    def spend(self, day: str, reads: int, writes: int) -> None:
        """Add to what a day has cost."""
        query = (
            "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
            " reads = reads + excluded.reads, writes = writes + excluded.writes"
        )
        self._do(lambda sql: sql.execute(query, (day, reads, writes)))

    def spent(self, day: str) -> tuple[int, int]:
        """Reads and writes of a day."""
        row = self._do(lambda sql: sql.execute("SELECT reads, writes FROM spent WHERE day = ?", (day,)).fetchone())
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._close()

    def _close(self) -> None:
        sql, self._sql = self._sql, None
        if sql is not None:
            with suppress(sqlite3.Error):
                sql.close()

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """One step; on a file that is damaged it is done again on a new one."""
        with self._guard:
            try:
                return self._step(action)
            except sqlite3.OperationalError as error:
                self._close()
                raise Unreachable(
                    f"The local copy {self._path} cannot be used: {error}.",
                    remedy="Make room on the disk, or delete that file: it is made anew.",
                ) from error
            except sqlite3.DatabaseError:
                self._close()
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                return self._step(action)

    def _step(self, action: Callable[[sqlite3.Connection], T]) -> T:
        if self._sql is None:
            self._sql = self._open()
        with self._sql:
            return action(self._sql)

    def _open(self) -> sqlite3.Connection:
        make_private(self._path)
        sql = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
        try:
            sql.execute("PRAGMA journal_mode = WAL")
            sql.execute("PRAGMA synchronous = NORMAL")
            if sql.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                sql.execute("BEGIN IMMEDIATE")  # another process may be at it
                if sql.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                        sql.execute(f'DROP TABLE "{name}"')  # names of our own earlier tables
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        sql.execute(statement)
                sql.commit()
            if not sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'parts'").fetchone():
                sql.execute("BEGIN IMMEDIATE")
                if not sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'parts'").fetchone():
                    for statement in _HEADS:
                        sql.execute(statement)
                sql.commit()
            sql.execute(
                "DELETE FROM spent WHERE day NOT IN (SELECT day FROM spent ORDER BY day DESC LIMIT ?)", (_KEPT_DAYS,)
            )
            sql.commit()
        except BaseException:
            sql.close()
            raise
        return sql


def count_messages(headers: Mapping[str, Header]) -> int:
    """How many messages headers count; a damaged one counts none."""
    return sum(max(0, header.count) for header in headers.values())

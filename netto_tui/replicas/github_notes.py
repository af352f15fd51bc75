"""What is remembered of a repository at GitHub beside its objects: it lies in the copy, and can be lost at any time."""

from __future__ import annotations

import json
import sqlite3
import weakref
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netto_tui.errors import Unreachable
from netto_tui.files import make_private

_TABLE = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT, proof INTEGER) WITHOUT ROWID"

_IN_THE_WAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""What the disk or another process says no to: making the file anew would not help."""


class Notes:
    """Values by name. What is damaged, or of another version, counts as never noted.

    Each call raises Unreachable where the folder cannot be used at all.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notes.db"
        self._sql: sqlite3.Connection | None = None
        self._finalize: Callable[[], object] | None = None

    def get(self, name: str) -> Any:
        """A note, None when there is none."""
        for value, proof in self._run("SELECT value, proof FROM notes WHERE name = ?", name):
            if proof == _proof(name, value):
                return json.loads(value)
        return None

    def put(self, name: str, value: Any) -> None:
        """Keep a note; None drops it."""
        if value is None:
            self._run("DELETE FROM notes WHERE name = ?", name)
        else:
            text = json.dumps(value)
            self._run("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", name, text, _proof(name, text))

    def close(self) -> None:
        """Close the database."""
        if self._finalize is not None:
            self._finalize()
        self._sql = self._finalize = None

    def _run(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives; a database that is damaged or of another version is made anew for it."""
        try:
            try:
                return self._opened().execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                if _code(error) in _IN_THE_WAY and error.sqlite_errorcode != sqlite3.SQLITE_READONLY_DBMOVED:
                    raise
                self.close()
                for path in self._path.parent.glob(f"{self._path.name}*"):
                    path.unlink(missing_ok=True)
                return self._opened().execute(query, values).fetchall()
        except (sqlite3.DatabaseError, OSError) as error:
            self.close()
            raise unusable(self._path.parent, error) from error

    def _opened(self) -> sqlite3.Connection:
        if self._sql is None:
            make_private(self._path)
            sql = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
            self._finalize = weakref.finalize(self, sql.close)
            self._sql = sql
            sql.execute("PRAGMA journal_mode = WAL")
            sql.execute("PRAGMA synchronous = NORMAL")
            sql.execute(_TABLE)
        return self._sql


def unusable(folder: Path, error: Exception) -> Unreachable:
    """The error for a copy that the disk does not let us use."""
    why = getattr(error, "strerror", None) or str(error)
    return Unreachable(
        f"The copy in {folder} cannot be used: {why}.",
        remedy="Check the space and the permissions there; the copy may be deleted, it is made again.",
    )


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary code of an error, without what extends it; 0 for one of Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _proof(name: str, value: object) -> int:
    """A checksum: SQLite does not notice a damaged byte in a value."""
    return zlib.crc32(f"{name}\0{value}".encode("utf-8", "surrogatepass"))

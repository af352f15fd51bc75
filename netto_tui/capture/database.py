"""Reading a foreign SQLite database that its owner may be writing to, without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from netto_tui.capture.decoding import LIMIT
from netto_tui.capture.reading import CHUNK, Damaged, decompress, was_rewritten

PAGE = 200
"""Rows per query: each is a read transaction of its own, so that the owner's checkpoints are not held up."""


FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged database raises; the second where its own error message is no text."""


class Database:
    """A read-only connection. Raises one of FAULTS where the file is no database or is damaged.

    With a write-ahead log beside it, the database may be in use and is opened in the ordinary
    read-only way. Without one nobody writes; SQLite is told so, because it would create the log.
    `changed` tells if that assumption broke.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = path.stat()
        self.is_live = _log_of(path).exists()
        mode = "mode=ro" if self.is_live else "mode=ro&immutable=1"
        self.sql = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?{mode}", uri=True, check_same_thread=False
        )
        try:
            self._prepare()
        except FAULTS:
            self.sql.close()
            raise

    @classmethod
    def of(cls, sql: sqlite3.Connection, path: Path) -> Database:
        """A database that was made in memory from the export at a path."""
        made = cls.__new__(cls)
        made.path, made.before, made.is_live, made.sql = path, path.stat(), True, sql
        made._prepare()
        return made

    def _prepare(self) -> None:
        self.sql.row_factory = sqlite3.Row
        self.sql.text_factory = lambda data: data.decode("utf-8", "replace")
        self.sql.execute("PRAGMA query_only=ON")
        self.sql.execute("PRAGMA trusted_schema=OFF")
        self.sql.execute("PRAGMA cell_size_check=ON")
        found = self.sql.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        self.tables = {str(row["name"]): str(row["sql"]) for row in found}

    def close(self) -> None:
        """Let go of the file."""
        self.sql.close()

    @property
    def changed(self) -> bool:
        """Whether somebody began to write to a database that nobody wrote to when it was opened."""
        return not self.is_live and (was_rewritten(self.path, self.before) or _log_of(self.path).exists())

    @property
    def version(self) -> int:
        """The schema version that its owner has set."""
        return int(self.sql.execute("PRAGMA user_version").fetchone()[0])

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table; empty when there is no such table."""
        if table not in self.tables:
            return frozenset()
        return frozenset(row["name"] for row in self.sql.execute(f"PRAGMA table_info({table})"))

    def rows(self, table: str, without: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a table in the order of writing, with whatever columns it has; none where there is no table.

        `$row` names the row for `blob`.
        """
        columns = sorted(self.columns(table) - set(without))
        if not columns:
            return
        names = ", ".join(f'"{name}"' for name in columns)
        if self.tables[table].rstrip().upper().endswith("WITHOUT ROWID"):
            yield from map(dict, self.sql.execute(f"SELECT {names} FROM {table}"))  # noqa: S608 names from the schema
            return
        last, full = -1, True
        while full:
            page = self.sql.execute(
                f'SELECT rowid AS "$row", {names} FROM {table}'  # noqa: S608 names from the schema itself
                f" WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}",
                (last,),
            ).fetchall()
            yield from map(dict, page)
            full = len(page) == PAGE
            last = page[-1]["$row"] if page else last

    def blob(self, table: str, column: str, row: int) -> Iterator[bytes]:
        """One binary of any size, about a megabyte at a time."""
        with self.sql.blobopen(table, column, row, readonly=True) as blob:
            while chunk := blob.read(CHUNK):
                yield chunk


def unpack(data: bytes) -> bytes:
    """One compressed row. Raises Damaged, also when it unpacks to more than the limit."""
    size, pieces = 0, []
    for piece in decompress([data]):
        size += len(piece)
        if size > LIMIT:
            raise Damaged(f"a row that unpacks to more than {LIMIT >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _log_of(path: Path) -> Path:
    return Path(f"{os.fspath(path)}-wal")

"""Reading a foreign SQLite database that its owner may be writing to, without leaving a trace."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
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

    With the index of a write-ahead log, or a rollback journal, beside it, the database may be in use
    and is opened in the ordinary read-only way. Otherwise nobody writes, and SQLite is kept from
    making files beside it: it is told so, or, where a crash left a log, it gets a private copy of both.
    `changed` tells if that assumption broke.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = path.stat()
        self.log = _size(path, "-wal")
        self.is_live = bool(_size(path, "-shm") or _size(path, "-journal"))
        mode = "mode=ro" if self.is_live or self.log else "mode=ro&immutable=1"
        self.copy: TemporaryDirectory[str] | None = None
        if self.log and not self.is_live:
            self.copy = TemporaryDirectory(prefix="netto-tui-")
            path = Path(self.copy.name, "copy.sqlite")
            for suffix in ("", "-wal"):
                shutil.copyfile(_beside(self.path, suffix), _beside(path, suffix))
        self.sql = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?{mode}", uri=True, check_same_thread=False
        )
        try:
            self._prepare()
        except FAULTS:
            self.close()
            raise

    @classmethod
    def of(cls, sql: sqlite3.Connection, path: Path) -> Database:
        """A database that was made in memory from the export at a path."""
        made = cls.__new__(cls)
        made.path, made.before, made.is_live, made.log = path, path.stat(), True, 0
        made.sql, made.copy = sql, None
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
        if self.copy is not None:
            self.copy.cleanup()

    @property
    def changed(self) -> bool:
        """Whether somebody began to write to a database that nobody wrote to when it was opened."""
        return not self.is_live and (was_rewritten(self.path, self.before) or _size(self.path, "-wal") != self.log)

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


def why(error: Exception) -> str:
    """Why a database cannot be read, from one of FAULTS."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another program has it locked; import it again when that is done"
    if name.startswith("SQLITE_READONLY"):
        return "its last change is unfinished; open it once with the program that it belongs to, then import it again"
    return str(name)


def _beside(path: Path, suffix: str) -> Path:
    return Path(f"{os.fspath(path)}{suffix}")


def _size(path: Path, suffix: str) -> int:
    """The size of a file that SQLite keeps beside a database; 0 when there is none."""
    try:
        return _beside(path, suffix).stat().st_size
    except OSError:
        return 0

"""The full text index: changes gather here and go in together, in the order of their rowids.

FTS5 keeps new words in memory until a commit or until a rowid is not above the last one, and
writes a segment then. In order, one transaction makes one segment; out of order it makes dozens.
Segments are merged by a bounded step after each write, so that neither a search nor a single
append ever pays for all of it.
"""

from __future__ import annotations

import sqlite3

GATHERED_BYTES = 4 * 2**20
"""About how much text waits in memory before it is written."""

MERGE_TEXTS = 64
MERGE_PAGES = 250
"""After so many texts, so many pages of segments are merged: a few milliseconds, and enough to keep up."""


class Words:
    """The texts that enter or leave the full text index in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._new: dict[int, str] = {}
        self._gone: dict[int, str] = {}
        self._size = 0
        self._written = 0
        self._unnoted = 0

    def put(self, rowid: int, text: str) -> None:
        """Index a text under a rowid that has none."""
        if self._gone.get(rowid) == text:
            del self._gone[rowid]
        else:
            self._new[rowid] = text
            self._grow(text)

    def drop(self, rowid: int, text: str) -> None:
        """Take out the text that is indexed under a rowid."""
        if rowid in self._new:
            del self._new[rowid]
        else:
            self._gone[rowid] = text
            self._grow(text)

    def flush(self) -> None:
        """Write what has gathered, and merge a little; at the end of a transaction."""
        self._write()
        if self._written >= MERGE_TEXTS:
            self._sql.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (MERGE_PAGES,))
            self._written = 0
        if self._unnoted:
            self._sql.execute(
                "INSERT INTO meta VALUES ('untidied', ?1) ON CONFLICT (key) DO UPDATE SET value = value + ?1",
                (self._unnoted,),
            )
            self._unnoted = 0

    def discard(self) -> None:
        """Forget what has gathered; the transaction is undone."""
        self._new.clear()
        self._gone.clear()
        self._size = self._unnoted = 0

    def _grow(self, text: str) -> None:
        self._size += len(text)
        if self._size >= GATHERED_BYTES:
            self._write()

    def _write(self) -> None:
        if self._gone:
            self._sql.executemany(
                "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", sorted(self._gone.items())
            )
        if self._new:
            self._sql.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", sorted(self._new.items()))
        self._written += len(self._gone) + len(self._new)
        self._unnoted += len(self._gone) + len(self._new)
        self._gone.clear()
        self._new.clear()
        self._size = 0

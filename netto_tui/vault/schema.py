"""The tables of `index.db`, and how connections to it are opened.

Everything here can be rebuilt from the session files. One process at a time writes, under the
vault's lock, and only a writer checkpoints: concurrent checkpoints of one write-ahead log can
corrupt databases in SQLite before 3.51.3.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from netto_tui.errors import NewerFormat, VaultError
from netto_tui.files import atomic_write
from netto_tui.vault.upgrades import UPGRADES

VERSION = 6
"""`user_version` of the schema; an older one is brought up to date, a newer one is refused."""

SLOT_BITS = 20
"""A message's rowid is its time in milliseconds shifted by this, plus a number among equals."""

LAST_MS = (1 << 63 - SLOT_BITS) - 2
"""The last time that a rowid can hold, in the year 2248; what is dated later is shown there."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    day TEXT NOT NULL,                 -- YYYY/MM/DD: the folder of its file
    size INTEGER NOT NULL DEFAULT 0,   -- bytes of the file that the index knows
    first_at INTEGER,                  -- ms of the earliest dated revision
    updated INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    titled INTEGER NOT NULL DEFAULT 0, -- the title is its own, not the beginning of a message
    source TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '',     -- each between blanks: ' home lisbon '
    messages INTEGER NOT NULL DEFAULT 0,
    documents INTEGER NOT NULL DEFAULT 0,
    revisions INTEGER NOT NULL DEFAULT 0,
    conflicts INTEGER NOT NULL DEFAULT 0,
    visible INTEGER NOT NULL DEFAULT 0,
    digest TEXT                        -- NULL until it is computed again
);
CREATE INDEX conversations_started ON conversations (first_at, id) WHERE visible;
CREATE INDEX conversations_day ON conversations (day);
CREATE INDEX conversations_changed ON conversations (id) WHERE digest IS NULL;
CREATE INDEX conversations_conflicts ON conversations (first_at) WHERE conflicts;

CREATE TABLE days (day TEXT PRIMARY KEY, digest TEXT, folder_mtime INTEGER) WITHOUT ROWID;

CREATE TABLE revisions (
    seq INTEGER PRIMARY KEY,           -- the order in which they arrived here
    id BLOB NOT NULL UNIQUE,
    conversation INTEGER NOT NULL,
    item TEXT NOT NULL,
    at INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    author TEXT NOT NULL,              -- `by`
    kind TEXT NOT NULL,                -- the type of its body
    body BLOB NOT NULL,                -- model.revision.body_key
    head INTEGER NOT NULL,
    origin TEXT NOT NULL,              -- `local`, or the replica that brought it
    start INTEGER NOT NULL,            -- where its line stands in the file
    length INTEGER NOT NULL
);
CREATE INDEX revisions_item ON revisions (conversation, item);
CREATE TABLE edges (parent BLOB NOT NULL, child BLOB NOT NULL, PRIMARY KEY (parent, child)) WITHOUT ROWID;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,            -- time order, see SLOT_BITS
    conversation INTEGER NOT NULL,
    item TEXT NOT NULL,
    revision BLOB NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    author TEXT NOT NULL,
    sent INTEGER NOT NULL,             -- ms, as shown; the rowid may be later to keep the parent's order
    parent TEXT,
    conflict TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    branch INTEGER NOT NULL DEFAULT 1,
    secrets INTEGER NOT NULL DEFAULT 0, -- its text holds a credential, see security.redact
    text TEXT NOT NULL,
    prose TEXT                         -- what people said of it, where that is not all of the text
);
CREATE INDEX messages_secrets ON messages (conversation) WHERE secrets;
CREATE UNIQUE INDEX messages_item ON messages (conversation, item);
CREATE INDEX messages_parent ON messages (conversation, parent) WHERE parent IS NOT NULL;
CREATE INDEX messages_conversation ON messages (conversation);
CREATE TABLE conflicts (conversation INTEGER NOT NULL, item TEXT NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY (conversation, item)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    text, content='messages', content_rowid='id', columnsize=0, prefix='1 2 3',
    tokenize="unicode61 remove_diacritics 2"
);
CREATE TABLE completions (word TEXT PRIMARY KEY, texts INTEGER NOT NULL) WITHOUT ROWID;  -- see vault.tidying

CREATE TABLE blobs (sha256 BLOB NOT NULL, conversation INTEGER NOT NULL, PRIMARY KEY (sha256, conversation))
    WITHOUT ROWID;
CREATE INDEX blobs_conversation ON blobs (conversation);

CREATE TABLE pending (name TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID;  -- conversations being written
CREATE TABLE wanted (name TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;  -- lost here, to be healed
CREATE TABLE views (day TEXT PRIMARY KEY, stale INTEGER NOT NULL, sha256 TEXT, mtime INTEGER, size INTEGER)
    WITHOUT ROWID;

CREATE TABLE replicas (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, marker TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'never', cursor TEXT NOT NULL DEFAULT '', root TEXT NOT NULL DEFAULT '',
    verified_at TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0,
    retry_at INTEGER NOT NULL DEFAULT 0, suspect_at INTEGER NOT NULL DEFAULT 0, repair INTEGER NOT NULL DEFAULT 0,
    meters TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
CREATE TABLE ledger (
    replica TEXT NOT NULL, conversation INTEGER NOT NULL, digest TEXT NOT NULL, mark INTEGER NOT NULL,
    recheck INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 1,
    withheld TEXT NOT NULL DEFAULT '', PRIMARY KEY (replica, conversation)
) WITHOUT ROWID;
CREATE INDEX ledger_recheck ON ledger (replica) WHERE recheck;
CREATE INDEX ledger_unsettled ON ledger (replica) WHERE NOT settled;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, replica TEXT NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL
);
"""

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # the session files are synced before any row claims them
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -32768",  # 32 MiB: names of revisions are random, so their index is written all over
)

_FULL_TEXT = (
    ("automerge", 0),  # vault.words merges a little after each write, so that one append never waits for seconds
    ("crisismerge", 1000),
    ("hashsize", 16 * 2**20),  # bytes in memory before a segment is written: one transaction makes one
)
"""Settings of the full text index."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the index for writing, making it if it is not there; call under the vault's lock.

    Raises NewerFormat for a newer schema, sqlite3.DatabaseError for a damaged file; the connection
    raises IndexFault.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False, factory=Writer)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise NewerFormat(
                "The index of this vault was made by a newer netto-tui.",
                remedy="Upgrade netto-tui on this machine.",
            )
        if version == 0:
            connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
            connection.executemany("INSERT INTO words (words, rank) VALUES (?, ?)", _FULL_TEXT)
        else:
            for upgrade in UPGRADES[max(0, version - 2) :]:
                upgrade(connection)
    except BaseException:
        connection.close()
        raise
    connection.index = path
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the index for reading only, on this thread."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def connect_vocabulary(path: Path) -> sqlite3.Connection:
    """Open the list of words in the full text, `vocabulary (term, doc)`, for reading only."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None, check_same_thread=False
    )
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab ('main', 'words', 'row')")
    return connection


def is_current(path: Path) -> bool:
    """Whether an index has the tables of this version, so that it can be read without being opened for writing."""
    connection = connect_reader(path)
    try:
        return bool(connection.execute("PRAGMA user_version").fetchone()[0] >= VERSION)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def file_number(path: Path) -> int:
    """The inode of the index, which tells when another one was put in its place; 0 where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


class IndexFault(VaultError, sqlite3.DatabaseError):
    """What SQLite said of the index, as an error for people; code that knows SQLite may catch it as before."""


_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""Errors, by the low byte of their code, after which the same index can be good."""


def damaged_index(index: Path, error: sqlite3.DatabaseError) -> IndexFault:
    """The error to raise for an error of the index; a damaged one is rebuilt at the next opening."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.ProgrammingError) or (code is not None and code & 0xFF in _PASSING):
        return IndexFault(
            f"The index of the vault cannot be used: {error}.", remedy="Check free space, then try again."
        )
    atomic_write(index.parent / ".netto" / "rebuild", b"")
    return IndexFault(
        "The index of the vault is damaged; no record is.", remedy="Start netto-tui again: it makes a new index."
    )


class Writer(sqlite3.Connection):
    """A connection to the index whose every error is an IndexFault, once `index` is set.

    Several threads may use it, one at a time: SQLite itself sees to that, but not to a close beside a query, which
    ends the process.
    """

    index: Path | None = None

    def __init__(self, *options: Any, **named: Any) -> None:
        super().__init__(*options, **named)
        self.turn = threading.RLock()

    def close(self) -> None:
        """As sqlite3.Connection.close; a query that is running on another thread is stopped, and raises IndexFault."""
        with suppress(sqlite3.ProgrammingError):  # it is closed already
            self.interrupt()
        with self.turn:
            super().close()

    def execute(self, *query: Any) -> Any:
        """As sqlite3.Connection.execute; raises IndexFault."""
        return self.cursor(_Cursor).execute(*query)

    def executemany(self, *query: Any) -> Any:
        """As sqlite3.Connection.executemany; raises IndexFault."""
        return self.cursor(_Cursor).executemany(*query)


class _Cursor(sqlite3.Cursor):
    """Each method asks once for what it needs: every row of the index goes through here."""

    connection: Writer

    def _do(self, action: Callable[..., Any], *given: Any) -> Any:
        connection = self.connection
        try:
            with connection.turn:
                return action(*given)
        except sqlite3.DatabaseError as error:
            if connection.index is None or isinstance(error, IndexFault):
                raise
            raise damaged_index(connection.index, error) from error

    def execute(self, *query: Any) -> Any:
        return self._do(super().execute, *query)

    def executemany(self, *query: Any) -> Any:
        return self._do(super().executemany, *query)

    def fetchone(self) -> Any:
        return self._do(super().fetchone)

    def fetchall(self) -> Any:
        return self._do(super().fetchall)

    def __next__(self) -> Any:
        return self._do(super().__next__)

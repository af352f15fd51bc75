"""Comparing the index, row by row, with one that is made anew from the session files.

SQLite's own check notices damage to its structure and not to the values in it, so the only proof
of a row is to derive it again.
"""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import asdict
from pathlib import Path

from netto_tui.errors import NettoError
from netto_tui.vault import schema, sessions
from netto_tui.vault.digests import refresh_root
from netto_tui.vault.index import Index
from netto_tui.vault.vault import Vault

_DUMPS = {
    "conversations": "SELECT name, day, size, first_at, updated, title, titled, source, state, messages, documents,"
    " revisions, conflicts, visible FROM conversations WHERE revisions ORDER BY name",
    "revisions": "SELECT revisions.id, name, item, at, tick, author, kind, body, head, start, length FROM revisions"
    " JOIN conversations ON conversations.id = conversation ORDER BY revisions.id",
    "messages": "SELECT name, item, revision, kind, role, author, sent, parent, conflict, hidden, branch, secrets,"
    " text, prose, messages.id >> 20 FROM messages JOIN conversations ON conversations.id = conversation"
    " ORDER BY name, item",
    "conflicts": "SELECT name, item, kind FROM conflicts JOIN conversations ON id = conversation ORDER BY name, item",
    "blobs": "SELECT name, sha256 FROM blobs JOIN conversations ON id = conversation ORDER BY name, sha256",
    "edges": "SELECT parent, child FROM edges ORDER BY parent, child",
}
"""What has to be equal; row numbers and the order of arrival (the low 20 bits of a message's) are left out."""

_DIGESTS = {
    "conversations (digests)": "SELECT name, digest FROM conversations WHERE revisions ORDER BY name",
    "days": "SELECT day, digest FROM days WHERE digest <> '' ORDER BY day",
    "meta": "SELECT value FROM meta WHERE key = 'root'",
}


def index_faults(vault: Vault) -> list[str]:
    """What is wrong with the index, one sentence each; empty when it says what the files say.

    Others may write meanwhile: only a difference that is there while nobody writes is a fault.
    """
    return _compare(vault) and _compare_alone(vault)


def _compare_alone(vault: Vault) -> list[str]:
    with vault.transaction():
        return _compare(vault)


def _compare(vault: Vault) -> list[str]:
    sql = vault.sql
    try:
        problems = [row[0] for row in sql.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
        if problems:
            return [f"SQLite finds damage: {problem}." for problem in problems]
        with vault.transaction():
            sql.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        with tempfile.TemporaryDirectory(dir=vault.path / ".netto") as scratch:
            fresh = _derive(vault, Path(scratch) / "index.db")
            try:
                vault.digest()
                refresh_root(fresh)
                faults = [
                    f"The table {table} differs from the records."
                    for table, query in (_DUMPS | _DIGESTS).items()
                    if _differs(sql, fresh, query)
                ]
                return [*faults, *_identity_faults(vault, sql)]
            finally:
                fresh.close()
    except (sqlite3.DatabaseError, NettoError) as error:
        return [f"The index cannot be read: {error}."]


def _derive(vault: Vault, path: Path) -> sqlite3.Connection:
    """An index made from nothing but the session files."""
    connection = schema.connect_writer(path)
    index = Index(
        connection,
        lambda name, day, start, length: sessions.read_one(sessions.path_of(vault.sessions, day, name), start, length),
        vault.local_day,
    )
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for folder in sessions.folders(vault.sessions):
        for name in sessions.names(vault.sessions, folder.day):
            content = sessions.read(sessions.path_of(vault.sessions, folder.day, name))
            entry = index.open_entry(name, [line.record.rev.at for line in content.lines])
            entry.size = content.size
            index.add(entry, content.lines, lambda _name: "local")
    connection.execute("COMMIT")
    return connection


def _identity_faults(vault: Vault, sql: sqlite3.Connection) -> list[str]:
    """Whether the copy of the identity, for the day when its own file is gone, is still that of the vault."""
    copy = dict(sql.execute("SELECT key, value FROM meta WHERE key IN ('vault', 'device', 'zone')"))
    return [] if copy == asdict(vault.identity) else ["The copy of the identity differs from it."]


def _differs(one: sqlite3.Connection, other: sqlite3.Connection, query: str) -> bool:
    rows, expected = one.execute(query), other.execute(query)
    return any(row != next(expected, None) for row in rows) or next(expected, None) is not None

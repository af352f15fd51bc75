"""The digests of a vault, kept in the index and computed again only where something changed."""

from __future__ import annotations

import sqlite3

from netto_tui.model.digest import conversation_digest, node_digest, root_digest


def known_root(sql: sqlite3.Connection) -> str:
    """The root digest if nothing changed since it was computed, else the empty string."""
    row = sql.execute("SELECT value FROM meta WHERE key = 'root'").fetchone()
    return str(row[0]) if row else ""


def refresh_root(sql: sqlite3.Connection) -> str:
    """Compute the digests of changed conversations, of their days, and of the whole; inside a transaction."""
    for (key,) in sql.execute("SELECT id FROM conversations WHERE digest IS NULL").fetchall():
        ids = [row[0].hex() for row in sql.execute("SELECT id FROM revisions WHERE conversation = ?", (key,))]
        sql.execute("UPDATE conversations SET digest = ? WHERE id = ?", (conversation_digest(ids), key))
    for (day,) in sql.execute("SELECT day FROM days WHERE digest IS NULL").fetchall():
        rows = sql.execute("SELECT name, digest FROM conversations WHERE day = ? AND revisions", (day,)).fetchall()
        sql.execute("UPDATE days SET digest = ? WHERE day = ?", (node_digest(dict(rows)) if rows else "", day))
    root = root_digest(dict(sql.execute("SELECT day, digest FROM days WHERE digest <> ''").fetchall()))
    sql.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (root,))
    return root

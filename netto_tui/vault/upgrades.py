"""How an index of an earlier version is brought up to date, one version at a time, each step in a transaction."""

from __future__ import annotations

import sqlite3


def _mark_secrets(connection: sqlite3.Connection) -> None:
    """Bring an index of version 2 up to date, which had no marks of messages with credentials."""
    from netto_tui.security import redact

    connection.create_function("has_secret", 1, redact.has_secret, deterministic=True)
    connection.create_function("mask", 1, redact.mask, deterministic=True)
    for statement in (
        "BEGIN IMMEDIATE",
        "ALTER TABLE messages ADD COLUMN secrets INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX messages_secrets ON messages (conversation) WHERE secrets",
        "UPDATE messages SET secrets = 1 WHERE has_secret(text)",
        "UPDATE conversations SET title = mask(title) WHERE has_secret(title)",
        "PRAGMA user_version = 3",
        "COMMIT",
    ):
        connection.execute(statement)


def _add_tags(connection: sqlite3.Connection) -> None:
    """Bring an index of version 3 up to date, which did not know tags.

    Only a person gives tags, to a header that is there: so conversations with several versions of theirs
    are read anew, when the vault finds that it does not know the size of their files.
    """
    for statement in (
        "BEGIN IMMEDIATE",
        "ALTER TABLE conversations ADD COLUMN tags TEXT NOT NULL DEFAULT ''",
        "UPDATE conversations SET size = 0 WHERE id IN"
        " (SELECT conversation FROM revisions WHERE item = 'about' GROUP BY conversation HAVING count(*) > 1)",
        "DELETE FROM meta WHERE key = 'boot'",
        "PRAGMA user_version = 4",
        "COMMIT",
    ):
        connection.execute(statement)


def _add_completions(connection: sqlite3.Connection) -> None:
    """Bring an index of version 4 up to date, which had no list of words; the next rest of vault.tidying fills it."""
    for statement in (
        "BEGIN IMMEDIATE",
        "CREATE TABLE IF NOT EXISTS completions (word TEXT PRIMARY KEY, texts INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT OR REPLACE INTO meta SELECT 'untidied', count(*) FROM messages",
        "PRAGMA user_version = 5",
        "COMMIT",
    ):
        connection.execute(statement)


def _lead_over_compactions(connection: sqlite3.Connection) -> None:
    """Bring an index of version 5 up to date, in which a conversation fell apart where it was compacted.

    Only Claude Code says what was before; its conversations are read anew when the vault is opened.
    """
    for statement in (
        "BEGIN IMMEDIATE",
        "UPDATE conversations SET size = 0 WHERE source = 'claude-code'",
        "DELETE FROM meta WHERE key = 'boot'",
        "PRAGMA user_version = 6",
        "COMMIT",
    ):
        connection.execute(statement)


UPGRADES = (_mark_secrets, _add_tags, _add_completions, _lead_over_compactions)
"""From version 2 on, each from one version to the next."""

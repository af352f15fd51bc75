"""What was lost here and is to come back from the replicas: conversations, or blobs that belong to them."""

from __future__ import annotations

from collections.abc import Iterable

from netto_tui.vault.vault import Vault


def wanted(vault: Vault) -> list[str]:
    """Conversations that lost something here and are to be read from every replica."""
    return [row[0] for row in vault.sql.execute("SELECT name FROM wanted ORDER BY name")]


def settle_wanted(vault: Vault, names: Iterable[str]) -> None:
    """Strike conversations off the list, once every replica was asked."""
    with vault.transaction() as sql:
        sql.executemany("DELETE FROM wanted WHERE name = ?", [(name,) for name in names])


def accept_loss(vault: Vault, name: str) -> None:
    """Stop looking for what belongs to a conversation and is nowhere: no replica can prove to have it."""
    with vault.transaction() as sql:
        sql.execute(
            "UPDATE ledger SET recheck = 0 WHERE conversation = (SELECT id FROM conversations WHERE name = ?)", (name,)
        )

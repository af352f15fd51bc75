"""How every replica stands: those of the settings, with what the ledger knows of them."""

from __future__ import annotations

from netto_tui.config import load
from netto_tui.errors import UsageError
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import ReplicaRow
from netto_tui.vault.vault import Vault


def replica_rows(vault: Vault, reader: Reader) -> list[ReplicaRow]:
    """One row for each configured replica, also for one that no pass has seen yet, in the settings' order.

    A lost index knows of none, and that is when they are needed most. Where the settings cannot
    be read, what the ledger knows (the Health section then names the mistake).
    """
    known = {row.name: row for row in reader.replicas()}
    try:
        config = load(vault.path / "config.toml")
    except UsageError:
        return list(known.values())
    total = reader.totals().conversations
    rows = []
    for each in config.replicas:
        row = known.get(each.name)
        if row is None or (row.kind, row.target) != (each.kind, each.target):
            row = ReplicaRow(each.name, each.kind, each.target, "never", 0, total, "", "", 0, "")
        rows.append(row)
    return rows

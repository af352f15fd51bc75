"""How everything stands, as the header and the sections show it; to be read on a thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from netto_tui.config import load
from netto_tui.errors import UsageError
from netto_tui.sync.history import DayTally, history
from netto_tui.sync.standing import replica_rows as rows_of
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import ReplicaRow
from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class Standing:
    """How a vault and its replicas stand.

    conversations, conflicts: how many the vault has. days: by replica, what its last days brought. fault: why
    the settings cannot be read, "" where they can. odd: what in them this version does not understand.
    """

    replicas: tuple[ReplicaRow, ...] = ()
    conversations: int = 0
    conflicts: int = 0
    days: Mapping[str, tuple[DayTally, ...]] = field(default_factory=dict)
    fault: str = ""
    odd: tuple[str, ...] = ()


def read(vault: Vault) -> Standing:
    """Read all of it. Raises VaultError where the index cannot be read."""
    with vault.reader() as reader:
        rows, fault, odd = _rows(vault, reader)
        totals, days = reader.totals(), history(reader, vault.clock.now())
        return Standing(tuple(rows), totals.conversations, totals.conflicts, days, fault, odd)


def unread(vault: Vault) -> tuple[ReplicaRow, ...]:
    """A row for each configured replica before anything is known of it; none where the settings cannot be read."""
    with suppress(UsageError):
        found = load(vault.path / "config.toml").replicas
        return tuple(ReplicaRow(each.name, each.kind, each.target, "unread", 0, 0, "", "", 0, "") for each in found)
    return ()


def replica_rows(vault: Vault, reader: Reader) -> list[ReplicaRow]:
    """One row for each configured replica, also for one that no pass has seen yet, in the settings' order.

    A lost index knows of none, and that is when they are needed most. Where the settings cannot
    be read, what the ledger knows (the Health section then names the mistake).
    """
    return _rows(vault, reader)[0]


def _rows(vault: Vault, reader: Reader) -> tuple[list[ReplicaRow], str, tuple[str, ...]]:
    """The rows, and `fault` and `odd` of a Standing."""
    try:
        config = load(vault.path / "config.toml")
        return rows_of(config, reader), "", config.warnings
    except UsageError as error:
        return reader.replicas(), str(error), ()

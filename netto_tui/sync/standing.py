"""How every replica of the settings stands: what the screens and the commands say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from netto_tui.config import Config, ReplicaConfig
from netto_tui.model.clock import to_instant
from netto_tui.sync.schedule import interval_ms, looks
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import ReplicaRow

KNOWING = ("ok", "behind")
"""States in which the last pass took in all that was there."""


def replica_rows(config: Config, reader: Reader) -> list[ReplicaRow]:
    """One row for each configured replica, also for one that no pass has seen yet, in the settings' order."""
    total = int(reader.first("SELECT count(*) FROM conversations WHERE revisions"))
    known = {row.name: row for row in reader.replicas()}
    lost, conflicts, looked = _lost(reader), _conflicts(reader), looks(reader)
    rows = []
    for each in config.replicas:
        row = known.get(each.name)
        if row is None or (row.kind, row.target) != (each.kind, each.target):
            row = ReplicaRow(each.name, each.kind, each.target, "never", 0, total, "", "", 0, "", sealed=not each.plain)
        behind = lost[each.name] if row.verified_at and row.state in KNOWING else None
        # An index of an earlier version says `paused` of what was refused.
        state = "paused" if each.paused else "refused" if row.state == "paused" else row.state
        run = _next_run(config, each, row, looked)
        rows.append(replace(row, state=state, behind=behind, conflicts=conflicts[each.name], next_run=run))
    return rows


def _next_run(config: Config, each: ReplicaConfig, row: ReplicaRow, looked: Mapping[str, int]) -> str:
    if each.paused or each.name not in looked:
        return ""
    if row.failures and row.next_try:
        return row.next_try
    return max(to_instant(looked[each.name] + interval_ms(config, each.kind)), row.next_try)


def _lost(reader: Reader) -> Counter[str]:
    """How many conversations that lost something here each replica was seen to hold."""
    query = (
        "SELECT replica, count(*) FROM wanted JOIN conversations ON conversations.name = wanted.name"
        " JOIN ledger ON conversation = conversations.id WHERE ledger.digest <> '' GROUP BY replica"
    )
    return Counter(dict(reader.select(query)))


def _conflicts(reader: Reader) -> Counter[str]:
    """How many items that wait for a person have a version that each replica brought."""
    found = reader.select(
        "SELECT DISTINCT conflicts.conversation, conflicts.item, origin FROM conflicts JOIN revisions"
        " ON revisions.conversation = conflicts.conversation AND revisions.item = conflicts.item AND head"
    )
    items = {(conversation, item, name) for conversation, item, origin in found for name in origin.split()}
    return Counter(name for _, _, name in items)

"""Writing a person's decisions between versions, so that each can be taken back, and proving that they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from netto_tui.errors import VaultError
from netto_tui.model.blobs import externalize
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import Item, items
from netto_tui.model.merge import resolve
from netto_tui.model.revision import Body, Record
from netto_tui.recovery.undo import keep_heads
from netto_tui.sync.events import Curated
from netto_tui.sync.journal import Journal
from netto_tui.vault.vault import Vault

Decision = tuple[Item, Body]
"""An item with the versions that a person saw, and what it is to say."""


@dataclass(frozen=True)
class Decided:
    """Decisions that were written, read back and found equal.

    undo: the name of the undo point that takes all of them back. left: items that have several versions all
    the same, since another one came in meanwhile.
    """

    records: Sequence[Record] = ()
    undo: str = ""
    left: int = 0


def decide(vault: Vault, decisions: Sequence[Decision], told: Callable[[str], object] = lambda step: None) -> Decided:
    """For each decision write one revision that replaces every version that was seen, then read all of them back.

    One undo point of all is kept first. A version that came in unseen is not replaced: it stays a conflict.
    `told` hears of each step in words. Raises VaultError when what was read back is not what was decided, and
    OSError when the undo point cannot be kept; then nothing is written.
    """
    blobs: dict[str, bytes] = {}
    records: list[Record] = []
    for item, body in decisions:
        seen = any(body is head.rev.body for head in item.heads)  # as it is stored; anything else may be too long
        stored, parts = (body, {}) if seen else externalize(body)
        blobs |= parts
        records.append(resolve(item, stored, vault.clock.stamp()))
    told("Keeping an undo point…")
    with vault.transaction():  # taking the lock for each item would cost more than reading it
        undo = keep_heads(vault, "resolve", [(record.rev.conversation, record.rev.item) for record in records])
    told("Writing…")
    vault.add(records, blobs)
    told("Reading back…")
    with vault.transaction():
        left = _read_back(vault, records)
    done = Decided(records, undo.rpartition("/")[2], left)
    _note(vault, done)
    return done


def _note(vault: Vault, done: Decided) -> None:
    """Leave a line in the journal, with the way back."""
    if done.records:
        conversations = len({record.rev.conversation for record in done.records})
        at = to_instant(vault.clock.now())
        journal = Journal(vault, lambda _event: None)
        journal(Curated(at, "", "decided", conversations, len(done.records), done.undo))
        journal.flush()


def _read_back(vault: Vault, records: Sequence[Record]) -> int:
    """How many of the items still have several versions. Raises VaultError for a decision that is not there."""
    by_conversation: dict[str, list[Record]] = {}
    for record in records:
        by_conversation.setdefault(record.rev.conversation, []).append(record)
    left = 0
    for conversation, written in by_conversation.items():
        found = _items(vault, conversation, [record.rev.item for record in written])
        for record in written:
            item = found[record.rev.item]
            if item.records.get(record.id) != record or {head.id for head in item.heads} & set(record.rev.replaces):
                raise VaultError(
                    f"A decision on {record.rev.item} was written, and reading it back gave something else.",
                    remedy="Run netto-tui verify, then decide again; nothing that was there before is lost.",
                )
            left += bool(item.conflict)
    return left


def _items(vault: Vault, conversation: str, names: Sequence[str]) -> Mapping[str, Item]:
    """Some items of a conversation from disk; many of them in one go."""
    if len(names) > 20:
        return items(vault.records(conversation))
    return {name: vault.item(conversation, name) for name in names}

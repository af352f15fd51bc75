"""A person's changes to whole conversations, each with an undo point before it and a line in the journal after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from netto_tui.errors import UsageError
from netto_tui.model.clock import to_instant
from netto_tui.model.revision import ABOUT, Record
from netto_tui.recovery import undo
from netto_tui.sync.events import Curated
from netto_tui.sync.journal import Journal
from netto_tui.vault import writing
from netto_tui.vault.curating import Change, curate, ensure_headers
from netto_tui.vault.vault import Vault

Told = Callable[[int], object]
"""Is called with how many conversations were looked at."""


@dataclass(frozen=True)
class Done:
    """What was written: `records`, and the name of the undo point that leads back, "" where nothing changed."""

    records: tuple[Record, ...]
    undo: str

    @property
    def conversations(self) -> int:
        """How many conversations changed."""
        return len({record.rev.conversation for record in self.records})


def change(
    vault: Vault, conversations: Collection[str], wanted: Change, what: str, told: Told = lambda done: None
) -> Done:
    """Change the headers of some conversations.

    what: the kind of change for the undo point and the journal, such as `title`. Raises UsageError for a
    conversation that is not here or is deleted; then no header is changed.
    """
    ensure_headers(vault, conversations)
    point = Path(undo.keep_heads(vault, what, [(name, ABOUT) for name in conversations])).name
    return _noted(vault, what, curate(vault, conversations, wanted, told), point)


def delete(vault: Vault, conversations: Sequence[str], told: Told = lambda done: None) -> Done:
    """Write tombstones for everything in some conversations. Raises UsageError for one that is not here."""
    items = [(name, item) for name in conversations for item in _items(vault, name)]
    point = Path(undo.keep_heads(vault, "delete", items)).name
    records: list[Record] = []
    for done, name in enumerate(conversations, 1):
        records += writing.delete(vault, name)
        told(done)
    return _noted(vault, "delete", records, point)


def delete_item(vault: Vault, conversation: str, item: str) -> Done:
    """Write a tombstone for one message or document. Raises UsageError when there is no such item."""
    vault.item(conversation, item)
    point = Path(undo.keep_heads(vault, "delete", [(conversation, item)])).name
    return _noted(vault, "delete", writing.delete(vault, conversation, item), point)


def take_back(vault: Vault, point: str) -> int:
    """Say again what was said before a change; returns how many items changed.

    Raises UsageError when there is no such undo point any more.
    """
    changed = undo.undo(vault, point)
    if changed:
        _journal(vault, Curated(_now(vault), "", "undo", 0, changed, ""))
    return changed


def _items(vault: Vault, conversation: str) -> list[str]:
    found = dict.fromkeys(record.rev.item for record in vault.records(conversation))
    if not found:
        raise UsageError(f"There is no conversation {conversation}.", remedy="See: netto-tui list.")
    return list(found)


def _noted(vault: Vault, what: str, records: Sequence[Record], point: str) -> Done:
    """Write the line; without a change there is nothing to go back to."""
    if not records:
        undo.drop(vault, point)
        return Done((), "")
    done = Done(tuple(records), point)
    _journal(vault, Curated(_now(vault), "", what, done.conversations, len(records), point))
    return done


def _now(vault: Vault) -> str:
    return to_instant(vault.clock.now())


def _journal(vault: Vault, event: Curated) -> None:
    journal = Journal(vault, lambda event: None)
    journal(event)
    journal.flush()

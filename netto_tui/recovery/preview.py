"""The dry run of a restore: what it would add, change and keep, found out without writing anything."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from netto_tui.errors import Cancelled
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import body_text, is_hidden, items, title_of
from netto_tui.model.revision import ABOUT, About, Message, Record
from netto_tui.recovery.reading import AsOf, Reading, going_back
from netto_tui.replicas.base import Replica
from netto_tui.sync import events
from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class PreviewItem:
    """One conversation that a restore would touch: `add` when it is not here at all, else `change`.

    title: as it is there. before, after: how many messages it has here now, and would have then.
    """

    conversation: str
    kind: str
    revisions: int
    title: str = ""
    before: int = 0
    after: int = 0


@dataclass
class Preview:
    """What a restore would do; nothing was written to find out.

    add, change, keep: conversations that are new here, that gain revisions, that stay as they are. Nothing is ever
    removed by a restore. revisions: how many would be added. digest: of what the replica has. corrupt: pieces of
    it that cannot be used.
    """

    source: str
    add: int = 0
    change: int = 0
    keep: int = 0
    revisions: int = 0
    conversations: int = 0
    corrupt: int = 0
    digest: str = ""
    items: list[PreviewItem] = field(default_factory=list)


def preview(
    vault: Vault,
    replica: Replica,
    *,
    only: Collection[str] = (),
    as_of: AsOf | None = None,
    listener: events.Listener | None = None,
    cancel: threading.Event | None = None,
) -> Preview:
    """Read a replica and count what a restore from it would do.

    only: the conversations that are wanted, all where it is empty. Raises Cancelled once `cancel` is set.
    """
    reading = Reading(replica, only=only, as_of=as_of)
    found = Preview(replica.name)
    for done, (name, records) in enumerate(reading):
        if cancel is not None and cancel.is_set():
            raise Cancelled("The preview was stopped; nothing was written.")
        if listener and done % 25 == 0:
            now = to_instant(vault.clock.now())
            listener(events.SyncProgressed(now, replica.name, "restore", done, reading.total))
        one = _look_at(vault, name, records, past=as_of is not None, back=bool(only) or as_of is not None)
        if one is None:
            found.keep += 1
            continue
        found.add += one.kind == "add"
        found.change += one.kind == "change"
        found.revisions += one.revisions
        found.items.append(one)
    found.conversations, found.corrupt, found.digest = reading.conversations, reading.corrupt, reading.digest
    return found


def _look_at(vault: Vault, name: str, records: Collection[Record], *, past: bool, back: bool) -> PreviewItem | None:
    """What would happen to one conversation; None where nothing would. back: what was deleted comes back."""
    with vault.transaction():
        known = vault.index.known([record.id for record in records])
    fresh = [record for record in records if record.id not in known]
    again = going_back(vault, name, records, past=past) if back else []
    if not fresh and not again:
        return None
    here = vault.records(name)
    return PreviewItem(
        conversation=name,
        kind="change" if here else "add",
        revisions=len(fresh) + len(again),
        title=title_in(records),
        before=_messages_in(here),
        after=_messages_in([*here, *fresh, *again]),
    )


def title_in(records: Iterable[Record]) -> str:
    """The title of a conversation, from its records alone; "" where they have none."""
    found = items(records)
    about = found[ABOUT].value.body if ABOUT in found else None
    said = [item.value.record for item in found.values() if isinstance(item.value.body, Message)]
    first = min(said, key=lambda record: record.order, default=None)
    return title_of(about if isinstance(about, About) else None, body_text(first.rev.body) if first else "")


def _messages_in(records: Iterable[Record]) -> int:
    bodies = [item.value.body for item in items(records).values()]
    return sum(isinstance(body, Message) and not is_hidden(body) for body in bodies)

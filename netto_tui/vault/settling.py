"""What follows from the records of one item, or one conversation, alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netto_tui.model.clock import to_ms
from netto_tui.model.conversation import Conflict, Item
from netto_tui.model.revision import Body, Message, Record


class Settled(NamedTuple):
    """An item as all of its records make it.

    heads: names of the revisions that no other replaces. value: what is shown, None for a deleted
    item. conflict: as in model.conversation.Item. first: ms of the earliest stamp.
    """

    heads: frozenset[str]
    value: Record | None
    conflict: Conflict
    first: int


def settle(records: Sequence[Record]) -> Settled:
    """The state of an item of which these are all the records there are."""
    if len(records) == 1:
        (record,) = records
        value = None if kind(record) == "deleted" else record
        return Settled(frozenset((record.id,)), value, "", to_ms(record.rev.at))
    item = Item(records[0].rev.item, {record.id: record for record in records})
    value = None if item.value.deleted else item.value.record
    first = min(to_ms(record.rev.at) for record in records)
    return Settled(frozenset(head.id for head in item.heads), value, item.conflict, first)


def kind(record: Record) -> str:
    """The type of a record's body."""
    return str(record.rev.body.__struct_config__.tag)


def before(body: Body) -> str | None:
    """The message that one follows: its parent, or, over a compaction, what the source says was before it."""
    if not isinstance(body, Message):
        return None
    logical = body.native.get("logical_parent")
    return body.parent or (logical if isinstance(logical, str) else None)


def parents_first(by_item: Mapping[str, Sequence[Record]]) -> list[str]:
    """Items in an order in which no message comes before its parent, if both are here."""
    order: list[str] = []
    seen: set[str] = set()
    for item in by_item:
        chain: list[str] = []
        at: str | None = item
        while at is not None and at in by_item and at not in seen:
            seen.add(at)
            chain.append(at)
            at = before(by_item[at][-1].rev.body)
        order.extend(reversed(chain))
    return order


def times(messages: dict[str, tuple[int, str | None]]) -> dict[str, int]:
    """When each message is shown, in milliseconds, given when it was sent and its parent.

    That is when it was sent, or just after its parent if that is later. One that is its own
    ancestor, by a fault of the source, has no parent here.
    """
    found: dict[str, int] = {}
    for item in messages:
        chain: list[str] = []
        on_the_way: set[str] = set()
        at: str | None = item
        while at in messages and at not in found and at not in on_the_way:
            chain.append(at)
            on_the_way.add(at)
            at = messages[at][1]
        loop = set(chain[chain.index(at) :]) if at in on_the_way else set()
        for name in reversed(chain):
            sent, parent = messages[name]
            after = -1 if name in loop or parent not in found else found[parent]
            found[name] = max(sent, after + 1)
    return found

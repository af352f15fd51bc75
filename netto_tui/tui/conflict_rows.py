"""The rows of the resolver, read from a vault: conflicts with all their versions, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netto_tui.model.conversation import Item, Version, body_text, items
from netto_tui.model.merge import merge_base, resolve
from netto_tui.model.revision import Message, Record
from netto_tui.recovery.undo import keep_heads
from netto_tui.tui.resolution import LOCAL, Choice, Resolution, Row, check
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import MessageRow
from netto_tui.vault.vault import Vault

CONTEXT = 2
"""Settled messages that are read on each side of a conflict in a long conversation."""
WHOLE_LIMIT = 400
"""Up to this many messages a conversation is read whole."""


def read_rows(vault: Vault, reader: Reader, conversation: str) -> list[Row]:
    """Every conflict of a conversation in reading order, with its surroundings.

    Heads that only differ in who wrote them are not conflicts and do not show.
    """
    found = {name: item for name, item in items(vault.records(conversation)).items() if item.conflict}
    origins = reader.origins([head.id for item in found.values() for head in item.heads]) if found else {}
    total = reader.message_count(conversation)
    if total <= WHOLE_LIMIT:
        wanted = set(range(total))
    else:
        places = [reader.position(conversation, name) for name in found]
        wanted = {near for at in places for near in range(at - CONTEXT, at + CONTEXT + 1) if 0 <= near < total}
    rows: list[Row] = []
    for number, message in _messages(reader, conversation, wanted):
        item = found.pop(message.item, None)
        if item is not None:
            rows.append(conflict_row(number + 1, item, origins, hidden=message.hidden))
        else:
            role = message.role or message.kind
            rows.append(Row(message.item, number + 1, role, message.text, hidden=message.hidden))
    headers = [conflict_row(0, item, origins) for _, item in sorted(found.items())]
    return headers + rows


def _messages(reader: Reader, conversation: str, wanted: set[int]) -> list[tuple[int, MessageRow]]:
    """The messages at some places, read in as few pages as they lie in."""
    result: list[tuple[int, MessageRow]] = []
    size = 50
    for page in sorted({place // size for place in wanted}):
        rows = reader.messages(conversation, page * size, size)
        result.extend((page * size + at, row) for at, row in enumerate(rows) if page * size + at in wanted)
    return result


def conflict_row(number: int, item: Item, origins: Mapping[str, Sequence[str]], *, hidden: bool = False) -> Row:
    """The row of an item with several versions; origins: from revision to the replicas that brought it."""
    versions = item.versions
    labels = _labels(versions, origins)
    records = [version.record for version in versions]
    base = merge_base(item, records[:1], records[1])
    for other in records[2:]:
        base = base if base == merge_base(item, records[:1], other) else None
    value = item.value.body
    return Row(
        item=item.name,
        number=number,
        role=value.role if isinstance(value, Message) else type(value).__name__.lower(),
        text=body_text(value),
        hidden=hidden,
        conflict=item.conflict,
        base=base,
        choices=tuple(
            Choice(version.record.id, names, version.record.rev.at, version.record.rev.by, version.body)
            for version, names in zip(versions, labels, strict=True)
        ),
        source=item,
    )


def _labels(versions: Sequence[Version], origins: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The columns of each version. Two versions from one place are told apart by who wrote them."""
    places = [
        sorted({name for head in version.heads for name in origins.get(head.id, (LOCAL,))}) for version in versions
    ]
    often = {label for names in places for label in names if sum(label in other for other in places) > 1}
    labels = []
    for version, names in zip(versions, places, strict=True):
        by = version.record.rev.by
        labels.append(tuple(f"{name}/{by}" if name in often else name for name in names))
    if len({label for names in labels for label in names}) < sum(map(len, labels)):  # one author, twice
        return [tuple(f"{name}#{place}" for name in names) for place, names in enumerate(labels, 1)]
    return labels


def write_picks(vault: Vault, *resolutions: Resolution) -> list[Record]:
    """Write what was picked: for each conflict one revision that replaces every head that was shown.

    One undo point of all is kept first. A head that came in meanwhile is not replaced: it stays a
    conflict, for a person to see.
    Raises UsageError while something is not picked.
    """
    records = []
    for resolution in resolutions:
        check(resolution)
        for row in resolution.conflicts:
            body = resolution.body_of(row)
            if row.source is not None and body is not None:
                records.append(resolve(row.source, body, vault.clock.stamp()))
    keep_heads(vault, "resolve", [(record.rev.conversation, record.rev.item) for record in records])
    vault.add(records)
    return records

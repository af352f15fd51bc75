"""The rows of the resolver, read from a vault: conflicts with all their versions, and what stands around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netto_tui.errors import InvalidRecord
from netto_tui.model.blobs import inflate
from netto_tui.model.conversation import Item, Version, body_text, items
from netto_tui.model.merge import merge_base
from netto_tui.model.revision import ABOUT, About, Body, Deleted, Document, Message
from netto_tui.recovery.decisions import Decided, Decision, decide
from netto_tui.tui.picks import Choice, Row
from netto_tui.tui.resolution import LOCAL, Resolution, check
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import MessageRow
from netto_tui.vault.vault import Vault

CONTEXT = 2
"""Settled messages that are read on each side of a conflict in a long conversation."""
WHOLE_LIMIT = 400
"""Up to this many messages a conversation is read whole."""
MANY = 20
"""So many items of one conversation are read in one go."""


Fetch = Callable[[str], bytes | None]
"""From a blob's SHA-256 to its bytes, None where it is missing."""


def read_rows(vault: Vault, reader: Reader, conversation: str) -> list[Row]:
    """Every conflict of a conversation in reading order, with its surroundings.

    Heads that only differ in who wrote them are not conflicts and do not show.
    """
    found = {name: item for name, item in items(vault.records(conversation)).items() if item.conflict}
    origins = _origins(reader, found)
    total = reader.message_count(conversation)
    if total <= WHOLE_LIMIT:
        wanted = set(range(total))
    else:
        places = [reader.position(conversation, name) for name in found if name != ABOUT]
        wanted = {near for at in places for near in range(at - CONTEXT, at + CONTEXT + 1) if 0 <= near < total}
    rows: list[Row] = []
    for number, message in _messages(reader, conversation, wanted):
        item = found.pop(message.item, None)
        if item is not None:
            rows.append(conflict_row(number + 1, item, origins, hidden=message.hidden, fetch=vault.blobs.get))
        else:
            role = message.role or message.kind
            rows.append(Row(message.item, number + 1, role, message.text, hidden=message.hidden))
    rest = [conflict_row(0, item, origins, fetch=vault.blobs.get) for _, item in sorted(found.items())]
    return [row for row in rest if row.item == ABOUT] + [row for row in rest if row.item != ABOUT] + rows


def read_conflicts(
    vault: Vault, reader: Reader, conversation: str, names: Sequence[str], *, whole: bool = False
) -> list[Row]:
    """Some conflicts of a conversation without what stands around them; what is settled by now is left out.

    whole: with their numbers, and with the texts of very long ones.
    """
    if len(names) > MANY:
        every = items(vault.records(conversation))
        found = {name: every[name] for name in names if name in every}
    else:
        found = {name: vault.item(conversation, name) for name in names}
    found = {name: item for name, item in found.items() if item.conflict}
    origins = _origins(reader, found)
    if not whole:
        return [conflict_row(0, item, origins) for item in found.values()]
    rows = [
        conflict_row(_number(reader, conversation, name), item, origins, fetch=vault.blobs.get)
        for name, item in found.items()
    ]
    return sorted(rows, key=lambda row: row.number)


def _number(reader: Reader, conversation: str, name: str) -> int:
    """Where a message stands, counted from 1; 0 for what is no message."""
    return reader.position(conversation, name) + 1 if name.startswith("m_") else 0


def _origins(reader: Reader, found: Mapping[str, Item]) -> dict[str, tuple[str, ...]]:
    """Whence the heads of some items came, asked for in questions that SQLite takes."""
    names = [head.id for item in found.values() for head in item.heads]
    result: dict[str, tuple[str, ...]] = {}
    for at in range(0, len(names), 500):
        result |= reader.origins(names[at : at + 500])
    return result


def _messages(reader: Reader, conversation: str, wanted: set[int]) -> list[tuple[int, MessageRow]]:
    """The messages at some places, read in as few pages as they lie in."""
    result: list[tuple[int, MessageRow]] = []
    size = 50
    for page in sorted({place // size for place in wanted}):
        rows = reader.messages(conversation, page * size, size)
        result.extend((page * size + at, row) for at, row in enumerate(rows) if page * size + at in wanted)
    return result


def conflict_row(
    number: int,
    item: Item,
    origins: Mapping[str, Sequence[str]],
    *,
    hidden: bool = False,
    fetch: Fetch | None = None,
) -> Row:
    """The row of an item with several versions; origins: from revision to the replicas that brought it.

    fetch: where the texts of very long ones lie.
    """
    versions = item.versions
    places = [
        sorted({name for head in version.heads for name in origins.get(head.id, (LOCAL,))}) for version in versions
    ]
    labels = _labels(versions, places)
    records = [version.record for version in versions]
    base = merge_base(item, records[:1], records[1])
    for other in records[2:]:
        base = base if base == merge_base(item, records[:1], other) else None
    value = item.value.body
    return Row(
        item=item.name,
        number=number,
        role=_role(value),
        text=body_text(value),
        hidden=hidden,
        conflict=item.conflict,
        base=base,
        choices=tuple(
            Choice(
                version.record.id,
                names,
                version.record.rev.at,
                version.record.rev.by,
                version.body,
                _inflated(version.body, fetch),
                tuple(brought),
            )
            for version, names, brought in zip(versions, labels, places, strict=True)
        ),
        source=item,
        base_inflated=None if base is None else _inflated(base, fetch),
    )


def _role(body: Body) -> str:
    """Who said it, or what it is: the path of a document tells more than that it is one."""
    if isinstance(body, Document):
        return body.path.rpartition("/")[2] or "document"
    return body.role if isinstance(body, Message) else "title" if isinstance(body, About) else "deleted"


def _inflated(body: Body, fetch: Fetch | None) -> Body | None:
    """A body with the texts that are stored beside it; None where there are none, or where one is missing."""
    if fetch is None or isinstance(body, Deleted) or not body.blobs:
        return None
    try:
        return inflate(body, fetch)
    except InvalidRecord:
        return None


def _labels(versions: Sequence[Version], places: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The columns of each version. Two versions from one place are told apart by who wrote them."""
    often = {label for names in places for label in names if sum(label in other for other in places) > 1}
    labels = []
    for version, names in zip(versions, places, strict=True):
        by = version.record.rev.by
        labels.append(tuple(f"{name}/{by}" if name in often else name for name in names))
    if len({label for names in labels for label in names}) < sum(map(len, labels)):  # one author, twice
        return [tuple(f"{name}#{place}" for name in names) for place, names in enumerate(labels, 1)]
    return labels


def write_picks(vault: Vault, *resolutions: Resolution, told: Callable[[str], object] = lambda step: None) -> Decided:
    """Write what was picked, and read it back; see recovery.decisions.

    Raises UsageError while something is not picked.
    """
    decisions: list[Decision] = []
    for resolution in resolutions:
        check(resolution)
        for row in resolution.conflicts:
            body = resolution.body_of(row)
            if row.source is not None and body is not None:
                decisions.append((row.source, body))
    return decide(vault, decisions, told)

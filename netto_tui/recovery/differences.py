"""What differs between two vaults, or between two sets of records of one conversation, by what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import Item, body_text, items
from netto_tui.model.revision import ABOUT, UNDATED, Deleted, Message, Record, body_key, encode_body
from netto_tui.vault.vault import Vault

Kind = Literal["added", "changed", "removed"]

OTHER_VERSION = "— another version —"
"""Stands between the versions of an item that has several."""


@dataclass(frozen=True)
class Difference:
    """One conversation that says something else now than then.

    kind: `added` since, `removed` since, else `changed`. then, now: how many messages it shows.
    """

    conversation: str
    kind: Kind
    title: str
    started: str
    then: int
    now: int


@dataclass(frozen=True)
class ItemDifference:
    """One message, document or header; a side that does not have it is None.

    kind: `same` where both say the same, else as Difference. revisions: how many only one side has; where the kind
    is `same`, these are history that says nothing new.
    """

    item: str
    kind: Literal["same", "added", "changed", "removed"]
    role: str
    at: str
    then: str | None
    now: str | None
    revisions: int = 0


def differences(then: Vault, now: Vault) -> list[Difference]:
    """The conversations that differ between two vaults, latest start first; read from their indexes alone."""
    before, after = _listed(then), _listed(now)
    found = []
    for name in before.keys() | after.keys():
        one, two = before.get(name), after.get(name)
        if one is not None and two is not None and (one.digest == two.digest or _says(then, one) == _says(now, two)):
            continue
        shown = two or one
        if shown is None:
            continue
        kind: Kind = "added" if one is None else "removed" if two is None else "changed"
        counts = (one.messages if one else 0, two.messages if two else 0)
        found.append(Difference(name, kind, shown.title, to_instant(shown.at) if shown.at else "", *counts))
    return sorted(found, key=lambda each: (each.started, each.conversation), reverse=True)


@dataclass(frozen=True)
class _Listed:
    id: int
    digest: str
    title: str
    at: int | None
    messages: int


def _listed(vault: Vault) -> Mapping[str, _Listed]:
    """What a vault shows, by name."""
    vault.digest()  # so that each conversation's own is known
    query = "SELECT name, id, digest, title, first_at, messages FROM conversations WHERE revisions AND visible"
    return {name: _Listed(*rest) for name, *rest in vault.sql.execute(query).fetchall()}


def _says(vault: Vault, one: _Listed) -> set[tuple[str, bytes]]:
    """What the items of a conversation say, without how it came about."""
    query = "SELECT item, body FROM revisions WHERE conversation = ? AND head AND kind <> 'deleted'"
    return set(vault.sql.execute(query, (one.id,)).fetchall())


def item_differences(then: Iterable[Record], now: Iterable[Record]) -> list[ItemDifference]:
    """The items of one conversation in the order of time, each as two sets of its records have it."""
    before, after = items(then), items(now)
    found = [_compare(name, before.get(name), after.get(name)) for name in before.keys() | after.keys()]
    return sorted(found, key=lambda each: (each.item != ABOUT, each.at, each.item))


def _compare(name: str, one: Item | None, two: Item | None) -> ItemDifference:
    there, here = (_bodies(item) for item in (one, two))
    apart = {*(one.records if one else ())} ^ {*(two.records if two else ())}
    shown = two if here or not there else one
    value = shown.value if shown is not None else None
    body = value.body if value is not None else None
    text_then, text_now = _texts(one, there), _texts(two, here)
    if there.keys() == here.keys():
        kind: Literal["same", "added", "changed", "removed"] = "same"
    else:
        kind = "added" if not there else "removed" if not here else "changed"
        if text_then == text_now:  # what differs is not in the words
            text_then, text_now = (_whole(bodies) for bodies in (there, here))
    role = body.role if isinstance(body, Message) else "header" if name == ABOUT else "document"
    return ItemDifference(name, kind, role, _at(shown), text_then, text_now, len(apart))


def _bodies(item: Item | None) -> dict[bytes, Record]:
    """The versions that are no tombstones, by their bodies."""
    if item is None:
        return {}
    return {body_key(version.body): version.record for version in item.versions if not version.deleted}


def _texts(item: Item | None, bodies: Mapping[bytes, Record]) -> str | None:
    if item is None or not bodies:
        return None
    return f"\n\n{OTHER_VERSION}\n\n".join(body_text(record.rev.body) for record in bodies.values())


def _whole(bodies: Mapping[bytes, Record]) -> str | None:
    """All that versions hold, as JSON with one value in a line."""
    texts = [msgspec.json.format(encode_body(record.rev.body), indent=2).decode() for record in bodies.values()]
    return f"\n\n{OTHER_VERSION}\n\n".join(texts) if texts else None


def _at(item: Item | None) -> str:
    """When an item was said, else first written; "" when nobody knows."""
    if item is None:
        return ""
    first: Sequence[Record] = sorted(item.records.values(), key=lambda record: record.order)
    said = [each.rev.body for each in first if not isinstance(each.rev.body, Deleted)]
    sent = said[0].sent if said and isinstance(said[0], Message) else None
    at = (sent.at if sent is not None else None) or first[0].rev.at
    return "" if at == UNDATED else at

"""The versions of an item, and what was chosen among them. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from netto_tui.model.conversation import Conflict, Item, body_text
from netto_tui.model.revision import Body, Deleted, body_key


@dataclass(frozen=True)
class Choice:
    """One version of an item; labels: the columns that hold it, such as `local` and `github`.

    places: the replicas that brought it, also where a label says more than that. inflated: the body with all that
    is stored beside it, where that is so and nothing is missing.
    """

    revision: str
    labels: tuple[str, ...]
    at: str
    by: str
    body: Body
    inflated: Body | None = field(default=None, compare=False)
    places: tuple[str, ...] = ()

    @property
    def whole(self) -> Body:
        """The body with all of its text that is here."""
        return self.body if self.inflated is None else self.inflated

    @property
    def deleted(self) -> bool:
        """Whether taking it means to delete."""
        return isinstance(self.body, Deleted)

    @property
    def text(self) -> str:
        """What it says."""
        return body_text(self.whole)


@dataclass(frozen=True)
class Row:
    """One item of the conversation; number counts from 1. Settled rows have no choices."""

    item: str
    number: int
    role: str
    text: str
    hidden: bool = False
    conflict: Conflict = ""
    base: Body | None = None
    choices: tuple[Choice, ...] = ()
    source: Item | None = field(default=None, compare=False)
    base_inflated: Body | None = field(default=None, compare=False)

    @property
    def base_whole(self) -> Body | None:
        """The base with all of its text that is here."""
        return self.base if self.base_inflated is None else self.base_inflated

    def choice_in(self, label: str) -> Choice | None:
        """The version that a column holds."""
        return next((choice for choice in self.choices if label in choice.labels), None)

    @property
    def tombstone(self) -> Choice | None:
        """The version that is a deletion."""
        return next((choice for choice in self.choices if choice.deleted), None)


@dataclass(frozen=True)
class Pick:
    """What was chosen for one item.

    take: one revision. both: several, in this order. base: the common ancestor. edit: `text`,
    in place of the prose of the first revision named. delete: the tombstone.
    """

    kind: Literal["take", "both", "base", "edit", "delete"]
    revisions: tuple[str, ...] = ()
    text: str = ""


Picks = Mapping[str, Pick]


def bodies_of(pick: Pick, row: Row) -> list[Body]:
    """The bodies that a pick stands on."""
    if pick.kind == "base":
        return [] if row.base is None else [row.base]
    named = {choice.revision: choice.body for choice in row.choices}
    return [named[revision] for revision in pick.revisions if revision in named]


def fitting(pick: Pick, keys: Any, row: Row) -> Pick | None:
    """A kept pick on the row as it is now: by the names of the versions, else by what they say."""
    if pick.kind == "base":
        known = row.base is not None and (not keys or keys == [body_key(row.base).hex()])
        return pick if known else None
    names = {choice.revision: choice.revision for choice in row.choices}
    if isinstance(keys, list) and len(keys) == len(pick.revisions):
        said = {body_key(choice.body).hex(): choice.revision for choice in row.choices}
        names |= {
            old: said[key]
            for old, key in zip(pick.revisions, keys, strict=True)
            if isinstance(key, str) and key in said and old not in names
        }
    if not pick.revisions or any(revision not in names for revision in pick.revisions):
        return None
    return replace(pick, revisions=tuple(names[revision] for revision in pick.revisions))


def carried(picks: Picks, before: Mapping[str, Row], rows: Sequence[Row]) -> Picks:
    """Picks on rows that were read again."""
    found = {row.item: _renamed(picks[row.item], before[row.item], row) for row in rows if row.item in picks}
    return {item: pick for item, pick in found.items() if pick is not None}


def _renamed(pick: Pick, old: Row, new: Row) -> Pick | None:
    """A pick on a row that was read again, if every text that it stands on is still one of the versions."""
    if pick.kind == "base":
        return pick if new.base is not None and new.base == old.base else None
    named = [
        next((choice.revision for choice in new.choices if choice.body == body), None) for body in bodies_of(pick, old)
    ]
    if None in named:
        return None
    return replace(pick, revisions=tuple(filter(None, named)))

"""The state of resolving a conversation's conflicts: pure data, no drawing, no store.

A row is one item; a conflict row has several versions and waits for a pick. Every change puts
the picks before it on a stack, so undo is a step back and cannot be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from netto_tui.errors import UsageError
from netto_tui.model.conversation import Conflict, Item, body_text, prose_text
from netto_tui.model.revision import Body, Deleted
from netto_tui.vault.writing import both as both_bodies
from netto_tui.vault.writing import with_text

LOCAL = "local"


@dataclass(frozen=True)
class Choice:
    """One version of an item; labels: the columns that hold it, such as `local` and `github`."""

    revision: str
    labels: tuple[str, ...]
    at: str
    by: str
    body: Body

    @property
    def deleted(self) -> bool:
        """Whether taking it means to delete."""
        return isinstance(self.body, Deleted)

    @property
    def text(self) -> str:
        """What it says."""
        return body_text(self.body)


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


class Resolution:
    """Rows, the picks made so far, and the way back."""

    def __init__(self, rows: Sequence[Row], picks: Picks | None = None) -> None:
        self.rows = tuple(rows)
        self.picks: Picks = dict(picks or {})
        self._past: list[Picks] = []
        self._future: list[Picks] = []

    @property
    def conflicts(self) -> list[Row]:
        """The rows that need a pick."""
        return [row for row in self.rows if row.choices]

    @property
    def unresolved(self) -> list[Row]:
        """The rows that have none yet."""
        return [row for row in self.conflicts if row.item not in self.picks]

    @property
    def columns(self) -> tuple[str, ...]:
        """The labels of all versions: this device first, the others by name."""
        labels = {label for row in self.conflicts for choice in row.choices for label in choice.labels}
        return tuple(sorted(labels, key=lambda label: (label != LOCAL, label)))

    def body_of(self, row: Row) -> Body | None:
        """What would be written for a row; None while nothing is picked."""
        pick = self.picks.get(row.item)
        if pick is None:
            return None
        named = {choice.revision: choice.body for choice in row.choices}
        match pick.kind:
            case "base":
                return row.base
            case "both":
                return both_bodies([named[revision] for revision in pick.revisions])
            case "edit":
                return with_text(named[pick.revisions[0]], pick.text)
            case _:
                return named[pick.revisions[0]]

    def letter(self, row: Row) -> str:
        """The state of a row: `=` settled, `?` open, `x` open beside a deletion, else what was picked.

        Picked: the column's number, B both, E edited, D deleted, 0 the base.
        """
        if not row.choices:
            return "="
        pick = self.picks.get(row.item)
        if pick is None:
            return "x" if row.conflict == "edit-vs-delete" else "?"
        if pick.kind != "take":
            return {"both": "B", "edit": "E", "delete": "D", "base": "0"}[pick.kind]
        choice = next(choice for choice in row.choices if choice.revision == pick.revisions[0])
        return str(self.columns.index(choice.labels[0]) + 1)

    # Choosing. Each returns what is wrong, or "".

    def take(self, row: Row, label: str) -> str:
        """Take the version of one column."""
        choice = row.choice_in(label)
        if choice is None:
            return f"{label} has no version of its own here." if row.choices else "This message is not in conflict."
        self._pick(row, Pick("delete" if choice.deleted else "take", (choice.revision,)))
        return ""

    def take_base(self, row: Row) -> str:
        """Go back to what both sides began from."""
        if row.base is None:
            return "The versions share no beginning." if row.choices else "This message is not in conflict."
        self._pick(row, Pick("base"))
        return ""

    def take_both(self, row: Row, order: Sequence[str] = ()) -> str:
        """Put the versions one after the other; `order`: revisions, as they stand when empty."""
        alive = [choice.revision for choice in row.choices if not choice.deleted]
        if len(alive) < 2:
            return "There is only one text here." if row.choices else "This message is not in conflict."
        if reason := _too_long(row):
            return reason
        self._pick(row, Pick("both", tuple(order or alive)))
        return ""

    def take_edit(self, row: Row, text: str) -> str:
        """Write something else."""
        alive = [choice.revision for choice in row.choices if not choice.deleted]
        if not alive:
            return "There is no text to edit." if row.choices else "This message is not in conflict."
        if reason := _too_long(row):
            return reason
        self._pick(row, Pick("edit", (alive[-1],), text))
        return ""

    def take_deletion(self, row: Row) -> str:
        """Accept that the item was deleted."""
        if (choice := row.tombstone) is None:
            return "Nobody deleted this message; taking one of its versions is the way."
        self._pick(row, Pick("delete", (choice.revision,)))
        return ""

    def take_column(self, label: str) -> int:
        """Take one column wherever it has a version; the number of rows that this decided. One step to undo."""
        picks = dict(self.picks)
        for row in self.conflicts:
            if (choice := row.choice_in(label)) is not None:
                picks[row.item] = Pick("delete" if choice.deleted else "take", (choice.revision,))
        changed = sum(picks.get(key) != self.picks.get(key) for key in picks)
        if changed:
            self._step(picks)
        return changed

    def clear(self, row: Row) -> None:
        """Forget the pick of a row."""
        if row.item in self.picks:
            self._step({item: pick for item, pick in self.picks.items() if item != row.item})

    def _pick(self, row: Row, pick: Pick) -> None:
        if self.picks.get(row.item) != pick:
            self._step({**self.picks, row.item: pick})

    def _step(self, picks: Picks) -> None:
        self._past.append(self.picks)
        self._future.clear()
        self.picks = picks

    def undo(self) -> bool:
        """Take the last change back; False if there is none."""
        if not self._past:
            return False
        self._future.append(self.picks)
        self.picks = self._past.pop()
        return True

    def redo(self) -> bool:
        """Do again what was undone; False if there is nothing."""
        if not self._future:
            return False
        self._past.append(self.picks)
        self.picks = self._future.pop()
        return True

    # Around it

    def draft_text(self, row: Row) -> str:
        """What an editor should begin with: what was picked, else every text one after the other."""
        body = self.body_of(row)
        if body is not None and not isinstance(body, Deleted):
            return prose_text(body)
        texts = [prose_text(choice.body) for choice in row.choices if not choice.deleted]
        return "\n\n".join(dict.fromkeys(texts))

    def rebased(self, rows: Sequence[Row]) -> Resolution:
        """The same work on rows that were read again: picks stay where what they name is still there, unchanged."""
        fresh = Resolution(rows)
        before = {row.item: row for row in self.rows}
        kept = {}
        for row in fresh.conflicts:
            pick = self.picks.get(row.item)
            old = before.get(row.item)
            moved = _renamed(pick, old, row) if pick is not None and old is not None else None
            if moved is not None:
                kept[row.item] = moved
        fresh.picks = kept
        return fresh

    def to_draft(self) -> dict[str, Any]:
        """The picks as JSON values."""
        return {
            item: {"kind": pick.kind, "revisions": list(pick.revisions), "text": pick.text}
            for item, pick in self.picks.items()
        }

    def with_draft(self, draft: Mapping[str, Any]) -> Resolution:
        """The same rows with the picks of a draft that still apply to them."""
        picks = {}
        for row in self.conflicts:
            found = draft.get(row.item)
            if isinstance(found, dict) and found.get("kind") in ("take", "both", "base", "edit", "delete"):
                pick = Pick(found["kind"], tuple(map(str, found.get("revisions", ()))), str(found.get("text", "")))
                if _applies(pick, row):
                    picks[row.item] = pick
        return Resolution(self.rows, picks)


def _too_long(row: Row) -> str:
    """A body with blobs holds only the beginning of its text: to rewrite it would cut the rest off."""
    if any(not isinstance(choice.body, Deleted) and choice.body.blobs for choice in row.choices):
        return "This message is stored in parts, being very long. Take one version as a whole."
    return ""


def _applies(pick: Pick, row: Row) -> bool:
    names = {choice.revision for choice in row.choices}
    if pick.kind == "base":
        return row.base is not None
    return bool(pick.revisions) and names.issuperset(pick.revisions)


def _renamed(pick: Pick, old: Row, new: Row) -> Pick | None:
    """A pick on a row that was read again, if every text that it stands on is still one of the versions."""
    if pick.kind == "base":
        return pick if new.base is not None and new.base == old.base else None
    bodies = {choice.revision: choice.body for choice in old.choices}
    names = []
    for revision in pick.revisions:
        found = next((choice.revision for choice in new.choices if choice.body == bodies.get(revision)), None)
        if found is None:
            return None
        names.append(found)
    return replace(pick, revisions=tuple(names))


def check(resolution: Resolution) -> None:
    """Raises UsageError naming the messages that still wait."""
    if waiting := resolution.unresolved:
        numbers = ", ".join(str(row.number) for row in waiting[:8]) + ("…" if len(waiting) > 8 else "")
        raise UsageError(
            f"{len(waiting)} of {len(resolution.conflicts)} still wait: message {numbers}.",
            remedy="n goes to the next one.",
        )

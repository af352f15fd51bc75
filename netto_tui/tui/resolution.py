"""The state of resolving a conversation's conflicts: pure data, no drawing, no store.

A row is one item; a conflict row has several versions and waits for a pick. Every change puts
the picks before it on a stack, so undo is a step back and cannot be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from netto_tui.errors import UsageError
from netto_tui.model.conversation import prose_text
from netto_tui.model.revision import Body, Deleted, Document, body_key
from netto_tui.tui.picks import Pick, Picks, Row, bodies_of, carried, fitting
from netto_tui.vault.writing import both as both_bodies
from netto_tui.vault.writing import with_text

LOCAL = "local"


class ColumnCount(NamedTuple):
    """What taking one column decides: items, other versions set aside, items deleted, earlier picks replaced."""

    items: int = 0
    aside: int = 0
    deleted: int = 0
    replaced: int = 0

    def plus(self, other: ColumnCount) -> ColumnCount:
        """Both together."""
        return ColumnCount(*(one + two for one, two in zip(self, other, strict=True)))


class PlaceCount(NamedTuple):
    """What writing changes in one place: items that will say something else, the same, or be deleted."""

    changes: int
    stays: int
    deleted: int


class Resolution:
    """Rows, the picks made so far, and the way back."""

    def __init__(self, rows: Sequence[Row], picks: Picks | None = None) -> None:
        self.rows = tuple(rows)
        self.picks: Picks = dict(picks or {})
        self.conflicts = [row for row in self.rows if row.choices]
        """The rows that need a pick."""
        labels = {label for row in self.conflicts for choice in row.choices for label in choice.labels}
        self.columns = tuple(sorted(labels, key=lambda label: (label != LOCAL, label)))
        """The labels of all versions: this device first, the others by name."""
        self._past: list[Picks] = []
        self._future: list[Picks] = []

    @property
    def unresolved(self) -> list[Row]:
        """The rows that have none yet."""
        return [row for row in self.conflicts if row.item not in self.picks]

    def is_open(self, row: Row) -> bool:
        """Whether a row needs a pick and has none."""
        return bool(row.choices) and row.item not in self.picks

    def body_of(self, row: Row) -> Body | None:
        """What would be written for a row; None while nothing is picked."""
        pick = self.picks.get(row.item)
        if pick is None:
            return None
        named = {choice.revision: choice for choice in row.choices}
        match pick.kind:
            case "base":
                return row.base
            case "both":
                return both_bodies([named[revision].whole for revision in pick.revisions])
            case "edit":
                return with_text(named[pick.revisions[0]].whole, pick.text)
            case _:
                return named[pick.revisions[0]].body

    def said_of(self, row: Row) -> Body | None:
        """What would be written for a row, with all of its text; None while nothing is picked."""
        pick = self.picks.get(row.item)
        if pick is None or pick.kind in ("both", "edit"):
            return self.body_of(row)
        if pick.kind == "base":
            return row.base_whole
        return next(choice.whole for choice in row.choices if choice.revision == pick.revisions[0])

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
        self.take_revision(row, choice.revision)
        return ""

    def take_revision(self, row: Row, revision: str) -> None:
        """Take one version by its name."""
        deleted = next(choice.deleted for choice in row.choices if choice.revision == revision)
        self._pick(row, Pick("delete" if deleted else "take", (revision,)))

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

    def why_no_edit(self, row: Row) -> str:
        """Why nothing can be written in place of the versions; "" when it can."""
        if not row.choices:
            return "This message is not in conflict."
        return _too_long(row) if any(not choice.deleted for choice in row.choices) else "There is no text to edit."

    def take_edit(self, row: Row, text: str) -> str:
        """Write something else."""
        if reason := self.why_no_edit(row):
            return reason
        alive = [choice.revision for choice in row.choices if not choice.deleted]
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

    def count_column(self, label: str) -> ColumnCount:
        """What taking a column would decide."""
        mine = [(row, choice) for row in self.conflicts if (choice := row.choice_in(label)) is not None]
        return ColumnCount(
            len(mine),
            sum(len(row.choices) - 1 for row, _ in mine),
            sum(choice.deleted for _, choice in mine),
            sum(row.item in self.picks for row, _ in mine),
        )

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

    def undo(self) -> list[str] | None:
        """Take the last change back; the items that it was about, None if there is no change."""
        return self._back(self._past, self._future)

    def redo(self) -> list[str] | None:
        """Do again what was undone; the items that it is about, None if there is nothing."""
        return self._back(self._future, self._past)

    def _back(self, source: list[Picks], other: list[Picks]) -> list[str] | None:
        if not source:
            return None
        other.append(self.picks)
        before, self.picks = self.picks, source.pop()
        return [item for item in before.keys() | self.picks.keys() if before.get(item) != self.picks.get(item)]

    # Around it

    def count_places(self) -> dict[str, PlaceCount]:
        """For each column, what writing the picks changes there."""
        found = {}
        for label in self.columns:
            held = [(row, row.choice_in(label)) for row in self.conflicts]
            results = [(self.body_of(row), choice.body if choice else row.base) for row, choice in held]
            deleted = sum(isinstance(now, Deleted) and not isinstance(old, Deleted) for now, old in results)
            stays = sum(now == old for now, old in results)
            found[label] = PlaceCount(len(results) - stays - deleted, stays, deleted)
        return found

    def draft_text(self, row: Row) -> str:
        """What an editor should begin with: what was picked, else every text one after the other."""
        body = self.body_of(row)
        if body is not None and not isinstance(body, Deleted):
            return prose_text(body)
        texts = [prose_text(choice.whole) for choice in row.choices if not choice.deleted]
        return "\n\n".join(dict.fromkeys(texts))

    def rebased(self, rows: Sequence[Row]) -> Resolution:
        """The same work on rows that were read again: picks stay where what they name is still there, unchanged."""
        fresh = Resolution(rows)
        before = {row.item: row for row in self.rows}
        fresh.picks = carried(self.picks, before, fresh.conflicts)
        fresh._past = [carried(picks, before, fresh.conflicts) for picks in self._past]
        return fresh

    def to_draft(self) -> dict[str, Any]:
        """The picks as JSON values; keys: digests of the texts that they stand on."""
        rows = {row.item: row for row in self.conflicts}
        return {
            item: {
                "kind": pick.kind,
                "revisions": list(pick.revisions),
                "text": pick.text,
                "keys": [body_key(body).hex() for body in bodies_of(pick, rows[item])],
            }
            for item, pick in self.picks.items()
        }

    def with_draft(self, draft: Mapping[str, Any]) -> Resolution:
        """The same rows with the picks of a draft whose texts are still among the versions."""
        picks = {}
        for row in self.conflicts:
            found = draft.get(row.item)
            if isinstance(found, dict) and found.get("kind") in ("take", "both", "base", "edit", "delete"):
                pick = Pick(found["kind"], tuple(map(str, found.get("revisions", ()))), str(found.get("text", "")))
                if (now := fitting(pick, found.get("keys"), row)) is not None:
                    picks[row.item] = now
        return Resolution(self.rows, picks)


def _too_long(row: Row) -> str:
    """Without all of its text a body holds only the beginning: to rewrite it would cut the rest off."""
    for choice in row.choices:
        missing = choice.inflated is None and not isinstance(choice.body, Deleted) and choice.body.blobs
        if missing or (isinstance(choice.whole, Document) and choice.whole.blobs):
            return "This is stored in parts that are not all text or not all here. Take one version as a whole."
    return ""


def check(resolution: Resolution) -> None:
    """Raises UsageError naming the messages that still wait."""
    if waiting := resolution.unresolved:
        numbers = ", ".join(str(row.number) for row in waiting[:8]) + ("…" if len(waiting) > 8 else "")
        raise UsageError(
            f"{len(waiting)} of {len(resolution.conflicts)} still wait: message {numbers}.",
            remedy="n goes to the next one.",
        )

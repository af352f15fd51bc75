"""Where a conversation was edited or answered anew: its branches, and a view of one of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netto_tui.vault.reader import Reader

_FORKED = (
    "SELECT 1 FROM messages INDEXED BY messages_parent WHERE conversation = ? AND parent IS NOT NULL"
    " GROUP BY parent HAVING count(*) > 1 LIMIT 1"
)
_ROOTS = (
    "SELECT count(*), (SELECT count(*) FROM messages INDEXED BY messages_parent"
    " WHERE conversation = ?1 AND parent IS NOT NULL) FROM messages WHERE conversation = ?1"
)


class Node(NamedTuple):
    """A message in the tree: `place` is its rowid, in reading order; active: on the conversation's own branch."""

    place: int
    item: str
    parent: str | None
    active: bool


class Branches:
    """The messages of one conversation as a tree, and which branch of it is shown.

    What belongs to no branch, such as a document, is always shown. Nothing here is stored: a choice is one of the
    view.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.item: node for node in sorted(nodes)}
        self._children: dict[str, list[str]] = defaultdict(list)
        for node in self._nodes.values():
            self._children[self._above(node.item)].append(node.item)
        self._loose = {
            node.item
            for node in self._nodes.values()
            if node.active and self._above(node.item) == "" and not self._children.get(node.item)
        }
        self._loose |= self._nodes.keys() - self._reached()
        self._choices: dict[str, str] = {}
        self._show()

    def _reached(self) -> set[str]:
        """The messages on a way from a first one; those that only answer each other in a circle are not."""
        reached, waiting = set[str](), [""]
        while waiting:
            following = self._children.get(waiting.pop(), ())
            waiting.extend(following)
            reached.update(following)
        return reached

    def _above(self, item: str) -> str:
        """The message before one; "" for the first, also where the one before it is not here."""
        parent = self._nodes[item].parent
        return parent if parent is not None and parent in self._nodes and parent != item else ""

    def _show(self) -> None:
        shown = set(self._loose)
        item = ""
        while (item := self._next(item)) and item not in shown:
            shown.add(item)
        self.places: list[int] = sorted(self._nodes[name].place for name in shown)

    def _next(self, item: str) -> str:
        """What follows on the branch that is shown: the chosen one, the active one, else the latest."""
        following = self._alternatives(item)
        if not following:
            return ""
        chosen = self._choices.get(item, "")
        if chosen in following:
            return chosen
        active = [name for name in following if self._nodes[name].active]
        return (active or following)[-1]

    def _alternatives(self, above: str) -> list[str]:
        return [item for item in self._children.get(above, ()) if item not in self._loose]

    def fork(self, item: str) -> tuple[int, int]:
        """Which of how many alternatives a message is, from 1; (0, 0) where there is none."""
        if item not in self._nodes or item in self._loose:
            return 0, 0
        there = self._alternatives(self._above(item))
        return (there.index(item) + 1, len(there)) if len(there) > 1 else (0, 0)

    def turn(self, item: str, by: int) -> str:
        """Show the alternative before or after a message instead of it; that message, or "" where there is none."""
        there = self._alternatives(self._above(item)) if item in self._nodes and item not in self._loose else []
        if len(there) < 2:
            return ""
        chosen = there[(there.index(item) + by) % len(there)]
        self.lead_to(chosen)
        return chosen

    def lead_to(self, item: str) -> None:
        """Show a branch that a message is on."""
        seen: set[str] = set()
        while item in self._nodes and item not in self._loose and item not in seen:
            seen.add(item)
            above = self._above(item)
            if self._next(above) != item:
                self._choices[above] = item
            item = above
        self._show()

    def nearest_fork(self, item: str) -> str:
        """The last message with alternatives on the way down to one, itself included; "" where there is none."""
        seen: set[str] = set()
        while item in self._nodes and item not in seen:
            seen.add(item)
            if self.fork(item)[1]:
                return item
            item = self._above(item)
        return ""

    def position(self, item: str) -> int:
        """Where a message stands in what is shown, from 0; 0 for one that is not shown."""
        node = self._nodes.get(item)
        at = bisect_left(self.places, node.place) if node is not None else len(self.places)
        return at if at < len(self.places) and node is not None and self.places[at] == node.place else 0

    def positions(self, places: Sequence[int]) -> list[int]:
        """Where messages stand that are given by their places; those that are not shown are left out."""
        found = [(bisect_left(self.places, place), place) for place in places]
        return [at for at, place in found if at < len(self.places) and self.places[at] == place]

    def keep_choices(self, before: Branches) -> None:
        """Show what another view of the same conversation shows, as far as it is still there."""
        self._choices = dict(before._choices)
        self._show()


def branches(reader: Reader, conversation: str) -> Branches | None:
    """The branches of a conversation; None where its source told of none, or nothing lies off the active one.

    Costs one read of two indexes where no message was answered twice, else a row for each message.
    """
    number = reader.first("SELECT id FROM conversations WHERE name = ?", (conversation,))
    if number is None:
        return None
    total, answers = next(reader.select(_ROOTS, (number,)))
    forked = reader.first(_FORKED, (number,)) is not None
    if not forked and (total - answers < 2 or not answers):
        return None
    query = "SELECT id, item, parent, branch FROM messages WHERE conversation = ?"
    nodes = [Node(place, item, parent, bool(on)) for place, item, parent, on in reader.select(query, (number,))]
    return Branches(nodes) if any(not node.active for node in nodes) else None

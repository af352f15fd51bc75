"""Where a conversation was edited or answered anew: its branches, and a view of one of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from netto_tui.vault.forks import SAYS, Forks, Node
from netto_tui.vault.reader import Reader

_FORKED = (
    "SELECT 1 FROM messages INDEXED BY messages_parent WHERE conversation = ? AND parent IS NOT NULL"
    " GROUP BY parent HAVING count(*) > 1 LIMIT 1"
)
_ROOTS = (
    "SELECT count(*), (SELECT count(*) FROM messages INDEXED BY messages_parent"
    " WHERE conversation = ?1 AND parent IS NOT NULL) FROM messages WHERE conversation = ?1"
)


class Branches:
    """The messages of one conversation as a tree, and which branch of it is shown.

    What belongs to no branch, such as a document, is always shown. Nothing here is stored: a choice is one of the
    view.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._forks = forks = Forks(nodes)
        self._nodes = forks.nodes
        self._loose = {
            node.item
            for node in self._nodes.values()
            if node.active and forks.above(node.item) == "" and not forks.following(node.item)
        }
        if not any(node.active for item, node in self._nodes.items() if item not in self._loose):
            self._loose = set()  # the branch itself is one message, with which a session began anew
        self._loose |= self._nodes.keys() - forks.reached([""])
        self._choices: dict[str, str] = {}
        self._show()

    def _show(self) -> None:
        shown, waiting = set(self._loose), [""]
        while waiting:
            item = waiting.pop()
            following = {self._next(item), *self._forks.along(item)} - shown - {""}
            shown |= following
            waiting.extend(following)
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
        return [item for item in self._forks.alternatives(above) if item not in self._loose]

    def fork(self, item: str) -> tuple[int, int]:
        """Which of how many alternatives a message is, from 1; (0, 0) where there is none."""
        if item not in self._nodes or item in self._loose:
            return 0, 0
        there = self._alternatives(self._forks.above(item))
        return (there.index(item) + 1, len(there)) if len(there) > 1 and item in there else (0, 0)

    def turn(self, item: str, by: int) -> str:
        """Show the alternative before or after a message instead of it; that message, or "" where there is none."""
        at, count = self.fork(item)
        if not count:
            return ""
        there = self._alternatives(self._forks.above(item))
        chosen = there[(at - 1 + by) % count]
        self.lead_to(chosen)
        return chosen

    def lead_to(self, item: str) -> None:
        """Show a branch that a message is on."""
        seen: set[str] = set()
        while item in self._nodes and item not in self._loose and item not in seen:
            seen.add(item)
            above = self._forks.above(item)
            if self._next(above) != item and item in self._alternatives(above):
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
            item = self._forks.above(item)
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
    query = f"SELECT id, item, parent, branch, {SAYS} FROM messages WHERE conversation = ?"
    nodes = [Node(at, item, parent, bool(on), says) for at, item, parent, on, says in reader.select(query, (number,))]
    return Branches(nodes) if any(not node.active for node in nodes) else None

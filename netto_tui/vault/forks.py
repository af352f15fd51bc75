"""The messages of one conversation as a tree: what follows what, and what of it are alternatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

SAYS = "CASE WHEN hidden AND role <> 'tool' THEN '' ELSE role END"
"""`Node.says` of a row of the table of messages."""


class Node(NamedTuple):
    """A message in the tree: `place` is its rowid, in reading order; active: on the conversation's own branch.

    says: its role, "" for what is hidden and for a document.
    """

    place: int
    item: str
    parent: str | None
    active: bool
    says: str = "user"


class Forks:
    """What follows each message: alternatives, of which a branch has one, and what goes along with all of them.

    Not everything that has the same parent is an alternative. Where an assistant called several tools at once, each
    result answers its own call, beside the next call; settings and hooks hang beside what was said. Such a message
    goes along, with all that follows it, unless somebody asks something there.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.item: node for node in sorted(nodes)}
        self._children: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            self._children[self.above(node.item)].append(node.item)
        asked, answered = self._over("user"), self._over("assistant")
        self._along: dict[str, list[str]] = {}
        for above, following in self._children.items():
            if len(following) > 1:
                calls = bool(above) and self.nodes[above].says == "assistant"
                calls = calls and any(self.nodes[item].says == "tool" for item in following)
                along = [
                    item
                    for item in following
                    if item not in asked
                    and (item not in answered or (calls and self.nodes[item].says in ("assistant", "tool")))
                ]
                if along:
                    self._along[above] = along

    def _over(self, says: str) -> set[str]:
        """The messages at which, or below which, somebody of a role says something."""
        found: set[str] = set()
        for item, node in self.nodes.items():
            if node.says == says:
                while item and item not in found:
                    found.add(item)
                    item = self.above(item)
        return found

    def above(self, item: str) -> str:
        """The message before one; "" for the first, also where the one before it is not here."""
        parent = self.nodes[item].parent
        return parent if parent is not None and parent in self.nodes and parent != item else ""

    def following(self, item: str) -> list[str]:
        """All that has a message as its parent; of "": the first messages."""
        return self._children.get(item, [])

    def along(self, item: str) -> list[str]:
        """What follows a message on every branch."""
        return self._along.get(item, [])

    def alternatives(self, item: str) -> list[str]:
        """What follows a message, of which a branch has one."""
        along = self._along.get(item)
        return [one for one in self.following(item) if one not in along] if along else self.following(item)

    def reached(self, items: Iterable[str]) -> set[str]:
        """Everything on a way down from some messages, these not included; from "" all but circles."""
        reached, waiting = set[str](), list(items)
        while waiting:
            new = [item for item in self.following(waiting.pop()) if item not in reached]
            waiting.extend(new)
            reached.update(new)
        return reached

    def branch(self, leaf: str) -> set[str]:
        """The messages on the branch that ends at one, with what goes along; none where it is not here."""
        on: set[str] = set()
        while leaf in self.nodes and leaf not in on:
            on.add(leaf)
            leaf = self.above(leaf)
        beside = {one for item in (*on, "") for one in self.along(item)} - on if on else set()
        return on | beside | self.reached(beside)

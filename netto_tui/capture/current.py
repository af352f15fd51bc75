"""Which message of a session is the current one, for sources that only append and do not say it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


class Current:
    """What follows what in a session while its records are read, and so where it goes on.

    It goes on at the message that was written last. That is told only where a message was followed in different ways,
    as other sessions have nothing to choose from. at: the latest time of a record, as a stamp.
    """

    def __init__(self) -> None:
        self.at = ""
        self._lost: set[str] = set()
        self._above: dict[str, str] = {}
        self._says: dict[str, str] = {}
        self._last = ""

    def add(self, item: str, parent: str | None, at: str, says: str | None, *, lost: bool = False) -> None:
        """One record, in the order of the source.

        says: what makes it another way to go on than the next one with the same parent; "" for what never is one, such
        as an answer; None for what is no turn at all, which is looked through. lost: the source does not tell its
        place.
        """
        self.at = max(self.at, at)
        if lost:
            self._lost.add(item)
        if item in self._above:
            return
        self._above[item] = parent or ""
        if says is not None:
            self._says[item] = says
        if says is not None or parent == self._last:
            self._last = item

    def forked(self, *, at_root: bool) -> bool:
        """Whether a message was followed in different ways. at_root: different first messages count as such."""
        ways: dict[str, set[str]] = defaultdict(set)
        for item, says in self._says.items():
            root = "/" if at_root and item not in self._lost else ""
            if says and (after := self._turn_above(item) or root):
                ways[after].add(says)
        return any(len(one) > 1 for one in ways.values())

    def state(self, *, at_root: bool) -> dict[str, Any]:
        """What a header says of it: {} where the session does not fork, no message where it does not hang together.

        at_root: the source tells every parent, so that different first messages are different ways to begin; else they
        mean that it has lost what connects them. Then, and where a record is lost, the way up from the last message
        does not lead over all that came before it, and nothing may be called a side branch.
        """
        if not self.forked(at_root=at_root):
            return {}
        whole = not self._lost and (at_root or self._hangs_together())
        return {"leaf": self._last if whole else None}

    def _turn_above(self, item: str) -> str:
        """The turn that one follows; "" for a first one."""
        seen = {item}
        at = self._above.get(item, "")
        while at and at not in self._says and at not in seen:
            seen.add(at)
            at = self._above.get(at, "")
        return at if at in self._says else ""

    def _hangs_together(self) -> bool:
        """Whether all turns have the same first message."""
        first: dict[str, str] = {}
        for item in self._says:
            way: list[str] = []
            at = item
            while at not in first:
                first[at] = at  # until it is known better; a circle ends here, as a beginning of its own
                way.append(at)
                at = self._above.get(at, "") or at
            first.update(dict.fromkeys(way, first[at]))
        return len({first[item] for item in self._says}) == 1

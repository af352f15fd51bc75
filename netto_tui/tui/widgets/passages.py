"""The messages of a conversation below each other: which lines each takes, and what is folded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netto_tui.tui.widgets.layout import Layout
from netto_tui.tui.widgets.lines import NOWHERE
from netto_tui.tui.widgets.pages import Pages
from netto_tui.tui.widgets.passage import Manner, Passage

if TYPE_CHECKING:
    from netto_tui.vault.rows import MessageRow

KEEP = 250
"""How many laid out messages are kept."""


@dataclass
class Folds:
    """What is folded: hidden and tools, as long as `hidden`; `unlike` are the items for which it is otherwise."""

    hidden: bool
    unlike: set[str]

    def of(self, row: MessageRow) -> tuple[bool, bool]:
        """Whether a message is folded whole, and whether its details are unfolded."""
        unlike = row.item in self.unlike
        aside = row.hidden or row.role == "tool" or (row.asides == "all" and row.role != "user")
        if aside and not row.conflict:
            return self.hidden != unlike, True
        if row.asides:
            return False, self.hidden == unlike
        return unlike, True


@dataclass(frozen=True)
class Anchor:
    """What is drawn at the top of the window, in terms that hold at any width."""

    index: int
    source: int
    place: int
    inside: int


class Passages:
    """Messages of `pages` in one manner; heights are exact around what was looked at."""

    def __init__(self, pages: Pages[MessageRow], manner: Manner, folds: Folds) -> None:
        self.pages = pages
        self.manner = manner
        self.folds = folds
        self._layout = Layout(pages.count, size=pages.size)
        self._kept: OrderedDict[int, Passage] = OrderedDict()

    @property
    def total(self) -> int:
        """Lines of everything."""
        return self._layout.total

    def passage(self, index: int) -> Passage | None:
        """One message; None for one that is not there any more."""
        if (passage := self._kept.get(index)) is not None:
            self._kept.move_to_end(index)
            return passage
        row = self.pages.row(index)
        if row is None:
            return None
        folded, details = self.folds.of(row)
        after = self.pages.row(index + 1) if (index + 1) % self.pages.size else None
        gap = after is None or not self.folds.of(after)[0]
        passage = self._kept[index] = Passage(row, self.manner, folded=folded, details=details, gap=gap)
        if len(self._kept) > KEEP:
            self._kept.popitem(last=False)
        return passage

    def know(self, index: int) -> None:
        """Have heights for the page of a message."""
        page = index // self.pages.size
        if not self._layout.is_known(page):
            first = page * self.pages.size
            last = min(first + self.pages.size, self.pages.count)
            passages = [self.passage(index) for index in range(first, last)]
            self._layout.set_page(page, [passage.height if passage else 1 for passage in passages])

    def top(self, index: int) -> int:
        """The line where a message begins."""
        self.know(index)
        return self._layout.top(index)

    def height(self, index: int) -> int:
        """The lines of a message."""
        self.know(index)
        return self._layout.height(index)

    def at(self, y: int) -> tuple[int, int]:
        """The message at a line, and the line within it."""
        self.know(self._layout.page_at(y) * self.pages.size)
        return self._layout.at(y)

    def settle(self, top: int, height: int) -> None:
        """Make the lines from `top` on exact, for a window of `height`."""
        if not self.pages.count:
            return
        index, inside = self.at(top)
        left = height
        while left > 0 and index < self.pages.count:
            self.know(index)
            if (passage := self.passage(index)) is not None:
                passage.measure(inside, inside + left)
                self._layout.set_height(index, passage.height)
            left -= self._layout.height(index) - inside
            index, inside = index + 1, 0

    def anchor(self, y: int) -> Anchor:
        """What is drawn at a line."""
        index, inside = self.at(y)
        passage = self.passage(index)
        line = passage.line(inside) if passage is not None and inside else None
        if line is None or line.source == NOWHERE:
            return Anchor(index, NOWHERE, 0, inside)
        return Anchor(index, line.source, line.begin, inside)

    def marked_line(self, index: int) -> int | None:
        """The line of the first marked word of a message, in what is unfolded of it."""
        passage = self.passage(index)
        found = passage.marked() if passage is not None else None
        return self.line_of(Anchor(index, *found, 0)) if found is not None else None

    def line_of(self, anchor: Anchor) -> int:
        """Where something is drawn now."""
        if not self.pages.count:
            return 0
        index = min(anchor.index, self.pages.count - 1)
        self.know(index)
        passage = self.passage(index)
        if passage is None:
            return self.top(index)
        inside = min(anchor.inside, passage.height - 1)
        if anchor.source != NOWHERE:
            inside = passage.line_at(anchor.source, anchor.place)
        self._layout.set_height(index, passage.height)
        return self._layout.top(index) + min(inside, passage.height - 1)

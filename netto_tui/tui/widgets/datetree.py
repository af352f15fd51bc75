"""Years, months and days with counts; the days of a month are made when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from netto_tui.plural import number

if TYPE_CHECKING:
    from netto_tui.vault.rows import DayCount

UNDATED = "undated"
_TOGGLE = Style.from_meta({"toggle": True})
"""What Textual opens or closes a node by when it is clicked."""
_DEPTHS = {4: 1, 7: 2, 10: 3}
"""How deep a year, a month and a day stand, by the length of what they carry."""


class DateTree(Tree[str]):
    """A tree whose nodes carry `2026`, `2026-11` or `2026-11-23`: the value of an `on:` filter; "" is everything.

    UNDATED stands for what has no date.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False, id="tree.down"),
        Binding("k", "cursor_up", "Up", show=False, id="tree.up"),
        Binding("g", "scroll_home", "First", show=False, id="tree.first"),
        Binding("G", "scroll_end", "Last", show=False, id="tree.last"),
        Binding("l,right", "open", "Open", show=False, id="tree.open"),
        Binding("h,left", "shut", "Close", show=False, id="tree.close"),
        Binding("enter", "select_cursor", "Only these", id="tree.select"),
    ]

    @dataclass
    class Picked(Message):
        """A time was chosen; "" means all of it, UNDATED what has none."""

        value: str

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__("All", data="", id=widget_id)
        self.guide_depth = 2
        self.show_guides = False
        self.auto_expand = False
        self.root.expand()
        self._days: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._today = ""
        self._capped = False
        self._oldest: str | None = None
        """The day with which counting stopped; None when everything was counted."""

    @property
    def undated(self) -> int:
        """How many conversations have no date."""
        return self._counts.get(UNDATED, 0)

    def show(self, days: Sequence[DayCount], today: str = "", *, capped: bool = False) -> None:
        """Take other counts, keeping what is open and where the cursor is.

        today: the day that is marked. capped: only the latest were counted, so there are more and older ones.
        """
        counts = {row.day or UNDATED: row.conversations for row in days}
        if (counts, today, capped) == (self._days, self._today, self._capped):
            return
        self._today, self._capped = today, capped
        self._oldest = min(counts, default="") if capped else None
        opened = {node.data for node in self._walk(self.root) if node.is_expanded}
        here = self.cursor_node.data if self.cursor_node else ""
        self._days = counts
        self._counts = {"": sum(counts.values())}
        for day, count in counts.items():
            for key in {day[:4], day[:7], day} if day != UNDATED else {UNDATED}:
                self._counts[key] = self._counts.get(key, 0) + count
        self.root.remove_children()
        for year in sorted((key for key in self._counts if len(key) == 4), reverse=True):
            node = self.root.add(year, data=year, allow_expand=True)
            if year in opened or len(opened) <= 1:
                self._open(node, opened)
        if UNDATED in self._counts:
            self.root.add_leaf(UNDATED, data=UNDATED)
        self._stand_on(next((node for node in self._walk(self.root) if node.data == here), self.root))

    def reveal(self, day: str) -> None:
        """Put the cursor on a day, a month or a year, or on the nearest time above it that has anything."""
        node = self.root
        for length in (4, 7, 10):
            below = next((child for child in node.children if child.data == day[:length]), None)
            if below is None or len(day) < length:
                break
            self._fill(below)
            if length < len(day):
                below.expand()
            node = below
        self._stand_on(node)

    def _stand_on(self, node: TreeNode[str]) -> None:
        """Put the cursor on a node once it has a line: a new one gets its line when the tree is drawn."""

        def stand() -> None:
            self.move_cursor(node)
            self.scroll_to_node(node, animate=False)

        self.call_after_refresh(stand)

    def _walk(self, node: TreeNode[str]) -> list[TreeNode[str]]:
        return [node, *(found for child in node.children for found in self._walk(child))]

    def _open(self, node: TreeNode[str], opened: set[str | None]) -> None:
        self._fill(node)
        node.expand()
        for child in node.children:
            if child.data in opened:
                self._open(child, opened)

    def _fill(self, node: TreeNode[str]) -> None:
        """Make the months of a year, or the days of a month."""
        data = node.data or ""
        if node.children or len(data) not in (4, 7):
            return
        wanted = len(data) + 3
        for key in sorted((k for k in self._counts if len(k) == wanted and k.startswith(f"{data}-")), reverse=True):
            if wanted == 7:
                node.add(key, data=key, allow_expand=True)
            else:
                node.add_leaf(key, data=key)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[str]) -> None:
        """Fill a node when it is opened."""
        event.stop()
        self._fill(event.node)

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        """Say which time was chosen."""
        event.stop()
        self.post_message(self.Picked(event.node.data or ""))

    def action_open(self) -> None:
        """Open the node under the cursor, or go into it."""
        if (node := self.cursor_node) is not None and node.allow_expand:
            if node.is_expanded and node.children:
                self.action_cursor_down()
            else:
                node.expand()

    def action_shut(self) -> None:
        """Close the node under the cursor, or go to its parent."""
        if (node := self.cursor_node) is None or node.is_root:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None:
            self.move_cursor(node.parent)

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """A node's name on the left, its count on the right."""
        data = node.data or ""
        depth = 0 if node.is_root else 1 if data == UNDATED else _DEPTHS[len(data)]
        arrow = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand and not node.is_root else "  "
        name = f"{data[8:]} today" if data and data == self._today else _name(data)
        is_more = self._oldest is not None and self._oldest.startswith(data)
        count = number(self._counts.get(data, 0)) + ("+" if is_more else "")
        room = self.scrollable_content_region.width - len(arrow) - depth * self.guide_depth - 1
        if len(name) + 1 + len(count) > room:
            name = name[:3]  # a month says its name so, a day its number
        label = Text(arrow, style=style + _TOGGLE if node.allow_expand and not node.is_root else style)
        label.append(name, style=style)
        label.append(count.rjust(max(len(count) + 1, room - len(name))), style=style)
        return label


def _name(data: str) -> str:
    if data == UNDATED:
        return data
    if len(data) == 7:
        return date(int(data[:4]), int(data[5:]), 1).strftime("%B")
    if len(data) == 10:
        return f"{date.fromisoformat(data):%d %a}"
    return data or "All"

"""Columns of a list: where each cell goes and what is cut when the room is short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from textual.content import Content

from netto_tui.security.display import safe_line

T = TypeVar("T")
Cell = Content | str
"""What a column shows for a row: a plain str is foreign and is made safe, Content is ours."""

GAP = 2


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column: `width` in cells, 0 for what is left over; shown in lists from `from_width` and below `to_width`."""

    title: str
    cell: Callable[[T], Cell]
    width: int = 0
    align: Literal["left", "right"] = "left"
    style: str = ""
    from_width: int = 0
    to_width: int = 10_000


def fit(cell: Cell, width: int, align: str = "left", style: str = "") -> Content:
    """A cell in exactly `width` cells; what is too long ends in an ellipsis."""
    content = cell if isinstance(cell, Content) else Content(safe_line(cell))
    if style:
        content = content.stylize_before(style)
    if content.cell_length > width:
        content = content.truncate(width, ellipsis=True)
    pad = max(0, width - content.cell_length)
    return content.pad_left(pad) if align == "right" else content.pad_right(pad)


def places(columns: Sequence[Column[T]], width: int) -> list[tuple[Column[T], int]]:
    """The columns that are shown in `width` cells, each with its width."""
    shown = [column for column in columns if column.from_width <= width < column.to_width]
    used = sum(column.width for column in shown) + GAP * (len(shown) - 1)
    rest = [column for column in shown if column.width == 0]
    left = max(0, width - used)
    shares = {id(column): left // len(rest) for column in rest}
    if rest:
        shares[id(rest[-1])] += left % len(rest)
    return [(column, column.width or shares[id(column)]) for column in shown]


def line(columns: Sequence[Column[T]], row: T, width: int) -> Content:
    """One row as one line of `width` cells."""
    cells = [fit(column.cell(row), size, column.align, column.style) for column, size in places(columns, width)]
    return fit(Content(" " * GAP).join(cells), width)


def titles(columns: Sequence[Column[T]], width: int) -> Content:
    """The line of headings above."""
    cells = [fit(Content(column.title), size, column.align) for column, size in places(columns, width)]
    return fit(Content(" " * GAP).join(cells), width)

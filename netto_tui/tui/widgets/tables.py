"""Tables in a given width: every column below itself, cells wrapped where there is no room for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from textual.content import Content

from netto_tui.tui.widgets.lines import NOWHERE, Line, Row, wrapped

GAP = " │ "
NARROWEST = 4
"""Cells that a column keeps when the table is too wide."""


@dataclass(frozen=True)
class Cell:
    """One cell; `places` as in lines.Line, align is left, right, center or ""."""

    content: Content
    places: Sequence[int]
    align: str = ""


def column_widths(wanted: Sequence[int], room: int) -> list[int]:
    """The widths that columns get: what they want, else the widest give way first, each of them at least 1."""
    widths = [max(1, want) for want in wanted]
    spare = room - len(GAP) * (len(widths) - 1)
    while sum(widths) > spare and max(widths) > NARROWEST:
        widest = max(widths)
        second = max([w for w in widths if w < widest], default=NARROWEST)
        many = widths.count(widest)
        less = max(1, min(widest - max(second, NARROWEST), (sum(widths) - spare) // many))
        for at, width in enumerate(widths):
            if width == widest and sum(widths) > spare:
                widths[at] = max(NARROWEST, width - less)
    return widths


def laid_out(rows: Sequence[Sequence[Cell]], room: int) -> Iterator[tuple[int, Content, list[int]]]:
    """The drawn lines of a table whose first row is its head: the row's number, the line, and its places."""
    if not rows:
        return
    count = max(map(len, rows))
    wanted = [max((row[n].content.cell_length for row in rows if n < len(row)), default=1) for n in range(count)]
    widths = column_widths(wanted, room)
    for number, row in enumerate(rows):
        cells = [
            list(wrapped(Row(cell.content, cell.places, 0, 0), widths[n])) if cell.content.plain else []
            for n, cell in enumerate(row)
        ]
        for level in zip_longest(*cells) if any(cells) else [()]:
            yield number, *_line(level, row, widths, head=number == 0)
        if number == 0:
            rule = "─┼─".join("─" * width for width in widths)
            yield 0, Content.styled(rule, "$faint"), [NOWHERE] * len(rule)


def _line(
    level: Sequence[Line | None], row: Sequence[Cell], widths: Sequence[int], *, head: bool
) -> tuple[Content, list[int]]:
    content, places = Content(""), list[int]()
    for number, width in enumerate(widths):
        part = level[number] if number < len(level) else None
        text = part.content if part else Content("")
        if head:
            text = text.stylize("bold")
        spare = max(0, width - text.cell_length)
        align = row[number].align if number < len(row) else ""
        left = spare if align == "right" else spare // 2 if align == "center" else 0
        gap = Content.styled(GAP, "$faint") if number else Content("")
        content = content + gap + Content(" " * left) + text + Content(" " * (spare - left))
        places += [NOWHERE] * (len(gap) + left) + _filled(part, len(text)) + [NOWHERE] * (spare - left)
    return content.rstrip(), places


def _filled(part: Line | None, length: int) -> list[int]:
    places = list(part.places) if part else []
    return (places + [NOWHERE] * length)[:length]

"""What was written under a stretch of the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual.content import Content
from textual.selection import Selection

from netto_tui.tui.widgets.lines import NOWHERE, Line, Picked, gather
from netto_tui.tui.widgets.passages import Passages

MARGIN = 2
"""Cells left of a text: the bar of the cursor, and a blank."""

COPY_LINES = 20_000
"""How much of a selection is copied."""

_WORD = re.compile(r"[\w'’.@/:+#~%&=?-]*\w|\S")


def selected_text(passages: Passages, selection: Selection) -> str:
    """What was written between two places of a conversation: wrapped lines are joined, and Markdown is as it was."""
    sources: dict[tuple[object, int], str] = {}

    def picked() -> Iterator[Picked]:
        last = min(passages.total - 1, selection.end.y if selection.end else passages.total - 1)
        first = max(0, selection.start.y if selection.start else 0)
        for y in range(first, min(last, first + COPY_LINES) + 1):
            index, inside = passages.at(y)
            passage = passages.passage(index)
            line = passage.line(inside) if passage is not None else Line(Content(""))
            if passage is not None and line.source != NOWHERE and (index, line.source) not in sources:
                sources[index, line.source] = passage.text(line.source)
            start, stop = selection.get_span(y) or (0, -1)
            yield index, line, max(0, start - MARGIN), None if stop == -1 else max(0, stop - MARGIN)

    return gather(picked(), sources)


def word_at(passages: Passages, y: int, x: int) -> tuple[int, int] | None:
    """The first and one past the last character, margin included, of the word at a cell of a line; None for none."""
    index, inside = passages.at(y)
    passage = passages.passage(index)
    if passage is None:
        return None
    content = passage.line(inside).content
    at, cells = 0, MARGIN
    while at < len(content) and cells + content[at].cell_length <= x:
        cells += content[at].cell_length
        at += 1
    found = next((word for word in _WORD.finditer(content.plain) if word.start() <= at < word.end()), None)
    return (found.start() + MARGIN, found.end() + MARGIN) if found else None

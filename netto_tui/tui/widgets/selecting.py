"""What was written under a stretch of the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual.content import Content
from textual.selection import Selection

from netto_tui.tui.widgets.lines import NOWHERE, Line, Picked, Touch, gather
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
    at = _character_at(content, x)
    found = next((word for word in _WORD.finditer(content.plain) if word.start() <= at < word.end()), None)
    return (found.start() + MARGIN, found.end() + MARGIN) if found else None


def touched(passages: Passages, y: int, x: int) -> Touch:
    """What a click on a cell of a line does."""
    index, inside = passages.at(y)
    passage = passages.passage(index)
    if passage is None:
        return ""
    line = passage.line(inside)
    at = _character_at(line.content, x)
    return line.touch if line.touch_from <= at < min(line.touch_to, len(line.content)) else ""


def _character_at(content: Content, x: int) -> int:
    """The character at a cell, margin included; the length of the content for one beyond it."""
    at, cells = 0, MARGIN
    while at < len(content) and cells + content[at].cell_length <= x:
        cells += content[at].cell_length
        at += 1
    return at

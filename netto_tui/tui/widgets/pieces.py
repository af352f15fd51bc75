"""Long texts cut into pieces that can be drawn one without the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 2_400
"""Characters that are drawn at once; a message of a megabyte costs no more than what is visible."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_BREAK = re.compile(r"\n\n(?=\S)")
_TABLE_FACTOR = 4
"""A table is not cut up to so many pieces: the columns of its second part would stand elsewhere."""


@dataclass(frozen=True, slots=True)
class Piece:
    """text[start:end]; opening: the line that began the block of code that the piece begins in, or ""."""

    start: int
    end: int
    opening: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of code, from its first line to the end of its last."""

    start: int
    end: int
    opening: str


def pieces(text: str, *, markdown: bool = True) -> Iterator[Piece]:
    """A text cut at line ends where there are any, else after PIECE characters.

    markdown: cut between paragraphs if possible, not in a table, and with the opening line of a block of code.
    """
    blocks = list(_blocks(text)) if markdown and len(text) > PIECE else []
    start, at = 0, 0
    while True:
        while at < len(blocks) and blocks[at].end <= start:
            at += 1
        within = blocks[at] if at < len(blocks) and blocks[at].start < start else None
        opening = within.opening if within is not None else ""
        limit = start + PIECE
        if limit >= len(text):
            yield Piece(start, len(text), opening)
            return
        block = next((b for b in blocks[at : at + 8] if b.start < limit < b.end), None)
        end = _cut(text, start, limit, block) if markdown else _line_end(text, start, limit)
        yield Piece(start, end, opening)
        start = end + (text[end : end + 1] == "\n")


def _cut(text: str, start: int, limit: int, block: _Block | None) -> int:
    """Where a piece of Markdown ends at best, at most at the limit, or a little later for a table."""
    if block is not None:
        before = block.start - 1
        return before if before > start + PIECE // 4 else _line_end(text, start, limit)
    breaks = list(_BREAK.finditer(text, start + PIECE // 4, limit))
    if breaks:
        return breaks[-1].start() + 1
    end = _line_end(text, start, limit)
    last = min(len(text), start + _TABLE_FACTOR * PIECE)
    while end < last and text.startswith("|", text.rfind("\n", start, end) + 1) and text.startswith("|", end + 1):
        following = text.find("\n", end + 1, last)
        if following < 0:
            break
        end = following
    return end


def _line_end(text: str, start: int, limit: int) -> int:
    """The last line end before a limit, else the limit."""
    end = text.rfind("\n", start, limit)
    return end if end > start else limit


def _blocks(text: str) -> Iterator[_Block]:
    """The fenced blocks of code; one that never ends goes on to the end of the text."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            if fence[1][0] == "~" or "`" not in fence[2]:
                opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            yield _Block(opened.start(), fence.end(), f"{opened[1]}{opened[2]}\n")
            opened = None
    if opened is not None:
        yield _Block(opened.start(), len(text), f"{opened[1]}{opened[2]}\n")

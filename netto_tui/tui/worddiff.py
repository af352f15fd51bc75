"""What turns one text into another, word by word; long and unlike texts cost no more than a bounded time.

Lines that stand once in each text are the fixed points between which words are compared (Bram Cohen's
patience diff). Comparing words takes quadratic time, so a passage with too many of them is named as a whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from netto_tui.model.merge import changes

PASSAGE_LIMIT = 400
"""Words of both sides that are compared with each other in one passage: about 5 ms."""
TOTAL_LIMIT = 3_000
"""Words that are compared in one text, all passages together."""
KEPT_SHARE = 0.3
"""A passage of which less than this stays is shown as taken out and put in whole: shreds are hard to read."""

_WORD = re.compile(r"\s+|\w+|[^\w\s]")

Kind = Literal["=", "+", "-"]


class Piece(NamedTuple):
    """A stretch of text that is in both (`=`), only in the new one (`+`) or only in the old one (`-`)."""

    kind: Kind
    text: str


def compare(base: str, text: str) -> list[Piece]:
    """The pieces of both texts in order: `=` and `-` make up `base`, `=` and `+` make up `text`."""
    before, after = (side.splitlines(keepends=True) for side in (base, text))
    found: list[Piece] = []
    spent = 0
    at = to = 0
    for one, two in (*_fixed_points(before, after), (len(before), len(after))):
        passage = ["".join(before[at:one]), "".join(after[to:two])]
        old, new = (_WORD.findall(side) for side in passage)
        start, end = _alike(old, new)
        spent += (words := len(old) + len(new) - 2 * (start + end))
        found.append(Piece("=", "".join(old[:start])))
        exact = words <= PASSAGE_LIMIT and spent <= TOTAL_LIMIT
        found += _changed(old[start : len(old) - end], new[start : len(new) - end], exact)
        found.append(Piece("=", "".join(old[len(old) - end :]) + (before[one] if one < len(before) else "")))
        at, to = one + 1, two + 1
    return list(_joined(found))


def _fixed_points(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Places of equal lines that stand once in each text: the longest run in which neither goes back."""
    once = [{line for line, count in Counter(side).items() if count == 1} for side in (before, after)]
    shared = once[0] & once[1]
    place = {line: at for at, line in enumerate(after) if line in shared}
    pairs = [(at, place[line]) for at, line in enumerate(before) if line in shared]
    ends: list[int] = []
    last: list[int] = []
    chain: list[tuple[tuple[int, int], int]] = []
    for pair in pairs:  # patience sorting: a pile's top is the smallest end of a run of its length
        pile = bisect_left(ends, pair[1])
        chain.append((pair, last[pile - 1] if pile else -1))
        if pile == len(ends):
            ends.append(pair[1])
            last.append(len(chain) - 1)
        else:
            ends[pile], last[pile] = pair[1], len(chain) - 1
    found: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        pair, at = chain[at]
        found.append(pair)
    return found[::-1]


def _alike(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words are equal at the beginning, and at the end of what is left."""
    room = min(len(old), len(new))
    start = next((n for n in range(room) if old[n] != new[n]), room)
    end = next((n for n in range(room - start) if old[-1 - n] != new[-1 - n]), room - start)
    return start, end


def _changed(old: Sequence[str], new: Sequence[str], exact: bool) -> list[Piece]:
    whole = [Piece("-", "".join(old)), Piece("+", "".join(new))]
    found = changes(list(old), list(new)) if exact and old and new else None
    if found is None:
        return whole
    pieces: list[Piece] = []
    at = 0
    for change in found:
        kept = "".join(old[at : change.start])
        if pieces and len(kept.strip()) < 2:  # a blank between two changed words belongs to them
            added, removed = pieces.pop(), pieces.pop()
            removed = Piece("-", removed.text + kept + "".join(old[change.start : change.end]))
            pieces += [removed, Piece("+", added.text + kept + change.text)]
        else:
            removed = Piece("-", "".join(old[change.start : change.end]))
            pieces += [Piece("=", kept), removed, Piece("+", change.text)]
        at = change.end
    pieces.append(Piece("=", "".join(old[at:])))
    stays = sum(len(piece.text) for piece in pieces if piece.kind == "=")
    return pieces if stays >= KEPT_SHARE * max(len(side.text) for side in whole) else whole


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same without empty pieces, neighbours of one kind taken together."""
    for kind, run in groupby((piece for piece in pieces if piece.text), lambda piece: piece.kind):
        yield Piece(kind, "".join(piece.text for piece in run))

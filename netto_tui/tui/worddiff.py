"""Which words of a text are not in the text that it came from."""

from __future__ import annotations

import re

from netto_tui.model.merge import changes

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
LIMIT = 20_000
"""Characters beyond which texts are compared by lines: words would take too long to draw."""


def changed_spans(base: str, text: str) -> list[tuple[int, int]]:
    """The places in `text`, as (start, end), that `base` does not have; everything if they are too different."""
    by_line = max(len(base), len(text)) > LIMIT
    before, after = (_pieces(side, by_line) for side in (base, text))
    found = changes(before, after)
    if found is None:
        return [(0, len(text))]
    spans: list[tuple[int, int]] = []
    at = position = 0
    for change in found:
        position += sum(map(len, before[at : change.start]))
        if change.text.strip():
            spans.append((position, position + len(change.text)))
        position += len(change.text)
        at = change.end
    return spans


def _pieces(text: str, by_line: bool) -> list[str]:
    return text.splitlines(keepends=True) if by_line else _WORD.findall(text)

"""The last look at what goes to the terminal, whatever widget drew it and whoever forgot to make it safe.

Foreign text is made readable where it enters a widget, by `netto_tui.security.display`; what still holds
a character that a terminal obeys when it is drawn loses that character here.
"""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from netto_tui.security.display import UNSAFE


class Border(LineFilter):
    """Takes out of drawn lines what could speak to the terminal: control characters, and links (OSC 8).

    Widths stay as they are: what takes no cell is left out, the rest is replaced.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of one line, the same list where nothing is wrong with them."""
        if all(_is_harmless(segment) for segment in segments):
            return segments
        return [segment if segment.control else _quiet(segment) for segment in segments]


def _is_harmless(segment: Segment) -> bool:
    text, style, control = segment
    return bool(control) or (UNSAFE.search(text) is None and (style is None or not style.link))


def _quiet(segment: Segment) -> Segment:
    text, style, _ = segment
    return Segment(UNSAFE.sub(_still, text), style.update_link(None) if style else None)


def _still(match: re.Match[str]) -> str:
    return "\N{REPLACEMENT CHARACTER}" * cell_len(match[0].encode("utf-8", "replace").decode())

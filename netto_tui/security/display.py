"""Making foreign text harmless for a terminal.

Stored bytes stay as they are; only what is drawn goes through here. Escape sequences are not
parsed: each control character that could begin or end one is replaced by something visible, so
the rest of the sequence is plain text that a person can read.
"""

from __future__ import annotations

import re

TAB = "    "

LINE_LIMIT = 2_000
"""How many characters of a text `safe_line` looks at; more than any terminal is wide."""

_BIDI = {
    0x061C: "ALM",
    0x200E: "LRM",
    0x200F: "RLM",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
}
"""Unicode Standard Annex #9, the characters that change the direction of what follows."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_NAMES = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # the pictures of C0: NUL is ␀, ESC is ␛
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT),  # C1: the same powers as ESC, in one byte
    **{code: f"‹{name}›" for code, name in _BIDI.items()},
    **dict.fromkeys(range(0xFFF9, 0xFFFC), _REPLACEMENT),  # interlinear annotation
    0x0009: TAB,
    0x000D: "\n",  # a return alone draws over the line; programs mean a new state of it
    0x0085: "\n",
    0x2028: "\n",
    0x2029: "\n",
}
_UNSAFE = re.compile(
    "\r\n|[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufff9-\ufffb" + "".join(map(chr, _BIDI)) + "]"
)
_SPACE = re.compile(r"\s+")


def safe_display(text: str) -> str:
    """A foreign text as several lines that a terminal shows and never obeys.

    Control characters become visible, every kind of line end a newline, a tab four spaces.
    The result goes through unchanged when it is made safe again.
    """
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(_visible, text)


def safe_line(text: str, limit: int = LINE_LIMIT) -> str:
    """A foreign text as one line of at most `limit` characters and an ellipsis, blanks run together."""
    line = _SPACE.sub(" ", safe_display(text[: limit + 1]).strip())
    return line if len(line) <= limit else line[:limit] + "…"


def _visible(match: re.Match[str]) -> str:
    found = match[0]
    return "\n" if len(found) == 2 else _NAMES.get(ord(found), _REPLACEMENT)

"""Making foreign text harmless for a terminal.

Stored bytes stay as they are; only what is drawn goes through here. Escape sequences are not
parsed: each control character that could begin or end one is replaced by something visible, so
the rest of the sequence is plain text that a person can read. What draws nothing and could hide
words or move others about is named: ‹RLO›, ‹ZWSP›. Markup is none of this module's business: who
draws takes the result as text (Content, markup=False), never as markup.
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

_HIDDEN = {
    0x180E: "MVS",
    0x200B: "ZWSP",
    0x2060: "WJ",
    **dict.fromkeys(range(0x2061, 0x2065), "INV"),  # operators that draw nothing
    **dict.fromkeys(range(0x206A, 0x2070), "FMT"),  # deprecated since Unicode 3.0
    0x3164: "HF",
    0xFEFF: "BOM",
    0xFFA0: "HF",
}
"""Characters that take no room, or look like a blank, so that a text reads as another than it is."""

_TAGS = range(0xE0000, 0xE0080)
"""A copy of ASCII that draws nothing: whole sentences can be hidden in it."""

MARKS = 8
"""So many marks may stand over one letter; no script needs more than five, Zalgo piles up dozens."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_NAMES = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # the pictures of C0: NUL is ␀, ESC is ␛
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT),  # C1: the same powers as ESC, in one byte
    **{code: f"‹{name}›" for code, name in _BIDI.items()},
    **dict.fromkeys(range(0xFFF9, 0xFFFC), _REPLACEMENT),  # interlinear annotation
    **{code: f"‹{name}›" for code, name in _HIDDEN.items()},
    0x00AD: "-",  # a soft hyphen, which terminals count as wide or not as they like
    0x0009: TAB,
    0x000D: "\n",  # a return alone draws over the line; programs mean a new state of it
    0x0085: "\n",
    0x2028: "\n",
    0x2029: "\n",
}
UNSAFE = re.compile(
    "\r\n|[\U000e0000-\U000e007f]+|[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\ud800-\udfff\u2028\u2029\ufff9-\ufffb"
    + "".join(map(chr, (*_BIDI, *_HIDDEN)))
    + "]"
)
"""What is never drawn as it is."""

_JOINING = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7-\u06e8\u06ea-\u06ed\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    "\u0f71-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099-\u309a\ufe20-\ufe2f"
)
# Each begins with a set of its own: the search then skips what is not in it at the speed of a scan.
_FLOOD = re.compile(f"[{_JOINING}][{_JOINING}]{{2,}}|[{_MARKS}{_JOINING}][{_MARKS}{_JOINING}]{{{MARKS},}}")
_SPACE = re.compile(r"\s+")


def safe_display(text: str) -> str:
    """A foreign text as several lines that a terminal shows and never obeys.

    Control characters become visible, every kind of line end a newline, a tab four spaces. What
    hides and what piles up is named or cut. The result goes through unchanged when it is made safe again.
    """
    if UNSAFE.search(text) is not None:
        text = UNSAFE.sub(_visible, text)
    return text if text.isascii() or _FLOOD.search(text) is None else _FLOOD.sub(_thinned, text)


def safe_json(text: str) -> str:
    """JSON that means the same and that a terminal shows and never obeys: what is not safe is written as \\uXXXX.

    Line ends between the values stay; JSON has no others.
    """
    if UNSAFE.search(text) is not None:
        text = UNSAFE.sub(_escaped, text)
    return text if text.isascii() or _FLOOD.search(text) is None else _FLOOD.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    if match[0] in ("\t", "\r\n", "\r"):  # blanks between values; within them JSON has them as escapes already
        return match[0].replace("\t", TAB).replace("\r", "")
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def safe_line(text: str, limit: int = LINE_LIMIT) -> str:
    """A foreign text as one line of at most `limit` characters and an ellipsis, blanks run together."""
    line = _SPACE.sub(" ", safe_display(text[: limit + 1]).strip())
    return line if len(line) <= limit and len(text) <= limit + 1 else line[:limit] + "…"


def _visible(match: re.Match[str]) -> str:
    found = match[0]
    if ord(found[0]) in _TAGS:
        hidden = "".join(chr(ord(tag) - _TAGS.start) for tag in found)
        return f"‹{re.sub('[^ -~]', '·', hidden)}›"
    return "\n" if len(found) == 2 else _NAMES.get(ord(found), _REPLACEMENT)


def _thinned(match: re.Match[str]) -> str:
    """The marks of one letter, not more of them than can be read."""
    found = match[0]
    kept = re.sub(f"[{_JOINING}]", "", found)[:MARKS] or found[:2]
    return f"{kept}‹+{len(found) - len(kept)} marks›"

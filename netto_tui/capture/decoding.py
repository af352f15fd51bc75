"""JSON as it really occurs in transcripts, decoded into values that a record can hold.

What JSON readers disagree on is kept in a form that none of them loses:

    NaN, Infinity, integers beyond 64 bits, numbers beyond a double   {"$number": "<as written>"}
    a key that occurs twice in an object                              the last value counts; the others in "$duplicates"
    a lone surrogate in a string                                      `\\ud800` as six characters; in such a string
                                                                      every `\\u` that was there before is doubled,
                                                                      and the outermost object says "$escaped": true

Limits, each a clear error: 200 levels of nesting, and `LIMIT` bytes for one value.
"""

from __future__ import annotations

import json
import re
from typing import Any

LIMIT = 16 * 1024 * 1024
"""Bytes of one JSON value: a line, or one element of an array. Real lines stay below 1 MB."""

DEPTH_LIMIT = 200
"""Levels of nesting. Python's own limit depends on the caller's stack, so it is no measure."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_INT_DIGITS = 18
_CUT_NUMBER = re.compile(r"-|\.|(\.\d+)?[eE][+-]?")
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


class BadJson(ValueError):
    """Bytes that are not one JSON value within the limits; the text says why, and never quotes them.

    cut: what is there is fine, but it stops before the value ends.
    """

    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut


def decode(data: bytes) -> Any:
    """One JSON value from UTF-8 bytes. Raises BadJson."""
    if len(data) > LIMIT:
        raise BadJson(f"longer than {LIMIT // 1024 // 1024} MiB")
    try:
        text, wild = data.decode(), False
    except UnicodeDecodeError:
        text, wild = _decode_wild(data), True
    value, end = decode_at(text, len(text) - len(text.lstrip(" \t\r\n")), wild)
    if text[end:].strip(" \t\r\n"):
        raise BadJson(f"more text after the JSON value, at character {end}")
    return value


def _decode_wild(data: bytes) -> str:
    """Text whose UTF-8 has surrogates in it, as some writers make it."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise BadJson(f"not UTF-8 at byte {error.start}") from None


def decode_at(text: str, start: int, wild: bool = True) -> tuple[Any, int]:
    """The JSON value that begins at a character of a text, and where it ends. Raises BadJson.

    wild: the text itself may have lone surrogates in it, and not only escaped ones.
    """
    try:
        value, end = _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise BadJson(f"not JSON at character {error.pos}", _is_cut(error, text)) from None
    except RecursionError:
        raise BadJson(f"nested more than {DEPTH_LIMIT} levels deep") from None
    brackets = text.count("[", start, end) + text.count("{", start, end)
    escape = (text.find("\\u", start, end) >= 0 and _ESCAPED_SURROGATE.search(text, start, end) is not None) or (
        wild and _SURROGATE.search(text, start, end) is not None
    )
    if brackets > DEPTH_LIMIT or escape:
        value = _Cleaner(escape).clean(value)
    return value, end


def _is_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Whether a text is no JSON only because it stops too early."""
    rest = text[error.pos : error.pos + 12].rstrip()
    if "escape" in error.msg:
        return error.pos + 6 >= len(text)
    if error.msg.startswith("Unterminated") or _CUT_NUMBER.fullmatch(text, error.pos):
        return True
    return any(word.startswith(rest) for word in _WORDS)


def escape_surrogates(text: str) -> str:
    """A text that UTF-8 can hold: lone surrogates written out, as the module's docstring says."""
    if not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\\u", "\\\\u"))


class _Cleaner:
    """Checks the depth of a value, and escapes lone surrogates in it."""

    def __init__(self, escape: bool) -> None:
        self.escape = escape
        self.escaped = False

    def clean(self, value: Any) -> Any:
        cleaned = self._clean(value, 1)
        if self.escaped and isinstance(cleaned, dict):
            cleaned["$escaped"] = True
        return cleaned

    def _clean(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list) and depth > DEPTH_LIMIT:
            raise BadJson(f"nested more than {DEPTH_LIMIT} levels deep")
        if isinstance(value, dict):
            return {self._text(key): self._clean(child, depth + 1) for key, child in value.items()}
        if isinstance(value, list):
            return [self._clean(child, depth + 1) for child in value]
        return value

    def _text(self, text: str) -> str:
        if not self.escape or not _SURROGATE.search(text):
            return text
        self.escaped = True
        return escape_surrogates(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        last = {key: position for position, (key, _value) in enumerate(pairs)}
        record["$duplicates"] = [[key, value] for position, (key, value) in enumerate(pairs) if last[key] != position]
    return record


def _int(text: str) -> int | dict[str, str]:
    if len(text) <= _INT_DIGITS:
        return int(text)
    if len(text) <= _INT_DIGITS + 2 and -(2**63) <= int(text) < 2**63:
        return int(text)
    return {"$number": text}


def _float(text: str) -> float | dict[str, str]:
    number = float(text)
    return number if abs(number) != float("inf") else {"$number": text}


def _constant(text: str) -> dict[str, str]:
    return {"$number": text}


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant, strict=False
)

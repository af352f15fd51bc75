"""From a source's fields to those of a record, so that nothing is dropped on the way.

An importer takes what it understands out of a record with a `Taker`; what is left over goes
into `native` as it is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePath
from typing import Any, NamedTuple

from netto_tui.capture.decoding import escape_surrogates
from netto_tui.model.clock import to_instant
from netto_tui.model.revision import UNDATED, Attachment, Part, Sent, Text, Unknown, encode_value

_MS_FROM = 1e11
"""Epoch values above this are milliseconds: in seconds it would be the year 5138."""
_LAST_MS = 253_402_300_799_999
_instant = lru_cache(maxsize=256)(to_instant)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Taker:
    """The fields of a JSON object; `left` is what nobody has taken."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.left = dict(record)

    def take(self, key: str) -> Any:
        """Whatever is under a key, or None."""
        return self.left.pop(key, None)

    def text(self, key: str) -> str:
        """A string; anything else stays where it is and gives ""."""
        return str(self.left.pop(key)) if isinstance(self.left.get(key), str) else ""

    def object(self, key: str) -> dict[str, Any]:
        """An object; anything else stays and gives {}."""
        return dict(self.left.pop(key)) if isinstance(self.left.get(key), dict) else {}

    def items(self, key: str) -> list[Any]:
        """A list; anything else stays and gives []."""
        return list(self.left.pop(key)) if isinstance(self.left.get(key), list) else []

    def flag(self, key: str) -> bool | None:
        """A boolean; anything else stays and gives None."""
        return bool(self.left.pop(key)) if isinstance(self.left.get(key), bool) else None

    def integer(self, key: str) -> int | None:
        """An integer; anything else stays and gives None."""
        value = self.left.get(key)
        return int(self.left.pop(key)) if isinstance(value, int) and not isinstance(value, bool) else None

    def time(self, key: str) -> Time:
        """A time in any of the usual forms; what is none stays."""
        time = parse_time(self.left.get(key))
        if time.raw is not None:
            del self.left[key]
        return time


class Time(NamedTuple):
    """A time as a source gives it.

    ms: since 1970 in UTC; None when it is unknown or has no zone. raw: as found, None when it is
    no time at all. order: ms, or what the time would be in UTC where its zone is not known.
    """

    ms: int | None = None
    raw: str | int | float | None = None
    tz: str | None = None
    order: int | None = None

    @property
    def sent(self) -> Sent:
        """The time as a message carries it."""
        return Sent(None if self.ms is None else _instant(self.ms), self.raw, self.tz)

    @property
    def at(self) -> str:
        """The time as a stamp; "" when there is none."""
        return "" if self.order is None else _instant(self.order)


def parse_time(raw: Any) -> Time:
    """Epoch seconds or milliseconds (also as text), ISO 8601 and its usual variants; never guesses a zone."""
    if isinstance(raw, str):
        return _parse_text(raw)
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return Time()
    ms = round(raw if abs(raw) > _MS_FROM else raw * 1000)
    return Time(ms, raw, None, ms) if 0 <= ms <= _LAST_MS else Time(None, raw)


def _parse_text(raw: str) -> Time:
    text = raw.strip()
    if not 4 <= len(text) <= 40 or not text.isascii():
        return Time()
    if text.replace(".", "", 1).isdigit() and len(text) >= 9:
        return parse_time(float(text) if "." in text else int(text))._replace(raw=raw)
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "Z"))
        zone = None if moment.tzinfo is None else "UTC" if text[-1] in "ZzC" else text[max(map(text.rfind, "+-")) :]
        ms = round((moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH).total_seconds() * 1000)
    except (ValueError, OverflowError):
        return Time()
    known = ms if 0 <= ms <= _LAST_MS else None
    return Time(None if zone is None else known, raw, zone, known)


def first_at(*times: Time | str) -> str:
    """The first that is a time, as a stamp; else the stamp of what is undated."""
    stamps = (time if isinstance(time, str) else time.at for time in times)
    return next(filter(None, stamps), UNDATED)


class Keys:
    """Message keys for one conversation of a source whose own ids are missing or cannot be trusted.

    The key is a hash of what the source recorded, with a number for equal records: the same
    record gets the same key on every machine and in every encoding of the source.
    """

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()

    def key(self, fields: Any) -> str:
        """The key of a record's identifying fields, any JSON value."""
        digest = hashlib.sha256(encode_value(fields).encode()).digest()[:16]
        self.seen[digest] += 1
        return f"content:{digest.hex()}:{self.seen[digest]}"


class Parts:
    """The parts of one message, with the blobs they name and what was left of each block."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.blobs: dict[str, bytes] = {}
        self.left: dict[str, Any] = {}

    def add(self, part: Part, left: dict[str, Any] | None = None) -> None:
        """A part, and the fields of its block that the part does not say."""
        if left:
            self.left[str(len(self.parts))] = left
        self.parts.append(part)

    def content(self, content: Any, block: Callable[[Parts, Taker, str], None]) -> bool:
        """The parts of a `content`: a string, or a list of strings and of blocks with a `type`.

        False, and nothing added, when it is something else.
        """
        if isinstance(content, str):
            self.add(Text(content))
            return True
        if not isinstance(content, list):
            return False
        for piece in content:
            if isinstance(piece, str):
                self.add(Text(piece))
            elif isinstance(piece, dict) and isinstance(piece.get("type"), str):
                fields = Taker(piece)
                block(self, fields, fields.text("type"))
            else:
                self.add(Unknown("", piece))
        return True

    def unknown(self, native_type: str, fields: Taker) -> None:
        """A block of a type that is not known, kept as found."""
        self.add(Unknown(native_type, fields.left))

    def embedded(self, data: str, media_type: str, name: str = "", left: dict[str, Any] | None = None) -> bool:
        """A file in base64; False, and nothing added, unless the text can be had back exactly."""
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return False
        if not content or base64.b64encode(content).decode() != data:
            return False
        sha256 = hashlib.sha256(content).hexdigest()
        self.blobs[sha256] = content
        self.add(Attachment(name=name, media_type=media_type, bytes=len(content), blob=sha256), left)
        return True

    def nested(self) -> Parts:
        """Parts of a tool result: a list of their own, whose blobs count for this message."""
        inner = Parts()
        inner.blobs = self.blobs
        return inner


def path_text(path: str | PurePath) -> str:
    """A path, or a part of one, as text that a record can hold; a name need not be UTF-8."""
    return escape_surrogates(path.as_posix() if isinstance(path, PurePath) else path)


def compact(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the fields that say something: not None, "", {} or []."""
    return {key: value for key, value in fields if value not in (None, "", {}, [], ())}

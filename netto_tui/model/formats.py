"""Reading records of any format version.

A record of an older major version is upgraded while it is read; its bytes and its name stay.
One of a newer major version is refused, so that this version never writes beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, get_args

import msgspec

from netto_tui.errors import InvalidRecord, NewerFormat
from netto_tui.model.revision import FORMAT, Part, Record, Revision, split_line

_FAMILY, _, _MAJOR = FORMAT.partition("/")
MAJOR = int(_MAJOR)

UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older major version: a function from its `rev` to that of the next version."""

_decoder = msgspec.json.Decoder(Revision)


class _Versioned(msgspec.Struct):
    format: str


_version_decoder = msgspec.json.Decoder(_Versioned)
_PART_TYPES = {part.__struct_config__.tag for part in get_args(Part)}
_VERSION = re.compile(re.escape(_FAMILY) + r"/([0-9]{1,4})(\.[0-9]+)?")


def read_line(line: bytes) -> Record:
    """Read one stored line (no newline) into a record whose bytes match its name.

    Raises InvalidRecord for anything else, NewerFormat for a newer major version.
    """
    name, raw = split_line(line)
    return Record(name, raw, decode(raw))


def decode(raw: bytes) -> Revision:
    """Decode the bytes of `rev`, upgrading an older format.

    Raises InvalidRecord when they are not a revision, NewerFormat when they are a newer one's.
    """
    try:
        rev = _decoder.decode(raw)
        if rev.format == FORMAT:
            datetime.fromisoformat(rev.at)  # the schema's pattern lets days pass that no month has
            return rev
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    return _decode_other(raw)


def _decode_other(raw: bytes) -> Revision:
    """The slow road: another version, or a part of a type that is not known here."""
    try:
        version = _VERSION.fullmatch(_version_decoder.decode(raw).format)
        if version is None:
            raise InvalidRecord("The record is of an unknown format.")
        major = int(version[1])
        if major > MAJOR:
            raise NewerFormat(
                f"A record has format {version[0]}; this netto-tui reads up to {FORMAT}.",
                remedy="Upgrade netto-tui on this machine; until then this store is only read.",
            )
        rev = msgspec.json.decode(raw)
        for step in range(major, MAJOR):
            rev = UPGRADES[step](rev)
        rev = dict(rev, format=FORMAT)
        for owner in _with_parts(rev.get("body")):
            owner["parts" if "parts" in owner else "output"] = [
                _known_part(part) for part in owner.get("parts", owner.get("output", ()))
            ]
        datetime.fromisoformat(rev["at"])
        return msgspec.convert(rev, Revision)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord("The bytes are not a revision.") from error


def _with_parts(node: Any) -> Iterator[dict[str, Any]]:
    """The body and its tool results: whatever holds a list of parts."""
    if isinstance(node, dict):
        children = node.get("parts", node.get("output", ()))
        if children:
            yield node
            for child in children:
                yield from _with_parts(child)


def _known_part(part: Any) -> Any:
    """A part of a later minor version, as an unknown part that keeps everything."""
    if isinstance(part, dict) and part.get("type") not in _PART_TYPES:
        return {"type": "unknown", "native_type": str(part.get("type")), "raw": part}
    return part

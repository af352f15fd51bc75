"""Searching bytes for what nobody may read there, in every form in which it might lie.

A text is looked for as it is and in UTF-16, base64 at each of its three alignments, hexadecimal,
percent-encoded and JSON-escaped; in the bytes themselves, in every zlib and gzip stream that begins in
them (so inside Git's loose objects and packs), and in the values of SQLite files.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

SHORTEST = 8
"""Bytes of a text that is looked for: fewer may turn up by chance."""

DEEPEST = 3
"""So many compressions within each other are undone."""

_STREAM = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Find:
    """A text that was found: what it is called, in which form, and where."""

    what: str
    form: str
    where: str


def forms(text: str) -> dict[str, bytes]:
    """Every form of a text that is looked for, by name. Raises ValueError for one that is too short."""
    data = text.encode()
    if len(data) < SHORTEST:
        raise ValueError(f"{text!r} is too short to be looked for")
    found = {
        "plain": data,
        "UTF-16 LE": text.encode("utf-16-le"),
        "UTF-16 BE": text.encode("utf-16-be"),
        "hex": data.hex().encode(),
        "HEX": data.hex().upper().encode(),
        "percent": quote(text, safe="").encode(),
        "percent, lenient": quote(text).encode(),
        "JSON": json.dumps(text)[1:-1].encode(),
    }
    for offset in range(3):
        filled = bytes(offset) + data
        first, last = -(-offset * 8 // 6), len(filled) * 8 // 6  # the characters that hold nothing but the text
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            found[f"{name} at {offset}"] = encode(filled)[first:last]
    return found


def leaks(
    needles: Mapping[str, str],
    *,
    folders: Iterable[Path] = (),
    files: Iterable[Path] = (),
    outputs: Mapping[str, bytes | str] | None = None,
) -> list[Find]:
    """Where any of the texts lies. needles: the texts by what they are; outputs: captured bytes by name.

    Names of files and folders are searched as well.
    """
    patterns = [(what, form, data) for what, text in needles.items() for form, data in forms(text).items()]
    found = []
    for where, data in _places(folders, files, outputs or {}):
        for layer, content in _layers(data, 0):
            found += [Find(what, form, f"{where}{layer}") for what, form, data in patterns if data in content]
    return list(dict.fromkeys(found))


def _places(
    folders: Iterable[Path], files: Iterable[Path], outputs: Mapping[str, bytes | str]
) -> Iterator[tuple[str, bytes]]:
    for name, output in outputs.items():
        yield name, output.encode("utf-8", "surrogateescape") if isinstance(output, str) else output
    for folder in folders:
        if not folder.is_dir():
            raise NotADirectoryError(folder)
        for parent, names, leaves in os.walk(folder):
            yield f"names in {parent}", "\n".join([*names, *leaves]).encode("utf-8", "surrogateescape")
            for leaf in leaves:
                yield from _file(Path(parent, leaf))
    for file in files:
        yield from _file(file)


def _file(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_symlink() or not path.is_file():
        return
    data = path.read_bytes()
    yield str(path), data
    if data.startswith(_SQLITE):  # a value may be spread over pages, so that it does not lie there in one piece
        yield f"{path}, its values", b"\0".join(_values(path))


def _values(path: Path) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.db")
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
        with contextlib.closing(sqlite3.connect(copy)) as sql:
            for (table,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                with contextlib.suppress(sqlite3.DatabaseError):  # a virtual table whose module is not here
                    for row in sql.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  # a name of the file itself
                        for value in row:
                            if isinstance(value, str | bytes):
                                yield value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _layers(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what unfolds from each compressed stream that begins somewhere in them."""
    yield "", data
    if depth == DEEPEST:
        return
    for match in _STREAM.finditer(data):
        inner = _inflated(data[match.start() :])
        if len(inner) >= SHORTEST:
            for layer, content in _layers(inner, depth + 1):
                yield f", inflated at {match.start()}{layer}", content


def _inflated(data: bytes) -> bytes:
    """What a zlib or gzip stream holds, as far as it can be read; few bytes where there is none."""
    reader = zlib.decompressobj(wbits=47)  # either header
    with contextlib.suppress(zlib.error):
        return reader.decompress(data, 64 * 2**20)
    whole = b""
    reader = zlib.decompressobj(wbits=47)
    with contextlib.suppress(zlib.error):  # damaged further on: what comes before counts
        for at in range(0, len(data), 64):
            whole += reader.decompress(data[at : at + 64])
    return whole

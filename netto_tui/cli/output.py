"""The one place that writes stdout: JSON documents for programs, calm lines for people."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from netto_tui.security.display import safe_display, safe_json, safe_line

GAP = "  "

_STYLED = re.compile(r"(\x1b\[[012]m)")
"""What `strong` and `faint` put around a text; nothing else in a line may speak to the terminal."""


def document(value: dict[str, Any]) -> None:
    """Write one JSON document. What a terminal might obey is written as \\uXXXX, which reads the same."""
    import msgspec

    _write(_harmless(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def compact(value: dict[str, Any]) -> None:
    """Write one JSON document in one line, for a stream of them."""
    import msgspec

    _write(_harmless(msgspec.json.encode(value)))


def _harmless(json: bytes) -> str:
    return safe_json(json.decode()) + "\n"


def line(text: str = "") -> None:
    """Write our own text as a line. Foreign words in it are made harmless here as well, should that be forgotten."""
    parts = _STYLED.split(text)
    _write("".join(part if place % 2 else safe_display(part) for place, part in enumerate(parts)) + "\n")


def foreign(text: str, indent: str = "") -> None:
    """Write foreign text, made harmless, every line of it indented."""
    _write("".join(f"{indent}{each}".rstrip() + "\n" for each in safe_display(text).split("\n")))


def raw(data: bytes) -> None:
    """Write bytes as they are, for what goes into a file or a pipe; at a terminal they are made harmless."""
    if sys.stdout.isatty():
        _write(safe_json(data.decode("utf-8", "replace")))
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _leave()


def table(rows: Iterable[Sequence[object]], heads: Sequence[str] = (), grow: int | None = None) -> None:
    """Write rows as aligned columns; numbers go to the right.

    grow: the column that gives way where the terminal is too narrow. All cells are made harmless.
    """
    cells = [[safe_line(str(value)) for value in row] for row in rows]
    numbers = [all(isinstance(value, int) for value in column) for column in zip(*rows, strict=True)] if rows else []
    if not cells:
        return
    if heads:
        cells.insert(0, list(heads))
    widths = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    if grow is not None and sys.stdout.isatty():
        spare = shutil.get_terminal_size().columns - sum(widths) - len(GAP) * (len(widths) - 1)
        widths[grow] = max(12, widths[grow] + min(0, spare))
    for number, row in enumerate(cells):
        text = GAP.join(
            fit(cell, width, right=right) for cell, width, right in zip(row, widths, numbers, strict=True)
        ).rstrip()
        line(faint(text) if heads and number == 0 else text)


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter in "\u200b\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fit(text: str, width: int, right: bool = False) -> str:
    """A text in exactly so many columns: filled up with blanks, or cut with an ellipsis."""
    spare = width - cell_width(text)
    if spare >= 0:
        return " " * spare + text if right else text + " " * spare
    kept, used = [], 0
    for letter in text:
        if used + _columns(letter) > width - 1:
            break
        kept.append(letter)
        used += _columns(letter)
    return "".join(kept) + "…" + " " * (width - 1 - used)


def strong(text: str) -> str:
    """Our own text, stressed where that can be seen."""
    return f"\x1b[1m{text}\x1b[0m" if _styled() else text


def faint(text: str) -> str:
    """Our own text, less prominent where that can be seen."""
    return f"\x1b[2m{text}\x1b[0m" if _styled() else text


def _styled() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    """UTF-8 where stdout takes it; what another encoding lacks is written as its escape."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        _leave()


def flush() -> None:
    """Hand on what is still buffered."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave()


def _leave() -> NoReturn:
    """Whoever read our output has left, as `head` does: nothing is wrong, and nothing more is written."""
    import click

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.exceptions.Exit(0)

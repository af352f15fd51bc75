"""What changed in a tree on disk, told by the times of its day folders alone.

Every write ends with a rename inside a day's folder, which moves that folder's time; `advance`
makes sure that it moved. So two cursors are equal as long as no day changed, and finding that
out costs one look per day, however many conversations there are.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

_STEPS_NS = (1, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000)
"""Tried in turn, since file systems keep times as coarse as two seconds (FAT)."""

_MAX_CURSOR = 16 * 1024 * 1024


def scan(sessions: Path) -> dict[str, int]:
    """The day folders, `YYYY/MM/DD`, with their modification times in nanoseconds.

    Symbolic links are not followed. Raises OSError, but not for a tree without sessions.
    """
    return {
        f"{year}/{month}/{day}": stamp
        for year, year_path, _ in _folders(sessions, 4)
        for month, month_path, _ in _folders(year_path, 2)
        for day, _, stamp in _folders(month_path, 2)
    }


def advance(folder: Path, before: int) -> None:
    """Move a folder's time past `before`, if the last change of it did not."""
    for step in _STEPS_NS:
        if folder.stat().st_mtime_ns > before:
            return
        os.utime(folder, ns=(before + step, before + step))


def encode(stamps: Mapping[str, int]) -> str:
    """The times as a cursor; "" for none at all."""
    if not stamps:
        return ""
    text = json.dumps(dict(stamps), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 6)).decode("ascii")


def decode(cursor: str) -> dict[str, int] | None:
    """The inverse of encode; None for what it did not make."""
    if not cursor:
        return {}
    try:
        stream = zlib.decompressobj()
        stamps = json.loads(stream.decompress(base64.urlsafe_b64decode(cursor), _MAX_CURSOR))
        return {str(day): int(stamp) for day, stamp in stamps.items()}
    except (ValueError, zlib.error, AttributeError, TypeError, RecursionError):
        return None


def _folders(path: Path, digits: int) -> Iterator[tuple[str, Path, int]]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if len(entry.name) == digits and entry.name.isdecimal() and entry.is_dir(follow_symlinks=False):
                    yield entry.name, path / entry.name, entry.stat(follow_symlinks=False).st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return

"""A path that may hold conversations, and the parts of it that importers recognise it by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from netto_tui.capture.base import Skipped
from netto_tui.capture.reading import CHUNK, Damaged, Entry, chunks, elements, entries, open_regular

RECORDS = 50
PEEK_BYTES = 4 * CHUNK
SQLITE_MAGIC = b"SQLite format 3\0"


class Candidate:
    """A file or folder; everything about it is read once, when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_folder = path.is_dir()

    @cached_property
    def head(self) -> bytes:
        """The first 4,096 bytes of a file, as they are."""
        if self.is_folder:
            return b""
        try:
            with open(open_regular(self.path), "rb") as file:
                return file.read(4096)
        except OSError:
            return b""

    @property
    def is_sqlite(self) -> bool:
        """Whether a file is a SQLite database."""
        return self.head.startswith(SQLITE_MAGIC)

    @cached_property
    def text(self) -> str:
        """The beginning of a text file, up to 64 KiB of UTF-8; "" when it is none.

        It ends at the first NUL byte: a crash leaves runs of them where the disk had no data yet.
        """
        try:
            data = next(self._chunks(), b"")[: 64 * 1024]
        except (OSError, Damaged):
            return ""
        return data.lstrip(b"\0").partition(b"\0")[0].decode("utf-8", "replace")

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The first JSON objects of a file of JSON lines: up to 50, within 4 MiB or the first line."""
        if not self.text.lstrip().startswith("{"):
            first = self.text.lstrip().split("\n", 1)
            if len(first) < 2 or "{" not in first[1]:
                return []
        try:
            found = islice(entries(self._chunks(), ""), RECORDS)
            return [entry.record for entry in found if isinstance(entry, Entry)]
        except OSError:
            return []

    @cached_property
    def element(self) -> Any:
        """The one value of a JSON file, or the first element of its array; None when it is neither."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            first = next(elements(self.path, ""), None)
        except OSError:
            return None
        return None if isinstance(first, Skipped) else first

    @cached_property
    def names(self) -> frozenset[str]:
        """The names in a folder."""
        try:
            return frozenset(os.listdir(self.path)) if self.is_folder else frozenset()
        except OSError:
            return frozenset()

    def _chunks(self) -> Iterator[bytes]:
        read, has_line = 0, False
        for chunk in chunks(self.path):
            yield chunk
            read += len(chunk)
            has_line = has_line or b"\n" in chunk
            if read >= PEEK_BYTES and has_line:
                return

"""Large content, kept once under its SHA-256."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from netto_tui.errors import InvalidRecord
from netto_tui.files import atomic_write

_SHA256 = re.compile("[0-9a-f]{64}")


class Blobs:
    """The folder `blobs/` of a vault: `ab/cdef…`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _file(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise InvalidRecord("A blob is named by 64 hexadecimal digits.")
        return self.path / sha256[:2] / sha256[2:]

    def put(self, sha256: str, data: bytes) -> None:
        """Store a blob durably; an intact copy that is there stays.

        Raises InvalidRecord when the bytes are not the name's.
        """
        file = self._file(sha256)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InvalidRecord(f"The bytes do not match the blob's name {sha256[:12]}….")
        if not file.is_file() or file.read_bytes() != data:
            atomic_write(file, data)

    def get(self, sha256: str) -> bytes | None:
        """A blob's bytes; None if it is not there. Raises InvalidRecord if they are damaged."""
        try:
            data = self._file(sha256).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InvalidRecord(f"The blob {sha256[:12]}… is damaged.")
        return data

    def has(self, sha256: str) -> bool:
        """Whether a blob is there; its bytes are not looked at."""
        return self._file(sha256).is_file()

    def names(self) -> Iterator[str]:
        """Every blob by name."""
        for folder in sorted(self.path.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(
                name for entry in os.scandir(folder) if _SHA256.fullmatch(name := folder.name + entry.name)
            )

    def take_out(self, sha256: str) -> bytes:
        """Remove a damaged blob and return what it held, so that it can be healed."""
        file = self._file(sha256)
        data = file.read_bytes()
        file.unlink()
        return data

"""The seam between records and what a remote sees of them.

A replica stores only what an envelope gave it, and reads only through it. Plain replicas use
`PLAIN`; sealed ones another object of the same protocol.
"""

from __future__ import annotations

from typing import Protocol


class Envelope(Protocol):
    """Seals bytes for a replica, opens what comes back, and names things for it."""

    readable: bool
    """Whether people may read the replica as it lies; if so it carries `memory/` as well."""

    def seal(self, data: bytes) -> bytes:
        """The stored form of a record line or a blob: for a line, one line without a newline."""
        ...

    def open(self, data: bytes) -> bytes:
        """The inverse of seal. Raises InvalidRecord for what was not sealed here."""
        ...

    def name(self, name: str) -> str:
        """The name under which a conversation or blob is stored: letters, digits, `_` only."""
        ...


class _Plain:
    readable = True

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        return data

    def name(self, name: str) -> str:
        return name


PLAIN: Envelope = _Plain()
"""Stores everything as it is."""

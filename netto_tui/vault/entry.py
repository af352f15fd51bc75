"""The row of one conversation while it is being changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Entry:
    """A conversation as `conversations` has it; times in milliseconds since 1970.

    moved: a message's place may have changed those of others. outdated: `updated` is that of a
    message that is gone.
    """

    id: int
    name: str
    day: str
    size: int
    first_at: int | None
    updated: int
    messages: int
    documents: int
    revisions: int
    conflicts: int
    moved: bool = False
    outdated: bool = False

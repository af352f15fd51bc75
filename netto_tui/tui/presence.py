"""Whether a vault's folder is there: a disk may be unmounted, or a folder moved, while the app runs."""

from __future__ import annotations

from enum import Enum
from pathlib import Path


class Presence(Enum):
    """What a look at the folder found; the second and the last say that something changed."""

    THERE = "there"
    BACK = "back"
    MISSED = "missed"
    GONE = "gone"


class Watched:
    """The folder of one vault; an exchange of files may hide it from one look, so losing it takes two."""

    def __init__(self, vault_path: Path) -> None:
        self._mark = vault_path / ".netto" / "vault.json"
        self._missed = 0

    def look(self) -> Presence:
        """Look once."""
        there = self._mark.exists()
        missed, self._missed = self._missed, 0 if there else self._missed + 1
        if there:
            return Presence.BACK if missed > 1 else Presence.THERE
        return Presence.GONE if missed == 1 else Presence.MISSED

"""Bytes that did not match their name, kept with a note of where they were and why."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from netto_tui.files import atomic_write


class Quarantine:
    """The folder `quarantine/` of a vault; nothing in it is ever read as a record."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, where: str, data: bytes, reason: str) -> Path:
        """Store bytes durably beside a note; the same find is stored once.

        Returns the path of the bytes; the note lies beside it with the suffix `.json`.
        """
        name = hashlib.sha256(where.encode("utf-8", "surrogateescape") + b"\0" + data).hexdigest()[:24]
        kept = self.path / f"{name}.bin"
        note = kept.with_suffix(".json")
        if not note.exists():
            atomic_write(kept, data)
            found = {
                "where": where.encode("utf-8", "replace").decode(),
                "reason": reason,
                "found_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
            }
            atomic_write(note, json.dumps(found, indent=1).encode())
        return kept

    def notes(self) -> list[dict[str, object]]:
        """Every note, oldest find first."""
        found = [json.loads(note.read_bytes()) for note in self.path.glob("*.json")]
        return sorted(found, key=lambda note: str(note.get("found_at")))

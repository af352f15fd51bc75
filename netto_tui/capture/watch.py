"""Looking at sources again and again, and reading only those that changed.

What was seen of each source, the sizes and times of its files, is a hint kept in the index:
losing it costs a reading and never a duplicate or a gap. Tools delete transcripts after days or
weeks, so whoever keeps conversations looks often.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.capture.base import Found
from netto_tui.capture.ingest import Imported, ImportProgressed, ingest

if TYPE_CHECKING:
    from netto_tui.vault.vault import Vault

_KEY = "seen:"
_BESIDE = ("-wal",)
"""What SQLite writes first, beside the database."""


def look_again(
    vault: Vault,
    paths: Sequence[Path],
    source: str | None = None,
    cancel: threading.Event | None = None,
    *,
    listener: Callable[[ImportProgressed], None] | None = None,
    looked: Callable[[Found], object] = lambda found: None,
) -> Imported:
    """Import what changed at some paths since the last look; a path that is gone is passed over.

    listener: told of each batch that is on disk. looked: told of each source before it is read, if it is.
    Raises UsageError for an unknown source, Cancelled when `cancel` is set.
    """
    seen: dict[str, str] = {}

    def changed(found: Found) -> bool:
        looked(found)
        key, stamp = _KEY + hashlib.sha256(found.where.encode("utf-8", "surrogateescape")).hexdigest(), _stamp(found)
        row = vault.sql.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is not None and row[0] == stamp:
            return False
        seen[key] = stamp
        return True

    imported = ingest(vault, [path for path in paths if path.exists()], source, listener, cancel, chosen=changed)
    if seen:
        with vault.transaction() as sql:
            sql.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", seen.items())
    return imported


def _stamp(found: Found) -> str:
    """The names, sizes and times of everything that a source is read from, as one digest."""
    files = found.files or ((found.path,) if found.path.is_file() else tuple(sorted(found.path.rglob("*"))))
    digest = hashlib.sha256()
    for file in files:
        for each in (file, *(file.with_name(file.name + suffix) for suffix in _BESIDE)):
            try:
                status = each.stat()
            except OSError:
                continue
            digest.update(f"{each}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

"""Putting a restored set of files in the place of the vault's own, as one step.

What is to happen is written down first; whoever opens the vault next finishes it. So a crash at
any moment leaves the old files or the new ones, and the old ones are kept as an undo point.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from netto_tui.files import atomic_write, make_folder, sync_folder

PARTS = ("index.db", "index.db-wal", "index.db-shm", "sessions", "blobs", "memory")
"""What is exchanged; identity, configuration, quarantine and undo points stay.

The index goes first and comes last: whoever looks meanwhile finds none, and never one beside
the log of another.
"""


def swap_in(path: Path, staged: Path, undo: Path) -> None:
    """Exchange the parts of the vault at a path for the staged ones; the old ones go to `undo`.

    Call under the vault's lock with its index closed. staged and undo lie inside the vault's folder.
    """
    plan = {"staged": staged.relative_to(path).as_posix(), "undo": undo.relative_to(path).as_posix()}
    atomic_write(_plan_file(path), json.dumps(plan).encode())
    finish_swap(path)


def swap_begun(path: Path) -> bool:
    """Whether an exchange is under way, or was when its process died."""
    return _plan_file(path).exists()


def finish_swap(path: Path) -> None:
    """Carry out an exchange that was begun; does nothing when none was. Call under the vault's lock."""
    try:
        plan = json.loads(_plan_file(path).read_bytes())
    except FileNotFoundError:
        return
    staged, undo = path / plan["staged"], path / plan["undo"]
    make_folder(undo)
    for part in PARTS:
        # The old part is moved aside once: when it is in `undo` already, what lies here is the new one.
        if not (undo / f"{part}.moved").exists():
            if (path / part).exists():
                os.replace(path / part, undo / part)
            atomic_write(undo / f"{part}.moved", b"")
    for part in reversed(PARTS):
        if (staged / part).exists():
            os.replace(staged / part, path / part)
    sync_folder(path)
    _plan_file(path).unlink()
    for part in PARTS:
        (undo / f"{part}.moved").unlink()
    shutil.rmtree(staged, ignore_errors=True)


def _plan_file(path: Path) -> Path:
    return path / ".netto" / "swap.json"

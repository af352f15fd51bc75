"""The folder of a vault: for its owner alone, and nothing in it written through a symbolic link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from netto_tui.files import enclose, link_found

FOLDERS = (
    *(".netto", ".netto/keys", ".netto/cache"),
    *("sessions", "memory", "blobs", "quarantine", "undo", "staging", "drafts", "log"),
)
"""The folders that we make in a vault. Nobody gets at what lies in one that only its owner may enter."""

FILES = (
    *("index.db", "index.db-wal", "index.db-shm", "log/app.log", "log/app.log.1"),
    *(".netto/vault.json", ".netto/lock", ".netto/worker.lock"),
)
"""The files in a vault that are opened by a fixed name."""

OTHERS = 0o077
"""The bits of a mode that let somebody else in."""


def secure(path: Path) -> None:
    """Look at the places of a vault before it is used; folders and files of ours that others may read are closed.

    The vault itself may lie behind a symbolic link, and keeps its mode: that is its owner's affair.
    Raises VaultError where a symbolic link lies in the vault: what is written there would go elsewhere.
    """
    enclose(path)
    for name in (*FOLDERS, *FILES):
        place = path / name
        try:
            mode = place.lstat().st_mode
        except OSError:  # not there, or not to be seen: whoever needs it says so
            continue
        if stat.S_ISLNK(mode):
            raise link_found(place)
        if mode & OTHERS:
            with contextlib.suppress(OSError):  # somebody else's, or a file system without modes
                place.chmod(stat.S_IMODE(mode) & ~OTHERS)


def close_new(path: Path) -> None:
    """Let nobody else into a vault that was just made in an empty folder."""
    if [entry.name for entry in os.scandir(path)] == [".netto"]:
        with contextlib.suppress(OSError):
            path.chmod(0o700)


def open_to_others(path: Path) -> Iterator[Path]:
    """The vault's folder and whatever lies in it that others may read or enter, links left alone."""
    with contextlib.suppress(OSError):
        if path.stat().st_mode & OTHERS:
            yield path
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            place = Path(folder, name)
            with contextlib.suppress(OSError):
                mode = place.lstat().st_mode
                if mode & OTHERS and not stat.S_ISLNK(mode):
                    yield place


def links(path: Path) -> Iterator[Path]:
    """Every symbolic link in a vault, which has none of its own."""
    for folder, folders, files in os.walk(path):
        yield from (place for name in (*folders, *files) if (place := Path(folder, name)).is_symlink())

"""Temporary places inside the vault, closed to others: each goes when its work ends, or when the next one begins."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from netto_tui.files import make_folder
from netto_tui.vault.swap import swap_begun
from netto_tui.vault.vault import Vault

_MADE = re.compile(r"[a-z]+-(\d+)-\w+")


@contextmanager
def temporary_place(vault: Vault, what: str) -> Iterator[Path]:
    """A new folder with mode 0700; it is removed in the end. what: one lower-case word that begins its name."""
    clear_abandoned(vault)
    make_folder(vault.path / "staging")
    place = Path(mkdtemp(prefix=f"{what}-{os.getpid()}-", dir=vault.path / "staging"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def clear_abandoned(vault: Vault) -> None:
    """Remove the places of processes that are no more; what an exchange still needs stays."""
    if swap_begun(vault.path):
        return
    for folder in (vault.path / "staging").glob("*-*-*"):
        if (made := _MADE.fullmatch(folder.name)) and not _runs(int(made[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

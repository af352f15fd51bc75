"""Writing files so that a crash leaves the old or the new content, and nothing in between."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netto_tui.errors import InvalidRecord

TEMPORARY = ".tmp-"
"""What the name of a file that is still being written begins with."""


def atomic_write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file's content in one step, making its folder if need be.

    durable: return only when the disk has the file and its name; leave it out only for what can
    be made again. The file is readable by its owner alone. Raises OSError.
    """
    make_folder(path.parent)
    _replace(path, data, durable, 0o600)
    if durable:
        sync_folder(path.parent)


def replace_files(files: Iterable[tuple[Path, bytes]], mode: int = 0o600) -> None:
    """Like a durable atomic_write of each file in turn, with every folder synced only once.

    Raises OSError; then the files before the failing one may be in place, each of them whole.
    """
    touched: dict[Path, None] = {}
    try:
        for path, data in files:
            if path.parent not in touched:
                make_folder(path.parent)
                touched[path.parent] = None
            _replace(path, data, True, mode)
    finally:
        for folder in touched:
            sync_folder(folder)


def read_regular(path: Path) -> bytes:
    """The bytes of a plain file; follows no symbolic link and never waits for a pipe.

    Raises OSError: FileNotFoundError, or one with ELOOP for anything but a plain file.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.ELOOP, "not a plain file", os.fspath(path))
        return opened.read()


def make_folder(path: Path) -> None:
    """Make a folder and its parents for the owner alone, durably.

    A folder that was just made is lost in a power cut unless its parent is synced too, all the
    way up to the first one that existed.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's list of names."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
            raise
    finally:
        os.close(folder)


def _replace(path: Path, data: bytes, durable: bool, mode: int) -> None:
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(file, data)
            if durable:
                os.fsync(file)
        finally:
            os.close(file)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_all(file: int, data: bytes) -> None:
    """Write all of the data to an open file; one call of write may take only a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def seal_json(content: dict[str, Any]) -> bytes:
    """A small JSON object that carries a SHA-256 of itself, so that one flipped bit shows."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), **content}, indent=1).encode() + b"\n"


def open_json(data: bytes) -> dict[str, Any]:
    """The inverse of seal_json. Raises InvalidRecord for anything but its exact output."""
    try:
        content = json.loads(data)
        content.pop("sha256")
        if seal_json(content) == data:
            return dict(content)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        pass
    raise InvalidRecord("The file does not match the checksum that it carries.")

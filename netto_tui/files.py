"""Writing files so that a crash leaves the old or the new content, and nothing in between."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from netto_tui.errors import InvalidRecord, VaultError

TEMPORARY = ".tmp-"
"""What the name of a file that is still being written begins with."""

GROUP_FILES = 64
GROUP_BYTES = 8 * 2**20
"""What is written before it is synced together."""

FEW = 4
"""Fewer files or folders than this are synced one after the other."""

SYNC_THREADS = 8


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
    """Like a durable atomic_write of each file in turn, with what can wait for the disk together doing so.

    Raises OSError, and whatever `files` raises; the files before that may be in place, each of them whole.
    """
    touched: dict[Path, None] = {}
    try:
        for group in _groups(files):
            folders = dict.fromkeys(path.parent for path, _ in group)
            make_folders(folders)
            touched.update(folders)
            _replace_group(group, mode)
    finally:
        sync_folders(touched)


def _groups(files: Iterable[tuple[Path, bytes]]) -> Iterator[list[tuple[Path, bytes]]]:
    group: list[tuple[Path, bytes]] = []
    size = 0
    try:
        for path, data in files:
            group.append((path, data))
            size += len(data)
            if len(group) >= GROUP_FILES or size >= GROUP_BYTES:
                yield group
                group, size = [], 0
    except Exception:
        yield group  # what was complete before is put in place
        raise
    if group:
        yield group


def read_regular(path: Path) -> bytes:
    """The bytes of a plain file; follows no symbolic link and never waits for a pipe.

    Raises OSError: FileNotFoundError, or one with ELOOP for anything but a plain file.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.ELOOP, "not a plain file", os.fspath(path))
        return opened.read()


def open_for_appending(path: Path) -> int:
    """Open a file of the owner alone for adding to its end, made with its folder if need be; a descriptor.

    Raises OSError, one with ELOOP where a symbolic link lies.
    """
    make_folder(path.parent)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def open_new(path: Path, mode: int = 0o600) -> int:
    """Make a file where none is, not even a link, and open it for writing; a descriptor. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def make_private(path: Path) -> None:
    """Make an empty file of the owner alone if none is there, before a library makes it with wider modes.

    Raises OSError, one with ELOOP where a symbolic link lies.
    """
    make_folder(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600))


_enclosed: set[Path] = set()


def enclose(root: Path) -> None:
    """From now on, nothing in this folder is written through a symbolic link; the folder itself may be one."""
    _enclosed.add(root)


def check_enclosed(path: Path) -> None:
    """Raises VaultError when a folder between an enclosed one and this path, or the path, is a symbolic link."""
    way = [path]
    for folder in path.parents:
        if folder in _enclosed:
            for part in way:
                if part.is_symlink():
                    raise link_found(part)
            return
        way.append(folder)


def link_found(place: Path) -> VaultError:
    """The error for a symbolic link inside a vault."""
    return VaultError(
        f"{place} is a symbolic link. Whatever is written there would leave the vault.",
        remedy="Put what it points to in its place; the vault as a whole may lie behind a link.",
    )


def make_folder(path: Path) -> None:
    """Make a folder and its parents for the owner alone, durably."""
    make_folders([path])


def make_folders(paths: Iterable[Path]) -> None:
    """Make folders and their parents for the owner alone, durably.

    A folder that was just made is lost in a power cut unless its parent is synced too, all the
    way up to the first one that existed.
    """
    parents: dict[Path, None] = {}
    try:
        for path in paths:
            check_enclosed(path)
            missing = []
            while not path.is_dir():
                missing.append(path)
                path = path.parent
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
                parents[folder.parent] = None
    finally:
        sync_folders(parents)


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


def sync_folders(paths: Iterable[Path]) -> None:
    """Wait until the disk has the names in some folders."""
    _at_once(sync_folder, list(paths))


def sync_files(files: Sequence[int]) -> None:
    """Wait until the disk has what was written to some open files."""
    _at_once(os.fsync, files)


def _at_once(sync: Callable[[Any], None], things: Sequence[Any]) -> None:
    """Sync several things; a disk that is asked for many at once is done with all after a few of its own steps."""
    if len(things) < FEW:
        for thing in things:
            sync(thing)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(SYNC_THREADS, len(things))) as pool:
        for _ in pool.map(sync, things):
            pass


def _replace(path: Path, data: bytes, durable: bool, mode: int) -> None:
    if durable:
        _replace_group([(path, data)], mode)
        return
    temporary, file = _begin(path, data, mode)
    os.close(file)
    os.replace(temporary, path)


def _replace_group(group: Sequence[tuple[Path, bytes]], mode: int) -> None:
    """Put several files in place, after the disk has all of them."""
    begun: list[tuple[Path, int]] = []
    placed = 0
    try:
        try:
            for path, data in group:
                begun.append(_begin(path, data, mode))
            sync_files([file for _, file in begun])
        finally:
            for _, file in begun:
                os.close(file)
        for (path, _), (temporary, _) in zip(group, begun, strict=True):
            os.replace(temporary, path)
            placed += 1
    except BaseException:
        for temporary, _ in begun[placed:]:
            temporary.unlink(missing_ok=True)
        raise


def _begin(path: Path, data: bytes, mode: int) -> tuple[Path, int]:
    """Write a temporary file beside a path; returns it open."""
    import secrets  # only who writes needs it

    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    file = open_new(temporary, mode)
    try:
        write_all(file, data)
    except BaseException:
        os.close(file)
        temporary.unlink(missing_ok=True)
        raise
    return temporary, file


def write_all(file: int, data: bytes) -> None:
    """Write all of the data to an open file; one call of write may take only a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def seal_json(content: dict[str, Any]) -> bytes:
    """A small JSON object that carries a SHA-256 of itself, so that one flipped bit shows."""
    import hashlib
    import json

    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), **content}, indent=1).encode() + b"\n"


def open_json(data: bytes) -> dict[str, Any]:
    """The inverse of seal_json. Raises InvalidRecord for anything but its exact output."""
    import json

    try:
        content = json.loads(data)
        content.pop("sha256")
        if seal_json(content) == data:
            return dict(content)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        pass
    raise InvalidRecord("The file does not match the checksum that it carries.")

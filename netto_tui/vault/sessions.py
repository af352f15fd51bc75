"""The session files: one append-only file of records per conversation. They are the truth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from netto_tui.errors import InvalidRecord, VaultError
from netto_tui.files import make_folders, sync_files, sync_folders, write_all
from netto_tui.model.conversation import start_day
from netto_tui.model.formats import read_line
from netto_tui.model.ids import CONVERSATION
from netto_tui.model.revision import UNDATED, Record


class Entry(Protocol):
    """What filing needs to know of a conversation: its day, and whether any revision is dated."""

    day: str
    first_at: int | None


class Line(NamedTuple):
    """A record and where its line stands in its file, in bytes, newline not counted."""

    record: Record
    start: int
    length: int


@dataclass(frozen=True)
class Bad:
    """A stretch of a file that is no record."""

    start: int
    data: bytes
    reason: str


@dataclass(frozen=True)
class Content:
    """What a session file holds; size is its length in bytes."""

    lines: tuple[Line, ...]
    bad: tuple[Bad, ...]
    size: int


def path_of(root: Path, day: str, name: str) -> Path:
    """Where a conversation's file lies under `sessions/`; day is `YYYY/MM/DD`."""
    return root.joinpath(*day.split("/"), f"{name}.jsonl")


def filed_day(entry: Entry, records: Iterable[Record]) -> str:
    """The day under which a conversation belongs once it also holds these records."""
    stamps = [record.rev.at for record in records]
    day = start_day(stamps)
    if entry.first_at is None:
        return day
    return min(entry.day, day) if any(at != UNDATED for at in stamps) else entry.day


def lay_out(records: Iterable[Record], start: int) -> list[Line]:
    """Where records will stand when they are appended to a file that is `start` bytes long."""
    lines: list[Line] = []
    for record in records:
        lines.append(Line(record, start, len(record.line)))
        start += lines[-1].length + 1
    return lines


def read(path: Path, start: int = 0) -> Content:
    """Read a session file from an offset on, checking each line against its name and its file.

    A missing file reads as an empty one. Raises NewerFormat for records of a newer version.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return Content((), (), 0)
    lines: list[Line] = []
    bad: list[Bad] = []
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        text = data[at:] if end < 0 else data[at:end]
        try:
            if end < 0:
                raise InvalidRecord("The last line was cut off.")
            record = read_line(text)
            if record.rev.conversation != path.stem:
                raise InvalidRecord("The record belongs to another conversation.")
            lines.append(Line(record, start + at, len(text)))
        except InvalidRecord as error:
            bad.append(Bad(start + at, text, error.message))
        at += len(text) + 1
    return Content(tuple(lines), tuple(bad), start + len(data))


def read_one(path: Path, start: int, length: int) -> Record:
    """Read the record that stands at an offset. Raises InvalidRecord when it does not."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return read_line(file.read(length))
    except OSError as error:
        raise InvalidRecord(f"{path.name} cannot be read: {error.strerror}.") from error


class Differs(Exception):
    """A file is not as long as the index says; `name` is its conversation."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Append(NamedTuple):
    """Bytes to be put at the end of a file that is expected to be `size` bytes long."""

    path: Path
    data: bytes
    size: int


def append(batch: Sequence[Append]) -> None:
    """Append to several files and return when all of it is on disk.

    Raises Differs before anything is written when a file is not of the expected size, and
    VaultError, with every file cut back to that size, when a write fails.
    """
    opened: list[tuple[int, Append]] = []
    begun: list[tuple[int, Append]] = []
    try:
        try:
            make_folders(dict.fromkeys(each.path.parent for each in batch))
            for each in batch:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                opened.append((os.open(each.path, flags, 0o600), each))
            for file, each in opened:
                if os.fstat(file).st_size != each.size:
                    raise Differs(each.path.stem)
            begun = opened
            for file, each in opened:
                write_all(file, each.data)
            sync_files([file for file, _ in opened])
            sync_folders({each.path.parent for each in batch if each.size == 0})
        except OSError as error:
            for file, each in begun:  # of those that were only opened, nobody knows yet how long they are
                os.ftruncate(file, each.size)
            raise VaultError(
                f"The disk did not take the records: {error.strerror}.",
                remedy="Nothing was acknowledged. Free some space or check the disk, then try again.",
            ) from error
    finally:
        for file, _ in opened:
            os.close(file)


class Folder(NamedTuple):
    """One day's folder under `sessions/`, named `YYYY/MM/DD`, and when its list of names last changed."""

    day: str
    mtime: int


def folders(root: Path) -> Iterator[Folder]:
    """Every day's folder; links and names that are not dates are passed over."""
    for year in _subfolders(root, 4):
        for month in _subfolders(root / year, 2):
            for day in _subfolders(root / year / month, 2):
                yield Folder(f"{year}/{month}/{day}", (root / year / month / day).stat().st_mtime_ns)


def _subfolders(path: Path, digits: int) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(
                entry.name
                for entry in entries
                if len(entry.name) == digits and entry.name.isdecimal() and entry.is_dir(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []


def names(root: Path, day: str) -> dict[str, int]:
    """The conversations filed under a day, with the size of each file in bytes."""
    try:
        with os.scandir(root.joinpath(*day.split("/"))) as entries:
            return {
                entry.name[:-6]: entry.stat(follow_symlinks=False).st_size
                for entry in entries
                if entry.name.endswith(".jsonl")
                and CONVERSATION.fullmatch(entry.name[:-6])
                and entry.is_file(follow_symlinks=False)
            }
    except FileNotFoundError:
        return {}

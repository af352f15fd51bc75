"""Reading files of any size: lines and array elements, one at a time, without touching the source.

Text may be UTF-8 with or without a byte order mark, UTF-16, or any of these compressed with
Zstandard. Only what a file held when it was opened is read, so a file that grows is no trouble.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from netto_tui.capture.base import Skipped, Warned
from netto_tui.capture.decoding import LIMIT, BadJson, decode, decode_at

CHUNK = 1024 * 1024
KEPT_OF_LONG_LINE = 64 * 1024
"""How much of a line beyond the limit goes to quarantine; the rest stays where it is."""

_BLANK = " \t\r\n"
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 2**27
_ZSTD_PIECE = 128
"""Bytes unpacked at once: at most about 4 MiB come out of them."""

_TRIES = 3


class Line(NamedTuple):
    """One line without its newline; `ended` is False when the file stops within it.

    missing: bytes of a line beyond the limit that `data` does not hold.
    """

    number: int
    data: bytes
    ended: bool
    missing: int = 0


@dataclass(frozen=True)
class Entry:
    """One JSON object of a JSONL file; `data` are its bytes as found."""

    line: int
    record: dict[str, Any]
    data: bytes


class Damaged(Exception):
    """A compressed or encoded stream breaks off; the text says how, without quoting it."""


def open_regular(path: Path) -> int:
    """A descriptor for reading a regular file; never blocks. Raises OSError for pipes and the like."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return descriptor


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file as UTF-8, about a megabyte at a time. Raises OSError and Damaged."""
    with open(open_regular(path), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        yield from to_utf8(_decompressed(_upto(file, size)))


def _upto(file: Any, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(CHUNK, size))):
        size -= len(chunk)
        yield chunk


def _decompressed(raw: Iterator[bytes]) -> Iterator[bytes]:
    first = next(raw, b"")
    if first.startswith(_ZSTD_MAGIC):
        yield from decompress(_chain(first, raw))
    else:
        yield from _chain(first, raw)


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def decompress(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Zstandard frames, decompressed piece by piece, so that a bomb takes little memory. Raises Damaged."""
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame, begun = unpacker.decompressobj(), False
    ready, size = [], 0
    try:
        for piece in _pieces(raw):
            while piece:
                ready.append(frame.decompress(piece))
                size += len(ready[-1])
                piece, begun = (frame.unused_data, False) if frame.eof else (b"", True)
                if frame.eof:
                    frame = unpacker.decompressobj()
            if size >= CHUNK:
                yield b"".join(ready)
                ready, size = [], 0
    except zstandard.ZstdError as error:
        yield b"".join(ready)
        raise Damaged("the compressed data is damaged") from error
    yield b"".join(ready)
    if begun:
        raise Damaged("the compressed data is cut off")


def _pieces(raw: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in raw:
        for at in range(0, len(chunk), _ZSTD_PIECE):
            yield chunk[at : at + _ZSTD_PIECE]


def to_utf8(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks of text in UTF-8 or UTF-16 as chunks of UTF-8 without a byte order mark. Raises Damaged."""
    stream = iter(raw)
    first = next(stream, b"")
    encoding = text_encoding(first)
    if encoding == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from stream
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
        for chunk in stream:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        decoder.decode(b"", True)
    except UnicodeError as error:
        raise Damaged(f"not {encoding}, as its beginning says") from error


def text_encoding(head: bytes) -> str:
    """`utf-8`, `utf-16-le` or `utf-16-be`, from the first bytes of a text."""
    for mark, encoding in _UTF16:
        if head.startswith(mark):
            return encoding
    if len(head) >= 2 and 0 in head[:2] and head[:2] != b"\0\0":
        return "utf-16-be" if head[0] == 0 else "utf-16-le"
    return "utf-8"


def lines(source: Iterable[bytes]) -> Iterator[Line]:
    """Chunks cut into lines; a line beyond the limit keeps its beginning only."""
    number = 1
    pieces: list[bytes] = []
    held = missing = 0
    for chunk in source:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            yield _line(number, pieces, piece, True, missing)
            number += 1
            pieces, held, missing = [], 0, 0
        if held + len(rest) > LIMIT:
            kept = b"".join([*pieces, rest])
            missing += max(0, len(kept) - KEPT_OF_LONG_LINE)
            pieces = [kept[:KEPT_OF_LONG_LINE]]
            held = LIMIT
        elif rest:
            pieces.append(rest)
            held += len(rest)
    if pieces:
        yield _line(number, pieces, b"", False, missing)


def _line(number: int, pieces: list[bytes], last: bytes, ended: bool, missing: int) -> Line:
    data = b"".join([*pieces, last]) if pieces else last
    if missing:
        return Line(number, data[:KEPT_OF_LONG_LINE], ended, missing + max(0, len(data) - KEPT_OF_LONG_LINE))
    return Line(number, data, ended)


def entries(source: Iterable[bytes], where: str) -> Iterator[Entry | Skipped]:
    """The objects of JSON lines; what is none is skipped with its bytes, and reading goes on.

    A last line that stops in the middle of its value is no error and is left for the next time.
    """
    number = 0
    torn: Skipped | None = None
    try:
        for line in lines(source):
            number = line.number
            if not line.data.strip():
                continue
            if torn is not None:
                yield torn
            found, torn = _entry(line, where)
            if found is not None:
                yield found
    except Damaged as error:
        yield Skipped(where, number + 1, str(error))


def _entry(line: Line, where: str) -> tuple[Entry | Skipped | None, Skipped | None]:
    """What a line is, or, second, what it will be if it turns out not to be the last."""
    if line.missing:
        total = len(line.data) + line.missing
        reason = f"a line of {total} bytes is longer than {LIMIT >> 20} MiB"
        return Skipped(where, line.number, reason, line.data), None
    try:
        record = decode(line.data.strip(b"\0"))  # a crash leaves runs of NUL beside what was written
    except BadJson as error:
        bad = Skipped(where, line.number, str(error), line.data)
        return (None, bad) if error.cut or not line.ended else (bad, None)
    if not isinstance(record, dict):
        return Skipped(where, line.number, "JSON, but not an object", line.data), None
    return Entry(line.number, record, line.data), None


def file_entries(path: Path, where: str) -> Iterator[Entry | Skipped | Warned]:
    """The objects of a file of JSON lines, with a warning when it was rewritten meanwhile."""
    before = path.stat()
    yield from entries(chunks(path), where)
    if was_rewritten(path, before):
        yield Warned(where, "changed", "The file was rewritten while it was read. Import it again.")


def was_rewritten(path: Path, before: os.stat_result) -> bool:
    """Whether a file is another one, shorter, or changed in place; growing does not count."""
    try:
        after = path.stat()
    except OSError:
        return True
    return (
        (after.st_ino, after.st_dev) != (before.st_ino, before.st_dev)
        or after.st_size < before.st_size
        or (after.st_size == before.st_size and after.st_mtime_ns != before.st_mtime_ns)
    )


def elements(path: Path, where: str) -> Iterator[Any | Skipped]:
    """The elements of the array that a JSON file holds, or its one value, each decoded on its own.

    Reading stops at the first fault, which is reported: nothing after it can be trusted.
    """
    number = 0
    text = _Buffer(chunks(path))
    try:
        is_array = text.skip(_BLANK) == "["
        text.at += is_array
        while text.skip(_BLANK + "," * is_array) not in ("", "]"):
            number += 1
            yield text.value()
            if not is_array:
                break
        if is_array and text.skip(_BLANK) != "]":
            yield Skipped(where, text.line, f"the file ends after element {number}, within the list")
        text.at += is_array
        if text.skip(_BLANK):
            yield Skipped(where, text.line, "there is more text after the JSON value", text.rest)
    except BadJson as error:
        reason = f"element {number} cannot be read, nor what follows it: {error}"
        yield Skipped(where, text.line, reason, text.rest)
    except (Damaged, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        yield Skipped(where, 0, f"nothing after element {max(0, number - 1)} can be read: {reason}")


class _Buffer:
    """A window of a JSON text that grows until the value at `at` is whole."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self.source = source
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        self.text = ""
        self.at = 0
        self.passed = 0
        self.done = False

    @property
    def line(self) -> int:
        """The line that `at` is in, from 1."""
        return 1 + self.passed + self.text.count("\n", 0, self.at)

    @property
    def rest(self) -> bytes:
        """The beginning of what is not yet consumed."""
        return self.text[self.at : self.at + KEPT_OF_LONG_LINE].encode("utf-8", "surrogatepass")

    def more(self) -> None:
        """Make the window at least twice as long as what is not yet consumed."""
        parts = [self.text[self.at :]]
        wanted = len(parts[0])
        self.passed += self.text.count("\n", 0, self.at)
        self.at = 0
        while wanted >= 0 and not self.done:
            chunk = next(self.source, b"")
            self.done = not chunk
            parts.append(self.decoder.decode(chunk, self.done))
            wanted -= len(parts[-1]) or 1
        self.text = "".join(parts)

    def skip(self, characters: str) -> str:
        """Move past any of these characters; the one that follows, or "" at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in characters:
                self.at += 1
            if self.at < len(self.text) or self.done:
                return self.text[self.at : self.at + 1]
            self.more()

    def value(self) -> Any:
        """The JSON value that begins here. Raises BadJson when there is none within the limit."""
        while True:
            try:
                value, end = decode_at(self.text, self.at)
                if end < len(self.text) or self.done:
                    self.at = end
                    return value
            except BadJson as error:
                if self.done or not error.cut:
                    raise
                if len(self.text) - self.at > LIMIT:
                    raise BadJson(f"longer than {LIMIT >> 20} MiB") from None
            self.more()


def whole(path: Path, limit: int = LIMIT) -> bytes:
    """A small file's bytes, read again while it is being written. Raises OSError, also above the limit."""
    for _try in range(_TRIES):
        with open(open_regular(path), "rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > limit:
                raise OSError(f"larger than {limit >> 20} MiB")
            data = file.read(limit + 1)
            after = path.stat()
        if (before.st_mtime_ns, before.st_size, before.st_ino) == (after.st_mtime_ns, len(data), after.st_ino):
            return data
    raise OSError("it changes while it is read; import it again")

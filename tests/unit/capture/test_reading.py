"""Files of every encoding and size, one record at a time, and nothing of the source is touched."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.capture.base import Skipped, Warned
from netto_tui.capture.decoding import LIMIT
from netto_tui.capture.reading import (
    CHUNK,
    KEPT_OF_LONG_LINE,
    Damaged,
    Entry,
    chunks,
    elements,
    entries,
    file_entries,
    lines,
    to_utf8,
    whole,
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.integers(1, 40), st.booleans())
def test_lines_are_the_same_however_the_data_arrives(parts: list[bytes], size: int, ended: bool) -> None:
    data = b"\n".join(parts) + (b"\n" if ended else b"")
    expected = data.split(b"\n")
    last_is_open = expected.pop() if expected[-1] else expected.pop() and None
    found = list(lines(pieces(data, size)))
    assert [line.data for line in found if line.ended] == expected
    assert [line.data for line in found if not line.ended] == ([last_is_open] if last_is_open else [])
    assert [line.number for line in found] == list(range(1, len(found) + 1))


@given(
    st.lists(st.dictionaries(st.text(), st.text(), min_size=1)), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-be"])
)
def test_every_encoding_gives_the_same_objects(records: list[dict[str, str]], encoding: str) -> None:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    data = text.encode(encoding, "surrogatepass")
    found = [entry.record for entry in entries(to_utf8(pieces(data, 7)), "x") if isinstance(entry, Entry)]
    assert found == records


def test_compressed_lines_read_like_plain_ones(tmp_path: Path) -> None:
    plain = b"".join(json.dumps({"n": n, "text": "x" * 900}).encode() + b"\n" for n in range(3000))
    half = len(plain) // 2
    packed = zstandard.compress(plain[:half]) + zstandard.compress(plain[half:])
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(packed)
    assert b"".join(chunks(path)) == plain
    path.write_bytes(packed[:-20])
    found = list(entries(chunks(path), "x"))
    assert isinstance(found[0], Entry)
    assert isinstance(found[-1], Skipped)
    assert found[-1].reason == "the compressed data is cut off"
    path.write_bytes(packed[:2000] + b"!" + packed[2001:])
    assert isinstance(list(entries(chunks(path), "x"))[-1], Skipped)


def test_a_compressed_bomb_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.zst"
    packer = zstandard.ZstdCompressor().compressobj()
    block = b"[" * CHUNK
    path.write_bytes(b"".join(packer.compress(block) for _ in range(200)) + packer.flush())
    tracemalloc.start()
    found = list(entries(chunks(path), "x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (skipped,) = found
    assert isinstance(skipped, Skipped)
    assert f"longer than {LIMIT >> 20} MiB" in skipped.reason
    assert peak < 4 * LIMIT


def test_a_line_beyond_the_limit_keeps_its_beginning_and_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a":1}\n{"b":"')
        for _ in range(LIMIT // CHUNK + 2):
            file.write(b"x" * CHUNK)
        file.write(b'"}\n{"c":3}\n')
    first, long, last = entries(chunks(path), "x")
    assert isinstance(first, Entry) and first.record == {"a": 1}
    assert isinstance(long, Skipped) and long.line == 2 and len(long.data) == KEPT_OF_LONG_LINE
    assert isinstance(last, Entry) and (last.line, last.record) == (3, {"c": 3})


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ('{"a":1}\n{"b":2', 1, []),
        ('{"a":1}\n{"b":2\n', 1, []),
        ('{"a":1}\n{"b":2\n{"c":3}\n', 2, [2]),
        ('{"a":1}\n{"b":2}', 2, []),
        ('{"a":1}\nnonsense\n', 1, [2]),
        ('42\n"text"\n[1]\nnull\n\n  \r\n{"a":1}\n', 1, [1, 2, 3, 4]),
        ("", 0, []),
        ('{"a":1}\n\0\0\n{"b":2}\n', 2, [2]),
        ('{"a":1}\n\0\0{"b":2}\n', 2, []),
        ('{"a":1}\n\0\0\0', 1, []),
    ],
)
def test_bad_lines_are_reported_and_a_torn_last_one_waits(text: str, good: int, bad: list[int]) -> None:
    found = list(entries([text.encode()], "x"))
    assert len([entry for entry in found if isinstance(entry, Entry)]) == good
    assert [entry.line for entry in found if isinstance(entry, Skipped)] == bad


def test_only_what_was_there_at_the_start_is_read(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_text('{"n":1}\n')
    reading = file_entries(path, "x")
    found = [next(reading)]
    with path.open("a") as file:
        file.write('{"n":2}\n')
    assert [*found, *reading] == [Entry(1, {"n": 1}, b'{"n":1}')]


def test_a_file_that_is_rewritten_meanwhile_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_text('{"n":1}\n{"n":2}\n')
    reading = file_entries(path, "x")
    next(reading)
    path.write_text('{"n":3}\n')
    assert [event.code for event in reading if isinstance(event, Warned)] == ["changed"]


@given(st.lists(st.dictionaries(st.text(), st.text() | st.floats(-1e9, 1e9)), max_size=8))
def test_elements_of_an_array_are_read_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, found: list[object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.json"
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
    assert list(elements(path, "x")) == found
    path.write_text(json.dumps(found))
    assert list(elements(path, "x")) == found


def test_an_array_larger_than_one_reading_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    values = [{"n": n, "text": "é" * (n * 7 % 7000)} for n in range(900)]
    path.write_text(json.dumps(values, ensure_ascii=False))
    assert path.stat().st_size > 3 * CHUNK
    assert list(elements(path, "x")) == values


@pytest.mark.parametrize(
    ("text", "good", "reason"),
    [
        ('[{"a":1},{"b":2]', 1, "element 2"),
        ('[{"a":1},{"b":2}', 2, "ends after element 2"),
        ('[{"a":1}] more', 1, "more text"),
        ("[" * 100_000, 0, "200 levels"),
        ('{"a":1} {"b":2}', 1, "more text"),
    ],
)
def test_an_array_that_breaks_keeps_what_came_before(tmp_path: Path, text: str, good: int, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    *found, last = elements(path, "x")
    assert len(found) == good
    assert isinstance(last, Skipped) and reason in last.reason


def test_reading_leaves_no_trace_and_never_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":1}\n')
    before = path.stat()
    list(file_entries(path, "x"))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert os.listdir(tmp_path) == ["a.jsonl"]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="regular file"):
        list(chunks(pipe))
    with pytest.raises(OSError, match="regular file"):
        whole(pipe)


def test_a_file_that_is_not_what_it_begins_as_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xff\xfe" + b"{\x00" + b"\x00")
    with pytest.raises(Damaged):
        list(chunks(path))

"""Paths, pages and the identity of the tree that replicas share."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord, NewerFormat, Refused
from netto_tui.files import seal_json
from netto_tui.replicas import tree
from netto_tui.replicas.base import Marker
from netto_tui.security.envelope import PLAIN, Sealed
from tests.contract.stores import KEYS, MARKER, SEALED, conversation, records, write


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".netto/vault.json", "marker"),
        ("README.md", "readme"),
        (f"sessions/2026/11/23/{conversation(1)}.jsonl", "session"),
        ("blobs/ab/cdef", "blob"),
        ("memory/2026-11-23.md", "view"),
        (f"sessions/2026/13/23/{conversation(1)}.jsonl", "session"),
        (f"sessions/2026/23/23/{conversation(1)}.jsonl", "foreign"),
        ("sessions/2026/11/23/../../x.jsonl", "foreign"),
        ("sessions/2026/11/23/c_1.jsonl\n", "foreign"),
        ("sessions/2026/11/23/.jsonl", "foreign"),
        ("blobs/ab/../x", "foreign"),
        ("blobs/abc/def", "foreign"),
        ("memory/.hidden.md", "foreign"),
        ("memory/a/b.md", "foreign"),
        ("readme.md", "foreign"),
        ("", "foreign"),
    ],
)
def test_a_path_tells_what_it_holds(path: str, kind: str) -> None:
    assert tree.kind_of(path) == kind


@given(day=st.text(max_size=12), name=st.text(max_size=12))
def test_only_plain_names_become_paths(day: str, name: str) -> None:
    try:
        path = tree.session_path(day, name)
    except Refused:
        return
    assert tree.session_name(path) == name
    assert path.split("/")[1:4] == day.split("/")


@given(data=st.binary(max_size=400))
def test_no_bytes_are_taken_for_a_blob_but_its_own(data: bytes) -> None:
    path = tree.blob_path(PLAIN, hashlib.sha256(b"content").hexdigest())
    assert bool(tree.blob_fault(PLAIN, path, data)) == (data != b"content")
    assert tree.blob_fault(SEALED, path, data)


def test_a_page_is_the_same_bytes_for_the_same_set() -> None:
    some = records(1, 5)
    assert tree.render(PLAIN, some) == tree.render(PLAIN, reversed(some)) == tree.render(PLAIN, [*some, *some])
    assert tree.render(PLAIN, some).splitlines() == [record.line for record in sorted(some, key=lambda r: r.order)]


@given(data=st.data())
def test_a_page_with_a_damaged_line_gives_the_others_and_the_bytes_of_the_bad_one(data: st.DataObject) -> None:
    envelope = data.draw(st.sampled_from([PLAIN, SEALED]))
    some = records(1, 4)
    lines = tree.render(envelope, some).splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[number]) - 1))
    damaged = lines[number][:at] + bytes([lines[number][at] ^ 0x01]) + lines[number][at + 1 :]
    page = tree.Page()
    page.read(
        envelope, envelope.name(conversation(1)), "file", b"\n".join([*lines[:number], damaged, *lines[number + 1 :]])
    )
    assert len(page.records) == len(some) - 1
    assert b"\n".join(found.data for found in page.corrupt) == damaged
    assert page.corrupt[0].where == f"file:{number + 1}"


def test_a_torn_last_line_is_told() -> None:
    content = tree.render(PLAIN, records(1, 3))
    page = tree.Page()
    page.read(PLAIN, conversation(1), "file", content[:-20])
    assert len(page.records) == 3
    assert [found.where for found in page.corrupt] == ["file:4"]


def test_a_record_of_another_conversation_is_corrupt_here() -> None:
    page = tree.Page()
    page.read(PLAIN, conversation(2), "file", tree.render(PLAIN, records(1, 0)))
    assert not page.records
    assert "another conversation" in page.corrupt[0].reason


def test_a_record_of_a_newer_version_is_not_taken_for_damage() -> None:
    raw = records(1, 0)[0].raw.replace(b"netto.revision/1", b"netto.revision/7")
    line = b'{"id":"' + hashlib.sha256(raw).hexdigest().encode() + b'","rev":' + raw + b"}"
    with pytest.raises(NewerFormat):
        tree.Page().read(PLAIN, conversation(1), "file", line + b"\n")


def test_lines_that_are_there_are_not_sealed_again() -> None:
    class Counting(Sealed):
        sealed = 0

        def seal(self, line: bytes) -> bytes:
            self.sealed += 1
            return super().seal(line)

    envelope, some = Counting(lambda: KEYS), records(1, 3)
    content = tree.render(envelope, some[:3])
    page = tree.Page()
    page.read(envelope, envelope.name(conversation(1)), "file", content)
    page.render(envelope, some)
    assert envelope.sealed == 4


def test_the_days_where_a_conversation_may_lie_begin_with_the_right_one() -> None:
    some = (*records(1, 2, day=9), *records(1, 2, day=4, first=5))
    assert tree.possible_days(write(some)) == ["2026/11/04", "2026/11/09"]


@given(data=st.data())
def test_a_marker_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    content = bytearray(tree.render_marker(MARKER))
    assert tree.read_marker(bytes(content)) == MARKER
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InvalidRecord):
        tree.read_marker(bytes(content))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b'{"sha256":1}', b"[" * 100_000, seal_json({"a": 1})])
def test_what_is_no_marker_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRecord):
        tree.read_marker(data)


def test_a_marker_of_a_newer_version_says_so() -> None:
    with pytest.raises(NewerFormat):
        tree.read_marker(seal_json({"format": "netto.replica/2", "who": "knows"}))


@given(vault=st.text(), replica=st.text(), zone=st.text())
def test_a_marker_comes_back(vault: str, replica: str, zone: str) -> None:
    marker = Marker(vault, replica, zone)
    try:
        content = tree.render_marker(marker)
    except UnicodeEncodeError:
        return
    assert tree.read_marker(content) == marker

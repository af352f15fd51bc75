"""What a sealed replica holds of records and blobs, and what it takes for one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord, Locked
from netto_tui.model.revision import split_line
from netto_tui.replicas import tree
from netto_tui.security import jwe
from netto_tui.security.envelope import NEWER_KEY, PART_BYTES, PLAIN, UNSEALED, Sealed
from netto_tui.security.jwe import Tokens
from netto_tui.security.keyset import KeySet
from tests.contract.stores import KEYS, SEALED, records

ONE, OTHER = records(1)[1], records(2)[1]
TOKENS = Tokens(KEYS)


def rid(text: str) -> bytes:
    return SEALED.name(text).encode()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InvalidRecord) as caught:
        call()
    return caught.value.message


def blob_of(parts: list[bytes], *, count: int | None = None, size: int | None = None, sha: str | None = None) -> bytes:
    """A blob that somebody with the keys put together, maybe not as it should be."""
    whole = b"".join(parts)
    name = sha or hashlib.sha256(whole).hexdigest()
    count = len(parts) if count is None else count
    manifest = b'{"count":%d,"sha256":"%b","size":%d}' % (count, name.encode(), len(whole) if size is None else size)
    lines = [TOKENS.seal(b"blob", rid(name), manifest)]
    for index, part in enumerate(parts):
        lines.append(TOKENS.seal(b"blob", rid(f"netto/v1/part\0{name}\0{index}\0{count}"), part))
    return b"".join(line + b"\n" for line in lines)


def test_a_record_is_one_line_that_tells_nothing_of_it() -> None:
    line = records(1, text="a secret word " * 50)[1].line
    sealed = SEALED.seal(line)
    assert SEALED.open(sealed) == line
    assert b"\n" not in sealed
    assert not [word for word in (b"secret", b"2026", ONE.rev.conversation.encode()) if word in sealed]
    assert Sealed(lambda: KEYS).seal(line) == sealed


@given(name=st.text(max_size=80))
def test_a_name_is_a_keyed_hash_that_every_store_can_file(name: str) -> None:
    found = SEALED.name(name)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert SEALED.name(name) == found != Sealed(lambda: KeySet("11111111", KEYS.wrapping, b"x" * 32, b"")).name(name)
    assert tree.session_name(tree.session_path("2026/11/23", found)) == found


def test_a_record_under_the_name_of_another_is_refused() -> None:
    token = TOKENS.seal(b"rec", rid(OTHER.id), ONE.line)
    assert "another record" in refused(lambda: SEALED.open(token))


def test_a_record_whose_bytes_are_not_its_name_is_refused_though_it_was_sealed() -> None:
    line = ONE.line.replace(ONE.id.encode(), OTHER.id.encode())
    assert "match their name" in refused(lambda: SEALED.open(TOKENS.seal(b"rec", rid(OTHER.id), line)))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"id":1,"rev":{}}', b"\xff" * 90, b"[" * 100_000])
def test_what_is_no_record_is_neither_sealed_nor_opened_as_one(content: bytes) -> None:
    refused(lambda: SEALED.seal(content))
    refused(lambda: SEALED.open(TOKENS.seal(b"rec", rid(ONE.id), content)))


def test_a_blob_is_no_record_and_a_record_no_blob() -> None:
    refused(lambda: SEALED.open(TOKENS.seal(b"blob", rid(ONE.id), ONE.line)))
    refused(lambda: SEALED.open_blob(SEALED.seal(ONE.line) + b"\n"))


def test_plain_records_on_a_sealed_replica_are_called_what_they_are_even_while_locked() -> None:
    def locked() -> KeySet:
        raise Locked("The keys are not here.")

    damaged = ONE.line.replace(b"hello", b"hullo")
    for line in (ONE.line, damaged, ONE.line[:90]):
        assert refused(partial(SEALED.open, line)) == UNSEALED
        assert refused(partial(Sealed(locked).open, line)) == UNSEALED
    assert refused(lambda: SEALED.open(b"rubbish")) != UNSEALED


def test_a_plain_blob_on_a_sealed_replica_is_called_what_it_is_under_either_name() -> None:
    data = b"a picture"
    sha = hashlib.sha256(data).hexdigest()
    for envelope in (PLAIN, SEALED):
        assert tree.blob_fault(SEALED, tree.blob_path(envelope, sha), data) == UNSEALED
    elsewhere = tree.blob_path(SEALED, "0" * 64)
    assert tree.blob_fault(SEALED, elsewhere, data) not in ("", UNSEALED)
    assert tree.blob_fault(SEALED, elsewhere, SEALED.seal_blob(data))
    assert tree.blob_fault(SEALED, tree.blob_path(SEALED, sha), SEALED.seal_blob(data)) == ""


def test_keys_are_asked_for_when_they_are_needed_and_not_before() -> None:
    def locked() -> KeySet:
        raise Locked("The keys are not here.")

    sealed = Sealed(locked)
    for call in (
        lambda: sealed.name("c_1"),
        lambda: sealed.seal(ONE.line),
        lambda: sealed.open(SEALED.seal(ONE.line)),
        lambda: sealed.seal_blob(b""),
        lambda: sealed.open_blob(SEALED.seal_blob(b"")),
    ):
        with pytest.raises(Locked):
            call()


def test_a_rotation_is_taken_up_at_once_and_keeps_names_and_old_records() -> None:
    now = [KeySet("11111111", {1: b"1" * 32}, b"n" * 32, b"s" * 32)]
    sealed = Sealed(lambda: now[0])
    name, old, old_blob = sealed.name("c_1"), sealed.seal(ONE.line), sealed.seal_blob(b"blob")
    first = now[0]
    before = Sealed(lambda: first)
    now[0] = first.rotated()
    new, new_blob = sealed.seal(ONE.line), sealed.seal_blob(b"blob")
    assert new != old
    assert sealed.name("c_1") == name
    assert sealed.open(old) == sealed.open(new) == ONE.line
    assert sealed.open_blob(old_blob) == sealed.open_blob(new_blob) == b"blob"
    assert refused(lambda: before.open(new)) == refused(lambda: before.open_blob(new_blob)) == NEWER_KEY


def test_the_keys_of_another_vault_open_nothing() -> None:
    other = Sealed(lambda: KeySet("22222222", KEYS.wrapping, KEYS.name, KEYS.sign))
    assert "does not have" in refused(lambda: other.open(SEALED.seal(ONE.line)))
    same_ids = Sealed(lambda: KeySet("11111111", KEYS.wrapping, b"x" * 32, KEYS.sign))
    assert "another record" in refused(lambda: same_ids.open(SEALED.seal(ONE.line)))


def test_nothing_is_derived_for_each_record(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = []

    def derive(*args: Any, **more: Any) -> HKDF:
        derived.append(1)
        return HKDF(*args, **more)

    monkeypatch.setattr(jwe, "HKDF", derive)
    sealed = Sealed(lambda: KEYS)
    for record in records(1, 50):
        sealed.open(sealed.seal(record.line))
    sealed.open_blob(sealed.seal_blob(b"x"))
    assert len(derived) == 1


@pytest.mark.parametrize("level", [0, 1])
def test_a_record_that_another_zlib_compressed_is_as_good(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, ours_blob = SEALED.seal(ONE.line), SEALED.seal_blob(b"words " * 500)
    monkeypatch.setattr(jwe, "LEVEL", level)
    theirs, theirs_blob = SEALED.seal(ONE.line), SEALED.seal_blob(b"words " * 500)
    assert theirs != ours
    assert theirs_blob != ours_blob
    assert SEALED.open(theirs) == ONE.line
    assert SEALED.open_blob(theirs_blob) == b"words " * 500


SIZES = [0, 1, 255, 4096, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["random", "zeros"])
def test_a_blob_of_any_size_comes_back_and_is_the_same_bytes_each_time(size: int, kind: str) -> None:
    data = hashlib.shake_256(b"seed").digest(size) if kind == "random" else bytes(size)
    sealed = SEALED.seal_blob(data)
    assert SEALED.open_blob(sealed) == data
    assert Sealed(lambda: KEYS).seal_blob(data) == sealed
    lines = sealed.split(b"\n")
    assert len(lines) == 2 + -(-size // PART_BYTES)
    assert all(len(line) * 3 // 4 < 481 * 1024 for line in lines)


@given(data=st.binary(max_size=2000))
def test_any_blob_comes_back(data: bytes) -> None:
    assert SEALED.open_blob(SEALED.seal_blob(data)) == data


def test_parts_in_another_number_or_order_or_of_another_blob_are_refused() -> None:
    data = bytes(2 * PART_BYTES + 5)
    first, *parts, end = SEALED.seal_blob(data).split(b"\n")
    assert len(set(parts)) == 3
    other_first, *other, _ = SEALED.seal_blob(b"1" + data).split(b"\n")
    for wrong in (
        [],
        parts[:2],
        parts[1:],
        parts[::-1],
        [parts[0], parts[0], parts[2]],
        [*parts, parts[2]],
        [parts[0], other[1], parts[2]],
        [other[0], *parts[1:]],
        [first, *parts[1:]],
        [b"", *parts],
        [parts[0] + b" ", *parts[1:]],
    ):
        refused(partial(SEALED.open_blob, b"\n".join([first, *wrong, end])))
    refused(lambda: SEALED.open_blob(b"\n".join([other_first, *parts, end])))
    for whole in (b"\n".join([first, *parts]), b"\n".join([first, *parts, end, end]), b"\n".join([*parts, end]), b""):
        refused(partial(SEALED.open_blob, whole))
    assert SEALED.open_blob(b"\n".join([first, *parts, end])) == data


def test_lines_beyond_the_count_are_not_even_cut() -> None:
    sealed = SEALED.seal_blob(b"one")
    hostile = [sealed + b"\n" * 3_000_000, sealed + sealed.split(b"\n")[1] + b"\n" * 3_000_000]
    tracemalloc.start()
    try:
        for data in hostile:
            refused(partial(SEALED.open_blob, data))
        assert tracemalloc.get_traced_memory()[1] < 3 * 3_000_000
    finally:
        tracemalloc.stop()
    for ending in (b"\r\n", b"\r", b""):
        refused(partial(SEALED.open_blob, sealed[:-1] + ending))
        refused(partial(SEALED.open_blob, sealed.replace(b"\n", ending + b"\n", 1) if ending else sealed[1:]))


def test_a_part_of_a_shorter_blob_with_the_same_beginning_is_refused() -> None:
    long, short = SEALED.seal_blob(bytes(2 * PART_BYTES)), SEALED.seal_blob(bytes(PART_BYTES))
    refused(
        lambda: SEALED.open_blob(b"\n".join([long.split(b"\n")[0], short.split(b"\n")[1], long.split(b"\n")[2], b""]))
    )


def test_a_manifest_that_lies_is_refused() -> None:
    assert SEALED.open_blob(blob_of([b"one", b"two"])) == b"onetwo"
    refused(lambda: SEALED.open_blob(blob_of([b"one", b"two"], size=5)))
    refused(lambda: SEALED.open_blob(blob_of([b"one", b"two"], size=7)))
    refused(lambda: SEALED.open_blob(blob_of([b"one", b"two"], count=3)))
    refused(lambda: SEALED.open_blob(blob_of([b"one"], sha="0" * 64)))
    refused(lambda: SEALED.open_blob(TOKENS.seal(b"blob", rid("0" * 64), b"x") + b"\n"))
    moved = TOKENS.seal(
        b"blob", rid("0" * 64), b'{"count":0,"sha256":"%b","size":0}' % hashlib.sha256().hexdigest().encode()
    )
    refused(lambda: SEALED.open_blob(moved + b"\n"))


def test_parts_that_grow_beyond_what_the_manifest_says_are_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = blob_of([bytes(1_000_000)] * 9, size=2_000_000)
    opened = []
    real = Tokens.open

    def counted(*args: Any) -> tuple[bytes, bytes]:
        opened.append(1)
        return real(*args)

    monkeypatch.setattr(Tokens, "open", counted)
    refused(lambda: Sealed(lambda: KEYS).open_blob(sealed))
    assert len(opened) == 4


@settings(max_examples=600)
@given(data=st.data())
def test_a_blob_that_is_edited_in_any_way_is_refused(data: st.DataObject) -> None:
    sealed = _EDITED
    start = data.draw(st.integers(0, len(sealed)))
    end = data.draw(st.integers(start, min(len(sealed), start + 500)))
    edited = sealed[:start] + data.draw(st.one_of(st.binary(max_size=9), st.just(sealed[:end]))) + sealed[end:]
    if edited != sealed:
        refused(lambda: SEALED.open_blob(edited))


_EDITED = blob_of([b"one " * 80, b"two " * 80])


def test_a_sealed_line_is_read_by_whoever_has_the_keys_alone() -> None:
    page = tree.Page()
    page.read(SEALED, SEALED.name(ONE.rev.conversation), "file", tree.render(SEALED, records(1, 3)))
    assert {record.id for record in page.sorted()} == {record.id for record in records(1, 3)}
    assert split_line(SEALED.open(SEALED.seal(ONE.line)))[0] == ONE.id


def test_nothing_heavy_is_loaded_before_something_is_sealed() -> None:
    code = (
        "import sys\nfrom netto_tui.security.envelope import Sealed\nSealed(lambda: None)\n"
        "assert not [name for name in sys.modules if name.startswith(('cryptography', 'netto_tui.security.jwe'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})

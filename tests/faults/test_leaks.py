"""Nothing of what was said, and no secret, lies where it should not: the tool that looks, and where it looks."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import subprocess
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks import Find, leaks

NEEDLE = "Grüße aus Oporto, sagt niemand/außer uns"
NEEDLES = {"message": NEEDLE}


@pytest.mark.parametrize(
    ("form", "planted"),
    [
        ("plain", NEEDLE.encode()),
        ("UTF-16 LE", NEEDLE.encode("utf-16-le")),
        ("UTF-16 BE", NEEDLE.encode("utf-16-be")),
        ("hex", NEEDLE.encode().hex().encode()),
        ("HEX", NEEDLE.encode().hex().upper().encode()),
        ("percent", quote(NEEDLE, safe="").encode()),
        ("percent, lenient", quote(NEEDLE).encode()),
        ("JSON", json.dumps({"a": NEEDLE}).encode()),
        ("plain", json.dumps({"a": NEEDLE}, ensure_ascii=False).encode()),
    ],
)
def test_a_planted_text_is_found_in_every_form(form: str, planted: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0\x01before" + planted + b"after\xff")
    assert Find("message", form, str(tmp_path / "file")) in leaks(NEEDLES, folders=[tmp_path])


@given(st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_a_planted_text_is_found_in_base64_wherever_it_begins(before: bytes, after: bytes, url: bool) -> None:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    found = leaks(NEEDLES, outputs={"out": b'{"x":"' + encode(before + NEEDLE.encode() + after) + b'"}'})
    assert any(find.form.startswith("base64") for find in found)


@pytest.mark.parametrize(
    "packed",
    [
        zlib.compress(NEEDLE.encode()),
        gzip.compress(NEEDLE.encode()),
        zlib.compress(b"blob 9\0" + NEEDLE.encode() * 5, 1),
        gzip.compress(zlib.compress(base64.b64encode(NEEDLE.encode()))),
        zlib.compress(b"first stream") + zlib.compress(NEEDLE.encode()),
        zlib.compress(NEEDLE.encode() * 50)[:-6] + b"cut off",
    ],
    ids=["zlib", "gzip", "object", "nested", "second", "cut"],
)
def test_a_planted_text_is_found_in_what_is_compressed(packed: bytes) -> None:
    assert leaks(NEEDLES, outputs={"out": b"head" + packed + b"tail"})


def test_a_planted_text_is_found_in_git_loose_and_packed(tmp_path: Path) -> None:
    def git(*args: str) -> None:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *args]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for number in range(5):
        (tmp_path / "file").write_text("a line of a long file\n" * 200 + (NEEDLE if number == 2 else str(number)))
        git("add", "file")
        git("commit", "-qm", f"number {number}")
    (tmp_path / "file").unlink()
    objects = tmp_path / ".git" / "objects"
    assert leaks(NEEDLES, folders=[objects])
    git("gc", "-q")
    assert list(objects.glob("pack/*.pack"))
    assert leaks(NEEDLES, folders=[objects])


def test_a_planted_text_is_found_in_sqlite_even_over_pages(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "data.db") as sql:
        sql.execute("CREATE TABLE t (a TEXT, b BLOB)")
        sql.execute("INSERT INTO t VALUES (?, ?)", ("x" * 3000 + NEEDLE * 200, b""))
    sql.close()
    assert any("its values" in find.where for find in leaks(NEEDLES, folders=[tmp_path]))
    log = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    log.execute("DELETE FROM t")
    log.execute("PRAGMA journal_mode = WAL")
    log.execute("INSERT INTO t VALUES ('', ?)", (NEEDLE.encode(),))
    assert any("-wal" in find.where for find in leaks(NEEDLES, folders=[tmp_path]))
    log.close()


def test_a_planted_text_is_found_in_names(tmp_path: Path) -> None:
    (tmp_path / "a long private title").mkdir()
    assert leaks({"title": "a long private title"}, folders=[tmp_path])
    assert leaks({"title": "private title"}, outputs={"out": "see /home/a long private title/x"})


@given(st.binary(max_size=3000))
def test_nothing_is_found_where_nothing_lies(data: bytes) -> None:
    assert leaks(NEEDLES, outputs={"out": data, "packed": zlib.compress(data)}) == []


def test_a_text_that_may_turn_up_by_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        leaks({"word": "short"})
    with pytest.raises(NotADirectoryError):
        leaks(NEEDLES, folders=[Path("nowhere at all")])

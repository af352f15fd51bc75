"""The cursor of a tree on disk."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.replicas import days


@given(st.dictionaries(st.from_regex(r"[0-9]{4}/[01][0-9]/[0-3][0-9]", fullmatch=True), st.integers(0, 2**62)))
def test_a_cursor_comes_back(stamps: dict[str, int]) -> None:
    assert days.decode(days.encode(stamps)) == stamps
    assert days.encode(dict(reversed(stamps.items()))) == days.encode(stamps)


@given(st.text())
def test_what_is_no_cursor_is_told_apart(text: str) -> None:
    found = days.decode(text)
    assert found is None or days.encode(found) == text or found == {}


def test_only_real_day_folders_count(tmp_path: Path) -> None:
    for name in ("2026/11/23", "2026/11/x", "26/11/23", "2026/11/24/25"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "2026/11/22").write_text("a file")
    (tmp_path / "2026/11/21").symlink_to(tmp_path)
    assert sorted(days.scan(tmp_path)) == ["2026/11/23", "2026/11/24"]
    assert days.scan(tmp_path / "none") == {}


def test_a_change_within_one_tick_of_the_clock_still_moves_the_time(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mtime_ns
    days.advance(tmp_path, before)
    assert tmp_path.stat().st_mtime_ns > before


def test_time_moves_on_even_when_the_clock_was_set_back(tmp_path: Path) -> None:
    future = tmp_path.stat().st_mtime_ns + 10**15
    days.advance(tmp_path, future)
    assert tmp_path.stat().st_mtime_ns > future


def test_time_that_moved_by_itself_is_left_alone(tmp_path: Path) -> None:
    os.utime(tmp_path, ns=(5_000, 5_000))
    days.advance(tmp_path, 4_000)
    assert tmp_path.stat().st_mtime_ns == 5_000

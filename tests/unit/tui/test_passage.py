"""The heading of a message in little room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from netto_tui.tui.widgets.passage import Manner, Passage
from netto_tui.vault.rows import MessageRow

ROW = MessageRow("c", "m", "r", "message", "assistant", "", "2026-11-23T08:21:00.000Z", "Yes.", "", False, True)
FULL = replace(ROW, conflict="edit-vs-delete", secrets=True, author="someone else", fork=(1, 2))


def heading(row: MessageRow, width: int) -> str:
    return Passage(row, Manner(width, UTC)).line(0).content.plain


def test_a_mark_before_the_time_is_shortened_so_that_the_time_is_whole() -> None:
    several = replace(ROW, conflict="edit")
    assert heading(several, 60) == "assistant  ? several versions  2026-11-23 08:21"
    assert heading(several, 45) == "assistant  ? versions  2026-11-23 08:21"
    assert heading(replace(ROW, conflict="edit-vs-delete"), 45) == "assistant  ? deleted?  2026-11-23 08:21"


@pytest.mark.parametrize("width", range(51, 100))
def test_every_part_is_shortened_before_the_time(width: int) -> None:
    said = heading(FULL, width)
    assert said.endswith("2026-11-23 08:21") and len(said) <= width
    assert "?" in said and "1/2 (b)" in said and "  s" in said


def test_a_long_name_keeps_what_room_there_is() -> None:
    document = replace(ROW, kind="document", role="", item="notes/of/a/long/way/down.md")
    assert heading(document, 45) == "document notes/of/a/long/w…  2026-11-23 08:21"


def test_the_branch_is_touched_where_it_stands_when_it_is_short() -> None:
    line = Passage(FULL, Manner(51, UTC)).line(0)
    assert line.content.plain[line.touch_from : line.touch_to] == "1/2 (b)"

"""The lines of the list in Browse, as pure functions of rows and room."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from netto_tui.tui.panes.entries import (
    Entry,
    conversation_columns,
    conversation_entries,
    hit_columns,
    hit_entries,
    in_words,
)
from netto_tui.tui.widgets.columns import line, places, titles
from netto_tui.vault.rows import ConversationRow, Hit

if TYPE_CHECKING:
    from netto_tui.vault.browsing import Held

LIST_AT_120 = 46
"""Cells of a row in the list at 120 columns, beside a scrollbar."""

NAMES = ("disk", "mirror", "cloud", "attic", "barn", "cellar", "desk", "east", "flat", "garden", "house")
EQUAL: list[Held] = ["equal"]
UNKNOWN: list[Held] = ["unknown"]
ROW = ConversationRow(
    conversation="c_1",
    title="Twenty-eight cells of a title",
    started="2026-11-23T08:12:00.000Z",
    updated="2026-11-23T08:12:00.000Z",
    messages=12,
    documents=0,
    source="chatgpt",
    state=(),
    conflicts=0,
    day="2026-11-23",
    revisions=12,
)


def entry(*how: Held) -> Entry:
    """The line of a conversation that so many replicas hold, each in its way."""
    names = NAMES[: len(how)]
    return conversation_entries([ROW], {ROW.conversation: dict(zip(names, how, strict=True))}, names)[0]


@pytest.mark.parametrize(("replicas", "width"), [(0, 46), (3, 46), (3, 56), (3, 64), (3, 80), (10, 50), (11, 64)])
def test_a_title_has_room_beside_the_other_columns(replicas: int, width: int) -> None:
    columns = conversation_columns(UTC, replicas)
    title = next(room for column, room in places(columns, width) if column.title == "Conversation")
    assert title >= 28


@pytest.mark.parametrize("width", range(24, 140))
def test_a_replica_is_seen_at_every_width_and_its_line_fits(width: int) -> None:
    for replicas in (1, 4, 5, 10, 11):
        columns = conversation_columns(UTC, replicas)
        assert "Held" in titles(columns, width).plain
        assert line(columns, entry(*EQUAL * replicas), width).cell_length == width


def held(width: int, *how: Held) -> str:
    """What stands in the last column of a line."""
    columns = conversation_columns(UTC, len(how))
    room = places(columns, width)[-1][1]
    return line(columns, entry(*how), width).plain[-room:].strip()


def test_few_replicas_have_a_letter_each_in_a_narrow_list() -> None:
    assert held(LIST_AT_120, "equal", "behind", "equal") == "D↑C"


def test_of_many_replicas_a_narrow_list_names_what_is_not_in_step_and_counts_the_others() -> None:
    assert held(LIST_AT_120, *EQUAL * 10) == "all"
    assert held(LIST_AT_120, "absent", *EQUAL * 9) == "·+9"
    assert held(LIST_AT_120, "absent", "different", "absent", *EQUAL * 7) == "≠·2+7"
    assert held(LIST_AT_120, *UNKNOWN * 10) == "?10"


def test_too_many_kinds_of_trouble_end_in_an_ellipsis_with_the_worst_first() -> None:
    ways: list[Held] = [
        "withheld",
        "withheld",
        "unknown",
        "unknown",
        "absent",
        "absent",
        "behind",
        "behind",
        "different",
    ]
    assert held(LIST_AT_120, *ways, "equal") == "≠↑2·2…"


def test_a_wide_list_has_a_letter_for_each_of_ten_and_counts_eleven() -> None:
    letters = held(80, "absent", *EQUAL * 9)
    assert len(letters) == 10
    assert letters.startswith("·M")
    assert held(80, "absent", *EQUAL * 10) == "·+10"


def test_the_words_of_many_replicas_begin_with_those_not_in_step() -> None:
    assert in_words(entry("equal", "behind")).plain.startswith("D disk: same")
    many = in_words(entry(*EQUAL * 9, "behind")).plain
    assert many.startswith("↑ garden: older there")
    assert all(name in many for name in NAMES[:10])


@pytest.mark.parametrize(("role", "said"), [("user", "user"), ("", "document")])
def test_a_find_says_who_said_it_or_that_it_is_a_document(role: str, said: str) -> None:
    hit = Hit("c_1", "m_1", "2026-11-23T08:12:00.000Z", role, "Bread", "the bread needs feeding")
    told = hit_entries([hit])[0]
    assert f" {said} " in line(hit_columns(UTC, ["bread"]), told, 70).plain
    assert in_words(told).plain.startswith(f"{said} in Bread")

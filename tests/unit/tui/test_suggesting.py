"""How a query that is being typed is completed, and what it is made of."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.model.query import pieces, without
from netto_tui.tui.suggesting import completed
from netto_tui.tui.widgets.chips import Chip, chips_of

TODAY = date(2026, 11, 23)
NAMES = {"source": ["claude-code", "codex"], "tag": ["home", "travel"]}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("so", "source:"),
        ("lisbon fr", "lisbon from:"),
        ("source:c", "source:claude-code"),
        ("source:co", "source:codex"),
        ("tag:", "tag:home"),
        ("is:pi", "is:pinned"),
        ("has:", "has:secret"),
        ("From:U", "From:User"),
        ("on:las", "on:last week"),
        ("lisbon after:last m", "lisbon after:last month"),
        ("lis", "lisbon after:2026-11"),
        ("tag:travel", None),
        ("zebra", None),
        ("", None),
        ('"fr', None),
    ],
)
def test_a_query_goes_on_as_the_vault_and_the_history_suggest(text: str, whole: str | None) -> None:
    found = completed(text, NAMES, ["lisbon after:2026-11", "lisbon"])
    assert (found or "").lower() == (whole or "").lower()


@given(st.text(alphabet='ab:" fromtagis-2026', max_size=30))
def test_a_completion_only_adds(text: str) -> None:
    found = completed(text, NAMES, ["from:user tag:home"])
    assert found is None or (found.startswith(text) and len(found) > len(text))


def test_a_query_shows_as_a_chip_for_each_filter_and_one_for_its_words() -> None:
    chips = chips_of(pieces('lisbon on:2026-11 "a phrase" from:dog is:', TODAY))
    assert [chip.label for chip in chips] == ["on 2026-11", "from dog", "is", "2 words"]
    assert [chip.places for chip in chips] == [(1,), (3,), (4,), (0, 2)]
    assert [bool(chip.problem) for chip in chips] == [False, True, True, False]
    assert "user, assistant, system or tool" in chips[1].problem
    assert chips_of(pieces("", TODAY)) == ()
    assert chips_of(pieces("on:2026-13 trip", TODAY))[1] == Chip("1 word", (1,))


def test_taking_a_piece_out_leaves_the_others_as_they_were() -> None:
    text = 'lisbon on:2026-11 "a phrase" from:user'
    assert without(text, (1,)) == 'lisbon "a phrase" from:user'
    assert without(text, (0, 2)) == "on:2026-11 from:user"
    assert without(text, (0, 1, 2, 3)) == ""

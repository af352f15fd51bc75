"""The order of what the palette finds."""

from __future__ import annotations

import pytest
from textual.dom import DOMNode
from textual.fuzzy import Matcher

from netto_tui.tui.palette import TITLED, Command, rank


def command(name: str, more: str = "") -> Command:
    return Command(name, "E", more, "do", DOMNode(), "")


@pytest.mark.parametrize("query", ["train", "TRAIN"])
def test_a_title_with_the_word_comes_above_a_command_with_only_its_letters(query: str) -> None:
    found = rank(query, command("Export", "Write conversations as files, in one"), Matcher(query).match)
    assert 0 < found < TITLED


@pytest.mark.parametrize("query", ["s", "sync", "SYNC", "every"])
def test_a_command_that_has_the_word_comes_above_a_title(query: str) -> None:
    assert rank(query, command("Sync now", "With every replica"), Matcher(query).match) > TITLED


def test_the_name_counts_more_than_what_is_said_of_it_and_nothing_is_nothing() -> None:
    match = Matcher("sync").match
    assert rank("sync", command("Sync"), match) > rank("sync", command("Round", "sync"), match)
    assert rank("zebra", command("Sync"), Matcher("zebra").match) == 0

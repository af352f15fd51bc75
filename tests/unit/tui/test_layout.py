"""Heights of many items, and texts cut into lines."""

from __future__ import annotations

import math
from datetime import UTC
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from textual._cells import cell_len
from textual.content import Content

from netto_tui.tui.widgets.layout import Layout
from netto_tui.tui.widgets.lines import Row, gather, wrapped
from netto_tui.tui.widgets.pages import Pages, listed
from netto_tui.tui.widgets.passage import Manner, Passage
from netto_tui.tui.widgets.pieces import PIECE, pieces
from netto_tui.tui.widgets.texts import DrawnText
from netto_tui.vault.rows import MessageRow

heights = st.lists(st.integers(1, 9), min_size=1, max_size=60)


@given(heights)
def test_every_line_finds_its_item_and_back(all_heights: list[int]) -> None:
    layout = Layout(len(all_heights), size=7)
    for page in range(math.ceil(len(all_heights) / 7)):
        layout.set_page(page, all_heights[page * 7 : page * 7 + 7])
    y = 0
    for index, height in enumerate(all_heights):
        assert layout.top(index) == y
        for inside in range(height):
            assert layout.at(y + inside) == (index, inside)
        y += height
    assert layout.total == y


@given(heights, st.integers(0, 59), st.integers(1, 40))
def test_a_corrected_height_moves_only_what_is_below(all_heights: list[int], place: int, height: int) -> None:
    place %= len(all_heights)
    layout = Layout(len(all_heights), size=100)
    layout.set_page(0, list(all_heights))
    tops = [layout.top(index) for index in range(len(all_heights))]
    layout.set_height(place, height)
    for index, top in enumerate(tops):
        shift = height - all_heights[place] if index > place else 0
        assert layout.top(index) == top + shift


def test_a_million_items_that_nobody_looked_at_cost_nothing() -> None:
    layout = Layout(1_000_000, guess=5)
    assert layout.total == 5_000_000
    assert layout.page_at(4_999_999) == 9_999
    assert layout.page_at(-5) == 0


@given(st.text(max_size=300), st.integers(2, 40))
def test_wrapped_lines_fit_and_join_to_the_text(text: str, width: int) -> None:
    safe = "".join(letter for letter in text if letter.isprintable())
    lines = list(wrapped(Row(Content(safe), range(len(safe)), 0, len(safe)), width))
    assert all(line.content.cell_length <= width for line in lines if cell_len(safe) > width)
    assert gather([(0, line, 0, None) for line in lines], {(0, 0): safe}).split() == safe.split()


@given(st.text("ab|`~\n ", max_size=200), st.integers(0, 3), st.booleans())
def test_pieces_hold_the_whole_text(text: str, times: int, markdown: bool) -> None:
    long = text * (times * PIECE // max(1, len(text)) + 1)
    cut = list(pieces(long, markdown=markdown))
    assert all(piece.end - piece.start <= PIECE for piece in cut if "|" not in long[piece.start : piece.end])
    assert [long[one.end : two.start] for one, two in pairwise(cut)] == [
        "\n" if long[one.end] == "\n" else "" for one, _ in pairwise(cut)
    ]
    assert cut[0].start == 0 and cut[-1].end == len(long)


def test_a_block_of_code_goes_on_in_the_next_piece() -> None:
    long = "Look:\n\n```python\n" + "x = 1\n" * 1_000 + "```\n\nThat is all."
    cut = list(pieces(long))
    assert [piece.opening for piece in cut] == ["", *["```python\n"] * (len(cut) - 1)]
    assert list(pieces("```\nx\n```\n\n" * 1_000))[3].opening == ""


def test_a_table_is_not_cut_in_two() -> None:
    table = "| a | b |\n| - | - |\n" + "| some words | other words |\n" * 120
    long = "word " * 470 + "\n" + table + "\nafter"
    assert any(table.strip() in long[piece.start : piece.end] for piece in pieces(long))


def message(text: str) -> MessageRow:
    return MessageRow("c", "m", "r", "message", "user", "", "2026-11-23T10:00:00.000Z", text, "", False, True)


def test_a_message_of_a_megabyte_is_drawn_only_where_one_looks() -> None:
    passage = Passage(message("word " * 250_000), Manner(80, UTC))
    assert passage.height > 10_000
    passage.measure(6_000, 6_040)
    (text,) = [block for block in passage.blocks if isinstance(block, DrawnText)]
    assert 1 <= text.drawn <= 3
    assert passage.line(6_010).content.plain.startswith("word")


def test_pages_are_fetched_once_and_few_are_kept() -> None:
    asked: list[tuple[int, int]] = []

    def fetch(offset: int, limit: int) -> list[int]:
        asked.append((offset, limit))
        return list(range(offset, offset + limit))

    pages = Pages(fetch, 1_000_000, size=100, keep=2)
    assert [pages.row(n) for n in (0, 50, 999_999)] == [0, 50, 999_999]
    assert asked == [(0, 100), (999_900, 100)]
    assert pages.row(1_000_000) is None
    assert pages.row(500_000) == 500_000
    pages.row(0)
    assert len(asked) == 4


def test_a_short_page_means_fewer_rows_than_said() -> None:
    pages = Pages(listed(list(range(130))), 150, size=100)
    assert pages.row(129) == 129
    assert pages.row(140) is None
    assert pages.count == 130

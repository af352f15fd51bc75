"""Markdown drawn in lines, with what was written under them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.lines import Line, gather
from netto_tui.tui.widgets.markdown import drawn
from netto_tui.tui.widgets.tables import column_widths

WORDS = (
    "word",
    "**b**",
    "_i_",
    "`c`",
    "[a](b)",
    "![p](q)",
    "~~",
    "&amp;",
    "<b>",
    "[r]: x\n",
    "\\*",
    "👩‍👩‍👧",
    "e\u0301",
)
BLOCKS = (
    "\n",
    "\n\n",
    "# ",
    "- ",
    "1. ",
    "> ",
    "```py\n",
    "|",
    "---",
    "***\n",
    "    ",
    "| a | b |\n|---|--:|\n| 読 | x |\n",
)
FORMS = st.lists(st.sampled_from(WORDS + BLOCKS), max_size=40).map("".join)


def plain(text: str, width: int = 40) -> list[str]:
    return [line.content.plain.rstrip() for line in drawn(text, width)]


def copied(text: str, lines: list[Line]) -> str:
    return gather([(0, line, 0, None) for line in lines], {(0, 0): text})


@given(FORMS, st.integers(1, 60))
def test_every_line_fits_and_all_of_them_copy_what_was_written(text: str, width: int) -> None:
    text = safe_display(text)
    lines = drawn(text, width)
    assert all(line.content.cell_length <= max(width, 8) for line in lines)
    assert re.findall(r"\w+", copied(text, lines)) == re.findall(r"\w+", text), "marks of what is empty may be missing"


@given(st.text(max_size=200), st.integers(8, 60))
def test_no_text_is_lost_or_made_dangerous(text: str, width: int) -> None:
    safe = safe_display(text)
    shown = "".join(plain(safe, width))
    assert safe_display(shown) == shown
    assert {c for c in safe if c.isalnum()} <= {c for c in shown if c.isalnum()} | set("0123456789") | set(
        safe_display("")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A *b*", ["A b"]),
        ("a **b** `c` ~~d~~", ["a b c d"]),
        ("[docs](https://x.example/a)", ["docs (https://x.example/a)"]),
        ("<https://x.example>", ["https://x.example"]),
        ("[click](javascript:alert(1))", ["[click](javascript:alert(1))"]),
        ("![logo](a.png)", ["image logo (a.png)"]),
        ("- a\n- b\n  1. c\n  2. d", ["• a", "• b", "  1. c", "  2. d"]),
        ("> a\n> > b", ["▎ a", "▎ ▎ b"]),
        ("```sh\nls *_*\n```", [" sh", " ls *_*"]),
        ("one\ntwo", ["one", "two"]),
        ("a {\n    b\n}", ["a {", "    b", "}"]),
        ("[r]: http://x.example\n\n&amp; <b>", ["[r]: http://x.example", "", "&amp; <b>"]),
        ("| a | b |\n| - | -: |\n| 読む | 1 |", ["a    │ b", "─────┼──", "読む │ 1"]),
    ],
    ids=lambda value: None if isinstance(value, list) else ascii(value)[:24],
)
def test_each_form_is_drawn_as_what_it_means(text: str, expected: list[str]) -> None:
    assert plain(text) == expected


def test_part_of_a_line_copies_what_stands_under_it() -> None:
    text = "a **bold** word with `code` and [a link](http://x.example)"
    (line,) = drawn(text, 90)
    shown = line.content.plain

    def under(words: str) -> str:
        at = shown.index(words)
        return text[slice(*line.span(at, at + len(words)))]

    assert under("bold") == "bold"
    assert under("bold** word".replace("**", "")) == "bold** word"
    assert under("code") == "code"
    assert text[slice(*line.span(0, None))] == text


def test_a_block_of_code_that_began_before_is_still_code() -> None:
    lines = drawn("x = '**a**'\n```\n**b**", 40, opening="```python\n", start=100)
    assert [line.content.plain.rstrip() for line in lines] == [" x = '**a**'", "b"]
    assert (lines[0].begin, lines[1].begin) == (100, 116)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(8, 100))
def test_columns_take_no_more_room_than_there_is_if_they_can(wanted: list[int], room: int) -> None:
    widths = column_widths(wanted, room)
    assert all(1 <= width <= want for width, want in zip(widths, wanted, strict=True))
    least = sum(min(4, want) for want in wanted) + 3 * (len(wanted) - 1)
    assert sum(widths) + 3 * (len(wanted) - 1) <= max(room, least)

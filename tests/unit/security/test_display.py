"""What foreign text may look like on a terminal."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.security.display import MARKS, safe_display, safe_line

anything = st.text(st.characters(exclude_categories=()), max_size=200)


@given(anything)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = safe_display(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n"]
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c") & set(shown)
    shown.encode()


@given(st.text(st.sampled_from("e\u0301\u0489\ufe0f\u200d\u200c\U000e0041"), max_size=60))
def test_marks_never_pile_up(text: str) -> None:
    shown = safe_display(text)
    assert not re.search(f"[\u0301\u0489\ufe0f\u200c\u200d]{{{MARKS + 1}}}", shown)
    assert not re.search("[\ufe0f\u200c\u200d]{3}", shown)
    assert safe_display(shown) == shown


@given(anything)
def test_making_safe_twice_changes_nothing_more(text: str) -> None:
    assert safe_display(safe_display(text)) == safe_display(text)
    assert safe_line(safe_line(text)) == safe_line(text)


written = st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u3164\uffa0")
marks = st.characters(categories=["Mn"], exclude_characters="\u180e")
marked = st.tuples(written, st.text(marks, max_size=2))


@given(st.lists(marked.map("".join), max_size=60).map("".join))
def test_ordinary_writing_of_any_script_is_left_as_it_is(text: str) -> None:
    assert safe_display(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x1b[2J", "␛[2J"),
        ("\x1bPq#0\x1b\\", "␛Pq#0␛\\"),
        ("\x9b2J\x9d0;t\x9c", "\ufffd2J\ufffd0;t\ufffd"),
        ("a\x00b\x7f", "a␀b␡"),
        ("exe.\u202egnp", "exe.‹RLO›gnp"),
        ("one\r\ntwo\rthree\x85four\u2028five", "one\ntwo\nthree\nfour\nfive"),
        ("\tx", "    x"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("👩‍👩‍👧 שלום", "👩‍👩‍👧 שלום"),
        ("[/x] [@click=app.quit]q[/]", "[/x] [@click=app.quit]q[/]"),
        ("pay\u200bpal\ufeff\u2060", "pay‹ZWSP›pal‹BOM›‹WJ›"),
        ("soft\xadhyphen", "soft-hyphen"),
        ("hello\U000e0068\U000e0069\U000e0001", "hello‹hi·›"),
        ("x" + "\ufe0f" * 300, "x\ufe0f\ufe0f‹+298 marks›"),
        ("Z" + "\u0301\u0489" * 40, "Z" + "\u0301\u0489" * 4 + "‹+72 marks›"),
        ("ẩn ngữ بِسْمِ ٱللَّهِ ประเทศไทย", "ẩn ngữ بِسْمِ ٱللَّهِ ประเทศไทย"),
    ],
    ids=[
        *("osc52", "csi", "dcs", "c1", "nul", "bidi", "line-ends", "tab", "surrogate", "emoji", "markup"),
        *("zero-width", "soft-hyphen", "tags", "selectors", "zalgo", "languages"),
    ],
)
def test_what_hostile_text_turns_into(hostile: str, shown: str) -> None:
    assert safe_display(hostile) == shown


@given(anything)
def test_a_line_is_one_line(text: str) -> None:
    line = safe_line(text, 40)
    assert "\n" not in line
    assert len(line) <= 41 * 5


def test_a_long_line_is_cut_and_says_so() -> None:
    assert safe_line("x" * 1_000_000, 10) == "x" * 10 + "…"
    assert safe_line("cut at a blank", 3) == "cut…" and safe_line("cut ", 3) == "cut"

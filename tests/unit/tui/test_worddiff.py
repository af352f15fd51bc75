"""The words that a version changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.tui.worddiff import changed_spans

prose = st.text(st.sampled_from("ab .\n"), max_size=60)


def shown(base: str, text: str) -> list[str]:
    return [text[start:end] for start, end in changed_spans(base, text)]


def test_a_changed_word_is_named_alone() -> None:
    assert shown("Make it four days.", "Make it five days.") == ["five"]


def test_what_was_added_at_the_end_is_named() -> None:
    assert shown("Day 4: Sintra.", "Day 4: Sintra. Day 5: free.") == [" Day 5: free."]


def test_equal_texts_have_no_changes() -> None:
    assert shown("same", "same") == []


@given(prose, prose)
def test_spans_are_in_order_and_inside_the_text(base: str, text: str) -> None:
    spans = changed_spans(base, text)
    flat = [place for span in spans for place in span]
    assert flat == sorted(flat)
    assert all(0 <= place <= len(text) for place in flat)


@given(prose, prose)
def test_what_is_outside_the_spans_comes_from_the_base(base: str, text: str) -> None:
    kept = list(text)
    for start, end in reversed(changed_spans(base, text)):
        del kept[start:end]
    rest = iter(base)
    assert all(letter in rest for letter in "".join(kept) if not letter.isspace())

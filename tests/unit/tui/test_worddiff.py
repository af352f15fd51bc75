"""The words that a version changed: what was put in, and what was taken out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.tui.worddiff import compare

prose = st.text(st.sampled_from("ab .\n"), max_size=60)


def shown(base: str, text: str) -> str:
    form = {"=": "{}", "+": "[+{}]", "-": "[-{}]"}
    return "".join(form[piece.kind].format(piece.text) for piece in compare(base, text))


def test_a_changed_word_is_named_alone() -> None:
    assert shown("Make it four days.", "Make it five days.") == "Make it [-four][+five] days."


def test_neighbouring_words_are_taken_together() -> None:
    assert shown("See the old tower.", "See a new tower.") == "See [-the old][+a new] tower."


def test_what_was_added_or_cut_at_the_end_is_named() -> None:
    assert shown("Day 4: Sintra.", "Day 4: Sintra. Day 5: free.") == "Day 4: Sintra.[+ Day 5: free.]"
    assert shown("Day 4: Sintra. Day 5: free.", "Day 4: Sintra.") == "Day 4: Sintra.[- Day 5: free.]"


def test_a_passage_that_was_written_anew_is_not_shown_in_shreds() -> None:
    before, after = "Buy bread, then call Ana about the keys", "Write to the bank, and ask, politely, of the loan"
    assert shown(f"{before}.", f"{after}.") == f"[-{before}][+{after}]."


def test_a_line_that_moved_is_compared_with_itself() -> None:
    assert shown("one\ntwo words\nthree\n", "three\none\ntwo words\n") == "[+three\n]one\ntwo words\n[-three\n]"


def test_equal_texts_have_no_changes() -> None:
    assert shown("same", "same") == "same"


def test_one_changed_word_is_found_in_a_megabyte() -> None:
    lines = [f"line {number} says something of its own\n" for number in range(30_000)]
    text = "".join(lines)
    assert [piece.text for piece in compare(text, text.replace("line 20000 says", "line 20000 denies"))][1:3] == [
        "says",
        "denies",
    ]


def test_megabytes_that_share_nothing_are_taken_whole() -> None:
    base, text = ("".join(f"{word}{n} " for n in range(150_000)) for word in ("a", "b"))
    assert [piece.kind for piece in compare(base, text)][:2] == ["-", "+"]


@given(prose, prose)
def test_the_pieces_make_up_both_texts(base: str, text: str) -> None:
    found = compare(base, text)
    assert "".join(piece.text for piece in found if piece.kind != "+") == base
    assert "".join(piece.text for piece in found if piece.kind != "-") == text
    assert all(piece.text for piece in found)

"""The recovery code: what is forgiven, what is noticed, and that no mistake tells the code."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import UsageError
from netto_tui.security.recovery_code import RecoveryCode, looks_like_code, new_code, parse
from netto_tui.security.secret import Secret

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

codes = st.binary(min_size=16, max_size=16).map(RecoveryCode)


def letters(code: RecoveryCode) -> str:
    return code.text.reveal().replace("-", "")


def refused(text: str) -> str:
    """The words with which something is refused."""
    with pytest.raises(UsageError) as caught:
        parse(Secret(text))
    return str(caught.value)


@given(codes)
def test_a_code_is_seven_groups_that_read_back(code: RecoveryCode) -> None:
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{6}}", code.text.reveal())
    assert parse(code.text) == code


def test_a_known_code_stays_what_it_is() -> None:
    assert RecoveryCode(bytes(range(16))).text.reveal() == "000G-40R4-0M30-E209-185G-R38E-1X6W"


@given(codes, st.data())
def test_case_blanks_dashes_and_look_alikes_are_forgiven(code: RecoveryCode, data: st.DataObject) -> None:
    alike = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(alike.get(each, each + each.lower()))) for each in letters(code))
    blank = data.draw(st.sampled_from(["", " ", "-", "–", "  ", "\t", "\n", "\u00a0", "."]))
    assert parse(Secret(blank + blank.join(typed) + blank)) == code


@given(codes, st.integers(0, 27), st.sampled_from(ALPHABET))
def test_every_wrong_character_is_noticed(code: RecoveryCode, place: int, letter: str) -> None:
    right = letters(code)
    wrong = right[:place] + letter + right[place + 1 :]
    if wrong != right:
        assert "does not add up" in refused(wrong)


@given(codes, st.integers(0, 26))
def test_every_swap_of_neighbours_is_noticed(code: RecoveryCode, place: int) -> None:
    right = letters(code)
    wrong = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if wrong != right:
        assert "does not add up" in refused(wrong)


def test_no_letter_repeated_is_a_code() -> None:
    assert all("does not add up" in refused(letter * 28) for letter in ALPHABET)


@pytest.mark.parametrize("count", [0, 1, 27, 29, 56])
def test_a_wrong_length_is_told_with_both_numbers(count: int) -> None:
    said = refused("7" * count)
    assert f"it has {count} character" in said
    assert "28" in said


@pytest.mark.parametrize("letter", "U!*ä€")
def test_a_letter_that_no_code_has_is_told_by_its_place(letter: str) -> None:
    assert "character 2 of group 3" in refused("AAAA-BBBB-C" + letter + "CC-DDDD-EEEE-FFFF-GGGG")


@given(codes, st.text(alphabet=ALPHABET + "U!", max_size=40))
def test_no_mistake_tells_what_was_typed(code: RecoveryCode, typed: str) -> None:
    text = letters(code)[:20] + typed
    try:
        parse(Secret(text))
    except UsageError as error:
        assert letters(code)[:4] not in str(error)
        assert text[:4] not in str(error)


def test_a_code_hides_from_print_log_and_pickle() -> None:
    code = new_code()
    for shown in (repr(code), str(code), f"{code}", repr([code]), repr(code.text)):
        assert letters(code)[:4] not in shown.replace("-", "")
        assert code.data.hex()[:8] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(code)


def test_two_codes_are_not_the_same() -> None:
    assert len({letters(new_code()) for _ in range(100)}) == 100


@given(codes)
def test_what_may_be_meant_as_a_code_is_told_from_a_passphrase(code: RecoveryCode) -> None:
    assert looks_like_code(code.text)
    assert looks_like_code(Secret(code.text.reveal()[:-2]))
    assert not looks_like_code(Secret("correct horse battery staple, and one more"))

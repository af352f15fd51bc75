"""The scanner finds planted fakes, leaves look-alikes alone, shows nothing of what it finds, and bears any text."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from netto_tui.security import redact
from netto_tui.security.redact_checks import crc32_letters, has_crc32, is_jwt
from tests.unit.security import corpus_held_out, corpus_tuning
from tests.unit.security.planted import ALNUM, SETTINGS, TOKENS, Planted, chance, some, token

HALVES = {"tuning": (corpus_tuning, 1), "held out": (corpus_held_out, 20261123)}
ROUNDS = 25
SHOWN = 8
"""So many characters of a secret in a row would be too many."""


def is_hidden(text: str, fake: Planted) -> bool:
    """Whether what must not be seen of a fake lies within one finding."""
    start = text.find(fake.secret)
    assert start >= 0
    return any(found.start <= start and start + len(fake.secret) <= found.end for found in redact.find(text))


@pytest.mark.parametrize("half", HALVES)
def test_at_least_95_of_100_planted_fakes_are_found(half: str) -> None:
    corpus, seed = HALVES[half]
    found = [(fake.kind, is_hidden(text, fake)) for text, fake in corpus.planted(chance(seed), ROUNDS)]
    missed = Counter(kind for kind, hidden in found if not hidden)
    recall = sum(hidden for _, hidden in found) / len(found)
    print(f"{half}: recall {recall:.4f} of {len(found)}; missed {dict(missed)}")
    assert recall >= 0.95, missed
    for kind, count in Counter(kind for kind, _ in found).items():
        assert missed[kind] <= count / 3, f"{kind} is hardly known"


@pytest.mark.parametrize("half", HALVES)
def test_at_most_1_of_100_harmless_texts_raises_an_alarm(half: str) -> None:
    corpus, seed = HALVES[half]
    texts = list(corpus.harmless(chance(seed), ROUNDS))
    alarms = [[text[found.start : found.end] for found in redact.find(text)] for text in texts if redact.find(text)]
    print(f"{half}: {len(alarms)} false alarms in {len(texts)} texts")
    assert len(alarms) <= len(texts) / 100, alarms


def test_at_least_29_kinds_of_credentials_have_a_name() -> None:
    named = {found.kind for kind in TOKENS for found in redact.find(token(chance(7), kind).text)}
    assert len(TOKENS) >= 29
    assert len(named) >= 29


def leaks(shown: str, secret: str) -> bool:
    """Whether so many characters of a secret in a row can be read."""
    return any(secret[at : at + SHOWN] in shown for at in range(len(secret) - SHOWN + 1))


@pytest.mark.parametrize("kind", TOKENS)
@given(seed=st.integers(0, 2**32))
def test_a_mask_shows_nothing_of_a_token(kind: str, seed: int) -> None:
    fake = token(chance(seed), kind)
    assume(is_hidden(fake.text, fake))
    shown = redact.mask(f"Look: {fake.text}\nand once more {fake.text}.")
    assert not leaks(shown, fake.secret)
    assert shown.startswith("Look: ")
    assert shown.endswith(".")


@pytest.mark.parametrize("half", HALVES)
def test_a_mask_of_a_whole_text_shows_nothing_of_what_was_found(half: str) -> None:
    corpus, seed = HALVES[half]
    for text, fake in corpus.planted(chance(seed + 1), 3):
        if is_hidden(text, fake):
            assert not leaks(redact.mask(text), fake.secret)


def test_a_mask_tells_the_kind_and_how_it_begins() -> None:
    fake = token(chance(1), "GitHub classic")
    assert redact.mask(f"Use {fake.text}, please.") == "Use ‹GitHub token ghp_…›, please."
    assert redact.mask('db_password = "kW8!rtq2Zz"') == 'db_password = "‹password›"'


def test_what_is_masked_is_not_masked_again() -> None:
    for text, _ in corpus_tuning.planted(chance(3), 2):
        once = redact.mask(text)
        assert redact.mask(once) == once


def test_a_secret_that_is_repeated_without_its_name_is_hidden_as_well() -> None:
    value = SETTINGS["password"](chance(4))
    assert value not in redact.mask(f"password = '{value}'\n\nSo I typed {value} there.")


@pytest.mark.parametrize("text", ["", " ", "‹GitHub token ghp_…›", "ghp_", "password", "password:", "AKIA" * 4])
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact.find(text) == []
    assert redact.mask(text) == text


def test_a_checksum_lets_a_token_count_that_looks_little_like_chance() -> None:
    body = "a" * 24 + "bcdefg"
    checked = f"npm_{body}{crc32_letters(body)}"
    assert has_crc32(checked)
    assert [found.kind for found in redact.find(f"see {checked} there")] == ["npm token"]
    assert redact.find(f"see npm_{body}aaaaaa there") == []


def test_only_a_web_token_with_a_header_is_one() -> None:
    good = token(chance(2), "JSON Web Token").text
    assert is_jwt(good)
    assert redact.find("eyJub3QiOiJhIGhlYWRlciJ9.eyJhIjoxfQ.c2lnbmF0dXJl") == []
    assert redact.find(f"x {good} y")[0].kind == "JSON Web Token"


FRAGMENTS = [
    *(
        "ghp_",
        "github_pat_",
        "sk-",
        "sk-ant-api03-",
        "AKIA",
        "AIza",
        "eyJ",
        ".",
        "-----BEGIN RSA PRIVATE KEY-----",
        "\n",
    ),
    *(
        "-----END RSA PRIVATE KEY-----",
        "-----BEGIN ",
        "password",
        " = ",
        ":",
        "=",
        '"',
        "'",
        "\\",
        '\\"',
        "token",
        "key",
    ),
    *(
        "api_key",
        "://",
        "@",
        "user:",
        "Authorization: ",
        "Bearer ",
        "basic ",
        "-u ",
        "netto ",
        "0AAA-",
        "İ",
        "ſ",
        "K",
        "\0",
    ),
    *(
        "\ud800",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a1B2c3D4e5F6g7H8i9J0",
        ",",
        ";",
        "&",
        "machine ",
        "login ",
        "MTAw",
    ),
    *(
        '"kty"',
        '"k":"',
        "sig=",
        "sv=",
        "-us1",
        "Q~",
        ":AA",
        ".atlasv1.",
        "LS0tLS1CRUdJTi",
        "--",
        "--token ",
        "`",
        "<",
        ">",
    ),
]


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=60).map("".join))
@example("İ" * 5 + " password = 'kW8!rtq2Zz'")
def test_any_text_is_scanned_and_findings_stand_apart_in_their_order(text: str) -> None:
    findings = redact.find(text)
    assert redact.has_secret(text) is bool(findings)
    assert all(found.kind and found.start < found.end <= len(text) for found in findings)
    assert all(one.end <= other.start for one, other in pairwise(findings))
    assert len(redact.mask(text)) <= len(text) + 60 * len(findings)


def test_small_letters_stand_where_the_letters_stood() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert len(redact.fold(every)) == len(every)


def hostile() -> Iterator[str]:
    """Each fragment again and again, alone and with something between."""
    for fragment in FRAGMENTS:
        yield from (fragment, f"{fragment}aaa", f"{fragment} x1", f"{fragment}{fragment}=,")
    yield from (
        "password=a,b&c;d",
        'secret="\\"',
        "token=a;b=",
        "key='\\'",
        "-----BEGIN RSA PRIVATE KEY-----A",
        "eyJ.eyJ.",
    )


def work(call: Callable[[], object]) -> int:
    """How many functions a call calls, those written in C included."""
    count = 0

    def note(_frame: Any, event: str, _value: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", hostile(), ids=repr)
def test_twice_the_text_is_at_most_twice_the_work(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (6_000, 12_000))
    once = work(lambda: redact.find(short))
    assert work(lambda: redact.find(long)) <= 2.2 * once + 500


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "unit", ["token=", "key=", 'password: "\\', "secret='\\'", "eyJ", "-----BEGIN ", "://a:", "-us1", "0AAA-"]
)
def test_a_long_hostile_text_ends(unit: str) -> None:
    redact.find(unit * (400_000 // len(unit)))


def test_a_value_of_many_megabytes_is_no_trouble() -> None:
    long = some(chance(1), ALNUM, 1000) * 3000
    assert redact.find(f"x = {long}") == []
    assert redact.mask(f"token = 'kW8rtq2ZzPq0vL4mYb7cXs1d' {long}").startswith("token = '‹token›'")

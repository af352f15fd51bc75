"""Digests: one value for one set, whatever its order, and another for every other set."""

from __future__ import annotations

import hashlib
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from netto_tui.model.digest import EMPTY, conversation_digest, node_digest, root_digest

ids = st.text("0123456789abcdef", min_size=64, max_size=64)
day_names = st.dates().map(lambda day: day.strftime("%Y/%m/%d"))
days = st.dictionaries(day_names, ids, max_size=8)


@given(st.lists(ids, unique=True), st.randoms())
def test_the_digest_of_a_conversation_is_that_of_its_sorted_ids(names: list[str], random: Random) -> None:
    expected = hashlib.sha256("".join(name + "\n" for name in sorted(names)).encode()).hexdigest()
    random.shuffle(names)
    assert conversation_digest(names) == expected


def test_nothing_at_all_has_the_empty_digest() -> None:
    assert conversation_digest([]) == root_digest({}) == EMPTY


@given(days)
def test_the_order_of_days_does_not_matter(found: dict[str, str]) -> None:
    assert root_digest(dict(reversed(found.items()))) == root_digest(found)


@given(days, days)
def test_different_days_have_different_roots(one: dict[str, str], two: dict[str, str]) -> None:
    assume(one != two)
    assert root_digest(one) != root_digest(two)


def test_the_root_can_be_computed_by_hand() -> None:
    """What a person without netto-tui would do, level by level."""
    found = {"2026/11/23": "a" * 64, "2026/11/24": "b" * 64, "2025/01/02": "c" * 64}
    november = hashlib.sha256(f"23 {'a' * 64}\n24 {'b' * 64}\n".encode()).hexdigest()
    year = hashlib.sha256(f"11 {november}\n".encode()).hexdigest()
    before = node_digest({"01": node_digest({"02": "c" * 64})})
    assert root_digest(found) == hashlib.sha256(f"2025 {before}\n2026 {year}\n".encode()).hexdigest()

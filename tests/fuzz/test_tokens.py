"""The target of the fuzzer, without the fuzzer: that it takes its inputs, and that it would notice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.security import envelope
from tests.fuzz import tokens


@pytest.mark.parametrize("seed", tokens.seeds())
def test_each_way_in_is_taken(seed: bytes) -> None:
    tokens.attempt(seed)


@given(data=st.binary(min_size=1, max_size=300))
def test_nothing_that_chance_makes_gets_through(data: bytes) -> None:
    tokens.attempt(data)


def test_a_check_that_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope.Sealed, "open", lambda self, line: tokens.RECORD.line)
    with pytest.raises(AssertionError):
        tokens.attempt(b"\x50\0\0\1")

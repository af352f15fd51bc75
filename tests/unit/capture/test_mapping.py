"""Times, keys and leftovers: nothing is guessed, and nothing is dropped."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.capture.mapping import Keys, Parts, Taker, first_at, parse_time
from netto_tui.model.revision import UNDATED, Attachment, Text, Unknown


@pytest.mark.parametrize(
    ("raw", "at", "tz"),
    [
        (1768899600000, "2026-01-20T09:00:00.000Z", None),
        (1768899600, "2026-01-20T09:00:00.000Z", None),
        (1768899600.125, "2026-01-20T09:00:00.125Z", None),
        ("1768899600.5", "2026-01-20T09:00:00.500Z", None),
        ("2026-01-20T09:00:00Z", "2026-01-20T09:00:00.000Z", "UTC"),
        ("2026-01-20 09:00:00Z", "2026-01-20T09:00:00.000Z", "UTC"),
        ("2026-01-20 09:00:00 UTC", "2026-01-20T09:00:00.000Z", "UTC"),
        ("2026-01-20T10:00:00.123456+01:00", "2026-01-20T09:00:00.123Z", "+01:00"),
        ("2026-01-20T10:00:00+0100", "2026-01-20T09:00:00.000Z", "+0100"),
        ("2026-01-20T04:00:00-05", "2026-01-20T09:00:00.000Z", "-05"),
        ("2026-01-20T10:00:00", None, None),
        (-5, None, None),
        (10**30, None, None),
    ],
)
def test_a_time_is_utc_only_where_the_source_says_so(raw: Any, at: str | None, tz: str | None) -> None:
    time = parse_time(raw)
    assert (time.sent.at, time.sent.tz, time.sent.raw) == (at, tz, raw)


@pytest.mark.parametrize("raw", [None, True, "", "yesterday", "12:30", [], {}, "20é6-01-20", "9" * 300])
def test_what_is_no_time_is_left_alone(raw: Any) -> None:
    fields = Taker({"at": raw})
    assert fields.time("at").raw is None
    assert fields.left == {"at": raw}


def test_a_time_without_a_zone_still_orders() -> None:
    assert first_at("", parse_time("2026-01-20T10:00:00")) == "2026-01-20T10:00:00.000Z"
    assert first_at("", parse_time(None)) == UNDATED


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.booleans() | st.integers() | st.text() | st.just([1])))
def test_a_taker_gives_a_value_or_leaves_it(record: dict[str, Any]) -> None:
    fields = Taker(record)
    asked = {
        "a": fields.text("a"),
        "b": fields.object("b"),
        "c": fields.items("c"),
        "d": fields.flag("d"),
        "e": fields.integer("e"),
        "f": fields.take("f"),
    }
    for key, value in record.items():
        assert key in fields.left or asked[key] == value


def test_equal_records_get_keys_of_their_own_in_their_order() -> None:
    one, other = Keys(), Keys()
    assert [one.key({"a": 1, "b": 2}), one.key({"b": 2, "a": 1}), one.key({"a": 2})] == [
        other.key({"b": 2, "a": 1}),
        other.key({"a": 1, "b": 2}),
        other.key({"a": 2}),
    ]
    assert len({one.key({"a": 1, "b": 2}) for _ in range(5)}) == 5


def test_an_embedded_file_is_a_blob_only_when_it_can_be_had_back_exactly() -> None:
    parts = Parts()
    assert parts.embedded(base64.b64encode(b"picture").decode(), "image/png", left={"alt": "x"})
    assert not parts.embedded("cGljdHVyZQ", "image/png")
    assert not parts.embedded("not base64!", "image/png")
    (part,) = parts.parts
    assert isinstance(part, Attachment)
    assert parts.blobs == {part.blob: b"picture"}
    assert parts.left == {"0": {"alt": "x"}}


def test_content_that_is_no_content_is_left_to_the_caller() -> None:
    parts = Parts()
    assert not parts.content({"type": "text"}, lambda *_: None)
    assert not parts.content(None, lambda *_: None)
    assert parts.content(["a", 5, {"no": "type"}], lambda *_: None)
    assert parts.parts == [Text("a"), Unknown("", 5), Unknown("", {"no": "type"})]

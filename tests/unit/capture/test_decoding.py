"""JSON as it occurs: what cannot be held is kept in another form, and limits are clear errors."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.capture.decoding import DEPTH_LIMIT, BadJson, decode, escape_surrogates

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_ordinary_json_comes_back_as_it_was(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value
    assert decode(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NaN]", [{"$number": "NaN"}]),
        ("[-Infinity]", [{"$number": "-Infinity"}]),
        ("[1e999]", [{"$number": "1e999"}]),
        ("[9223372036854775807, 9223372036854775808]", [2**63 - 1, {"$number": "9223372036854775808"}]),
        ("[" + "7" * 5000 + "]", [{"$number": "7" * 5000}]),
        ('{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2, "$duplicates": [["a", 1]]}),
        ('{"a": "x\\ud800y"}', {"a": "x\\ud800y", "$escaped": True}),
        ('{"a": "\\\\ud800 and \\udfff"}', {"a": "\\\\ud800 and \\udfff", "$escaped": True}),
        ('{"a": "\\ud83e\\udd9e"}', {"a": "🦞"}),
        ("\ufeff".encode().decode()[1:] + ' {"a": 1} \r', {"a": 1}),
    ],
)
def test_what_readers_disagree_on_is_kept_in_a_form_that_all_hold(text: str, value: object) -> None:
    found = decode(text.encode())
    assert found == value
    assert msgspec.json.decode(msgspec.json.encode(found)) == value


@given(st.text(st.characters(codec=None) | st.sampled_from("\\u\ud800\udfff")))
def test_escaped_surrogates_can_be_told_from_what_was_there_before(text: str) -> None:
    escaped = escape_surrogates(text)
    escaped.encode()
    if escaped != text:
        assert "\\u" in escaped
        back = _unescape(escaped)
        assert back == text


def _unescape(text: str) -> str:
    found, at = [], 0
    while at < len(text):
        if text.startswith("\\\\u", at):
            found.append("\\u")
            at += 3
        elif text.startswith("\\ud", at):
            found.append(chr(int(text[at + 2 : at + 6], 16)))
            at += 6
        else:
            found.append(text[at])
            at += 1
    return "".join(found)


@pytest.mark.parametrize("data", [b"", b"{", b"{'a': 1}", b"\xff", b"[1] 2", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_json_is_a_clear_error(data: bytes) -> None:
    with pytest.raises(BadJson):
        decode(data)


def test_nesting_has_a_limit_that_does_not_depend_on_the_caller() -> None:
    decode(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)
    with pytest.raises(BadJson, match="200 levels"):
        decode(b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1))


@given(PLAIN.filter(lambda value: isinstance(value, dict | list | str)), st.data())
def test_a_value_that_only_stops_too_early_is_known_as_such(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    length = data.draw(st.integers(1, len(text) - 1))
    with pytest.raises(BadJson) as error:
        decode(text[:length].encode())
    assert error.value.cut


def test_an_error_never_quotes_the_text() -> None:
    with pytest.raises(BadJson) as error:
        decode(b'{"password": hunter2}')
    assert "hunter2" not in str(error.value)

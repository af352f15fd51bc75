"""Reading records of other versions: older ones are upgraded, newer ones refused, nothing is dropped."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord, NewerFormat
from netto_tui.model import formats
from netto_tui.model.conversation import body_text
from netto_tui.model.formats import decode, read_line
from netto_tui.model.revision import FORMAT, Message, Stamp, Text, ToolResult, Unknown, mint
from tests.unit.model.strategies import CONVERSATION, ITEM

STAMP = Stamp("2026-11-23T08:00:00.000Z", 0, "laptop")


def rev_of(**changes: Any) -> dict[str, Any]:
    message = Message(role="user", parts=(Text("Hello."),))
    return {**json.loads(mint(CONVERSATION, ITEM, message, STAMP).raw), **changes}


def line_of(rev: dict[str, Any]) -> bytes:
    raw = json.dumps(rev).encode()
    return b'{"id":"' + hashlib.sha256(raw).hexdigest().encode() + b'","rev":' + raw + b"}"


def test_an_older_record_is_upgraded_on_reading_and_keeps_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade(rev: dict[str, Any]) -> dict[str, Any]:
        said = rev.pop("said")
        return {**rev, "body": {"type": "message", "role": "user", "parts": [{"type": "text", "text": said}]}}

    monkeypatch.setitem(formats.UPGRADES, 0, upgrade)
    old = rev_of(format="netto.revision/0", said="Long ago.")
    del old["body"]
    record = read_line(line_of(old))
    assert record.rev.format == FORMAT
    assert body_text(record.rev.body) == "Long ago."
    assert json.loads(record.raw) == old
    assert record.line == line_of(old)


def test_an_older_record_that_nobody_can_upgrade_is_not_guessed_at() -> None:
    with pytest.raises(InvalidRecord):
        decode(json.dumps(rev_of(format="netto.revision/0")).encode())


@pytest.mark.parametrize("version", ["netto.revision/2", "netto.revision/9999", "netto.revision/2.1"])
def test_a_newer_major_format_is_refused_with_the_way_out(version: str) -> None:
    with pytest.raises(NewerFormat) as caught:
        decode(json.dumps(rev_of(format=version, body={"type": "hologram"})).encode())
    assert version.split("/")[1].split(".")[0] in caught.value.message
    assert "Upgrade" in caught.value.remedy


@pytest.mark.parametrize("version", ["netto.revision", "netto.revision/one", "other/1", "", "netto.revision/99999"])
def test_an_unknown_format_is_no_revision(version: str) -> None:
    with pytest.raises(InvalidRecord):
        decode(json.dumps(rev_of(format=version)).encode())


@pytest.mark.parametrize("version", [FORMAT, FORMAT + ".7"])
def test_a_part_of_an_unknown_type_is_kept_whole(version: str) -> None:
    hologram = {"type": "hologram", "depth": [1, 2, {"x": None}], "text": "hi"}
    result = {"type": "tool_result", "call_id": "1", "output": [hologram, {"type": "text", "text": "seen"}]}
    body = {"type": "message", "role": "assistant", "parts": [hologram, result]}
    record = read_line(line_of(rev_of(format=version, body=body)))
    assert isinstance(record.rev.body, Message)
    one, two = record.rev.body.parts
    assert one == Unknown(native_type="hologram", raw=hologram)
    assert isinstance(two, ToolResult)
    assert two.output == (Unknown(native_type="hologram", raw=hologram), Text("seen"))


def test_unknown_fields_are_ignored_and_their_bytes_kept() -> None:
    rev = rev_of(colour="blue")
    rev["body"]["mood"] = "calm"
    record = read_line(line_of(rev))
    assert body_text(record.rev.body) == "Hello."
    assert json.loads(record.raw) == rev


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"format":"netto.revision/1"}',
        b'{"format":1}',
        b"\xff\xfe",
        b'{"format":"netto.revision/1","body":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"format":"netto.revision/1","tick":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_revision_is_an_invalid_record(raw: bytes) -> None:
    with pytest.raises(InvalidRecord):
        decode(raw)


def _mangle(draw_from: list[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(st.sampled_from(draw_from), lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@given(
    st.dictionaries(
        st.sampled_from([*rev_of(), "parts", "output"]),
        _mangle(
            [
                None,
                0,
                "x",
                True,
                {"type": "message", "parts": 3},
                {"parts": [None, 1]},
                {"output": "abc"},
                *rev_of().values(),
            ]
        ),
    )
)
def test_no_json_object_makes_reading_fail_in_any_other_way(changes: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidRecord, NewerFormat):
        decode(json.dumps(rev_of(**changes)).encode())


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_fail_in_any_other_way(raw: bytes) -> None:
    with pytest.raises(InvalidRecord):
        read_line(raw)

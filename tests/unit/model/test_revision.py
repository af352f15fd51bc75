"""Records: the same bytes everywhere, and no other bytes under their name."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord
from netto_tui.model.formats import decode, read_line
from netto_tui.model.revision import (
    Attachment,
    BlobRef,
    Body,
    Deleted,
    Document,
    Message,
    Record,
    Revision,
    Stamp,
    Text,
    ToolResult,
    body_blobs,
    body_key,
    encode_body,
    encode_value,
    json_schema,
    mint,
    split_line,
)
from tests.unit.model.strategies import CONVERSATION, ITEM, bodies, json_values, records

STAMP = Stamp("2026-11-23T08:00:00.000Z", 0, "laptop")


def mint_again(rev: Revision) -> Record:
    return mint(rev.conversation, rev.item, rev.body, rev.stamp, rev.replaces)


@given(records)
def test_a_record_that_is_read_and_minted_again_has_the_same_bytes(record: Record) -> None:
    read = read_line(record.line)
    assert read == record
    assert mint_again(read.rev).line == record.line


@given(records)
def test_a_line_is_json_whose_name_is_the_hash_of_its_rev(record: Record) -> None:
    assert b"\n" not in record.line
    line = json.loads(record.line)
    assert list(line) == ["id", "rev"]
    assert line["id"] == hashlib.sha256(record.raw).hexdigest()
    assert line["rev"] == json.loads(record.raw)


@given(records, st.data())
def test_any_changed_byte_is_refused(record: Record, data: st.DataObject) -> None:
    line = bytearray(record.line)
    position = data.draw(st.integers(0, len(line) - 1))
    line[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidRecord):
        read_line(bytes(line))


@given(records, st.data())
def test_a_line_that_was_cut_or_grew_is_refused(record: Record, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(record.line) - 1))
    for line in (record.line[:cut], record.line + b" ", b" " + record.line, record.line + record.line):
        with pytest.raises(InvalidRecord):
            split_line(line)


def test_an_upper_case_name_is_not_the_same_name() -> None:
    line = mint(CONVERSATION, ITEM, Document("a.md", "x"), STAMP).line
    with pytest.raises(InvalidRecord):
        split_line(line[:7] + line[7:71].upper() + line[71:])


def test_the_bytes_of_a_message_are_those_of_the_published_format() -> None:
    """A fixed example: if this changes, every stored name changes with it."""
    body = Message(role="user", parts=(Text("Grüße"),), native={"b": 1, "a": [True, None]})
    record = mint(CONVERSATION, ITEM, body, STAMP, ["f" * 64, "0" * 64, "f" * 64])
    assert record.raw.decode() == (
        '{"format":"netto.revision/1","conversation":"c_'
        + "0" * 32
        + '","item":"m_'
        + "1" * 32
        + '","replaces":["'
        + "0" * 64
        + '","'
        + "f" * 64
        + '"],"at":"2026-11-23T08:00:00.000Z","tick":0,"by":"laptop","body":{"type":'
        '"message","role":"user","parts":[{"type":"text","text":"Grüße"}],"sent":{},"native":{"a":[true,null],"b":1}}}'
    )
    assert record.id == hashlib.sha256(record.raw).hexdigest()


@given(bodies, bodies)
def test_bodies_have_equal_keys_just_when_their_bytes_are_equal(one: Body, two: Body) -> None:
    same = encode_body(one) == encode_body(two)
    assert (body_key(one) == body_key(two)) is same


@given(json_values)
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: object) -> None:
    def backwards(node: object) -> object:
        if isinstance(node, dict):
            return {key: backwards(child) for key, child in reversed(node.items())}
        return [backwards(child) for child in node] if isinstance(node, list) else node

    assert encode_value(backwards(value)) == encode_value(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("conversation", "c_short"),
        ("item", ""),
        ("replaces", ["not a name"]),
        ("at", "2026-11-23"),
        ("tick", -1),
        ("by", ""),
        ("body", {"type": "message", "role": "narrator"}),
        ("body", {"type": "poem"}),
    ],
)
def test_a_revision_with_a_field_out_of_form_is_refused(field: str, value: object) -> None:
    rev = json.loads(mint(CONVERSATION, ITEM, Document("a.md"), STAMP).raw)
    with pytest.raises(InvalidRecord):
        decode(json.dumps({**rev, field: value}).encode())


def test_every_blob_that_a_body_needs_is_named() -> None:
    inner, outer, text = ("a" * 64, "b" * 64, "c" * 64)
    result = ToolResult(output=(Attachment(blob=inner), Attachment(name="none here")))
    body = Message(role="tool", parts=(result, Attachment(blob=outer)), blobs={"/parts/0/text": BlobRef(text, 300_000)})
    assert body_blobs(body) == {inner, outer, text}
    assert body_blobs(Deleted()) == set()


def test_the_schema_describes_what_is_written() -> None:
    schema = json_schema()
    revision = schema["$defs"]["Revision"]
    rev = json.loads(mint(CONVERSATION, ITEM, Document("a.md"), STAMP).raw)
    assert set(rev) == set(revision["required"])
    kinds = {
        definition.get("properties", {}).get("type", {}).get("enum", [None])[0]
        for definition in schema["$defs"].values()
    }
    assert {"message", "about", "document", "deleted", "text", "tool_call"} <= kinds
    assert json.loads(json.dumps(schema))["title"] == "netto.revision/1"

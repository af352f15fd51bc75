"""Long content leaves a body and comes back exactly."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord
from netto_tui.model.blobs import BODY_LIMIT, KEPT, externalize, inflate
from netto_tui.model.revision import (
    BLOB_LIMIT,
    About,
    Attachment,
    Body,
    Code,
    Deleted,
    Document,
    Message,
    Sent,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    body_blobs,
    encode_body,
)

LARGE = "é" * BLOB_LIMIT
NATIVE = st.recursive(
    st.text(max_size=5) | st.integers(0, 9) | st.just(LARGE) | st.just(list(range(60_000))),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a/b", "~", "", "$json", "type"]), inner)
    ),
    max_leaves=5,
)


def test_a_long_text_becomes_a_blob_and_the_body_keeps_its_beginning() -> None:
    body = Message(role="user", parts=(Text("short"), Text(LARGE)))
    moved, blobs = externalize(body)
    assert isinstance(moved, Message)
    assert moved.parts == (Text("short"), Text(LARGE[:KEPT]))
    (pointer,) = moved.blobs
    assert pointer == "/parts/1/text"
    ref = moved.blobs[pointer]
    assert blobs == {ref.sha256: LARGE.encode()}
    assert ref.sha256 == hashlib.sha256(LARGE.encode()).hexdigest()
    assert ref.bytes == len(LARGE.encode())
    assert body_blobs(moved) == set(blobs)
    assert inflate(moved, blobs.get) == body


@pytest.mark.parametrize("body", [Message(role="user", parts=(Text("x" * 1000),)), Deleted("x"), About(title="t")])
def test_a_small_body_is_not_touched(body: Body) -> None:
    assert externalize(body) == (body, {})
    assert inflate(body, lambda _: None) == body


@given(NATIVE, st.sampled_from([Message, About]))
@example({"a/b": LARGE, "~": {"$json": ""}}, Message)
@example({"a/b": LARGE, "~": {"$json": LARGE}}, Message)
@settings(max_examples=25, deadline=None)
def test_whatever_a_source_says_comes_back_exactly(value: Any, kind: type[Message] | type[About]) -> None:
    native = {"value": value, "$json": value}
    body: Body = Message(role="tool", native=native) if kind is Message else About(native=native)
    moved, blobs = externalize(body)
    assert len(encode_body(moved)) <= BODY_LIMIT
    assert inflate(moved, blobs.get) == body
    assert externalize(body)[0] == moved
    assert body_blobs(moved) == set(blobs)


@pytest.mark.parametrize(
    "body",
    [
        Message(role="user", parts=tuple(Text(f"{n}" + "x" * 150_000) for n in range(12))),
        Message(role="user", parts=tuple(Text(f"{n}" + "x" * 9_000) for n in range(300))),
        Message(role="user", parts=tuple(Text(f"{n}") for n in range(60_000))),
        Message(role="tool", parts=(ToolResult(output=(Text(LARGE), Code(LARGE, "py"), Attachment(text=LARGE))),)),
        Message(role="assistant", parts=(ToolCall(arguments={"file": {"text": LARGE}}, arguments_raw=LARGE),)),
        Message(role="assistant", parts=(ToolCall(arguments=list(range(300_000))), Unknown("x", list(range(200_000))))),
        Message(role="user", parts=(Thinking(LARGE, LARGE, LARGE, LARGE),), sent=Sent(raw=LARGE), author=LARGE),
        Message(role="user", native={LARGE: "key", "deep": {"a": {LARGE: 1}}}),
        Message(role="user", native={"$json": LARGE}),
        Message(role="user", native={"type": LARGE, "role": LARGE}, usage={"x": LARGE}, model={"y": [LARGE] * 3}),
        About(title=LARGE, lineage=({"note": LARGE},), participants=(LARGE,)),
        Document("a.md", LARGE, {"note": LARGE}),
    ],
    ids=lambda body: type(body).__name__,
)
def test_every_shape_of_large_body_fits_and_comes_back(body: Body) -> None:
    moved, blobs = externalize(body)
    assert len(encode_body(moved)) <= BODY_LIMIT
    assert inflate(moved, blobs.get) == body
    assert externalize(moved) == (moved, {}) or len(encode_body(moved)) > BLOB_LIMIT


def test_a_missing_blob_and_a_pointer_that_leads_nowhere_are_named() -> None:
    moved, blobs = externalize(Message(role="user", parts=(Text(LARGE),)))
    assert isinstance(moved, Message)
    with pytest.raises(InvalidRecord, match="missing"):
        inflate(moved, lambda _: None)
    for pointer in ("/parts/7/text", "/native/x", "/parts", "x", "/parts/0/text/deeper"):
        broken = msgspec.structs.replace(moved, blobs={pointer: next(iter(moved.blobs.values()))})
        with pytest.raises(InvalidRecord, match="no place"):
            inflate(broken, blobs.get)

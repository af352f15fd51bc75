"""Hypothesis strategies for records and what they are made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from netto_tui.model.clock import to_instant
from netto_tui.model.revision import (
    About,
    Attachment,
    BlobRef,
    Body,
    Code,
    Deleted,
    Document,
    Message,
    Record,
    Sent,
    Stamp,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    mint,
)

CONVERSATION = "c_" + "0" * 32
ITEM = "m_" + "1" * 32

texts = st.text(max_size=30)
names = st.text(min_size=1, max_size=8)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, json_values, max_size=3)
blob_refs = st.dictionaries(names, st.builds(BlobRef, sha256=hashes, bytes=st.integers(0, 2**40)), max_size=2)
instants = st.integers(0, 253_402_300_799_999).map(to_instant)
flags = st.none() | st.booleans()

simple_parts = st.one_of(
    st.builds(Text, text=texts),
    st.builds(Thinking, text=texts, summary=texts, signature=texts, encrypted=texts),
    st.builds(ToolCall, name=texts, call_id=texts, arguments=json_values, arguments_raw=texts),
    st.builds(Attachment, name=texts, bytes=st.none() | st.integers(0, 2**40), blob=st.just("") | hashes, text=texts),
    st.builds(Code, text=texts, language=texts),
    st.builds(Unknown, native_type=texts, raw=json_values),
)
parts = simple_parts | st.builds(
    ToolResult,
    call_id=texts,
    output=st.lists(simple_parts, max_size=2).map(tuple),
    is_error=flags,
    exit_code=st.none() | st.integers(-5, 5),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant", "system", "tool"]),
    parts=st.lists(parts, max_size=3).map(tuple),
    author=texts,
    sent=st.builds(Sent, at=st.none() | instants, raw=st.none() | texts | numbers, tz=st.none() | texts),
    parent=st.none() | texts,
    model=objects,
    usage=objects,
    native=objects,
    blobs=blob_refs,
)
abouts = st.builds(
    About,
    title=texts,
    source=objects,
    participants=st.lists(texts, max_size=2).map(tuple),
    context=objects,
    state=objects,
    lineage=st.lists(objects, max_size=2).map(tuple),
    native=objects,
)
documents = st.builds(Document, path=names, text=texts, native=objects, blobs=blob_refs)
bodies: st.SearchStrategy[Body] = st.one_of(messages, abouts, documents, st.builds(Deleted, reason=texts))
stamps = st.builds(Stamp, instants, st.integers(0, 1000), names)
records: st.SearchStrategy[Record] = st.builds(
    mint,
    st.text("0123456789abcdef", min_size=32, max_size=32).map("c_{}".format),
    names,
    bodies,
    stamps,
    st.lists(hashes, max_size=3),
)

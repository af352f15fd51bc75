"""A revision: the immutable record that everything else is made of.

A record is one line, `{"id":"<sha256 of the bytes of rev>","rev":{...}}`. The name is taken
over the bytes as stored, never over a re-encoding, so a reader of any age can check it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

from netto_tui.errors import InvalidRecord

FORMAT = "netto.revision/1"
"""The format that this version writes."""

ABOUT = "about"
"""The item that carries a conversation's header."""

BLOB_LIMIT = 256 * 1024
"""Strings and binaries above this many bytes are stored as blobs beside the records."""

UNDATED = "1970-01-01T00:00:00.000Z"
"""The stamp of what has no time of its own."""

RevisionId = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ConversationId = Annotated[str, Meta(pattern="^c_[0-9a-f]{32}$")]
ItemName = Annotated[str, Meta(min_length=1, max_length=1024)]
Instant = Annotated[str, Meta(pattern=r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z$")]

Role = Literal["user", "assistant", "system", "tool"]
Availability = Literal["embedded", "external", "missing", "expired"]


class _Plain(Struct, frozen=True, omit_defaults=True, gc=False):
    """Immutable; fields at their default take no bytes, so adding one changes no old name.

    What is immutable and read from JSON has no cycles, so that collections need not look through it.
    """


class Text(_Plain, frozen=True, tag="text"):
    """Prose."""

    text: str = ""


class Thinking(_Plain, frozen=True, tag="thinking"):
    """Reasoning that the model showed, or only its sealed form."""

    text: str = ""
    summary: str = ""
    signature: str = ""
    encrypted: str = ""


class ToolCall(_Plain, frozen=True, tag="tool_call"):
    """A call of a tool; `arguments_raw` holds what was not valid JSON."""

    name: str = ""
    call_id: str = ""
    arguments: Any = None
    arguments_raw: str = ""


class ToolResult(_Plain, frozen=True, tag="tool_result"):
    """What a tool answered."""

    call_id: str = ""
    name: str = ""
    output: tuple[Part, ...] = ()
    is_error: bool | None = None
    exit_code: int | None = None
    truncated: bool | None = None


class Attachment(_Plain, frozen=True, tag="attachment"):
    """A file; `blob` is the SHA-256 of its bytes when they are kept here."""

    name: str = ""
    media_type: str = ""
    bytes: int | None = None
    blob: str = ""
    native_ref: str = ""
    availability: Availability = "embedded"
    text: str = ""


class Code(_Plain, frozen=True, tag="code"):
    """Source code that the conversation shows as such."""

    text: str = ""
    language: str = ""


class Unknown(_Plain, frozen=True, tag="unknown"):
    """A part of a type that is not understood, kept as found."""

    native_type: str = ""
    raw: Any = None


Part = Text | Thinking | ToolCall | ToolResult | Attachment | Code | Unknown


class Sent(_Plain, frozen=True):
    """When a message was sent: UTC if known, the source's own value, its zone if stated."""

    at: Instant | None = None
    raw: str | int | float | None = None
    tz: str | None = None


class BlobRef(_Plain, frozen=True):
    """Where a long string went: its SHA-256 and its length in UTF-8 bytes."""

    sha256: RevisionId
    bytes: int


class Message(_Plain, frozen=True, tag="message"):
    """One turn of a conversation.

    `parent` is an item id. `blobs` maps a JSON pointer inside this body to the blob that holds
    the whole string; the body keeps its beginning.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    author: str = ""
    sent: Sent = field(default_factory=Sent)
    parent: str | None = None
    model: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    native: dict[str, Any] = field(default_factory=dict)
    blobs: dict[str, BlobRef] = field(default_factory=dict)


class About(_Plain, frozen=True, tag="about"):
    """A conversation's header.

    source {app, format, native_id, agent, path}; context {cwd, git, channel, project, tags};
    state {archived, pinned, leaf, deleted_at_source}; lineage [{type, conversation, ...}].
    """

    title: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    participants: tuple[str, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    lineage: tuple[dict[str, Any], ...] = ()
    native: dict[str, Any] = field(default_factory=dict)
    blobs: dict[str, BlobRef] = field(default_factory=dict)


class Document(_Plain, frozen=True, tag="document"):
    """Prose that an assistant keeps, such as a daily memory file."""

    path: str
    text: str = ""
    native: dict[str, Any] = field(default_factory=dict)
    blobs: dict[str, BlobRef] = field(default_factory=dict)


class Deleted(_Plain, frozen=True, tag="deleted"):
    """A tombstone: a person deleted this item."""

    reason: str = ""


Body = Message | About | Document | Deleted


class Stamp(NamedTuple):
    """A hybrid logical clock reading; tuples compare in causal order with ties broken by name."""

    at: str
    tick: int
    by: str


class Revision(Struct, frozen=True, gc=False):
    """What one record says; see the module's docstring for how it is stored."""

    format: str
    conversation: ConversationId
    item: ItemName
    replaces: tuple[RevisionId, ...]
    at: Instant
    tick: Annotated[int, Meta(ge=0)]
    by: Annotated[str, Meta(min_length=1, max_length=256)]
    body: Body

    @property
    def stamp(self) -> Stamp:
        """The clock reading of this revision."""
        return Stamp(self.at, self.tick, self.by)


_encoder = msgspec.json.Encoder(order="deterministic")
_HEAD = b'{"id":"'
_MIDDLE = b'","rev":'
_ID_END = len(_HEAD) + 64
_REV_START = _ID_END + len(_MIDDLE)
_HEX64 = re.compile(rb"[0-9a-f]{64}")


class Record(Struct, frozen=True, gc=False):
    """A revision with its name and its exact bytes."""

    id: str
    raw: bytes
    rev: Revision

    @property
    def line(self) -> bytes:
        """The stored form, without the newline."""
        return b"".join((_HEAD, self.id.encode(), _MIDDLE, self.raw, b"}"))

    @property
    def order(self) -> tuple[str, int, str, str]:
        """Where the record stands in a sorted file: (at, tick, by, id)."""
        return (self.rev.at, self.rev.tick, self.rev.by, self.id)


def encode_body(body: Body) -> bytes:
    """The canonical bytes of a body; equal bytes mean equal bodies."""
    return _encoder.encode(body)


def encode_value(value: Any) -> str:
    """Any JSON value as canonical text: sorted keys, no spaces."""
    return _encoder.encode(value).decode()


def body_key(body: Body) -> bytes:
    """A 16-byte digest by which bodies are compared."""
    return hashlib.sha256(encode_body(body)).digest()[:16]


def mint(
    conversation: str,
    item: str,
    body: Body,
    stamp: Stamp,
    replaces: tuple[str, ...] | list[str] = (),
) -> Record:
    """Make the record of a new revision; the same arguments give the same bytes everywhere."""
    rev = Revision(
        format=FORMAT,
        conversation=conversation,
        item=item,
        replaces=tuple(sorted(set(replaces))),
        at=stamp.at,
        tick=stamp.tick,
        by=stamp.by,
        body=body,
    )
    raw = _encoder.encode(rev)
    return Record(hashlib.sha256(raw).hexdigest(), raw, rev)


def split_line(line: bytes) -> tuple[str, bytes]:
    """Cut a stored line into (id, bytes of rev) and check that they match.

    Raises InvalidRecord when the line has another shape or its bytes are not what it is named.
    """
    if not (
        line.startswith(_HEAD)
        and line[_ID_END:_REV_START] == _MIDDLE
        and line.endswith(b"}")
        and _HEX64.fullmatch(line, len(_HEAD), _ID_END)
    ):
        raise InvalidRecord("The line does not have the shape of a record.")
    raw = line[_REV_START:-1]
    name = line[len(_HEAD) : _ID_END].decode("ascii")
    if hashlib.sha256(raw).hexdigest() != name:
        raise InvalidRecord(f"The bytes do not match their name {name[:12]}….")
    return name, raw


def body_blobs(body: Body) -> set[str]:
    """The SHA-256 names of every blob that a body needs."""
    if isinstance(body, Deleted):
        return set()
    names = {ref.sha256 for ref in body.blobs.values()}
    if isinstance(body, Message):
        names.update(part.blob for part in _walk_parts(body.parts) if isinstance(part, Attachment) and part.blob)
    return names


def _walk_parts(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        if isinstance(part, ToolResult):
            yield from _walk_parts(part.output)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a revision, made from the types above."""
    schema = msgspec.json.schema(Revision)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FORMAT, **schema}

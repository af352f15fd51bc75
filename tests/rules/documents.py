"""The documents of a replica as the REST interface of Firestore takes them, and requests about them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

UID = "owner"
CONVERSATION = f"users/{UID}/conversations/seen"
MESSAGE = f"{CONVERSATION}/messages/seen"
BLOB = f"users/{UID}/blobs/seen"


@dataclass(frozen=True)
class Document:
    """One document. path: below the database's root. stamp: the field that gets the server's time, "" for none."""

    path: str
    fields: Mapping[str, Any]
    stamp: str = ""

    def at(self, path: str) -> Document:
        """The same document elsewhere."""
        return replace(self, path=path)

    def having(self, **fields: Any) -> Document:
        """The same document with other or more fields; the stamp becomes a plain field when it is among them."""
        stamp = "" if self.stamp in fields else self.stamp
        return replace(self, fields={**self.fields, **fields}, stamp=stamp)

    def lacking(self, field: str) -> Document:
        """The same document without one field."""
        kept = {name: value for name, value in self.fields.items() if name != field}
        return replace(self, fields=kept, stamp="" if field == self.stamp else self.stamp)


IDENTITY = Document(
    f"users/{UID}",
    {
        "format": "netto.replica/1",
        "vault": "v_" + "1" * 32,
        "replica": "r_" + "2" * 32,
        "zone": "Europe/Berlin",
        "device": "laptop-1a2b",
        "sequence": 5,
    },
    "updated_at",
)
HEADER = Document(CONVERSATION, {"day": "2026-11-23", "count": 3, "digest": "a1" * 32}, "updated_at")
RECORD = Document(
    MESSAGE,
    {"item": "m_" + "3" * 32, "at": "2026-11-23T08:15:30.250Z", "record": '{"id":"…","rev":{}}', "pieces": 1},
    "written_at",
)
PIECE = Document(f"{MESSAGE}/pieces/1", {"n": 1, "data": "the rest"})
STORED_BLOB = Document(BLOB, {"size": 300_000, "chunks": 1}, "written_at")
CHUNK = Document(f"{BLOB}/chunks/0", {"n": 0, "data": b"\x00\xff"})

SEED = (IDENTITY, HEADER, RECORD, PIECE, STORED_BLOB, CHUNK)
"""One document of each kind, as somebody finds them who comes later."""


@dataclass(frozen=True)
class Request:
    """A request below `/v1/{root}`, the documents of the project. body: JSON with `{root}` in it, "" for none."""

    method: str
    path: str
    body: str = ""


def write(*documents: Document, fresh: bool = False) -> Request:
    """One batch that sets documents, whether they are there or not; fresh: only those that are not."""
    return _commit(*(_write(document, fresh) for document in documents))


def remove(path: str) -> Request:
    """Delete a document."""
    return _commit({"delete": f"{{root}}/{path}"})


def get(path: str) -> Request:
    """Read a document."""
    return Request("GET", f"/{path}")


def query(parent: str, collection: str, limit: int | None, *, group: bool = False) -> Request:
    """List a collection below a document ("" for the root), or every collection of that name."""
    structured: dict[str, Any] = {"from": [{"collectionId": collection, "allDescendants": group}]}
    if limit is not None:
        structured["limit"] = limit
    return Request("POST", f"{'/' if parent else ''}{parent}:runQuery", json.dumps({"structuredQuery": structured}))


def _commit(*writes: dict[str, Any]) -> Request:
    return Request("POST", ":commit", json.dumps({"writes": writes}))


def _write(document: Document, fresh: bool) -> dict[str, Any]:
    fields = {name: _value(value) for name, value in document.fields.items()}
    write: dict[str, Any] = {"update": {"name": f"{{root}}/{document.path}", "fields": fields}}
    if document.stamp:
        write["updateTransforms"] = [{"fieldPath": document.stamp, "setToServerValue": "REQUEST_TIME"}]
    if fresh:
        write["currentDocument"] = {"exists": False}
    return write


class Timestamp(str):
    """An instant, RFC 3339, that is sent as a timestamp and not as a string."""


def _value(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": value}
        case Timestamp():
            return {"timestampValue": str(value)}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case list():
            return {"arrayValue": {"values": [_value(one) for one in value]}}
        case dict():
            return {"mapValue": {"fields": {name: _value(one) for name, one in value.items()}}}
    raise TypeError(type(value))

"""The documents of a Firestore replica: their shapes, names and sizes. Pure.

    users/{uid}                                     who the replica is, slots, head; one more `sequence` with each add
    users/{uid}/conversations/{name}                header: day, count, digest, updated_at
    users/{uid}/conversations/{name}/messages/{rev} one sealed record; create-only
    …/messages/{rev}/pieces/{n}                     the rest of a record that is long, n from 1
    users/{uid}/blobs/{name}                        size, chunks
    users/{uid}/blobs/{name}/chunks/{n}             sealed bytes, n from 0

Paths here are tuples below `users/{uid}`, so nothing else can be named. Times of documents are
nanoseconds since 1970, as the server tells them. Limits: a document has 1 MiB, a request 10 MiB
(https://firebase.google.com/docs/firestore/quotas).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from netto_tui.errors import InvalidRecord, NewerFormat, Refused, UsageError
from netto_tui.model.digest import conversation_digest
from netto_tui.model.revision import UNDATED, Record
from netto_tui.replicas.base import SLOT_BYTES, SLOTS, Marker
from netto_tui.security.envelope import Envelope

FORMAT = "netto.replica/1"
_FAMILY = "netto.replica/"

PIECE_BYTES = 900_000
"""What one document holds of a record or a blob at most."""

COMMIT_WRITES = 500
COMMIT_BYTES = 3_500_000
"""What one commit takes at most: the official emulator refuses more than 4 MiB."""

_OVERHEAD = 400
"""Bytes of a write beside the content: its path, field names and times."""

Path = tuple[str, ...]
"""Of a document or collection, below `users/{uid}`; () is the user document itself."""

USER: Path = ()
CONVERSATIONS: Path = ("conversations",)
BLOBS: Path = ("blobs",)

_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{3,29}")
_UID = re.compile(r"(?!\.{1,2}$)(?!__.*__$)[^/\x00-\x1f\x7f]{1,128}")
_NAME = re.compile(r"(?!__.*__$)[A-Za-z0-9_]{1,200}")
_DAY = re.compile(r"[0-9]{4}/[01][0-9]/[0-3][0-9]")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _ServerTime:
    """Stands for the time at which the server takes a write."""


SERVER_TIME = _ServerTime()


class _Removed:
    """Stands for a field that an update takes out of its document."""


REMOVED = _Removed()


@dataclass(frozen=True)
class Document:
    """A document as it was read; updated: when it last changed, by the server's clock."""

    path: Path
    fields: Mapping[str, Any]
    updated: int


@dataclass(frozen=True)
class Put:
    """One write: `create` fails where something is, `update` where the document is not as it was at `updated`.

    `delete` does nothing where nothing is.
    """

    path: Path
    fields: Mapping[str, Any]
    mode: Literal["create", "update", "replace", "delete"] = "create"
    updated: int = 0
    accepts: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def size(self) -> int:
        """About how many bytes of a request it takes."""
        return _OVERHEAD + sum(_length(value) for value in self.fields.values())

    def is_done(self, there: Mapping[str, Any]) -> bool:
        """Whether a document that is there is as good as the one to be written."""
        same = {name for name, value in self.fields.items() if value is SERVER_TIME or _equal(there.get(name), value)}
        return same == there.keys() == self.fields.keys() or (self.accepts is not None and self.accepts(there))


@dataclass(frozen=True)
class Cursor:
    """Where a replica stands: the user document's time and sequence."""

    at: int
    n: int

    def encode(self) -> str:
        """As the text that the ledger keeps."""
        return json.dumps({"at": self.at, "n": self.n}, separators=(",", ":"))


def decode_cursor(text: str) -> Cursor | None:
    """The inverse of encode; None for anything else."""
    try:
        found = json.loads(text)
        cursor = Cursor(found["at"], found["n"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return cursor if type(cursor.at) is int and type(cursor.n) is int else None


@dataclass(frozen=True)
class User:
    """What the user document says. fault: why its identity cannot be read; "" with no marker: it is not ours."""

    cursor: Cursor
    marker: Marker | None
    device: str
    fault: str = ""
    newer: bool = False
    slots: Mapping[str, bytes] = field(default_factory=dict)
    head: str = ""


def read_user(document: Document) -> User:
    """Understand the user document, whatever it holds."""
    fields = document.fields
    sequence = fields.get("sequence")
    cursor = Cursor(document.updated, sequence if type(sequence) is int else 0)
    device = fields.get("device") if isinstance(fields.get("device"), str) else ""
    parts = [part for name in ("vault", "replica", "zone") if isinstance(part := fields.get(name), str) and part]
    form = fields.get("format")
    if form == FORMAT and type(sequence) is int and len(parts) == 3:
        vault, replica, zone = parts
        keys = found if isinstance(found := fields.get("keys"), str) else ""
        head = found if isinstance(found := fields.get("head"), str) else ""
        slots = _read_slots(fields.get("slots"))
        return User(cursor, Marker(vault, replica, zone, keys), str(device), slots=slots, head=head)
    if isinstance(form, str) and form.startswith(_FAMILY):
        major = form.removeprefix(_FAMILY).split(".")[0]
        if major.isdecimal() and int(major) > 1:
            fault = f"It has format {_FAMILY}{major}, made by a newer netto-tui."
            return User(cursor, None, str(device), fault, newer=True)
        return User(cursor, None, str(device), "The identity of the replica lacks a part.")
    ours = type(sequence) is int and bool(parts)
    return User(cursor, None, str(device), "The identity of the replica is of an unknown format." if ours else "")


def _read_slots(found: Any) -> dict[str, bytes]:
    there = found if isinstance(found, dict) else {}
    return {name: data for name in SLOTS if isinstance(data := there.get(name), bytes) and len(data) <= SLOT_BYTES}


def user_fields(marker: Marker, device: str, sequence: int) -> dict[str, Any]:
    """The user document of a replica."""
    return {
        "format": FORMAT,
        "vault": marker.vault,
        "replica": marker.replica,
        "zone": marker.zone,
        "device": device,
        "sequence": sequence,
        "updated_at": SERVER_TIME,
        **({"keys": marker.keys} if marker.keys else {}),
    }


@dataclass(frozen=True)
class Header:
    """What a conversation's own document says; updated: its time on the server, 0 where it is not there yet."""

    day: str
    count: int
    digest: str
    updated: int = 0

    def agrees(self, names: Iterable[str]) -> bool:
        """Whether these are the messages that it counts."""
        names = list(names)
        return self.count == len(names) and self.digest == conversation_digest(names)

    def fields(self) -> dict[str, Any]:
        """As the document."""
        return {"day": self.day, "count": self.count, "digest": self.digest, "updated_at": SERVER_TIME}


def header_of(day: str, names: Iterable[str]) -> Header:
    """The header of a conversation with these messages."""
    names = list(names)
    return Header(day, len(names), conversation_digest(names))


def read_header(document: Document) -> Header:
    """Understand a header; one that is damaged agrees with no messages, and differs from any that is right."""
    fields = document.fields
    day, count, digest = fields.get("day"), fields.get("count"), fields.get("digest")
    if isinstance(day, str) and type(count) is int and isinstance(digest, str):
        return Header(day, count, digest, document.updated)
    return Header("", -1, "", document.updated)


def message_puts(envelope: Envelope, conversation: str, record: Record) -> Iterator[Put]:
    """The documents of a record; the pieces of a long one come before the message that counts them."""
    sealed = envelope.seal(record.line).decode()
    first, *rest = cut_text(sealed)
    path = message_path(conversation, envelope.name(record.id))
    for number, piece in enumerate(rest, start=1):
        yield Put((*path, "pieces", str(number)), {"n": number, "data": piece})
    fields = {**_filing(envelope, record), "record": first, "pieces": 1 + len(rest)}

    def accepts(there: Mapping[str, Any]) -> bool:
        return message_fault(envelope, record, there) == "" and _equal(there.get("pieces"), 1) and _opens(there)

    def _opens(there: Mapping[str, Any]) -> bool:
        try:
            return envelope.open(str(there.get("record")).encode()) == record.line
        except InvalidRecord:
            return False

    yield Put(path, {**fields, "written_at": SERVER_TIME}, accepts=accepts)


def message_fault(envelope: Envelope, record: Record, fields: Mapping[str, Any]) -> str:
    """What is wrong about a message's document beside its record; "" when nothing is."""
    if any(fields.get(name) != value for name, value in _filing(envelope, record).items()):
        return "The message is filed under another item or time than its record says."
    known = {"item", "at", "record", "pieces", "written_at"}
    return "" if fields.keys() == known else "The message has other fields than it should."


def message_path(conversation: str, name: str) -> Path:
    """Where a message lies."""
    return (*CONVERSATIONS, conversation, "messages", name)


def blob_puts(name: str, sealed: bytes) -> Iterator[Put]:
    """The documents of a blob; what counts its chunks comes last."""
    chunks = [sealed[start : start + PIECE_BYTES] for start in range(0, len(sealed), PIECE_BYTES)]
    for number, chunk in enumerate(chunks):
        yield Put((*BLOBS, name, "chunks", str(number)), {"n": number, "data": chunk})
    yield Put((*BLOBS, name), {"size": len(sealed), "chunks": len(chunks), "written_at": SERVER_TIME})


def blob_name(envelope: Envelope, sha256: str) -> str:
    """Under which name a blob lies. Raises InvalidRecord when that is not the name of a blob."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidRecord("A blob's name is not a SHA-256.")
    return envelope.name(sha256)


def is_name(name: str) -> bool:
    """Whether a conversation, message or blob may be called so."""
    return bool(_NAME.fullmatch(name))


def stored_day(day: str) -> str:
    """`YYYY/MM/DD` as headers have it. Raises Refused for anything else."""
    if not _DAY.fullmatch(day):
        raise Refused("A conversation has a day that cannot be filed.", remedy="Please report this.")
    return day.replace("/", "-")


def cut_text(text: str) -> list[str]:
    """A text in pieces of at most PIECE_BYTES of UTF-8."""
    data = text.encode()
    pieces: list[str] = []
    start = 0
    while start < len(data) or not pieces:
        end = min(start + PIECE_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # in the middle of a letter
            end -= 1
        pieces.append(data[start:end].decode())
        start = end
    return pieces


def commits(puts: Sequence[Put]) -> Iterator[list[Put]]:
    """The writes in parts that one commit takes, in their order."""
    part: list[Put] = []
    size = 0
    for put in puts:
        if part and (len(part) >= COMMIT_WRITES or size + put.size > COMMIT_BYTES):
            yield part
            part, size = [], 0
        part.append(put)
        size += put.size
    if part:
        yield part


def parse_target(name: str, target: str) -> tuple[str, str]:
    """Project and uid of PROJECT/UID. Raises UsageError."""
    project, _slash, uid = target.partition("/")
    if not _PROJECT.fullmatch(project) or not _UID.fullmatch(uid):
        raise UsageError(
            f"The replica {name} has a target that is not PROJECT/UID.",
            remedy=f"Write {name}=firestore:PROJECT/UID: the id of the Firebase project, and a user id of your choice.",
        )
    return project, uid


def newer_format(user: User, place: str) -> NewerFormat:
    """What to raise for a replica of a newer version."""
    return NewerFormat(
        f"{place} cannot be used. {user.fault}",
        remedy="Upgrade netto-tui on this machine; until then this replica is left alone.",
    )


def _filing(envelope: Envelope, record: Record) -> dict[str, str]:
    """What a message's document says of its record: where that is sealed, nothing that its name does not say."""
    if envelope.readable:
        return {"item": record.rev.item, "at": record.rev.at}
    return {"item": envelope.name(record.id), "at": UNDATED}


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are the same for the store too, to which 1 and 1.0 are two."""
    return type(one) is type(other) and bool(one == other)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 16

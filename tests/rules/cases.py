"""Every request that the rules decide about: who asks, for what, and whether that is allowed.

Each case differs from an allowed one in a single point. It is about one function or block of the rules, by
whose name the mutation run tries first what should notice a change there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.rules.documents import (
    BLOB,
    CHUNK,
    CONVERSATION,
    HEADER,
    IDENTITY,
    MESSAGE,
    PIECE,
    RECORD,
    SEED,
    STORED_BLOB,
    UID,
    Document,
    Request,
    Timestamp,
    get,
    query,
    remove,
    write,
)

OWNER, STRANGER, ANONYMOUS, NOBODY = "owner", "stranger", "anonymous", "nobody"
NEWCOMER = "newcomer"
"""Somebody who has no documents yet."""

LIMIT = 500


@dataclass(frozen=True)
class Case:
    """One request and what becomes of it: 200 when allowed, else exactly 403. about: see the module."""

    about: str
    name: str
    request: Request
    allowed: bool = False
    who: str = OWNER

    def __str__(self) -> str:
        return f"{self.about}: {self.name}"


def _new_identity(document: Document = IDENTITY) -> Document:
    return document.at(f"users/{NEWCOMER}")


def _new(document: Document) -> Document:
    """The same document where there is none yet: a message and its pieces in the conversation that is there."""
    places = {
        HEADER.path: f"users/{UID}/conversations/fresh",
        RECORD.path: f"{CONVERSATION}/messages/fresh",
        PIECE.path: f"{MESSAGE}/pieces/{document.fields.get('n', 2)}",
        STORED_BLOB.path: f"users/{UID}/blobs/fresh",
        CHUNK.path: f"{BLOB}/chunks/{document.fields.get('n', 2)}",
    }
    return document.at(places[document.path])


FRESH = {
    "identity": _new_identity(),
    "header": _new(HEADER),
    "message": _new(RECORD),
    "piece": _new(PIECE.having(n=2)),
    "blob": _new(STORED_BLOB),
    "chunk": _new(CHUNK.having(n=1)),
}
"""One document of each kind that may be created."""

OTHER_TYPES = {
    "null": None,
    "a boolean": True,
    "an integer": 7,
    "a double": 7.0,
    "a string": "7777777",
    "bytes": b"7777777",
    "a timestamp": Timestamp("2026-11-23T08:15:30.250Z"),
    "a list": ["7", "7"],
    "a map": {"7": "7"},
}

RIGHT_TYPES = {
    "n": "an integer",
    "sequence": "an integer",
    "count": "an integer",
    "pieces": "an integer",
    "size": "an integer",
    "chunks": "an integer",
}
"""Of each field that may have every value of its type; all others have none of OTHER_TYPES but those below."""

FREE_TEXT = {
    ("message", "item"),
    ("message", "record"),
    ("piece", "data"),
    ("identity", "device"),
    ("identity", "zone"),
}
FREE_BYTES = {("chunk", "data")}

OPTIONAL = {"head": "a string", "keys": "a string", "slots": "a map"}
"""Fields that an identity may have besides, with their types."""

HALF = "1234567890" * 45_000
LETTERS = "abcdefghij"

GOOD: dict[str, list[Mapping[str, object]]] = {
    "identity": [
        {"sequence": 0}, {"sequence": 2**62}, {"zone": "UTC"}, {"zone": "Etc/GMT+5"}, {"zone": "A" * 64},
        {"device": "d"}, {"device": "d" * 256},
        {"head": ""}, {"head": "h" * 8192}, {"keys": ""}, {"keys": "k" * 64},
        {"slots": {}}, {"slots": {f"slot-{number}.age": b"age" for number in range(16)}},
        {"head": "h", "keys": "k", "slots": {"slot-recovery.age": b"age"}},
    ],
    "header": [{"count": 1}, {"count": 10**6}, {"day": "1970-01-01"}, {"day": "2099-12-31"}],
    "message": [
        {"item": "i"}, {"item": "memory/2026-11-23.md"}, {"item": "about"}, {"item": "ü" * 2048},
        {"record": "r"}, {"record": HALF * 2}, {"pieces": 1000}, {"at": "1970-01-01T00:00:00.000Z"},
        {"at": "2099-12-31T23:59:60.999Z"},
    ],
    "piece": [{"n": 2, "data": "d"}, {"n": 999}, {"n": 3, "data": HALF * 2}],
    "blob": [{"size": 1}, {"chunks": 2, "size": 1_800_000}, {"size": 2**40, "chunks": 2**20}],
    "chunk": [{"n": 1, "data": b"d"}, {"n": 2, "data": b"\0" * 900_000}, {"n": 10**6}],
}  # fmt: skip
"""Values at the edge of what is allowed, in each kind."""

BAD: dict[str, list[Mapping[str, object]]] = {
    "identity": [
        {"format": "netto.replica/2"}, {"format": ""},
        {"vault": "v_" + "1" * 31}, {"vault": "v_" + "1" * 33}, {"vault": "w_" + "1" * 32}, {"vault": "v_" + "G" * 32},
        {"replica": "r_" + "1" * 31}, {"replica": "r_" + "1" * 33}, {"replica": "v_" + "1" * 32},
        {"zone": ""}, {"zone": "A" * 65}, {"zone": "Europe Berlin"},
        {"device": ""}, {"device": "d" * 257}, {"sequence": -1},
        {"head": "h" * 8193}, {"keys": "k" * 65},
        {"slots": {f"slot-{number}.age": b"age" for number in range(17)}},
        {"updated_at": Timestamp("2026-11-23T08:00:00Z")}, {"updated_at": Timestamp("2099-01-01T00:00:00Z")},
    ],
    "header": [
        {"day": "2026/11/23"}, {"day": "2026-41-23"}, {"day": "2026-11-43"}, {"day": "226-11-23"},
        {"day": "12026-11-23"}, {"day": "2026-1-23"}, {"day": "2026-11-3"}, {"day": "2026-111-23"},
        {"day": "2026-11-231"}, {"day": "2026-11-23 "},
        {"count": 0}, {"count": -1}, {"digest": "a" * 63}, {"digest": "a" * 65}, {"digest": "g" * 64},
        {"digest": "A" * 64},
        {"updated_at": Timestamp("2026-11-23T08:00:00Z")}, {"updated_at": Timestamp("2099-01-01T00:00:00Z")},
    ],
    "message": [
        {"item": ""}, {"item": "i" * 2049}, {"record": ""}, {"record": HALF * 2 + "1"},
        {"pieces": 0}, {"pieces": -1}, {"pieces": 1001},
        *(
            {"at": at}
            for at in (
                "", "226-11-23T08:15:30.250Z", "12026-11-23T08:15:30.250Z", "2026-21-23T08:15:30.250Z",
                "2026-11-43T08:15:30.250Z", "2026-11-23T38:15:30.250Z", "2026-11-23T08:65:30.250Z",
                "2026-11-23T08:15:70.250Z", "2026-11-23T08:15:30.25Z", "2026-11-23T08:15:30.2501Z",
                "2026-11-23T08:15:30Z", "2026-11-23 08:15:30.250Z", "2026-11-23T08:15:30.250+01:00",
                "2026-11-23T08:15:30:250Z",
            )
        ),
        {"written_at": Timestamp("2026-11-23T08:00:00Z")}, {"written_at": Timestamp("2099-01-01T00:00:00Z")},
    ],
    "piece": [{"n": 0}, {"n": -1}, {"n": 1000}, {"n": 2, "data": ""}, {"n": 2, "data": HALF * 2 + "1"}],
    "blob": [
        {"size": 0}, {"size": -1}, {"chunks": 0}, {"chunks": -1},
        {"written_at": Timestamp("2026-11-23T08:00:00Z")}, {"written_at": Timestamp("2099-01-01T00:00:00Z")},
    ],
    "chunk": [{"n": -1}, {"n": 2, "data": b""}, {"n": 2, "data": b"\0" * 900_001}],
}  # fmt: skip
"""Values just beyond the edge, in each kind."""

NAMES = {
    "header": ("users/{uid}/conversations/{name}",),
    "message": (CONVERSATION + "/messages/{name}",),
    "piece": ("users/{uid}/conversations/{name}/messages/seen/pieces/2", CONVERSATION + "/messages/{name}/pieces/2"),
    "blob": ("users/{uid}/blobs/{name}",),
    "chunk": ("users/{uid}/blobs/{name}/chunks/1",),
}
"""Where each kind has a name in its path, beside numbers."""


def _placed(kind: str, **fields: object) -> Document:
    """The fresh document of a kind with other fields; a numbered one lies under its number."""
    document = FRESH[kind].having(**fields)
    if "n" in fields:
        document = document.at(f"{document.path.rpartition('/')[0]}/{fields['n']}")
    return document


def _creating() -> Iterator[Case]:
    for kind, document in FRESH.items():
        who = NEWCOMER if kind == "identity" else OWNER
        yield Case(kind, "a new one", write(document), True, who)
        yield Case(kind, "a new one that must not be there yet", write(document, fresh=True), True, who)
        for fields in GOOD[kind]:
            yield Case(kind, f"with {_brief(fields)}", write(_placed(kind, **fields)), True, who)
        for fields in BAD[kind]:
            yield Case(kind, f"with {_brief(fields)}", write(_placed(kind, **fields)), False, who)
        for field in (*document.fields, *([document.stamp] if document.stamp else [])):
            yield Case(kind, f"without {field}", write(document.lacking(field)), False, who)
            for name, value in OTHER_TYPES.items():
                if not _is_right(kind, field, name):
                    yield Case(kind, f"with {name} as {field}", write(document.having(**{field: value})), False, who)
        for field, right in OPTIONAL.items() if kind == "identity" else ():
            for name, value in OTHER_TYPES.items():
                batch = write(document.having(**{field: value}))
                yield Case(kind, f"with {name} as {field}", batch, name == right, who)
        yield Case(kind, "with a field more", write(document.having(extra="x")), False, who)
        yield Case(kind, "with a field more that is null", write(document.having(extra=None)), False, who)
        for stranger in (STRANGER, ANONYMOUS, NOBODY):
            yield Case("owner", f"a new {kind}, by {stranger}", write(document), False, stranger)


def _is_right(kind: str, field: str, type_name: str) -> bool:
    if type_name == "a string":
        return (kind, field) in FREE_TEXT
    if type_name == "bytes":
        return (kind, field) in FREE_BYTES
    return RIGHT_TYPES.get(field) == type_name


def _brief(fields: Mapping[str, object]) -> str:
    texts = {name: str(value) for name, value in fields.items()}
    return ", ".join(
        f"{name} {text if len(text) <= 30 else f'{text[:12]}… of {len(text)}'}" for name, text in texts.items()
    )


def _naming() -> Iterator[Case]:
    for kind, paths in NAMES.items():
        for path in paths:
            for name in ("a" * 200, "A_z09", "7"):
                document = FRESH[kind].at(path.format(uid=UID, name=name))
                batch = write(document)
                yield Case(kind, f"under a name like {name[:9]} ({len(name)}) at {path}", batch, True)
            for name in ("a" * 201, "a-b", "a.b", "a b", "ä"):
                document = FRESH[kind].at(path.format(uid=UID, name=name))
                yield Case(kind, f"under a name like {name[:9]} ({len(name)}) at {path}", write(document), False)
    yield Case("piece", "the first number there is", write(PIECE.at(f"{CONVERSATION}/messages/long/pieces/1")), True)
    yield Case("chunk", "the first number there is", write(CHUNK.at(f"users/{UID}/blobs/large/chunks/0")), True)
    for kind, document in (("piece", FRESH["piece"]), ("chunk", FRESH["chunk"])):
        folder, _, number = document.path.rpartition("/")
        for other in ("3", f"0{number}", "x", f"{number}.0"):
            yield Case(kind, f"{number} under the number {other}", write(document.at(f"{folder}/{other}")))
        double = document.having(n=float(number))
        yield Case(kind, "a double under its number", write(double.at(f"{folder}/{float(number)}")))
        yield Case(kind, "a string under its number", write(document.having(n=number)))


def _parents() -> Iterator[Case]:
    orphan = RECORD.at(f"users/{UID}/conversations/nowhere/messages/fresh")
    yield Case("message", "without its conversation", write(orphan))
    yield Case("message", "with its conversation in the batch", write(_parent(), orphan), True)
    yield Case("message", "before its conversation in the batch", write(orphan, _parent()), True)
    yield Case("message", "with another conversation in the batch", write(FRESH["header"], orphan))
    yield Case("message", "with a bad conversation in the batch", write(_parent().having(count=0), orphan))
    elsewhere = RECORD.at(f"users/{UID}/conversations/known/messages/fresh")
    foreign = HEADER.at(f"users/{STRANGER}/conversations/known")
    yield Case("message", "whose conversation somebody else has", write(foreign, elsewhere))
    many = [RECORD.at(f"{_parent().path}/messages/m{number}") for number in range(40)]
    yield Case("message", "forty and their conversation in one batch", write(_parent(), *many), True)
    bad = [*many[:-1], many[-1].having(pieces=0)]
    yield Case("message", "forty of which one is bad", write(_parent(), *bad))


def _parent() -> Document:
    return HEADER.at(f"users/{UID}/conversations/nowhere")


def _changing() -> Iterator[Case]:
    ahead = IDENTITY.having(sequence=6)
    yield Case("identity", "one step on", write(ahead), True)
    yield Case("identity", "written by another device", write(ahead.having(device="phone")), True)
    yield Case("identity", "begun anew", write(ahead.having(replica="r_" + "9" * 32, zone="UTC")), True)
    yield Case("identity", "one step on with a head", write(ahead.having(head="h")), True)
    yield Case("identity", "one step on with a head that is no text", write(ahead.having(head=7)))
    yield Case("identity", "without a step", write(IDENTITY))
    yield Case("identity", "a step back", write(IDENTITY.having(sequence=4)))
    yield Case("identity", "of another vault", write(ahead.having(vault="v_" + "9" * 32)))
    yield Case("identity", "changed to one with a field more", write(ahead.having(extra="x")))
    yield Case(
        "identity",
        "changed without the server's time",
        write(ahead.having(updated_at=Timestamp("2026-11-23T08:00:00Z"))),
    )
    yield Case("header", "the same again", write(HEADER), True)
    yield Case("header", "one message more", write(HEADER.having(count=4, digest="b2" * 32)), True)
    yield Case("header", "moved to an earlier day", write(HEADER.having(day="2026-11-22")), True)
    yield Case("header", "with fewer messages", write(HEADER.having(count=2)))
    yield Case("header", "changed to one with a field more", write(HEADER.having(count=4, extra="x")))
    yield Case("header", "changed to one without a digest", write(HEADER.having(count=4).lacking("digest")))
    for kind, document in (("message", RECORD), ("piece", PIECE), ("blob", STORED_BLOB), ("chunk", CHUNK)):
        yield Case(kind, "written a second time", write(document))
    yield Case("message", "changed", write(RECORD.having(record="something else")))
    yield Case("piece", "changed", write(PIECE.having(data="something else")))
    yield Case("blob", "changed", write(STORED_BLOB.having(size=300_001)))
    yield Case("chunk", "changed", write(CHUNK.having(data=b"something else")))
    for kind, document in zip(FRESH, SEED, strict=True):
        changed = ahead if kind == "identity" else document
        for stranger in (STRANGER, ANONYMOUS, NOBODY):
            yield Case("owner", f"a changed {kind}, by {stranger}", write(changed), False, stranger)
            yield Case("owner", f"a {kind} deleted by {stranger}", remove(document.path), False, stranger)
        yield Case(kind, "deleted", remove(document.path))
    yield Case("identity", "one deleted that is not there", remove(f"users/{NEWCOMER}"), False, NEWCOMER)


def _reading() -> Iterator[Case]:
    for kind, document in zip(FRESH, SEED, strict=True):
        yield Case(kind, "read", get(document.path), True)
        for stranger in (STRANGER, ANONYMOUS, NOBODY):
            yield Case("owner", f"a {kind} read by {stranger}", get(document.path), False, stranger)
        if kind == "identity":
            continue
        parent, collection = document.path.rsplit("/", 2)[:2]
        for limit in (1, LIMIT):
            yield Case(kind, f"{limit} listed", query(parent, collection, limit), True)
        for beyond in (LIMIT + 1, 10**6, None):
            yield Case(kind, f"{beyond or 'all'} listed", query(parent, collection, beyond))
        for stranger in (STRANGER, ANONYMOUS, NOBODY):
            yield Case("owner", f"a list of {collection}, by {stranger}", query(parent, collection, 1), False, stranger)
        yield Case(kind, "listed over all parents", query("", collection, 1, group=True))
    yield Case("identity", "listed", query("", "users", 1))
    yield Case("identity", "all listed", query("", "users", None))


def _elsewhere() -> Iterator[Case]:
    thing = Document("", {"n": 1, "data": "x"})
    places = {
        "identity": ["other/thing", f"other/{UID}/conversations/seen"],
        "header": [f"users/{UID}/other/thing", f"users/{UID}/devices/thing"],
        "message": [f"{CONVERSATION}/other/thing"],
        "piece": [f"{MESSAGE}/other/thing", f"{MESSAGE}/pieces/1/pieces/1"],
        "blob": [f"users/{UID}/blobs/seen/other/thing"],
        "chunk": [f"{BLOB}/chunks/0/chunks/0"],
    }
    for kind, paths in places.items():
        for path in paths:
            yield Case(kind, f"something at {path} read", get(path))
            yield Case(kind, f"something written at {path}", write(thing.at(path)))
            yield Case(kind, f"something deleted at {path}", remove(path))
            parent, _, collection = path.rpartition("/")[0].rpartition("/")
            yield Case(kind, f"what lies beside {path} listed", query(parent, collection, 1))


def cases() -> list[Case]:
    """All of them; no two have the same name."""
    return [*_creating(), *_naming(), *_parents(), *_changing(), *_reading(), *_elsewhere()]

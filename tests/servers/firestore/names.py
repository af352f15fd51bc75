"""Names of databases, collections and documents, as the wire has them and as the store sorts them.

On the wire: `projects/P/databases/D/documents/users/u`. In the store: the database `projects/P/databases/D` and a
key, the segments joined by NUL bytes. Keys compared as bytes are in Firestore's order, segment by segment.
"""

from __future__ import annotations

import re

import grpc

from tests.servers.firestore.refusals import Refused

DEFAULT = "(default)"
_NAME = re.compile(r"(projects/[^/]+/databases/[^/]+)(?:/documents(?:/(.*))?)?", re.DOTALL)
_LEAST_ID = "__id-9223372036854775808__"
_RESERVED = re.compile(r"\.|\.\.|__.*__")


def database_name(project: str, database: str = DEFAULT) -> str:
    """The full name of a database."""
    return f"projects/{project}/databases/{database}"


def split(name: str) -> tuple[str, bytes]:
    """The database and the key of a full name; the key is b"" for the root of the documents. Raises Refused."""
    matched = _NAME.fullmatch(name)
    if not matched:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f'Resource name "{name}" is not valid.')
    return matched[1], key_of(matched[2] or "")


def document_key(name: str, database: str) -> bytes:
    """The key of a document of that database. Raises Refused for any other name."""
    found, key = split(name)
    segments = key.split(b"\0") if key else []
    if not segments or len(segments) % 2 or not all(segments):
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f'Document name "{name}" is not valid.')
    if found != database:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f'Document "{name}" is not in database {database}.')
    if any(_RESERVED.fullmatch(segment.decode()) for segment in segments) or len(key) > 6144:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f'Resource id in "{name}" is reserved or too long.')
    return key


def key_of(path: str) -> bytes:
    """The key of a path such as `users/u`.

    The client bounds "everything below a collection" by the least numeric id there can be, and by one in a
    collection whose name ends with NUL: keys that are before and after all others of the collection.
    """
    return path.replace(_LEAST_ID, "").replace("\0", "\1").replace("/", "\0").encode()


def path_of(key: bytes) -> str:
    """The path of a key."""
    return key.replace(b"\0", b"/").decode()


def full_name(database: str, key: bytes) -> str:
    """The full name of a document."""
    return f"{database}/documents/{path_of(key)}"


def parent(key: bytes) -> bytes:
    """The key of the collection that holds a document, or of the document that holds a collection."""
    return key.rpartition(b"\0")[0]


def last(key: bytes) -> str:
    """The last segment of a key."""
    return key.rpartition(b"\0")[2].decode()


def below(key: bytes) -> tuple[bytes, bytes]:
    """The range of keys, from and to (excluded), of everything below a document or collection."""
    return (key + b"\0", key + b"\1") if key else (b"", b"\xff")

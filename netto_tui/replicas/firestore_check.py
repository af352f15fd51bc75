"""Everything wrong with a Firestore replica that reading its conversations does not show."""

from __future__ import annotations

from collections.abc import Iterator

from netto_tui.replicas.base import Corrupt
from netto_tui.replicas.firestore_blobs import Blobs
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_documents import BLOBS, CONVERSATIONS, Header, is_name, read_header, read_user
from netto_tui.replicas.firestore_reading import Reading


def check(connection: Connection, reading: Reading, blobs: Blobs) -> Iterator[Corrupt]:
    """The identity, then headers against their messages, then blobs.

    Conversations that `reading` read whole already are not read again.
    """
    connection.begin()
    document, _ = connection.look()
    if document is not None and (fault := read_user(document).fault):
        yield Corrupt("identity", b"", fault)
    for name in connection.collections():
        if (name,) not in (CONVERSATIONS, BLOBS):
            yield Corrupt(name, b"", "It is no collection of netto-tui.", foreign=True)
    yield from _check_conversations(connection, reading)
    connection.begin()
    yield from blobs.check()


def _check_conversations(connection: Connection, reading: Reading) -> Iterator[Corrupt]:
    headers: dict[str, Header] = {}
    names: list[str] = []
    for page in connection.everything(CONVERSATIONS):
        connection.begin()
        names += [document.path[-1] for document in page]
        headers |= {document.path[-1]: read_header(document) for document in page if document.updated}
    for name in sorted(names):
        connection.begin()
        if not is_name(name):
            yield Corrupt("/".join((*CONVERSATIONS, name)), b"", "It is no conversation.", foreign=True)
            continue
        if name not in reading.whole:
            yield from reading.read_whole(name, headers.get(name)).corrupt
        yield from reading.whole[name]

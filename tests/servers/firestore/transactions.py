"""Optimistic transactions: they end ABORTED at commit when anything they read has changed since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import grpc

from tests.servers.firestore.faults import refusal
from tests.servers.firestore.query import Query
from tests.servers.firestore.refusals import Refused, invalid
from tests.servers.firestore.store import Row, Store

Versions = list[tuple[bytes, int]]


@dataclass
class Transaction:
    """What a transaction has read: versions of documents (None: it was not there) and answers of queries."""

    database: str
    read_only: bool
    documents: dict[bytes, int | None] = field(default_factory=dict)
    answers: list[tuple[Query, Versions]] = field(default_factory=list)

    def read(self, key: bytes, row: Row | None) -> None:
        """Remember a document as it was read first."""
        self.documents.setdefault(key, row.updated if row else None)

    def is_stale(self, store: Store) -> bool:
        """Whether anything read is not what it was."""
        return any(_version(store.get(self.database, key)) != seen for key, seen in self.documents.items()) or any(
            versions(query.run(store).rows) != seen for query, seen in self.answers
        )


class Transactions:
    """The transactions that are open, by their id. They are lost when the server ends, as in production."""

    def __init__(self) -> None:
        self._open: dict[bytes, Transaction] = {}

    def begin(self, database: str, read_only: bool) -> bytes:
        """Open one; its id."""
        identity = uuid.uuid4().bytes
        self._open[identity] = Transaction(database, read_only)
        return identity

    def get(self, identity: bytes, database: str) -> Transaction:
        """An open transaction of that database. Raises Refused."""
        found = self._open.get(identity)
        if found is None or found.database != database:
            raise invalid("The referenced transaction has expired or is no longer valid.")
        return found

    def end(self, identity: bytes, database: str) -> Transaction:
        """Close one, whatever becomes of it; what it was. Raises Refused."""
        found = self.get(identity, database)
        del self._open[identity]
        return found

    def settle(self, identity: bytes, database: str, writes: int, store: Store) -> None:
        """Close one at its commit. Raises Refused when it is stale, or read-only with writes."""
        ended = self.end(identity, database)
        if ended.read_only and writes:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "Cannot modify entities in a read-only transaction.")
        if ended.is_stale(store):
            raise refusal("ABORTED")


def versions(rows: list[Row]) -> Versions:
    """The keys and versions of an answer, in its order."""
    return [(row.key, row.updated) for row in rows]


def _version(row: Row | None) -> int | None:
    return row.updated if row else None

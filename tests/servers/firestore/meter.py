"""What a project would be billed: every document read, written and deleted, and every call made.

Rules of https://firebase.google.com/docs/firestore/pricing: each document returned is a read, a document asked for
that is not there too; a query is at least one; an offset bills what it skips; an aggregation is one read per
1,000 documents; a listener bills each added or changed document that it delivers, not the removed ones.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "write", "delete"]


@dataclass(frozen=True)
class Operation:
    """One billed operation. `path` is the document's, or the collection's where a query found nothing."""

    rpc: str
    kind: Kind
    project: str
    path: str


class Meter:
    """The operations since it was last cleared. `calls`: how often each RPC was called, refused ones too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.operations: list[Operation] = []
        self.calls: Counter[str] = Counter()

    def add(self, rpc: str, kind: Kind, database: str, paths: Iterable[str]) -> None:
        """Bill one operation per path."""
        project = database.split("/")[1]
        with self._lock:
            self.operations += [Operation(rpc, kind, project, path) for path in paths]

    def called(self, rpc: str) -> None:
        """Count a call."""
        with self._lock:
            self.calls[rpc] += 1

    def count(self, kind: Kind) -> int:
        """How many operations of that kind were billed."""
        with self._lock:
            return sum(operation.kind == kind for operation in self.operations)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self.operations = []
            self.calls = Counter()

"""The signed head of a Firestore replica: a field of the user document, written in the same commit as what it is about.

Its root is a digest over the number of the write, the slots of the keys, and every conversation's header, which has
a digest over the names of its messages; so whoever has the public key proves what is there from headers alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from netto_tui.replicas.base import Link, Signer
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_copy import Copy, count_messages
from netto_tui.replicas.firestore_documents import CONVERSATIONS, Cursor, Header, User, is_name, read_header

BRANCH = "all"
"""What the one branch of a Firestore replica is called."""


class Heads:
    """Heads of one replica. token: the latest one that is there."""

    def __init__(self, connection: Connection, copy: Copy) -> None:
        self._connection = connection
        self._copy = copy
        self._signer: Signer | None = None
        self._slots: Mapping[str, bytes] = {}
        self._signed = ""
        self.token = ""

    def begin(self, user: User, slots: Mapping[str, bytes], signer: Signer | None) -> None:
        """Expect writes after what the user document says; slots: those that it is to have."""
        self.token, self._slots, self._signer = user.head, slots, signer

    def fields(self, expected: Cursor, changed: Mapping[str, Header], *, gone: Collection[str] = ()) -> dict[str, Any]:
        """What the user document gets with these headers, and without some: the head, or nothing where nobody signs.

        Where the local copy was lost, all headers are read first.
        """
        if self._signer is None:
            return {}
        if self._copy.standing() != (expected.at, expected.n):
            self._read_all(expected)
        parts = self._copy.parts(part_digest)
        for prefix in {name[:2] for name in (*changed, *gone)}:
            own = {name: each for name, each in changed.items() if name.startswith(prefix)}
            after = {name: each for name, each in {**self._copy.part(prefix), **own}.items() if name not in gone}
            parts[prefix] = (part_digest(after) if after else "", count_messages(after))
        root, count = digest(expected.n + 1, parts, self._slots)
        self._signed = self._signer.sign(BRANCH, root, count, self.token)
        return {"head": self._signed}

    def written(self, expected: Cursor, after: Cursor) -> None:
        """Remember that the replica went on, and that the copy has every header of it if it had before."""
        if self._signer is not None:
            self.token = self._signed
        if self._copy.standing() == (expected.at, expected.n):
            self._copy.stand(after.at, after.n)

    def links(self, user: User, look: Callable[[], User | None]) -> Mapping[str, Sequence[Link]]:
        """The one state there is, as replicas.base.Chained has it; look: reads the user document again."""
        return {BRANCH: [Link(user.head, self._root(user, look), "the user document")]}

    def _root(self, user: User, look: Callable[[], User | None]) -> str:
        """Of what is there; "" where the copy does not have all of it, or somebody wrote while it was read."""
        if self._copy.standing() != (user.cursor.at, user.cursor.n):
            return ""
        parts, newest = self._copy.parts(part_digest), self._copy.newest()
        if newest > user.cursor.at:
            now = look()
            if now is None or now.cursor.at >= newest:
                return ""
        return digest(user.cursor.n, parts, user.slots)[0]

    def _read_all(self, expected: Cursor) -> None:
        headers = {
            document.path[-1]: read_header(document)
            for page in self._connection.everything(CONVERSATIONS)
            for document in page
            if document.updated and is_name(document.path[-1])
        }
        self._copy.put_headers(headers)
        self._copy.drop_headers(self._copy.headers().keys() - headers.keys())
        self._copy.stand(expected.at, expected.n)


def part_digest(headers: Mapping[str, Header]) -> str:
    """Of the headers of some conversations by name, 64 hex digits."""
    lines = [f"{name} {each.day} {each.count} {each.digest}\n" for name, each in sorted(headers.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest(sequence: int, parts: Mapping[str, tuple[str, int]], slots: Mapping[str, bytes]) -> tuple[str, int]:
    """The root, 64 hex digits, and how many messages there are.

    parts: by the first two letters of the names, the digest of those headers and how many messages they count.
    """
    lines = [f"{sequence}\n"]
    lines += [f"{prefix} {text}\n" for prefix, (text, _) in sorted(parts.items()) if text]
    lines += [f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(slots.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest(), sum(count for _, count in parts.values())

"""Bringing a Firestore replica from plain to sealed and back: its identity, and the deletion of the former documents.

Messages and blobs of the former form go first, many commits long; then their headers, in one commit with the user
document, whose condition is the compare-and-swap and whose head tells of what remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from netto_tui.errors import Moved, Unreachable
from netto_tui.replicas.base import Marker
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_copy import Copy
from netto_tui.replicas.firestore_documents import (
    BLOBS,
    COMMIT_WRITES,
    CONVERSATIONS,
    REMOVED,
    SERVER_TIME,
    USER,
    Cursor,
    Document,
    Path,
    Put,
    User,
    read_user,
    user_fields,
)
from netto_tui.replicas.firestore_faults import Lost, Stale
from netto_tui.replicas.firestore_heads import Heads
from netto_tui.replicas.firestore_quota import Quota
from netto_tui.replicas.forms import Form, form_of_name

ATTEMPTS = 4
"""How often an unanswered commit is sent again; a deletion that was done already does no harm."""

TOGETHER = COMMIT_WRITES - 50
"""How many conversations leave with one writing of the user document."""


class Converting:
    """How one replica is given another identity and stripped of what is not in a form."""

    def __init__(self, connection: Connection, copy: Copy, heads: Heads, quota: Quota, device: str) -> None:
        self._connection = connection
        self._copy = copy
        self._heads = heads
        self._quota = quota
        self._device = device
        self._gone = 0

    def mark(self, marker: Marker, user: User) -> None:
        """Write another identity into the user document. Raises Moved."""
        fields = user_fields(marker, self._device, user.cursor.n + 1)
        self._write_user({**fields, **({} if marker.keys else {"keys": REMOVED})}, [], user.cursor)

    def strip(self, form: Form, user: User) -> int:
        """Delete every document of the other form; how many went. Raises Moved, and Limited at the day's quota."""
        self._gone, cursor = 0, user.cursor
        for blob in self._left_over(BLOBS, form):
            self._delete([*self._all((*blob.path, "chunks")), blob.path])
        waiting: list[Path] = []
        for conversation in self._left_over(CONVERSATIONS, form):
            self._delete(self._messages(conversation.path))
            self._copy.drop(conversation.path[-1])
            if conversation.updated:  # else it was only a place for messages
                waiting.append(conversation.path)
            if len(waiting) >= TOGETHER:
                cursor, waiting = self._delete_headers(waiting, cursor), []
        slots = {"slots": REMOVED} if form == "plain" and user.slots else {}
        if waiting or slots:
            self._delete_headers(waiting, cursor, slots)
        self._gone += len(slots and user.slots)
        return self._gone

    def _left_over(self, collection: Path, form: Form) -> Iterator[Document]:
        """The documents of a collection that are of the other form, also those that have only others below."""
        found = [document for page in self._connection.everything(collection) for document in page]
        for document in found:
            if form_of_name(document.path[-1]) != form:
                self._connection.begin()
                yield document

    def _messages(self, conversation: Path) -> Iterator[Path]:
        """The messages of a conversation, each after its pieces."""
        for page in self._connection.everything((*conversation, "messages")):
            for message in page:
                if message.fields.get("pieces") != 1:
                    yield from self._all((*message.path, "pieces"))
                if message.updated:
                    yield message.path

    def _all(self, collection: Path) -> Iterator[Path]:
        for page in self._connection.everything(collection):
            yield from (document.path for document in page)

    def _delete(self, paths: Iterable[Path]) -> None:
        part: list[Path] = []
        for path in paths:
            part.append(path)
            if len(part) == COMMIT_WRITES:
                self._delete_some(part)
                part = []
        if part:
            self._delete_some(part)

    def _delete_some(self, paths: Sequence[Path]) -> None:
        self._require_quota(len(paths))
        for _ in range(ATTEMPTS):
            self._connection.begin()
            try:
                self._connection.commit([Put(path, {}, "delete") for path in paths])
                self._gone += len(paths)
                return
            except (Lost, Stale):
                continue
        raise Unreachable(f"{self._connection.place} does not answer writes.", remedy="Try again later.")

    def _delete_headers(self, paths: Sequence[Path], expected: Cursor, more: Mapping[str, Any] | None = None) -> Cursor:
        """Delete the headers of conversations that have no messages any more."""
        self._require_quota(len(paths) + 1)
        fields = {"device": self._device, "sequence": expected.n + 1, "updated_at": SERVER_TIME, **(more or {})}
        cursor = self._write_user(fields, paths, expected)
        self._gone += len(paths)
        return cursor

    def _write_user(self, fields: Mapping[str, Any], gone: Sequence[Path], expected: Cursor) -> Cursor:
        """Write the user document while conversations go. Raises Moved."""
        names = {path[-1] for path in gone}
        fields = {**fields, **self._heads.fields(expected, {}, gone=names)}
        puts = [*(Put(path, {}, "delete") for path in gone), Put(USER, fields, "update", expected.at)]
        for _ in range(ATTEMPTS):
            self._connection.begin()
            try:
                after = Cursor(self._connection.commit(puts)[-1], expected.n + 1)
            except (Stale, Lost):
                document, _ = self._connection.look()
                user = read_user(document) if document is not None else None
                if user is not None and user.cursor == expected:
                    continue
                if user is None or (user.cursor.n, user.device) != (expected.n + 1, self._device):
                    message = f"Another device wrote to {self._connection.place} first."
                    raise Moved(message, remedy="Nothing is lost; it is read again.") from None
                self._connection.spent_unseen(len(puts))
                after = user.cursor
            self._copy.drop_headers(names)
            self._heads.written(expected, after)
            return after
        raise Unreachable(f"{self._connection.place} does not answer writes.", remedy="Try again later.")

    def _require_quota(self, writes: int) -> None:
        left = self._quota.writes_left()
        if left is not None and left < writes:
            raise self._quota.paused(writes)

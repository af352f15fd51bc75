"""Reading conversations from Firestore, so that one more message costs one more read.

A header tells how many messages there are and their digest. What the local copy has that agrees
with it is not read again; else the newest messages that are missing are, and when those do not
make it agree, all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, starmap
from typing import Any

from netto_tui.errors import InvalidRecord, Limited
from netto_tui.model.formats import read_line
from netto_tui.model.revision import Record
from netto_tui.replicas.base import Corrupt, Held
from netto_tui.replicas.firestore_client import PAGE, Connection
from netto_tui.replicas.firestore_copy import Copy
from netto_tui.replicas.firestore_documents import (
    CONVERSATIONS,
    Document,
    Header,
    Path,
    is_name,
    message_fault,
    message_path,
    read_header,
)
from netto_tui.security.envelope import Envelope

GROUP = 100
"""How many headers are asked for at once."""

AHEAD = 8
FEW = 3
"""How many conversations are read at once, and fewer than how many one after the other."""


@dataclass
class Found:
    """What documents of one conversation hold.

    records: what is right, by the name of its document. sealed: of those the bytes, where the
    document is right as a whole. names: every document seen. faults: what is wrong beside records.
    """

    records: dict[str, Record] = field(default_factory=dict)
    sealed: dict[str, bytes] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    corrupt: list[Corrupt] = field(default_factory=list)
    faults: list[Corrupt] = field(default_factory=list)


class Reading:
    """How one replica is read. whole: what was wrong, by conversation, where all of it was read here."""

    def __init__(self, connection: Connection, copy: Copy, envelope: Envelope, now: Callable[[], int]) -> None:
        self._connection = connection
        self._copy = copy
        self._envelope = envelope
        self._now = now
        self._seen: set[str] = set()
        self._sent: dict[str, set[str]] = {}
        self._whole_reading = False
        self.whole: dict[str, tuple[Corrupt, ...]] = {}

    def note_headers(self, documents: Iterable[Document]) -> None:
        """Take over headers that a listing just brought, so that reading does not ask for them again."""
        headers = {document.path[-1]: read_header(document) for document in documents}
        self._copy.put_headers(headers)
        self._seen |= headers.keys()
        self._forget_whole(headers)

    def note_written(self, headers: Mapping[str, Header], messages: Iterable[Path]) -> None:
        """Take over headers that were just written, and remember messages, so that they are read back by name."""
        self._copy.put_headers(headers)
        self._forget_whole(headers)
        for _conversations, conversation, _messages, name in messages:
            self._sent.setdefault(conversation, set()).add(name)
            self._forget_whole([conversation])

    def begin_anew(self, resume_ms: int) -> None:
        """Forget what was read before, so that everything comes from the server again.

        A reading of everything that the day's quota cut off less than `resume_ms` ago goes on where it was.
        """
        cut_off = self._copy.interrupted()
        if not cut_off or self._now() - cut_off >= resume_ms:
            self._copy.clear()
        self._whole_reading = True
        self._seen.clear()
        self._sent.clear()
        self.whole.clear()

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """Each conversation with what is right and what is not."""
        try:
            for group in _groups(names):
                self._connection.begin()
                valid = list(dict.fromkeys(name for name in group if is_name(name)))
                headers = self._headers(valid)
                self._read_back(valid)
                unknown = {name: headers.get(name) for name in valid if not self._copy.names(name)}
                ahead, waiting = self._read_ahead(unknown), set(unknown)
                for name in group:
                    self._connection.begin()
                    found = next(ahead) if name in waiting else None
                    waiting.discard(name)
                    yield self._held(name, headers.get(name), found) if is_name(name) else Held(name)
                ahead.close()
            if self._whole_reading:
                self._copy.interrupt(0)
        except Limited:
            if self._whole_reading:
                self._copy.interrupt(self._now())
            raise

    def headers(self, names: Sequence[str]) -> dict[str, Header]:
        """The headers as they are on the server now; those that are not there are left out."""
        found = self._connection.get((*CONVERSATIONS, name) for name in names)
        headers = {path[-1]: read_header(document) for path, document in found.items()}
        self._copy.put_headers(headers)
        self._copy.drop_headers(set(names) - headers.keys())
        return headers

    def read_whole(self, name: str, header: Header | None) -> Found:
        """Every message of a conversation, from the server."""
        found = Found()
        expected = 1 + header.count if header and header.count > 0 else PAGE  # one more shows that there are more
        for page in self._connection.pages((*CONVERSATIONS, name, "messages"), expected=expected):
            self._take(name, page, found)
        self._copy.drop(name)
        self._copy.add(name, found.sealed)
        if (found.names or header) and (header is None or not header.agrees(found.names)):
            where = "/".join((*CONVERSATIONS, name))
            found.faults.append(Corrupt(where, b"", "The header does not agree with the messages."))
        self.whole[name] = tuple(found.faults)
        return found

    def _forget_whole(self, names: Iterable[str]) -> None:
        for name in names:
            self.whole.pop(name, None)

    def _headers(self, names: Sequence[str]) -> dict[str, Header]:
        unknown = [name for name in names if name not in self._seen]
        headers = self.headers(unknown) if unknown else {}
        for name in self._seen.intersection(names):
            self._seen.discard(name)
            if (header := self._copy.header(name)) is not None:
                headers[name] = header
        return headers

    def _read_back(self, names: Iterable[str]) -> None:
        """Read what was written since, many conversations in one question."""
        wanted = [message_path(name, sent) for name in names for sent in sorted(self._sent.pop(name, ()))]
        for start in range(0, len(wanted), PAGE):
            documents = self._connection.get(wanted[start : start + PAGE]).values()
            for conversation in {document.path[1] for document in documents}:
                found = Found()
                self._take(conversation, [each for each in documents if each.path[1] == conversation], found)
                self._copy.add(conversation, found.sealed)

    def _read_ahead(self, wanted: Mapping[str, Header | None]) -> Generator[Found, None, None]:
        """All messages of each conversation, in this order, several conversations at a time."""
        if len(wanted) < FEW:
            yield from starmap(self.read_whole, wanted.items())
            return
        pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="netto-firestore-read")
        try:
            left, waiting = iter(wanted.items()), deque[Future[Found]]()
            while True:
                for name, header in islice(left, AHEAD - len(waiting)):
                    waiting.append(pool.submit(self.read_whole, name, header))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _held(self, name: str, header: Header | None, found: Found | None) -> Held:
        if header is not None and found is None:
            known = self._copy.names(name)
            missing = header.count - len(known)
            if known and missing > 0:
                self._read_newest(name, missing)
                known = self._copy.names(name)
            if header.agrees(known) and (records := self._kept(name)) is not None:
                return Held(name, _sorted(records))
        found = found or self.read_whole(name, header)
        return Held(name, _sorted(found.records), tuple(found.corrupt))

    def _read_newest(self, name: str, count: int) -> None:
        for page in self._connection.newest((*CONVERSATIONS, name, "messages"), "written_at", count):
            found = Found()
            self._take(name, page, found)
            self._copy.add(name, found.sealed)

    def _kept(self, name: str) -> dict[str, Record] | None:
        """The records of the copy; None when one of them rotted here."""
        found: dict[str, Record] = {}
        for message, sealed in self._copy.messages(name).items():
            try:
                found[message] = self._open(name, message, sealed)
            except InvalidRecord:
                return None
        return found

    def _take(self, conversation: str, documents: Sequence[Document], found: Found) -> None:
        pieces = self._pieces(documents)
        for document in documents:
            name = document.path[-1]
            found.names.add(name)
            where = "/".join(document.path)
            parts = [document.fields.get("record"), *pieces.get(document.path, ())]
            text = "".join(part for part in parts if isinstance(part, str))
            sealed = text.encode(errors="replace")
            try:
                if not all(isinstance(part, str) for part in parts):
                    raise InvalidRecord("Part of the message is missing.")
                record = self._open(conversation, name, sealed)
            except InvalidRecord as error:
                found.corrupt.append(Corrupt(where, sealed, error.message))
                continue
            found.records[name] = record
            if fault := message_fault(self._envelope, record, document.fields):
                found.corrupt.append(Corrupt(where, sealed, fault))
            else:
                found.sealed[name] = sealed

    def _pieces(self, documents: Sequence[Document]) -> dict[Path, list[Any]]:
        """The texts of the pieces of long messages, in order; None for one that is missing."""
        wanted: dict[Path, list[Path]] = {}
        for document in documents:
            count = document.fields.get("pieces")
            if type(count) is not int or not 1 <= count <= 1000:
                wanted[document.path] = [document.path]  # no piece lies there
            elif count > 1:
                wanted[document.path] = [(*document.path, "pieces", str(number)) for number in range(1, count)]
        there: Mapping[Path, Document] = {}
        if asked := [path for paths in wanted.values() for path in paths if len(path) > 4]:
            there = self._connection.get(asked)
        return {
            message: [there[path].fields.get("data") if path in there else None for path in paths]
            for message, paths in wanted.items()
        }

    def _open(self, conversation: str, name: str, sealed: bytes) -> Record:
        """Raises InvalidRecord for anything that is not the record of this name in this conversation."""
        record = read_line(self._envelope.open(sealed))
        if self._envelope.name(record.id) != name or self._envelope.name(record.rev.conversation) != conversation:
            raise InvalidRecord("The record is another one than its place says.")
        return record


def _sorted(records: Mapping[str, Record]) -> tuple[Record, ...]:
    return tuple(sorted(records.values(), key=lambda record: record.order))


def _groups(names: Iterable[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for name in names:
        group.append(name)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group

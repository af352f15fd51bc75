"""Talking to Firestore through firebase-admin: every call bounded, counted, and below one user's document.

The libraries are loaded by the first call. The Admin SDK bypasses the security rules, so paths are
tuples below `users/{uid}` here, and nothing else can be asked for. No call leaves retries to the
library, which would repeat what ran out of quota for a minute (facts: python-firestore's defaults).
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, Protocol, TypeVar

from netto_tui.errors import Cancelled, Limited, Unreachable
from netto_tui.replicas.deadline import CALL_SECONDS, within
from netto_tui.replicas.firestore_documents import REMOVED, SERVER_TIME, USER, Document, Path, Put
from netto_tui.replicas.firestore_faults import Absent, Lost, Stale, kind_of, translate
from netto_tui.security.credentials import firebase_credential

RPC_SECONDS = 30.0
"""How long one call to the server may take."""

ATTEMPTS = 4
FIRST_PAUSE = 0.25
"""How often a call that is harmless to repeat is tried, and the pause in seconds after the first, doubling."""

PAGE = 300
"""How many documents one call reads at most."""

T = TypeVar("T")


class Spending(Protocol):
    """Who keeps account of what calls cost."""

    def spend(self, reads: int, writes: int) -> None:
        """Note documents as they are billed."""
        ...

    def reserve(self, reads: int) -> int:
        """How many of so many reads there are left for; they are until released. Raises Limited for none."""
        ...

    def release(self, reads: int) -> None:
        """Take back what was reserved."""
        ...


class Connection:
    """One user's documents. requests: calls so far."""

    def __init__(
        self,
        place: tuple[str, str, str],
        cancel: threading.Event,
        spending: Spending,
        now: Callable[[], int],
    ) -> None:
        self.project, self.uid, self.database = place
        self.place = f"Firestore project {self.project}" + (f" ({self.database})" if self.database else "")
        self.requests = 0
        self._cancel = cancel
        self._spending = spending
        self._now = now
        self._until = monotonic() + CALL_SECONDS
        self._guard = threading.Lock()  # several threads read
        self._app: Any = None
        self._client: Any = None

    def begin(self) -> None:
        """Let the time of a public call begin now."""
        self._until = monotonic() + CALL_SECONDS

    def look(self) -> tuple[Document | None, int]:
        """The user document, None when there is none, and the server's clock in milliseconds; one read."""
        found, clock_ms = self._call(lambda seconds: self._get([USER], seconds), reads=lambda _: 1)
        return found.get(USER), clock_ms

    def get(self, paths: Iterable[Path]) -> dict[Path, Document]:
        """The documents that are there, by path; each that is not costs a read as well."""
        wanted = list(paths)
        found: dict[Path, Document] = {}
        while wanted:
            with self._reserved(min(PAGE, len(wanted))) as granted:
                some, wanted = wanted[:granted], wanted[granted:]
                found |= self._get_some(some)
        return found

    def pages(
        self, collection: Path, *, since: tuple[str, int] | None = None, expected: int = PAGE
    ) -> Iterator[list[Document]]:
        """All documents of a collection, or those whose time in a field is not before an instant (ns).

        expected: about how many there are; the first page is no longer than that.
        """

        def shape(query: Any) -> Any:
            from google.cloud.firestore_v1 import FieldFilter

            if since is None:
                return query.order_by("__name__")
            return query.where(filter=FieldFilter(since[0], ">=", _timestamp(since[1]))).order_by(since[0])

        return self._follow(collection, shape, expected)

    def newest(self, collection: Path, field: str, count: int) -> Iterator[list[Document]]:
        """The documents with the latest times in a field, latest first, as many as asked for."""
        return self._follow(collection, lambda query: query.order_by(field, direction="DESCENDING"), count, exact=True)

    def names(self, collection: Path) -> set[str]:
        """The names of all documents of a collection; costs as much as reading them."""
        pages = self._follow(collection, lambda query: query.order_by("__name__").select([]), PAGE)
        return {document.path[-1] for page in pages for document in page}

    def is_empty(self, collection: Path) -> bool:
        """Whether a collection has no document; one read."""
        return not next(self._follow(collection, lambda query: query.select([]), 1, exact=True))

    def everything(self, collection: Path) -> Iterator[list[Document]]:
        """All documents of a collection, and what is only a place for others: that has no fields, and the time 0."""
        after = ""
        while True:
            with self._reserved(PAGE) as granted:
                ask = partial(self._list, collection, granted, after)
                page, after = self._call(ask, reads=lambda answer: max(1, len(answer[0])))
            yield page
            if not after:
                return

    def collections(self) -> list[str]:
        """The collections below the user document."""

        def ask(seconds: float) -> list[str]:
            return [found.id for found in self._user().collections(retry=None, timeout=seconds)]

        return self._call(ask, reads=lambda _: 1)

    def commit(self, puts: Sequence[Put]) -> list[int]:
        """Write all or nothing; returns the documents' times. Raises Stale, Lost, and what reading raises."""
        try:
            return self._call(lambda seconds: self._commit(puts, seconds), writes=len(puts), repeat=False)
        except (Limited, Absent):
            raise
        except Unreachable:
            if monotonic() > self._until:
                raise
            raise Lost from None

    def spent_unseen(self, writes: int) -> None:
        """Note writes that turned out to be done although no answer came."""
        self._spending.spend(0, writes)

    def count_requests(self, count: int) -> None:
        """Note calls to the server."""
        with self._guard:
            self.requests += count

    def stream(self) -> tuple[Any, Any]:
        """What a listener needs: the client's interface to the server, and the user document."""
        user = self._user()
        return user._client, user

    def close(self) -> None:
        """Let go of the connection."""
        app, client, self._app, self._client = self._app, self._client, None, None
        if app is None:
            return
        import firebase_admin

        firebase_admin.delete_app(app)
        if (api := client._firestore_api_internal) is not None:  # the client has no close of its own
            api.transport.close()

    def _call(
        self,
        action: Callable[[float], T],
        *,
        reads: Callable[[T], int] = lambda _: 0,
        writes: int = 0,
        repeat: bool = True,
    ) -> T:
        """One question, asked again with growing pauses while that is harmless and there is time."""
        for attempt in range(1, ATTEMPTS + 1):
            left = self._until - monotonic()
            if self._cancel.is_set():
                raise Cancelled(f"Stopped while talking to {self.place}.")
            if left <= 0:
                raise Unreachable(f"{self.place} did not finish in {CALL_SECONDS:.0f} s.", remedy="Try again later.")
            seconds = min(RPC_SECONDS, left)
            self.count_requests(1)
            try:
                answer = within(seconds + 1, self._cancel, self.place, partial(action, seconds))
            except Cancelled:
                raise
            except Exception as error:
                kind = kind_of(error)
                again = kind == "transient" or (kind == "lost" and repeat)
                if not again or attempt == ATTEMPTS:
                    if not repeat and kind in ("lost", "stale"):
                        raise (Lost if kind == "lost" else Stale) from None
                    raise translate(error, self.place, self._now()) from None
                self._cancel.wait(min(FIRST_PAUSE * 2 ** (attempt - 1), left))
            else:
                self._spending.spend(reads(answer), writes)
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _get_some(self, paths: Sequence[Path]) -> dict[Path, Document]:
        return self._call(partial(self._get, paths), reads=lambda _: len(paths))[0]

    def _get(self, paths: Sequence[Path], seconds: float) -> tuple[dict[Path, Document], int]:
        found: dict[Path, Document] = {}
        read_ms = 0
        references = [self._reference(path) for path in paths]
        for snapshot in self._client.get_all(references, retry=None, timeout=seconds):
            read_ms = _nanoseconds(snapshot.read_time) // 1_000_000
            if snapshot.exists:
                document = self._document(snapshot)
                found[document.path] = document
        return found, read_ms

    def _follow(
        self, collection: Path, shape: Callable[[Any], Any], wanted: int, *, exact: bool = False
    ) -> Iterator[list[Document]]:
        """Page by page what a query finds; exact: no more than `wanted`, which else is only the first page."""
        after: Any = None
        while True:
            with self._reserved(min(PAGE, wanted)) as granted:
                ask = partial(self._page, collection, shape, granted, after)
                page, after = self._call(ask, reads=lambda answer: max(1, len(answer[0])))
            yield page
            wanted = wanted - len(page) if exact else PAGE
            if len(page) < granted or not wanted:
                return

    def _page(
        self, collection: Path, shape: Callable[[Any], Any], limit: int, after: Any, seconds: float
    ) -> tuple[list[Document], Any]:
        """One page, and where it ended."""
        from google.api_core.retry import Retry

        query = shape(self._reference(collection)).limit(limit)
        if after is not None:
            query = query.start_after(after)
        never = Retry(predicate=lambda _error: False)  # with None the library fails at its own error handling
        snapshots = list(query.stream(retry=never, timeout=seconds))
        return [self._document(snapshot) for snapshot in snapshots], snapshots[-1] if snapshots else None

    def _list(self, collection: Path, limit: int, after: str, seconds: float) -> tuple[list[Document], str]:
        """One page, and the token of the next; the library's own listing drops the fields."""
        from google.cloud.firestore_v1._helpers import decode_dict

        reference = self._reference(collection)
        request = {
            "parent": reference.parent._document_path,
            "collection_id": reference.id,
            "page_size": limit,
            "page_token": after,
            "show_missing": True,
        }
        client = self._client
        api, metadata = client._firestore_api, client._rpc_metadata
        answer = next(api.list_documents(request=request, metadata=metadata, retry=None, timeout=seconds).pages)
        found = []
        for each in answer.documents:
            fields: Any = decode_dict(each.fields, client)
            path = (*collection, each.name.rpartition("/")[2])
            found.append(Document(path, fields, _nanoseconds(each.update_time)))
        return found, answer.next_page_token

    @contextmanager
    def _reserved(self, reads: int) -> Iterator[int]:
        """So many reads of the day's, or fewer, while they are asked for. Raises Limited when none is left."""
        granted = self._spending.reserve(reads)
        try:
            yield granted
        finally:
            self._spending.release(granted)

    def _commit(self, puts: Sequence[Put], seconds: float) -> list[int]:
        from google.cloud.firestore_v1 import DELETE_FIELD, SERVER_TIMESTAMP

        self._user()
        batch = self._client.batch()
        signs = {id(SERVER_TIME): SERVER_TIMESTAMP, id(REMOVED): DELETE_FIELD}
        for put in puts:
            reference = self._reference(put.path)
            fields = {name: signs.get(id(value), value) for name, value in put.fields.items()}
            if put.mode == "create":
                batch.create(reference, fields)
            elif put.mode == "update":
                option = self._client.write_option(last_update_time=_timestamp(put.updated).timestamp_pb())
                batch.update(reference, fields, option=option)
            elif put.mode == "delete":
                batch.delete(reference)
            else:
                batch.set(reference, fields)
        return [_nanoseconds(result.update_time) for result in batch.commit(retry=None, timeout=seconds)]

    def _reference(self, path: Path) -> Any:
        """A document or collection below the user document, and nowhere else."""
        reference = self._user()
        for depth, name in enumerate(path):
            if not name or "/" in name:
                raise ValueError("a name with a slash would lead elsewhere")
            reference = reference.document(name) if depth % 2 else reference.collection(name)
        return reference

    def _document(self, snapshot: Any) -> Document:
        path = tuple(snapshot.reference._path[2:])
        return Document(path, snapshot.to_dict() or {}, _nanoseconds(snapshot.update_time))

    def _user(self) -> Any:
        with self._guard:
            return self._open().collection("users").document(self.uid)

    def _open(self) -> Any:
        if self._client is None:
            os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to stderr, into the screens of the app
            os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
            import firebase_admin
            from firebase_admin import firestore

            credential = firebase_credential(self.project)
            options = {"projectId": self.project}
            self._app = firebase_admin.initialize_app(credential, options, name=f"netto-{uuid.uuid4().hex}")
            self._client = firestore.client(self._app, self.database or None)
        return self._client


def _nanoseconds(instant: Any) -> int:
    """Of a time as the library gives it."""
    return int(instant.timestamp_pb().ToNanoseconds()) if instant is not None else 0


def _timestamp(nanoseconds: int) -> Any:
    from google.api_core.datetime_helpers import DatetimeWithNanoseconds

    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    exact: Any = DatetimeWithNanoseconds  # it has no types
    return exact(*whole.timetuple()[:6], nanosecond=rest, tzinfo=UTC)

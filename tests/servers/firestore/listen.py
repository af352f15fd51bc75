"""Listeners: one stream with targets (documents or a query), told of every commit that concerns them.

Order of messages, as the clients expect it: ADD, the documents, CURRENT, then NO_CHANGE without a target, which
is a consistent state with its resume token. A token is the database's incarnation and a commit time: a target
resumed with it gets what changed since; with a token of another incarnation a RESET and everything.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.cloud.firestore_v1.types import firestore as service_types

from tests.servers.firestore import names
from tests.servers.firestore.meter import Meter
from tests.servers.firestore.query import Query
from tests.servers.firestore.refusals import Refused
from tests.servers.firestore.store import Row, Store, timestamp

Change = service_types.TargetChange.TargetChangeType
ListenResponse = service_types.ListenResponse.pb()


@dataclass(frozen=True)
class _Asked:
    """The client's own request on the stream."""

    request: Any


@dataclass(frozen=True)
class _Changed:
    """A commit wrote these keys."""

    keys: frozenset[bytes]


@dataclass(frozen=True)
class _Reset:
    """All targets begin anew."""


@dataclass(frozen=True)
class _Ended:
    """The stream is over: with a refusal, or because the client went away."""

    refusal: Refused | None


Event = _Asked | _Changed | _Reset | _Ended


@dataclass
class _Target:
    """One target. `known`: the versions of the documents that the client has."""

    number: int
    query: Query | None
    keys: frozenset[bytes]
    known: dict[bytes, int] = field(default_factory=dict)

    def concerned(self, keys: frozenset[bytes]) -> frozenset[bytes]:
        """Those of the keys that it listens to."""
        if self.query is None:
            return keys & self.keys
        return frozenset(key for key in keys if self.query.scope.holds(key))

    def answer(self, store: Store, database: str) -> dict[bytes, Row]:
        """All its documents now, in order."""
        if self.query is not None:
            return {row.key: row for row in self.query.run(store).rows}
        return {key: row for key in sorted(self.keys) if (row := store.get(database, key))}

    def answer_among(self, keys: frozenset[bytes], store: Store, database: str) -> dict[bytes, Row]:
        """Those of its documents now that have one of these keys."""
        rows = (row for key in sorted(keys) if (row := store.get(database, key)))
        return {row.key: row for row in rows if self.query is None or self.query.matches(row)}


class Listener:
    """One stream of a client to one database. query: makes a query of a database, a parent's name and a message."""

    def __init__(self, store: Store, meter: Meter, database: str, query: Callable[[str, str, Any], Query]) -> None:
        self.database = database
        self.silent = False
        self._store = store
        self._meter = meter
        self._query = query
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._targets: dict[int, _Target] = {}

    def ask(self, request: Any) -> None:
        """Take a request of the client."""
        self._events.put(_Asked(request))

    def changed(self, keys: frozenset[bytes]) -> None:
        """Take note of a commit. Called with the store's lock held, so that no commit is overtaken by a token."""
        self._events.put(_Changed(keys))

    def reset(self) -> None:
        """Let the client begin anew."""
        self._events.put(_Reset())

    def end(self, refusal: Refused | None = None) -> None:
        """End the stream."""
        self._events.put(_Ended(refusal))

    def responses(self) -> Iterator[Any]:
        """What the client is sent, until the end. Raises Refused."""
        while True:
            events = [self._events.get()]
            with self._store.lock:
                with contextlib.suppress(queue.Empty):
                    while True:
                        events.append(self._events.get_nowait())
                ready = [] if self.silent else list(self._react(events))
            yield from ready
            for event in events:
                if isinstance(event, _Ended):
                    if event.refusal:
                        raise event.refusal
                    return

    def _react(self, events: list[Event]) -> Iterator[Any]:
        keys = frozenset(key for event in events if isinstance(event, _Changed) for key in event.keys)
        for target in self._targets.values():
            if concerned := target.concerned(keys):
                if target.query is not None and target.query.limited:
                    yield from self._differences(target, target.answer(self._store, self.database))
                else:
                    found = target.answer_among(concerned, self._store, self.database)
                    yield from self._differences(target, found, concerned)
        if keys and self._targets:
            yield self._state(Change.NO_CHANGE)
        for event in events:
            if isinstance(event, _Asked):
                yield from self._obey(event.request)
            elif isinstance(event, _Reset):
                for target in self._targets.values():
                    yield from self._begin_anew(target)

    def _obey(self, request: Any) -> Iterator[Any]:
        if request.HasField("add_target"):
            yield from self._add(request.add_target)
        elif request.HasField("remove_target") and self._targets.pop(request.remove_target, None):
            yield self._state(Change.REMOVE, request.remove_target)

    def _add(self, asked: Any) -> Iterator[Any]:
        query = None
        if asked.HasField("query"):
            query = self._query(self.database, asked.query.parent, asked.query.structured_query)
        keys = frozenset(names.document_key(name, self.database) for name in asked.documents.documents)
        target = self._targets[asked.target_id] = _Target(asked.target_id, query, keys)
        yield self._state(Change.ADD, target.number)
        incarnation, _, at = asked.resume_token.decode(errors="replace").partition(":")
        if not asked.resume_token:
            yield from self._send_all(target)
        elif incarnation != self._store.incarnation(self.database) or not at.isdigit():
            yield from self._begin_anew(target)
        else:
            yield from self._resume(target, int(at))

    def _resume(self, target: _Target, at: int) -> Iterator[Any]:
        found = target.answer(self._store, self.database)
        changed = target.concerned(frozenset(self._store.changed_since(self.database, at)))
        if changed and target.query is not None and target.query.limited:
            yield from self._begin_anew(target)  # what the limit cut off then cannot be told any more
            return
        target.known = {key: row.updated for key, row in found.items() if row.updated <= at}
        target.known |= {key: 0 for key in changed}  # the client may have an earlier version of any of them
        yield from self._differences(target, found)
        yield self._state(Change.CURRENT, target.number)
        yield self._state(Change.NO_CHANGE)

    def _begin_anew(self, target: _Target) -> Iterator[Any]:
        yield self._state(Change.RESET, target.number)
        yield from self._send_all(target)

    def _send_all(self, target: _Target) -> Iterator[Any]:
        target.known = {key: 0 for key in target.keys}
        found = target.answer(self._store, self.database)
        if not found:
            self._meter.add("Listen", "read", self.database, [self._place(target)])
        yield from self._differences(target, found)
        yield self._state(Change.CURRENT, target.number)
        yield self._state(Change.NO_CHANGE)

    def _place(self, target: _Target) -> str:
        return target.query.scope.collection if target.query else names.path_of(min(target.keys))

    def _differences(
        self, target: _Target, found: dict[bytes, Row], among: frozenset[bytes] | None = None
    ) -> Iterator[Any]:
        """Tell what is found and new, and what is known and no longer found (of the keys `among`, if given)."""
        for key in [key for key in target.known if key not in found and (among is None or key in among)]:
            del target.known[key]
            yield self._gone(target, key)
        for key, row in found.items():
            if target.known.get(key) != row.updated:
                target.known[key] = row.updated
                self._meter.add("Listen", "read", self.database, [names.path_of(key)])
                response = ListenResponse()
                sent = target.query.sent(row) if target.query else row.message(self.database)
                response.document_change.document.CopyFrom(sent)
                response.document_change.target_ids.append(target.number)
                yield response

    def _gone(self, target: _Target, key: bytes) -> Any:
        response = ListenResponse()
        still_there = self._store.get(self.database, key) is not None
        told = response.document_remove if still_there else response.document_delete
        told.document = names.full_name(self.database, key)
        told.removed_target_ids.append(target.number)
        told.read_time.CopyFrom(timestamp(self._store.read_time()))
        return response

    def _state(self, change: int, number: int | None = None) -> Any:
        response = ListenResponse()
        response.target_change.target_change_type = change
        if number is not None:
            response.target_change.target_ids.append(number)
        if change in (Change.CURRENT, Change.NO_CHANGE):
            token = f"{self._store.incarnation(self.database)}:{self._store.last}"
            response.target_change.resume_token = token.encode()
            response.target_change.read_time.CopyFrom(timestamp(self._store.read_time()))
        return response

"""The calls of google.firestore.v1.Firestore that the Python client makes, over the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import grpc
from google.cloud.firestore_v1.types import firestore as service_types
from google.protobuf.empty_pb2 import Empty

from tests.servers.firestore import names
from tests.servers.firestore.aggregate import aggregate
from tests.servers.firestore.faults import Faults, refusal, wait
from tests.servers.firestore.fields import project
from tests.servers.firestore.indexes import Indexes
from tests.servers.firestore.listen import Listener
from tests.servers.firestore.meter import Meter
from tests.servers.firestore.query import Answer, Query
from tests.servers.firestore.refusals import Refused, invalid
from tests.servers.firestore.store import DocumentMessage, Row, Store, timestamp
from tests.servers.firestore.transactions import Transaction, Transactions, versions
from tests.servers.firestore.writes import Commit

MAX_REQUEST = 10 * 2**20
_PER_READ = 1000  # documents counted by an aggregation for one billed read
_PAUSE_AFTER_REFUSED_LISTEN = 0.05  # the client listens again at once, without any pause of its own


class Service:
    """All RPCs of one server. `create_on_use`: a database exists as soon as somebody asks for it.

    indexes: None answers queries that need an index which nobody declared.
    """

    def __init__(
        self, store: Store, meter: Meter, faults: Faults, *, create_on_use: bool, indexes: Indexes | None
    ) -> None:
        self.store = store
        self.meter = meter
        self.faults = faults
        self.listeners: list[Listener] = []
        self._create_on_use = create_on_use
        self._indexes = indexes
        self._transactions = Transactions()

    def handler(self) -> grpc.GenericRpcHandler:
        """What a gRPC server needs to know of it."""
        unary = [
            ("Commit", self._commit),
            ("BatchWrite", self._batch_write),
            ("BeginTransaction", self._begin_transaction),
            ("Rollback", self._rollback),
            ("ListDocuments", self._list_documents),
            ("ListCollectionIds", self._list_collection_ids),
            ("PartitionQuery", self._partition_query),
        ]
        streams = [
            ("BatchGetDocuments", self._batch_get),
            ("RunQuery", self._run_query),
            ("RunAggregationQuery", self._run_aggregation_query),
        ]
        methods = {rpc: self._unary(rpc, work) for rpc, work in unary}
        methods |= {rpc: self._stream(rpc, work) for rpc, work in streams}
        request, response = service_types.ListenRequest.pb(), service_types.ListenResponse.pb()
        methods["Listen"] = grpc.stream_stream_rpc_method_handler(
            self._listen, request.FromString, response.SerializeToString
        )
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", methods)

    def _unary(self, rpc: str, work: Callable[[str, Any, Any], None]) -> grpc.RpcMethodHandler[Any, Any]:
        request_type, response_type = _messages(rpc)

        def call(request: Any, context: grpc.ServicerContext) -> Any:
            response = response_type()
            try:
                database = self._admit(rpc, request, context)
                with self.store.lock:
                    work(database, request, response)
                self.faults.meet(rpc, context, after=True)
            except Refused as refused:
                context.abort(refused.code, refused.message)
            return response

        return grpc.unary_unary_rpc_method_handler(call, request_type.FromString, response_type.SerializeToString)

    def _stream(self, rpc: str, work: Callable[[str, Any], Iterator[Any]]) -> grpc.RpcMethodHandler[Any, Any]:
        request_type, response_type = _messages(rpc)

        def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                database = self._admit(rpc, request, context)
                with self.store.lock:
                    responses = list(work(database, request))
                yield from responses[:1]
                self.faults.meet(rpc, context, after=True)
                yield from responses[1:]
            except Refused as refused:
                context.abort(refused.code, refused.message)

        return grpc.unary_stream_rpc_method_handler(call, request_type.FromString, response_type.SerializeToString)

    def _admit(self, rpc: str, request: Any, context: grpc.ServicerContext) -> str:
        """The database a call is for. Raises Refused when the call goes no further."""
        self.meter.called(rpc)
        self.faults.meet(rpc, context, after=False)
        if request.ByteSize() > MAX_REQUEST:
            raise invalid(f"Request payload size exceeds the limit: {MAX_REQUEST} bytes.")
        named = request.database if "database" in request.DESCRIPTOR.fields_by_name else request.parent
        database = names.split(named)[0]
        if self._create_on_use:
            self.store.create(database)
        if self.store.incarnation(database) is None:
            _, project_id, _, short = database.split("/")
            raise Refused(
                grpc.StatusCode.NOT_FOUND,
                f"The database {short} does not exist for project {project_id} Please visit "
                f"https://console.cloud.google.com/datastore/setup?project={project_id} to add a Cloud Datastore "
                "or Cloud Firestore database.",
            )
        return database

    def apply(self, database: str, writes: Any, transaction: bytes = b"", rpc: str = "Commit") -> Commit:
        """Commit writes, tell the listeners and the meter. Raises Refused; then nothing is written."""
        with self.store.lock:
            if transaction:
                self._transactions.settle(transaction, database, len(writes), self.store)
            commit = Commit(self.store, database, writes)
            commit.store()
            if rpc:
                for key, is_deletion in commit.written:
                    self.meter.add(rpc, "delete" if is_deletion else "write", database, [names.path_of(key)])
            for listener in self.listeners:
                if listener.database == database and commit.changes:
                    listener.changed(frozenset(commit.changes))
            return commit

    def _commit(self, database: str, request: Any, response: Any) -> None:
        commit = self.apply(database, request.writes, request.transaction)
        response.write_results.extend(commit.results)
        response.commit_time.CopyFrom(timestamp(commit.at))

    def _batch_write(self, database: str, request: Any, response: Any) -> None:
        named = [write.update.name or write.delete or write.transform.document for write in request.writes]
        if len(set(named)) < len(named):
            raise invalid("A batch write cannot write the same document more than once.")
        for write in request.writes:
            result, status = response.write_results.add(), response.status.add()
            try:
                result.CopyFrom(self.apply(database, [write], rpc="BatchWrite").results[0])
            except Refused as refused:
                status.code, status.message = refused.code.value[0], refused.message

    def _begin_transaction(self, database: str, request: Any, response: Any) -> None:
        response.transaction = self._begin(database, request.options)

    def _begin(self, database: str, options: Any) -> bytes:
        _only_now(options.read_only)
        return self._transactions.begin(database, options.HasField("read_only"))

    def _rollback(self, database: str, request: Any, response: Any) -> None:
        self._transactions.end(request.transaction, database)

    def _transaction(self, database: str, request: Any) -> tuple[Transaction | None, bytes]:
        """The transaction a reading belongs to, and its id if it begins with this reading."""
        _only_now(request)
        if request.HasField("new_transaction"):
            begun = self._begin(database, request.new_transaction)
            return self._transactions.get(begun, database), begun
        return (self._transactions.get(request.transaction, database) if request.transaction else None), b""

    def _batch_get(self, database: str, request: Any) -> Iterator[Any]:
        transaction, begun = self._transaction(database, request)
        new = service_types.BatchGetDocumentsResponse.pb()
        if begun:
            yield new(transaction=begun)
        read_time = timestamp(self.store.read_time())
        for name in dict.fromkeys(request.documents):
            key = names.document_key(name, database)
            row = self.store.get(database, key)
            self.meter.add("BatchGetDocuments", "read", database, [names.path_of(key)])
            if transaction:
                transaction.read(key, row)
            if row is None:
                yield new(missing=name, read_time=read_time)
            else:
                yield new(found=_masked(row.message(database), request), read_time=read_time)

    def query(self, database: str, parent: str, message: Any) -> Query:
        """A query that the server answers. Raises Refused for any other."""
        query = Query(database, names.split(parent)[1], message)
        if self._indexes:
            self._indexes.check(query)
        return query

    def _query(self, database: str, request: Any, message: Any) -> tuple[Query, Answer, bytes]:
        transaction, begun = self._transaction(database, request)
        query = self.query(database, request.parent, message)
        answer = query.run(self.store)
        if transaction:
            transaction.answers.append((query, versions(answer.rows)))
        return query, answer, begun

    def _run_query(self, database: str, request: Any) -> Iterator[Any]:
        query, answer, begun = self._query(database, request, request.structured_query)
        place = "/".join(filter(None, (names.path_of(query.scope.parent), query.scope.collection)))
        self._bill(database, "RunQuery", answer.rows, place, answer.skipped)
        new = service_types.RunQueryResponse.pb()
        read_time = timestamp(self.store.read_time())
        if begun or answer.skipped or not answer.rows:
            yield new(transaction=begun, read_time=read_time, skipped_results=answer.skipped)
        for row in answer.rows:
            yield new(document=query.sent(row), read_time=read_time)

    def _run_aggregation_query(self, database: str, request: Any) -> Iterator[Any]:
        asked = request.structured_aggregation_query
        query, answer, begun = self._query(database, request, asked.structured_query)
        billed = max(1, -(-len(answer.rows) // _PER_READ))
        self.meter.add("RunAggregationQuery", "read", database, [query.scope.collection] * billed)
        yield service_types.RunAggregationQueryResponse.pb()(
            result=aggregate(answer.rows, asked.aggregations),
            transaction=begun,
            read_time=timestamp(self.store.read_time()),
        )

    def _bill(self, database: str, rpc: str, rows: list[Row], place: str, skipped: int = 0) -> None:
        paths = [names.path_of(row.key) for row in rows] + [place] * skipped
        self.meter.add(rpc, "read", database, paths or [place])

    def _list_documents(self, database: str, request: Any, response: Any) -> None:
        _only_now(request)
        parent = names.split(request.parent)[1]
        collection = b"\0".join(filter(None, (parent, request.collection_id.encode())))
        size = request.page_size or 300
        rows: list[Row] = []
        listed = 0
        for segment in self.store.segments(database, collection):
            if request.page_token and segment <= request.page_token:
                continue
            if listed == size:
                response.next_page_token = names.last(names.key_of(response.documents[-1].name))
                break
            key = collection + b"\0" + segment.encode()
            row = self.store.get(database, key)
            if row is not None:
                rows.append(row)
                response.documents.append(_masked(row.message(database), request))
            elif request.show_missing:
                response.documents.append(DocumentMessage(name=names.full_name(database, key)))
            else:
                continue
            listed += 1
        self._bill(database, "ListDocuments", rows, names.path_of(collection))

    def _list_collection_ids(self, database: str, request: Any, response: Any) -> None:
        parent = names.split(request.parent)[1]
        self.meter.add("ListCollectionIds", "read", database, [names.path_of(parent)])
        response.collection_ids.extend(self.store.segments(database, parent))

    def _partition_query(self, database: str, request: Any, response: Any) -> None:
        """One partition: the whole query."""

    def _listen(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        listener = None
        try:
            first = next(requests, None)
            if first is None:
                return
            listener = Listener(self.store, self.meter, self._admit("Listen", first, context), self.query)
            if not context.add_callback(listener.end):
                return
            listener.ask(first)
            with self.store.lock:
                self.listeners.append(listener)
            threading.Thread(target=_forward, args=(requests, listener), daemon=True).start()
            yield from listener.responses()
        except Refused as refused:
            if refused.code == grpc.StatusCode.UNAUTHENTICATED:
                wait(context, _PAUSE_AFTER_REFUSED_LISTEN)
            context.abort(refused.code, refused.message)
        finally:
            with self.store.lock:
                if listener in self.listeners:
                    self.listeners.remove(listener)

    def end_listeners(self, kind: str) -> None:
        """End every listener with a status."""
        with self.store.lock:
            for listener in self.listeners:
                listener.end(refusal(kind))


def _messages(rpc: str) -> tuple[Any, Any]:
    request = getattr(service_types, f"{rpc}Request").pb()
    return request, Empty if rpc == "Rollback" else getattr(service_types, f"{rpc}Response").pb()


def _only_now(request: Any) -> None:
    if request.HasField("read_time"):
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, "This server keeps no earlier versions to read.")


def _masked(message: Any, request: Any) -> Any:
    return project(message, request.mask.field_paths) if request.HasField("mask") else message


def _forward(requests: Iterator[Any], listener: Listener) -> None:
    with suppress(Exception):  # gRPC raises a bare Exception when the call is over, which ends the listener anyway
        for request in requests:
            listener.ask(request)
    listener.end()

"""A small Firestore server for tests and the demo, with knobs for everything that goes wrong in production."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.cloud.firestore_v1 import _helpers as values
from google.cloud.firestore_v1.types import write as write_types

from tests.servers.firestore import names
from tests.servers.firestore.faults import Fault, Faults
from tests.servers.firestore.indexes import Indexes
from tests.servers.firestore.meter import Meter, Operation
from tests.servers.firestore.service import Service
from tests.servers.firestore.store import DocumentMessage, Row, Store

_THREADS = 200  # at most; each listener and each hanging call takes one
_MESSAGE_CAP = 16 * 2**20  # above the service's own limit, so that the service can refuse in its own words


class FirestoreServer:
    """Firestore on a port of 127.0.0.1, for FIRESTORE_EMULATOR_HOST.

    root: the directory of its data, which survives a kill; None keeps it in memory.
    create_on_use: every database exists as soon as somebody asks for it; else `create` it first.
    indexes: the content of a firestore.indexes.json; queries that production would have no index for are refused
    then. None answers them all, as the official emulator does.
    Nobody is asked for credentials, and no rules are checked: every caller is an administrator.

    All its methods may be called from any thread, before and after `start`.
    """

    def __init__(
        self, root: Path | None = None, *, create_on_use: bool = False, indexes: Mapping[str, Any] | None = None
    ) -> None:
        self._store = Store(root)
        self._meter = Meter()
        self._faults = Faults()
        held = None if indexes is None else Indexes(indexes)
        self._service = Service(self._store, self._meter, self._faults, create_on_use=create_on_use, indexes=held)
        self._server: grpc.Server | None = None
        self._saved: sqlite3.Connection | None = None
        self.address = ""

    def start(self, port: int = 0) -> FirestoreServer:
        """Serve; 0 is any free port. `address` is `127.0.0.1:PORT` then. Raises RuntimeError when the port is taken."""
        options = [("grpc.max_receive_message_length", _MESSAGE_CAP), ("grpc.so_reuseport", 0)]
        self._server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
        self._server.add_generic_rpc_handlers((self._service.handler(),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"
        self._server.start()
        return self

    def close(self) -> None:
        """End all calls, hanging ones too, and let go of the data."""
        if self._server:
            self._server.stop(None).wait()
            self._server = None
        self._store.close()

    def wait(self) -> None:
        """Serve until the process ends."""
        if self._server:
            self._server.wait_for_termination()

    def __enter__(self) -> FirestoreServer:
        return self if self._server else self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # Databases

    def create(self, project: str, database: str = names.DEFAULT) -> None:
        """Make a database, unless it exists."""
        self._store.create(names.database_name(project, database))

    def remove(self, project: str, database: str = names.DEFAULT) -> None:
        """Let a database be gone: every call is NOT_FOUND, and its listeners end so."""
        self._lose(project, database, keep_empty=False)
        self.end_listeners("NOT_FOUND")

    def wipe(self, project: str, database: str = names.DEFAULT) -> None:
        """Lose every document of a database that stays there, empty; its listeners begin anew."""
        self._lose(project, database, keep_empty=True)
        self.reset_listeners()

    def _lose(self, project: str, database: str, *, keep_empty: bool) -> None:
        self._store.remove(names.database_name(project, database), keep_empty=keep_empty)

    def snapshot(self) -> sqlite3.Connection:
        """Remember everything as it is now; what `roll_back` goes back to."""
        self._saved = self._store.snapshot()
        return self._saved

    def roll_back(self, snapshot: sqlite3.Connection | None = None) -> None:
        """Be what a snapshot (the latest) was, times of update included; listeners begin anew."""
        saved = snapshot or self._saved
        if saved is None:
            raise RuntimeError("There is no snapshot to roll back to.")
        self._store.roll_back(saved)
        self.reset_listeners()

    # Faults

    def fault(
        self, rpc: str, kind: str, times: int = 1, *, after: bool = False, seconds: float = 0.0, skip: int = 0
    ) -> None:
        """Let the next calls of an RPC fail; see faults.Fault. ValueError for an unknown kind."""
        self._faults.add(Fault(rpc, kind, times, after, seconds, skip))

    def clear_faults(self) -> None:
        """Forget the faults that did not come yet, and enable the key."""
        self._faults.clear()

    def disable_key(self) -> None:
        """Let every call be UNAUTHENTICATED until `clear_faults`, and end the listeners so."""
        self._faults.key_disabled = True
        self.end_listeners("UNAUTHENTICATED")

    def silence_listeners(self) -> None:
        """Let the present listeners stay open and never say anything any more."""
        with self._store.lock:
            for listener in self._service.listeners:
                listener.silent = True

    def reset_listeners(self) -> None:
        """Let the present listeners begin anew: RESET, then everything."""
        with self._store.lock:
            for listener in self._service.listeners:
                listener.reset()

    def end_listeners(self, kind: str = "UNAVAILABLE") -> None:
        """End the present listeners with a gRPC status; clients listen again."""
        self._service.end_listeners(kind)

    @property
    def listeners(self) -> int:
        """How many listeners are open."""
        return len(self._service.listeners)

    # The meter

    @property
    def reads(self) -> int:
        """Documents read since `clear_log`, as they are billed."""
        return self._meter.count("read")

    @property
    def writes(self) -> int:
        """Documents written since `clear_log`."""
        return self._meter.count("write")

    @property
    def deletes(self) -> int:
        """Documents deleted since `clear_log`."""
        return self._meter.count("delete")

    @property
    def calls(self) -> dict[str, int]:
        """How often each RPC was called since `clear_log`, refused calls too."""
        return dict(self._meter.calls)

    def log(self) -> list[Operation]:
        """Every billed operation since `clear_log`, in order."""
        return list(self._meter.operations)

    def clear_log(self) -> None:
        """Begin to count anew."""
        self._meter.clear()

    # Documents, without the client and without a bill. `path` is such as `users/u`.

    def get(self, project: str, path: str, database: str = names.DEFAULT) -> dict[str, Any] | None:
        """A document as plain Python values, None when it is not there."""
        with self._store.lock:
            row = self._store.get(names.database_name(project, database), names.key_of(path))
        return None if row is None else {name: values.decode_value(value, None) for name, value in row.fields.items()}

    def set(self, project: str, path: str, data: dict[str, Any], database: str = names.DEFAULT) -> None:
        """Write a whole document, as another client would: its time moves, and listeners are told."""
        write = write_types.Write.pb()(update=_document(project, path, data, database))
        self._service.apply(names.database_name(project, database), [write], rpc="")

    def delete(self, project: str, path: str, database: str = names.DEFAULT) -> None:
        """Delete a document, as another client would."""
        full = names.full_name(names.database_name(project, database), names.key_of(path))
        self._service.apply(names.database_name(project, database), [write_types.Write.pb()(delete=full)], rpc="")

    def damage(self, project: str, path: str, data: dict[str, Any], database: str = names.DEFAULT) -> None:
        """Put other fields into a document without a trace: its time stays, nobody is told. KeyError when absent."""
        name, key = names.database_name(project, database), names.key_of(path)
        with self._store.lock:
            row = self._store.get(name, key)
            if row is None:
                raise KeyError(path)
            message = DocumentMessage(fields=_document(project, path, data, database).fields)
            changed = Row(key, message.SerializeToString(deterministic=True), row.created, row.updated)
            self._store.put(name, {key: changed}, self._store.last)

    def paths(self, project: str, below: str = "", database: str = names.DEFAULT) -> list[str]:
        """The paths of all documents, or of those below a document or collection, in order."""
        return self._store.paths(names.database_name(project, database), names.key_of(below))


def _document(project: str, path: str, data: dict[str, Any], database: str) -> Any:
    full = names.full_name(names.database_name(project, database), names.key_of(path))
    fields = {name: value._pb for name, value in values.encode_dict(data).items()}
    return DocumentMessage(name=full, fields=fields)

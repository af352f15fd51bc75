"""What the writes of one commit do: preconditions, masks, transforms; all of them or, when one is refused, none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
from google.cloud.firestore_v1.types import write as write_types

from tests.servers.firestore import fields, names
from tests.servers.firestore.refusals import Refused, invalid
from tests.servers.firestore.store import DocumentMessage, Row, Store, micros, timestamp

WriteResult = write_types.WriteResult.pb()


class Commit:
    """The writes of one commit of a database at a time, before they are stored. Hold the store's lock meanwhile.

    `results`: one WriteResult per write. `changes`: what to store, None for a deleted document.
    Raises Refused as soon as one write is; then nothing is stored.
    """

    def __init__(self, store: Store, database: str, writes: Iterable[Any]) -> None:
        self.at = store.next_time()
        self.changes: dict[bytes, Row | None] = {}
        self.written: list[tuple[bytes, bool]] = []  # one per write: key, and whether it is a deletion
        self._store = store
        self._database = database
        self.results = [self._apply(write) for write in writes]

    def store(self) -> None:
        """Make it last."""
        self._store.put(self._database, self.changes, self.at)

    def _current(self, key: bytes) -> Row | None:
        return self.changes[key] if key in self.changes else self._store.get(self._database, key)

    def _apply(self, write: Any) -> Any:
        kind = write.WhichOneof("operation")
        if kind is None:
            raise invalid("A write must update, delete or transform a document.")
        name = {"update": write.update.name, "delete": write.delete, "transform": write.transform.document}[kind]
        key = names.document_key(name, self._database)
        row = self._current(key)
        _check_precondition(name, kind, row, write.current_document)
        self.written.append((key, kind == "delete"))
        if kind == "delete":
            if row is not None:
                self.changes[key] = None
            return WriteResult()
        return self._update(name, key, row, write)

    def _update(self, name: str, key: bytes, row: Row | None, write: Any) -> Any:
        message = DocumentMessage.FromString(row.data) if row else DocumentMessage()
        if write.HasField("update") and write.HasField("update_mask"):
            fields.apply_mask(message.fields, write.update.fields, write.update_mask.field_paths)
        elif write.HasField("update"):
            message = DocumentMessage(fields=write.update.fields)
        changes = write.transform.field_transforms if write.HasField("transform") else write.update_transforms
        result = WriteResult()
        result.transform_results.extend(fields.transform(message.fields, change, self.at) for change in changes)
        fields.check_document(name, message.fields)
        updated = self.at
        if row is not None and message == DocumentMessage.FromString(row.data):
            updated = row.updated  # a write that changes nothing leaves the time alone
        else:
            data = message.SerializeToString()
            self.changes[key] = Row(key, data, row.created if row else self.at, self.at)
        result.update_time.CopyFrom(timestamp(updated))
        return result


def _check_precondition(name: str, kind: str, row: Row | None, condition: Any) -> None:
    asked = condition.WhichOneof("condition_type")
    if asked == "exists" and condition.exists and row is None:
        raise Refused(grpc.StatusCode.NOT_FOUND, f"No document to {kind}: {name}")
    if asked == "exists" and not condition.exists and row is not None:
        raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")
    if asked == "update_time":
        stored, required = row.updated if row else 0, micros(condition.update_time)
        if stored != required:
            text = f"the stored version ({stored}) does not match the required base version ({required})"
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, text)

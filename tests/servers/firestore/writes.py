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
        named = [(*_name(write, database), write) for write in writes]
        _check_sequences(named)
        self.results = [self._apply(name, key, write) for name, key, write in named]
        self._settle()

    def store(self) -> None:
        """Make it last."""
        self._store.put(self._database, self.changes, self.at)

    def _current(self, key: bytes) -> Row | None:
        return self.changes[key] if key in self.changes else self._store.get(self._database, key)

    def _settle(self) -> None:
        """Leave alone what the commit as a whole does not change, its time too, and tell the results of all others."""
        for (key, is_deletion), result in zip(self.written, self.results, strict=True):
            row, base = self._current(key), self._store.get(self._database, key)
            if row and base and (row.data, row.created) == (base.data, base.created):
                self.changes.pop(key, None)
                row = base
            if row and not is_deletion:
                result.update_time.CopyFrom(timestamp(row.updated))

    def _apply(self, name: str, key: bytes, write: Any) -> Any:
        kind = write.WhichOneof("operation")
        row = self._current(key)
        base = self._store.get(self._database, key) if key in self.changes else row
        _check_precondition(name, kind, row, base, write.current_document)
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
        data = message.SerializeToString(deterministic=True)
        self.changes[key] = Row(key, data, row.created if row else self.at, self.at)
        return result


def _name(write: Any, database: str) -> tuple[str, bytes]:
    """The name and the key of the document that a write is about."""
    kind = write.WhichOneof("operation")
    if kind is None:
        raise invalid("A write must update, delete or transform a document.")
    name = {"update": write.update.name, "delete": write.delete, "transform": write.transform.document}[kind]
    return name, names.document_key(name, database)


def _check_sequences(named: list[tuple[str, bytes, Any]]) -> None:
    """Several writes of one document are one to Firestore, which knows only some sequences of them.

    No document is created after another write of it or updated after its deletion, and only the first write of it
    says which version it must have.
    """
    done: dict[bytes, tuple[str, int]] = {}
    for _, key, write in named:
        before, version = done.get(key, ("", 0))
        condition, now = write.current_document, "upsert"
        if asked := condition.WhichOneof("condition_type"):
            now = "update" if asked == "update_time" or condition.exists else "insert"
        if before and asked == "update_time" and micros(condition.update_time) != version:
            raise invalid("Cannot collapse mutations with different version preconditions.")
        deletes_again = write.HasField("delete") and asked == "update_time"
        if (now == "insert" and before not in ("", "delete")) or (
            now == "update" and before == "delete" and not deletes_again
        ):
            raise invalid(f"Cannot {before} then {now} an entity in the same request.")
        version = micros(condition.update_time) if asked == "update_time" else version
        done[key] = ("delete" if write.HasField("delete") else now, version)


def _check_precondition(name: str, kind: str, row: Row | None, base: Row | None, condition: Any) -> None:
    """`row` is the document as the commit has left it so far, `base` as it was before the commit."""
    asked = condition.WhichOneof("condition_type")
    if asked == "exists" and condition.exists and row is None:
        raise Refused(grpc.StatusCode.NOT_FOUND, f"No document to {kind}: {name}")
    if asked == "exists" and not condition.exists and row is not None:
        raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")
    if asked == "update_time":
        stored, required = base.updated if base else 0, micros(condition.update_time)
        if stored != required:
            text = f"the stored version ({stored}) does not match the required base version ({required})"
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, text)

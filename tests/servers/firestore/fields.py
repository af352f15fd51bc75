"""Field paths, masks, transforms and sizes: what is done to the fields of one document.

`fields` is always the wire's map of names to values. Sizes follow https://firebase.google.com/docs/firestore/storage-size.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from google.cloud.firestore_v1.field_path import FieldPath
from google.cloud.firestore_v1.order import Order
from google.cloud.firestore_v1.types import write as write_types

from tests.servers.firestore.refusals import invalid
from tests.servers.firestore.store import ValueMessage, timestamp

MAX_DOCUMENT = 1_048_576
_MAX_VALUE = MAX_DOCUMENT - 89
_INT64 = range(-(2**63), 2**63)
_RESERVED = re.compile(r"__.*__")
_REQUEST_TIME = write_types.DocumentTransform.FieldTransform.ServerValue.REQUEST_TIME


@functools.lru_cache(1000)
def parse(path: str) -> tuple[str, ...]:
    """The parts of a field path such as "a.`b-c`". Raises Refused."""
    try:
        return tuple(FieldPath.from_api_repr(path).parts)
    except ValueError as error:
        raise invalid(f'Invalid property path "{path}".') from error


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same to a query: 1 equals 1.0, and types are never mixed otherwise."""
    return bool(Order.compare(left, right) == 0)


def value_at(fields: Any, path: tuple[str, ...]) -> Any | None:
    """The value at a path, None where there is none."""
    value = None
    for part in path:
        if part not in fields:
            return None
        value = fields[part]
        fields = value.map_value.fields
    return value


def put(fields: Any, path: tuple[str, ...], value: Any | None) -> None:
    """Set the value at a path, making maps on the way; None deletes it."""
    for part in path[:-1]:
        if part not in fields or not fields[part].HasField("map_value"):
            if value is None:
                return
            fields[part].Clear()
            fields[part].map_value.SetInParent()
        fields = fields[part].map_value.fields
    if value is not None:
        fields[path[-1]].CopyFrom(value)
    elif path[-1] in fields:
        del fields[path[-1]]


def apply_mask(old: Any, new: Any, paths: Iterable[str]) -> None:
    """Take over what the mask names from `new`: set where `new` has it, deleted where not."""
    for path in map(parse, paths):
        put(old, path, value_at(new, path))


def project(message: Any, paths: Iterable[str]) -> Any:
    """Cut a document message down to the fields that a mask names."""
    kept = type(message)(name=message.name, create_time=message.create_time, update_time=message.update_time)
    for path in map(parse, paths):
        if path != ("__name__",) and (value := value_at(message.fields, path)) is not None:
            put(kept.fields, path, value)
    return kept


def transform(fields: Any, change: Any, now: int) -> Any:
    """Apply one field transform at a commit time in microseconds; returns its result value."""
    path = parse(change.field_path)
    old = value_at(fields, path)
    kind = change.WhichOneof("transform_type")
    if kind == "set_to_server_value":
        if change.set_to_server_value != _REQUEST_TIME:
            raise invalid("Unknown server value.")
        result = ValueMessage(timestamp_value=timestamp(now - now % 1000))
    elif kind == "increment":
        result = _increment(old, change.increment)
    elif kind in ("maximum", "minimum"):
        result = _extreme(old, getattr(change, kind), 1 if kind == "maximum" else -1)
    elif kind in ("append_missing_elements", "remove_all_from_array"):
        put(fields, path, _array(old, kind, getattr(change, kind).values))
        return ValueMessage(null_value=0)
    else:
        raise invalid("A field transform must say what to do.")
    put(fields, path, result)
    return result


def _is_number(value: Any | None) -> bool:
    return value is not None and value.WhichOneof("value_type") in ("integer_value", "double_value")


def _number(value: Any) -> int | float:
    number: int | float = getattr(value, value.WhichOneof("value_type"))
    return number


def _increment(old: Any | None, by: Any) -> Any:
    if not _is_number(by):
        raise invalid("The operand of an increment must be a number.")
    if not _is_number(old):
        return by
    total = _number(old) + _number(by)
    if isinstance(total, float):
        return ValueMessage(double_value=total)
    return ValueMessage(integer_value=min(max(total, _INT64[0]), _INT64[-1]))


def _extreme(old: Any | None, operand: Any, sign: int) -> Any:
    if not _is_number(operand):
        raise invalid("The operand of maximum or minimum must be a number.")
    return operand if not _is_number(old) or sign * Order.compare(operand, old) > 0 else old


def _array(old: Any | None, kind: str, operands: Iterable[Any]) -> Any:
    kept = list(old.array_value.values) if old is not None and old.HasField("array_value") else []
    if kind == "remove_all_from_array":
        kept = [value for value in kept if not any(equal(value, operand) for operand in operands)]
    else:
        for operand in operands:
            if not any(equal(value, operand) for value in kept):
                kept.append(operand)
    result = ValueMessage()
    result.array_value.SetInParent()
    result.array_value.values.extend(kept)
    return result


def check_document(name: str, fields: Any) -> None:
    """Raises Refused when a document is too large or a field has a reserved or empty name."""
    path = name.partition("/documents/")[2].split("/")
    size = sum(len(segment.encode()) + 1 for segment in path) + 16 + 32 + _size_of_fields(fields)
    if size > MAX_DOCUMENT:
        raise invalid(
            f"Document '{name}' cannot be written because its size ({size:,} bytes) exceeds the maximum "
            f"allowed size of {MAX_DOCUMENT:,} bytes."
        )


def _size_of_fields(fields: Any) -> int:
    total = 0
    for name, value in fields.items():
        if not name or (_RESERVED.fullmatch(name) and name != "__type__"):
            raise invalid(f'Property name "{name}" is empty or reserved.')
        size = _size(value)
        if size > _MAX_VALUE:
            raise invalid(f'The value of property "{name}" is longer than {_MAX_VALUE} bytes.')
        total += len(name.encode()) + 1 + size
    return total


def _size(value: Any) -> int:
    kind = value.WhichOneof("value_type")
    if kind in ("null_value", "boolean_value"):
        return 1
    if kind == "string_value":
        return len(value.string_value.encode()) + 1
    if kind == "bytes_value":
        return len(value.bytes_value)
    if kind == "reference_value":
        path = value.reference_value.partition("/documents/")[2]
        return sum(len(segment.encode()) + 1 for segment in path.split("/")) + 16
    if kind == "geo_point_value":
        return 16
    if kind == "array_value":
        if any(element.HasField("array_value") for element in value.array_value.values):
            raise invalid("Property array contains an invalid nested entity: an array in an array.")
        return sum(map(_size, value.array_value.values))
    if kind == "map_value":
        return _size_of_fields(value.map_value.fields)
    if kind is None:
        raise invalid("A value without a type cannot be stored.")
    return 8

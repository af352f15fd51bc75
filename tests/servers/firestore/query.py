"""Structured queries over the rows of the store: filters, order, cursors, limit, projection.

Values are ordered by the client library's own `order.Order`. Documents that lack a field of the order are
not part of the answer, and a filter never crosses types, as in Firestore.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from google.cloud.firestore_v1.order import Order, TypeOrder
from google.cloud.firestore_v1.types import query as query_types

from tests.servers.firestore import names
from tests.servers.firestore.fields import equal, parse, project, value_at
from tests.servers.firestore.refusals import Refused, invalid
from tests.servers.firestore.store import Row, Scope, Store, ValueMessage

Operator = query_types.StructuredQuery.FieldFilter.Operator
Unary = query_types.StructuredQuery.UnaryFilter.Operator
Direction = query_types.StructuredQuery.Direction
Composite = query_types.StructuredQuery.CompositeFilter.Operator
Predicate = Callable[[Row], bool]
Path = tuple[str, ...]

NAME: Path = ("__name__",)
_RANGES: dict[int, Callable[[int], bool]] = {
    Operator.LESS_THAN: lambda order: order < 0,
    Operator.LESS_THAN_OR_EQUAL: lambda order: order <= 0,
    Operator.GREATER_THAN: lambda order: order > 0,
    Operator.GREATER_THAN_OR_EQUAL: lambda order: order >= 0,
}
_INEQUALITIES = {*_RANGES, Operator.NOT_EQUAL, Operator.NOT_IN}
_NEGATIONS: tuple[int | str, ...] = (Operator.NOT_EQUAL, Operator.NOT_IN, "negated")
_NEVER_WITH_NOT_IN: tuple[int | str, ...] = (Operator.IN, Operator.ARRAY_CONTAINS_ANY, "OR")
_MOST_DISJUNCTIONS = 30
_MOST_NOT_IN = 10


@dataclass(frozen=True)
class Answer:
    """The rows of a query in order, and how many were skipped by its offset."""

    rows: list[Row]
    skipped: int


class Query:
    """A structured query of one database below `parent`. Raises Refused when it makes no sense.

    message: as it was asked. scope: where it looks. orders: all fields of its order (True is descending), up to
    the name. limited: whether it may leave out documents that match.
    """

    def __init__(self, database: str, parent: bytes, message: Any) -> None:
        if len(message.from_) != 1:
            raise invalid("A query must name exactly one collection.")
        if message.HasField("find_nearest"):
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, "This server does not search vectors.")
        source = message.from_[0]
        self.scope = Scope(parent, source.collection_id, source.all_descendants)
        self.limited = message.HasField("limit") or message.offset > 0
        self.message = message
        self._database = database
        self._inequalities: set[Path] = set()
        self._filtered: set[Path] = set()
        self._operators: Counter[int | str] = Counter()
        self._matches = self._filter(message.where) if message.HasField("where") else None
        self.orders = self._full_order()
        self._check()
        for cursor in (message.start_at, message.end_at):
            if len(cursor.values) > len(self.orders):
                raise invalid("A cursor has more values than the query has orders.")

    def _check(self) -> None:
        """Refuse what no index of Firestore can answer."""
        negations = sum(self._operators[op] for op in _NEGATIONS)
        if self._operators[Operator.NOT_IN] and any(self._operators[op] for op in _NEVER_WITH_NOT_IN):
            raise invalid("'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.")
        if negations > 1:
            raise invalid(
                "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query."
            )
        if any(path == NAME for path, _ in self.orders[:-1]):
            raise invalid("order by clause cannot contain more fields after the key")
        if self.orders == [(NAME, True)] and not self._filtered - {NAME}:
            raise Refused(
                grpc.StatusCode.FAILED_PRECONDITION, "Firestore does not support descending key scans without an index."
            )

    def run(self, store: Store) -> Answer:
        """The answer now. Hold the store's lock meanwhile."""
        offset = self.message.offset
        limit = self.message.limit.value if self.message.HasField("limit") else None
        if offset < 0 or (limit is not None and limit < 0):
            raise invalid("Limit and offset of a query cannot be negative.")
        by_name = self.orders == [(NAME, False)]
        found: list[Row] = []
        for row in store.scan(self._database, self.scope, self._first_key() if by_name else b""):
            if by_name and limit is not None and len(found) >= offset + limit:
                break
            if self.matches(row):
                found.append(row)
        if not by_name:
            found.sort(key=functools.cmp_to_key(self._compare))
        rows = found[offset:] if limit is None else found[offset : offset + limit]
        return Answer(rows, min(offset, len(found)))

    def matches(self, row: Row) -> bool:
        """Whether a document is in the answer, its scope, limit and offset aside."""
        if any(self._value(row, path) is None for path, _ in self.orders if path != NAME):
            return False
        return (self._matches is None or self._matches(row)) and self._is_between_cursors(row)

    def sent(self, row: Row) -> Any:
        """The document as the answer has it: only the selected fields."""
        message = row.message(self._database)
        if not self.message.HasField("select") or not self.message.select.fields:
            return message
        return project(message, [field.field_path for field in self.message.select.fields])

    def _value(self, row: Row, path: Path) -> Any | None:
        if path == NAME:
            return ValueMessage(reference_value=names.full_name(self._database, row.key))
        return value_at(row.fields, path)

    def _full_order(self) -> list[tuple[Path, bool]]:
        """The fields of the order with their direction (True is descending), with what Firestore adds to it."""
        orders = [
            (parse(order.field.field_path), order.direction == Direction.DESCENDING) for order in self.message.order_by
        ]
        descending = orders[-1][1] if orders else False
        present = {path for path, _ in orders}
        orders += [(path, descending) for path in sorted(self._inequalities - present - {NAME})]
        return orders if NAME in present else [*orders, (NAME, descending)]

    def _compare(self, left: Row, right: Row) -> int:
        for path, descending in self.orders:
            if path == NAME:
                order = (left.key > right.key) - (left.key < right.key)
            else:
                order = Order.compare(self._value(left, path), self._value(right, path))
            if order:
                return -order if descending else order
        return 0

    def _place(self, row: Row, cursor: Any) -> int:
        """Where a row is: below 0 before the cursor, 0 at it, above 0 after it."""
        for value, (path, descending) in zip(cursor.values, self.orders, strict=False):
            if path == NAME:
                key = names.split(value.reference_value)[1]
                order = (row.key > key) - (row.key < key)
            else:
                order = Order.compare(self._value(row, path), value)
            if order:
                return -order if descending else order
        return 0

    def _is_between_cursors(self, row: Row) -> bool:
        start, end = self.message.start_at, self.message.end_at
        if self.message.HasField("start_at") and self._place(row, start) < (0 if start.before else 1):
            return False
        return not self.message.HasField("end_at") or self._place(row, end) < (0 if end.before else 1)

    def _first_key(self) -> bytes:
        values = self.message.start_at.values
        return names.split(values[0].reference_value)[1] if values and values[0].reference_value else b""

    def _filter(self, message: Any) -> Predicate:
        kind = message.WhichOneof("filter_type")
        if kind == "composite_filter":
            parts = [self._filter(part) for part in message.composite_filter.filters]
            if not parts:
                raise invalid("A composite filter needs at least one filter.")
            is_or = message.composite_filter.op == Composite.OR
            self._operators["OR"] += is_or
            among = any if is_or else all
            return lambda row: among(part(row) for part in parts)
        if kind == "unary_filter":
            return self._unary(message.unary_filter)
        if kind == "field_filter":
            return self._field(message.field_filter)
        raise invalid("A filter must say what to compare.")

    def _unary(self, message: Any) -> Predicate:
        path = parse(message.field.field_path)
        wants_nan = message.op in (Unary.IS_NAN, Unary.IS_NOT_NAN)
        negated = message.op in (Unary.IS_NOT_NAN, Unary.IS_NOT_NULL)
        self._filtered.add(path)
        if negated:
            self._operators["negated"] += 1
            self._inequalities.add(path)

        def holds(row: Row) -> bool:
            value = self._value(row, path)
            if value is None or (negated and wants_nan and value.HasField("null_value")):
                return False
            found = _is_nan(value) if wants_nan else value.HasField("null_value")
            return bool(found != negated)

        return holds

    def _field(self, message: Any) -> Predicate:
        path, op, wanted = parse(message.field.field_path), message.op, message.value
        self._filtered.add(path)
        self._operators[op] += 1
        if op in _INEQUALITIES and not _is_never(op, wanted):
            self._inequalities.add(path)
        test = _test(op, wanted)

        def holds(row: Row) -> bool:
            value = self._value(row, path)
            return value is not None and test(value)

        return holds


def _test(op: int, wanted: Any) -> Callable[[Any], bool]:
    if op in _RANGES:
        kind, nan, in_range = TypeOrder.from_value(wanted), _is_nan(wanted), _RANGES[op]
        return lambda value: (
            TypeOrder.from_value(value) == kind and _is_nan(value) == nan and in_range(Order.compare(value, wanted))
        )
    if op == Operator.EQUAL:
        return lambda value: equal(value, wanted)
    if op == Operator.NOT_EQUAL:
        return lambda value: not value.HasField("null_value") and not equal(value, wanted)
    if op == Operator.ARRAY_CONTAINS:
        return lambda value: any(equal(element, wanted) for element in _elements(value))
    several = list(wanted.array_value.values)
    most = _MOST_NOT_IN if op == Operator.NOT_IN else _MOST_DISJUNCTIONS
    if not 0 < len(several) <= most:
        raise invalid(f"'{Operator(op).name}' needs a list of 1 to {most} values.")
    sane = [one for one in several if not one.HasField("null_value") and not _is_nan(one)]
    if op == Operator.IN:
        return lambda value: any(equal(value, one) for one in sane)
    if _is_never(op, wanted):
        return lambda value: False
    if op == Operator.NOT_IN:
        return lambda value: not value.HasField("null_value") and not any(equal(value, one) for one in sane)
    if op == Operator.ARRAY_CONTAINS_ANY:
        return lambda value: any(equal(element, one) for element in _elements(value) for one in sane)
    raise invalid(f"Unknown operator {op}.")


def _is_never(op: int, wanted: Any) -> bool:
    """Whether the filter holds for nothing: no value is known not to be null."""
    return bool(op == Operator.NOT_IN and any(one.HasField("null_value") for one in wanted.array_value.values))


def _is_nan(value: Any) -> bool:
    return bool(math.isnan(value.double_value))


def _elements(value: Any) -> Iterator[Any]:
    return iter(value.array_value.values)

"""Aggregations over the answer of a query: count, sum and average."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore_v1.types import aggregation_result

from tests.servers.firestore.fields import parse, value_at
from tests.servers.firestore.refusals import invalid
from tests.servers.firestore.store import Row, ValueMessage

AggregationResult = aggregation_result.AggregationResult.pb()
_INT64 = 2**63


def aggregate(rows: list[Row], aggregations: Any) -> Any:
    """The result of all aggregations over those of the rows that have all fields they need. Raises Refused."""
    if not 0 < len(aggregations) <= 5:
        raise invalid("An aggregation query needs one to five aggregations.")
    needed = {parse(getattr(one, kind).field.field_path) for one in aggregations for kind in _arithmetic(one)}
    rows = [row for row in rows if all(value_at(row.fields, path) is not None for path in needed)]
    result = AggregationResult()
    unnamed = 0
    for one in aggregations:
        unnamed += not one.alias
        result.aggregate_fields[one.alias or f"field_{unnamed}"].CopyFrom(_value(rows, one))
    return result


def _arithmetic(one: Any) -> list[str]:
    return [kind for kind in ("sum", "avg") if one.HasField(kind)]


def _value(rows: list[Row], one: Any) -> Any:
    kind = one.WhichOneof("operator")
    if kind == "count":
        count = min(len(rows), one.count.up_to.value) if one.count.HasField("up_to") else len(rows)
        return ValueMessage(integer_value=count)
    if kind not in ("sum", "avg"):
        raise invalid("An aggregation must say what to compute.")
    numbers = list(_numbers(rows, parse(getattr(one, kind).field.field_path)))
    total: int | float = sum(one for one in numbers if isinstance(one, int))
    if floats := [one for one in numbers if isinstance(one, float)]:
        total += sum(floats)
    if kind == "avg":
        return ValueMessage(double_value=total / len(numbers)) if numbers else ValueMessage(null_value=0)
    if isinstance(total, int) and -_INT64 <= total < _INT64:
        return ValueMessage(integer_value=total)
    return ValueMessage(double_value=float(total))


def _numbers(rows: list[Row], path: tuple[str, ...]) -> list[int | float]:
    found = []
    for row in rows:
        value = value_at(row.fields, path)
        if value is not None and value.WhichOneof("value_type") in ("integer_value", "double_value"):
            found.append(getattr(value, value.WhichOneof("value_type")))
    return found

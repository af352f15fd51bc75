"""Which queries production answers: those that an index serves, its own or one of a firestore.indexes.json.

The emulator answers every query; production refuses what no index serves. Every field has automatic indexes of its
own (ascending, descending, array-contains) for one collection, none for collection groups; `fieldOverrides` replaces
them, for the fields within a map too. Filters by equality are merged from several indexes; anything else over more
than one field takes a composite index. https://firebase.google.com/docs/firestore/query-data/index-overview
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
from google.cloud.firestore_v1.types import query as query_types

from tests.servers.firestore.fields import parse
from tests.servers.firestore.query import NAME, Operator, Path, Query
from tests.servers.firestore.refusals import Refused

_ASCENDING, _DESCENDING, _CONTAINS = "ASCENDING", "DESCENDING", "CONTAINS"
_AUTOMATIC = frozenset((kind, "COLLECTION") for kind in (_ASCENDING, _DESCENDING, _CONTAINS))
_ANY_FIELD: Path = ("*",)
_EQUALITIES = (Operator.EQUAL, Operator.IN)
_CONTAINING = (Operator.ARRAY_CONTAINS, Operator.ARRAY_CONTAINS_ANY)
_UNARY_EQUALITIES = (
    query_types.StructuredQuery.UnaryFilter.Operator.IS_NULL,
    query_types.StructuredQuery.UnaryFilter.Operator.IS_NAN,
)
Needed = tuple[Path, str]
"""A field and how it is indexed: ascending, descending or for array-contains."""


class Indexes:
    """The indexes that a database has. declared: the content of a firestore.indexes.json."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self._composite = [
            (one["collectionGroup"], one.get("queryScope", "COLLECTION"), [_declared(field) for field in one["fields"]])
            for one in declared.get("indexes", [])
        ]
        self._overrides = {
            (one["collectionGroup"], _path(one["fieldPath"])): frozenset(
                (kept.get("order") or kept["arrayConfig"], kept.get("queryScope", "COLLECTION"))
                for kept in one["indexes"]
            )
            for one in declared.get("fieldOverrides", [])
        }

    def check(self, query: Query) -> None:
        """Raises Refused when production would have no index for a query."""
        scope = "COLLECTION_GROUP" if query.scope.deep else "COLLECTION"
        where = query.message.where
        for filters in _disjuncts(where) if where.WhichOneof("filter_type") else [[]]:
            merged = dict(_merged(filters))
            ordered = [(path, _kind(descending)) for path, descending in query.orders if path not in merged]
            if not self._serves(query.scope.collection, scope, merged, ordered):
                fields = [*sorted(merged.items()), *(one for one in ordered if one[0] != NAME)]
                raise Refused(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"The query requires an index: {query.scope.collection} ({scope}), "
                    + ", ".join(f"{'.'.join(path)} {kind}" for path, kind in fields)
                    + ". You can create it here: https://console.firebase.google.com/",
                )

    def _serves(self, collection: str, scope: str, merged: dict[Path, str], ordered: list[Needed]) -> bool:
        """Whether indexes serve filters by equality (`merged`) with the order that is left, which ends by name."""
        fields, by_name = ordered[:-1], ordered[-1][1]
        if not fields:
            kinds = ((path, by_name if kind == _ASCENDING else kind) for path, kind in merged.items())
            return all(self._has_own(collection, scope, path, kind) for path, kind in kinds)
        if len(fields) == 1 and not merged and fields[0][1] == by_name:
            return self._has_own(collection, scope, *fields[0])
        wanted = fields if fields[-1][1] == by_name else ordered
        return any(
            (collection, scope) == held[:2]
            and _serves_merged(held[2][: len(merged)], merged)
            and held[2][len(merged) :] == wanted
            for held in self._composite
        )

    def _has_own(self, collection: str, scope: str, path: Path, kind: str) -> bool:
        """Whether a field has this index of its own. What is said of a map holds for the fields within."""
        for said in [*(path[:length] for length in range(len(path), 0, -1)), _ANY_FIELD]:
            if (collection, said) in self._overrides:
                return (kind, scope) in self._overrides[collection, said]
        return (kind, scope) in _AUTOMATIC


def _path(text: str) -> Path:
    return _ANY_FIELD if text == "*" else parse(text)


def _declared(field: Mapping[str, str]) -> Needed:
    return parse(field["fieldPath"]), field.get("order") or field["arrayConfig"]


def _kind(descending: bool) -> str:
    return _DESCENDING if descending else _ASCENDING


def _serves_merged(held: list[Needed], merged: dict[Path, str]) -> bool:
    """Whether the beginning of a composite index holds these fields, in whatever order."""
    return {path: kind == _CONTAINS for path, kind in held} == {
        path: kind == _CONTAINS for path, kind in merged.items()
    }


def _disjuncts(where: Any) -> list[list[Any]]:
    """A filter as alternatives, each of which is a list of simple filters that all hold."""
    if not where.HasField("composite_filter"):
        return [[where]]
    parts = [_disjuncts(part) for part in where.composite_filter.filters]
    if where.composite_filter.op == query_types.StructuredQuery.CompositeFilter.Operator.OR:
        return [one for part in parts for one in part]
    return [list(itertools.chain(*chosen)) for chosen in itertools.product(*parts)]


def _merged(filters: list[Any]) -> Iterator[Needed]:
    """The fields of filters that indexes can be merged for."""
    for one in filters:
        simple = one.field_filter if one.HasField("field_filter") else one.unary_filter
        path = parse(simple.field.field_path)
        if path == NAME:
            continue
        if one.HasField("field_filter") and simple.op in _CONTAINING:
            yield path, _CONTAINS
        elif simple.op in (_EQUALITIES if one.HasField("field_filter") else _UNARY_EQUALITIES):
            yield path, _ASCENDING

"""Queries that production would refuse for want of an index are refused by our Firestore server, when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter, Or

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import NOW, PROJECT

Shape = Callable[[Any], Any]
DECLARED = {
    "indexes": [
        {
            "collectionGroup": "k",
            "queryScope": "COLLECTION",
            "fields": [
                {"fieldPath": "country", "order": "ASCENDING"},
                {"fieldPath": "size", "order": "DESCENDING"},
            ],
        },
        {
            "collectionGroup": "k",
            "queryScope": "COLLECTION",
            "fields": [{"fieldPath": "tags", "arrayConfig": "CONTAINS"}, {"fieldPath": "size", "order": "ASCENDING"}],
        },
    ],
    "fieldOverrides": [
        {"collectionGroup": "k", "fieldPath": "text", "indexes": []},
        {
            "collectionGroup": "k",
            "fieldPath": "upward",
            "indexes": [{"order": "ASCENDING", "queryScope": "COLLECTION"}],
        },
        {
            "collectionGroup": "k",
            "fieldPath": "everywhere",
            "indexes": [{"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"}],
        },
    ],
}


def where(field: str, operator: str, value: Any) -> Shape:
    return lambda query: query.where(filter=FieldFilter(field, operator, value))


def order(field: str, direction: str = "ASCENDING") -> Shape:
    return lambda query: query.order_by(field, direction=direction)


ANSWERED: dict[str, list[Shape]] = {
    "everything": [],
    "by name": [order("__name__")],
    "one field up": [order("any")],
    "one field down": [order("any", "DESCENDING")],
    "a range in its own order": [where("any", ">=", 1), order("any", "DESCENDING")],
    "two ranges of one field": [where("any", ">=", 1), where("any", "<", 5)],
    "merged equalities": [where("any", "==", 1), where("other", "==", 2), where("tags", "array_contains", 3)],
    "alternatives": [
        lambda query: query.where(filter=Or([FieldFilter("any", "==", 1), FieldFilter("other", "==", 2)]))
    ],
    "a field within a map": [where("map.deep", "==", 1)],
    "equality ordered by itself": [where("any", "==", 1), order("any")],
    "a declared index": [where("country", "==", "x"), order("size", "DESCENDING")],
    "a declared index of an array": [where("tags", "array_contains", "x"), where("size", ">", 1)],
    "an index that was kept": [order("upward")],
}
REFUSED: dict[str, list[Shape]] = {
    "two orders": [order("any"), order("other")],
    "equality and another order": [where("any", "==", 1), order("other")],
    "equality and a range": [where("any", "==", 1), where("other", ">", 2)],
    "names against the order": [order("any"), order("__name__", "DESCENDING")],
    "a declared index the other way": [where("country", "==", "x"), order("size")],
    "a declared index with more": [where("country", "==", "x"), where("any", "==", 1), order("size", "DESCENDING")],
    "an exempt field": [where("text", "==", "x")],
    "a field within an exempt one": [order("text.deep")],
    "an index that was dropped": [order("upward", "DESCENDING")],
    "an index of groups only": [order("everywhere")],
}


@pytest.fixture
def indexed() -> Iterator[firestore.Client]:
    with (
        FirestoreServer(create_on_use=True, indexes=DECLARED) as server,
        client(server.address, PROJECT) as db,
    ):
        yield db


def shaped(query: Any, shapes: list[Shape]) -> Any:
    for shape in shapes:
        query = shape(query)
    return query


@pytest.mark.parametrize("name", ANSWERED)
def test_a_query_with_an_index_is_answered(indexed: firestore.Client, name: str) -> None:
    assert list(shaped(indexed.collection("k"), ANSWERED[name]).stream(**NOW)) == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_query_without_an_index_is_refused(indexed: firestore.Client, name: str) -> None:
    with pytest.raises(exceptions.FailedPrecondition, match="requires an index: k"):
        list(shaped(indexed.collection("k"), REFUSED[name]).stream(**NOW))


def test_a_collection_group_has_no_index_that_was_not_declared(indexed: firestore.Client) -> None:
    group = indexed.collection_group("k")
    assert list(group.stream(**NOW)) == []
    assert list(group.order_by("everywhere").stream(**NOW)) == []
    with pytest.raises(exceptions.FailedPrecondition, match="COLLECTION_GROUP"):
        list(group.order_by("any").stream(**NOW))


def test_counting_needs_the_same_index(indexed: firestore.Client) -> None:
    with pytest.raises(exceptions.FailedPrecondition, match="requires an index"):
        indexed.collection("k").where(filter=FieldFilter("text", "==", "x")).count().get(**NOW)

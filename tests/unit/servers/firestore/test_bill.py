"""What our Firestore server bills, and what tests do to it directly without a bill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.servers.firestore import FirestoreServer
from tests.unit.servers.firestore.asking import NOW, PROJECT, fill


def test_every_document_is_billed_as_firestore_bills_it(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 1500)
    assert (server.reads, server.writes, server.deletes) == (0, 1500, 0)

    def reads(call: Callable[[], Any]) -> int:
        server.clear_log()
        call()
        return server.reads

    collection = db.collection("k")
    assert reads(lambda: db.document("k/0001").get(**NOW)) == 1
    assert reads(lambda: db.document("k/absent").get(**NOW)) == 1
    assert reads(lambda: list(db.get_all([db.document(f"k/{n:04}") for n in range(7)], **NOW))) == 7
    assert reads(lambda: list(collection.where(filter=FieldFilter("n", "<", 10)).stream(**NOW))) == 10
    assert reads(lambda: list(collection.where(filter=FieldFilter("n", "<", 0)).stream(**NOW))) == 1
    assert reads(lambda: list(collection.order_by("n").offset(5).limit(3).stream(**NOW))) == 8
    assert reads(lambda: collection.count().get(**NOW)) == 2
    assert reads(lambda: collection.where(filter=FieldFilter("n", "<", 0)).count().get(**NOW)) == 1
    assert reads(lambda: db.document("k/0001").delete(**NOW)) == 0
    assert (server.deletes, server.calls) == (1, {"Commit": 1})
    assert [(one.rpc, one.kind, one.path) for one in server.log()] == [("Commit", "delete", "k/0001")]


def test_what_tests_do_directly_is_not_billed(server: FirestoreServer, db: firestore.Client) -> None:
    server.set(PROJECT, "c/1", {"text": "é", "list": [1, None], "map": {"deep": b"bytes"}})
    before = db.document("c/1").get(**NOW)
    server.clear_log()
    assert server.get(PROJECT, "c/1") == before.to_dict()
    server.damage(PROJECT, "c/1", {"text": "rotten"})
    assert (server.reads, server.writes, server.log(), server.calls) == (0, 0, [], {})
    rotten = db.document("c/1").get(**NOW)
    assert (rotten.to_dict(), rotten.update_time) == ({"text": "rotten"}, before.update_time)
    server.delete(PROJECT, "c/1")
    assert server.get(PROJECT, "c/1") is None
    with pytest.raises(KeyError):
        server.damage(PROJECT, "c/1", {})

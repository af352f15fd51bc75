"""Documents, queries and transactions of our Firestore server, through Google's own client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import firebase_admin
import pytest
from firebase_admin import firestore as admin_firestore
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import NOW, PROJECT, fill


class _Emulated(firebase_admin.credentials.Base):  # type: ignore[misc]  # firebase_admin has no types
    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()


def test_firebase_admin_works_with_it(server: FirestoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    app = firebase_admin.initialize_app(_Emulated(), {"projectId": PROJECT}, name="ours")
    try:
        ref = admin_firestore.client(app).collection("c").document("1")
        ref.create({"at": admin_firestore.SERVER_TIMESTAMP}, **NOW)
        first = ref.get(**NOW)
        option = admin_firestore.client(app).write_option(last_update_time=first.update_time)
        ref.update({"n": 2}, option=option, **NOW)
        with pytest.raises(exceptions.FailedPrecondition):
            ref.update({"n": 3}, option=option, **NOW)
        assert ref.get(**NOW).to_dict() == {"at": first.get("at"), "n": 2}
        assert first.create_time == first.update_time
    finally:
        firebase_admin.delete_app(app)


# Databases


def test_a_database_that_nobody_made_is_not_found(server: FirestoreServer) -> None:
    with client(server.address, "other") as other:
        with pytest.raises(exceptions.NotFound, match=r"The database \(default\) does not exist for project other"):
            other.document("c/1").get(**NOW)
        with pytest.raises(exceptions.NotFound):
            other.document("c/1").set({}, **NOW)
        server.create("other")
        other.document("c/1").set({}, **NOW)
        server.remove("other")
        with pytest.raises(exceptions.NotFound):
            other.document("c/1").get(**NOW)


def test_projects_and_databases_do_not_see_each_other(server: FirestoreServer, db: firestore.Client) -> None:
    server.create(PROJECT, "second")
    db.document("c/1").set({"n": 1}, **NOW)
    with client(server.address, PROJECT, "second") as second:
        assert not second.document("c/1").get(**NOW).exists
        second.document("c/1").set({"n": 2}, **NOW)
    assert server.get(PROJECT, "c/1") == {"n": 1}
    assert server.get(PROJECT, "c/1", "second") == {"n": 2}


def test_with_create_on_use_every_database_exists() -> None:
    with FirestoreServer(create_on_use=True) as server, client(server.address, "any") as db:
        assert not db.document("c/1").get(**NOW).exists


# Commits


def test_a_commit_is_all_or_nothing(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/there").set({"n": 1}, **NOW)
    batch = db.batch()
    batch.set(db.document("c/new"), {"n": 2})
    batch.delete(db.document("c/there"))
    batch.create(db.document("c/there"), {"n": 3})
    batch.update(db.document("c/absent"), {"n": 4})
    with pytest.raises(exceptions.NotFound):
        batch.commit(**NOW)
    assert server.paths(PROJECT) == ["c/there"]
    assert server.get(PROJECT, "c/there") == {"n": 1}


def test_times_rise_strictly_and_all_of_a_commit_share_theirs(db: firestore.Client) -> None:
    times = [db.document("c/1").set({"n": n}, **NOW).update_time for n in range(50)]
    assert times == sorted(set(times))
    batch = db.batch()
    batch.set(db.document("c/1"), {"at": firestore.SERVER_TIMESTAMP})
    batch.set(db.document("c/2"), {"at": firestore.SERVER_TIMESTAMP})
    assert len({result.update_time for result in batch.commit(**NOW)}) == 1
    one, two = db.document("c/1").get(**NOW), db.document("c/2").get(**NOW)
    assert one.get("at") == two.get("at") <= one.update_time
    assert one.get("at").microsecond % 1000 == 0


def test_times_rise_although_the_clock_stands_still_or_goes_back(
    db: firestore.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = db.document("c/1").set({"n": 0}, **NOW).update_time
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    second = db.document("c/1").set({"n": 1}, **NOW).update_time
    read = db.document("c/1").get(**NOW)
    assert first < second == read.update_time <= read.read_time


def test_a_write_that_changes_nothing_leaves_the_time_alone(db: firestore.Client) -> None:
    first = db.document("c/1").set({"n": 1, "nan": float("nan")}, **NOW).update_time
    assert db.document("c/1").set({"nan": float("nan"), "n": 1}, **NOW).update_time == first
    batch = db.batch()
    batch.set(db.document("c/1"), {"n": 2})
    batch.set(db.document("c/1"), {"n": 1, "nan": float("nan")})
    assert {result.update_time for result in batch.commit(**NOW)} == {first}
    assert db.document("c/1").get(**NOW).update_time == first
    assert db.document("c/1").update({"n": 3}, **NOW).update_time > first


def test_a_document_is_created_at_most_once_in_a_commit(server: FirestoreServer, db: firestore.Client) -> None:
    batch = db.batch()
    batch.create(db.document("c/1"), {"n": 1})
    batch.create(db.document("c/1"), {"n": 2})
    with pytest.raises(exceptions.InvalidArgument, match="Cannot insert then insert"):
        batch.commit(**NOW)
    assert server.paths(PROJECT) == []


def test_a_document_over_one_mebibyte_is_refused(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/1").set({"a": b"x" * 500_000, "b": b"x" * 548_000}, **NOW)
    with pytest.raises(exceptions.InvalidArgument, match="exceeds the maximum"):
        db.document("c/1").set({"a": b"x" * 500_000, "b": b"x" * 549_000}, **NOW)
    with pytest.raises(exceptions.InvalidArgument, match="longer than 1048487 bytes"):
        db.document("c/2").set({"a": b"x" * 1_048_488}, **NOW)
    assert server.paths(PROJECT) == ["c/1"]


def test_a_request_over_ten_mebibytes_is_refused(server: FirestoreServer, db: firestore.Client) -> None:
    def write(documents: int) -> None:
        batch = db.batch()
        for n in range(documents):
            batch.set(db.document(f"c/{n}"), {"a": b"x" * 1_000_000})
        batch.commit(**NOW)

    write(10)
    with pytest.raises(exceptions.InvalidArgument, match="payload size exceeds the limit"):
        write(11)
    with pytest.raises(exceptions.ResourceExhausted):
        write(18)
    assert len(server.paths(PROJECT)) == 10


def test_a_bulk_writer_gets_one_status_per_write(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/2").set({}, **NOW)
    failed: list[str] = []
    writer = db.bulk_writer()

    def give_up(error: Any, _writer: object) -> bool:
        failed.append(error.operation.reference.path)
        return False

    writer.on_write_error(give_up)
    for n in range(4):
        writer.create(db.document(f"c/{n}"), {"n": n})
    writer.close()
    assert failed == ["c/2"]
    assert server.paths(PROJECT, "c") == ["c/0", "c/1", "c/2", "c/3"]


# Reading


def test_pages_by_name_hold_every_document_once(db: firestore.Client) -> None:
    fill(db, 95)
    query = db.collection("k").order_by("__name__").limit(20)
    seen: list[str] = []
    page = list(query.stream(**NOW))
    while page:
        seen += [row.id for row in page]
        page = list(query.start_after(page[-1]).stream(**NOW))
    assert seen == [f"{n:04}" for n in range(95)]


ORDERED = [None, False, True, float("nan"), -1, 1.5, 2, b"\x00", {"a": 2}]  # all comparable to the client
QUERIES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "types are ordered": (lambda k: k.order_by("v"), list("012345678")),
    "types are ordered backwards": (lambda k: k.order_by("v", direction="DESCENDING"), list("876543210")),
    "ranges stay within a type": (lambda k: k.where(filter=FieldFilter("v", "<", 2)), list("45")),
    "NaN is no number to a range": (lambda k: k.where(filter=FieldFilter("v", ">=", -1)), list("456")),
    "not-equal leaves out null": (lambda k: k.where(filter=FieldFilter("v", "!=", True)), list("1345678")),
    "null is found": (lambda k: k.where(filter=FieldFilter("v", "==", None)), ["0"]),
    "what lacks a field of the order is left out": (lambda k: k.order_by("only"), ["8"]),
    "a page by name": (lambda k: k.order_by("__name__").offset(2).limit(3), list("234")),
    "ranges over two fields are ordered by both": (
        lambda k: k.where(filter=FieldFilter("w", ">", 0)).where(filter=FieldFilter("u", ">", 0)),
        list("214365"),
    ),
    "cursors cut": (lambda k: k.order_by("v").start_after({"v": True}).end_at({"v": 1.5}), list("345")),
}


@pytest.mark.parametrize("name", QUERIES)
def test_queries_are_answered(db: firestore.Client, name: str) -> None:
    for n, value in enumerate(ORDERED):
        db.document(f"k/{n}").set({"v": value} | ({"only": 1} if n == 8 else {}), **NOW)
    for n in range(1, 7):
        db.document(f"k/{n}").update({"u": (n + 1) // 2, "w": 7 - n}, **NOW)
    shape, found = QUERIES[name]
    assert [row.id for row in shape(db.collection("k")).stream(**NOW)] == found


def test_increments_stay_within_64_bits(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/1").set({"n": 2**63 - 2}, **NOW)
    db.document("c/1").update({"n": firestore.Increment(5)}, **NOW)
    assert server.get(PROJECT, "c/1") == {"n": 2**63 - 1}


def test_collections_and_documents_that_only_have_children_are_listed(db: firestore.Client) -> None:
    for path in ("k/1/sub/a", "k/1/sub/b", "k/1/other/c", "k/2", "l/1"):
        db.document(path).set({"n": 1}, **NOW)
    assert [one.id for one in db.collections(**NOW)] == ["k", "l"]
    assert [one.id for one in db.document("k/1").collections(**NOW)] == ["other", "sub"]
    assert [one.id for one in db.collection("k").list_documents(page_size=1, **NOW)] == ["1", "2"]
    assert [row.reference.path for row in db.collection_group("sub").stream(**NOW)] == ["k/1/sub/a", "k/1/sub/b"]
    assert len(list(db.collection_group("sub").get_partitions(3))) == 1


def test_a_whole_tree_is_deleted_by_the_client(server: FirestoreServer, db: firestore.Client) -> None:
    for path in ("k/1", "k/1/sub/a", "k/2/sub/b", "l/1"):
        server.set(PROJECT, path, {"n": 1})
    db.recursive_delete(db.collection("k"))
    assert server.paths(PROJECT) == ["l/1"]


def test_earlier_versions_cannot_be_read(db: firestore.Client) -> None:
    written = db.document("c/1").set({}, **NOW).update_time
    with pytest.raises(exceptions.MethodNotImplemented, match="no earlier versions"):
        db.document("c/1").get(read_time=written, **NOW)


# Transactions


def test_transactions_that_race_lose_nothing(server: FirestoreServer, db: firestore.Client) -> None:
    server.set(PROJECT, "c/1", {"n": 0})

    @firestore.transactional
    def increase(transaction: firestore.Transaction, document: firestore.DocumentReference) -> None:
        transaction.update(document, {"n": document.get(transaction=transaction, **NOW).get("n") + 1})

    def work() -> None:
        for _ in range(5):
            increase(db.transaction(max_attempts=200), db.document("c/1"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.get(PROJECT, "c/1") == {"n": 30}


Reading = Callable[[firestore.Client, firestore.Transaction], Any]
READINGS: dict[str, Reading] = {
    "a document": lambda db, open_: db.document("k/0001").get(transaction=open_, **NOW),
    "an absent document": lambda db, open_: db.document("k/9999").get(transaction=open_, **NOW),
    "a query": lambda db, open_: list(
        db.collection("k").where(filter=FieldFilter("n", ">=", 1)).stream(transaction=open_, **NOW)
    ),
    "a count": lambda db, open_: db.collection("k").count().get(transaction=open_, **NOW),
}
OUTSIDE = {
    "a document": ("k/0001", {"n": 5}),
    "an absent document": ("k/9999", {"n": 5}),
    "a query": ("k/0500", {"n": 5}),
    "a count": ("k/0500", {}),
}


@pytest.mark.parametrize("what", READINGS)
def test_a_transaction_is_aborted_when_what_it_read_has_changed(
    server: FirestoreServer, db: firestore.Client, what: str
) -> None:
    fill(db, 3)
    path, change = OUTSIDE[what]
    for changes_outside in (False, True):
        transaction = db.transaction()
        transaction._begin()
        READINGS[what](db, transaction)
        server.set(PROJECT, path if changes_outside else "elsewhere/1", change)
        transaction.set(db.document("result/1"), {"done": changes_outside})
        if changes_outside:
            with pytest.raises(exceptions.Aborted):
                transaction._commit()
        else:
            transaction._commit()
    assert server.get(PROJECT, "result/1") == {"done": False}


def test_a_transaction_that_was_rolled_back_or_only_reads_writes_nothing(
    server: FirestoreServer, db: firestore.Client
) -> None:
    transaction = db.transaction()
    transaction._begin()
    identity = transaction.id
    transaction._rollback()
    with pytest.raises(exceptions.InvalidArgument, match="expired"):
        db.document("c/1").get(transaction=_with_id(db, identity), **NOW)
    reading = db.transaction(read_only=True)
    reading._begin()
    with pytest.raises(ValueError, match="read-only"):
        reading.set(db.document("c/1"), {})
    reading._commit()
    assert server.paths(PROJECT) == []


def _with_id(db: firestore.Client, identity: bytes) -> firestore.Transaction:
    transaction = db.transaction()
    transaction._id = identity  # type: ignore[assignment]  # the client declares what it begins with alone
    return transaction

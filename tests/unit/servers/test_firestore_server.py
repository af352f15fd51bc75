"""Our Firestore server, through Google's own client: documents, queries, transactions, faults, the bill, kills."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import firebase_admin
import pytest
from firebase_admin import firestore as admin_firestore
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client

REPOSITORY = Path(__file__).resolve().parents[3]
NOW: dict[str, Any] = {"retry": None, "timeout": 10}
PROJECT = "demo"


@pytest.fixture
def server() -> Iterator[FirestoreServer]:
    with FirestoreServer() as running:
        running.create(PROJECT)
        yield running


@pytest.fixture
def db(server: FirestoreServer) -> Iterator[firestore.Client]:
    with client(server.address, PROJECT) as connected:
        yield connected


def fill(db: firestore.Client, count: int, collection: str = "k") -> None:
    batch = db.batch()
    for n in range(count):
        batch.set(db.document(f"{collection}/{n:04}"), {"n": n})
    batch.commit(**NOW)


class _Emulated(firebase_admin.credentials.Base):
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
    failed = []
    writer = db.bulk_writer()
    writer.on_write_error(lambda error, _: bool(failed.append(error.operation.reference.path)))
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
    transaction._id = identity
    return transaction


# Faults

KINDS = {
    "ABORTED": exceptions.Aborted,
    "RESOURCE_EXHAUSTED": exceptions.ResourceExhausted,
    "UNAVAILABLE": exceptions.ServiceUnavailable,
    "DEADLINE_EXCEEDED": exceptions.DeadlineExceeded,
    "PERMISSION_DENIED": exceptions.PermissionDenied,
    "UNAUTHENTICATED": exceptions.Unauthenticated,
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_commit_fails_before_or_after_it_took_effect(
    server: FirestoreServer, db: firestore.Client, kind: str, after: bool
) -> None:
    server.fault("Commit", kind, times=2, after=after)
    for n in (1, 2):
        with pytest.raises(KINDS[kind]):
            db.document(f"c/{n}").create({}, **NOW)
    db.document("c/3").create({}, **NOW)
    assert server.paths(PROJECT) == (["c/1", "c/2", "c/3"] if after else ["c/3"])
    assert server.writes == (3 if after else 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_call_that_hangs_ends_when_its_caller_gives_up(
    server: FirestoreServer, db: firestore.Client, after: bool
) -> None:
    server.fault("Commit", "HANG", after=after)
    with pytest.raises(exceptions.DeadlineExceeded):
        db.document("c/1").create({}, retry=None, timeout=0.2)
    db.document("c/2").create({}, **NOW)
    assert ("c/1" in server.paths(PROJECT)) == after


def test_a_server_closes_although_a_call_hangs() -> None:
    with FirestoreServer(create_on_use=True) as server, client(server.address, PROJECT) as db:
        server.fault("*", "HANG")
        caught: list[BaseException] = []

        def call() -> None:
            try:
                db.document("c/1").get(retry=None, timeout=60)
            except exceptions.GoogleAPICallError as error:
                caught.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        while not server.calls:
            thread.join(0.01)
        server.close()
        thread.join(10)
        assert caught and not thread.is_alive()


def test_late_answers_come_late_and_only_as_often_as_asked(server: FirestoreServer, db: firestore.Client) -> None:
    server.fault("BatchGetDocuments", "LATENCY", seconds=5, skip=1)
    db.document("c/1").get(**NOW)
    with pytest.raises(exceptions.DeadlineExceeded):
        db.document("c/1").get(retry=None, timeout=0.2)
    db.document("c/1").get(**NOW)


def test_a_stream_breaks_off_after_its_first_answer(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 5)
    server.fault("RunQuery", "UNAVAILABLE", after=True)
    never = Retry(predicate=lambda _: False)  # the client cannot do with retry=None once a stream has begun
    rows = db.collection("k").stream(retry=never, timeout=10)
    assert next(rows).id == "0000"
    with pytest.raises(exceptions.ServiceUnavailable):
        next(rows)


def test_a_disabled_key_refuses_everything_until_it_is_enabled(server: FirestoreServer, db: firestore.Client) -> None:
    server.disable_key()
    with pytest.raises(exceptions.Unauthenticated):
        db.document("c/1").set({}, **NOW)
    with pytest.raises(exceptions.Unauthenticated):
        list(db.collection("c").stream(**NOW))
    server.clear_faults()
    db.document("c/1").set({}, **NOW)
    assert server.calls == {"Commit": 2, "RunQuery": 1}


def test_an_unknown_fault_is_refused(server: FirestoreServer) -> None:
    with pytest.raises(ValueError, match="NONSENSE is neither"):
        server.fault("Commit", "NONSENSE")


# The bill


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


# States


def test_a_rolled_back_server_is_what_it_was(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/1").set({"n": 1}, **NOW)
    old = db.document("c/1").get(**NOW)
    server.snapshot()
    later = db.document("c/1").set({"n": 2}, **NOW).update_time
    db.document("c/2").set({}, **NOW)
    server.roll_back()
    assert server.paths(PROJECT) == ["c/1"]
    again = db.document("c/1").get(**NOW)
    assert (again.to_dict(), again.update_time) == ({"n": 1}, old.update_time)
    assert db.document("c/1").set({"n": 3}, **NOW).update_time > later


def test_a_wiped_project_is_empty_but_there(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 3)
    server.wipe(PROJECT)
    assert list(db.collection("k").stream(**NOW)) == []
    fill(db, 1)
    assert server.paths(PROJECT) == ["k/0000"]


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        server.create(PROJECT)
        db.document("c/1").set({"n": 1}, **NOW)
        server.snapshot()
        last = db.document("c/1").set({"n": 2}, **NOW).update_time
        server.roll_back()
        before = db.document("c/1").get(**NOW)
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        after = db.document("c/1").get(**NOW)
        assert (after.to_dict(), after.update_time, after.create_time) == (
            {"n": 1},
            before.update_time,
            before.create_time,
        )
        assert db.document("c/1").set({"n": 3}, **NOW).update_time > last


def test_acknowledged_commits_survive_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.firestore", "--root", str(tmp_path), "--project", PROJECT]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        acknowledged: dict[str, Any] = {}
        with client(victim.stdout.readline().strip(), PROJECT) as db:
            killer = threading.Timer(0.3, victim.send_signal, [signal.SIGKILL])
            killer.start()
            with pytest.raises(exceptions.GoogleAPICallError):
                for n in range(100_000):
                    batch = db.batch()
                    for part in "ab":
                        batch.set(db.document(f"c/{n:06}{part}"), {"n": n})
                    for part, result in zip("ab", batch.commit(**NOW), strict=True):
                        acknowledged[f"{n:06}{part}"] = result.update_time
    assert acknowledged
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        stored = {row.id: row.update_time for row in db.collection("c").stream(**NOW)}
        assert acknowledged.items() <= stored.items()
        assert len(stored) % 2 == 0

"""Faults of our Firestore server: refusals before and after the effect, hanging, broken streams, a dead key."""

from __future__ import annotations

import threading

import pytest
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud import firestore

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import NOW, PROJECT, fill

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

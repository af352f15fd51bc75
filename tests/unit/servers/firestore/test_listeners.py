"""Listeners of our Firestore server: what they are told, what they miss, how they resume, and what that costs."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import NOW, PROJECT, fill

Told = tuple[dict[str, Any], list[tuple[str, str]]]


class Heard:
    """What a listener was told: all documents by id, and the changes as (kind, id)."""

    def __init__(self) -> None:
        self._told: queue.Queue[Told] = queue.Queue()

    def __call__(self, documents: Any, changes: Any, _: Any) -> None:
        named = [(change.type.name, change.document.id) for change in changes]
        self._told.put(({one.id: one.to_dict() for one in documents}, named))

    def next(self) -> Told:
        """The next snapshot; queue.Empty when none comes."""
        return self._told.get(timeout=10)

    def until(self, documents: dict[str, Any]) -> None:
        """Wait for a snapshot with just these documents."""
        while self.next()[0] != documents:
            pass

    def nothing(self) -> bool:
        """Whether nothing more was told so far."""
        return self._told.empty()


@contextmanager
def listening(to: Any) -> Iterator[Heard]:
    heard = Heard()
    watch = to.on_snapshot(heard)
    try:
        yield heard
    finally:
        watch.unsubscribe()


def from_one_on(db: firestore.Client) -> Any:
    return db.collection("k").where(filter=FieldFilter("n", ">=", 1))


def test_a_document_is_followed_from_absent_to_deleted(server: FirestoreServer, db: firestore.Client) -> None:
    with listening(db.document("c/1")) as heard:
        assert heard.next() == ({}, [])
        server.set(PROJECT, "c/1", {"n": 1})
        assert heard.next() == ({"1": {"n": 1}}, [("ADDED", "1")])
        server.set(PROJECT, "c/2", {"n": 1})
        db.document("c/1").update({"n": 2}, **NOW)
        assert heard.next() == ({"1": {"n": 2}}, [("MODIFIED", "1")])
        db.document("c/1").delete(**NOW)
        assert heard.next() == ({}, [("REMOVED", "1")])


def test_a_query_is_told_what_comes_changes_and_goes(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 3)
    with listening(from_one_on(db)) as heard:
        assert heard.next()[1] == [("ADDED", "0001"), ("ADDED", "0002")]
        server.set(PROJECT, "k/0000", {"n": 7})
        assert heard.next()[1] == [("ADDED", "0000")]
        server.set(PROJECT, "k/0001", {"n": 0})
        assert heard.next()[1] == [("REMOVED", "0001")]
        server.delete(PROJECT, "k/0002")
        assert heard.next() == ({"0000": {"n": 7}}, [("REMOVED", "0002")])


def test_only_what_is_delivered_is_billed(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 5)
    server.clear_log()
    with listening(from_one_on(db)) as heard:
        heard.next()
        assert server.reads == 4
        server.set(PROJECT, "k/0002", {"n": 9})
        server.delete(PROJECT, "k/0003")
        server.set(PROJECT, "elsewhere/1", {"n": 9})
        heard.until({"0001": {"n": 1}, "0002": {"n": 9}, "0004": {"n": 4}})
        assert server.reads == 5
    with listening(db.collection("nothing")) as heard:
        heard.next()
    assert [one.path for one in server.log()][-1] == "nothing"


steps = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 3)), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25)
@given(steps=steps, limit=st.none() | st.integers(1, 3))
def test_after_any_commits_a_listener_knows_what_the_query_answers(
    steps: list[list[tuple[int, int | None]]], limit: int | None
) -> None:
    with FirestoreServer(create_on_use=True) as server, client(server.address, PROJECT) as db:
        query = from_one_on(db).order_by("n")
        query = query.limit(limit) if limit else query
        with listening(query) as heard:
            known, _ = heard.next()
            for step in steps:
                batch = db.batch()
                for number, n in dict(step).items():
                    document = db.document(f"k/{number}")
                    batch.delete(document) if n is None else batch.set(document, {"n": n})
                batch.commit(**NOW)
                wanted = {row.id: row.to_dict() for row in query.stream(**NOW)}
                while known != wanted:
                    known, _ = heard.next()


def test_a_silent_listener_stays_open_and_a_new_one_hears(server: FirestoreServer, db: firestore.Client) -> None:
    with listening(db.document("c/1")) as silent:
        silent.next()
        server.silence_listeners()
        server.set(PROJECT, "c/1", {"n": 1})
        assert server.listeners == 1
        with listening(db.document("c/1")) as new:
            assert new.next()[0] == {"1": {"n": 1}}
            server.set(PROJECT, "c/1", {"n": 2})
            assert new.next()[0] == {"1": {"n": 2}}
            assert server.listeners == 2
        assert silent.nothing()


def test_a_reset_listener_gets_everything_again_and_pays_for_it(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 3)
    with listening(db.collection("k")) as heard:
        heard.next()
        server.clear_log()
        server.reset_listeners()
        server.set(PROJECT, "k/0000", {"n": 7})
        heard.until({"0000": {"n": 7}, "0001": {"n": 1}, "0002": {"n": 2}})
        assert server.reads == 4


def test_an_interrupted_listener_resumes_and_pays_for_what_it_missed(
    server: FirestoreServer, db: firestore.Client
) -> None:
    fill(db, 50)
    with listening(from_one_on(db)) as heard:
        known, _ = heard.next()
        server.clear_log()
        server.end_listeners("UNAVAILABLE")
        batch = db.batch()
        batch.set(db.document("k/0001"), {"n": 99})
        batch.set(db.document("k/0002"), {"n": 0})
        batch.delete(db.document("k/0003"))
        batch.commit(**NOW)
        gone = {"0002", "0003"}
        heard.until({key: value for key, value in known.items() if key not in gone} | {"0001": {"n": 99}})
        assert server.reads == 1


def test_a_limited_listener_that_was_interrupted_knows_who_moved_up(
    server: FirestoreServer, db: firestore.Client
) -> None:
    fill(db, 5)
    with listening(from_one_on(db).order_by("n").limit(2)) as heard:
        assert list(heard.next()[0]) == ["0001", "0002"]
        server.silence_listeners()
        server.delete(PROJECT, "k/0001")
        server.end_listeners("UNAVAILABLE")
        heard.until({"0002": {"n": 2}, "0003": {"n": 3}})


def test_a_listener_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db, ExitStack() as servers:
        server.create(PROJECT)
        fill(db, 20)
        with listening(from_one_on(db)) as heard:  # it ends before the server: Google's never gives up afterwards
            known, _ = heard.next()
            server.close()
            again = servers.enter_context(FirestoreServer(tmp_path).start(int(server.address.split(":")[1])))
            again.set(PROJECT, "k/0005", {"n": 55})
            heard.until(known | {"0005": {"n": 55}})
            assert again.reads == 1


@pytest.mark.parametrize("loss", ["wiped", "rolled back"])
def test_listeners_begin_anew_when_documents_are_lost(server: FirestoreServer, db: firestore.Client, loss: str) -> None:
    fill(db, 2)
    server.snapshot()
    fill(db, 4)
    with listening(db.collection("k")) as heard:
        assert len(heard.next()[0]) == 4
        if loss == "wiped":
            server.wipe(PROJECT)
            heard.until({})
        else:
            server.roll_back()
            heard.until({"0000": {"n": 0}, "0001": {"n": 1}})


def test_a_token_from_before_a_roll_back_brings_everything(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 2)
    server.snapshot()
    fill(db, 4)
    with listening(db.collection("k")) as heard:
        assert len(heard.next()[0]) == 4
        server.silence_listeners()
        server.roll_back()
        server.end_listeners("UNAVAILABLE")
        heard.until({"0000": {"n": 0}, "0001": {"n": 1}})


def test_a_listener_of_a_disabled_key_hears_again_when_it_is_enabled(
    server: FirestoreServer, db: firestore.Client
) -> None:
    with listening(db.document("c/1")) as heard:
        heard.next()
        server.disable_key()
        with pytest.raises(exceptions.Unauthenticated):
            db.document("c/1").get(**NOW)
        server.clear_faults()
        server.set(PROJECT, "c/1", {"n": 1})
        heard.until({"1": {"n": 1}})


def test_a_listener_that_leaves_is_forgotten(server: FirestoreServer, db: firestore.Client) -> None:
    with listening(db.document("c/1")) as heard:
        heard.next()
        assert server.listeners == 1
    with listening(db.document("c/2")) as heard:
        heard.next()
        n = 0
        while server.listeners > 1:  # the server learns of the first one's end a moment later
            server.set(PROJECT, "c/2", {"n": (n := n + 1)})
            heard.next()

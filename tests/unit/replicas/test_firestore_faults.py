"""What goes wrong between a device and Firestore: each ends in a named error or is settled, and nothing is lost."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.errors import Cancelled, Denied, Limited, Moved, NettoError, NewerFormat, Unreachable, UsageError
from netto_tui.replicas import firestore_client
from netto_tui.replicas.base import Batch
from netto_tui.replicas.firestore import Firestore
from netto_tui.replicas.firestore_faults import Lost
from netto_tui.security.envelope import PLAIN
from tests.contract.firestore_places import USER
from tests.contract.stores import FOREIGN, MARKER, batch, conversation, held, ids, records
from tests.unit.replicas.firestore_given import NOON, Cloud, added, long_record, more

HOUR = 3_600_000
BLOB = b"a picture"
BLOB_NAME = hashlib.sha256(BLOB).hexdigest()
MANY = 1200


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.server.clear_faults()
    made.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses, so that tests do not wait."""
    monkeypatch.setattr(firestore_client, "FIRST_PAUSE", 0.001)


@pytest.fixture
def replica(cloud: Cloud) -> Firestore:
    return cloud.claimed()


def sequence(cloud: Cloud) -> int:
    """How many adds there were, and the claim."""
    return int((cloud.get() or {})["sequence"])


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("times", [1, 3])
def test_an_answer_that_does_not_come_is_settled_and_nothing_is_written_twice(
    cloud: Cloud, replica: Firestore, kind: str, after: bool, times: int
) -> None:
    cursor = replica.changes().cursor
    cloud.server.fault("Commit", kind, times, after=after and kind != "ABORTED")
    cursor = replica.add(batch(records(1), records(2)), cursor)
    assert sequence(cloud) == 2
    assert cursor == cloud.open().probe().cursor
    found = held(replica, 1, 2)
    assert all(ids(found[number]) == {record.id for record in records(number)} for number in (1, 2))
    assert replica.add(batch(records(3)), cursor) == cloud.open().probe().cursor
    assert list(replica.check()) == []


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_any_of_many_commits_may_lose_its_answer(cloud: Cloud, replica: Firestore, skip: int, after: bool) -> None:
    cursor = replica.changes().cursor
    cloud.server.clear_log()
    cloud.server.fault("Commit", "DEADLINE_EXCEEDED", after=after, skip=skip)
    cursor = replica.add(added(1, MANY, MANY), cursor)
    assert cloud.server.writes == MANY + 1 + 2  # the conversation's header is a message too here
    assert replica.writes == cloud.server.writes + 1
    assert cursor == cloud.open().probe().cursor
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, MANY)}
    assert sequence(cloud) == 2


@pytest.mark.parametrize("rpc", ["BatchGetDocuments", "RunQuery"])
@pytest.mark.parametrize("kind", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED"])
def test_reading_is_tried_again(cloud: Cloud, replica: Firestore, rpc: str, kind: str) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    phone = cloud.open("phone")
    cloud.server.fault(rpc, kind, 2)
    assert phone.changes().names == {conversation(1)}
    cloud.server.fault(rpc, kind, after=True)
    assert ids(held(phone, 1)[1]) == {record.id for record in records(1)}


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_server_that_never_answers_is_unreachable(cloud: Cloud, replica: Firestore, kind: str) -> None:
    cursor = replica.changes().cursor
    cloud.server.fault("*", kind, 1000)
    for call in everything(replica, cursor):
        with pytest.raises(Unreachable) as error:
            call()
        assert error.value.remedy and not isinstance(error.value, Limited)
    cloud.server.clear_faults()
    assert replica.add(batch(records(1)), replica.changes().cursor)


def everything(replica: Firestore, cursor: str) -> list[Callable[[], Any]]:
    """Every call that a pass makes."""
    return [
        replica.probe,
        lambda: replica.claim(MARKER),
        lambda: replica.changes(""),
        lambda: list(replica.read([conversation(1)])),
        lambda: replica.read_blob("0" * 64),
        lambda: replica.add(batch(records(1)), cursor),
        lambda: list(replica.check()),
        lambda: replica.rebuild(MARKER),
    ]


def test_a_server_that_holds_a_call_is_left_after_a_while(
    cloud: Cloud, replica: Firestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firestore_client, "RPC_SECONDS", 0.05)
    cloud.server.fault("*", "HANG", 1000)
    with pytest.raises(Unreachable):
        replica.probe()


def test_pauses_between_attempts_grow(cloud: Cloud) -> None:
    class Recorded(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return self.is_set()

    pauses: list[float | None] = []
    replica = cloud.open(cancel=Recorded())
    cloud.server.fault("*", "UNAVAILABLE", 1000)
    with pytest.raises(Unreachable):
        replica.probe()
    first = firestore_client.FIRST_PAUSE
    assert pauses == [first, 2 * first, 4 * first]


def test_a_call_ends_when_its_time_is_over_and_each_conversation_has_its_own(
    cloud: Cloud, replica: Firestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica.add(batch(records(1), records(2)), replica.changes().cursor)
    clock = itertools.count(0, 50)
    monkeypatch.setattr(firestore_client, "monotonic", lambda: next(clock))
    found = held(cloud.open("phone"), 1, 2)
    assert [ids(found[number]) for number in (1, 2)] == [{record.id for record in records(n)} for n in (1, 2)]
    cloud.server.clear_log()
    cloud.server.fault("*", "UNAVAILABLE", 1000)
    with pytest.raises(Unreachable) as error:
        replica.probe()
    assert "did not finish" in error.value.message
    assert cloud.server.calls == {"BatchGetDocuments": 2}


def test_a_call_that_hangs_is_left_when_a_person_says_so(cloud: Cloud) -> None:
    cancel = threading.Event()
    replica = cloud.claimed()
    stopped = cloud.open("phone", cancel=cancel)
    cursor = replica.changes().cursor
    cloud.server.fault("Commit", "HANG")
    timer = threading.Timer(0.05, cancel.set)
    timer.start()
    with pytest.raises(Cancelled):
        stopped.add(batch(records(1)), cursor)
    timer.join()
    cloud.server.clear_faults()
    assert replica.add(batch(records(1)), replica.changes().cursor)


def test_the_days_quota_says_until_when(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.changes().cursor
    for call in everything(replica, cursor):
        cloud.server.fault("*", "RESOURCE_EXHAUSTED")
        with pytest.raises(Limited) as error:
            call()
        assert error.value.until_ms == NOON + 12 * HOUR
        cloud.server.clear_faults()
    assert cloud.paths("conversations") == []


@pytest.mark.parametrize("kind", ["PERMISSION_DENIED", "UNAUTHENTICATED"])
def test_credentials_that_do_not_permit_it_are_denied_at_once(cloud: Cloud, replica: Firestore, kind: str) -> None:
    cursor = replica.changes().cursor
    for call in everything(replica, cursor):
        cloud.server.clear_log()
        cloud.server.fault("*", kind)
        with pytest.raises(Denied) as error:
            call()
        assert sum(cloud.server.calls.values()) == 1
        assert error.value.exit_code == 4
        assert "IAM" in error.value.remedy
        assert kind == "UNAUTHENTICATED" or "datastore.entities" in error.value.remedy
        cloud.server.clear_faults()


def test_a_key_that_was_disabled_is_denied_and_works_again_later(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.changes().cursor
    cloud.server.disable_key()
    with pytest.raises(Denied):
        replica.add(batch(records(1)), cursor)
    cloud.server.clear_faults()
    replica.add(batch(records(1)), cursor)


def test_a_database_that_is_not_there_is_absent_and_says_how_to_make_it(cloud: Cloud) -> None:
    cloud.server.remove(cloud.project)
    replica = cloud.open()
    assert replica.probe().presence == "absent"
    with pytest.raises(Unreachable) as error:
        replica.claim(MARKER)
    assert "Native mode" in error.value.remedy
    cloud.server.create(cloud.project)
    assert replica.probe().presence == "empty"


def test_a_named_database_is_another_place(cloud: Cloud) -> None:
    cloud.claimed()
    named = cloud.open(database="backup")
    assert named.probe().presence == "absent"
    cloud.server.create(cloud.project, "backup")
    named.claim(MARKER)
    named.add(batch(records(1)), named.changes().cursor)
    assert cloud.open("phone", database="backup").changes().names == {conversation(1)}
    assert cloud.open("phone").changes().names == frozenset()


@pytest.mark.parametrize("target", ["demo-project", "demo-project/", "/uid", "a b/uid", "demo/a/b", "demo/..", "X/uid"])
def test_a_target_that_is_not_project_and_uid_is_refused(cloud: Cloud, target: str, tmp_path: Path) -> None:
    from netto_tui.replicas.registry import open_replica

    with pytest.raises(UsageError) as error:
        open_replica("cloud", "firestore", target, PLAIN, tmp_path, "laptop", threading.Event())
    assert "PROJECT/UID" in str(error.value)


def test_a_writer_who_comes_in_between_is_noticed_and_loses_nothing(cloud: Cloud, replica: Firestore) -> None:
    phone = cloud.open("phone")
    cursor = replica.changes().cursor
    phone.changes()
    replica.probe()
    phone.add(batch(records(1, 2)), cursor)
    before = cloud.paths()
    with pytest.raises(Moved):
        replica.add(batch(records(1, 3)), cursor)
    assert cloud.paths() == before
    replica.add(batch(records(1, 3)), replica.changes(cursor).cursor)
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, 3)}


def test_a_race_that_is_lost_after_many_messages_leaves_what_is_found_again(
    cloud: Cloud, replica: Firestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, cursor = cloud.open("phone"), replica.changes().cursor
    phone.changes()
    commit = firestore_client.Connection.commit
    done: list[str] = []

    def meanwhile(connection: Any, puts: Any) -> Any:
        if connection is not phone._connection and len(done) == 2:
            done.append("phone")
            phone.add(batch(records(2)), cursor)
        done.append("commit")
        return commit(connection, puts)

    monkeypatch.setattr(firestore_client.Connection, "commit", meanwhile)
    with pytest.raises(Moved):
        replica.add(added(1, MANY, MANY), cursor)
    assert len(cloud.paths("conversations")) > MANY
    assert cloud.get(f"conversations/{conversation(1)}") is None
    cursor = replica.changes(cursor).cursor
    cloud.server.clear_log()
    replica.add(added(1, MANY, MANY), cursor)
    assert cloud.server.writes == 2
    assert ids(held(phone, 1)[1]) == {record.id for record in records(1, MANY)}
    assert list(replica.check()) == []


def test_a_lost_answer_is_not_mistaken_for_a_write_of_another_process_of_this_device(
    cloud: Cloud, replica: Firestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, cursor = cloud.open("laptop"), replica.changes().cursor
    other.changes()
    commit = firestore_client.Connection.commit
    lost: list[Any] = []

    def meanwhile(connection: Any, puts: Any) -> Any:
        if connection is replica._connection and not lost:
            lost.append(puts)
            other.add(batch(records(1, 9)), cursor)
            raise Lost
        return commit(connection, puts)

    monkeypatch.setattr(firestore_client.Connection, "commit", meanwhile)
    with pytest.raises(Moved):
        replica.add(batch(records(1, 3), records(2)), cursor)
    changes = replica.changes(cursor)
    assert changes.names == {conversation(1)}
    replica.add(batch(records(1, 3), records(2)), changes.cursor)
    assert ids(held(cloud.open("phone"), 1)[1]) == {record.id for record in records(1, 9)}
    assert list(replica.check()) == []


def test_a_big_write_that_expects_another_state_writes_nothing(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.changes().cursor
    cloud.open("phone").add(batch(records(2)), cursor)
    before = cloud.paths()
    with pytest.raises(Moved):
        replica.add(added(1, MANY, MANY), cursor)
    assert cloud.paths() == before


def test_a_project_that_was_wiped_is_empty_and_what_changed_says_so(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.add(batch(records(1)), replica.changes().cursor)
    cloud.server.wipe(cloud.project)
    assert replica.probe().presence == "empty"
    changes = replica.changes(cursor)
    assert (changes.names, changes.complete, changes.rewritten) == (frozenset(), True, True)
    assert held(replica, 1)[1].records == ()
    with pytest.raises(NettoError):
        replica.add(batch(records(1)), cursor)
    replica.claim(MARKER)
    replica.add(batch(records(1)), replica.changes().cursor)
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1)}


def test_a_project_that_was_rolled_back_is_an_old_copy(cloud: Cloud, replica: Firestore) -> None:
    old = replica.add(batch(records(1)), replica.changes().cursor)
    saved = cloud.server.snapshot()
    new = replica.add(batch(records(1, 5), records(2)), old)
    held(replica, 1, 2)
    cloud.server.roll_back(saved)
    assert replica.probe().cursor == old
    changes = replica.changes(new)
    assert (changes.names, changes.complete, changes.rewritten) == (frozenset({conversation(1)}), True, True)
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1)}
    replica.add(batch(records(1, 5), records(2)), changes.cursor)
    assert ids(held(cloud.open("phone"), 1)[1]) == {record.id for record in records(1, 5)}
    assert list(replica.check()) == []


def test_an_identity_that_is_gone_can_be_written_again_and_everything_is_there(
    cloud: Cloud, replica: Firestore
) -> None:
    cursor = replica.add(batch(records(1)), replica.changes().cursor)
    cloud.delete()
    probe = replica.probe()
    assert (probe.presence, probe.marker, bool(probe.marker_error)) == ("present", None, True)
    with pytest.raises(NettoError):
        replica.add(batch(records(2)), cursor)
    replica.claim(MARKER)
    changes = replica.changes(cursor)
    assert (changes.names, changes.rewritten) == (frozenset({conversation(1)}), True)


def test_an_identity_of_a_newer_version_is_left_alone(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.changes().cursor
    cloud.damage("", format="netto.replica/2")
    before = cloud.get()
    for call in (
        lambda: replica.claim(MARKER),
        lambda: replica.rebuild(MARKER),
        lambda: cloud.open().add(batch(records(1)), cursor),
    ):
        with pytest.raises(NewerFormat):
            call()
    assert "newer" in replica.probe().marker_error
    assert cloud.get() == before


def test_another_programs_document_is_foreign(cloud: Cloud) -> None:
    cloud.server.set(cloud.project, USER, {"name": "Somebody", "theme": "dark"})
    replica = cloud.open()
    probe = replica.probe()
    assert (probe.presence, probe.marker, probe.marker_error) == ("present", None, "")
    for call in (replica.claim, replica.rebuild):
        with pytest.raises(NettoError):
            call(FOREIGN)


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f41f"])
def test_a_record_longer_than_a_document_comes_back_whole(cloud: Cloud, replica: Firestore, letter: str) -> None:
    long = long_record(1, 1_500_000, letter)
    some = (*records(1), long)
    assert len(long.line) > 2**20
    cursor = replica.add(batch(some), replica.changes().cursor)
    path = cloud.message_of(1, long)
    assert cloud.fields(path)["pieces"] == len(cloud.paths(f"{path}/pieces/")) + 1 > 1
    for opened in (replica, cloud.open("phone")):
        assert ids(held(opened, 1)[1]) == {record.id for record in some}
    assert replica.add(batch(some), cursor) == cursor
    cloud.delete(f"{path}/pieces/1")
    opened = cloud.open("tablet")
    found = held(opened, 1)[1]
    assert ids(found) == {record.id for record in records(1)}
    assert len(found.corrupt) == 1
    opened.add(batch(some), cursor)
    assert ids(held(cloud.open("other"), 1)[1]) == {record.id for record in some}


def test_a_batch_larger_than_one_writing_of_the_user_document_chains(cloud: Cloud, replica: Firestore) -> None:
    cursor = replica.changes().cursor
    cloud.server.clear_log()
    cursor = replica.add(Batch([more(number, 0, 1) for number in range(500)], {BLOB_NAME: BLOB}), cursor)
    assert cloud.server.writes == 500 + 500 + 2 + 2
    assert cursor == replica.probe().cursor
    assert len(cloud.open("phone").changes().names) == 500


FAULTS = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from(["Commit", "BatchGetDocuments", "RunQuery", "*"]),
        st.sampled_from(["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL", "RESOURCE_EXHAUSTED"]),
        st.integers(1, 5),
        st.booleans(),
        st.integers(0, 3),
    ),
)


@given(steps=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3), FAULTS), min_size=1, max_size=8))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_fails_what_was_acknowledged_is_there_and_the_rest_comes_later(
    cloud: Cloud, steps: list[tuple[int, int, tuple[str, str, int, bool, int] | None]]
) -> None:
    cloud = Cloud(cloud.folder)
    devices = [cloud.claimed("laptop"), cloud.open("phone")]
    said: list[set[str]] = [set(), set()]
    acknowledged: set[str] = set()
    for turn, (number, count, fault) in enumerate(steps):
        mine = records(1, count, first=10 * turn)
        said[number] |= {record.id for record in mine}
        if fault:
            rpc, kind, times, after, skip = fault
            cloud.server.fault(rpc, kind, times, after=after and kind != "ABORTED", skip=skip)
        try:
            devices[number].add(batch(mine), devices[number].changes("").cursor)
            acknowledged |= {record.id for record in mine}
        except (Moved, Unreachable):
            pass
        cloud.server.clear_faults()
    tablet = cloud.open("tablet")
    tablet.changes("")
    found = ids(held(tablet, 1)[1])
    assert acknowledged <= found <= said[0] | said[1]
    everything = {record.id: record for turn in range(len(steps)) for record in records(1, 3, first=10 * turn)}
    for device, own in zip(devices, said, strict=True):
        if own:
            device.add(batch(tuple(everything[name] for name in sorted(own))), device.changes("").cursor)
    tablet.changes("")
    assert ids(held(tablet, 1)[1]) == said[0] | said[1]
    assert list(tablet.check()) == []
    cloud.close()

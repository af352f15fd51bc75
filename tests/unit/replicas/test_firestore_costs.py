"""What the firestore replica costs: documents read and written, and calls, as the server bills them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord
from netto_tui.model.ids import message_id
from netto_tui.model.revision import Attachment, Message, Stamp, mint
from netto_tui.replicas.base import Batch, Write
from netto_tui.replicas.firestore import Firestore
from netto_tui.security.envelope import PLAIN, Envelope
from tests.contract.firestore_places import USER
from tests.contract.stores import MARKER, SEALED, batch, conversation, held, ids, records
from tests.unit.replicas.firestore_given import Cloud, added, long_record, more

BLOB = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(64_000))  # does not compress


@pytest.fixture(params=["plain", "sealed"])
def envelope(request: pytest.FixtureRequest) -> Envelope:
    return PLAIN if request.param == "plain" else SEALED


@pytest.fixture
def cloud(tmp_path: Path, envelope: Envelope) -> Iterator[Cloud]:
    made = Cloud(tmp_path, envelope)
    yield made
    made.close()


class Bill:
    """What was billed since it was made, at the server and as the replica counts it."""

    def __init__(self, cloud: Cloud, replica: Firestore) -> None:
        self._server = cloud.server
        self._replica = replica
        self._before = (replica.requests, replica.reads, replica.writes)
        self._server.clear_log()

    @property
    def reads(self) -> int:
        assert self._replica.reads - self._before[1] == self._server.reads
        return self._server.reads

    @property
    def writes(self) -> int:
        assert self._replica.writes - self._before[2] == self._server.writes
        return self._server.writes

    @property
    def requests(self) -> int:
        assert self._replica.requests - self._before[0] == sum(self._server.calls.values())
        return sum(self._server.calls.values())


def test_nothing_of_google_is_loaded_until_the_first_call() -> None:
    code = (
        "import sys, threading; from pathlib import Path\n"
        "from netto_tui.replicas.registry import open_replica\n"
        "from netto_tui.security.envelope import PLAIN\n"
        "import netto_tui.replicas.firestore\n"
        "one = open_replica('c', 'firestore', 'demo-project/uid', PLAIN, Path('/nowhere'), 'd', threading.Event())\n"
        "one.close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('firebase_admin', 'google', 'grpc')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_looking_costs_one_read(cloud: Cloud) -> None:
    replica = cloud.claimed()
    cursor = replica.add(batch(records(1), records(2)), replica.changes().cursor)
    bill = Bill(cloud, replica)
    assert replica.probe().cursor == cursor
    assert (bill.reads, bill.writes, bill.requests) == (1, 0, 1)


def test_a_cursor_that_still_holds_costs_one_read(cloud: Cloud) -> None:
    replica = cloud.claimed()
    cursor = replica.add(batch(records(1), records(2)), replica.changes().cursor)
    bill = Bill(cloud, replica)
    assert replica.changes(cursor).names == frozenset()
    assert (bill.reads, bill.requests) == (1, 1)


@given(sizes=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_new_messages_cost_one_write_each_one_a_conversation_and_one_more(
    cloud: Cloud, sizes: list[tuple[int, int]]
) -> None:
    cloud = Cloud(cloud.folder, cloud.envelope)
    replica = cloud.claimed()
    cursor = replica.changes().cursor
    begun = [records(number, count) for number, (count, _) in enumerate(sizes) if count]
    cursor = replica.add(batch(*begun), cursor)
    list(replica.read([cloud.envelope.name(part[0].rev.conversation) for part in begun]))
    writes = [more(number, count + new, new) for number, (count, new) in enumerate(sizes)]
    bill = Bill(cloud, replica)
    cursor = replica.add(Batch(writes), cursor)
    fresh = sum(len(write.fresh) for write in writes)
    assert (bill.writes, bill.reads, bill.requests) == (fresh + len(writes) + 1, 0, 1)
    bill = Bill(cloud, replica)
    found = list(replica.read([cloud.envelope.name(write.conversation) for write in writes]))
    assert [ids(each) for each in found] == [{record.id for record in write.records} for write in writes]
    assert (bill.reads, bill.requests) == (fresh + len(writes), 2)


def test_one_more_message_in_a_long_conversation_costs_a_few_reads(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    name = cloud.envelope.name(conversation(1))
    cursor = laptop.add(added(1, 1000, 1000), laptop.changes().cursor)
    list(laptop.read([name]))
    known = phone.changes().cursor
    list(phone.read([name]))
    bill = Bill(cloud, laptop)
    laptop.add(added(1, 1001, 1), cursor)
    list(laptop.read([name]))
    assert (bill.writes, bill.reads) == (3, 2)
    bill = Bill(cloud, phone)
    changes = phone.changes(known)
    [found] = phone.read(changes.names)
    assert ids(found) == {record.id for record in records(1, 1001)}
    assert (bill.reads, bill.requests) == (3, 3)


def test_a_thousand_messages_go_in_as_few_commits_as_fit(cloud: Cloud) -> None:
    replica = cloud.claimed()
    cursor = replica.changes().cursor
    bill = Bill(cloud, replica)
    replica.add(Batch([more(number, 99, 100) for number in range(10)]), cursor)
    assert bill.writes == 1000 + 10 + 1
    assert cloud.server.calls == {"BatchGetDocuments": 1, "Commit": 3}
    assert bill.reads == 1


def test_what_is_read_back_comes_from_the_server_not_from_what_was_sent(cloud: Cloud) -> None:
    replica = cloud.claimed()
    some = records(1)
    replica.add(batch(some), replica.changes().cursor)
    cloud.damage(cloud.message_of(1, some[1]), record="rubbish")
    found = held(replica, 1)[1]
    assert ids(found) == {record.id for record in some} - {some[1].id}
    assert [corrupt.data for corrupt in found.corrupt] == [b"rubbish"]


def test_a_verification_reads_everything_from_the_server(cloud: Cloud) -> None:
    replica = cloud.claimed()
    some = records(1)
    replica.add(batch(some), replica.changes().cursor)
    assert not held(replica, 1)[1].corrupt
    cloud.damage(cloud.message_of(1, some[1]), record="rubbish")
    assert not held(replica, 1)[1].corrupt  # messages never change, so those that were seen are not asked for again
    assert replica.changes("").complete
    assert held(replica, 1)[1].corrupt


def test_a_blob_costs_a_document_for_each_900_kb_and_one_more(cloud: Cloud) -> None:
    sha256 = hashlib.sha256(BLOB).hexdigest()
    replica = cloud.claimed()
    cursor = replica.changes().cursor
    bill = Bill(cloud, replica)
    cursor = replica.add(batch(records(1), blobs={sha256: BLOB}), cursor)
    chunks = -(-len(cloud.envelope.seal_blob(BLOB)) // 900_000)
    assert bill.writes == 4 + 1 + 1 + chunks + 1
    bill = Bill(cloud, replica)
    assert cloud.open("phone").read_blob(sha256) == BLOB
    assert cloud.server.reads == chunks + 1
    cloud.server.clear_log()
    replica.add(batch(records(2), blobs={sha256: BLOB}), cursor)
    assert cloud.server.writes == 4 + 1 + 1


def test_nothing_but_the_documents_of_one_user_is_ever_touched(cloud: Cloud) -> None:
    cloud.server.clear_log()
    replica = cloud.claimed()
    replica.probe()
    cursor = replica.add(
        batch(records(1, 600), (long_record(2, 1_500_000),), blobs={"0" * 64: b"not its own"}),
        replica.changes().cursor,
    )
    held(replica, 1, 2)
    replica.add(batch(records(1, 601), records(3)), cursor)
    replica.changes(cursor)
    replica.changes("")
    held(replica, 1, 2, 3, 4)
    with pytest.raises(InvalidRecord):
        replica.read_blob("0" * 64)
    list(replica.check())
    replica.rebuild(MARKER)
    touched = [one.path for one in cloud.server.log() if one.project == cloud.project]
    assert len(touched) > 1000
    assert [path for path in touched if path != USER and not path.startswith(f"{USER}/")] == []
    assert {path.split("/")[0] for path in cloud.server.paths(cloud.project)} == {"users"}


@pytest.mark.parametrize("name", ["..", "a/b", "../x", ""])
def test_no_name_leads_out_of_the_users_documents(cloud: Cloud, name: str) -> None:
    replica = cloud.claimed()
    cloud.server.clear_log()
    with pytest.raises(InvalidRecord):
        replica.read_blob(name)
    assert [(found.name, found.records) for found in replica.read([name])] == [(name, ())]
    assert cloud.server.log() == []


def test_the_copy_may_vanish_or_rot_at_any_time(cloud: Cloud) -> None:
    replica = cloud.claimed()
    cursor = replica.add(batch(records(1), records(2)), replica.changes().cursor)
    held(replica, 1, 2)
    replica.close()
    [copy] = cloud.folder.rglob("*.db")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    whole = copy.read_bytes()
    for content in (None, b"", b"rubbish" * 1000, whole[: len(whole) // 2], whole.replace(b"hello", b"jello")):
        copy.unlink(missing_ok=True)
        if content is not None:
            copy.write_bytes(content)
        opened = cloud.open()
        for number in (1, 2):
            found = held(opened, number)[number]
            assert ids(found) == {record.id for record in records(number)}
            assert found.corrupt == ()
        assert opened.add(batch(records(1), records(2)), cursor) == cursor
        opened.close()


def test_conversations_are_given_in_the_order_asked_for_however_often(cloud: Cloud) -> None:
    replica = cloud.claimed()
    replica.add(batch(*(records(number, 2) for number in range(12))), replica.changes().cursor)
    asked = [cloud.envelope.name(conversation(number)) for number in (5, 3, 5, 11, 99, 0, 3, 7, 8, 9, 10, 5)]
    for opened in (replica, cloud.open("phone")):
        found = list(opened.read(asked))
        assert [each.name for each in found] == asked
        assert [len(each.records) for each in found] == [3, 3, 3, 3, 0, 3, 3, 3, 3, 3, 3, 3]


def test_a_reading_that_nobody_finishes_leaves_no_thread(cloud: Cloud) -> None:
    replica = cloud.claimed()
    replica.add(batch(*(records(number, 2) for number in range(40))), replica.changes().cursor)
    phone = cloud.open("phone")
    reading = phone.read(sorted(phone.changes().names))
    next(reading)
    assert isinstance(reading, Generator)
    reading.close()
    assert [one.name for one in threading.enumerate() if one.name.startswith("netto-firestore-read")] == []
    assert phone.reads < 1 + 40 + 12 * 3


def test_a_copy_from_an_old_backup_misleads_nobody(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = laptop.add(batch(records(1)), laptop.changes().cursor)
    phone.changes()
    held(phone, 1)
    phone.close()
    [copy] = (cloud.folder / "phone").rglob("*.db")
    old = copy.read_bytes()
    cursor = laptop.add(added(1, 5, 2), cursor)
    copy.write_bytes(old)
    phone = cloud.open("phone")
    some = (*records(1), *records(1, 2, first=7))
    ours = Write(some[0].rev.conversation, "2026/11/01", some, frozenset(record.id for record in some[-2:]))
    phone.add(Batch([ours]), cursor)
    found = held(cloud.open("tablet"), 1)[1]
    assert ids(found) == {record.id for record in (*records(1, 5), *records(1, 2, first=7))}
    assert list(cloud.open("tablet").check()) == []


def test_a_blob_that_two_conversations_share_is_written_once(cloud: Cloud) -> None:
    sha256 = hashlib.sha256(BLOB).hexdigest()
    stamp = Stamp("2026-11-01T09:00:00.000Z", 0, "source:test")
    both = []
    for number in (1, 2):
        name = conversation(number)
        picture = Attachment(name="a.png", bytes=len(BLOB), blob=sha256)
        both.append((mint(name, message_id(name, "picture"), Message("user", (picture,)), stamp),))
    replica = cloud.claimed()
    cursor = replica.changes().cursor
    bill = Bill(cloud, replica)
    replica.add(batch(*both, blobs={sha256: BLOB}), cursor)
    chunks = -(-len(cloud.envelope.seal_blob(BLOB)) // 900_000)
    assert bill.writes == 2 + 2 + 1 + chunks + 1
    assert cloud.server.calls["Commit"] == 1

"""What every replica promises, whatever it is made of."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.errors import Cancelled, InvalidRecord, Moved, NettoError, Refused, Unreachable, WrongTarget
from netto_tui.model.revision import BLOB_LIMIT, Message, Record, Stamp, Text, mint
from netto_tui.replicas.base import Batch, Replica, Write
from tests.contract.stores import FOREIGN, MARKER, Store, batch, conversation, held, ids, records
from tests.unit.vault.talks import examples

PICTURE = b"\x89PNG\r\n\n" + bytes(range(256)) * 4
PICTURE_NAME = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def missing(store: Store) -> Store:
    """A store that can tell that it is not there."""
    if not store.can_be_absent:
        pytest.skip("this server has every place that it is asked for")
    return store


def test_a_place_that_is_not_there_is_absent(missing: Store) -> None:
    store = missing
    probe = store.open().probe()
    assert (probe.presence, probe.cursor, probe.marker) == ("absent", "", None)


def test_an_empty_place_is_empty_and_not_foreign(store: Store) -> None:
    if store.on_disk:
        store.root.mkdir()
    store.prepare()
    probe = store.open().probe()
    assert (probe.presence, probe.cursor, probe.marker, probe.marker_error) == ("empty", "", None, "")


def test_claiming_writes_the_identity_that_the_next_opener_sees(store: Store) -> None:
    store.prepare()
    store.open().claim(MARKER)
    probe = store.open("phone").probe()
    assert probe.presence == "present"
    assert probe.marker == MARKER
    assert probe.marker_error == ""


def test_claiming_again_changes_nothing(store: Store, replica: Replica) -> None:
    before = replica.probe()
    store.open().claim(MARKER)
    assert store.open().probe().cursor == before.cursor


def test_a_place_of_another_vault_is_refused(store: Store, replica: Replica) -> None:
    for claim in (store.open().claim, store.open().rebuild):
        with pytest.raises(WrongTarget):
            claim(FOREIGN)
    assert store.open().probe().marker == MARKER


def test_a_place_with_something_else_in_it_is_refused_and_left_alone(store: Store) -> None:
    store.put_thesis()
    opened = store.open()
    probe = opened.probe()
    assert (probe.presence, probe.marker) == ("present", None)
    for claim in (opened.claim, opened.rebuild):
        with pytest.raises(WrongTarget) as error:
            claim(MARKER)
        assert error.value.remedy
    with pytest.raises(NettoError):
        opened.add(batch(records(1)), "")
    assert store.holds_thesis_alone()


def test_an_absent_place_is_unreachable_and_is_not_made_by_reading_or_adding(missing: Store) -> None:
    store = missing
    for call in (lambda r: r.changes(), lambda r: list(r.read(["c_1"])), lambda r: r.add(batch(records(1)), "")):
        with pytest.raises(Unreachable):
            call(store.open())
    assert not store.exists()


def test_a_lost_place_is_absent_again_and_can_be_rebuilt(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    store.lose()
    opened = store.open()
    assert opened.probe().presence == ("absent" if store.can_be_absent else "empty")
    store.prepare()
    opened.rebuild(MARKER)
    assert opened.probe().marker == MARKER
    assert opened.changes().names == frozenset()


def test_what_is_added_is_read_back_equal_by_another_opener(store: Store, replica: Replica) -> None:
    given_records = records(1, 40)
    replica.add(batch(given_records, records(2)), replica.changes().cursor)
    found = held(store.open("phone"), 1, 2, 3)
    assert found[1].records == tuple(sorted(given_records, key=lambda record: record.order))
    assert [record.line for record in found[1].records] == [
        r.line for r in sorted(given_records, key=lambda r: r.order)
    ]
    assert ids(found[2]) == {record.id for record in records(2)}
    assert (found[3].records, found[3].corrupt) == ((), ())


def test_the_cursor_returned_by_add_is_where_the_store_stands(store: Store, replica: Replica) -> None:
    cursor = replica.add(batch(records(1)), replica.changes().cursor)
    assert cursor == replica.probe().cursor == store.open().probe().cursor == replica.changes().cursor


def test_adding_the_same_again_changes_nothing(store: Store, replica: Replica) -> None:
    cursor = replica.add(batch(records(1)), replica.changes().cursor)
    assert replica.add(batch(records(1)), cursor) == cursor
    assert replica.add(Batch([]), cursor) == cursor
    assert store.open().probe().cursor == cursor


@pytest.mark.parametrize("settled", [True, False])
def test_adding_never_removes_a_revision_that_is_not_in_the_write(
    store: Store, replica: Replica, settled: bool
) -> None:
    cursor = replica.add(batch(records(1, 3), settled=settled), replica.changes().cursor)
    replica.add(batch(records(1, 2, first=3)), cursor)
    assert ids(held(store.open(), 1)[1]) == {record.id for record in records(1, 5)}


def test_a_write_that_expects_another_state_is_refused_and_changes_nothing(store: Store, replica: Replica) -> None:
    old = replica.changes().cursor
    replica.add(batch(records(1)), old)
    before = replica.probe().cursor
    with pytest.raises(Moved):
        store.open().add(batch(records(1, 2, first=7)), old)
    assert replica.probe().cursor == before
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1)}


def test_a_write_with_a_cursor_that_is_none_is_refused(replica: Replica) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    with pytest.raises(Moved):
        replica.add(batch(records(1, 9)), "what is this?")


def test_nothing_changed_means_an_equal_cursor_and_no_names(store: Store, replica: Replica) -> None:
    cursor = replica.add(batch(records(1), records(2, day=2)), replica.changes().cursor)
    for opened in (replica, store.open("phone")):
        assert opened.probe().cursor == cursor
        changes = opened.changes(cursor)
        assert (changes.cursor, changes.names, changes.complete, changes.rewritten) == (
            cursor,
            frozenset(),
            False,
            False,
        )


def test_changes_name_what_was_touched_and_nothing_of_other_days(store: Store, replica: Replica) -> None:
    envelope = replica.envelope
    cursor = replica.add(batch(records(1), records(2, day=2), records(3, day=3)), replica.changes().cursor)
    store.open("phone").add(batch(records(2, 5, day=2), records(4, day=9)), cursor)
    changes = store.open().changes(cursor)
    assert changes.names == {envelope.name(conversation(2)), envelope.name(conversation(4))}
    assert not changes.complete and not changes.rewritten


@pytest.mark.parametrize("since", ["", "no cursor at all", '{"refs/heads/main":"' + "0" * 40 + '"}', "eJw="])
def test_without_a_comparable_cursor_everything_is_listed(replica: Replica, since: str) -> None:
    replica.add(batch(records(1), records(2, day=2)), replica.changes().cursor)
    changes = replica.changes(since)
    assert changes.names == {replica.envelope.name(conversation(number)) for number in (1, 2)}
    assert changes.complete


def test_a_change_by_someone_else_is_not_hidden_by_the_cursor_of_an_add(store: Store, replica: Replica) -> None:
    cursor = replica.changes().cursor
    store.open("phone").add(batch(records(1), settled=False), cursor)
    try:
        cursor = replica.add(batch(records(2, day=2)), cursor)
    except Moved:
        cursor = replica.add(batch(records(2, day=2)), replica.changes(cursor).cursor)
        return
    assert replica.envelope.name(conversation(1)) in replica.changes(cursor).names


def test_writers_that_race_lose_nothing(store: Store, replica: Replica) -> None:
    if not store.one_wins:
        pytest.skip("this server lets two writers move a branch from the same place")
    start = threading.Barrier(4)
    moved: list[int] = []

    def run(device: int) -> None:
        opened = store.open(f"device{device}")
        start.wait()
        for turn in range(2):
            mine = records(1, 1, first=10 * device + turn)
            while True:
                try:
                    opened.add(batch(mine, records(100 + device)), opened.changes().cursor)
                    break
                except Moved:
                    moved.append(device)

    threads = [threading.Thread(target=run, args=(device,)) for device in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    wanted = {record.id for device in range(4) for record in records(1, 2, first=10 * device)}
    found = held(store.open(), 1, 100, 101, 102, 103)
    assert ids(found[1]) == wanted
    assert all(found[100 + device].records for device in range(4))


def test_two_writers_at_one_state_do_not_both_win(store: Store, replica: Replica) -> None:
    cursor = replica.changes().cursor
    one, two = store.open("one"), store.open("two")
    one.add(batch(records(1, 1)), cursor)
    with pytest.raises(Moved):
        two.add(batch(records(1, 2)), cursor)
    two.add(batch(records(1, 2)), two.changes().cursor)
    assert ids(held(one, 1)[1]) == {record.id for record in records(1, 2)}


def test_blobs_come_back_as_they_were(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1), blobs={PICTURE_NAME: PICTURE}), replica.changes().cursor)
    other = store.open("phone")
    assert other.read_blob(PICTURE_NAME) == PICTURE
    assert replica.read_blob(PICTURE_NAME) == PICTURE
    assert other.read_blob("0" * 64) is None


def test_a_blob_of_a_conversation_that_is_still_going_on_is_there_at_once(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1), settled=False, blobs={PICTURE_NAME: PICTURE}), replica.changes().cursor)
    assert store.open("phone").read_blob(PICTURE_NAME) == PICTURE


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_blob_name_that_is_no_hash_is_refused(replica: Replica, name: str) -> None:
    with pytest.raises(InvalidRecord):
        replica.read_blob(name)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\0b", "c_\n", "ü", "." * 200, "lock"])
def test_hostile_names_hold_nothing(replica: Replica, name: str) -> None:
    assert [(found.name, found.records, found.corrupt) for found in replica.read([name])] == [(name, (), ())]


@pytest.mark.parametrize("day", ["", "../../../x", "2026-11-01", "2026/1/1", "2026/11/01/..", "2026/11/01\n"])
def test_a_day_that_is_none_is_refused_before_anything_is_written(store: Store, replica: Replica, day: str) -> None:
    before = store.state()
    some = records(1)
    hostile = Write(some[0].rev.conversation, day, some, frozenset(), True)
    with pytest.raises((Refused, Moved)):
        replica.add(Batch([hostile]), replica.changes().cursor)
    assert store.state() == before


def test_views_are_kept_only_where_people_can_read(store: Store, replica: Replica) -> None:
    readable = replica.keeps_views
    view = {"memory/2026-11-01.md": b"# Sunday, for people\n"}
    cursor = replica.add(batch(records(1), views=view), replica.changes().cursor)
    assert list(replica.check()) == []
    assert store.open().read_view("memory/2026-11-01.md") == (view["memory/2026-11-01.md"] if readable else None)
    assert replica.read_view("memory/2026-11-02.md") is None
    with pytest.raises(Refused) if readable else nullcontext():
        replica.add(batch(records(1), views={"../outside.md": b"x"}), cursor)


def test_a_conversation_moves_when_an_older_message_arrives(store: Store, replica: Replica) -> None:
    cursor = replica.add(batch(records(1, 2, day=9)), replica.changes().cursor)
    together = (*records(1, 2, day=9), *records(1, 2, day=4, first=5))
    cursor = replica.add(batch(together), cursor)
    assert ids(held(store.open(), 1)[1]) == {record.id for record in together}
    changes = store.open().changes("")
    assert changes.names == {replica.envelope.name(conversation(1))}
    assert replica.add(batch(together), cursor) == cursor
    assert list(replica.check()) == []


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3)), max_size=8))
@settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_ongoing_and_settled_writes_of_two_devices_ends_in_their_union(
    make_store: Callable[[Path], Store], steps: list[tuple[int, bool, int]]
) -> None:
    with tempfile.TemporaryDirectory() as root:
        store = make_store(Path(root))
        store.prepare()
        store.open().claim(MARKER)
        devices = [store.open("laptop"), store.open("phone")]
        cursors = ["", ""]
        wanted: set[str] = set()
        for turn, (number, settled, day) in enumerate(steps):
            opened = devices[turn % 2]
            known = held(opened, 1)[1].records
            cursors[turn % 2] = opened.changes(cursors[turn % 2]).cursor
            mine = {record.id: record for record in (*known, *records(1, number, day=1 + day, first=3 * turn))}
            cursors[turn % 2] = opened.add(batch(tuple(mine.values()), settled=settled), cursors[turn % 2])
            wanted |= mine.keys()
            assert ids(held(opened, 1)[1]) == wanted
        assert ids(held(store.open("tablet"), 1)[1]) == wanted
        assert list(store.open().check()) == []


def test_three_hundred_conversations_go_in_one_batch(store: Store, replica: Replica) -> None:
    some = [records(number, 2, day=1 + number % 28) for number in range(300)]
    before = replica.requests
    cursor = replica.add(batch(*some), replica.changes().cursor)
    assert replica.requests - before < 20
    other = store.open("phone")
    assert len(other.changes().names) == 300
    found = held(other, *range(300))
    assert all(ids(found[number]) == {record.id for record in some[number]} for number in range(300))
    assert other.probe().cursor == cursor
    assert list(other.check()) == []


def test_looking_at_a_store_that_did_not_change_costs_one_request(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    fresh = store.open()
    before = fresh.requests
    fresh.probe()
    assert fresh.requests - before == 1


def test_a_long_message_and_odd_text_survive(store: Store, replica: Replica) -> None:
    name = conversation(1)
    body = Message(role="user", parts=(Text(text="\x1b[2J\r\n\u2028\x00\u0085" + "x" * (BLOB_LIMIT - 100)),))
    record = mint(name, "m_" + "0" * 32, body, Stamp("2026-11-01T00:00:00.000Z", 0, "source:test"))
    replica.add(batch((record,)), replica.changes().cursor)
    assert held(store.open(), 1)[1].records == (record,)


def test_a_conversation_from_before_the_calendar_of_the_store_survives(store: Store, replica: Replica) -> None:
    stamps = ["1970-01-01T00:00:00.000Z", "0001-02-28T10:00:00.000Z", "9999-12-31T23:59:59.999Z"]
    some: list[tuple[Record, ...]] = []
    for number, at in enumerate(stamps):
        body = Message(role="user", parts=(Text(text="when?"),))
        some.append((mint(conversation(number), "m_" + "0" * 32, body, Stamp(at, 0, "source:test")),))
    replica.add(batch(*some), replica.changes().cursor)
    assert [ids(found) for found in held(store.open(), 0, 1, 2).values()] == [{part[0].id} for part in some]


def test_cancelling_stops_before_anything_is_written(store: Store, replica: Replica) -> None:
    before = replica.changes().cursor
    cancel = threading.Event()
    stopped = store.open(cancel=cancel)
    cancel.set()
    with pytest.raises(Cancelled):
        stopped.add(batch(*(records(number) for number in range(20))), before)
    with pytest.raises(Cancelled):
        list(stopped.read([replica.envelope.name(conversation(1))]))
    assert replica.probe().cursor == before


def test_a_damaged_identity_is_told_apart_from_a_foreign_one_and_can_be_written_again(
    store: Store, replica: Replica
) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    store.damage_identity()
    opened = store.open()
    probe = opened.probe()
    assert (probe.presence, probe.marker) == ("present", None)
    assert probe.marker_error
    with pytest.raises(NettoError):
        opened.add(batch(records(2)), probe.cursor)
    opened.claim(MARKER)
    assert store.open().probe().marker == MARKER
    assert ids(held(store.open(), 1)[1]) == {record.id for record in records(1)}


def test_rebuilding_a_store_keeps_its_damaged_bytes_somewhere(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    opened = store.open()
    if not store.can_set_aside:
        with pytest.raises(Refused):
            opened.rebuild(MARKER)
        return
    store.damage_identity()
    opened.rebuild(MARKER)
    assert opened.probe().marker == MARKER
    assert store.kept()
    opened.add(batch(records(1), records(2)), opened.changes().cursor)
    assert ids(held(store.open(), 2)[2]) == {record.id for record in records(2)}
    assert list(store.open().check()) == []


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_anywhere_is_told_or_harmless_and_never_wrong_data(
    make_store: Callable[[Path], Store], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as root:
        store = make_store(Path(root))
        if not store.on_disk:
            pytest.skip("too slow for so many examples; the tests of each replica damage its server")
        replica = store.open()
        replica.claim(MARKER)
        cursor = replica.add(batch(records(1), blobs={PICTURE_NAME: PICTURE}), replica.changes().cursor)
        replica.add(batch(records(2, day=2), settled=False), cursor)
        replica.close()
        files = [path for path in store.files() if path.stat().st_size]
        victim = data.draw(st.sampled_from(files), label="file")
        content = bytearray(victim.read_bytes())
        offset = data.draw(st.integers(0, len(content) - 1), label="offset")
        content[offset] ^= 1 << data.draw(st.integers(0, 7), label="bit")
        victim.chmod(0o600)
        victim.write_bytes(content)
        good = {record.id for number in (1, 2) for record in records(number, day=number)}
        told, found, blob = look_everywhere(store)
        assert found <= good
        assert blob in (None, PICTURE)
        assert told or (found == good and blob == PICTURE)


def look_everywhere(store: Store) -> tuple[bool, set[str], bytes | None]:
    """Whether a replica reports anything, and what it gives."""
    told = False
    found: set[str] = set()
    blob: bytes | None = None
    opened = store.open("tablet")
    try:
        probe = opened.probe()
        told = probe.marker != MARKER or bool(probe.marker_error)
        changes = opened.changes("")
        told = told or bool(changes.corrupt)
        for part in opened.read(sorted(changes.names)):
            found |= ids(part)
            told = told or bool(part.corrupt)
    except NettoError:
        told = True
    try:
        blob = opened.read_blob(PICTURE_NAME)
    except NettoError:
        told = True
    try:
        told = told or any(True for _ in opened.check())
    except NettoError:
        told = True
    opened.close()
    return told, found, blob

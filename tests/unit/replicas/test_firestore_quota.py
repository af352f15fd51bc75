"""The day's quota of Firestore: never exceeded, and what has to wait goes on by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from netto_tui.errors import Limited
from netto_tui.replicas.base import Batch, Metered
from netto_tui.replicas.firestore_faults import midnight_ms
from netto_tui.sync.engine import Engine
from tests.contract.stores import batch, conversation, held, ids, records
from tests.faults.stores import BLOBS, with_blob
from tests.unit.replicas.firestore_given import NOON, Cloud, added, more
from tests.unit.vault.talks import new_vault, talk

HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-23T20:00:00Z", "2026-11-24T08:00:00Z"),
        ("2026-11-24T07:59:59Z", "2026-11-24T08:00:00Z"),
        ("2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"),
        ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"),
        ("2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"),
        ("2026-11-01T08:30:00Z", "2026-11-02T08:00:00Z"),
    ],
)
def test_a_day_ends_at_midnight_in_california(now: str, midnight: str) -> None:
    from datetime import datetime

    begin, end = (round(datetime.fromisoformat(text).timestamp() * 1000) for text in (now, midnight))
    assert midnight_ms(begin) == end


def test_what_fits_is_written_in_whole_conversations_and_the_rest_waits(cloud: Cloud) -> None:
    replica = cloud.claimed(daily_writes=40)
    cursor = replica.changes().cursor
    with pytest.raises(Limited) as error:
        replica.add(Batch([more(number, 9, 10) for number in range(10)]), cursor)
    assert error.value.until_ms == NOON + 12 * HOUR
    assert "about 3 days for the 77 documents" in error.value.message
    assert "daily_writes = 0" in error.value.remedy
    assert replica.writes == 1 + 3 * 11 + 1 <= 38
    names = replica.changes(cursor).names
    assert names == {conversation(number) for number in range(3)}
    found = held(replica, *range(10))
    assert [len(found[number].records) for number in range(10)] == [10, 10, 10, 0, 0, 0, 0, 0, 0, 0]
    assert list(replica.check()) == []


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12))
@example(sizes=[1, 46])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_quota_is_never_exceeded_and_the_backlog_ends(cloud: Cloud, sizes: list[int]) -> None:
    """As the engine goes on: the next day, from what is there then."""
    cloud = Cloud(cloud.folder, cloud.envelope)
    replica = cloud.claimed(daily_writes=50)
    everything = Batch([more(number, size - 1, size) for number, size in enumerate(sizes)])
    cloud.server.clear_log()
    for _ in range(3 + sum(sizes) // 20):
        changes = replica.changes("")
        list(replica.read(sorted(changes.names)))
        try:
            replica.add(everything, changes.cursor)
            break
        except Limited as limited:
            assert limited.until_ms > cloud.now
            cloud.now = limited.until_ms
        finally:
            assert cloud.server.writes <= 50
            cloud.server.clear_log()
    found = held(replica, *range(len(sizes)))
    assert [len(found[number].records) for number in range(len(sizes))] == sizes
    assert list(cloud.open("phone").check()) == []


def test_without_a_limit_everything_goes_at_once(cloud: Cloud) -> None:
    replica = cloud.claimed(daily_writes=0, daily_reads=0)
    replica.add(added(1, 1000, 1000), replica.changes().cursor)
    assert replica.meters() == ()
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, 1000)}


def test_what_today_has_cost_is_known_after_a_restart_and_forgotten_tomorrow(cloud: Cloud) -> None:
    replica = cloud.claimed()
    assert isinstance(replica, Metered)
    replica.add(batch(records(1)), replica.changes().cursor)
    replica.close()
    opened = cloud.open()
    requests = opened.requests
    meters = {meter.name: (meter.left, meter.limit, meter.until_ms) for meter in opened.meters()}
    assert opened.requests == requests
    until = NOON + 12 * HOUR
    assert meters == {
        "reads today": (50_000 - replica.reads, 50_000, until),
        "writes today": (20_000 - 7, 20_000, until),
    }
    cloud.now += DAY
    assert [meter.left for meter in opened.meters()] == [50_000, 20_000]


def test_reading_stops_at_the_days_reads_and_goes_on_the_next_day(cloud: Cloud) -> None:
    laptop = cloud.claimed()
    laptop.add(batch(*(records(number, 9) for number in range(10))), laptop.changes().cursor)
    phone = cloud.open("phone", daily_reads=60)
    found: dict[str, int] = {}
    days = 0
    while len(found) < 10:
        before = phone.reads
        try:
            assert phone.probe().presence == "present"
            changes = phone.changes("")
            for part in phone.read(sorted(changes.names)):
                found[part.name] = len(part.records)
        except Limited as limited:
            assert limited.until_ms == midnight_ms(cloud.now)
            assert "daily_reads = 0" in limited.remedy
            cloud.now = limited.until_ms
            days += 1
            assert days <= 3
        assert phone.reads - before <= 60 + 1  # looking is never refused
    assert set(found.values()) == {10}
    assert days >= 1
    cloud.now += DAY
    before = phone.reads
    phone.changes("")
    assert len(held(phone, 1)[1].records) == 10
    assert phone.reads - before > 10  # the next reading of everything asks the server again


def test_blobs_wait_with_their_conversations(cloud: Cloud) -> None:
    replica = cloud.claimed(daily_writes=12)
    names = [hashlib.sha256(data).hexdigest() for data in BLOBS]
    everything = batch(*((with_blob(number),) for number in range(3)), blobs=dict(zip(names, BLOBS, strict=True)))
    cursor = replica.changes().cursor
    with pytest.raises(Limited) as error:
        replica.add(everything, cursor)
    assert "the 4 documents" in error.value.message
    assert [replica.read_blob(name) for name in names] == [BLOBS[0], BLOBS[1], None]
    assert len(replica.changes(cursor).names) == 2
    cloud.now += DAY
    replica.add(everything, replica.changes(cursor).cursor)
    assert [replica.read_blob(name) for name in names] == BLOBS
    assert list(replica.check()) == []


def test_a_conversation_longer_than_a_days_writes_gets_there_in_some_days(cloud: Cloud) -> None:
    replica = cloud.claimed(daily_writes=300)
    cursor = replica.changes().cursor
    days: list[int] = []
    while len(days) < 6:
        cloud.server.clear_log()
        try:
            replica.add(added(1, 999, 1000), cursor)
        except Limited:
            days.append(cloud.server.writes)
            cloud.now += DAY
            continue
        days.append(cloud.server.writes)
        break
    assert days == [283, 284, 284, 151]
    assert ids(held(cloud.open("phone"), 1)[1]) == {record.id for record in records(1, 999)}
    assert list(replica.check()) == []


def test_a_pass_tells_how_many_days_all_that_waits_will_take(cloud: Cloud, tmp_path: Path) -> None:
    with new_vault(tmp_path / "vault", now=lambda: cloud.now) as vault:
        vault.add(record for number in range(500) for record in talk(number, day=1 + number % 20))
        replica = cloud.open(daily_writes=700)
        cloud.server.clear_log()
        report = Engine(vault, lambda _event: None).run(replica)
        left = 500 * 5 - cloud.server.writes
        assert report.state == "limited"
        days = int(report.error.split("about ")[1].split(" ")[0])
        assert days == -(-left // 700), report.error
        for _ in range(days):
            cloud.now += DAY
            report = Engine(vault, lambda _event: None).run(replica)
        assert (report.state, report.error) == ("ok", "")

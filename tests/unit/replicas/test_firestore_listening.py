"""Hearing of other devices: at once, once, cheaply, and without harm when the stream breaks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.errors import Denied
from netto_tui.replicas import firestore_listener
from netto_tui.replicas.base import Live
from tests.contract.firestore_places import USER, at
from tests.contract.stores import batch, opener, records
from tests.servers import emulator
from tests.unit.replicas.firestore_given import Cloud

SOON = 20
"""Seconds after which a test gives up; nothing waits that long when it works."""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.server.clear_faults()
    made.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that ends begins again at once, however short it was."""
    monkeypatch.setattr(firestore_listener, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(firestore_listener, "LASTING", -1.0)


class Ear:
    """Counts what is told, and waits for it."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __call__(self) -> None:
        self._told.put(None)

    def wait(self) -> None:
        self._told.get(timeout=SOON)

    @property
    def is_quiet(self) -> bool:
        return self._told.empty()


def test_a_write_of_another_device_is_told_and_an_own_one_is_not(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    assert isinstance(laptop, Live)
    cursor = laptop.changes().cursor
    ear = Ear()
    stop = laptop.listen(ear)
    phone.add(batch(records(1)), cursor)
    ear.wait()
    for turn in range(3):
        cursor = laptop.add(batch(records(2, turn + 1)), laptop.changes(cursor).cursor)
        cloud.open("laptop").add(batch(records(4, turn + 1)), cursor)
        cursor = phone.changes().cursor
    phone.add(batch(records(3)), cursor)
    ear.wait()
    assert ear.is_quiet
    stop()


def test_a_replica_that_was_rolled_back_is_told(cloud: Cloud) -> None:
    laptop = cloud.claimed()
    cursor = laptop.add(batch(records(1)), laptop.changes().cursor)
    saved = cloud.server.snapshot()
    laptop.add(batch(records(2)), cursor)
    ear = Ear()
    stop = laptop.listen(ear)
    cloud.server.roll_back(saved)
    ear.wait()
    stop()


def test_a_stream_costs_one_read_to_begin_and_one_for_each_change(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = laptop.changes().cursor
    phone.changes()
    cloud.server.clear_log()
    ear = Ear()
    stop = laptop.listen(ear)
    for number in range(3):
        cursor = phone.add(batch(records(number)), cursor)
        ear.wait()
    stop()
    assert 3 <= cloud.server.reads <= 4  # the first change may come before the stream begins
    assert cloud.server.calls["Listen"] == 1


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "UNAUTHENTICATED", "INTERNAL", "CANCELLED", "NOT_FOUND"])
def test_a_stream_that_ends_begins_again(cloud: Cloud, kind: str) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = laptop.changes().cursor
    ear = Ear()
    stop = laptop.listen(ear)
    cursor = phone.add(batch(records(1)), cursor)
    ear.wait()
    laptop.changes()
    cloud.server.end_listeners(kind)
    phone.add(batch(records(2)), cursor)
    ear.wait()
    stop()


def test_streams_that_end_leave_no_threads(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = laptop.changes().cursor
    before = threading.enumerate()
    ear = Ear()
    stop = laptop.listen(ear)
    for number in range(12):
        cursor = phone.add(batch(records(number)), cursor)
        ear.wait()
        cloud.server.end_listeners()
    running = [one for one in threading.enumerate() if one not in before and one.name.endswith("(_run)")]
    assert len(running) < 8  # gRPC's: two for a stream, and perhaps those of the one before
    stop()


def test_a_change_while_nobody_listens_is_told_when_the_stream_begins_again(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = laptop.changes().cursor
    cloud.server.fault("Listen", "UNAVAILABLE", 2)
    phone.add(batch(records(1)), cursor)
    ear = Ear()
    stop = laptop.listen(ear)
    ear.wait()
    stop()


def test_a_server_that_is_away_is_asked_with_growing_pauses(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = cloud.claimed()
    pauses: list[float] = []
    enough = threading.Event()

    class Counted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None:
                return super().wait()
            pauses.append(timeout)
            if len(pauses) == 12:
                enough.set()
                return super().wait()
            return self.is_set()

    monkeypatch.setattr(threading, "Event", Counted)
    monkeypatch.setattr(firestore_listener, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(firestore_listener, "LASTING", 30.0)
    cloud.server.fault("Listen", "UNAVAILABLE", 1000)
    stop = laptop.listen(Ear())
    assert enough.wait(SOON)
    stop()
    assert pauses == [min(2.0**turn, 60.0) for turn in range(1, 13)]


def test_a_wiped_project_is_told(cloud: Cloud) -> None:
    laptop = cloud.claimed()
    laptop.changes()
    ear = Ear()
    stop = laptop.listen(ear)
    cloud.open("phone").add(batch(records(1)), laptop.changes().cursor)
    ear.wait()
    cloud.delete()
    ear.wait()
    stop()


def test_stopping_ends_the_stream_and_the_thread(cloud: Cloud) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    before = set(threading.enumerate())
    cursor = laptop.changes().cursor
    ear = Ear()
    stop = laptop.listen(ear)
    cursor = phone.add(batch(records(1)), cursor)
    ear.wait()
    [thread] = [one for one in threading.enumerate() if one not in before and "listen" in one.name]
    stop()
    thread.join(SOON)
    assert not thread.is_alive()
    phone.add(batch(records(2)), cursor)
    assert ear.is_quiet


def test_listening_without_credentials_is_denied(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    replica = cloud.open()
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    with pytest.raises(Denied):
        replica.listen(Ear())


def test_googles_emulator_tells_too(tmp_path: Path) -> None:
    if why := emulator.reason():
        pytest.skip(why)
    from netto_tui.security.envelope import PLAIN
    from tests.contract.stores import MARKER

    opened = at(emulator.emulator().address, opener("firestore", tmp_path, PLAIN, f"{emulator.new_project()}/someone"))
    laptop, phone = opened("laptop"), opened("phone")
    laptop.claim(MARKER)
    cursor = laptop.changes().cursor
    ear = Ear()
    assert isinstance(laptop, Live)
    stop = laptop.listen(ear)
    for number in range(3):
        cursor = phone.add(batch(records(number)), cursor)
        ear.wait()
    stop()
    laptop.close()
    phone.close()


def test_a_damaged_user_document_is_told_and_ends_nothing(cloud: Cloud) -> None:
    laptop = cloud.claimed()
    laptop.changes()
    ear = Ear()
    stop = laptop.listen(ear)
    for number in range(3):
        cloud.server.set(cloud.project, USER, {"title": f"rubbish {number}"})
        ear.wait()
    assert cloud.server.listeners == 1
    stop()

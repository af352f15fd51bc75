"""Two devices of one person over Firestore, with the engine: what one says the other has, at the price agreed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from netto_tui.recovery.restore import restore_to
from netto_tui.recovery.verify import verify
from netto_tui.replicas.firestore import Firestore
from netto_tui.security.envelope import PLAIN, Envelope
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.round import sync_all
from netto_tui.vault import writing
from tests.contract.stores import SEALED, conversation
from tests.faults.stores import BLOBS, with_blob
from tests.servers import emulator
from tests.unit.replicas.firestore_given import Cloud
from tests.unit.vault.talks import Time, new_vault, talk

PICTURES = {hashlib.sha256(data).hexdigest(): data for data in BLOBS}


class Device:
    """A vault, the replica, and what was told; cost: requests, reads and writes of the last sync."""

    def __init__(self, cloud: Cloud, name: str, now: Time) -> None:
        self.vault = new_vault(cloud.folder / "vaults" / name, device=name, now=now)
        self.replica: Firestore = cloud.open(self.vault.device)
        self.told: list[events.SyncEvent] = []
        self.cost = (0, 0, 0)

    def sync(self, *, rebuild: Sequence[str] = ()) -> events.PassReport:
        """One round; it must end well."""
        replica = self.replica
        before = (replica.requests, replica.reads, replica.writes)
        [report] = sync_all(Engine(self.vault, self.told.append), [replica], rebuild=rebuild)
        after = (replica.requests, replica.reads, replica.writes)
        self.cost = (after[0] - before[0], after[1] - before[1], after[2] - before[2])
        assert (report.state, report.error) == ("ok", "")
        return report

    def alerts(self) -> list[str]:
        """What a person was told since last asked."""
        found = [event.code for event in self.told if isinstance(event, events.Alerted)]
        self.told.clear()
        return found

    @property
    def verified(self) -> bool:
        """Whether a deep verification finds nothing."""
        return verify(self.vault, [self.replica], deep=True).ok


@pytest.fixture(params=["plain", "sealed"])
def envelope(request: pytest.FixtureRequest) -> Envelope:
    return PLAIN if request.param == "plain" else SEALED


@pytest.fixture
def cloud(tmp_path: Path, envelope: Envelope) -> Iterator[Cloud]:
    made = Cloud(tmp_path, envelope)
    yield made
    made.server.clear_faults()
    made.close()


@pytest.fixture
def devices(cloud: Cloud) -> Iterator[tuple[Device, Device]]:
    """Two devices; the first has a few conversations, with pictures."""
    now = Time(time.time_ns() // 1_000_000)
    laptop, phone = Device(cloud, "laptop", now), Device(cloud, "phone", now)
    laptop.vault.add([record for number in range(5) for record in talk(number)], {})
    laptop.vault.add([with_blob(number) for number in range(3)], PICTURES)
    yield laptop, phone
    laptop.vault.close()
    phone.vault.close()


def the_same(*devices: Device) -> bool:
    return len({device.vault.digest() for device in devices}) == 1


def test_what_one_device_has_the_other_gets_and_a_pass_with_nothing_to_do_costs_one_read(
    devices: tuple[Device, Device],
) -> None:
    laptop, phone = devices
    assert laptop.sync().pushed == 23
    assert phone.sync().pulled == 23
    assert the_same(laptop, phone)
    for device in devices:
        device.sync()
        assert device.cost == (1, 1, 0)
        assert device.verified
        device.sync()
        assert device.cost == (1, 1, 0)
        assert device.alerts() == []


def test_one_message_costs_three_writes_and_a_few_reads(devices: tuple[Device, Device]) -> None:
    laptop, phone = devices
    laptop.sync(), phone.sync()
    begun = writing.log(laptop.vault, None, "user", "Hello", title="Ours")
    laptop.sync(), phone.sync()
    writing.log(laptop.vault, begun.rev.conversation, "user", "Are you there?")
    laptop.sync()
    assert laptop.cost == (4, 3, 3)  # look, write, and read back the header and the message
    phone.sync()
    assert the_same(laptop, phone)
    assert (phone.cost[0], phone.cost[2]) == (4, 0)
    assert phone.cost[1] <= 2 + 1 + 6  # headers of the last two minutes are looked at again


def test_edits_on_both_devices_meet_and_keep_both(devices: tuple[Device, Device]) -> None:
    laptop, phone = devices
    begun = writing.log(laptop.vault, None, "user", "Hello", title="Ours")
    laptop.sync(), phone.sync()
    writing.edit(laptop.vault, begun.rev.conversation, begun.rev.item, "From the laptop")
    writing.edit(phone.vault, begun.rev.conversation, begun.rev.item, "From the phone, quite different")
    for device in (laptop, phone, laptop, phone, laptop):
        device.sync()
    assert the_same(laptop, phone)
    for device in devices:
        texts = {record.line for record in device.vault.records(begun.rev.conversation)}
        assert sum(b"From the laptop" in text or b"From the phone" in text for text in texts) >= 2
        assert device.verified


@pytest.mark.parametrize("loss", ["wiped", "identity", "header", "message", "rotten", "blob", "chunk", "rolled back"])
def test_what_is_lost_or_rots_there_is_found_and_healed(
    cloud: Cloud, devices: tuple[Device, Device], loss: str
) -> None:
    laptop, phone = devices
    laptop.vault.add(talk(9), {})
    laptop.sync(), phone.sync()
    saved = cloud.server.snapshot()
    laptop.vault.add(talk(9, 2, first=3), {})
    laptop.sync(), phone.sync()
    name = cloud.envelope.name(conversation(9))
    message = cloud.paths(f"conversations/{name}/messages/")[0]
    blob = next(path for path in cloud.paths("blobs/") if path.count("/") == 1)
    act: dict[str, Callable[[], None]] = {
        "wiped": lambda: cloud.server.wipe(cloud.project),
        "identity": lambda: cloud.delete(),
        "header": lambda: cloud.delete(f"conversations/{name}"),
        "message": lambda: cloud.delete(message),
        "rotten": lambda: cloud.damage(message, record="rotten"),
        "blob": lambda: cloud.delete(blob),
        "chunk": lambda: cloud.damage(f"{blob}/chunks/0", data=b"rotten"),
        "rolled back": lambda: cloud.server.roll_back(saved),
    }
    act[loss]()
    if loss not in ("wiped", "identity", "rolled back"):
        assert not laptop.verified
    laptop.sync()
    assert loss not in ("wiped", "rolled back") or laptop.alerts()
    assert laptop.verified
    for device in (phone, laptop, phone):
        device.sync()
    assert the_same(laptop, phone)
    assert phone.verified
    phone.sync()
    assert phone.cost == (1, 1, 0)


def test_everything_comes_back_from_firestore_alone(cloud: Cloud, devices: tuple[Device, Device]) -> None:
    laptop, phone = devices
    laptop.sync()
    digest = laptop.vault.digest()
    done = restore_to(cloud.folder / "restored", phone.replica)
    assert done.digest == digest


def test_the_days_writes_run_out_in_the_middle_and_go_on_tomorrow(cloud: Cloud) -> None:
    now = Time(time.time_ns() // 1_000_000)
    laptop = Device(cloud, "laptop", now)
    laptop.vault.add([record for number in range(30) for record in talk(number, 9)], {})
    laptop.replica = cloud.open("laptop", daily_writes=200)
    days = 0
    while True:
        cloud.server.clear_log()
        [report] = sync_all(Engine(laptop.vault, laptop.told.append), [laptop.replica])
        assert cloud.server.writes <= 190
        if report.state == "ok":
            break
        assert report.state == "limited"
        days += 1
        assert days < 4
        cloud.now += 24 * 60 * 60 * 1000
    assert days >= 1
    laptop.replica = cloud.open("laptop")
    assert laptop.verified


def test_two_devices_over_googles_emulator(tmp_path: Path) -> None:
    if why := emulator.reason():
        pytest.skip(why)
    cloud = Cloud(tmp_path)
    now = Time(time.time_ns() // 1_000_000)
    laptop, phone = Device(cloud, "laptop", now), Device(cloud, "phone", now)
    os.environ["FIRESTORE_EMULATOR_HOST"] = emulator.emulator().address
    laptop.vault.add([record for number in range(20) for record in talk(number)], {})
    laptop.vault.add([with_blob(number) for number in range(3)], PICTURES)
    laptop.sync()
    phone.sync()
    phone.vault.add(talk(3, 2, first=3), {})
    phone.sync()
    assert phone.cost == (4, 4, 4)
    laptop.sync()
    assert the_same(laptop, phone)
    assert laptop.verified and phone.verified
    laptop.sync()
    assert laptop.cost == (1, 1, 0)
    assert cloud.paths() == []  # nothing went to the other server
    cloud.close()

"""Large content on its way: pushed with the records that need it, pulled, and healed on either side."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.errors import InvalidRecord
from netto_tui.model.ids import message_id
from netto_tui.model.revision import Message, Record, Stamp, Text, mint
from netto_tui.recovery.verify import verify
from netto_tui.replicas.base import Replica
from netto_tui.sync.wanted import wanted
from tests.unit.sync.given import Device, Wrapped, blob_file, held, here, with_blob

NAMES = ("disk", "history")
RECORDS, BLOBS = with_blob(1, b"\x89picture" * 1000)
((SHA, PICTURE),) = BLOBS.items()
NAME = RECORDS[0].rev.conversation


def answer(number: int = 1) -> Record:
    """One more message of the conversation with the picture."""
    stamp = Stamp(f"2026-11-22T11:{number:02d}:00.000Z", 0, "source:test")
    return mint(NAME, message_id(NAME, str(number)), Message("assistant", (Text("I see."),)), stamp)


def picture_on(device: Device, name: str) -> bytes | None:
    try:
        return device.open(name).read_blob(SHA)
    except InvalidRecord:
        return b"damaged"


def spoil(file: Path, how: str) -> None:
    """Take a file away, or damage it."""
    if how == "missing":
        file.unlink()
    else:
        file.chmod(0o600)
        data = file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize("name", NAMES)
def test_a_blob_travels_with_its_record(device: Device, phone: Device, name: str) -> None:
    device.vault.add(RECORDS, BLOBS)
    assert device.run(name).state == "ok"
    assert picture_on(device, name) == PICTURE
    assert phone.run(name).state == "ok"
    assert phone.vault.blobs.get(SHA) == PICTURE


def test_the_blob_of_a_message_that_the_replica_lacks_goes_along_when_it_has_the_rest(
    device: Device, phone: Device
) -> None:
    phone.vault.add([answer()])
    phone.sync()
    device.vault.add([*RECORDS, answer()], BLOBS)
    for report in device.sync().values():
        assert (report.state, report.pulled, report.pushed) == ("ok", 0, 1)
    assert [picture_on(device, name) for name in NAMES] == [PICTURE, PICTURE]


def test_a_blob_goes_along_when_both_devices_went_on_with_a_conversation(device: Device, phone: Device) -> None:
    for each in (device, phone):
        each.vault.add([answer(1)])
        each.sync()
    phone.vault.add([answer(2)])
    phone.sync()
    device.vault.add(RECORDS, BLOBS)
    for name, report in device.sync().items():
        assert (name, report.pushed) == (name, 1)
        assert picture_on(device, name) == PICTURE
    assert here(device.vault) == {record.id for record in [*RECORDS, answer(1), answer(2)]}


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_blob_that_went_bad_here_is_brought_back(device: Device, how: str) -> None:
    device.vault.add(RECORDS, BLOBS)
    device.sync()
    spoil(blob_file(device.vault.path, SHA), how)
    assert not verify(device.vault, [], deep=True).ok
    assert wanted(device.vault) == [NAME]
    device.sync()
    assert device.vault.blobs.get(SHA) == PICTURE
    assert wanted(device.vault) == []
    assert "lost" not in device.alerts()


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_blob_that_went_bad_in_the_folder_is_written_again(device: Device, how: str) -> None:
    device.vault.add(RECORDS, BLOBS)
    device.sync()
    spoil(blob_file(device.stores / "disk", SHA), how)
    replica = device.open("disk")
    assert not verify(device.vault, [replica], deep=True).ok
    assert device.sync()["disk"].state == "ok"
    assert picture_on(device, "disk") == PICTURE
    assert verify(device.vault, [device.open("disk")], deep=True).ok


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_blob_that_went_bad_in_git_is_written_again(device: Device, how: str) -> None:
    device.vault.add(RECORDS, BLOBS)
    device.sync()
    content = b"blob %d\0" % len(PICTURE) + PICTURE
    import hashlib

    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    spoil(device.stores / "history" / "objects" / sha1[:2] / sha1[2:], how)
    assert not verify(device.vault, [device.open("history")], deep=True).ok
    assert device.sync()["history"].state == "ok"
    assert picture_on(device, "history") == PICTURE
    assert verify(device.vault, [device.open("history")], deep=True).ok


def test_a_damaged_blob_is_not_taken_from_a_replica(device: Device, phone: Device) -> None:
    device.vault.add(RECORDS, BLOBS)
    device.sync()
    spoil(blob_file(device.stores / "disk", SHA), "damaged")
    phone.sync("disk", complete=False)
    assert phone.vault.blobs.get(SHA) is None
    assert wanted(phone.vault) == [NAME]
    assert len(phone.vault.quarantine.notes()) == 1
    phone.sync()
    assert phone.vault.blobs.get(SHA) == PICTURE
    assert wanted(phone.vault) == []


def test_a_blob_that_rotted_here_is_not_passed_on_and_its_record_is_not_called_synced(device: Device) -> None:
    device.vault.add(RECORDS, BLOBS)
    spoil(blob_file(device.vault.path, SHA), "damaged")
    report = device.sync("disk", complete=False)["disk"]
    assert (report.state, report.quarantined) == ("behind", 1)
    assert picture_on(device, "disk") is None
    assert not device.ledger("disk").is_proven(device.vault.digest(), 0)
    device.vault.blobs.put(SHA, PICTURE)
    assert device.sync()["disk"].state == "ok"
    assert picture_on(device, "disk") == PICTURE


def test_a_blob_that_nobody_has_is_told_once(device: Device) -> None:
    device.vault.add(RECORDS, BLOBS)
    device.sync()
    spoil(blob_file(device.vault.path, SHA), "missing")
    spoil(blob_file(device.stores / "disk", SHA), "missing")
    device.config = type(device.config)(replicas=device.config.replicas[:1])
    verify(device.vault, [], deep=True)
    device.sync()
    assert device.alerts().count("lost") == 1
    device.sync()
    assert device.alerts().count("lost") == 1


class Swallowing(Wrapped):
    """A replica that says it has a blob, and has other bytes."""

    def __init__(self, real: Replica) -> None:
        super().__init__(real)

    def read_blob(self, sha256: str) -> bytes | None:
        return None


def test_a_record_whose_blob_does_not_read_back_is_not_called_synced(device: Device) -> None:
    device.wraps["disk"] = Swallowing
    device.vault.add(RECORDS, BLOBS)
    report = device.run("disk")
    assert (report.state, report.pushed) == ("damaged", 0)
    assert device.ledger("disk").held() == []
    assert held(device.open("disk")) == {RECORDS[0].id}
    device.wraps.clear()
    assert device.run("disk").state == "ok"
    assert picture_on(device, "disk") == PICTURE

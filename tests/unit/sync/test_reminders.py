"""A token's end is told in time, once at each step."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.errors import Locked
from netto_tui.recovery import meters
from netto_tui.recovery.health import check
from netto_tui.replicas.base import TOKEN_DAYS, Meter, Probe
from netto_tui.sync import events
from netto_tui.sync.round import new_engine
from netto_tui.vault.rows import MeterRow
from tests.unit.sync.given import Device, Wrapped

ENDS = 1_800_000_000_000


class Ending(Wrapped):
    """A replica whose token has so many days left."""

    left = 40

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("requests", 10, 5000, ENDS), Meter(TOKEN_DAYS, Ending.left, 0, ENDS))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    made = Device(tmp_path, "laptop")
    made.wraps["disk"] = Ending
    return made


def told(device: Device) -> list[str]:
    return [event.text for event in device.told if isinstance(event, events.Alerted) and event.code == "token"]


def test_it_is_told_once_at_thirty_fourteen_seven_three_and_one_day_and_at_the_end(device: Device) -> None:
    at = []
    for left in range(40, -1, -1):
        Ending.left = left
        before = len(told(device))
        device.run("disk")
        device.run("disk")
        at += [left] * (len(told(device)) - before)
    assert at == [30, 14, 7, 3, 1, 0]
    assert "2027-01-15" in told(device)[0] and "netto-tui init" in told(device)[0]


def test_a_machine_that_was_off_for_long_is_told_once_and_a_new_token_begins_anew(device: Device) -> None:
    for left, count in ((20, 1), (2, 2), (90, 2), (29, 3)):
        Ending.left = left
        device.run("disk")
        assert len(told(device)) == count


class Locking(Wrapped):
    """A replica whose keys are not at hand."""

    def probe(self) -> Probe:
        raise Locked("The keyring is locked.")


def test_locked_keys_are_told_at_once_and_then_once_a_day(device: Device) -> None:
    engine = new_engine(device.vault, device.config, device.told.append)
    replica = device.open("disk")
    engine.run(replica)
    waiting = Locking(replica)
    at = []
    for hour in range(50):
        before = len(device.told)
        engine.run(waiting)
        at += [hour for event in device.told[before:] if isinstance(event, events.Alerted) and event.code == "locked"]
        device.time.pass_minutes(60)
    assert at == [0, 24, 48]
    engine.run(replica)
    before = len(device.told)
    engine.run(waiting)
    assert any(isinstance(event, events.Alerted) for event in device.told[before:]), "a new time of waiting"


def test_health_and_the_screens_know_what_is_left(device: Device) -> None:
    Ending.left = 5
    device.run("disk")
    with device.vault.reader() as reader:
        row = next(row for row in reader.replicas() if row.name == "disk")
    zone = device.vault.zone
    assert [meters.words(meter, zone) for meter in row.meters] == [
        "10 of 5 000 requests left until 08:00",
        "the token ends in 5 days (2027-01-15)",
    ]
    found = [(one.state, one.detail) for one in check(device.vault, device.config) if one.name == "disk"]
    assert ("warn", "the token ends in 5 days (2027-01-15)") in found
    assert ("warn", "10 of 5 000 requests left until 08:00") in found


@pytest.mark.parametrize(
    ("meter", "state"),
    [
        (MeterRow(TOKEN_DAYS, 15, 0, ""), "ok"),
        (MeterRow(TOKEN_DAYS, 14, 0, ""), "warn"),
        (MeterRow(TOKEN_DAYS, 3, 0, ""), "bad"),
        (MeterRow("requests", 251, 5000, ""), "ok"),
        (MeterRow("requests", 250, 5000, ""), "warn"),
    ],
)
def test_a_token_and_a_quota_warn_before_they_run_out(meter: MeterRow, state: str) -> None:
    assert meters.state(meter) == state

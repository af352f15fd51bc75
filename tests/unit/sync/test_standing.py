"""How the replicas stand, and what the journal tells of the last days."""

from __future__ import annotations

import shutil
from dataclasses import replace

from netto_tui.config import ReplicaConfig
from netto_tui.sync.history import history
from netto_tui.sync.journal import Journal, sentence
from netto_tui.sync.round import close_all, new_engine, sync_all
from netto_tui.sync.schedule import note_looks
from netto_tui.sync.standing import replica_rows
from netto_tui.vault import writing
from netto_tui.vault.rows import ReplicaRow
from tests.unit.sync.given import Device
from tests.unit.vault.talks import talk


def rows(device: Device) -> dict[str, ReplicaRow]:
    device.vault.digest()
    with device.vault.reader() as reader:
        return {row.name: row for row in replica_rows(device.config, reader)}


def kept_round(device: Device, *names: str) -> None:
    """A round whose events go through the journal."""
    replicas = [device.open(name) for name in names or ("disk", "history")]
    sync_all(new_engine(device.vault, device.config, Journal(device.vault, device.told.append)), replicas)
    close_all(replicas)


def test_what_is_ahead_and_behind_is_counted_and_what_nobody_knows_is_not(device: Device) -> None:
    device.vault.add([*talk(1, day=21), *talk(2, day=22)])
    assert (rows(device)["disk"].state, rows(device)["disk"].pending) == ("never", 2)
    assert rows(device)["disk"].behind is None
    device.sync()
    device.vault.add(talk(3))
    row = rows(device)["disk"]
    assert (row.state, row.verified, row.pending, row.behind) == ("behind", 2, 1, 0)
    shutil.rmtree(device.vault.path / "sessions" / "2026" / "11" / "21")
    device.vault.look_again()
    assert rows(device)["disk"].behind == 1
    shutil.move(device.stores / "disk", device.stores / "away")
    device.run("disk")
    assert (rows(device)["disk"].state, rows(device)["disk"].behind) == ("unreachable", None)


def test_a_conflict_counts_for_the_replica_that_brought_a_version(device: Device, phone: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    phone.sync("disk")
    item = talk(1)[1].rev.item
    for each, text in ((device, "Boil them for six minutes."), (phone, "Fry them instead, with butter.")):
        writing.edit(each.vault, talk(1)[0].rev.conversation, item, text)
        each.time.pass_minutes(1)
    phone.sync("disk")
    device.sync("disk")
    assert (rows(device)["disk"].conflicts, rows(device)["history"].conflicts) == (1, 0)


def test_the_next_run_is_an_interval_after_the_last_look_and_none_while_paused(device: Device) -> None:
    device.sync()
    assert rows(device)["disk"].next_run == ""
    note_looks(device.vault, ["disk", "history"], device.time.ms)
    first = rows(device)["disk"].next_run
    device.config = replace(device.config, interval_minutes=60)
    assert rows(device)["disk"].next_run > first
    device.config = device.config.with_paused(["disk"], True)
    assert (rows(device)["disk"].state, rows(device)["disk"].next_run) == ("paused", "")
    shutil.move(device.stores / "history", device.stores / "away")
    device.run("history")
    assert rows(device)["history"].next_run == rows(device)["history"].next_try != ""


def test_a_replica_that_moved_stands_as_one_that_was_never_seen(device: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    moved = ReplicaConfig("disk", "folder", str(device.stores / "elsewhere"), plain=True)
    device.config = replace(device.config, replicas=(moved, *device.config.replicas[1:]))
    assert (rows(device)["disk"].state, rows(device)["disk"].target) == ("never", moved.target)


def test_each_of_the_last_days_tells_what_moved_and_what_failed(device: Device, phone: Device) -> None:
    device.vault.add(talk(1))
    kept_round(device)
    phone.sync("disk")
    phone.vault.add(talk(2))
    phone.sync("disk")
    device.time.pass_minutes(24 * 60)
    kept_round(device, "disk")
    device.time.pass_minutes(24 * 60)
    kept_round(device, "disk")
    shutil.move(device.stores / "disk", device.stores / "away")
    for _ in range(2):
        device.time.pass_minutes(24 * 60)
        for _ in range(3):
            kept_round(device, "disk")
    with device.vault.reader() as reader:
        days = history(reader, device.time.ms)["disk"]
    assert len(days) == 14 and days[-1].day > days[-2].day
    told = [(each.pushed, each.pulled, each.failures, each.looked) for each in days[-6:]]
    assert told == [
        (0, 0, 0, False),
        (4, 0, 0, True),
        (0, 4, 0, True),
        (0, 0, 0, True),
        (0, 0, 1, True),
        (0, 0, 1, True),
    ]


def test_the_journal_reads_as_sentences() -> None:
    assert sentence("Pulled", "4 revisions in 1 conversation") == "brought 4 revisions in 1 conversation"
    assert sentence("SyncFailed", "It is {gone}.") == "failed: It is {gone}."
    assert sentence("SomethingNewer", "as it is") == "as it is"

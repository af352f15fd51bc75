"""Earlier states of a replica: which there are, looking into one, what differs from now, and what verifying found."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace

from netto_tui.errors import Cancelled, Refused, UsageError
from netto_tui.model.clock import to_ms
from netto_tui.model.query import Query
from netto_tui.model.revision import ABOUT, About, mint
from netto_tui.recovery import undo
from netto_tui.recovery.differences import differences, item_differences
from netto_tui.recovery.drill import drill, past_drills
from netto_tui.recovery.finds import finds
from netto_tui.recovery.restore import restore
from netto_tui.recovery.snapshots import compared, named, opened_snapshot, snapshots
from netto_tui.recovery.staging import clear_abandoned, temporary_place
from netto_tui.recovery.verify import verify
from netto_tui.vault import writing
from tests.unit.recovery.test_restore import FIRST, ITEM, history_of_three_days, shown
from tests.unit.sync.given import Device, session_files
from tests.unit.vault.talks import talk

THEN = to_ms("2026-11-23T23:59:59.000Z")
SECOND = talk(2)[0].rev.conversation
SEVENTH = talk(7)[0].rev.conversation


def places(device: Device) -> list[str]:
    """What lies in staging."""
    folder = device.vault.path / "staging"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_history_tells_when_by_whom_and_how_much(device: Device) -> None:
    history_of_three_days(device)
    found = list(snapshots(device.open("history")))
    assert [one.at_ms for one in found] == sorted((one.at_ms for one in found), reverse=True)
    pushes = [one for one in found if one.changed]
    assert {one.by for one in pushes} == {device.vault.device}
    assert pushes[0].changed == 2
    assert [one.changed for one in snapshots(device.open("history"), FIRST)]
    with pytest.raises(UsageError, match="keeps no history"):
        list(snapshots(device.open("disk")))


def test_a_snapshot_is_named_by_its_id_or_by_a_time_that_no_other_has(device: Device) -> None:
    history_of_three_days(device)
    for text in ("good evening", "good night"):
        writing.edit(device.vault, FIRST, ITEM, text)
        device.run("history")
    replica = device.open("history")
    found = list(snapshots(replica))
    latest, before = [one for one in snapshots(replica, FIRST) if one.at_ms == found[0].at_ms][:2]
    for one, said in ((latest, "good night"), (before, "good evening")):
        moment = named(replica, one.short_id.upper(), UTC)
        assert moment.id == one.id
        with opened_snapshot(device.vault, replica, moment) as then:
            assert shown(then)[0] == said
        assert compared(device.vault, replica, FIRST, moment)[1].then == said
    for text in (latest.at, latest.at[:16].replace("T", " "), latest.at[:19]):
        with pytest.raises(UsageError, match=f"snapshots: .*{latest.short_id}.*{before.short_id}"):
            named(replica, text, UTC)
    alone = next(one for one in found if sum(other.at_ms == one.at_ms for other in found) == 1)
    assert named(replica, alone.at, UTC).id == alone.id
    assert named(replica, alone.at[:19], timezone(timedelta(0))).id == alone.id
    for text in ("0" * 12, "2001-01-01 10:00"):
        with pytest.raises(UsageError, match="has no snapshot"):
            named(replica, text, UTC)
    for text in ("someday", "abc", "2026-13-41 10:00"):
        with pytest.raises(UsageError, match="no date and no id"):
            named(replica, text, UTC)


def test_a_snapshot_is_read_like_a_vault_cannot_be_changed_and_leaves_nothing_behind(device: Device) -> None:
    history_of_three_days(device)
    digest = device.vault.digest()
    with opened_snapshot(device.vault, device.open("history"), THEN) as then:
        assert shown(then) == ["hello 1.0", "hello 1.1", "hello 1.2"]
        with then.reader() as reader:
            assert len(reader.conversations(Query())) == 3
        with pytest.raises(Refused, match="nothing in it can be changed"):
            writing.edit(then, FIRST, ITEM, "rewritten")
        assert stat.S_IMODE(os.stat(then.path).st_mode) == 0o700
        assert shown(then) == ["hello 1.0", "hello 1.1", "hello 1.2"]
    assert places(device) == []
    assert device.vault.digest() == digest


def test_reading_a_snapshot_can_be_stopped(device: Device) -> None:
    replica = device.open("history")
    device.cancel.set()
    with pytest.raises(Cancelled), opened_snapshot(device.vault, replica, THEN, cancel=device.cancel):
        raise AssertionError
    assert places(device) == []


def test_what_differs_from_a_snapshot_is_what_says_something_else(device: Device) -> None:
    history_of_three_days(device)
    device.time.pass_minutes(1)
    writing.delete(device.vault, SECOND)
    with opened_snapshot(device.vault, device.open("history"), THEN) as then:
        found = {one.conversation: one for one in differences(then, device.vault)}
        kinds = {name: (one.kind, one.then, one.now) for name, one in found.items()}
        assert kinds == {FIRST: ("changed", 3, 2), SECOND: ("removed", 3, 0), SEVENTH: ("added", 0, 3)}
        restore(device.vault, device.open("history"), only=[FIRST, SECOND], as_of=THEN)
        assert [one.conversation for one in differences(then, device.vault)] == [SEVENTH]


def test_the_messages_of_a_conversation_are_compared_one_by_one(device: Device) -> None:
    history_of_three_days(device)
    found = compared(device.vault, device.open("history"), FIRST, THEN)
    assert found[0].item == ABOUT
    said = {one.item: (one.kind, one.then, one.now) for one in found[1:]}
    assert said == {
        talk(1)[1].rev.item: ("changed", "hello 1.0", "good morning"),
        talk(1)[2].rev.item: ("removed", "hello 1.1", None),
        talk(1)[3].rev.item: ("same", "hello 1.2", "hello 1.2"),
    }
    assert [one.at for one in found[1:]] == sorted(one.at for one in found[1:])
    assert {one.kind for one in compared(device.vault, device.open("history"), FIRST)} == {"same"}


def test_what_lies_beyond_the_words_is_shown_as_it_is(device: Device) -> None:
    before = device.vault.records(FIRST)
    about = next(record for record in before if record.rev.item == ABOUT)
    assert isinstance(about.rev.body, About)
    archived = replace(about.rev.body, state={"archived": True})
    device.vault.add([mint(FIRST, ABOUT, archived, device.vault.clock.stamp(), [about.id])])
    found, *others = item_differences(before, device.vault.records(FIRST))
    assert (found.kind, found.revisions) == ("changed", 1)
    assert found.now is not None and found.then is not None
    assert '"archived": true' in found.now and "archived" not in found.then
    assert {one.kind for one in others} == {"same"}


@pytest.mark.parametrize("name", ["disk", "history"])
def test_a_verification_lists_what_it_found_with_its_conversation_and_what_mends_it(
    device: Device, folder: Path, name: str
) -> None:
    phone = Device(folder, "phone")
    phone.sync()
    phone.vault.add([*talk(2, 2, first=3, day=22), *talk(8)])
    phone.run(name)
    phone.vault.close()
    device.vault.add([*talk(2, 1, first=5, day=22), *talk(9)])
    found = {
        (one.kind, one.conversation): one
        for one in finds(verify(device.vault, [device.open(name)]))
        if one.store == name
    }
    assert set(found) == {
        ("different", SECOND),
        ("extra", talk(8)[0].rev.conversation),
        ("missing", talk(9)[0].rev.conversation),
    }
    assert all("netto-tui sync" in one.mends and one.is_fault for one in found.values())


def test_a_damaged_piece_is_named_with_its_conversation(device: Device) -> None:
    (file,) = [path for path in session_files(device.vault.path) if path.stem == FIRST]
    file.write_bytes(file.read_bytes().replace(b"hello", b"hullo", 1))
    found = finds(verify(device.vault, []))
    assert [(one.store, one.kind, one.conversation) for one in found] == [
        ("local", "damaged", FIRST),
        ("local", "missing", FIRST),
    ]
    assert "quarantine" in found[0].mends


def test_going_back_to_before_an_exchange_says_again_what_was_said(device: Device, folder: Path) -> None:
    phone = Device(folder, "phone")
    phone.sync()
    phone.time.pass_minutes(1)
    writing.edit(phone.vault, FIRST, ITEM, "said on the phone")
    phone.vault.add(talk(8))
    phone.run("disk")
    phone.vault.close()
    report = restore(device.vault, device.open("disk"))
    assert shown(device.vault)[0] == "said on the phone"
    point = undo.points(device.vault)[0]
    assert (f"undo/{point.name}", point.items, undo.contents(device.vault, point)) == (report.undo, 0, {})
    assert undo.until(point)[:10] == report.until[:10] == "2026-12-23"
    device.time.pass_minutes(1)
    assert undo.undo(device.vault, point.name) == 1
    assert shown(device.vault)[0] == "hello 1.0"
    assert shown(device.vault, talk(8)[0].rev.conversation), "what came in where nothing was stays"
    assert list(undo.contents(device.vault, undo.points(device.vault)[0])) == [FIRST]
    assert undo.undo(device.vault) == 1
    assert shown(device.vault)[0] == "said on the phone"
    assert places(device) == []


def test_drills_are_remembered_one_after_the_other_also_after_a_restore(device: Device) -> None:
    assert [one.ok for one in drill(device.vault, [device.open("disk"), device.open("history")])] == [True, True]
    assert [(one.name, one.ok) for one in past_drills(device.vault)] == [("history", True), ("disk", True)]
    assert past_drills(device.vault)[0].detail.startswith("3 conversations restored in ")
    device.vault.add(talk(9))
    restore(device.vault, device.open("disk"))
    assert [one.name for one in past_drills(device.vault)] == ["history", "disk"]
    assert places(device) == []


def test_a_place_of_a_process_that_died_is_cleared_away(device: Device) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    abandoned = device.vault.path / "staging" / f"snapshot-{process.pid}-abc"
    abandoned.mkdir(parents=True)
    with temporary_place(device.vault, "drill") as mine:
        clear_abandoned(device.vault)
        assert mine.exists()
        assert not abandoned.exists()
    assert places(device) == []

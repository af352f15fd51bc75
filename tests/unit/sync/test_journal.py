"""The journal: what happened, a line each; what lasts, one line; nothing, none."""

from __future__ import annotations

import shutil
from unittest.mock import patch

from netto_tui.recovery import curation
from netto_tui.sync import events
from netto_tui.sync.history import journal_page, with_titles
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, sync_all
from netto_tui.vault import writing
from netto_tui.vault.curating import Change
from netto_tui.vault.rows import JournalRow
from tests.unit.sync.given import Device, session_files
from tests.unit.vault.talks import talk

ANYTIME = "2026-11-23T12:00:00.000Z"


def kept_round(device: Device, *names: str) -> None:
    """A round whose events go through the journal."""
    replicas = [device.open(name) for name in names or ("disk", "history")]
    sync_all(new_engine(device.vault, device.config, Journal(device.vault, device.told.append)), replicas)
    close_all(replicas)


def lines(device: Device) -> list[tuple[str, str]]:
    """What the journal says, oldest first: replica and kind."""
    with device.vault.reader() as reader:
        return [(row.replica, row.kind) for row in reversed(reader.journal())]


def details(device: Device) -> list[str]:
    with device.vault.reader() as reader:
        return [row.detail for row in reversed(reader.journal())]


def test_what_was_pushed_and_pulled_leaves_a_line_each(device: Device, phone: Device) -> None:
    phone.vault.add(talk(1))
    phone.sync()
    device.vault.add(talk(2))
    kept_round(device, "disk")
    assert lines(device) == [("disk", "Pulled"), ("disk", "Pushed")]
    assert details(device) == [
        "4 revisions in 1 conversation",
        "4 new revisions in 1 conversation; read back",
    ]


def test_an_idle_pass_leaves_no_line(device: Device) -> None:
    device.vault.add(talk(1))
    kept_round(device)
    before = lines(device)
    for _ in range(3):
        device.time.pass_minutes(30)
        kept_round(device)
    assert lines(device) == before


def test_a_fault_that_lasts_leaves_one_line_until_something_else_happens(device: Device) -> None:
    device.vault.add(talk(1))
    kept_round(device)
    shutil.move(device.stores / "disk", device.stores / "away")
    before = len(lines(device))
    for _ in range(3):
        device.time.pass_minutes(30)
        kept_round(device)
    assert lines(device)[before:] == [("disk", "SyncFailed")]
    assert "--rebuild" in details(device)[-1]
    shutil.move(device.stores / "away", device.stores / "disk")
    device.vault.add(talk(2))
    kept_round(device, "disk")
    shutil.move(device.stores / "disk", device.stores / "away")
    kept_round(device, "disk")
    assert lines(device)[-2:] == [("disk", "Pushed"), ("disk", "SyncFailed")]


def test_damage_is_told_with_its_place_and_its_healing(device: Device) -> None:
    device.vault.add([*talk(1), *talk(2)])
    kept_round(device)
    before = len(lines(device))
    file = session_files(device.stores / "disk")[0]
    file.write_bytes(file.read_bytes().replace(b"hello", b"hollo", 1))
    file.rename(file.with_suffix(".x"))
    file.with_suffix(".x").rename(file)
    kept_round(device)
    assert lines(device)[before:] == [("disk", "Quarantined"), ("disk", "Healed"), ("disk", "Pushed")]
    assert file.stem in details(device)[before]


def test_a_conflict_is_kept_by_the_id_of_its_conversation_and_told_by_its_title(device: Device, phone: Device) -> None:
    device.vault.add(talk(1))
    kept_round(device)
    phone.sync()
    item = talk(1)[1].rev.item
    for each, text in ((device, "Boil them for six minutes."), (phone, "Fry them instead, with butter.")):
        writing.edit(each.vault, talk(1)[0].rev.conversation, item, text)
        each.time.pass_minutes(1)
    phone.sync()
    kept_round(device, "disk")
    told = [detail for detail in details(device) if detail.endswith("has several versions of a message")]
    assert told and not any("Talk 1" in detail for detail in details(device))
    name = talk(1)[0].rev.conversation
    with device.vault.reader() as reader:
        [line] = [line for line in journal_page(reader, None, 0, 100) if line.kind == "ConflictFound"]
    assert line.detail == f"{name} has several versions of a message"
    assert line.titled == "“Talk 1” has several versions of a message"


def test_titles_come_in_one_query_harmless_and_short_and_what_is_not_here_keeps_its_id(device: Device) -> None:
    device.vault.add([*talk(1), *talk(2), *talk(3)])
    name, hostile, gone = (talk(number)[0].rev.conversation for number in (1, 2, 3))
    curation.change(device.vault, [hostile], Change(title="\x1b]0;owned\x07" + "long " * 40), "title")
    curation.delete(device.vault, [gone])
    unknown = "c_" + "0" * 32
    said = (f"It is in {name}.", f"{name[:10]} and {hostile}", f"{gone} {unknown} {unknown[:10]}", "no conversation")
    rows = [JournalRow(ANYTIME, "disk", "Alerted", each) for each in said]
    with device.vault.reader() as reader, patch.object(reader, "select", wraps=reader.select) as select:
        told = with_titles(reader, rows)
        assert select.call_count == 1
    assert [line.detail for line in told] == list(said)
    assert told[0].titled == "It is in “Talk 1”."
    assert told[1].titled.startswith("“Talk 1” and “␛]0;owned") and len(told[1].titled) < 60
    assert [line.titled for line in told[2:]] == ["", ""]


def test_every_event_is_passed_on_and_nothing_that_was_said_is_written_down(device: Device) -> None:
    device.vault.add(talk(1, text="the password is swordfish"))
    kept_round(device)
    assert any(isinstance(event, events.SyncStarted) for event in device.told)
    assert sum(isinstance(event, events.SyncFinished) for event in device.told) == 2
    assert not any("swordfish" in detail for detail in details(device))


def test_lines_wait_until_the_pass_ends(device: Device) -> None:
    journal = Journal(device.vault, device.told.append)
    journal(events.Pulled(ANYTIME, "disk", 1, 4))
    assert lines(device) == []
    journal.flush()
    assert lines(device) == [("disk", "Pulled")]
    journal.flush()
    assert lines(device) == [("disk", "Pulled")]

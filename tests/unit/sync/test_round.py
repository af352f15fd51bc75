"""A round over several replicas: what one brings goes on to the others, and what nobody has is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from netto_tui.config import Config, ReplicaConfig
from netto_tui.errors import UsageError
from netto_tui.model.conversation import body_text
from netto_tui.sync import events
from netto_tui.sync.round import open_replicas
from netto_tui.sync.wanted import settle_wanted, wanted
from netto_tui.vault import memory, writing
from netto_tui.vault.vault import Vault
from tests.unit.sync.given import Device, held, here, session_files
from tests.unit.vault.talks import talk

NAMES = ("disk", "history")


@pytest.mark.parametrize("name", NAMES)
def test_what_one_replica_brings_reaches_the_others_in_the_same_round(device: Device, phone: Device, name: str) -> None:
    device.vault.add(talk(1))
    device.sync()
    phone.sync()
    phone.vault.add(talk(2))
    phone.sync(name, complete=False)
    reports = device.sync()
    assert {report.state for report in reports.values()} == {"ok"}
    assert here(device.vault) == {record.id for record in [*talk(1), *talk(2)]}
    for each in NAMES:
        assert held(device.open(each)) == here(device.vault)
        assert device.standing(each).root == device.vault.digest()


def test_a_replica_that_fails_holds_nobody_up(device: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    shutil.rmtree(device.stores / "disk")
    device.vault.add(talk(2))
    reports = device.sync()
    assert (reports["disk"].state, reports["history"].state) == ("unreachable", "ok")
    assert held(device.open("history")) == here(device.vault)


def test_two_devices_that_wrote_the_same_message_apart_are_told_of_the_conflict(device: Device, phone: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    phone.sync()
    name, item = talk(1)[1].rev.conversation, talk(1)[1].rev.item
    writing.edit(device.vault, name, item, "Boil them for six minutes.")
    phone.time.pass_minutes(1)
    writing.edit(phone.vault, name, item, "Fry them instead, with butter.")
    device.sync()
    phone.sync()
    found = [event for event in phone.told if isinstance(event, events.ConflictFound)]
    assert [(event.conversation, event.item, event.title) for event in found] == [(name, item, "Talk 1")]
    phone.told.clear()
    phone.sync()
    assert phone.told and not [event for event in phone.told if isinstance(event, events.ConflictFound)]


def lose(device: Device, number: int) -> None:
    """Take a session file of the vault away while it is closed."""
    name = talk(number)[0].rev.conversation
    device.vault.close()
    (file,) = [path for path in session_files(device.vault.path) if path.stem == name]
    file.unlink()
    device.restart()


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_that_was_lost_here_is_brought_back_although_nothing_changed_there(
    device: Device, name: str
) -> None:
    device.vault.add([*talk(1), *talk(2)])
    device.sync()
    lose(device, 1)
    assert wanted(device.vault) == [talk(1)[0].rev.conversation]
    report = device.sync(name, complete=False)[name]
    assert (report.state, report.pulled, report.healed) == ("ok", 4, 1)
    assert here(device.vault) == {record.id for record in [*talk(1), *talk(2)]}
    assert device.alerts() == []


def test_what_is_gone_there_while_it_is_damaged_here_is_written_there_once_it_is_whole_again(device: Device) -> None:
    device.vault.add([*talk(1), *talk(2)])
    device.sync()
    name = talk(1)[0].rev.conversation
    (there,) = [path for path in session_files(device.stores / "disk") if path.stem == name]
    there.unlink()
    (file,) = [path for path in session_files(device.vault.path) if path.stem == name]
    file.write_bytes(file.read_bytes()[:-2])
    assert device.run("disk").state == "behind", "it is not whole here either"
    assert device.run("history").state == "ok", "which makes the vault what it was when all was last proven"
    assert here(device.vault) == {record.id for record in [*talk(1), *talk(2)]}
    assert not device.ledger("disk").is_proven(device.vault.digest(), 0)
    assert device.run("disk").state == "ok"
    assert held(device.open("disk")) == here(device.vault)


def test_it_is_not_called_lost_before_every_replica_was_asked(device: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    name = talk(1)[0].rev.conversation
    lose(device, 1)
    for file in session_files(device.stores / "disk"):
        file.unlink()
    device.sync("disk", complete=False)
    assert (wanted(device.vault), device.alerts()) == ([name], [])
    shutil.move(device.stores / "history", device.stores / "away")
    device.sync()
    assert (wanted(device.vault), device.alerts()) == ([name], [])
    shutil.move(device.stores / "away", device.stores / "history")
    device.sync()
    assert (wanted(device.vault), device.alerts()) == ([], [])
    assert here(device.vault) == {record.id for record in talk(1)}
    assert held(device.open("disk")) == here(device.vault)


def test_what_no_replica_has_is_told_once_and_stays_told(device: Device) -> None:
    device.config = Config(replicas=device.config.replicas[:1])
    device.vault.add([*talk(1), *talk(2)])
    device.sync()
    lose(device, 1)
    (file,) = [path for path in session_files(device.stores / "disk") if path.stem == talk(1)[0].rev.conversation]
    file.unlink()
    device.sync()
    assert device.alerts() == ["lost"]
    assert talk(1)[0].rev.conversation in next(e.text for e in device.told if isinstance(e, events.Alerted))
    device.sync()
    assert (device.alerts(), wanted(device.vault)) == (["lost"], [])
    assert held(device.open("disk")) == {record.id for record in talk(2)}


def test_edits_of_the_memory_files_are_taken_in_before_the_pass(device: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    page = device.vault.path / "memory" / "2026-11-23.md"
    page.write_text(page.read_text().replace("hello 1.1", "good morning"))
    report = device.sync()["disk"]
    assert (report.state, report.pushed) == ("ok", 1)
    item = device.vault.item(talk(1)[2].rev.conversation, talk(1)[2].rev.item)
    assert body_text(item.value.body) == "good morning"
    assert held(device.open("disk")) == here(device.vault)
    assert b"good morning" in (device.open("disk").read_view("memory/2026-11-23.md") or b"")


def test_the_memory_files_say_what_a_pass_brought(device: Device, phone: Device) -> None:
    phone.vault.add(talk(1))
    phone.sync()
    device.sync()
    page = device.vault.path / "memory" / "2026-11-23.md"
    with device.vault.reader() as reader:
        assert page.read_bytes() == memory.render(reader, "2026-11-23")
    assert b"hello 1.1" in page.read_bytes()


def test_a_memory_file_that_was_removed_is_told_and_made_again(device: Device) -> None:
    device.vault.add(talk(1))
    device.sync()
    page = device.vault.path / "memory" / "2026-11-23.md"
    page.unlink()
    device.sync()
    assert device.alerts() == ["memory"]
    assert page.exists()


def test_names_and_kinds_that_are_not_there_are_refused_with_a_way_out(device: Device, folder: Path) -> None:
    with pytest.raises(UsageError, match="There are: disk, history"):
        open_replicas(device.vault, device.config, ["attic"])
    odd = Config(replicas=(ReplicaConfig("cloud", "vapour", "x"),))
    with pytest.raises(UsageError, match="Use one of"):
        open_replicas(device.vault, odd)
    assert [each.name for each in open_replicas(device.vault, device.config)] == list(NAMES)
    assert sorted(path.name for path in folder.iterdir()) == ["laptop"]


def spoil(vault: Vault) -> None:
    """Damage a line of the first talk, and have it noticed."""
    (file,) = [path for path in session_files(vault.path) if path.stem == talk(1)[0].rev.conversation]
    data = file.read_bytes()
    file.write_bytes(data.replace(b"hello 1.1", b"jello 1.1"))
    assert len(vault.records(file.stem)) == 3


def test_what_is_found_lost_while_a_round_ends_is_asked_for_in_the_next_one(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.vault.add([*talk(1), *talk(2)])
    device.sync()
    real, waiting = memory.refresh, [lambda: None, lambda: spoil(device.vault)]

    def refresh(vault: Vault) -> list[str]:
        if waiting:
            waiting.pop(0)()
        return real(vault)

    monkeypatch.setattr(memory, "refresh", refresh)
    device.sync()
    assert wanted(device.vault) == [talk(1)[0].rev.conversation]
    device.sync()
    assert here(device.vault) == {record.id for record in [*talk(1), *talk(2)]}
    assert wanted(device.vault) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_reads_back_with_more_than_was_written_is_taken_in(device: Device, name: str) -> None:
    device.vault.add(talk(1))
    device.sync()
    spoil(device.vault)
    settle_wanted(device.vault, wanted(device.vault))  # as if nothing had been noticed
    report = device.run(name)
    assert (report.state, report.pulled) == ("ok", 1)
    assert here(device.vault) == {record.id for record in talk(1)}

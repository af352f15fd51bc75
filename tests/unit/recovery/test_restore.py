"""Restoring: everything, one conversation, or how things were; it adds, proves, and keeps a way back."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from netto_tui.errors import Cancelled, UsageError, VaultError
from netto_tui.model.clock import to_ms
from netto_tui.model.revision import Record
from netto_tui.recovery import restore as restoring
from netto_tui.recovery import undo
from netto_tui.recovery.preview import preview
from netto_tui.recovery.restore import restore, restore_to
from netto_tui.recovery.verify import verify
from netto_tui.replicas.base import Held, Replica
from netto_tui.sync.wanted import wanted
from netto_tui.vault import memory, writing
from netto_tui.vault.vault import Vault
from tests.unit.sync.given import Device, Wrapped, blob_file, files, held, here, session_files, with_blob
from tests.unit.vault.talks import dump, new_vault, talk

NAMES = ("disk", "history")
Conversations = Iterable[tuple[str, Sequence[Record]]]
FIRST = talk(1)[0].rev.conversation
ITEM = talk(1)[1].rev.item


def shown(vault: Vault, conversation: str = FIRST) -> list[str]:
    """What a transcript says."""
    with vault.reader() as reader:
        return [row.text for row in reader.messages(conversation)]


def lose(device: Device, *numbers: int) -> None:
    """Take conversations out of the vault, as if they had never been there."""
    device.vault.close()
    for number in numbers:
        (file,) = [path for path in session_files(device.vault.path) if path.stem == talk(number)[0].rev.conversation]
        file.unlink()
    for file in device.vault.path.glob("index.db*"):
        file.unlink()
    device.restart()


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_restore_does_what_its_preview_said(device: Device, name: str) -> None:
    lose(device, 1)
    device.vault.add([*talk(2, 1, first=3, day=22), *talk(9)])
    with device.vault.transaction() as sql:
        sql.execute("DELETE FROM replicas")
    before = here(device.vault)
    replica = device.open(name)
    seen = preview(device.vault, replica)
    assert (seen.add, seen.change, seen.keep, seen.revisions, seen.conversations, seen.corrupt) == (1, 0, 2, 4, 3, 0)
    assert [(each.conversation, each.kind, each.revisions) for each in seen.items] == [(FIRST, "add", 4)]
    assert here(device.vault) == before
    report = restore(device.vault, replica)
    assert (report.ok, report.added, report.conversations, report.source) == (True, 4, 4, name)
    assert here(device.vault) == before | {record.id for record in talk(1, day=21)}
    assert report.digest == device.vault.digest()
    assert verify(device.vault, [], deep=True).ok


def test_a_preview_names_what_gains_revisions(device: Device, folder: Path) -> None:
    phone = Device(folder, "phone")
    phone.sync()
    phone.vault.add([*talk(2, 2, first=3, day=22), *talk(8)])
    phone.run("disk")
    phone.vault.close()
    seen = preview(device.vault, device.open("disk"))
    assert (seen.add, seen.change, seen.keep, seen.revisions) == (1, 1, 2, 6)
    report = restore(device.vault, device.open("disk"))
    assert (report.added, report.conversations) == (6, 4)
    assert report.digest == seen.digest == device.vault.digest()


def test_a_vault_that_lost_all_its_files_comes_back_equal(device: Device) -> None:
    rows, digest = dump(device.vault), device.vault.digest()
    lose(device, 1, 2, 3)
    assert here(device.vault) == set()
    report = restore(device.vault, device.open("history"))
    assert (report.ok, report.digest, report.added) == (True, digest, 12)
    assert dump(device.vault) == rows
    assert (device.vault.path / "memory" / "2026-11-22.md").exists()


def test_what_is_only_here_stays_also_what_a_person_just_wrote_into_a_memory_file(device: Device) -> None:
    records, blobs = with_blob(5, b"only here")
    device.vault.add(records, blobs)
    page = device.vault.path / "memory" / "2026-11-21.md"
    page.write_text(page.read_text().replace("hello 1.1", "good morning"))
    restore(device.vault, device.open("disk"))
    assert {record.id for record in records} <= here(device.vault)
    assert device.vault.blobs.get(next(iter(blobs))) == b"only here"
    assert "good morning" in shown(device.vault)


def test_what_arrives_while_a_restore_runs_stays(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    real = memory.refresh
    records, blobs = with_blob(5, b"just in")

    def refresh(vault: Vault) -> list[str]:
        if "staging" in vault.path.parts and not device.vault.blobs.has(next(iter(blobs))):
            with Vault.open(device.vault.path, now=device.time) as other:
                other.add([*records, *talk(9)], blobs)
        return real(vault)

    monkeypatch.setattr(memory, "refresh", refresh)
    report = restore(device.vault, device.open("disk"))
    assert here(device.vault) >= {record.id for record in [*records, *talk(9)]}
    assert device.vault.blobs.get(next(iter(blobs))) == b"just in"
    assert (report.ok, report.digest) == (True, device.vault.digest())
    assert verify(device.vault, [], deep=True).ok


def test_the_files_before_a_whole_restore_are_kept(device: Device) -> None:
    before = files(device.vault.path / "sessions")
    report = restore(device.vault, device.open("disk"))
    point = device.vault.path / report.undo
    assert files(point / "sessions") == before
    assert [(each.what, each.items) for each in undo.points(device.vault)] == [("exchange", 0)]
    assert undo.folder_of(device.vault, undo.points(device.vault)[0]) == point
    assert list((device.vault.path / "staging").iterdir()) == []


class PowerCut(BaseException):
    """Everything stops here, or a person pressed Ctrl-C."""


@pytest.mark.parametrize("step", range(8))
@pytest.mark.parametrize("for_good", [False, True])
def test_an_exchange_that_is_interrupted_is_finished_at_once_or_at_the_next_opening(
    device: Device, monkeypatch: pytest.MonkeyPatch, step: int, for_good: bool
) -> None:
    lose(device, 1)
    device.vault.add(talk(9))
    everything = here(device.vault) | {record.id for record in talk(1, day=21)}
    plan = device.vault.path / ".netto" / "swap.json"
    moves = itertools.count()
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if plan.exists() and ((at := next(moves)) == step or (for_good and at > step)):
            raise PowerCut
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PowerCut):
        restore(device.vault, device.open("disk"))
    assert plan.exists() == for_good
    monkeypatch.undo()
    with Vault.open(device.vault.path, now=device.time) as again:
        assert here(again) == everything
        assert verify(again, [], deep=True).ok
        assert not plan.exists()
    device.vault = Vault.open(device.vault.path, now=device.time)
    assert {report.state for report in device.sync().values()} == {"ok"}
    assert here(device.vault) == held(device.open("disk")) == everything


def test_damaged_lines_of_the_replica_are_left_out_and_counted(device: Device) -> None:
    (file,) = [path for path in session_files(device.stores / "disk") if path.stem == FIRST]
    data = bytearray(file.read_bytes())
    data[200] ^= 1
    file.write_bytes(data)
    lost = {record.id for record in talk(1, day=21)} - held(device.open("disk"))
    assert len(lost) == 1
    lose(device, 1)
    seen = preview(device.vault, device.open("disk"))
    assert (seen.corrupt, seen.revisions) == (1, 3)
    report = restore(device.vault, device.open("disk"))
    assert (report.ok, report.added) == (True, 3)
    assert not lost & here(device.vault)
    assert device.sync()["history"].pulled == 1
    assert lost <= here(device.vault)


def test_a_blob_that_the_replica_lacks_is_wanted_after_the_restore(device: Device) -> None:
    records, blobs = with_blob(5, b"picture")
    device.vault.add(records, blobs)
    device.sync()
    blob_file(device.stores / "disk", *blobs).unlink()
    place = device.stores / "new"
    restore_to(place, device.open("disk"))
    with Vault.open(place, now=device.time) as made:
        assert wanted(made) == [records[0].rev.conversation]
        assert here(made) == here(device.vault)


@pytest.mark.parametrize("name", NAMES)
def test_a_new_place_becomes_another_device_of_the_same_vault(device: Device, name: str) -> None:
    records, blobs = with_blob(5, b"picture")
    device.vault.add(records, blobs)
    device.sync()
    place = device.stores / "new" / "vault"
    report = restore_to(place, device.open(name))
    assert (report.ok, report.digest, report.added) == (True, device.vault.digest(), 13)
    with Vault.open(place, now=device.time) as made:
        assert (made.id, made.identity.zone) == (device.vault.id, "UTC")
        assert made.device != device.vault.device
        assert here(made) == here(device.vault)
        assert made.blobs.get(next(iter(blobs))) == b"picture"
        assert verify(made, [], deep=True).ok


def test_a_place_that_holds_something_is_refused_and_left_as_it_is(device: Device) -> None:
    place = device.stores / "new"
    place.mkdir()
    (place / "letter.txt").write_text("Dear aunt,")
    with pytest.raises(UsageError, match="not empty"):
        restore_to(place, device.open("disk"))
    assert files(place) == {"letter.txt": b"Dear aunt,"}


@pytest.mark.parametrize("name", NAMES)
def test_there_is_nothing_to_restore_from_a_replica_that_is_not_there(device: Device, name: str) -> None:
    before = here(device.vault)
    shutil.rmtree(device.stores / name)
    for call in (preview, restore):
        with pytest.raises(UsageError, match="nothing to restore"):
            call(device.vault, device.open(name))
    assert here(device.vault) == before
    assert not list((device.vault.path / "undo").glob("*"))


@pytest.mark.parametrize("name", NAMES)
def test_one_conversation_comes_back_also_when_it_was_deleted(device: Device, name: str) -> None:
    device.time.pass_minutes(1)
    writing.delete(device.vault, FIRST)
    writing.delete(device.vault, talk(2)[0].rev.conversation, talk(2)[1].rev.item)
    device.time.pass_minutes(20)
    device.sync()
    assert shown(device.vault) == []
    seen = preview(device.vault, device.open(name), only=[FIRST])
    assert (seen.add, seen.change, seen.keep, seen.revisions) == (0, 1, 0, 4)
    report = restore(device.vault, device.open(name), only=[FIRST])
    assert (report.ok, report.added, report.conversations) == (True, 4, 1)
    assert shown(device.vault) == ["hello 1.0", "hello 1.1", "hello 1.2"]
    with device.vault.reader() as reader:
        row = reader.conversation(FIRST)
        assert row and row.title == "Talk 1"
    assert shown(device.vault, talk(2)[0].rev.conversation) == ["hello 2.1", "hello 2.2"]
    assert undo.undo(device.vault) == 4
    assert shown(device.vault) == []


def test_some_conversations_come_back_and_the_others_stay_lost(device: Device) -> None:
    lose(device, 1, 2, 3)
    wanted_ones = [talk(number)[0].rev.conversation for number in (1, 3)]
    seen = preview(device.vault, device.open("disk"), only=wanted_ones)
    assert [(each.title, each.kind, each.before, each.after) for each in seen.items] == [
        ("Talk 1", "add", 0, 3),
        ("Talk 3", "add", 0, 3),
    ]
    report = restore(device.vault, device.open("disk"), only=wanted_ones)
    assert (report.added, report.conversations, report.undo, report.until) == (8, 2, "", "")
    assert here(device.vault) == {record.id for record in [*talk(1, day=21), *talk(3, day=22)]}
    assert list((device.vault.path / "staging").iterdir()) == []


def test_one_conversation_that_was_lost_comes_back_without_a_new_revision(device: Device) -> None:
    lose(device, 1, 2)
    seen = preview(device.vault, device.open("disk"), only=[FIRST])
    assert (seen.add, seen.change, seen.keep, seen.revisions) == (1, 0, 0, 4)
    report = restore(device.vault, device.open("disk"), only=[FIRST])
    assert (report.added, report.undo) == (4, "")
    assert here(device.vault) == {record.id for record in [*talk(1, day=21), *talk(3, day=22)]}


def test_a_conversation_that_is_as_it_was_is_kept(device: Device) -> None:
    seen = preview(device.vault, device.open("disk"), only=[FIRST])
    assert (seen.add, seen.change, seen.keep, seen.revisions) == (0, 0, 1, 0)
    assert restore(device.vault, device.open("disk"), only=[FIRST]).added == 0


def history_of_three_days(device: Device) -> None:
    """On the 23rd all is as it was said; on the 24th one message is edited; on the 25th another is deleted."""
    device.time.pass_minutes(24 * 60)
    writing.edit(device.vault, FIRST, ITEM, "good morning")
    device.time.pass_minutes(20)
    device.sync()
    device.time.pass_minutes(24 * 60)
    writing.delete(device.vault, FIRST, talk(1)[2].rev.item)
    device.vault.add(talk(7, day=25))
    device.time.pass_minutes(20)
    device.sync()
    assert shown(device.vault) == ["good morning", "hello 1.2"]


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-11-23", ["hello 1.0", "hello 1.1", "hello 1.2"]),
        ("2026-11-24", ["good morning", "hello 1.1", "hello 1.2"]),
        ("2026-11-25", ["good morning", "hello 1.2"]),
    ],
)
def test_a_date_in_the_history_says_again_what_was_said_then(device: Device, day: str, says: list[str]) -> None:
    history_of_three_days(device)
    known, at = here(device.vault), to_ms(f"{day}T23:59:59.000Z")
    seen = preview(device.vault, device.open("history"), as_of=at)
    report = restore(device.vault, device.open("history"), as_of=at)
    assert shown(device.vault) == says
    assert here(device.vault) >= known
    assert seen.revisions == report.added == len(here(device.vault) - known)
    assert (report.ok, report.digest) == (True, device.vault.digest())
    assert shown(device.vault, talk(7)[0].rev.conversation) == ["hello 7.0", "hello 7.1", "hello 7.2"]
    with device.vault.reader() as reader:
        assert reader.totals().conflicts == 0
    if report.added:
        undo.undo(device.vault)
        assert shown(device.vault) == ["good morning", "hello 1.2"]


def test_one_conversation_goes_back_to_a_date_alone(device: Device) -> None:
    history_of_three_days(device)
    other, item = talk(2)[1].rev.conversation, talk(2)[1].rev.item
    writing.edit(device.vault, other, item, "changed too")
    at = to_ms("2026-11-23T23:59:59.000Z")
    restore(device.vault, device.open("history"), only=[FIRST], as_of=at)
    assert shown(device.vault) == ["hello 1.0", "hello 1.1", "hello 1.2"]
    assert shown(device.vault, other)[0] == "changed too"


def test_a_date_before_everything_changes_nothing(device: Device) -> None:
    known = here(device.vault)
    report = restore(device.vault, device.open("history"), as_of=to_ms("2020-01-01T00:00:00.000Z"))
    assert (report.conversations, report.added, report.undo) == (0, 0, "")
    assert here(device.vault) == known


def test_a_vault_as_of_a_date_can_be_made_beside_the_present_one(device: Device) -> None:
    known = here(device.vault)
    history_of_three_days(device)
    place = device.stores / "then"
    restore_to(place, device.open("history"), as_of=to_ms("2026-11-23T23:59:59.000Z"))
    with Vault.open(place, now=device.time) as made:
        assert here(made) == known
        assert shown(made) == ["hello 1.0", "hello 1.1", "hello 1.2"]


def test_a_folder_knows_no_history_and_says_so(device: Device) -> None:
    for call in (preview, restore):
        with pytest.raises(UsageError, match=r"keeps no history.*Git replica"):
            call(device.vault, device.open("disk"), as_of=0)


@pytest.mark.parametrize("only", [(), (FIRST, talk(2)[0].rev.conversation)], ids=["everything", "some"])
def test_a_restore_that_is_stopped_leaves_the_vault_as_it_was(device: Device, only: Sequence[str]) -> None:
    lose(device, 1)
    before = files(device.vault.path / "sessions")

    class Stopping(Wrapped):
        """Stops after the first conversation."""

        def read(self, names: Iterable[str]) -> Iterator[Held]:
            for found in self.real.read(names):
                yield found
                device.cancel.set()

    device.wraps["disk"] = Stopping
    with pytest.raises(Cancelled):
        restore(device.vault, device.open("disk"), only=only)
    assert files(device.vault.path / "sessions") == before
    assert list((device.vault.path / "staging").iterdir()) == []
    assert not list((device.vault.path / "undo").glob("*"))


def test_what_does_not_read_back_equal_is_not_exchanged(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(device.vault.path / "sessions")
    real = restoring.fill

    def fill(vault: Vault, replica: Replica, conversations: Conversations) -> int:
        added = real(vault, replica, conversations)
        file = session_files(vault.path)[0]
        file.write_bytes(file.read_bytes().replace(b"hello", b"hollo", 1))
        return added

    monkeypatch.setattr(restoring, "fill", fill)
    with pytest.raises(VaultError, match="does not read back"):
        restore(device.vault, device.open("disk"))
    assert files(device.vault.path / "sessions") == before
    assert list((device.vault.path / "staging").iterdir()) == []


def test_another_process_that_has_the_vault_open_follows_the_exchange(device: Device) -> None:
    lose(device, 1)
    with Vault.open(device.vault.path, now=device.time) as other:
        restore(device.vault, device.open("disk"))
        other.add(talk(9))
        assert here(other) == here(device.vault) >= {record.id for record in [*talk(1, day=21), *talk(9)]}


def test_any_single_replica_restores_everything(device: Device, folder: Path) -> None:
    writing.edit(device.vault, FIRST, ITEM, "good morning")
    writing.delete(device.vault, talk(2)[0].rev.conversation)
    device.time.pass_minutes(20)
    device.sync()
    rows = dump(device.vault)
    for name in NAMES:
        with new_vault(folder / f"from-{name}", device="third", now=device.time) as made:
            replica = device.open(name)
            replica.cancel = threading.Event()
            assert restore(made, replica).digest == device.vault.digest()
            assert dump(made) == rows

"""What a pass makes sure of before it writes, seen from outside: wrong, lost, old and shrunken replicas."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dulwich.objects import Commit, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import Moved
from netto_tui.files import seal_json
from netto_tui.replicas import tree
from netto_tui.replicas.base import Batch, Portion, Probe, Replica
from netto_tui.replicas.folder import Folder
from netto_tui.replicas.git import Git
from netto_tui.sync import events, plan
from netto_tui.sync.wanted import wanted
from tests.unit.sync.given import Device, Wrapped, blob_file, files, held, here, session_files, with_blob
from tests.unit.vault.talks import new_vault, talk

NAMES = ("disk", "history")


def fill(device: Device, count: int = 3) -> None:
    """Give a device conversations and bring them everywhere."""
    device.vault.add(record for number in range(count) for record in talk(number))
    assert {report.state for report in device.sync().values()} == {"ok"}


def marker_of(device: Device, name: str) -> str:
    marker = device.open(name).probe().marker
    return marker.replica if marker else ""


def somebodys_files(target: Path) -> None:
    target.mkdir()
    (target / "letter.txt").write_text("Dear aunt,")


def somebodys_repository(target: Path) -> None:
    Repo.init_bare(target, mkdir=True).close()
    work = target.with_name("work")
    with Repo.init(work, mkdir=True) as repository:
        (work / "letter.txt").write_text("Dear aunt,")
        worktree = repository.get_worktree()
        worktree.stage(["letter.txt"])
        sha = worktree.commit(message=b"A letter", author=b"A <a@b>", committer=b"A <a@b>")
        with Repo(str(target)) as bare:
            repository.fetch(bare)
            bare.refs[Ref(b"refs/heads/main")] = sha
    shutil.rmtree(work)


@pytest.mark.parametrize(("name", "occupy"), [("disk", somebodys_files), ("history", somebodys_repository)])
@pytest.mark.parametrize("rebuild", [False, True])
def test_a_place_that_holds_something_else_is_left_alone(
    device: Device, name: str, occupy: Callable[[Path], None], rebuild: bool
) -> None:
    target = device.stores / name
    occupy(target)
    before = files(target)
    device.vault.add(talk(1))
    report = device.run(name, rebuild=rebuild)
    assert (report.state, report.exit_code, report.pushed) == ("wrong-target", 5, 0)
    assert files(target) == before
    assert "config.toml" in report.error


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rebuild", [False, True])
def test_a_replica_of_another_vault_is_left_alone_and_nothing_of_it_is_read(
    device: Device, folder: Path, name: str, rebuild: bool
) -> None:
    fill(device)
    (folder / "other").mkdir()
    other = Device(folder / "other")
    other.vault.close()
    shutil.rmtree(other.vault.path)
    with new_vault(folder / "stranger", now=other.time) as source:
        source.identity = replace(source.identity, vault="v_" + "8" * 32)
        source.add(talk(9))
        other.vault = source
        assert other.run(name).state == "ok"
    target = device.stores / name
    shutil.rmtree(target)
    shutil.move(folder / "other" / name, target)
    before, known = files(target), here(device.vault)
    report = device.run(name, rebuild=rebuild)
    assert (report.state, report.exit_code, report.pulled, report.pushed) == ("wrong-target", 5, 0, 0)
    assert "another vault" in report.error
    assert (files(target), here(device.vault)) == (before, known)


@pytest.mark.parametrize("name", NAMES)
def test_another_replica_of_this_vault_is_read_whole_and_made_equal(
    device: Device, phone: Device, folder: Path, name: str
) -> None:
    fill(device)
    phone.config = replace(
        phone.config, replicas=tuple(replace(r, target=r.target + "-2") for r in phone.config.replicas)
    )
    phone.vault.add(talk(8))
    phone.run(name)
    shutil.rmtree(folder / name)
    shutil.move(folder / f"{name}-2", folder / name)
    report = device.run(name)
    assert device.alerts() == ["exchanged"]
    assert (report.state, report.pulled, report.pushed) == ("ok", 4, 12)
    assert held(device.open(name)) == here(device.vault)
    marker = device.standing(name).marker
    assert marker and marker.replica == marker_of(device, name)


def test_a_damaged_marker_is_written_again_as_it_was(device: Device) -> None:
    fill(device)
    marker = device.stores / "disk" / tree.MARKER
    good = marker.read_bytes()
    marker.write_bytes(good[:-20])
    report = device.run("disk")
    assert (report.state, device.alerts()) == ("ok", ["marker"])
    assert marker.read_bytes() == good
    assert held(device.open("disk")) == here(device.vault)
    assert device.run("disk").pushed == 0
    assert device.alerts() == ["marker"]


def test_a_damaged_marker_of_a_replica_never_seen_here_is_left_alone(device: Device, phone: Device) -> None:
    fill(device)
    marker = device.stores / "disk" / tree.MARKER
    marker.write_bytes(marker.read_bytes()[:-20])
    before = files(device.stores / "disk")
    report = phone.run("disk")
    assert (report.state, here(phone.vault)) == ("wrong-target", set())
    assert files(device.stores / "disk") == before


@pytest.mark.parametrize("name", NAMES)
def test_a_target_that_vanished_is_unreachable_until_a_person_says_rebuild(device: Device, name: str) -> None:
    fill(device)
    target = device.stores / name
    old = marker_of(device, name)
    shutil.rmtree(target)
    report = device.run(name)
    assert (report.state, report.exit_code, report.healed) == ("unreachable", 3, 0)
    assert "--rebuild" in report.error
    assert not target.exists()
    report = device.run(name, rebuild=True)
    assert (report.state, report.healed, device.alerts()) == ("ok", 3, ["lost"])
    assert held(device.open(name)) == here(device.vault)
    assert marker_of(device, name) != old


@pytest.mark.parametrize("name", NAMES)
def test_a_target_that_is_empty_now_is_rebuilt_with_an_alert(device: Device, name: str) -> None:
    fill(device)
    target = device.stores / name
    shutil.rmtree(target)
    target.mkdir()
    report = device.run(name)
    assert (report.state, report.healed, device.alerts()) == ("ok", 3, ["lost"])
    assert held(device.open(name)) == here(device.vault)
    device.told.clear()
    assert device.run(name).healed == 0
    assert device.alerts() == []


@pytest.mark.parametrize("seen", [True, False])
def test_a_replica_of_a_newer_version_is_not_written(device: Device, seen: bool) -> None:
    disk = device.stores / "disk"
    if seen:
        fill(device)
    else:
        (disk / ".netto").mkdir(parents=True)
    marker = {"format": "netto.replica/2", "replica": "r_1", "vault": device.vault.id, "zone": "UTC"}
    (disk / tree.MARKER).write_bytes(seal_json(marker))
    before = files(disk)
    device.vault.add(talk(7))
    for rebuild in (False, True):
        report = device.run("disk", rebuild=rebuild)
        assert (report.exit_code, report.pushed) == (5, 0)
        assert "newer" in report.error
        assert files(disk) == before


def test_a_record_of_a_newer_version_stops_the_pass_before_it_writes(device: Device) -> None:
    fill(device)
    record = talk(1)[1]
    raw = record.raw.replace(b'"netto.revision/1"', b'"netto.revision/2"')
    line = b'{"id":"%s","rev":%s}\n' % (hashlib.sha256(raw).hexdigest().encode(), raw)
    file = next(path for path in session_files(device.stores / "disk") if path.stem == record.rev.conversation)
    file.write_bytes(file.read_bytes() + line)
    day = file.parent
    day.touch()
    device.vault.add(talk(7))
    before = files(device.stores / "disk")
    report = device.run("disk")
    assert (report.state, report.exit_code, report.pushed) == ("newer-format", 5, 0)
    assert files(device.stores / "disk") == before


def shrink(device: Device, count: int) -> None:
    """Take conversations away from the folder, so that it shows."""
    for file in session_files(device.stores / "disk")[:count]:
        file.unlink()


def test_an_implausible_loss_waits_for_a_second_look_ten_minutes_later(device: Device) -> None:
    fill(device, 30)
    shrink(device, 22)
    device.vault.add(talk(50))
    before = files(device.stores / "disk")
    for minutes in (0, 5, 4.9):
        device.time.pass_minutes(minutes)
        report = device.run("disk")
        assert (report.state, report.exit_code, report.pushed) == ("suspect", 5, 0)
        assert "22 of 30" in report.error
        assert "--rebuild" in report.error
        assert files(device.stores / "disk") == before
    device.time.pass_minutes(0.2)
    report = device.run("disk")
    assert (report.state, report.healed) == ("ok", 22)
    assert held(device.open("disk")) == here(device.vault)
    assert len(here(device.vault)) == 31 * 4


def test_an_implausible_loss_is_healed_at_once_on_a_persons_word(device: Device) -> None:
    fill(device, 30)
    shrink(device, 22)
    assert device.run("disk").state == "suspect"
    report = device.run("disk", rebuild=True)
    assert (report.state, report.healed) == ("ok", 22)
    assert held(device.open("disk")) == here(device.vault)


def test_a_loss_that_came_back_is_forgotten(device: Device) -> None:
    fill(device, 30)
    kept = files(device.stores / "disk")
    shrink(device, 22)
    assert device.run("disk").state == "suspect"
    for path, data in kept.items():
        (device.stores / "disk" / path).write_bytes(data)
    assert device.run("disk").state == "ok"
    shrink(device, 22)
    device.time.pass_minutes(11)
    assert device.run("disk").state == "suspect"


def test_a_small_loss_is_healed_without_asking(device: Device) -> None:
    fill(device, 30)
    shrink(device, 19)
    report = device.run("disk")
    assert (report.state, report.healed) == ("ok", 19)
    assert held(device.open("disk")) == here(device.vault)


@given(bad=st.integers(0, 2000), known=st.integers(0, 5000))
def test_implausible_is_more_than_a_tenth_and_at_least_twenty(bad: int, known: int) -> None:
    assert plan.is_plausible(bad, known) == (bad < 20 or bad * 10 <= known)


class Probing(Wrapped):
    """A replica that reports another clock or less room."""

    def __init__(self, real: Replica, **changed: Any) -> None:
        super().__init__(real)
        self.changed = changed

    def probe(self) -> Probe:
        return replace(self.real.probe(), **self.changed)


@pytest.mark.parametrize(("minutes", "told"), [(3, ["clock"]), (-3, ["clock"]), (1, [])])
def test_a_clock_that_differs_is_told_and_stops_nothing(device: Device, minutes: int, told: list[str]) -> None:
    device.wraps["disk"] = lambda real: Probing(real, clock_ms=device.time() + minutes * 60_000)
    device.vault.add(talk(1))
    report = device.run("disk")
    assert (report.state, report.pushed, device.alerts()) == ("ok", 4, told)


def test_where_little_room_is_left_nothing_is_written_but_all_is_read(device: Device, phone: Device) -> None:
    fill(device)
    phone.vault.add(talk(8))
    phone.run("disk")
    device.vault.add(talk(9))
    before = files(device.stores / "disk")
    device.wraps["disk"] = lambda real: Probing(real, free_bytes=plan.FREE_BYTES - 1)
    report = device.run("disk")
    assert (report.state, report.exit_code, report.pulled) == ("refused", 5, 4)
    assert files(device.stores / "disk") == before
    assert {record.id for record in talk(8)} <= here(device.vault)
    device.wraps.clear()
    assert device.run("disk").state == "ok"
    assert held(device.open("disk")) == here(device.vault)


def test_little_room_does_not_matter_while_nothing_is_due(device: Device) -> None:
    fill(device)
    device.wraps["disk"] = lambda real: Probing(real, free_bytes=0)
    assert device.run("disk").state == "ok"


class Raced(Wrapped):
    """Another device writes between the reading and the writing, for as often as there is something."""

    def __init__(self, real: Replica, moves: list[Callable[[], object]]) -> None:
        super().__init__(real)
        self.moves = moves

    def add(self, batch: Batch, expected: str) -> str:
        if self.moves:
            self.moves.pop(0)()
        return self.real.add(batch, expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("times", [1, 3])
def test_devices_that_write_at_the_same_time_settle(device: Device, phone: Device, name: str, times: int) -> None:
    fill(device)

    def write(number: int) -> Callable[[], object]:
        return lambda: (phone.vault.add(talk(number)), phone.run(name))

    device.wraps[name] = lambda real: Raced(real, [write(20 + n) for n in range(times)])
    device.vault.add(talk(9))
    report = device.run(name)
    assert (report.state, report.pulled) == ("ok", 4 * times)
    everything = here(device.vault)
    assert everything >= {record.id for n in range(times) for record in talk(20 + n)}
    assert held(device.open(name)) == everything
    assert device.standing(name).root == device.vault.digest()


def test_a_device_that_always_loses_the_race_gives_up_for_now(device: Device) -> None:
    def lose() -> None:
        raise Moved("Another device was first.")

    moves: list[Callable[[], object]] = [lose] * 100
    device.wraps["disk"] = lambda real: Raced(real, moves)
    device.vault.add(talk(1))
    report = device.run("disk")
    assert (report.state, report.exit_code, len(moves)) == ("behind", 3, 95)
    assert device.ledger("disk").held() == []
    device.wraps.clear()
    assert device.run("disk").state == "ok"


class Stopped(Wrapped):
    """Somebody asks to stop while a batch is being written."""

    def __init__(self, real: Replica, cancel: threading.Event, after: int) -> None:
        super().__init__(real)
        self.cancel_event = cancel
        self.left = after

    def add(self, batch: Batch, expected: str) -> str:
        cursor = self.real.add(batch, expected)
        self.left -= 1
        if not self.left:
            self.cancel_event.set()
        return cursor


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("after", [1, 2])
def test_a_pass_that_is_stopped_between_batches_is_gone_on_with(
    device: Device, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    for kind in (Folder, Git):
        monkeypatch.setattr(kind, "portion", Portion(conversations=2))
    device.vault.add(record for number in range(7) for record in talk(number))
    device.wraps[name] = lambda real: Stopped(real, device.cancel, after)
    report = device.run(name)
    assert (report.state, report.exit_code) == ("behind", 1)
    assert device.standing(name).failures == 0
    device.cancel.clear()
    device.wraps.clear()
    there = held(device.open(name))
    assert len(there) == 2 * after * 4
    for conversation in device.ledger(name).held():
        assert {record.id for record in device.vault.records(conversation)} <= there
    report = device.run(name)
    assert report.state == "ok"
    assert held(device.open(name)) == here(device.vault)
    assert [event for event in device.told if isinstance(event, events.Alerted)] == []


@pytest.mark.parametrize("loss", ["line", "blob"])
def test_a_repository_is_not_begun_anew_from_a_vault_that_rotted_itself(device: Device, loss: str) -> None:
    records, blobs = with_blob(1, b"picture" * 900)
    device.vault.add([*talk(1), *records], blobs)
    device.sync()
    if loss == "line":
        (file,) = [path for path in session_files(device.vault.path) if path.stem == talk(1)[0].rev.conversation]
        file.write_bytes(file.read_bytes().replace(b"hello 1.1", b"jello 1.1"))
    else:
        blob_file(device.vault.path, next(iter(blobs))).write_bytes(b"pictures" * 900)
    with Repo(str(device.stores / "history")) as repository:
        tip = repository.refs[Ref(b"refs/heads/main")].decode()
    commit = device.stores / "history" / "objects" / tip[:2] / tip[2:]
    commit.chmod(0o600)
    commit.write_bytes(b"")
    assert device.run("history").state == "damaged"
    assert not list(device.stores.glob("history.damaged-*"))
    assert len(wanted(device.vault)) == 1
    device.sync()  # the folder has what is lost
    assert device.sync("history", rebuild=True)["history"].state == "ok"  # on a person's word
    assert held(device.open("history")) == here(device.vault) == {record.id for record in [*talk(1), *records]}
    assert device.open("history").read_blob(next(iter(blobs))) == b"picture" * 900


@pytest.mark.parametrize("name", ["disk", "history"])
def test_a_replica_whose_identity_alone_was_removed_gets_it_back_on_a_persons_word(device: Device, name: str) -> None:
    device.vault.add([*talk(1), *talk(2)])
    device.sync()
    if name == "disk":
        (device.stores / "disk" / tree.MARKER).unlink()
    else:
        with Repo(str(device.stores / "history")) as repository:
            main = Ref(b"refs/heads/main")
            last = repository[repository.refs[main]]
            assert isinstance(last, Commit)
            root = repository[last.tree]
            assert isinstance(root, Tree)
            del root[tree.MARKER.split("/")[0].encode()]
            repository.object_store.add_object(root)
            commit = last.copy()
            assert isinstance(commit, Commit)
            commit.tree, commit.parents = root.id, [last.id]
            repository.object_store.add_object(commit)
            repository.refs[main] = commit.id
    device.vault.add(talk(3))
    assert device.run(name).state == "wrong-target"
    assert device.sync(name, rebuild=True)[name].state == "ok"
    assert held(device.open(name)) == here(device.vault)
    assert not list(device.stores.glob("*.damaged-*"))

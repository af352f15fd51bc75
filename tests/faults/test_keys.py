"""Keys change, are lost, are away or are tampered with, on two devices that share three kinds of sealed replicas."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from netto_tui.cli.key_holding import spread
from netto_tui.errors import Denied, Locked, Refused, UsageError
from netto_tui.recovery.verify import verify
from netto_tui.replicas import tree
from netto_tui.security import custody, recovery_code, rotation, slots
from netto_tui.security.keyset import KeySet
from netto_tui.security.secret import Secret
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.vault import writing
from tests.contract import firestore_places
from tests.faults.stores import VAULT, Place, build, code, device, opened, target
from tests.servers import quick_slots
from tests.unit.vault.talks import new_vault, scratch, talk

USER = firestore_places.USER
WORDS = Secret("correct horse battery staple seven")
NEW_WORDS = Secret("a quite different passphrase than before")
KINDS = ("folder", "git", "firestore")
"""A directory, a repository and documents: each keeps its slots in another way."""


@contextmanager
def phone(folder: Path) -> Iterator[Place]:
    """A second device with a key of its own; nothing of the first one's is in memory."""
    quick_slots.forget()
    with opened(folder, KINDS, "phone", key="phone.key") as place:
        yield place
    quick_slots.forget()


@pytest.fixture
def stores() -> Iterator[Path]:
    """A vault and its sealed replicas, all equal."""
    with scratch() as folder:
        build(folder, KINDS, sealed=True)
        yield folder


@pytest.fixture
def two(stores: Path) -> Path:
    """The same, and a phone that has everything as well."""
    with device(stores, "phone.key"):
        new_vault(stores / "phone", device="phone").close()
    with phone(stores) as place:
        custody.enroll(place.vault.path, VAULT, place.replicas[0].slots(), code(stores))
        assert errors(place) == [""] * 3
    return stores


def errors(place: Place, rebuild: Sequence[str] = ()) -> list[str]:
    return [report.error for report in place.sync(rebuild=rebuild)]


def keys_of(place: Place) -> KeySet:
    return custody.load(place.vault.path, VAULT)


def put(place: Place) -> rotation.Put:
    """Puts slots on the replicas, as the command line does."""
    return partial(spread, Engine(place.vault, place.told.append), place.replicas)


def alarms(place: Place) -> list[tuple[str, str]]:
    """What a person was told, by replica and code; but for the server's clock, which is not that of the tests."""
    told = (each for each in place.told if isinstance(each, events.Alerted))
    return [(each.replica, each.code) for each in told if each.code != "clock"]


def is_everywhere(place: Place, *records: str) -> bool:
    """Whether every place has the same, and these among it."""
    one, *others = place.everywhere()
    return all(other == one for other in others) and set(records) <= one.keys()


# Keys that change


def test_a_device_that_was_away_during_a_rotation_takes_over_the_new_key_and_reads_what_it_sealed(two: Path) -> None:
    with opened(two, KINDS) as place:
        rotation.rotate(place.vault.path, VAULT, put(place))
        said = writing.log(place.vault, None, "user", "Sealed with the second key.")
        assert errors(place) == [""] * 3
    with phone(two) as place:
        assert keys_of(place).current == 1
        assert errors(place) == [""] * 3
        assert keys_of(place).current == 2
        assert is_everywhere(place, said.id)
        answer = writing.log(place.vault, None, "user", "And so is this.")
        assert errors(place) == [""] * 3
    with opened(two, KINDS) as place:
        assert errors(place) == [""] * 3
        assert is_everywhere(place, said.id, answer.id)
        assert verify(place.vault, place.replicas, deep=True).ok
        assert alarms(place) == []


def test_a_device_whose_sync_is_under_way_while_the_keys_rotate_takes_them_over(two: Path) -> None:
    with ExitStack() as stack:
        laptop = stack.enter_context(opened(two, KINDS))
        writing.log(laptop.vault, None, "user", "Before.")
        assert errors(laptop) == [""] * 3
        other = stack.enter_context(phone(two))
        assert errors(other) == [""] * 3
        with device(two):
            quick_slots.forget()
            rotation.rotate(laptop.vault.path, VAULT, put(laptop))
            said = writing.log(laptop.vault, None, "user", "After.")
            assert errors(laptop) == [""] * 3
        quick_slots.forget()
        assert errors(other) == [""] * 3
        assert is_everywhere(other, said.id)


def test_a_new_code_locks_the_other_device_until_it_is_entered_there(two: Path) -> None:
    new = recovery_code.new_code()
    with opened(two, KINDS) as place:
        rotation.rotate(place.vault.path, VAULT, put(place), code=new)
        said = writing.log(place.vault, None, "user", "Under the new code.")
        assert errors(place) == [""] * 3
    with phone(two) as place:
        reports = place.sync()
        assert [report.state for report in reports] == ["locked"] * 3
        assert all("keys unlock" in report.error for report in reports)
        with pytest.raises(Denied):
            custody.enroll(place.vault.path, VAULT, place.replicas[0].slots(), code(two))
        mine = writing.log(place.vault, None, "user", "Said while it was locked.")
        custody.enroll(place.vault.path, VAULT, place.replicas[0].slots(), new.text)
        assert errors(place) == [""] * 3
        assert is_everywhere(place, said.id, mine.id)


def test_a_passphrase_lies_on_every_replica_and_opens_until_it_is_replaced(two: Path) -> None:
    with opened(two, KINDS) as place:
        first = rotation.add_passphrase(place.vault.path, VAULT, WORDS, put(place))
        for each in place.replicas:
            assert slots.unseal(each.slots()[first], WORDS) == keys_of(place)
        second = rotation.add_passphrase(place.vault.path, VAULT, NEW_WORDS, put(place), replaces=first)
        for each in place.replicas:
            assert (each.slots()[first], slots.unseal(each.slots()[second], NEW_WORDS)) == (b"", keys_of(place))
    with phone(two) as place:
        assert errors(place) == [""] * 3
        assert custody.slots(place.vault.path)[second]
    with opened(two, KINDS) as place:
        assert errors(place) == [""] * 3
        for each in place.replicas:  # the other device did not bring the old one back
            assert each.slots() == custody.slots(place.vault.path)
        assert alarms(place) == []


@pytest.mark.parametrize("way", ["code", "passphrase"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_device_joins_from_any_replica(kind: str, way: str, stores: Path) -> None:
    typed = code(stores)
    if way == "passphrase":
        with opened(stores, KINDS) as place:
            rotation.add_passphrase(place.vault.path, VAULT, WORDS, put(place))
        typed = WORDS
    with device(stores, "phone.key"):
        new_vault(stores / "phone", device="phone").close()
    quick_slots.forget()
    with opened(stores, [kind], "phone", key="phone.key") as place:
        assert place.sync()[0].state == "locked"
        there = place.replicas[0].slots()
        with pytest.raises((Denied, UsageError)):
            custody.enroll(place.vault.path, VAULT, there, recovery_code.new_code().text)
        assert not (place.vault.path / ".netto" / "keys").exists()
        custody.enroll(place.vault.path, VAULT, there, typed)
        assert errors(place) == [""]
        assert len(place.everywhere()[0]) == 21
        assert is_everywhere(place)


# Keys that are not at hand


def test_a_device_that_lost_its_key_keeps_what_is_said_and_uploads_it_after_the_code(stores: Path) -> None:
    (stores / "device.key").unlink()
    quick_slots.forget()
    with opened(stores, KINDS) as place:
        said = writing.log(place.vault, None, "user", "Nothing is lost.")
        place.vault.add(talk(9))
        before = [everything(stores, kind) for kind in KINDS]
        reports = place.sync()
        assert [(report.state, report.exit_code) for report in reports] == [("locked", Locked.exit_code)] * 3
        assert all("keys unlock" in report.error for report in reports)
        assert [everything(stores, kind) for kind in KINDS] == before
        custody.enroll(place.vault.path, VAULT, custody.slots(place.vault.path), code(stores))
        assert errors(place) == [""] * 3
        assert is_everywhere(place, said.id, *(record.id for record in talk(9)))


def test_nothing_is_written_to_a_new_replica_before_the_keys_are_there() -> None:
    with scratch() as folder:
        build(folder, ["git"], sealed=True)
        (folder / "device.key").unlink()
        quick_slots.forget()
        with opened(folder) as place:
            reports = place.sync()
            assert [report.state for report in reports] == ["locked", "locked"]
            assert not (folder / "folder").exists()
            custody.enroll(place.vault.path, VAULT, place.replicas[1].slots(), code(folder))
            assert errors(place) == ["", ""]
            assert is_everywhere(place)


def project_of(folder: Path) -> str:
    return target(folder, "firestore")[0].partition("/")[0]


def everything(folder: Path, kind: str) -> object:
    """All that lies on a replica."""
    if kind == "firestore":
        project, server = project_of(folder), firestore_places.server()
        return {path: server.get(project, path) for path in server.paths(project, USER)}
    return {path.relative_to(folder): path.read_bytes() for path in (folder / kind).rglob("*") if path.is_file()}


# Slots that somebody changed


def commit(folder: Path, path: str, data: bytes | None) -> None:
    """Somebody without the keys pushes a file to main of the Git replica, or takes it away."""
    clone = folder / "clone"

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=mallory", "-c", "user.email=mallory")
        subprocess.run(["git", "-C", str(clone), *who, *arguments], check=True, capture_output=True)

    clone.mkdir()
    git("clone", "-q", "-b", "main", str(folder / "git"), ".")
    (clone / path).parent.mkdir(parents=True, exist_ok=True)
    (clone / path).unlink() if data is None else (clone / path).write_bytes(data)
    git("add", "-A")
    git("commit", "-qm", "Nothing to see")
    git("push", "-q")
    shutil.rmtree(clone)


def replace_slot(folder: Path, kind: str, data: bytes | None) -> None:
    """Put something in the place of the recovery slot on a replica, or take it away, as somebody without the keys."""
    path = tree.SLOT_PATHS[slots.RECOVERY]
    if kind == "folder":
        (folder / kind / path).unlink() if data is None else (folder / kind / path).write_bytes(data)
    elif kind == "git":
        commit(folder, path, data)
    else:
        project, server = project_of(folder), firestore_places.server()
        user = dict(server.get(project, USER) or {})
        there = {} if data is None else {slots.RECOVERY: data}
        server.set(project, USER, {**user, "slots": there, "sequence": user["sequence"] + 1})


HOSTILE = quick_slots.encrypt(b"{}", "x").replace(b" 4\n", b" 30\n", 1)
"""A slot that would keep a machine busy for a day."""


@pytest.mark.parametrize("data", [None, b"junk", HOSTILE], ids=["gone", "junk", "hostile"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_slot_that_somebody_took_away_or_spoilt_is_named_and_put_back(
    kind: str, data: bytes | None, stores: Path
) -> None:
    replace_slot(stores, kind, data)
    with opened(stores, KINDS) as place:
        verdict = verify(place.vault, place.replicas)
        assert [store.name for store in verdict.stores if not store.ok] == [kind]
        said = writing.log(place.vault, None, "user", "It goes on.")
        assert errors(place) == [""] * 3
        for each in place.replicas:
            assert each.slots() == custody.slots(place.vault.path)
        assert is_everywhere(place, said.id)
        assert {replica for replica, _ in alarms(place)} <= {kind}
        assert verify(place.vault, place.replicas, deep=True).ok


@pytest.mark.parametrize("kind", ["git", "firestore"])
def test_a_spoilt_slot_is_seen_by_the_next_pass_alone(kind: str, stores: Path) -> None:
    replace_slot(stores, kind, b"junk")
    with opened(stores, KINDS) as place:
        assert errors(place) == [""] * 3
        assert (kind, "slots") in alarms(place)
        for each in place.replicas:
            assert each.slots() == custody.slots(place.vault.path)


def test_nobody_is_let_into_work_that_has_no_end(stores: Path) -> None:
    replace_slot(stores, "folder", HOSTILE)
    with device(stores, "phone.key"):
        new_vault(stores / "phone", device="phone").close()
    quick_slots.forget()
    with opened(stores, ["folder"], "phone", key="phone.key") as place, pytest.raises(Refused, match=r"2\^30"):
        custody.enroll(place.vault.path, VAULT, place.replicas[0].slots(), code(stores))


@pytest.mark.parametrize("kind", KINDS)
def test_a_slot_of_somebody_elses_code_stops_that_replica_alone_until_a_person_decides(kind: str, stores: Path) -> None:
    with opened(stores, KINDS) as place:
        stranger = quick_slots.seal(keys_of(place), recovery_code.new_code())
    replace_slot(stores, kind, stranger)
    with opened(stores, KINDS) as place:
        verify(place.vault, place.replicas)
        said = writing.log(place.vault, None, "user", "It goes on elsewhere.")
        reports = {report.name: report for report in place.sync()}
        assert {name: report.state for name, report in reports.items()} == {
            each: "locked" if each == kind else "ok" for each in KINDS
        }
        assert "keys unlock" in reports[kind].error and f"sync {kind} --rebuild" in reports[kind].error
        assert errors(place, rebuild=[kind]) == [""] * 3
        for each in place.replicas:
            assert each.slots() == custody.slots(place.vault.path)
        assert is_everywhere(place, said.id)


# An identity that says something else


@pytest.mark.parametrize(
    ("keys", "state", "remedy"), [("", "wrong-target", "plain = true"), ("0" * 16, "denied", "unlock")]
)
def test_an_identity_with_other_keys_or_none_stops_that_replica_alone(
    keys: str, state: str, remedy: str, stores: Path
) -> None:
    marker = stores / "folder" / tree.MARKER
    ours = marker.read_bytes()
    marker.write_bytes(tree.render_marker(replace(tree.read_marker(ours), keys=keys)))
    with opened(stores, KINDS) as place:
        said = writing.log(place.vault, None, "user", "Not there.")
        before = everything(stores, "folder")
        reports = place.sync()
        assert [report.state for report in reports] == [state, "ok", "ok"]
        assert remedy in reports[0].error
        assert everything(stores, "folder") == before
        marker.write_bytes(ours)
        assert errors(place) == [""] * 3
        assert is_everywhere(place, said.id)


# Plain content among what is sealed


FORGED = talk(77, text="planted")


def plant(folder: Path, kind: str) -> None:
    """Put a record there as it is, well formed, where a sealed one of ours was."""
    line = FORGED[1].line + b"\n"
    if kind == "firestore":
        project, server = project_of(folder), firestore_places.server()
        path = next(path for path in server.paths(project, USER) if "/messages/" in path)
        server.set(project, path, {**(server.get(project, path) or {}), "record": line.decode().strip()})
        header = path.partition("/messages/")[0]
        server.set(project, header, {**(server.get(project, header) or {}), "updated_at": datetime.now(UTC)})
        return
    clean = sorted((folder / "folder" / "sessions").rglob("*.jsonl"))[0]  # the same path on both
    path = clean.relative_to(folder / "folder").as_posix()
    (folder / kind / path).write_bytes(line) if kind == "folder" else commit(folder, path, clean.read_bytes() + line)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_content_on_a_sealed_replica_is_an_alarm_and_never_taken_in(kind: str, stores: Path) -> None:
    plant(stores, kind)
    with opened(stores, KINDS) as place:
        digest = place.vault.digest()
        verdict = verify(place.vault, place.replicas)
        assert [store.name for store in verdict.stores if not store.ok] == [kind]
        assert errors(place) == [""] * 3
        assert place.vault.digest() == digest
        assert (kind, "plaintext") in alarms(place)
        assert is_everywhere(place)
        assert FORGED[1].id not in place.everywhere()[0]
        assert verify(place.vault, place.replicas, deep=True).ok
        place.told.clear()
        assert errors(place) == [""] * 3
        assert alarms(place) == []

"""Converting a replica: stopped anywhere and begun again, nothing is lost, exposed or taken for what it is not."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from typing import Any

import pytest

from netto_tui.config import Options
from netto_tui.errors import Denied, NettoError, Refused
from netto_tui.recovery.verify import verify
from netto_tui.replicas.base import Marker
from netto_tui.replicas.folder import Folder
from netto_tui.replicas.forms import Form, becoming, underway
from netto_tui.security import custody
from netto_tui.security.envelope import SCREENED
from netto_tui.vault import writing
from netto_tui.vault.identity import load_identity
from tests.contract import firestore_places, github_places
from tests.faults import converting
from tests.faults.converting import (
    OTHER,
    SIGNS_OF_SEALS,
    Device,
    Killed,
    exposed,
    have_keys,
    killed_at,
    running,
    words_of,
)
from tests.faults.stores import CLOUDS, DISKS, build
from tests.servers import quick_slots
from tests.unit.vault.talks import new_vault, scratch, seeds, some, talk, time_of

KINDS = (*DISKS, *CLOUDS)
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

FORMS: tuple[Form, ...] = ("sealed", "plain")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    """The form that a replica is brought into."""
    found: Form = request.param
    return found


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder() -> Iterator[Path]:
    quick_slots.forget()
    github_places.server().change("rate", limit=10**9, remaining=10**9)
    with scratch() as found:
        yield found
    quick_slots.forget()


def begin(folder: Path, kind: str, form: Form, conversations: int = 3) -> None:
    """A store that is to be brought into a form, and the keys for it."""
    build(folder, [kind], conversations=conversations, sealed=form == "plain")
    with running(folder, kind) as device:
        have_keys(device)


def check_converted(folder: Path, kind: str, form: Form, device: Device) -> None:
    """All of it is there in the form and equal, nothing else is, and everybody is told so."""
    report = device.sync(form)
    assert (report.state, report.error, report.pushed) == ("ok", "", 0)
    assert device.there(form) == device.records().keys()
    assert device.there(OTHER[form]) == set()
    verdict = verify(device.vault, [device.at(form)], deep=True)
    assert verdict.ok, verdict
    marker = device.at(form).probe().marker
    assert marker is not None
    keys = custody.load(device.vault.path, device.vault.id)
    assert marker.keys == (keys.fingerprint if form == "sealed" else "")
    assert [fault for fault in device.at(form).check() if not fault.foreign] == []
    found = exposed(folder, kind)
    if form == "sealed":
        assert [word for word in words_of(device.records()) if word in found] == []
    else:
        assert [sign for sign in SIGNS_OF_SEALS if sign in found] == []
    assert set(device.alarms()) == set()
    assert (device.sync(OTHER[form]).state) == ("wrong-target")


def test_everything_is_there_in_the_new_form_and_nothing_in_the_old(folder: Path, kind: str, form: Form) -> None:
    begin(folder, kind, form)
    with running(folder, kind) as device:
        if form == "sealed":
            assert all(name.encode() in exposed(folder, kind) for name in device.records())
        done = device.conversion(form).run()
        assert done.conversations == len({record.rev.conversation for record in device.records().values()})
        assert done.deleted > done.conversations
        check_converted(folder, kind, form, device)
        device.sync(form)
        again = device.conversion(form).run()
        assert (again.deleted, again.taken_in) == (0, 0)


def test_there_and_back_alarms_nobody_who_did_it(folder: Path, kind: str) -> None:
    begin(folder, kind, "plain")
    with running(folder, kind) as device:
        for form in ("plain", "sealed", "plain", "sealed"):
            device.conversion(form).run()
            writing.log(device.vault, None, "user", f"Said while it was {form}.")
            assert device.sync(form).state == "ok"
        check_converted(folder, kind, "sealed", device)


@pytest.mark.parametrize("kind", CLOUDS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_cut_off_at_any_call_it_goes_on(folder: Path, kind: str, form: Form, after: bool) -> None:
    begin(folder, kind, form)
    with running(folder, kind) as device:
        wanted = device.records().keys()
    for stop in some(range(1, 200), 4):
        with running(folder, kind) as device, killed_at(stop, kind, after=after), suppress(Killed):
            device.conversion(form).run()
            break
        with running(folder, kind) as device:
            assert device.there("plain") | device.there("sealed") >= wanted
            marker = device.plain.probe().marker
            assert marker is not None
            is_old = not becoming(marker) and bool(marker.keys) == (form == "plain")
            other = device.sync(OTHER[form])
            assert other.state == ("refused" if becoming(marker) else "ok" if is_old else "wrong-target"), other
    else:
        pytest.fail("It gets nowhere.")
    with running(folder, kind) as device:
        assert device.records().keys() == wanted
        check_converted(folder, kind, form, device)


@lru_cache
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.converting"])
    return context


def strike(folder: Path, kind: str, form: Form, stop: int, seed: int) -> int:
    """Convert in another process that is killed at a step; the number of steps where it was not, else 0."""
    reading, end = os.pipe()
    process = processes().Process(target=start, args=(folder, kind, form, stop, seed, os.getpid(), end))
    process.start()
    process.join()
    os.close(end)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    for lock in (folder / "git" / "refs").rglob("*.lock"):
        os.utime(lock, (0, 0))  # a while later: a fresh one may belong to somebody
    return int(said) if process.exitcode == 0 else 0


def start(folder: Path, kind: str, form: Form, stop: int, seed: int, parent: int, pipe: int) -> None:
    converting.work(folder, kind, form, stop, seed, os.open(f"/proc/{parent}/fd/{pipe}", os.O_WRONLY))


@pytest.mark.parametrize("kind", DISKS)
def test_killed_at_any_step_it_goes_on(folder: Path, kind: str, form: Form) -> None:
    place, template = folder / "work", folder / "template"
    place.mkdir()
    begin(place, kind, form)
    shutil.copytree(place, template, symlinks=True)
    with running(place, kind) as device:
        wanted = device.records().keys()
    steps = strike(place, kind, form, 0, 0)
    assert steps > 100
    for seed in seeds(3, 300):
        random = Random(f"{kind} {form} {seed}")
        shutil.rmtree(place)
        shutil.copytree(template, place, symlinks=True)
        stop = random.randrange(1, steps + 1)
        strike(place, kind, form, stop, seed)
        strike(place, kind, form, random.randrange(1, steps), seed)  # and once more on the way
        with running(place, kind) as device:
            assert device.there("plain") | device.there("sealed") >= wanted, (seed, stop)
            device.conversion(form).run()
            assert device.records().keys() == wanted
            check_converted(place, kind, form, device)


def new_phone(folder: Path, kind: str, form: Form) -> None:
    """Another device, with the same keys and everything that is there, for which the replica is in a form."""
    with running(folder, kind) as laptop:
        vault = laptop.vault
        new_vault(folder / "phone", device="phone").close()
        assert vault.id == load_identity(folder / "phone").vault
        shutil.copytree(custody.folder(vault.path), custody.folder(folder / "phone"))
    with running(folder, kind, "phone") as phone:
        assert phone.sync(form).error == ""


def test_what_a_device_wrote_before_it_was_kept_out_is_taken_in(
    folder: Path, kind: str, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(folder, kind, form)
    new_phone(folder, kind, OTHER[form])
    with running(folder, kind) as laptop, running(folder, kind, "phone") as phone:
        said = writing.log(phone.vault, None, "user", "Said at the last moment.")
        conversion = laptop.conversion(form)
        mark = conversion._mark

        def late(*arguments: Any) -> None:
            monkeypatch.setattr(conversion, "_mark", mark)
            assert phone.sync(OTHER[form]).state == "ok"
            mark(*arguments)

        monkeypatch.setattr(conversion, "_mark", late)
        done = conversion.run()
        assert done.taken_in > 0
        assert said.id in laptop.records()
        check_converted(folder, kind, form, laptop)


def test_a_device_that_was_about_to_write_is_refused_and_loses_nothing(
    folder: Path, kind: str, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(folder, kind, form)
    new_phone(folder, kind, OTHER[form])
    with running(folder, kind) as laptop, running(folder, kind, "phone") as phone:
        first = writing.log(phone.vault, None, "user", "Said before.")
        assert phone.sync(OTHER[form]).state == "ok"
        said = writing.log(phone.vault, first.rev.conversation, "user", "Said by one who was slow.")
        replica = phone.at(OTHER[form])
        add, conversion = replica.add, laptop.conversion(form)

        def slow(*arguments: Any) -> str:
            monkeypatch.setattr(replica, "add", add)
            conversion._begin()
            return add(*arguments)

        monkeypatch.setattr(replica, "add", slow)
        refused = phone.sync(OTHER[form])
        assert (refused.state, refused.exit_code) == ("refused", 5)
        assert "is being made" in refused.error
        assert said.id not in laptop.there(OTHER[form])
        assert phone.sync(form).state == "refused"
        conversion.run()
        check_converted(folder, kind, form, laptop)
        assert phone.sync(OTHER[form]).state == "wrong-target"
        assert phone.sync(form).state == "ok"
        for device in (phone, laptop):
            time_of(device.vault).pass_minutes(2000)  # so that all of it is settled
            assert device.sync(form).state == "ok"
        assert said.id in laptop.records()
        assert phone.alarms().count("plaintext") == 0
        check_converted(folder, kind, form, laptop)


def test_nothing_plain_is_taken_in_where_the_replica_has_to_be_sealed(folder: Path) -> None:
    begin(folder, "folder", "plain")
    with running(folder, "folder") as device:
        marker = folder / "folder" / ".netto" / "vault.json"
        before = marker.read_bytes()
        forged = talk(77)
        assert isinstance(device.plain, Folder)
        device.plain.mark(_as(device, "sealed"), None)
        path = folder / "folder" / "sessions" / "2026" / "11" / "23" / f"{forged[0].rev.conversation}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(record.line + b"\n" for record in forged))
        assert device.sync("sealed").state == "refused"
        with pytest.raises(Refused, match="not here"):
            device.conversion("sealed", trusted=False).run()
        assert forged[0].id not in device.records()
        assert path.exists()
        assert before != marker.read_bytes()


def _as(device: Device, form: Form) -> Marker:
    marker = device.sealed.probe().marker
    assert marker is not None
    return underway(marker, custody.load(device.vault.path, device.vault.id).fingerprint, form)


def test_halfway_it_can_be_turned_back(folder: Path, kind: str, form: Form) -> None:
    begin(folder, kind, form)
    with running(folder, kind) as device:
        conversion = device.conversion(form)
        conversion._begin()
        conversion._write()
        device.conversion(OTHER[form]).run()
        check_converted(folder, kind, OTHER[form], device)


def test_other_keys_are_refused_before_anything_is_changed(folder: Path, kind: str) -> None:
    begin(folder, kind, "plain")
    before = exposed(folder, kind)
    with running(folder, kind) as device:
        custody.folder(device.vault.path).rename(folder / "keys")
        have_keys(device)
        with pytest.raises(NettoError) as refused:
            device.conversion("plain").run()
        assert isinstance(refused.value, Denied)
    assert exposed(folder, kind) == before


def test_what_holds_a_credential_keeps_the_replica_sealed(folder: Path, kind: str) -> None:
    begin(folder, kind, "plain")
    with running(folder, kind, plain=SCREENED) as device:
        said = writing.log(device.vault, None, "user", f"The key is {TOKEN}")
        assert device.sync("sealed").state == "ok"
        with pytest.raises(Refused, match="credential"):
            device.conversion("plain").run()
        assert said.id in device.there("sealed")
        assert TOKEN.encode() not in exposed(folder, kind)
        device.conversion("sealed", trusted=False).run()
        assert device.sync("sealed").state == "ok"
        assert device.there("sealed") == device.records().keys()
        assert device.there("plain") == set()


def test_a_day_of_firestore_that_is_used_up_is_waited_for(folder: Path, form: Form) -> None:
    begin(folder, "firestore", form)
    limits = Options(daily_reads=0, daily_writes=30)
    for day in range(20):
        with running(folder, "firestore", options=limits) as device:
            time_of(device.vault).pass_minutes(day * 24 * 60)
            try:
                device.conversion(form).run()
            except NettoError as error:
                assert "used up" in str(error), error
                assert device.there("plain") | device.there("sealed") == device.records().keys()
                continue
        break
    assert day > 1
    with running(folder, "firestore") as device:
        check_converted(folder, "firestore", form, device)


@pytest.mark.parametrize("kind", CLOUDS)
def test_what_it_costs_grows_with_what_is_there_and_no_faster(kind: str, form: Form) -> None:
    costs = []
    for conversations in (10, 40):
        quick_slots.forget()
        with scratch() as folder:
            begin(folder, kind, form, conversations)
            with running(folder, kind) as device:
                server = firestore_places.server()
                github_places.server().clear_log()
                server.clear_log()
                device.conversion(form).run()
                hub = len(github_places.server().log())
                costs.append(hub if kind == "github" else server.reads + server.writes)
    few, many = costs
    each = 1 + len(talk(0))  # documents of a conversation
    assert many - few <= (12 if kind == "github" else 30 * each * 8), costs

"""What is particular to a repository at GitHub: what it costs, what people do to it, its history, and its copy."""

from __future__ import annotations

import base64
import io
import itertools
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import shake_256
from pathlib import Path
from unittest.mock import patch

import pytest
import stamina
from dulwich.objects import ObjectID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.errors import NettoError
from netto_tui.model.clock import to_ms
from netto_tui.recovery.snapshots import snapshots
from netto_tui.replicas import github_client, github_objects
from netto_tui.replicas.git_objects import Objects
from netto_tui.replicas.github import GitHub
from netto_tui.replicas.github_client import Hub
from netto_tui.replicas.github_notes import Notes
from netto_tui.replicas.github_objects import HubObjects
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.vault import writing
from tests.contract.stores import ENVELOPES
from tests.faults.github_given import Device, World
from tests.unit.vault.talks import NIGHTLY, scratch, talk

plain_and_sealed = pytest.mark.parametrize("world", ["plain", "sealed"], indirect=True)

BIG = 1000
"""How many conversations lie in the larger of two repositories that are compared."""

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody has to be spared here."""
    monkeypatch.setattr(github_client, "BURST", 10_000)
    monkeypatch.setattr(github_client, "FIRST_PAUSE_SECONDS", 0.001)
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A repository of plain records, or of sealed ones where a test asks for that."""
    with scratch() as folder:
        made = World(folder, envelope=ENVELOPES[getattr(request, "param", "plain")])
        monkeypatch.setenv("NETTO_GITHUB_TOKEN", made.hub.token)
        yield made
        made.close()


def add_talks(device: Device, count: int) -> list[str]:
    """So many settled conversations, over the days of a month; their ids."""
    made = [talk(next(device.world.numbers), day=1 + number % 22) for number in range(count)]
    device.vault.add([record for records in made for record in records], {})
    return [records[0].rev.conversation for records in made]


def cost(device: Device) -> list[str]:
    """The requests of a clean pass, as the server saw them, which is what the report says."""
    device.world.hub.clear_log()
    report = device.sync()
    assert (report.state, report.error) == ("ok", "")
    asked = device.world.requests()
    assert report.requests == len(asked)
    return asked


def filled(world: World, count: int) -> Device:
    """A laptop with so many conversations, all of them at GitHub."""
    laptop = world.device()
    add_talks(laptop, count)
    assert laptop.sync().state == "ok"
    return laptop


def bound(files: int) -> int:
    """What so many changed files may cost, of which none is large."""
    return 3 * -(-files // 100) + 4


def test_nothing_of_pygithub_is_loaded_until_the_first_call() -> None:
    code = (
        "import sys, threading; from pathlib import Path\n"
        "from netto_tui.replicas.registry import open_replica\n"
        "from netto_tui.security.envelope import PLAIN\n"
        "one = open_replica('c', 'github', 'me/mine', PLAIN, Path('/nowhere'), 'd', threading.Event())\n"
        "one.close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('github', 'requests', 'urllib3')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@plain_and_sealed
def test_nothing_to_do_is_one_request_that_costs_nothing(world: World) -> None:
    laptop = filled(world, 3)
    for _ in range(3):  # each in what is as good as a new process
        assert cost(laptop) == ["GET 304 /git/matching-refs/heads/"]
        assert not any(entry["charged"] for entry in world.hub.log())


@plain_and_sealed
@pytest.mark.parametrize("before", [100, BIG])
def test_what_a_push_costs_grows_with_what_changed_and_not_with_what_is_there(world: World, before: int) -> None:
    laptop = filled(world, before)
    costs = []
    for changed in (1, 10, 150):
        add_talks(laptop, changed)
        costs.append(len(cost(laptop)))
        views = 22  # a file for people of each day that has something new
        assert costs[-1] <= bound(changed + min(changed, views))
    assert costs[:2] == [7, 7]
    conversation = laptop.say()
    assert len(cost(laptop)) <= 7
    laptop.say("One more.", conversation)
    assert len(cost(laptop)) <= 7
    world.time.pass_minutes(24 * 60)
    assert len(cost(laptop)) <= 11  # it becomes stable, and leaves the live branch


@plain_and_sealed
def test_large_files_go_in_parts_of_a_megabyte(world: World) -> None:
    laptop = filled(world, 1)
    for day in range(1, 7):
        text = shake_256(b"%d" % day).hexdigest(10_000)
        laptop.add_talk(day=day, count=20, text=text)  # 400 kB, and as much in the file of its day; sealed a third
    asked = cost(laptop)
    trees = [one["request_bytes"] for one in world.hub.log() if one["path"].endswith("/git/trees")]
    assert sum(trees) > (4_500_000 if world.envelope.readable else 1_500_000)
    assert max(trees) < 1_100_000
    assert len(asked) <= 3 * -(-sum(trees) // 1_000_000) + 4


@plain_and_sealed
@pytest.mark.parametrize("count", [BIG, *([10_000] if NIGHTLY else [])])
def test_a_first_upload_needs_few_requests(world: World, count: int) -> None:
    laptop = world.device()
    add_talks(laptop, count)
    asked = cost(laptop)
    assert len(asked) <= 20 + count // 100  # so 120 for 10,000
    assert world.idle_commits() == []


@plain_and_sealed
def test_another_device_pulls_what_changed_by_the_trees_on_the_way_and_its_files(world: World) -> None:
    laptop = filled(world, 200)
    phone = world.device("phone")
    asked = [path for path in cost(phone) if not path.startswith("GET 304 ")]
    assert [path[:26] for path in asked] == [
        "GET 200 /git/matching-refs",
        "GET 200 /git/commits/" + world.branches()["refs/heads/main"][:5],
        *(path[:26] for path in archive_of(asked)),
    ]
    for changed in (1, 10):
        add_talks(laptop, changed)
        laptop.sync()
        days = min(changed, 22)
        assert len(cost(phone)) <= 1 + 1 + 4 + days + changed + 2  # refs, commit, root to month, days, files, looks
    assert phone.vault.digest() == laptop.vault.digest()
    add_talks(laptop, 120)
    laptop.sync()
    assert len(cost(phone)) <= github_objects.BULK_AFTER + 10
    assert phone.vault.digest() == laptop.vault.digest()


def archive_of(asked: list[str]) -> list[str]:
    """The two requests of the archive of a branch."""
    paths = [path for path in asked if "ball/" in path or "_codeload" in path]
    assert [path[:12] for path in paths] == ["GET 302 /tar", "GET 200 /_co"]
    return paths


@pytest.mark.parametrize("prefix", ["/api/v3", "/api/v3/"])
def test_a_server_of_a_company_has_its_api_below_a_path(world: World, prefix: str) -> None:
    world.api_url = world.hub.url + prefix
    laptop = filled(world, 3)
    laptop.say()
    assert laptop.sync().error == ""
    phone = world.device("phone")
    assert phone.sync().error == ""
    assert phone.vault.digest() == laptop.vault.digest()
    assert cost(phone) == ["GET 304 /git/matching-refs/heads/"]


BY_HAND = {
    "a file of their own": {"notes/idea.txt": ("100644", "An idea.\n")},
    "a readme of their own": {"README.md": ("100644", "# My conversations\n")},
    "a program": {"run.sh": ("100755", "#!/bin/sh\n")},
    "a symbolic link": {"latest": ("120000", "memory/2026-11-23.md")},
    "a submodule": {"module": ("160000", "1" * 40)},
    "files left out of archives": {".gitattributes": ("100644", "* export-ignore\n")},
    "a name with odd letters": {"späße/日本 — \U0001f41f.txt": ("100644", "?\n")},
}


@pytest.mark.parametrize("what", BY_HAND)
def test_what_a_person_adds_on_the_web_stays_and_breaks_nothing(world: World, what: str) -> None:
    laptop = filled(world, 3)
    commit_by_hand(world, BY_HAND[what])
    theirs = {path: sha for path, sha in world.files().items() if path in BY_HAND[what]}
    assert len(theirs) == len(BY_HAND[what])
    for device in (laptop, world.device("phone")):
        report = device.sync()
        assert (report.state, report.error, report.quarantined) == ("ok", "", 0)
        add_talks(device, 2)
        assert device.sync().error == ""
        assert theirs.items() <= world.files().items()
        opened = device.open()
        assert all(corrupt.foreign for corrupt in opened.check())
        opened.close()
    laptop.sync()
    assert laptop.here() == laptop.there() == world.device("phone").here()


def commit_by_hand(world: World, files: dict[str, tuple[str, str]]) -> None:
    """A commit on main as somebody makes it elsewhere; files: mode and content by path."""
    head = world.branches()["refs/heads/main"]
    base = world.store.call("GET", f"/git/commits/{head}").json()["tree"]["sha"]
    rows = []
    for path, (mode, content) in files.items():
        kind = {"160000": "commit"}.get(mode, "blob")
        rows.append({"path": path, "mode": mode, "type": kind, **({"sha": content} if kind == "commit" else {})})
        if kind == "blob":
            rows[-1]["content"] = content
    tree = world.store.call("POST", "/git/trees", {"base_tree": base, "tree": rows}).json()["sha"]
    body = {"message": "By hand", "tree": tree, "parents": [head]}
    sha = world.store.call("POST", "/git/commits", body).json()["sha"]
    world.store.call("PATCH", "/git/refs/heads/main", {"sha": sha})


def test_a_readme_of_their_own_stays_when_the_identity_is_written_again(world: World) -> None:
    laptop = filled(world, 2)
    commit_by_hand(world, BY_HAND["a readme of their own"] | {".netto/vault.json": ("100644", "?")})
    theirs = world.files()["README.md"]
    assert laptop.sync().error == ""
    assert "marker" in laptop.alerts()
    assert world.files()["README.md"] == theirs


@pytest.mark.parametrize("mode", ["100755", "120000"])
def test_one_of_our_files_that_became_a_program_or_a_link_reads_the_same(world: World, mode: str) -> None:
    laptop = filled(world, 2)
    path = next(path for path in world.files() if path.startswith("sessions/"))
    text = world.store.call("GET", f"/contents/{path}").json()["content"]
    content = base64.b64decode(text).decode()
    commit_by_hand(world, {path: (mode, content)})
    assert (laptop.sync().error, laptop.here()) == ("", laptop.there())


def test_a_conversation_that_somebody_edits_on_the_web_is_put_right_and_kept_aside(world: World) -> None:
    laptop = filled(world, 3)
    path = next(path for path in world.files() if path.startswith("sessions/"))
    world.store.put(path, "Somebody typed here.\n")
    report = laptop.sync()
    assert (report.state, report.error, report.healed) == ("ok", "", 1)
    assert report.quarantined == 1
    assert laptop.here() == laptop.there()
    assert any(isinstance(event, events.Quarantined) for event in laptop.told)


def test_a_day_that_somebody_edits_on_the_web_is_written_again_with_the_next_change_only(world: World) -> None:
    laptop = filled(world, 3)
    world.store.put("memory/2026-11-01.md", "Somebody typed here.\n")
    assert laptop.sync().error == ""
    assert laptop.here() == laptop.there()


def test_its_history_is_told_newest_first_and_read_as_of_a_time(world: World) -> None:
    laptop = world.device()
    marks = []
    for _ in range(4):
        (name,) = add_talks(laptop, 1)
        assert laptop.sync().error == ""
        marks.append((world.time(), name, set(laptop.here())))
        world.time.pass_minutes(60)
    for device in (laptop, world.device("phone")):
        opened = device.open()
        moments = list(opened.history())
        assert [moment.at_ms for moment in moments] == sorted((moment.at_ms for moment in moments), reverse=True)
        assert len(moments) == 4 + 1 + 1  # the identity is two commits: the first file, and the rest
        for at_ms, name, _ in marks:
            assert [moment.at_ms for moment in opened.history(name)] == [at_ms]
        for at_ms, name, ids in marks:
            found = {record.id for held in opened.read_as_of(at_ms + 1) for record in held.records}
            assert found == ids
            some = opened.read_as_of(at_ms + 1, [opened.envelope.name(name)])
            assert [held.records[0].rev.conversation for held in some] == [name]
        assert list(opened.read_as_of(to_ms("2000-01-01T00:00:00.000Z"))) == []
        before = opened.requests
        told = [(one.changed, one.by) for one in snapshots(opened) if one.changed]
        assert told == [(1, laptop.vault.device)] * 4, "what a commit says; counting would cost requests"
        assert opened.requests - before <= 2
        opened.close()


def test_a_long_history_is_listed_in_pages_of_many(world: World) -> None:
    laptop = world.device()
    conversation = laptop.say()
    for number in range(70):
        world.change("commit", path="notes.txt", content=str(number)) if world.branches() else laptop.sync()
    laptop.say("Again.", conversation)
    assert laptop.sync().error == ""
    phone = world.device("phone").open()
    phone.probe()
    before = phone.requests
    assert len(list(phone.history())) >= 70
    assert phone.requests - before <= 8
    phone.close()


def test_checking_compares_every_file_and_asks_for_few_things(world: World) -> None:
    laptop = filled(world, 150)
    opened = laptop.open()
    opened.probe()
    before = opened.requests
    assert list(opened.check()) == []
    assert opened.requests - before <= 6
    opened.close()


def copy_of(device: Device) -> Path:
    """The folder of the copy."""
    return next(iter((device.vault.path / ".netto" / "cache" / "github").iterdir()))


def damage(path: Path, chance: random.Random) -> None:
    """Flip a byte, cut it off, or empty it."""
    data = bytearray(path.read_bytes())
    path.chmod(0o600)
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data) if chance.random() < 0.8 else bytes(data[: len(data) // 2]))


@pytest.mark.parametrize("seed", range(200) if NIGHTLY else range(3))
def test_a_copy_that_is_damaged_anywhere_costs_requests_and_nothing_else(world: World, seed: int) -> None:
    chance = random.Random(seed)
    laptop = filled(world, 250 if seed % 8 == 0 else 5)
    laptop.say()
    assert laptop.sync().error == ""
    phone = world.device("phone")
    phone.sync()
    add_talks(phone, 2)
    assert phone.sync().error == ""
    files = sorted(path for path in copy_of(laptop).rglob("*") if path.is_file())
    notes = [path for path in files if path.name.startswith("notes.db")]
    for path in {chance.choice(notes), *chance.sample(files, len(files) // 3)}:
        damage(path, chance)
    add_talks(laptop, 1)
    for _ in range(2):  # what was told wrong ends one pass at most
        report = laptop.sync()
        if not report.error:
            break
    assert (report.state, report.error) == ("ok", "")
    assert laptop.sync().error == ""
    phone.sync()
    assert laptop.here() == laptop.there() == phone.here()
    assert "rewritten" not in laptop.alerts()


def test_a_note_whose_bytes_changed_counts_as_never_noted(world: World) -> None:
    laptop = filled(world, 3)
    with closing(sqlite3.connect(copy_of(laptop) / "notes.db")) as sql:
        rows = sql.execute("SELECT name, value FROM notes").fetchall()
        assert {name.partition(" ")[0] for name, _ in rows} == {"refs", "id", "checked_ms", "filled", "commit"}
        for name, value in rows:
            digit = next(letter for letter in reversed(value) if letter in "0123456789ue")
            other = {"u": "v", "e": "f"}.get(digit, str((int(digit, 16) + 1) % 10))
            changed = value[::-1].replace(digit, other, 1)[::-1]
            sql.execute("UPDATE notes SET value = ? WHERE name = ?", (changed, name))
        sql.commit()
    add_talks(laptop, 1)
    report = laptop.sync()
    assert (report.state, report.error, report.quarantined) == ("ok", "", 0)
    assert set(laptop.alerts()) <= {"clock"}
    assert laptop.here() == laptop.there()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_an_archive_damaged_anywhere_is_read_or_told_to_be_damaged(archive: bytes, data: st.DataObject) -> None:
    at, bit = data.draw(st.integers(0, len(archive) - 1)), data.draw(st.integers(0, 7))
    end = data.draw(st.sampled_from([len(archive), at]))
    damaged = (archive[:at] + bytes([archive[at] ^ 1 << bit]) + archive[at + 1 :])[:end]
    with scratch() as folder:
        hub = Hub("http://127.0.0.1:9", threading.Event(), lambda: "token", lambda: 0)
        objects = HubObjects(folder, hub, "/repos/a/b", Notes(folder))

        def download(_path: str, target: Path) -> bool:
            target.write_bytes(damaged)
            return True

        # There is no such archive to be had from a server.
        with patch.object(hub, "download", download), suppress(github_objects.DamagedArchive):
            for part in objects.unpack(ObjectID(b"0" * 40)):
                objects.write(part)


@pytest.fixture(scope="module")
def archive() -> bytes:
    """Files of random digits, as an archive has them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name in ("one", "späß/" + "x" * 120, "c/d/e"):
            member = tarfile.TarInfo(f"top/{name}")
            member.size = 60_000
            digits = random.Random(name).randbytes(30_000).hex()
            tar.addfile(member, io.BytesIO(digits.encode()))
    return made.getvalue()


@pytest.mark.parametrize("what", ["everything", "the objects", "the notes"])
@pytest.mark.parametrize("opened", [False, True])
def test_a_copy_can_be_deleted_at_any_time(world: World, what: str, opened: bool) -> None:
    laptop = filled(world, 60)
    engine = Engine(laptop.vault, laptop.told.append)
    replica = laptop.open()
    if opened:
        assert engine.run(replica).error == ""
    folder = copy_of(laptop)
    if what == "the notes":
        for path in folder.glob("notes.db*"):
            path.unlink()
    else:
        shutil.rmtree(folder if what == "everything" else folder / "objects")
    add_talks(laptop, 1)
    for _ in range(2):
        assert engine.run(replica).error == ""
    replica.close()
    laptop.sync()  # what was noted by a process whose notes were deleted is asked for again
    assert laptop.sync().requests == 1
    assert laptop.here() == laptop.there()


@pytest.mark.parametrize("kind", ["an older version", "a newer version", "a folder"])
def test_a_copy_of_another_version_is_made_anew(world: World, kind: str) -> None:
    laptop = filled(world, 3)
    path = copy_of(laptop) / "notes.db"
    for old in path.parent.glob("notes.db*"):
        old.unlink()
    if kind == "a folder":
        path.mkdir()
    else:
        columns = "name TEXT PRIMARY KEY, value TEXT" + (", proof INTEGER, more TEXT" if "newer" in kind else "")
        with sqlite3.connect(path) as sql:
            sql.execute(f"CREATE TABLE notes ({columns})")
        sql.close()
    add_talks(laptop, 1)
    report = laptop.sync()
    if kind == "a folder":
        assert report.state == "unreachable" and "notes" not in report.state
        assert "copy" in report.error and "may be deleted" in report.error
        path.rmdir()
        report = laptop.sync()
    assert report.error == ""
    assert laptop.here() == laptop.there()


def test_two_processes_share_one_copy(world: World) -> None:
    laptop = filled(world, 20)
    faults: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(10):
                opened = laptop.open()
                assert len(opened.changes("").names) >= 20
                opened.close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        add_talks(laptop, 1)
        assert laptop.sync().error == ""
    for thread in threads:
        thread.join()
    assert faults == []
    assert laptop.here() == laptop.there()


def test_the_copy_is_for_its_owner_alone_and_holds_no_token(world: World) -> None:
    laptop = filled(world, 3)
    folder = copy_of(laptop)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")] if "objects" not in path.parts)
    assert not any(world.hub.token.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_damaged_archive_is_fetched_again_and_then_done_without(world: World) -> None:
    filled(world, 60)
    for times in (1, 5):
        for kind in ("flipped-byte", "truncated-body"):
            phone = world.device(f"phone-{next(_numbers)}")
            world.hub.faults({"match": "GET /_codeload/.*", "kind": kind, "times": times})
            report = phone.sync()
            world.hub.clear_faults()
            assert report.state == "ok" or kind == "truncated-body"
            assert phone.sync().error == ""
            assert phone.here() == phone.there()


def test_a_message_with_odd_letters_crosses_unharmed(world: World) -> None:
    laptop = world.device()
    record = writing.log(laptop.vault, None, "user", "\u2028 \U0001f41f \x00 \x1b[31m “ünïcödé” " * 50)
    assert laptop.sync().error == ""
    assert laptop.there() == {**laptop.here()} and record.id in laptop.there()


def test_a_copy_on_a_disk_that_takes_nothing_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = filled(world, 2)
    add_talks(laptop, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Objects, "write", full)
        report = laptop.sync()
    assert report.state == "unreachable"
    assert "No space left" in report.error and "Check the space" in report.error
    assert laptop.sync().error == ""


def test_every_error_of_an_opened_replica_is_one_of_ours(world: World) -> None:
    laptop = filled(world, 2)
    world.change("delete")
    opened: GitHub = laptop.open()
    assert opened.probe().presence == "absent"
    for call in (opened.changes, lambda: list(opened.read(["c_1"])), lambda: list(opened.check())):
        with pytest.raises(NettoError) as error:
            call()
        assert error.value.remedy
    opened.close()
    assert json.dumps([meter.name for meter in opened.meters()])

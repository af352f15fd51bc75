"""What is particular to a replica in a directory."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from netto_tui import files
from netto_tui.errors import Cancelled, Moved, Unreachable, WrongTarget
from netto_tui.replicas import folder, tree_files
from netto_tui.replicas.base import Changes
from netto_tui.replicas.folder import Folder
from netto_tui.security.envelope import PLAIN
from tests.contract.stores import MARKER, batch, conversation, held, ids, records

TICK = 1_793_523_600_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "copy"


@pytest.fixture
def replica(root: Path) -> Folder:
    opened = open_folder(root)
    opened.claim(MARKER)
    return opened


def open_folder(root: Path) -> Folder:
    return Folder("copy", str(root), PLAIN, threading.Event())


def session(root: Path, number: int, day: str = "2026/11/01") -> Path:
    return root / "sessions" / day / f"{conversation(number)}.jsonl"


def test_a_conversation_lies_under_its_day_one_record_a_line(replica: Folder, root: Path) -> None:
    replica.add(batch(records(1)), "")
    content = session(root, 1).read_bytes()
    assert content == b"".join(r.line + b"\n" for r in sorted(records(1), key=lambda r: r.order))


def test_only_the_owner_may_read_what_is_written(replica: Folder, root: Path) -> None:
    replica.add(batch(records(1), blobs={"0" * 64: b"x"}, views={"memory/2026-11-01.md": b"x"}), "")
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_files_that_the_system_leaves_do_not_make_a_place_foreign(root: Path) -> None:
    (root / "lost+found").mkdir(parents=True)
    (root / ".DS_Store").write_bytes(b"\0")
    opened = open_folder(root)
    assert opened.probe().presence == "empty"
    opened.claim(MARKER)
    assert list(opened.check()) == []


def test_a_claim_that_was_cut_off_can_be_made_again(root: Path) -> None:
    (root / ".netto").mkdir(parents=True)
    (root / ".netto" / f"{files.TEMPORARY}0123").write_bytes(b"{")
    (root / ".netto" / "lock").touch()
    opened = open_folder(root)
    assert opened.probe().presence == "empty"
    opened.claim(MARKER)
    assert opened.probe().marker == MARKER
    assert list(opened.check()) == []


def test_a_disk_that_is_not_mounted_is_absent_and_nothing_is_written_where_it_was(replica: Folder, root: Path) -> None:
    cursor = replica.add(batch(records(1)), "")
    root.rename(root.with_name("elsewhere"))
    assert replica.probe().presence == "absent"
    with pytest.raises(Unreachable) as error:
        replica.add(batch(records(1, 9)), cursor)
    assert "mount" in error.value.remedy
    root.mkdir()
    with pytest.raises(WrongTarget):
        replica.add(batch(records(1, 9)), cursor)
    assert list(root.iterdir()) == []


def test_looking_reads_no_file_of_a_conversation(replica: Folder, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replica.add(batch(*(records(number, day=1 + number % 20) for number in range(60))), "")
    listed: list[str] = []
    scandir = os.scandir
    opened: list[Path] = []

    def noted_scandir(path: Path) -> Any:
        listed.append(str(path))
        return scandir(path)

    def noted_read(path: Path) -> bytes:
        opened.append(path)
        return files.read_regular(path)

    monkeypatch.setattr(os, "scandir", noted_scandir)
    monkeypatch.setattr(tree_files, "read_regular", noted_read)
    open_folder(root).probe()
    assert opened == [root / ".netto" / "vault.json"]
    assert not any(path.endswith(tuple(f"/{day:02d}" for day in range(1, 29))) and "/11/" in path for path in listed)


def test_every_write_within_one_tick_of_the_clock_is_seen(
    replica: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = replica.add(batch(records(1)), "")
    day = session(root, 1).parent
    frozen = day.stat().st_mtime_ns
    replace = os.replace

    def replace_in_the_same_tick(source: Path, target: Path) -> None:
        replace(source, target)
        os.utime(Path(target).parent, ns=(frozen, frozen))

    monkeypatch.setattr(os, "replace", replace_in_the_same_tick)
    other = open_folder(root)
    other.add(batch(records(2)), cursor)
    assert replica.probe().cursor != cursor
    assert conversation(2) in replica.changes(cursor).names


def test_who_reads_in_the_middle_of_a_write_sees_the_rest_later(
    replica: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Changes] = []
    day = root / "sessions/2026/11/01"

    def one_by_one(pages: Iterable[tuple[Path, bytes]], mode: int = 0o600) -> None:
        for page in pages:
            files.replace_files([page], mode)
            if day.is_dir():
                os.utime(day, ns=(TICK, TICK))  # all of it happens within one tick of the clock
                seen.append(open_folder(root).changes())

    monkeypatch.setattr(folder, "replace_files", one_by_one)
    replica.add(batch(records(1), records(2)), replica.probe().cursor)
    assert [len(changes.names) for changes in seen] == [1, 2]
    assert len(open_folder(root).changes(seen[0].cursor).names) == 2


def test_a_file_that_was_removed_shows_as_missing_from_its_day(replica: Folder, root: Path) -> None:
    cursor = replica.add(batch(records(1), records(2), records(3, day=2)), "")
    session(root, 1).unlink()
    changes = replica.changes(cursor)
    assert changes.days == {"2026/11/01"}
    assert changes.names == {conversation(2)}
    assert not changes.complete


def test_a_day_that_vanished_makes_the_listing_complete(replica: Folder, root: Path) -> None:
    cursor = replica.add(batch(records(1), records(3, day=2)), "")
    shutil.rmtree(session(root, 1).parent)
    changes = replica.changes(cursor)
    assert (changes.complete, changes.rewritten, changes.names) == (True, True, frozenset({conversation(3)}))


def test_a_directory_put_back_from_an_older_backup_is_told(replica: Folder, root: Path, tmp_path: Path) -> None:
    cursor = replica.add(batch(records(1)), "")
    shutil.copytree(root, tmp_path / "backup")
    cursor = replica.add(batch(records(1, 9)), cursor)
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "backup", root)
    changes = open_folder(root).changes(cursor)
    assert changes.rewritten
    assert conversation(1) in changes.names


def test_a_damaged_line_is_told_once_and_gone_after_the_conversation_is_written(replica: Folder, root: Path) -> None:
    cursor = replica.add(batch(records(1, 4)), "")
    lines = session(root, 1).read_bytes().splitlines()
    lines[2] = lines[2].replace(b"hello", b"hallo")
    session(root, 1).write_bytes(b"\n".join(lines) + b"\n")
    found = held(replica, 1)[1]
    assert [(part.where.rpartition("/")[2], part.data) for part in found.corrupt] == [
        (f"{conversation(1)}.jsonl:3", lines[2])
    ]
    assert len(found.records) == 4
    replica.add(batch(records(1, 4)), cursor)
    healed = held(replica, 1)[1]
    assert (ids(healed), healed.corrupt) == ({record.id for record in records(1, 4)}, ())


def test_a_damaged_blob_is_told_and_replaced(replica: Folder, root: Path) -> None:
    from hashlib import sha256

    content = b"a picture" * 100
    name = sha256(content).hexdigest()
    cursor = replica.add(batch(records(1), blobs={name: content}), "")
    path = root / "blobs" / name[:2] / name[2:]
    path.write_bytes(content[:-1])
    assert [found.where for found in replica.check()] == [f"blobs/{name[:2]}/{name[2:]}"]
    replica.add(batch(records(1), blobs={name: content}), cursor)
    assert replica.read_blob(name) == content
    assert list(replica.check()) == []


def test_an_equal_blob_is_not_written_again(replica: Folder, root: Path) -> None:
    from hashlib import sha256

    name = sha256(b"x").hexdigest()
    cursor = replica.add(batch(records(1), blobs={name: b"x"}), "")
    path = root / "blobs" / name[:2] / name[2:]
    before = path.stat().st_ino
    replica.add(batch(records(1), blobs={name: b"x"}), cursor)
    assert path.stat().st_ino == before


def test_a_conversation_left_at_two_places_is_united_and_then_moved(replica: Folder, root: Path) -> None:
    young, old = records(1, 2, day=9), records(1, 2, day=4, first=5)
    cursor = replica.add(batch(young), "")
    stray = session(root, 1, "2026/11/04")
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"".join(record.line + b"\n" for record in old))
    assert ids(held(replica, 1)[1]) == {record.id for record in (*young, *old)}
    with pytest.raises(Moved):
        replica.add(batch((*young, *old)), cursor)
    replica.add(batch((*young, *old)), replica.changes(cursor).cursor)
    assert not session(root, 1, "2026/11/09").exists()
    assert ids(held(replica, 1)[1]) == {record.id for record in (*young, *old)}


def test_links_are_neither_followed_nor_written_through(replica: Folder, root: Path, tmp_path: Path) -> None:
    cursor = replica.add(batch(records(1)), "")
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret"
    secret.write_bytes(session(root, 1).read_bytes())
    session(root, 2).symlink_to(secret)
    (root / "sessions" / "2026" / "11" / "02").symlink_to(outside)
    (root / "blobs").symlink_to(outside)
    changes = replica.changes()
    assert changes.names == {conversation(1), conversation(2)}
    assert held(replica, 2)[2].records == ()
    assert held(replica, 2)[2].corrupt[0].reason == "It is not a plain file."
    for part in (batch(records(3, day=2)), batch(records(1), blobs={"0" * 64: b"x"})):
        with pytest.raises(WrongTarget):
            replica.add(part, changes.cursor)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert {found.where for found in replica.check()} == {
        "blobs", "sessions/2026/11/02", f"sessions/2026/11/01/{conversation(2)}.jsonl"
    }  # fmt: skip
    assert cursor


def test_a_pipe_in_the_place_of_a_file_does_not_hang(replica: Folder, root: Path) -> None:
    replica.add(batch(records(1)), "")
    os.mkfifo(session(root, 2))
    assert held(replica, 2)[2].corrupt


def test_what_does_not_belong_is_told_with_its_path(replica: Folder, root: Path) -> None:
    replica.add(batch(records(1)), "")
    (root / "holiday.jpg").write_bytes(b"x")
    (session(root, 1).parent / f"{files.TEMPORARY}1").write_bytes(b"half")
    reasons = {found.where: found.reason for found in replica.check()}
    assert reasons == {
        "holiday.jpg": "It does not belong to a replica.",
        f"sessions/2026/11/01/{files.TEMPORARY}1": "It is left over from an interrupted write.",
    }
    replica.claim(MARKER)
    assert [found.where for found in replica.check()] == ["holiday.jpg"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_refuses_leaves_the_old_file_and_says_what_to_do(
    replica: Folder, root: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    cursor = replica.add(batch(records(1)), "")
    before = session(root, 1).read_bytes()

    def refuse(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(Unreachable) as error:
            replica.add(batch(records(1, 9)), cursor)
    assert error.value.remedy
    assert session(root, 1).read_bytes() == before
    assert list(replica.check()) == []
    replica.add(batch(records(1, 9)), replica.changes(cursor).cursor)


def test_every_file_is_synced_before_its_name_and_every_new_directory_into_its_parent(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def traced_fsync(handle: int) -> None:
        log.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def traced_replace(source: Path, target: Path) -> None:
        log.append(("name", f"{source}>{target}"))
        replace(source, target)

    replica = open_folder(root)
    replica.claim(MARKER)
    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(os, "replace", traced_replace)
    replica.add(batch(records(1)), "")
    target = session(root, 1)
    renamed = next(index for index, (what, names) in enumerate(log) if what == "name" and names.endswith(target.name))
    source = log[renamed][1].partition(">")[0]
    assert ("sync", source) in log[:renamed]
    assert ("sync", str(target.parent)) in log[renamed:]
    for made in (root, root / "sessions", root / "sessions/2026", root / "sessions/2026/11"):
        assert ("sync", str(made)) in log[:renamed]


def test_a_writer_waits_for_another_and_gives_up_in_time(
    replica: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "LOCK_SECONDS", 0.05)
    with FileLock(root / ".netto" / "lock"):
        with pytest.raises(Unreachable) as error:
            in_thread(lambda: open_folder(root).add(batch(records(1)), ""))
        assert "Another process" in error.value.message
    replica.add(batch(records(1)), "")


def test_waiting_for_another_writer_can_be_cancelled(replica: Folder, root: Path) -> None:
    waiting = open_folder(root)
    threading.Timer(0.1, waiting.cancel.set).start()
    with FileLock(root / ".netto" / "lock"), pytest.raises(Cancelled):
        in_thread(lambda: waiting.add(batch(records(1)), ""))


def test_cutting_a_batch_keeps_whole_conversations_and_shows_them(replica: Folder, root: Path) -> None:
    class Cut(threading.Event):
        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 8

    cursor = replica.changes().cursor
    cut = Folder("copy", str(root), PLAIN, Cut())
    with pytest.raises(Cancelled):
        cut.add(batch(*(records(number) for number in range(30))), cursor)
    names = replica.changes(cursor).names
    assert 0 < len(names) < 30
    for found in replica.read(names):
        assert (len(found.records), found.corrupt) == (4, ())
    assert list(replica.check()) == []


def in_thread(call: Callable[[], object]) -> None:
    """Run a call on another thread, as another process would, and raise what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    if raised:
        raise raised[0]

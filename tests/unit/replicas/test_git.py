"""What is particular to a replica in a Git repository on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netto_tui.errors import InvalidRecord, Moved, Unreachable, WrongTarget
from netto_tui.replicas import git_disk, git_objects
from netto_tui.replicas.base import Batch, Moment
from netto_tui.replicas.git import Git
from netto_tui.replicas.git_disk import Disk
from netto_tui.replicas.git_objects import DamagedObject, DamagedRepository
from netto_tui.replicas.tree import README
from tests.contract.stores import FOREIGN, MARKER, SEALED, batch, conversation, held, ids, records
from tests.unit.replicas.conftest import START_MS

Run = Callable[..., str]
Open = Callable[..., Git]


def add(replica: Git, some: Batch) -> str:
    return replica.add(some, replica.changes().cursor)


def objects_of(repository: Path) -> list[Path]:
    return [path for path in (repository / "objects").rglob("*") if path.is_file()]


def damage(repository: Path, git: Run, name: str) -> Path:
    """Damage the loose object that Git finds under a name such as `main:README.md`."""
    sha = git("rev-parse", name)
    path = repository / "objects" / sha[:2] / sha[2:]
    path.chmod(0o600)
    content = path.read_bytes()
    path.write_bytes(content[:-4] + bytes(byte ^ 0xFF for byte in content[-4:]))
    return path


def test_git_finds_nothing_wrong_and_can_clone_what_is_written(
    replica: Git, git: Run, repository: Path, tmp_path: Path
) -> None:
    view = {"memory/2026-11-01.md": b"# Sunday\n"}
    add(replica, batch(*(records(number, day=1 + number) for number in range(4)), views=view))
    add(replica, batch(*(records(number, 2, day=1 + number % 28) for number in range(4, 300))))
    add(replica, batch(records(999), settled=False))
    assert git("fsck", "--full", "--strict") == ""
    subprocess.run(["git", "clone", "-q", repository, tmp_path / "clone"], check=True, capture_output=True)
    lines = (tmp_path / f"clone/sessions/2026/11/01/{conversation(0)}.jsonl").read_bytes().splitlines()
    assert set(lines) == {record.line for record in records(0)}
    assert (tmp_path / "clone/README.md").read_bytes() == README
    assert (tmp_path / "clone/memory/2026-11-01.md").read_bytes() == b"# Sunday\n"
    assert list(replica.check()) == []


def test_one_change_among_many_conversations_writes_only_its_path(
    replica: Git, open_git: Open, repository: Path
) -> None:
    cursor = add(replica, batch(*(records(number, 1, day=1 + number % 28) for number in range(500))))
    before = len(objects_of(repository))
    fresh = open_git()
    requests = fresh.requests
    fresh.add(batch(records(3, 2, day=4)), cursor)
    blob, trees, commit = 1, len(["/", "sessions", "2026", "11", "04"]), 1
    assert len(objects_of(repository)) - before == blob + trees + commit
    assert fresh.requests - requests == 2


def test_many_new_objects_go_into_one_pack(replica: Git, repository: Path) -> None:
    before = len(objects_of(repository))
    add(replica, batch(*(records(number, 1) for number in range(git_objects.LOOSE_LIMIT + 1))))
    new = objects_of(repository)
    assert len(new) - before == 2
    assert sorted(path.suffix for path in new if path.parent.name == "pack") == [".idx", ".pack"]


def test_there_is_one_commit_a_push_and_branch_with_date_author_and_message(replica: Git, git: Run) -> None:
    add(replica, Batch(batch(records(1), records(2)).writes, message="Tea and\x1b[31m biscuits\nTea\n\nBiscuits"))
    assert git("rev-list", "--count", "main") == "2"
    assert git("log", "-1", "--format=%an|%ae|%s|%ct", "main").startswith(
        f"netto-tui (laptop)|netto-tui@localhost|Tea and [31m biscuits|{START_MS // 1000 + 60}"
    )
    body = git("log", "-1", "--format=%b", "main")
    assert body == "Tea\nBiscuits"


def test_nothing_readable_stands_in_the_history_of_a_sealed_replica(open_git: Open, git: Run) -> None:
    sealed = open_git(envelope=SEALED)
    sealed.claim(MARKER)
    add(sealed, Batch(batch(records(1)).writes, message="Tea and biscuits"))
    add(sealed, Batch(batch(records(2), settled=False).writes, message="Secrets"))
    assert git("log", "--all", "--format=%B").split("\n")[0] == "1 conversation, 4 records from laptop"
    assert "biscuits" not in git("log", "--all", "--format=%B") and "Secrets" not in git("log", "--all", "--format=%B")
    assert "README.md" not in git("ls-tree", "-r", "--name-only", "main")


def test_an_ongoing_conversation_lies_on_the_live_branch_with_only_what_main_lacks(replica: Git, git: Run) -> None:
    path = f"sessions/2026/11/01/{conversation(1)}.jsonl"
    add(replica, batch(records(1, 2)))
    add(replica, batch(records(1, 4), settled=False))
    assert len(git("show", f"main:{path}").split("\n")) == 3
    assert len(git("show", f"live/laptop:{path}").split("\n")) == 2
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, 4)}


def test_a_settled_conversation_goes_to_main_first_and_then_leaves_the_live_branch(replica: Git, git: Run) -> None:
    path = f"sessions/2026/11/01/{conversation(1)}.jsonl"
    add(replica, batch(records(1, 2), settled=False))
    before = git("rev-parse", "live/laptop")
    add(replica, batch(records(1, 2)))
    assert len(git("show", f"main:{path}").split("\n")) == 3
    assert git("ls-tree", "-r", "live/laptop", "--", "sessions") == ""
    assert git("merge-base", "--is-ancestor", before, "live/laptop") == ""
    assert git("fsck", "--full", "--strict") == ""


def test_segments_that_main_has_are_swept_from_the_live_branch_later(
    replica: Git, git: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = add(replica, batch(records(1, 2), settled=False))
    move = git_disk.Disk.move

    def die_before_live(self: git_disk.Disk, ref: str, *rest: Any) -> None:
        if ref.startswith(git_disk.LIVE):
            raise Unreachable("pulled the plug")
        move(self, ref, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(git_disk.Disk, "move", die_before_live)
        with pytest.raises(Unreachable):
            replica.add(batch(records(1, 2)), cursor)
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, 2)}
    assert git("ls-tree", "-r", "live/laptop", "--", "sessions")
    add(replica, batch(records(2)))
    assert git("ls-tree", "-r", "live/laptop", "--", "sessions") == ""


def test_devices_write_live_branches_of_their_own_without_getting_in_each_others_way(
    replica: Git, open_git: Open, git: Run
) -> None:
    cursor = replica.changes().cursor
    phone = open_git("my phone/../x")
    replica.add(batch(records(1, 1), settled=False), cursor)
    phone.add(batch(records(1, 2), settled=False), cursor)
    assert git("for-each-ref", "--format=%(refname:short)").split() == ["live/laptop", "live/my-phone-x", "main"]
    assert ids(held(open_git("tablet"), 1)[1]) == {record.id for record in records(1, 2)}


def test_a_branch_that_was_rolled_back_is_told(replica: Git, open_git: Open, git: Run) -> None:
    first = add(replica, batch(records(1)))
    second = replica.add(batch(records(1, 9), records(2)), first)
    assert not replica.changes(first).rewritten
    git("update-ref", "refs/heads/main", "main~1")
    for opened in (replica, open_git()):
        changes = opened.changes(second)
        assert changes.rewritten and changes.complete
        assert changes.names == {conversation(1)}


def test_a_rewritten_history_is_told(replica: Git, git: Run) -> None:
    cursor = add(replica, batch(records(1)))
    other = git("commit-tree", "-m", "squashed", "main^{tree}")
    git("update-ref", "refs/heads/main", other)
    changes = replica.changes(cursor)
    assert changes.rewritten and changes.complete and changes.names == {conversation(1)}


def test_a_live_branch_that_vanished_is_told(replica: Git, git: Run) -> None:
    cursor = add(replica, batch(records(1), settled=False))
    git("update-ref", "-d", "refs/heads/live/laptop")
    changes = replica.changes(cursor)
    assert (changes.rewritten, changes.complete, changes.names) == (True, True, frozenset())


def test_git_may_collect_garbage_and_pack_refs_meanwhile(replica: Git, open_git: Open, git: Run) -> None:
    cursor = add(replica, batch(*(records(number) for number in range(30))))
    git("gc", "-q", "--prune=now")
    git("pack-refs", "--all")
    for opened in (replica, open_git()):
        assert opened.probe().cursor == cursor
        assert all(part.records and not part.corrupt for part in opened.read([conversation(n) for n in range(30)]))
        assert list(opened.check()) == []
    replica.add(batch(records(1, 9)), cursor)
    assert ids(held(open_git(), 1)[1]) == {record.id for record in records(1, 9)}


def test_a_damaged_file_is_told_and_put_right_by_writing_the_conversation(
    replica: Git, git: Run, repository: Path
) -> None:
    cursor = add(replica, batch(records(1), records(2)))
    path = damage(repository, git, f"main:sessions/2026/11/01/{conversation(1)}.jsonl")
    found = held(replica, 1, 2)
    assert (found[1].records, len(found[1].corrupt), found[2].corrupt) == ((), 1, ())
    assert found[1].corrupt[0].where.startswith("main:sessions/2026/11/01/")
    assert any(part.where == f"objects/{path.parent.name}/{path.name}" for part in replica.check())
    assert replica.add(batch(records(1)), cursor) == cursor
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1)}
    assert list(replica.check()) == []
    assert git("fsck", "--full") == ""


def test_a_damaged_copy_in_a_pack_is_passed_over_for_a_whole_one(replica: Git, git: Run, repository: Path) -> None:
    cursor = add(replica, batch(records(1)))
    git("gc", "-q")
    pack = next((repository / "objects" / "pack").glob("*.pack"))
    sha = git("rev-parse", f"main:sessions/2026/11/01/{conversation(1)}.jsonl")
    offset = next(
        int(line.split()[4]) for line in git("verify-pack", "-v", str(pack)).splitlines() if line.startswith(sha)
    )
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[offset + 30] ^= 0xFF
    pack.write_bytes(content)
    replica.close()
    again = Git(
        "copy", str(repository), replica.envelope, threading.Event(),
        Disk(repository), device="laptop", now=lambda: START_MS,
    )  # fmt: skip
    assert held(again, 1)[1].corrupt
    assert any("pack" in part.where for part in again.check())
    assert again.add(batch(records(1)), cursor) == cursor
    assert ids(held(again, 1)[1]) == {record.id for record in records(1)}


@pytest.mark.parametrize("where", ["main:sessions/2026/11/01", "main:sessions", "main^{tree}", "main"])
def test_a_damaged_tree_or_commit_does_not_stop_a_reader_and_calls_for_a_rebuild(
    replica: Git, open_git: Open, git: Run, repository: Path, where: str
) -> None:
    add(replica, batch(records(1), records(2, day=2)))
    cursor = add(replica, batch(records(3, day=3), settled=False))
    damage(repository, git, where)
    fresh = open_git()
    changes = fresh.changes()
    assert changes.corrupt
    assert conversation(3) in changes.names and conversation(1) not in changes.names
    assert (conversation(2) in changes.names) == where.endswith("01")
    assert all(part.records for part in fresh.read(changes.names))
    assert list(fresh.check())
    with pytest.raises(DamagedRepository) as error:
        fresh.add(batch(records(1, 9)), cursor)
    assert "--rebuild" in error.value.remedy
    fresh.rebuild(MARKER)
    fresh.add(batch(records(1), records(2, day=2), records(3, day=3)), fresh.changes().cursor)
    assert list(fresh.check()) == []
    assert git("fsck", "--full") == ""
    assert len(list(repository.parent.glob("copy.git.damaged-*"))) == 1


@pytest.mark.parametrize("content", [b"", b"0" * 40, b"what?\n", b"ref: refs/heads/gone\n", b"a" * 40 + b"\n"])
@pytest.mark.parametrize("ref", ["main", "live/laptop"])
def test_a_damaged_ref_is_told_and_never_taken_for_an_empty_store(
    replica: Git, open_git: Open, repository: Path, content: bytes, ref: str
) -> None:
    add(replica, batch(records(1)))
    cursor = add(replica, batch(records(2), settled=False))
    (repository / "refs" / "heads" / ref).write_bytes(content)
    fresh = open_git()
    probe = fresh.probe()
    assert probe.presence == "present" and probe.cursor != cursor
    assert bool(probe.marker_error) == (ref == "main")
    changes = fresh.changes(cursor)
    assert changes.corrupt and changes.complete
    with pytest.raises((DamagedRepository, Moved)):
        fresh.add(batch(records(1, 9)), changes.cursor)
    assert list(fresh.check())


@pytest.mark.parametrize("content", [b"", b"\0" * 30, b"# pack-refs with: peeled\nxyz\n"])
def test_damaged_packed_refs_are_told(replica: Git, open_git: Open, git: Run, repository: Path, content: bytes) -> None:
    add(replica, batch(records(1)))
    git("pack-refs", "--all")
    (repository / "packed-refs").write_bytes(content)
    fresh = open_git()
    probe = fresh.probe()
    assert probe.marker is None
    assert probe.presence == "empty" or probe.marker_error


def test_a_main_branch_that_was_lost_can_be_begun_again(replica: Git, open_git: Open, git: Run) -> None:
    add(replica, batch(records(1)))
    cursor = add(replica, batch(records(2), settled=False))
    git("update-ref", "-d", "refs/heads/main")
    fresh = open_git()
    assert "main" in fresh.probe().marker_error
    fresh.claim(MARKER)
    assert fresh.probe().marker == MARKER
    changes = fresh.changes(cursor)
    assert (changes.names, changes.rewritten) == (frozenset({conversation(2)}), True)


@pytest.mark.parametrize("kind", ["working", "sha256", "foreign", "file"])
def test_repositories_that_cannot_be_a_replica_are_refused_with_a_way_out(
    open_git: Open, repository: Path, kind: str
) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs Git")
    if kind == "file":
        repository.write_text("a file")
    elif kind == "foreign":
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repository], check=True)
        tree = subprocess.run(["git", "-C", repository, "write-tree"], capture_output=True, text=True, check=True)
        make: list[str | Path] = [
            "git",
            "-C",
            repository,
            "-c",
            "user.name=x",
            "-c",
            "user.email=x",
            "commit-tree",
            "-m",
            "x",
        ]
        commit = subprocess.run([*make, tree.stdout.strip()], capture_output=True, text=True, check=True)
        subprocess.run(["git", "-C", repository, "update-ref", "refs/heads/main", commit.stdout.strip()], check=True)
    else:
        more = ["--object-format=sha256", "--bare"] if kind == "sha256" else []
        subprocess.run(["git", "init", "-q", *more, repository], check=True)
    before = sorted(repository.rglob("*"))
    opened = open_git()
    probe = opened.probe()
    assert (probe.presence, probe.marker) == ("present", None)
    for call in (opened.claim, opened.rebuild):
        with pytest.raises(WrongTarget) as error:
            call(MARKER)
        assert error.value.remedy
    assert sorted(repository.rglob("*")) == before


def test_an_empty_bare_repository_made_by_git_is_taken(open_git: Open, git: Run, repository: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "master", repository], check=True)
    opened = open_git()
    assert opened.probe().presence == "empty"
    opened.claim(MARKER)
    assert git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert list(opened.check()) == []


def test_a_file_url_is_the_same_as_its_path(open_git: Open, replica: Git, repository: Path) -> None:
    assert open_git(target=repository.as_uri()).probe().marker == MARKER


def test_a_lock_that_a_dead_writer_left_is_honoured_for_a_while_and_then_removed(
    replica: Git, repository: Path
) -> None:
    cursor = replica.changes().cursor
    lock = repository / "refs" / "heads" / "main.lock"
    lock.touch()
    with pytest.raises(Moved):
        replica.add(batch(records(1)), cursor)
    long_ago = lock.stat().st_mtime - git_disk.STALE_LOCK_SECONDS - 1
    os.utime(lock, (long_ago, long_ago))
    replica.add(batch(records(1)), cursor)
    assert not lock.exists()


def test_objects_are_durable_before_the_ref_names_them(
    replica: Git, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = replica.changes().cursor
    log: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        log.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def noted_replace(one: str | Path, two: str | Path) -> None:
        log.append(("name", os.fsdecode(two)))
        replace(one, two)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    replica.add(batch(records(1)), cursor)
    moved = log.index(("name", str(repository / "refs/heads/main")))
    named = [path for what, path in log[:moved] if what == "name"]
    assert len(named) == 7
    assert all(("sync", str(Path(path).parent)) in log[:moved] for path in named)
    assert ("sync", str(repository / "refs/heads")) in log[moved:]


def test_the_history_of_a_conversation_and_of_everything(replica: Git) -> None:
    add(replica, Batch(batch(records(1, 1)).writes, message="first"))
    add(replica, Batch(batch(records(2)).writes, message="other"))
    add(replica, Batch(batch(records(1, 2), settled=False).writes, message="second"))
    assert [moment.message for moment in replica.history()][:3] == ["second", "other", "first"]
    assert [moment.message for moment in replica.history(conversation(1))] == ["second", "first"]
    times = [moment.at_ms for moment in replica.history()]
    assert times == sorted(times, reverse=True)
    assert list(replica.history(conversation(3))) == []


def test_everything_as_it_was_at_an_instant(replica: Git) -> None:
    add(replica, batch(records(1, 1)))
    add(replica, batch(records(1, 2), records(2), settled=False))
    add(replica, batch(records(1, 3), records(2)))
    latest, _sweep, second, first, *_ = replica.history()

    def as_of(at_ms: int) -> dict[str, int]:
        return {part.name: len(part.records) for part in replica.read_as_of(at_ms)}

    assert as_of(latest.at_ms + 1) == {conversation(1): 4, conversation(2): 4}
    assert as_of(second.at_ms) == {conversation(1): 3, conversation(2): 4}
    assert as_of(second.at_ms - 1) == {conversation(1): 2}
    assert as_of(first.at_ms - 1) == {}


def test_states_of_the_same_second_are_told_apart_by_their_commits(
    replica: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "_now", lambda: 1_900_000_000_000)
    for number in (1, 2, 3):
        add(replica, batch(records(number)))
    moments = list(replica.history(counted=False))
    assert len({moment.at_ms for moment in moments[:3]}) == 1 and moments[0].changed is None

    def names(at: int | Moment) -> set[str]:
        return {part.name for part in replica.read_as_of(at)}

    assert [len(names(moment)) for moment in moments[:3]] == [3, 2, 1]
    assert names(moments[0].at_ms) == names(moments[0])
    assert names(moments[2]) == {conversation(1)}


def test_a_foreign_file_on_main_is_told_and_stays(replica: Git, git: Run, repository: Path) -> None:
    add(replica, batch(records(1)))
    blob = subprocess.run(
        ["git", "-C", repository, "hash-object", "-w", "--stdin"], input=b"x", capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip
    index = {**os.environ, "GIT_INDEX_FILE": str(repository / "index.tmp"), "GIT_DIR": str(repository)}
    for arguments in (["read-tree", "main"], ["update-index", "--add", "--cacheinfo", f"100644,{blob},holiday.jpg"]):
        subprocess.run(["git", *arguments], env=index, check=True)
    tree = subprocess.run(["git", "write-tree"], env=index, check=True, capture_output=True, text=True).stdout.strip()
    commit = git("-c", "user.name=x", "-c", "user.email=x", "commit-tree", "-p", "main", "-m", "mine", tree)
    git("update-ref", "refs/heads/main", commit)
    assert [found.where for found in replica.check()] == ["main:holiday.jpg"]
    add(replica, batch(records(2)))
    assert git("show", "main:holiday.jpg") == "x"


def test_a_lost_object_is_told_by_its_name(tmp_path: Path) -> None:
    objects = git_objects.Objects(tmp_path / "objects")
    with pytest.raises(DamagedObject) as error:
        objects.read(b"a" * 40, b"blob")
    assert "missing" in str(error.value)
    assert isinstance(error.value, InvalidRecord)


def test_an_older_file_under_the_name_of_a_newer_one_is_refused(replica: Git, git: Run, repository: Path) -> None:
    """dulwich would give it: it does not hash what it reads, and every line of it is sound."""
    paths = []
    for count in (2, 3):
        cursor = add(replica, batch(records(1, count)))
        sha = git("rev-parse", f"main:sessions/2026/11/01/{conversation(1)}.jsonl")
        paths.append(repository / "objects" / sha[:2] / sha[2:])
    older, newer = paths
    newer.chmod(0o600)
    newer.write_bytes(older.read_bytes())
    found = held(replica, 1)[1]
    assert found.records == ()
    assert "does not match its name" in found.corrupt[0].reason
    assert replica.add(batch(records(1, 3)), cursor) == cursor
    assert ids(held(replica, 1)[1]) == {record.id for record in records(1, 3)}


def test_an_object_that_only_history_needs_is_missed(replica: Git, git: Run, repository: Path) -> None:
    add(replica, batch(records(1, 1)))
    sha = git("rev-parse", f"main:sessions/2026/11/01/{conversation(1)}.jsonl")
    add(replica, batch(records(1, 2)))
    (repository / "objects" / sha[:2] / sha[2:]).unlink()
    (found,) = replica.check()
    assert found.where.endswith(f":sessions/2026/11/01/{conversation(1)}.jsonl")
    assert "missing" in found.reason


def test_loose_objects_are_packed_when_there_are_many(
    replica: Git, open_git: Open, git: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = add(replica, batch(records(1), records(2)))
    path = damage(repository, git, f"main:sessions/2026/11/01/{conversation(2)}.jsonl")
    (repository / "objects" / "17").mkdir(exist_ok=True)
    monkeypatch.setattr(git_objects, "LOOSE_MANY", 0)
    cursor = replica.add(batch(records(1, 9)), cursor)
    assert [found for found in objects_of(repository) if found.parent.name != "pack"] == [path]
    for opened in (replica, open_git()):
        assert ids(held(opened, 1)[1]) == {record.id for record in records(1, 9)}
    replica.add(batch(records(2)), cursor)
    assert list(replica.check()) == []
    assert git("fsck", "--full", "--strict") == ""


def test_another_vaults_repository_is_never_set_aside(replica: Git, repository: Path) -> None:
    with pytest.raises(WrongTarget):
        replica.rebuild(FOREIGN)
    assert repository.exists()

"""Verification: what is missing, too much or damaged in any store is found, named, and healed by the next sync."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from dulwich.object_store import tree_lookup_path
from dulwich.objects import Commit
from dulwich.refs import Ref
from dulwich.repo import Repo

from netto_tui.errors import Cancelled
from netto_tui.model.digest import conversation_digest
from netto_tui.recovery.index_check import index_faults
from netto_tui.recovery.verify import Verdict, verify
from netto_tui.sync import events
from netto_tui.sync.wanted import wanted
from netto_tui.vault import digests, sessions
from netto_tui.vault.vault import Vault
from tests.unit.sync.given import Device, blob_file, files, held, here, session_files, with_blob
from tests.unit.vault.talks import dump, talk

NAMES = ("disk", "history")
FIRST = talk(1)[0].rev.conversation


def look(device: Device, *names: str, deep: bool = False) -> Verdict:
    return verify(device.vault, [device.open(name) for name in names], deep=deep)


def session(root: Path, number: int) -> Path:
    """The file of a conversation in a vault or a folder."""
    (found,) = [path for path in session_files(root) if path.stem == talk(number)[0].rev.conversation]
    return found


def flip(file: Path, at: int = -1) -> bytes:
    """Flip one bit; returns what the file held before."""
    data = file.read_bytes()
    spoilt = bytearray(data)
    spoilt[at] ^= 1
    file.chmod(0o600)
    file.write_bytes(spoilt)
    return data


def git_object(repository: Path, path: str) -> Path:
    """The loose file of the commit that main points at ("" as the path), or of something in it."""
    with Repo(str(repository)) as repo:
        sha = repo.refs[Ref(b"refs/heads/main")]
        if path:
            commit = repo[sha]
            assert isinstance(commit, Commit)
            _, sha = tree_lookup_path(repo.object_store.__getitem__, commit.tree, path.encode())
    name = sha.decode()
    return repository / "objects" / name[:2] / name[2:]


@pytest.mark.parametrize("deep", [False, True])
def test_equal_stores_are_told_equal_by_one_digest(device: Device, deep: bool) -> None:
    verdict = look(device, *NAMES, deep=deep)
    assert verdict.ok
    assert [store.name for store in verdict.stores] == ["local", "disk", "history"]
    assert {store.digest for store in verdict.stores} == {verdict.digest} == {device.vault.digest()}
    assert not any(store.foreign for store in verdict.stores)


@pytest.mark.parametrize("deep", [False, True])
def test_verification_writes_nothing_to_a_replica(device: Device, deep: bool) -> None:
    flip(session(device.stores / "disk", 1), 200)
    before = files(device.stores / "disk"), files(device.stores / "history")
    look(device, *NAMES, deep=deep)
    assert (files(device.stores / "disk"), files(device.stores / "history")) == before


def test_a_conversation_that_the_replica_lacks_is_missing(device: Device) -> None:
    session(device.stores / "disk", 1).unlink()
    verdict = look(device, *NAMES)
    _, disk, history = verdict.stores
    assert (disk.ok, disk.missing, disk.extra, disk.corrupt) == (False, [FIRST], [], [])
    assert disk.digest != verdict.digest
    assert history.ok
    assert device.sync()["disk"].state == "ok"
    assert look(device, *NAMES, deep=True).ok


def test_a_revision_that_only_the_replica_has_is_extra_and_one_that_only_the_vault_has_is_missing(
    device: Device, folder: Path
) -> None:
    phone = Device(folder, "phone")
    phone.sync()
    phone.vault.add(talk(1, 1, first=3, day=21))
    phone.run("disk")
    phone.vault.close()
    device.vault.add([*talk(1, 1, first=4, day=21), *talk(8)])
    _, disk = look(device, "disk").stores
    assert sorted(disk.missing) == sorted([FIRST, talk(8)[0].rev.conversation])
    assert disk.extra == [FIRST]
    assert device.sync()["disk"].state == "ok"
    assert look(device, *NAMES).ok


@pytest.mark.parametrize("deep", [False, True])
def test_a_corrupt_line_on_the_folder_is_named_kept_and_healed(device: Device, deep: bool) -> None:
    file = session(device.stores / "disk", 1)
    stamp = file.parent.stat()
    flip(file, 200)
    _, disk = look(device, "disk", deep=deep).stores
    assert not disk.ok
    assert disk.corrupt[0].where == f"sessions/2026/11/21/{FIRST}.jsonl:1"
    assert disk.missing == [FIRST]
    assert disk.corrupt[0].data in {path.read_bytes() for path in device.vault.quarantine.path.glob("*.bin")}
    assert file.parent.stat().st_mtime_ns == stamp.st_mtime_ns
    assert device.sync()["disk"].state == "ok"
    assert look(device, "disk", deep=True).ok


def test_a_corrupt_line_here_goes_to_quarantine_and_comes_back_from_a_replica(device: Device) -> None:
    digest, known = device.vault.digest(), here(device.vault)
    good = flip(session(device.vault.path, 1), 200)
    verdict = look(device, *NAMES)
    local = verdict.stores[0]
    assert (local.ok, local.missing, len(local.corrupt)) == (False, [FIRST], 1)
    assert wanted(device.vault) == [FIRST]
    assert len(device.vault.quarantine.notes()) == 1
    assert all(store.extra == [FIRST] for store in verdict.stores[1:])
    reports = device.sync()
    assert {report.state for report in reports.values()} == {"ok"}
    assert (device.vault.digest(), here(device.vault), wanted(device.vault)) == (digest, known, [])
    assert sorted(session(device.vault.path, 1).read_bytes().splitlines()) == sorted(good.splitlines())
    assert look(device, *NAMES, deep=True).ok


def test_a_file_that_vanished_while_the_vault_is_open_is_missing(device: Device) -> None:
    session(device.vault.path, 1).unlink()
    local = look(device).stores[0]
    assert (local.ok, local.missing) == (False, [FIRST])
    device.sync()
    assert here(device.vault) == held(device.open("history"))
    assert look(device, *NAMES, deep=True).ok


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_blobs_are_looked_at_only_by_a_deep_verification(device: Device, how: str) -> None:
    records, blobs = with_blob(1, b"\x89picture" * 500)
    (sha256,) = blobs
    device.vault.add(records, blobs)
    device.sync()
    for root in (device.vault.path, device.stores / "disk"):
        file = blob_file(root, sha256)
        if how == "missing":
            file.unlink()
        else:
            flip(file)
    assert look(device, *NAMES).ok
    local, disk, history = look(device, *NAMES, deep=True).stores
    assert (local.ok, disk.ok, history.ok) == (False, False, True)
    assert records[0].rev.conversation in local.missing or local.corrupt
    assert any(fault.where == f"blobs/{sha256[:2]}/{sha256[2:]}" for fault in disk.corrupt)
    device.sync()
    assert look(device, *NAMES, deep=True).ok


def test_what_a_deep_verification_found_is_not_taken_back_by_a_shallow_one(device: Device) -> None:
    records, blobs = with_blob(1, b"\x89picture" * 500)
    (sha256,) = blobs
    device.vault.add(records, blobs)
    device.sync()
    flip(blob_file(device.stores / "disk", sha256))
    assert not look(device, "disk", deep=True).ok
    assert look(device, "disk").ok
    assert not device.ledger("disk").is_proven(device.vault.digest(), 0)
    device.sync()
    assert look(device, "disk", deep=True).ok


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_daily_file_on_the_folder_that_says_something_else_is_found_and_written_again(
    device: Device, how: str
) -> None:
    page = device.stores / "disk" / "memory" / "2026-11-22.md"
    good = page.read_bytes()
    page.write_bytes(good.replace(b"hello 2.1", b"hello 2.7"))
    if how == "removed":
        page.unlink()
    assert look(device, "disk").ok
    _, disk = look(device, "disk", deep=True).stores
    assert [fault.where for fault in disk.corrupt] == ["memory/2026-11-22.md"]
    device.sync()
    assert page.read_bytes() == good
    assert look(device, "disk", deep=True).ok


def test_a_strangers_file_is_told_and_is_no_fault(device: Device) -> None:
    (device.stores / "disk" / "letter.txt").write_text("Dear aunt,")
    verdict = look(device, "disk", deep=True)
    assert verdict.ok
    assert [fault.where for fault in verdict.stores[1].foreign] == ["letter.txt"]
    device.sync()
    assert (device.stores / "disk" / "letter.txt").read_text() == "Dear aunt,"


def test_a_damaged_identity_is_found_and_written_again(device: Device) -> None:
    marker = device.stores / "disk" / ".netto" / "vault.json"
    good = flip(marker, 20)
    _, disk = look(device, "disk").stores
    assert [fault.where for fault in disk.corrupt] == [".netto/vault.json"]
    assert device.sync()["disk"].state == "ok"
    assert marker.read_bytes() == good
    assert look(device, "disk", deep=True).ok


@pytest.mark.parametrize("path", ["", ".netto", "sessions", "sessions/2026/11", ".netto/vault.json"])
def test_a_damaged_object_of_the_history_is_found_and_the_repository_is_made_whole(device: Device, path: str) -> None:
    flip(git_object(device.stores / "history", path))
    assert not look(device, "history", deep=True).ok
    assert device.sync()["history"].state == "ok"
    assert held(device.open("history")) == here(device.vault)
    assert look(device, "history", deep=True).ok


def test_a_repository_that_moved_since_its_last_proof_is_only_begun_anew_when_a_person_says_so(device: Device) -> None:
    other = Device(device.stores, "desk", kinds=("git",))
    other.vault.add(talk(4, day=21))
    assert other.sync()["history"].state == "ok"
    flip(git_object(device.stores / "history", ""))
    report = device.sync()["history"]
    assert (report.state, "--rebuild" in report.error) == ("damaged", True)
    assert device.sync("history", rebuild=True)["history"].state == "ok"
    assert other.sync()["history"].state == "ok"
    assert device.sync()["history"].state == "ok"
    assert held(device.open("history")) == here(device.vault) == here(other.vault)
    other.vault.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_replica_that_is_not_there_is_told_and_the_others_are_read(device: Device, name: str) -> None:
    shutil.rmtree(device.stores / name)
    verdict = look(device, *NAMES)
    by_name = {store.name: store for store in verdict.stores}
    assert (by_name[name].ok, by_name[name].exit_code) == (False, 3)
    assert "not there" in by_name[name].error
    assert all(store.ok for other, store in by_name.items() if other != name)


def test_a_proof_counts_as_one_for_the_health_of_the_replica(device: Device) -> None:
    device.time.pass_minutes(90)
    look(device, "disk")
    assert device.standing("disk").verified_at == "2026-11-23T13:30:00.000Z"
    assert device.standing("history").verified_at == "2026-11-23T12:00:00.000Z"


def test_a_replica_never_synced_is_not_noted_as_proven(device: Device) -> None:
    with device.vault.transaction() as sql:
        sql.execute("DELETE FROM replicas")
    assert look(device, "disk").ok
    assert device.ledger("disk").standing() is None


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("conversations", "UPDATE conversations SET title = 'Another' WHERE id = 1"),
        ("revisions", "UPDATE revisions SET head = 0 WHERE seq = 3"),
        (
            "messages",
            "UPDATE messages SET author = 'Nobody' WHERE id = (SELECT min(id) FROM messages)",
        ),
        ("conflicts", "INSERT INTO conflicts VALUES (1, 'about', 'edit')"),
        ("blobs", "INSERT INTO blobs VALUES (x'00', 1)"),
        ("edges", "INSERT INTO edges VALUES (x'00', x'01')"),
    ],
)
def test_a_value_that_changed_in_a_row_is_noticed_and_the_index_is_made_anew(
    device: Device, table: str, change: str
) -> None:
    good = dump(device.vault)
    with device.vault.transaction() as sql:
        sql.execute(change)
    assert index_faults(device.vault) == [f"The table {table} differs from the records."]
    assert look(device).ok
    local = look(device, deep=True).stores[0]
    assert {fault.where for fault in local.corrupt} == {"index.db"}
    assert dump(device.vault) == good
    device.sync()
    assert look(device, *NAMES, deep=True).ok


def test_a_missing_blob_is_found_also_when_the_index_forgot_that_it_is_needed(device: Device) -> None:
    records, blobs = with_blob(1, b"picture")
    device.vault.add(records, blobs)
    device.sync()
    blob_file(device.vault.path, *blobs).unlink()
    with device.vault.transaction() as sql:
        sql.execute("DELETE FROM blobs")
    assert records[0].rev.conversation in look(device, deep=True).stores[0].missing


def test_words_that_the_full_text_lost_are_noticed(device: Device) -> None:
    with device.vault.transaction() as sql:
        sql.execute("INSERT INTO words (words) VALUES ('delete-all')")
    assert index_faults(device.vault)
    assert not look(device, deep=True).ok
    assert look(device, deep=True).ok


def test_it_stops_on_request_and_tells_how_far_it_is(device: Device) -> None:
    told: list[events.SyncEvent] = []
    verify(device.vault, [device.open("disk")], listener=told.append)
    assert {(event.replica, event.step) for event in told if isinstance(event, events.SyncProgressed)} == {
        ("", "verify"),
        ("disk", "verify"),
    }
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        verify(device.vault, [device.open("disk")], cancel=stop)


def test_a_line_that_is_being_written_is_no_damage(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    real, more = sessions.read, talk(1, count=1, first=9)
    file = session(device.vault.path, 1)

    def read(path: Path, start: int = 0) -> sessions.Content:
        if path != file or not more:
            return real(path, start)
        whole = file.read_bytes()
        file.write_bytes(whole + more[0].line[:40])  # as somebody sees it who looks while another one writes
        found = real(path, start)
        file.write_bytes(whole)
        with Vault.open(device.vault.path, now=device.time) as other:
            other.add([more.pop()])
        return found

    monkeypatch.setattr(sessions, "read", read)
    local = look(device).stores[0]
    assert (local.ok, local.missing, local.corrupt) == (True, [], [])
    assert not list(device.vault.quarantine.path.glob("*"))


def test_what_others_write_while_the_index_is_compared_gets_a_digest_of_its_own(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.vault.add(talk(1, count=1, first=8))
    late = talk(1, count=1, first=9)

    def slow_digest(ids: Iterable[str]) -> str:
        if late and not device.vault.sql.in_transaction:  # nothing keeps others from writing now
            with Vault.open(device.vault.path, now=device.time) as other:
                other.add([late.pop()])
        return conversation_digest(ids)

    monkeypatch.setattr(digests, "conversation_digest", slow_digest)
    assert index_faults(device.vault) == []

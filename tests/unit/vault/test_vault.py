"""The vault takes records in, keeps them, and mends what a crash or a stranger did to its files."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from netto_tui.errors import InvalidRecord, NewerFormat, UsageError, VaultError
from netto_tui.model.conversation import start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import Message, Record, Stamp, Text, mint
from netto_tui.recovery.index_check import index_faults
from netto_tui.sync.wanted import wanted
from netto_tui.vault import adding
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import NOON, Time, bodies, dump, new_vault, talk


def file_of(vault: Vault, records: list[Record]) -> Path:
    found = list(vault.sessions.rglob(f"{records[0].rev.conversation}.jsonl"))
    assert len(found) == 1
    return found[0]


def ids(records: list[Record]) -> set[bytes]:
    return {bytes.fromhex(record.id) for record in records}


def quarantined(vault: Vault) -> list[bytes]:
    return [path.read_bytes() for path in sorted(vault.quarantine.path.glob("*.bin"))]


def again(vault: Vault) -> Vault:
    """The same vault, closed and opened."""
    vault.close()
    return Vault.open(vault.path, now=vault.clock.now)


def test_adding_the_same_records_again_changes_nothing(vault: Vault) -> None:
    records = [*talk(1), *talk(2)]
    first = vault.add(records)
    before, digest = dump(vault, places=True), vault.digest()
    size = sum(path.stat().st_size for path in vault.sessions.rglob("*.jsonl"))
    second = vault.add([*records, *reversed(records)])
    assert (first.added, first.known, first.conversations) == (8, 0, {r.rev.conversation for r in records})
    assert (second.added, second.known, second.conversations) == (0, 8, set())
    assert dump(vault, places=True) == before
    assert vault.digest() == digest
    assert sum(path.stat().st_size for path in vault.sessions.rglob("*.jsonl")) == size


def test_the_digest_is_that_of_the_set_by_date(vault: Vault) -> None:
    talks = [talk(1, day=20), talk(2, day=21), talk(3, day=21)]
    vault.add([record for records in talks for record in records])
    days: dict[str, dict[str, str]] = {}
    for records in talks:
        digest = conversation_digest(record.id for record in records)
        days.setdefault(start_day(r.rev.at for r in records), {})[records[0].rev.conversation] = digest
    assert vault.digest() == root_digest({day: node_digest(children) for day, children in days.items()})


def test_an_empty_vault_has_the_digest_of_nothing(vault: Vault) -> None:
    assert vault.digest() == hashlib.sha256(b"").hexdigest()


def test_a_file_holds_the_very_bytes_of_the_records(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    assert file_of(vault, records).read_bytes() == b"".join(record.line + b"\n" for record in records)


def test_an_earlier_record_files_a_conversation_under_its_day(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    early = mint(records[0].rev.conversation, "about", records[0].rev.body, Stamp("2025-01-02T03:04:05.678Z", 0, "x"))
    vault.add([early])
    assert file_of(vault, records) == vault.sessions / "2025/01/02" / f"{early.rev.conversation}.jsonl"
    assert bodies(vault) == ids([*records, early])
    assert index_faults(vault) == []


def test_a_year_far_ahead_is_kept_and_can_be_asked_for(vault: Vault) -> None:
    name = conversation_id("test", "far")
    far = mint(name, "m_" + "1" * 32, Message("user", (Text("hello"),)), Stamp("9999-12-31T23:59:59.999Z", 0, "x"))
    assert vault.add([far]).ahead == 1
    assert vault.clock.stamp().at < "2026-11-23T12:06"
    with again(vault) as opened, opened.reader() as reader:
        assert [row.text for row in reader.messages(name)] == ["hello"]


@pytest.mark.parametrize("index_too", [False, True])
def test_a_torn_last_line_goes_to_quarantine_on_opening(vault: Vault, index_too: bool) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    whole = file.read_bytes()
    torn = records[0].line[:100]
    vault.close()
    file.write_bytes(whole + torn)
    os.utime(file.parent)  # a power cut is noticed by the boot id; a stranger by the folder's time
    if index_too:
        for part in vault.path.glob("index.db*"):
            part.unlink()
    with Vault.open(vault.path) as opened:
        assert bodies(opened) == ids(records)
        assert file.read_bytes() == whole
        assert quarantined(opened) == [torn]
        assert index_faults(opened) == []
        assert wanted(opened) == []
        assert opened.add(talk(1, 5)).added == 2


def test_after_a_reboot_every_file_is_looked_at(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    before = file.parent.stat()
    file.write_bytes(file.read_bytes()[:-10])
    os.utime(file.parent, ns=(before.st_atime_ns, before.st_mtime_ns))
    vault.sql.execute("UPDATE meta SET value = 'an earlier boot' WHERE key = 'boot'")
    with again(vault) as opened:
        assert bodies(opened) == ids(records[:-1])
        assert wanted(opened) == [records[0].rev.conversation]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bad_line_is_set_aside_and_the_conversation_is_wanted(vault: Vault, at: int) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    lines = file.read_bytes().splitlines(keepends=True)
    lines[at] = lines[at].replace(b"2026", b"2027", 1)
    file.write_bytes(b"".join(lines))
    name = records[0].rev.conversation
    assert {record.id for record in vault.records(name)} == {r.id for r in records} - {records[at].id}
    assert quarantined(vault) == [lines[at].rstrip(b"\n")]
    assert wanted(vault) == [name]
    assert index_faults(vault) == []
    assert vault.add(records).added == 1
    assert bodies(vault) == ids(records)


def test_a_bad_line_is_noticed_when_its_message_is_looked_up(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    file.write_bytes(file.read_bytes().replace(b"hello 1.1", b"hullo 1.1"))
    with pytest.raises(UsageError, match="damaged"):
        vault.item(records[0].rev.conversation, records[2].rev.item)
    with pytest.raises(UsageError, match="There is no"):
        vault.item(records[0].rev.conversation, records[2].rev.item)
    assert wanted(vault) == [records[0].rev.conversation]


def test_a_message_can_be_added_beside_a_rotten_header(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    file.write_bytes(file.read_bytes().replace(b"Talk 1", b"Tulk 1"))
    more = talk(1, 1, first=3)
    assert vault.add(more).added == 1
    vault.records(records[0].rev.conversation)
    assert bodies(vault) == ids([*records[1:], *more])
    assert wanted(vault) == [records[0].rev.conversation]


def test_a_missing_file_makes_its_conversation_wanted_and_comes_back_with_its_records(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file_of(vault, records).unlink()
    with again(vault) as opened:
        assert bodies(opened) == set()
        assert wanted(opened) == [records[0].rev.conversation]
        assert opened.digest() == hashlib.sha256(b"").hexdigest()
        opened.add(records)
        assert bodies(opened) == ids(records)
        assert index_faults(opened) == []


def test_a_vault_whose_folder_went_away_is_said_to_be_gone_and_not_made_again(vault: Vault) -> None:
    vault.add(talk(1))
    moved = vault.path.with_name("elsewhere")
    vault.path.rename(moved)
    vault.path.mkdir()  # as an empty mount point stays
    with pytest.raises(VaultError, match="gone"):
        vault.add(talk(2))
    vault.close()
    assert list(vault.path.iterdir()) == []
    vault.path.rmdir()
    moved.rename(vault.path)
    with Vault.open(vault.path) as again:
        assert len(again.records(talk(1)[0].rev.conversation)) == 4


def test_a_file_that_vanished_while_the_vault_was_open_loses_no_new_record(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file_of(vault, records).unlink()
    more = talk(1, 1, first=3)
    assert vault.add(more).added == 1
    assert bodies(vault) == ids(more)
    assert wanted(vault) == [records[0].rev.conversation]


def test_a_file_moved_to_another_day_is_put_back(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    file = file_of(vault, records)
    elsewhere = vault.sessions / "2024/02/29" / file.name
    elsewhere.parent.mkdir(parents=True)
    file.rename(elsewhere)
    with again(vault) as opened:
        assert file_of(opened, records) == file
        assert bodies(opened) == ids(records)
        assert wanted(opened) == []
        assert index_faults(opened) == []


def test_two_files_of_one_conversation_become_one(vault: Vault) -> None:
    records = talk(1, 5)
    vault.add(records[:4])
    elsewhere = vault.sessions / "2024/02/29" / file_of(vault, records).name
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"".join(record.line + b"\n" for record in records[2:]))
    with again(vault) as opened:
        assert file_of(opened, records)
        assert bodies(opened) == ids(records)
        assert index_faults(opened) == []


def test_a_record_in_the_file_of_another_conversation_goes_to_quarantine(vault: Vault) -> None:
    records, stranger = talk(1), talk(2)[0]
    vault.add(records)
    file = file_of(vault, records)
    file.write_bytes(file.read_bytes() + stranger.line + b"\n")
    with again(vault) as opened:
        opened.records(records[0].rev.conversation)
        assert bodies(opened) == ids(records)
        assert quarantined(opened) == [stranger.line]


def test_strange_files_and_links_among_the_sessions_are_left_alone(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    day = file_of(vault, records).parent
    (day / "notes.txt").write_text("mine")
    (day / f"c_{'0' * 32}.jsonl").symlink_to(file_of(vault, records))
    (vault.sessions / "tomorrow").mkdir()
    with again(vault) as opened:
        assert bodies(opened) == ids(records)
        assert (day / "notes.txt").read_text() == "mine"


def test_a_disk_that_refuses_leaves_every_file_as_it_was(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    records = talk(1)
    vault.add(records)
    before = file_of(vault, records).read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(VaultError, match="No space left"):
        patch.setattr(os, "fsync", full)
        vault.add([*talk(1, 2, first=3), *talk(2)])
    assert file_of(vault, records).read_bytes() == before
    assert bodies(vault) == ids(records)
    assert vault.add([*talk(1, 2, first=3), *talk(2)]).added == 6
    assert index_faults(vault) == []


def test_the_same_records_from_two_objects_at_once_are_stored_once(folder: Path) -> None:
    talks = [talk(number, 6) for number in range(8)]
    one = new_vault(folder / "vault")
    other = Vault.open(folder / "vault")
    failures: list[BaseException] = []

    def work(vault: Vault, order: list[list[Record]]) -> None:
        try:
            for records in order:
                for record in records:
                    vault.add([record])
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(one, talks)),
        threading.Thread(target=work, args=(one, talks[::-1])),
        threading.Thread(target=work, args=(other, talks[4:] + talks[:4])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with one, other:
        assert failures == []
        assert bodies(one) == ids([record for records in talks for record in records])
        assert one.digest() == other.digest()
        assert index_faults(one) == []


WRITER = """
import sys
from pathlib import Path
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import talk
with Vault.open(Path(sys.argv[1])) as vault:
    for number in map(int, sys.argv[2].split(",")):
        for record in talk(number, 5):
            vault.add([record])
"""


def test_two_processes_that_write_at_once_lose_nothing(vault: Vault) -> None:
    orders = ["0,1,2,3,4,5", "5,4,3,2,1,0"]
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(vault.path), order]) for order in orders]
    for number in range(3, 9):
        vault.add(talk(number, 5))
    assert [process.wait() for process in running] == [0, 0]
    assert bodies(vault) == ids([record for number in range(9) for record in talk(number, 5)])
    assert index_faults(vault) == []


def test_a_vault_that_is_held_says_so_after_its_patience(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    from netto_tui.errors import Busy

    other = Vault.open(vault.path)
    monkeypatch.setattr(other._lock._processes, "timeout", 0.05)
    with vault.transaction(), pytest.raises(Busy, match="Another process"):
        other.add(talk(1))
    other.close()


@pytest.mark.parametrize("junk", [b"", b"not a database", bytes(4096), b"SQLite format 3\0" + b"\xff" * 5000])
def test_an_index_that_is_no_database_is_kept_aside_and_made_anew(vault: Vault, junk: bytes) -> None:
    records = [*talk(1), *talk(2)]
    vault.add(records)
    before, digest = dump(vault), vault.digest()
    vault.close()
    for part in vault.path.glob("index.db-*"):
        part.unlink()
    (vault.path / "index.db").write_bytes(junk)
    with Vault.open(vault.path) as opened:
        assert dump(opened) == before
        assert opened.digest() == digest
        assert junk in [b"", *quarantined(opened)]


def test_losing_the_index_loses_nothing_but_where_records_came_from(vault: Vault) -> None:
    vault.add(talk(1), origin="disk")
    before, digest = dump(vault), vault.digest()
    vault.close()
    for part in vault.path.glob("index.db*"):
        part.unlink()
    with Vault.open(vault.path) as opened:
        assert dump(opened) == before
        assert opened.digest() == digest


def test_another_process_follows_when_the_index_is_made_anew(vault: Vault) -> None:
    other = Vault.open(vault.path)
    reader = other.reader()
    vault.add(talk(1))
    version = reader.version()
    vault.rebuild_index()
    other.add(talk(2))
    assert reader.version() != version
    assert reader.totals().conversations == 2
    assert vault.digest() == other.digest()
    reader.close()
    other.close()


def test_a_damaged_identity_comes_back_from_the_index(vault: Vault) -> None:
    identity, file = vault.identity, vault.path / ".netto" / "vault.json"
    good = file.read_bytes()
    for position in range(0, len(good), 7):
        vault.close()
        file.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        vault = Vault.open(vault.path)
        assert vault.identity == identity
        assert file.read_bytes() == good
    vault.close()
    file.unlink()
    with Vault.open(vault.path) as opened:
        assert opened.identity == identity


def test_without_identity_and_index_a_vault_is_not_guessed(vault: Vault) -> None:
    vault.add(talk(1))
    vault.close()
    for part in vault.path.glob("index.db*"):
        part.unlink()
    (vault.path / ".netto" / "vault.json").write_text("{}")
    with pytest.raises(VaultError) as caught:
        Vault.open(vault.path)
    assert caught.value.remedy
    assert list(vault.sessions.rglob("*.jsonl"))


def test_newer_formats_are_refused_and_left_as_they_are(folder: Path) -> None:
    from netto_tui.files import open_json, seal_json

    with new_vault(folder / "vault") as vault:
        vault.add(talk(1))
        file = vault.path / ".netto" / "vault.json"
    good = file.read_bytes()
    file.write_bytes(seal_json({**open_json(good), "format": "netto.vault/2"}))
    with pytest.raises(NewerFormat):
        Vault.open(folder / "vault")
    file.write_bytes(good)
    with Vault.open(folder / "vault") as vault:
        vault.sql.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerFormat, match="index"):
        Vault.open(folder / "vault")


def test_a_record_of_a_newer_format_stops_reading_and_is_not_touched(vault: Vault) -> None:
    records = talk(1)
    vault.add(records)
    raw = records[1].raw.replace(b"netto.revision/1", b"netto.revision/2")
    line = b'{"id":"' + hashlib.sha256(raw).hexdigest().encode() + b'","rev":' + raw + b"}\n"
    file = file_of(vault, records)
    file.write_bytes(file.read_bytes() + line)
    vault.close()
    with pytest.raises(NewerFormat), Vault.open(vault.path) as opened:
        opened.records(records[0].rev.conversation)
    assert file.read_bytes().endswith(line)
    assert not list(vault.quarantine.path.glob("*")) if vault.quarantine.path.exists() else True


def test_there_is_no_vault_where_none_was_made(folder: Path) -> None:
    with pytest.raises(VaultError, match="no vault"):
        Vault.open(folder / "nothing")
    with new_vault(folder / "vault"), pytest.raises(UsageError, match="already"):
        Vault.create(folder / "vault")


def test_nobody_else_can_read_what_a_vault_holds(vault: Vault) -> None:
    old = os.umask(0)
    try:
        vault.add(talk(1), {hashlib.sha256(b"blob").hexdigest(): b"blob"})
        vault.quarantine.keep("somewhere", b"bytes", "A test.")
    finally:
        os.umask(old)
    for path in vault.path.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_blobs_are_checked_on_the_way_in_and_out(vault: Vault) -> None:
    data = b"x" * 300_000
    sha256 = hashlib.sha256(data).hexdigest()
    vault.add(talk(1), {sha256: data})
    assert vault.blobs.get(sha256) == data
    assert list(vault.blobs.names()) == [sha256]
    assert vault.blobs.get("0" * 64) is None
    with pytest.raises(InvalidRecord):
        vault.blobs.put("0" * 64, data)
    file = vault.path / "blobs" / sha256[:2] / sha256[2:]
    file.write_bytes(data[:-1] + b"y")
    with pytest.raises(InvalidRecord, match="damaged"):
        vault.blobs.get(sha256)
    assert vault.blobs.take_out(sha256) == data[:-1] + b"y"
    assert not vault.blobs.has(sha256)


def test_the_same_find_is_quarantined_once_with_a_note(vault: Vault) -> None:
    kept = [vault.quarantine.keep("sessions/x\udcff@3", b"bytes", "It is a test.") for _ in range(2)]
    assert kept[0] == kept[1]
    assert kept[0].read_bytes() == b"bytes"
    (note,) = vault.quarantine.notes()
    assert note["reason"] == "It is a test."
    assert note["sha256"] == hashlib.sha256(b"bytes").hexdigest()
    assert json.dumps(note)


def test_large_additions_are_taken_in_parts_and_all_of_them(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "CHUNK_RECORDS", 7)
    monkeypatch.setattr(adding, "CHUNK_BYTES", 2000)
    records = [record for number in range(10) for record in talk(number)]
    assert vault.add(iter(records)).added == len(records)
    assert bodies(vault) == ids(records)
    assert index_faults(vault) == []


def test_the_clock_follows_what_was_seen_but_not_far_ahead(vault: Vault, time: Time) -> None:
    near = mint(conversation_id("t", "1"), "about", talk(1)[0].rev.body, Stamp("2026-11-23T12:04:00.000Z", 7, "b"))
    far = mint(conversation_id("t", "1"), "about", talk(1)[0].rev.body, Stamp("2026-11-23T13:00:00.000Z", 0, "b"))
    assert vault.add([far]).ahead == 1
    assert vault.clock.stamp().at == "2026-11-23T12:00:00.000Z"
    assert vault.add([near]).ahead == 0
    assert vault.clock.stamp() > near.rev.stamp
    assert time.ms == NOON


def test_a_write_that_fails_cuts_no_line_off_that_others_wrote(vault: Vault) -> None:
    vault.add([*talk(1), *talk(2, day=22)])
    longer = vault.sessions / "2026/11/22" / f"{talk(2)[0].rev.conversation}.jsonl"
    with longer.open("ab") as file:  # such as a folder that another program brought up to date
        file.writelines(record.line + b"\n" for record in talk(2, first=3, day=22))
    refused = vault.sessions / "2026/11/23" / f"{talk(1)[0].rev.conversation}.jsonl"
    kept = refused.rename(refused.with_suffix(".kept"))
    refused.mkdir()
    with pytest.raises(VaultError, match="did not take"):
        vault.add([*talk(2, count=1, first=9, day=22), *talk(1, count=1, first=9)])
    refused.rmdir()
    kept.rename(refused)
    assert bodies(Vault.open(vault.path)) >= {bytes.fromhex(r.id) for r in talk(2, first=3, day=22)}


def test_a_damaged_blob_is_put_right_by_the_same_bytes(vault: Vault) -> None:
    data = b"A picture of some length."
    sha256 = hashlib.sha256(data).hexdigest()
    vault.add([], {sha256: data})
    file = vault.path / "blobs" / sha256[:2] / sha256[2:]
    file.write_bytes(b"B" + data[1:])
    vault.add([], {sha256: data})
    assert vault.blobs.get(sha256) == data

"""What holds a credential stays off a plain replica on another machine, and nothing else does."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netto_tui.config import ReplicaConfig
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import About, Attachment, Message, Record, Stamp, Text, mint
from netto_tui.recovery.verify import StoreVerdict, verify
from netto_tui.replicas.base import Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN, SCREENED
from netto_tui.sync import events
from netto_tui.vault import memory
from tests.unit.sync.given import Device, files, held, here

KEY = "kW8rtq2ZzPq0vL4mYb7cXs1dNf6hJg3t"
LEAK = f"api_key = {KEY}"
TALK = conversation_id("leak", "talk")


class Cautious(Device):
    """A device that takes both of its replicas for plain ones on somebody else's machine, until it is told not to."""

    screened = True

    def open(self, name: str) -> Replica:
        configured = self.config.replica(name)
        envelope = SCREENED if self.screened else PLAIN
        cache = self.vault.path / ".netto" / "cache"
        return open_replica(
            name, configured.kind, configured.target, envelope, cache, "laptop", self.cancel, self.vault.clock.now
        )

    def stored(self) -> bytes:
        """All that lies on both replicas, unpacked; the listing of Git's objects included."""
        found = []
        for name in ("disk", "history"):
            with_all = self.open(name)
            found += [
                record.raw for each in with_all.read(sorted(with_all.changes("").names)) for record in each.records
            ]
            found += [with_all.read_view("memory/2026-11-22.md") or b""]
            with_all.close()
        return b"\n".join((*found, *files(self.stores / "disk").values()))

    def examine(self, *, deep: bool = True) -> list[StoreVerdict]:
        """What verification says of the vault and both replicas."""
        replicas = [self.open(name) for name in ("disk", "history")]
        try:
            return verify(self.vault, replicas, deep=deep).stores
        finally:
            for replica in replicas:
                replica.close()


def said(key: str, *parts: Text | Attachment, minute: int = 0, **more: Any) -> Record:
    stamp = Stamp(f"2026-11-22T10:{minute:02}:00.000Z", 0, "source:test")
    return mint(TALK, message_id(TALK, key), Message("user", parts, **more), stamp)


@pytest.fixture
def laptop(folder: Path) -> Iterator[Cautious]:
    made = Cautious(folder)
    yield made
    made.vault.close()


@pytest.fixture
def talk(laptop: Cautious) -> list[Record]:
    """A conversation of three messages, of which the second holds a key."""
    records = [
        said("1", Text("How do I call it?")),
        said("2", Text(f"With {LEAK}, like this."), minute=1),
        said("3", Text("Thanks!"), minute=2),
    ]
    laptop.vault.add(records)
    return records


def test_only_the_message_with_the_key_is_left_out(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    for name in ("disk", "history"):
        replica = laptop.open(name)
        assert held(replica) == {talk[0].id, talk[2].id}
        replica.close()
    assert here(laptop.vault) == {record.id for record in talk}
    assert KEY.encode() not in laptop.stored()


def test_a_person_is_told_once_which_message_it_is(laptop: Cautious, talk: list[Record]) -> None:
    for _ in range(3):
        laptop.sync("disk")
    told = [each for each in laptop.told if isinstance(each, events.Alerted) and each.code == "withheld"]
    assert len(told) == 1
    assert talk[1].rev.item in told[0].text
    assert KEY not in told[0].text
    assert "allow_secrets" in told[0].text


def test_the_status_tells_how_many_conversations_are_not_there_whole(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    with laptop.vault.reader() as reader:
        assert {row.name: (row.state, row.withheld) for row in reader.replicas()} == {
            "disk": ("behind", 1),
            "history": ("behind", 1),
        }
    laptop.screened = False
    laptop.sync()
    with laptop.vault.reader() as reader:
        assert {(row.state, row.withheld) for row in reader.replicas()} == {("ok", 0)}


def test_nothing_more_is_written_while_nothing_changes(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    before = files(laptop.stores / "disk"), files(laptop.stores / "history")
    laptop.sync()
    assert (files(laptop.stores / "disk"), files(laptop.stores / "history")) == before


@pytest.mark.parametrize("deep", [False, True])
def test_verification_finds_no_fault_with_what_is_left_out(laptop: Cautious, talk: list[Record], deep: bool) -> None:
    laptop.sync()
    for verdict in laptop.examine(deep=deep):
        assert (verdict.ok, verdict.corrupt, verdict.missing) == (True, [], [])
        assert verdict.withheld == ([] if verdict.name == "local" else [TALK])


def test_later_messages_of_the_conversation_go_there(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    more = said("4", Text("One more thing."), minute=3)
    laptop.vault.add([more])
    laptop.sync()
    replica = laptop.open("history")
    assert held(replica) == {talk[0].id, talk[2].id, more.id}
    replica.close()
    assert KEY.encode() not in laptop.stored()


def test_what_is_there_already_is_not_taken_away(laptop: Cautious, talk: list[Record]) -> None:
    laptop.screened = False
    laptop.sync()
    laptop.screened = True
    laptop.vault.add([said("4", Text("One more thing."), minute=3)])
    laptop.lose_index()
    laptop.sync()
    replica = laptop.open("disk")
    assert {record.id for record in talk} <= held(replica)
    replica.close()


def test_all_of_it_goes_there_once_it_is_allowed(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    laptop.screened = False
    reports = laptop.sync()
    assert {report.state for report in reports.values()} == {"ok"}
    replica = laptop.open("disk")
    assert held(replica) == {record.id for record in talk}
    replica.close()
    assert all(verdict.ok and not verdict.withheld for verdict in laptop.examine())


@pytest.mark.parametrize(
    "record",
    [
        said("native", Text("Nothing here."), native={"env": {"API_KEY": KEY}}),
        mint(TALK, "about", About(title=f"With {LEAK}"), Stamp("2026-11-22T10:00:00.000Z", 0, "source:test")),
        said("escaped", Text('{"config": "{\\"api_key\\": \\"' + KEY + '\\"}"}')),
    ],
    ids=["in a field that is not shown", "in a title", "inside of escaped JSON"],
)
def test_no_other_place_of_a_record_lets_it_through(laptop: Cautious, record: Record) -> None:
    laptop.vault.add([said("1", Text("Hello.")), record])
    laptop.sync()
    assert KEY.encode() not in laptop.stored()
    assert b"Hello." in laptop.stored()


def test_a_file_with_a_key_stays_here_with_the_message_that_it_hangs_on(laptop: Cautious) -> None:
    data = (f"# settings\n{LEAK}\n" + "nothing more\n" * 40).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    record = said("1", Text("The file."), Attachment("settings.ini", "text/plain", len(data), sha256))
    laptop.vault.add([record, said("2", Text("Thanks."), minute=1)], {sha256: data})
    laptop.sync()
    replica = laptop.open("disk")
    assert (replica.read_blob(sha256), record.id in held(replica)) == (None, False)
    replica.close()
    assert all(verdict.ok for verdict in laptop.examine())


def test_a_clone_reads_the_daily_files_without_a_word_of_the_key(laptop: Cautious, talk: list[Record]) -> None:
    laptop.sync()
    with laptop.vault.reader() as reader:
        assert KEY in memory.render(reader, "2026-11-22").decode()
    replica = laptop.open("disk")
    view = replica.read_view("memory/2026-11-22.md") or b""
    replica.close()
    assert b"Thanks!" in view
    assert KEY.encode() not in view


@pytest.mark.parametrize(
    ("kind", "target", "more", "screened"),
    [
        ("github", "owner/repo", {"plain": True}, True),
        ("firestore", "project/uid", {"plain": True}, True),
        ("git", "https://example.org/chats.git", {"plain": True}, True),
        ("git", "git@example.org:chats.git", {"plain": True}, True),
        ("git", "/mnt/disk/chats.git", {"plain": True}, False),
        ("folder", "/mnt/disk/chats", {"plain": True}, False),
        ("github", "owner/repo", {"plain": True, "allow_secrets": True}, False),
        ("github", "owner/repo", {}, False),
    ],
)
def test_plain_replicas_on_other_machines_are_screened(
    kind: str, target: str, more: dict[str, Any], screened: bool
) -> None:
    configured = dataclasses.replace(ReplicaConfig("copy", kind, target), **more)
    assert configured.screened is screened

"""A vault and replicas of any kind, all equal, with something of every kind of record in them."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netto_tui.config import Options
from netto_tui.model.clock import to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Attachment, Message, Record, Stamp, Text, mint
from netto_tui.recovery.verify import verify
from netto_tui.replicas import github_client
from netto_tui.replicas.base import Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, sync_all
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.contract import firestore_places, github_places
from tests.unit.vault.talks import Time, new_vault, talk

LATER = to_ms("2026-11-27T12:00:00.000Z")
BLOBS = [bytes([number]) * 3000 for number in range(3)]


def with_blob(number: int) -> Record:
    """A message with a picture."""
    data = BLOBS[number]
    picture = Attachment(name="a.png", bytes=len(data), blob=hashlib.sha256(data).hexdigest())
    name = conversation_id("test", str(number))
    stamp = Stamp("2026-11-23T10:00:00.000Z", 0, "source:test")
    return mint(name, message_id(name, "picture"), Message("user", (Text("Look."), picture)), stamp)


@dataclass
class Place:
    """A vault that is open, its replicas, and what was told."""

    vault: Vault
    replicas: list[Replica]
    told: list[events.SyncEvent]

    def sync(self, replicas: Sequence[Replica] = (), rebuild: Sequence[str] = ()) -> list[events.PassReport]:
        engine = Engine(self.vault, Journal(self.vault, self.told.append))
        return sync_all(engine, list(replicas) or self.replicas, rebuild=rebuild)

    def mend(self, what: str = "") -> None:
        """What a person does after a loss: verify, sync, and say where asked that a replica is to be rebuilt.

        what: named when it does not help.
        """
        verify(self.vault, self.replicas, deep=True)
        reports = self.sync()
        damaged = [report.name for report in reports if report.error]
        if damaged:  # an unreadable identity over something that may be another's
            assert "--rebuild" in "".join(report.error for report in reports), (what, reports)
            reports = self.sync(rebuild=damaged)
        assert not any(report.error for report in reports), (what, reports)

    def everywhere(self) -> list[dict[str, str]]:
        """For the vault and each replica: every record and blob that reads back good, by name."""
        found = [{}]
        for (name,) in self.vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall():
            found[0] |= {record.id: name for record in self.vault.records(name)}
        for replica in self.replicas:
            names = sorted(replica.changes("").names)
            found.append({r.id: r.rev.conversation for held in replica.read(names) for r in held.records})
        for data in BLOBS:
            sha256 = hashlib.sha256(data).hexdigest()
            for held, read in zip(found, (self.vault.blobs.get, *(r.read_blob for r in self.replicas)), strict=True):
                assert read(sha256) in (None, data)
                held |= {sha256: "blob"} if read(sha256) == data else {}
        return found


DISKS = ("folder", "git")
CLOUDS = ("github", "firestore")


def target(folder: Path, kind: str) -> tuple[str, Options]:
    """Where the replica of a kind lies that belongs to the stores in a folder."""
    if kind in DISKS:
        return str(folder / kind), Options()
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    if kind == "github":
        os.environ["NETTO_GITHUB_TOKEN"] = github_places.server().token
        github_client.BURST = 10_000
        return f"alice/stores-{name}", Options(api_url=github_places.server().url)
    os.environ["FIRESTORE_EMULATOR_HOST"] = firestore_places.server().address
    return f"stores-{name}/someone", Options(daily_reads=0, daily_writes=0)


@contextmanager
def opened(folder: Path, kinds: Sequence[str] = DISKS, vault: str = "vault") -> Iterator[Place]:
    """A vault in a folder, four days after it was made, with its replicas beside it or at servers."""
    with Vault.open(folder / vault, now=Time(LATER)) as held:
        cancel = threading.Event()
        cache = held.path / ".netto" / "cache"
        replicas = []
        for kind in kinds:
            where, options = target(folder, kind)
            replicas.append(open_replica(kind, kind, where, PLAIN, cache, held.device, cancel, held.clock.now, options))
        try:
            yield Place(held, replicas, [])
        finally:
            close_all(replicas)


def build(folder: Path, kinds: Sequence[str] = DISKS, *, conversations: int = 3) -> None:
    """Make the vault and its replicas, and make them equal."""
    if "firestore" in kinds:
        firestore_places.server().create(target(folder, "firestore")[0].partition("/")[0])
    with new_vault(folder / "vault", zone="Europe/Lisbon") as vault:
        records = [record for number in range(conversations) for record in talk(number, day=20 + number % 4)]
        vault.add(records, {})
        vault.add([with_blob(number) for number in range(3)], {hashlib.sha256(d).hexdigest(): d for d in BLOBS})
        begun = writing.log(vault, None, "user", "Something of our own.", title="Ours")
        writing.edit(vault, begun.rev.conversation, begun.rev.item, "Something better.")
    with opened(folder, kinds) as place:
        assert [(report.state, report.error) for report in place.sync()] == [("ok", "")] * len(kinds)

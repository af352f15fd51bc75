"""A vault and replicas of any kind, all equal, with something of every kind of record in them.

The replicas are plain, or sealed with real keys: then the file `paper` in the folder has the recovery code, and
`device.key` is the key of its devices.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from netto_tui.config import Options
from netto_tui.model.clock import to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Attachment, Message, Record, Stamp, Text, mint
from netto_tui.recovery.restore import RestoreReport, restore_to
from netto_tui.recovery.verify import verify
from netto_tui.replicas import github_client
from netto_tui.replicas.base import Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security import custody, device_key, slots
from netto_tui.security.envelope import PLAIN, Envelope, Sealed
from netto_tui.security.secret import Secret
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, sync_all
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.contract import firestore_places, github_places
from tests.servers import quick_slots
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
        found: list[dict[str, str]] = [{}]
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


VAULT = "v_" + "7" * 32
"""The vault of all stores."""

PAPER = "paper"
"""Where the recovery code of sealed stores is written down."""

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
def device(folder: Path, key: str = "device.key") -> Iterator[None]:
    """Be a device whose key is in a file of the folder; new slots take no seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(device_key.FILE_VARIABLE, str(folder / key))
        patch.setattr(slots, "seal", quick_slots.seal)
        yield


def code(folder: Path) -> Secret:
    """The recovery code of sealed stores, from the paper."""
    return Secret((folder / PAPER).read_text())


def envelope(folder: Path, vault: Vault) -> Envelope:
    """How the stores of a folder are sealed."""
    if not (folder / PAPER).exists():
        return PLAIN
    return Sealed(lambda: custody.load(vault.path, vault.id))


@contextmanager
def opened(
    folder: Path, kinds: Sequence[str] = DISKS, vault: str = "vault", *, key: str = "device.key"
) -> Iterator[Place]:
    """A vault in a folder, four days after it was made, with its replicas beside it or at servers.

    key: the file with the key of the device.
    """
    with device(folder, key), Vault.open(folder / vault, now=Time(LATER)) as held:
        cancel = threading.Event()
        cache = held.path / ".netto" / "cache"
        replicas = []
        for kind in kinds:
            where, options = target(folder, kind)
            seal = envelope(folder, held)
            replicas.append(open_replica(kind, kind, where, seal, cache, held.device, cancel, held.clock.now, options))
        try:
            yield Place(held, replicas, [])
        finally:
            close_all(replicas)


def enroll(folder: Path, kinds: Sequence[str] = DISKS, vault: str = "vault") -> None:
    """Bring the keys of sealed stores to a device, from its first replica and the paper."""
    if (folder / PAPER).exists():
        with opened(folder, kinds[:1], vault) as place:
            custody.enroll(place.vault.path, place.vault.id, place.replicas[0].slots(), code(folder))


def restore_alone(folder: Path, kind: str) -> RestoreReport:
    """Everything but one replica and the paper is lost: make the vault again from these."""
    for lost in ("vault", *(each for each in DISKS if each != kind)):
        shutil.rmtree(folder / lost, ignore_errors=True)
    (folder / "device.key").unlink(missing_ok=True)
    quick_slots.forget()
    sealed = (folder / PAPER).exists()
    Vault.create(folder / "vault", device="other", zone="UTC", vault_id=VAULT if sealed else "v_" + "0" * 32).close()
    enroll(folder, [kind])
    with opened(folder, [kind]) as place:
        report = restore_to(folder / "new", place.replicas[0])
    if sealed:
        shutil.copytree(custody.folder(folder / "vault"), custody.folder(folder / "new"))
    shutil.rmtree(folder / "vault")
    (folder / "new").rename(folder / "vault")
    return report


def build(folder: Path, kinds: Sequence[str] = DISKS, *, conversations: int = 3, sealed: bool = False) -> None:
    """Make the vault and its replicas, and make them equal."""
    if "firestore" in kinds:
        firestore_places.server().create(target(folder, "firestore")[0].partition("/")[0])
    with device(folder), new_vault(folder / "vault", zone="Europe/Lisbon") as vault:
        if sealed:
            _, made = custody.make(vault.path, vault.id)
            (folder / PAPER).write_text(made.text.reveal())
        records = [record for number in range(conversations) for record in talk(number, day=20 + number % 4)]
        vault.add(records, {})
        vault.add([with_blob(number) for number in range(3)], {hashlib.sha256(d).hexdigest(): d for d in BLOBS})
        begun = writing.log(vault, None, "user", "Something of our own.", title="Ours")
        writing.edit(vault, begun.rev.conversation, begun.rev.item, "Something better.")
    with opened(folder, kinds) as place:
        assert [(report.state, report.error) for report in place.sync()] == [("ok", "")] * len(kinds)

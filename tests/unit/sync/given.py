"""A device with a vault, real replicas and a clock that stands, for the tests of sync and recovery."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from netto_tui.config import Config, ReplicaConfig
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Attachment, Message, Record, Stamp, Text, mint
from netto_tui.replicas.base import Batch, Replica
from netto_tui.sync import events
from netto_tui.sync.ledger import Ledger, Standing
from netto_tui.sync.round import close_all, new_engine, open_configured, sync_all
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import Time, new_vault

Wrap = Callable[[Replica], Any]


class Device:
    """One device of a person: its vault, and replicas `disk` (a folder) and `history` (Git).

    stores: where the replicas lie; two devices with the same one share them. wraps: by name, what
    stands between the engine and a replica. told: every event so far.
    """

    def __init__(self, stores: Path, name: str = "laptop", *, kinds: Sequence[str] = ("folder", "git")) -> None:
        self.time = Time()
        self.stores = stores
        self.vault = new_vault(stores / name, device=name, now=self.time)
        names = {"folder": "disk", "git": "history"}
        places = [ReplicaConfig(names[kind], kind, str(stores / names[kind]), plain=True) for kind in kinds]
        self.config = Config(replicas=tuple(places))
        self.told: list[events.SyncEvent] = []
        self.wraps: dict[str, Wrap] = {}
        self.cancel = threading.Event()

    def open(self, name: str) -> Replica:
        """A replica, opened anew as every round does, behind its wrap."""
        replica = open_configured(self.vault, self.config.replica(name), self.cancel)
        if name in self.wraps:
            replica = self.wraps[name](replica)
        return replica

    def sync(self, *names: str, rebuild: bool = False, complete: bool = True) -> dict[str, events.PassReport]:
        """One round over some replicas, or all; the reports by name."""
        replicas = [self.open(name) for name in names or [each.name for each in self.config.replicas]]
        engine = new_engine(self.vault, self.config, self.told.append)
        chosen = [each.name for each in replicas] if rebuild else []
        try:
            reports = sync_all(engine, replicas, rebuild=chosen, complete=complete)
        finally:
            close_all(replicas)
        return {report.name: report for report in reports}

    def run(self, name: str, *, rebuild: bool = False) -> events.PassReport:
        """A single pass over one replica."""
        replica = self.open(name)
        try:
            return new_engine(self.vault, self.config, self.told.append).run(replica, rebuild=rebuild)
        finally:
            replica.close()

    def ledger(self, name: str) -> Ledger:
        """What is known of a replica."""
        configured = self.config.replica(name)
        return Ledger(self.vault, name, configured.kind, configured.target)

    def standing(self, name: str) -> Standing:
        """How a replica stands that was synced before."""
        found = self.ledger(name).standing()
        assert found is not None
        return found

    def alerts(self) -> list[str]:
        """The codes of everything a person was told."""
        return [event.code for event in self.told if isinstance(event, events.Alerted)]

    def restart(self) -> None:
        """Close the vault and open it again."""
        self.vault.close()
        self.vault = Vault.open(self.vault.path, now=self.time)

    def lose_index(self) -> None:
        """Delete the index, and with it the ledger."""
        self.vault.close()
        for file in self.vault.path.glob("index.db*"):
            file.unlink()
        self.vault = Vault.open(self.vault.path, now=self.time)


class Wrapped:
    """A real replica of which a test changes some answers."""

    def __init__(self, real: Replica) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Counted(Wrapped):
    """Counts what is written."""

    written = 0

    def add(self, batch: Batch, expected: str) -> str:
        Counted.written += 1
        return self.real.add(batch, expected)


def held(replica: Replica) -> set[str]:
    """The names of all revisions that a replica holds."""
    return {record.id for each in replica.read(sorted(replica.changes("").names)) for record in each.records}


def here(vault: Vault) -> set[str]:
    """The names of all revisions that a vault has on disk."""
    names = [row[0] for row in vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()]
    return {record.id for name in names for record in vault.records(name)}


def files(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, locks apart."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != "lock")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def with_blob(number: int, data: bytes) -> tuple[list[Record], dict[str, bytes]]:
    """A conversation of one message with a file attached, and the file by its name."""
    sha256 = hashlib.sha256(data).hexdigest()
    name = conversation_id("test-blob", str(number))
    parts = (Text("See the picture."), Attachment("picture.png", "image/png", len(data), sha256))
    stamp = Stamp("2026-11-22T10:00:00.000Z", 0, "source:test")
    return [mint(name, message_id(name, "0"), Message("user", parts), stamp)], {sha256: data}


def blob_file(root: Path, sha256: str) -> Path:
    """Where a blob lies in a vault or a folder replica."""
    return root / "blobs" / sha256[:2] / sha256[2:]


def session_files(root: Path) -> list[Path]:
    """The session files of a vault or a folder replica."""
    return sorted((root / "sessions").rglob("*.jsonl"))

"""A vault with its settings on disk, replicas beside it, and workers over it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from netto_tui.config import Config, ReplicaConfig, SourceConfig, save
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN
from netto_tui.sync.worker import Worker
from tests.unit.sync.given import held
from tests.unit.sync.told import SECONDS, Told, ticks
from tests.unit.vault.talks import Time, new_vault


class Place:
    """A vault with its settings on disk, and workers over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = Time()
        self.told = Told()
        self.vault = new_vault(folder / "vault", now=self.time)
        self.workers: list[Worker] = []
        self.configure()

    def configure(self, *, replicas: tuple[ReplicaConfig, ...] = (), sources: tuple[SourceConfig, ...] = ()) -> None:
        usual = (
            ReplicaConfig("disk", "folder", str(self.folder / "disk"), plain=True),
            ReplicaConfig("history", "git", str(self.folder / "history"), plain=True),
        )
        save(self.vault.path / "config.toml", Config(replicas=replicas or usual, sources=sources))

    def start(self, told: Told | None = None) -> Worker:
        begun = Worker(self.vault.path, told or self.told, now=self.time)
        self.workers.append(begun)
        begun.start()
        return begun

    def begin(self) -> Worker:
        """Start a worker and wait until its first round is over."""
        begun = self.start()
        self.told.passes("history", 1)
        ticks(1)
        return begun

    def there(self, name: str) -> set[str]:
        kind = {"disk": "folder", "history": "git"}[name]
        replica = open_replica(
            name, kind, str(self.folder / name), PLAIN, self.folder / "cache", "eye", threading.Event(), self.time
        )
        return held(replica)


def hold_the_first_write(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The folder's first write tells that it began and waits for leave to go on."""
    from netto_tui.replicas.folder import Folder

    inside, go_on = threading.Event(), threading.Event()
    real = Folder.add

    def add(self: Folder, *arguments: Any) -> str:
        inside.set()
        assert go_on.wait(SECONDS)
        return real(self, *arguments)

    monkeypatch.setattr(Folder, "add", add)
    return inside, go_on

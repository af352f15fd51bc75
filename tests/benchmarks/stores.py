"""A vault with a folder and a Git replica, and restic and git as peers on the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netto_tui.config import Config, ReplicaConfig
from netto_tui.sync.events import PassReport
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.measure import Timing, timed


@dataclass
class Stores:
    """A vault of some conversations, and where its replicas and those of the peers are to be."""

    root: Path
    conversations: int
    messages: int = 10

    def __post_init__(self) -> None:
        self.vault = Vault.create(self.root / "vault", zone="UTC")
        made = corpus.conversations(self.conversations * self.messages * 2, self.messages)
        for _ in range(self.conversations):
            self.vault.add(next(made))
        self.vault.digest()
        kinds = ("folder", "git")
        places = [ReplicaConfig(kind, kind, str(self.root / kind), plain=True) for kind in kinds]
        self.config = Config(replicas=tuple(places))
        self.reports: dict[str, PassReport] = {}

    def sync(self, *names: str) -> Timing:
        """One round over some replicas, as `netto-tui sync` makes it, in this process."""
        replicas = open_replicas(self.vault, self.config, names)
        try:
            with timed() as timing:
                reports = sync_all(new_engine(self.vault, self.config, lambda _event: None), replicas)
        finally:
            close_all(replicas)
        assert all(report.state == "ok" for report in reports), reports
        self.reports.update({report.name: report for report in reports})
        return timing

    def restic(self, *arguments: str) -> Timing:
        """Run restic on a repository of its own."""
        settings = {
            "RESTIC_REPOSITORY": str(self.root / "restic"),
            "RESTIC_PASSWORD": "bench",
            "RESTIC_CACHE_DIR": str(self.root / "cache"),
        }
        return _run(["restic", "--quiet", *arguments], self.root, settings)

    def git(self, *arguments: str) -> Timing:
        """Run git on the vault's session files."""
        where = [f"--git-dir={self.root / 'peer.git'}", f"--work-tree={self.vault.sessions}"]
        who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "core.fsync=all"]
        return _run(["git", *where, *who, *arguments], self.root, {})

    def close(self) -> None:
        """Close the vault."""
        self.vault.close()


def has(program: str) -> bool:
    """Whether a peer is installed."""
    return shutil.which(program) is not None


def _run(command: list[str], where: Path, settings: dict[str, str]) -> Timing:
    with timed() as timing:
        subprocess.run(command, cwd=where, env={**os.environ, **settings}, check=True, stdout=subprocess.DEVNULL)
    return timing


Run = Callable[[], Timing]

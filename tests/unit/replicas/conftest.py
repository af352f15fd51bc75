"""Git repositories for the tests of the git replica."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netto_tui.replicas.git import Git, open_repository
from netto_tui.security.envelope import PLAIN, Envelope
from tests.contract.stores import MARKER

START_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a test sets so that a server of its own is found is as it was afterwards."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Where the repository lies."""
    return tmp_path / "copy.git"


@pytest.fixture
def open_git(tmp_path: Path, repository: Path) -> Callable[..., Git]:
    """Opens the repository for a device; every look at the clock of all of them is a minute later."""
    ticks = iter(range(START_MS, START_MS + 10**10, 60_000))

    def opened(device: str = "laptop", target: str = "", envelope: Envelope = PLAIN) -> Git:
        place, cancel = target or str(repository), threading.Event()
        opened = open_repository(place, tmp_path / "cache" / device, cancel)
        return Git("copy", place, envelope, cancel, opened, device=device, now=lambda: next(ticks))

    return opened


@pytest.fixture
def replica(open_git: Callable[..., Git]) -> Git:
    """A claimed replica."""
    opened = open_git()
    opened.claim(MARKER)
    return opened


@pytest.fixture
def git(repository: Path) -> Callable[..., str]:
    """Runs the real Git on the repository and gives what it printed; skips where there is none."""
    if shutil.which("git") is None:
        pytest.skip("needs Git")

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run

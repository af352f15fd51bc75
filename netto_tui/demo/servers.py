"""The stand-ins for GitHub and Firestore beside a sample vault, so that both can be tried without an account.

They are part of the tests, so they are there in a checkout of the source and not in the wheel.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from netto_tui.config import ReplicaConfig, load, save
from netto_tui.errors import UsageError

PROJECT = "demo-netto"
READY_SECONDS = 30.0

_SOURCE = Path(__file__).resolve().parents[2]


@contextmanager
def running(root: Path, *, fresh: bool) -> Iterator[str]:
    """Both servers, with what they keep below `root`; gives the address of GitHub's.

    fresh: they begin empty. Their addresses and a token are in the environment meanwhile. Raises
    UsageError without the source of the servers, or where one does not begin.
    """
    if not (_SOURCE / "tests" / "servers").is_dir():
        raise UsageError(
            "The servers of the demo are part of the source, not of the installed program.",
            remedy="Run it in a checkout: make demo-servers",
        )
    hub, fire = root / "github", root / "firestore"
    if fresh:
        for folder in (hub, fire):
            shutil.rmtree(folder, ignore_errors=True)
    processes: list[subprocess.Popen[str]] = []
    try:
        told = json.loads(_start(processes, "tests.servers.github", "--root", str(hub), "--port", _port(hub)))
        address = _start(
            processes, "tests.servers.firestore", "--root", str(fire), "--port", _port(fire), "--project", PROJECT
        )
        _remember(hub, told["url"])
        _remember(fire, address)
        os.environ["NETTO_GITHUB_TOKEN"] = told["token"]
        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        yield told["url"]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def connect(vault: Path, url: str) -> None:
    """Have replicas at the servers among the settings of a vault, with the address of this time."""
    config = load(vault / "config.toml")
    kept = tuple(each for each in config.replicas if each.kind not in ("github", "firestore"))
    clouds = (
        ReplicaConfig("github", "github", "alice/netto-demo", plain=True, api_url=url),
        ReplicaConfig("firestore", "firestore", f"{PROJECT}/alice", plain=True),
    )
    save(vault / "config.toml", replace(config, replicas=(*kept, *clouds)))


def _start(processes: list[subprocess.Popen[str]], module: str, *options: str) -> str:
    """Start a server; the line it prints once it listens."""
    command = [sys.executable, "-m", module, *options]
    process = subprocess.Popen(command, cwd=_SOURCE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - our own program
    processes.append(process)
    if process.stdout is None or not select.select([process.stdout], [], [], READY_SECONDS)[0]:
        raise UsageError(f"{module} does not begin.", remedy="Run `make test` first: it installs what it needs.")
    line = process.stdout.readline().strip()
    if not line:
        raise UsageError(f"{module} ended at once.", remedy="Another demo may be using its folder; close that first.")
    return line


def _port(root: Path) -> str:
    """The port that a server had the last time, so that what was remembered of its address stays true."""
    try:
        port = (root.parent / f"{root.name}.port").read_text()
    except FileNotFoundError:
        return "0"
    return port if port.isdecimal() else "0"


def _remember(root: Path, address: str) -> None:
    (root.parent / f"{root.name}.port").write_text(address.rpartition(":")[2])

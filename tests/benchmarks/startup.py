"""Starting: the command line beside an empty Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.measure import Timing, interleaved, ms, ratio, scratch, show, timed

REPETITIONS = 9


def run(sizes: Sequence[int]) -> None:
    """Print a table, over a vault of the largest usual size."""
    size = max(size for size in (10_000, *sizes) if size <= 100_000)
    with scratch() as folder:
        path = folder / "vault"
        with Vault.create(path, zone="UTC") as vault:
            vault.add(record for conversation in corpus.conversations(size) for record in conversation)
            vault.digest()
        command = [sys.executable, "-m", "netto_tui"]
        lines = {
            "python -c pass": _child([sys.executable, "-c", "pass"]),
            "netto-tui --version": _child([*command, "--version"]),
            "netto-tui search": _child([*command, "--vault", str(path), "search", corpus.vocabulary()[100]]),
            "netto-tui list": _child([*command, "--vault", str(path), "list", "--limit", "20"]),
        }
        _table("Command line", lines, f"Goals: --version within 5x, search within 10x, over {size:,} messages.")


def _child(command: Sequence[str]) -> Callable[[], Timing]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled, so this has to be too

    def call() -> Timing:
        with timed() as timing:
            subprocess.run(command, check=True, capture_output=True, cwd=root, env=environment)
        return timing

    return call


def _table(title: str, runs: dict[str, Callable[[], Timing]], note: str) -> None:
    for call in runs.values():
        call()
    found = interleaved(runs, REPETITIONS)
    peer = next(iter(found.values()))
    rows = [
        [name, ms(t.wall), ms(t.cpu), ratio(t.wall, peer.wall), ratio(t.cpu, peer.cpu)] for name, t in found.items()
    ]
    show(title, ["command", "ms", "CPU ms", "time", "CPU"], rows, note)

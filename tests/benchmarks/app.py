"""The app beside the least that Textual can do: its first frame, what a key costs, search as one types, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from netto_tui.config import Config, save
from netto_tui.plural import number
from netto_tui.vault.vault import Vault
from tests.benchmarks import shelf
from tests.benchmarks.measure import Timing, interleaved, ms, percentile, ratio, show
from tests.tui.terminal import Terminal

REPETITIONS = 9
READY = "it is here"

_IMPORTED = f"import textual.app; print({READY!r}, end='', flush=True)"
_BARE = f"""
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static({READY!r})
Bare().run()
"""
ROOT = Path(__file__).resolve().parents[2]


def run(sizes: Sequence[int]) -> None:
    """Print the tables for each size; the goals are those for a million messages in 20,000 conversations."""
    bare = _driven("bare")
    for size in sizes:
        vault = shelf.filled(size)
        _first_frame(size, vault)
        ours = _driven(str(vault))
        _keys(size, bare["keys"], ours["keys"])
        _search(size, bare["keys"], ours["keys"])
        _memory(size, bare, ours)


_ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
"""What is installed is compiled, so this has to be too."""


def _driven(what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.driven", what]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **_ENVIRONMENT}
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# The first frame


def _first_frame(size: int, vault: Path) -> None:
    with Vault.open(vault) as opened, opened.reader() as reader:
        conversations = number(reader.totals().conversations)
    save(vault / "config.toml", Config(theme="netto-light", keys={"app.quit": "Q"}))  # as who has used it for a while
    ours = ["-m", "netto_tui"]
    runs = {
        "python, textual.app imported": _drawn(["-c", _IMPORTED], READY, vault),
        "a bare Textual app": _drawn(["-c", _BARE], READY, vault),
        "netto-tui": _drawn(ours, "Browse", vault),
        "netto-tui, the list filled": _drawn(ours, conversations, vault),
    }
    for call in runs.values():
        call()
    found = interleaved(runs, REPETITIONS)
    peer = found["a bare Textual app"]
    rows = [
        [name, ms(t.wall), ms(t.cpu), ratio(t.wall, peer.wall), ratio(t.cpu, peer.cpu)] for name, t in found.items()
    ]
    note = (
        "From the start of the process until its text is on the terminal. Goal: netto-tui within 1.5x of the bare app."
    )
    show(f"First frame, {size:,} messages", ["process", "ms", "CPU ms", "time", "CPU"], rows, note)


def _drawn(arguments: list[str], text: str, vault: Path) -> Callable[[], Timing]:
    """From the start of a process on a terminal until a text is drawn, by the clock and of processors."""

    def call() -> Timing:
        began = time.perf_counter()
        terminal = Terminal(*arguments, env={**_ENVIRONMENT, "NETTO_HOME": str(vault)})
        try:
            terminal.until(text.encode())
            return Timing(time.perf_counter() - began, _processor_seconds(terminal.pid))
        finally:
            terminal.close()

    return call


def _processor_seconds(pid: int) -> float:
    """What the threads of a process have had of processors; 0 where nobody tells."""
    told = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in told) / 1e9


# Keys


def _keys(size: int, bare: Mapping[str, Sequence[float]], ours: Mapping[str, Sequence[float]]) -> None:
    rows = [_row("a bare list of 20,000 lines, a key", bare["list"])]
    for name, what in (("conversations", "the list"), ("hits", "found messages"), ("transcript", "a transcript")):
        rows.append(_row(f"{what}, a key until it is drawn", ours[name]))
        rows.append(_row("… and what follows: the text beside", ours[f"{name}, what follows"]))
    note = "Work of the app's own thread for one key, of a processor. Goal: 16 ms at the median, 50 ms at p99."
    show(f"Scrolling, {size:,} messages, 120x40", _COLUMNS, rows, note)


_COLUMNS = ["what", "p50 ms", "p90 ms", "p99 ms", "max ms"]


def _row(what: str, took: Sequence[float]) -> list[str]:
    return [what, *(ms(percentile(took, share)) for share in (0.5, 0.9, 0.99)), ms(max(took))]


# Search


def _search(size: int, bare: Mapping[str, Sequence[float]], ours: Mapping[str, Sequence[float]]) -> None:
    rows = [
        _row("a bare line of text over 40 lines, a key until it is drawn", bare["drawn"]),
        _row("from a key to the first 50 hits with previews", ours["found"]),
        _row("… and handed to the list", ours["handed"]),
        _row("… until the exact list, days and text are drawn too", ours["drawn"]),
    ]
    note = (
        "Work of the app's threads, of a processor, without the wait for the next key: parse, ask, find, fetch and"
        " preview. Goal: p50 at most 2 ms, p99 at most 8 ms."
    )
    show(f"Search in the app, {size:,} messages", _COLUMNS, rows, note)


# Memory


def _memory(size: int, bare: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    rows = [
        [what, f"{taken / 2**20:.0f}", f"{(taken - bare['memory']) / 2**20:.0f}"]
        for what, taken in (
            ("bare Textual apps, after the same keys", bare["memory"]),
            ("netto-tui, filled, with what syncs loaded", ours["filled"]),
            ("netto-tui, after all of the above", ours["memory"]),
        )
    ]
    show(f"Memory, {size:,} messages", ["process", "MB", "MB more"], rows, "Goal: at most 60 MB more.")

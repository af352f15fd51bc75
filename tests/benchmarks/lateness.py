"""How late the app's loop is while it syncs, imports or verifies, beside an app that does nothing.

`python -m tests.benchmarks.lateness FOLDER MESSAGES` is the process that is measured; it prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netto_tui.config import Config, ReplicaConfig, save
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.driven import running
from tests.benchmarks.index_rate import write_claude_code
from tests.benchmarks.measure import ms, percentile, scratch, show

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

TICK_SECONDS = 0.01
IDLE_SECONDS = 5.0
PLACES = ("folder", "git")
ROOT = Path(__file__).resolve().parents[2]


def run(sizes: Sequence[int]) -> None:
    """Print one table, for a fifth of the largest usual size."""
    messages = max(size for size in (10_000, *sizes) if size <= 100_000) // 5
    with scratch() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.lateness", str(folder), str(messages)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout)
    rows = [
        [what, ms(percentile(took, 0.5)), ms(percentile(took, 0.99)), ms(max(took)), ms(max(own)), str(len(took))]
        for what, (took, own) in ((what, (each["late"], each["own"])) for what, each in found.items())
    ]
    note = (
        f"A timer of the loop each {TICK_SECONDS * 1000:.0f} ms, and how much later than asked it ran. `own`: without"
        " the wait for a processor that others had. Goal: 16 ms at the median, 100 ms at most."
    )
    show(
        f"The loop while {messages:,} messages move",
        ["work", "p50 ms", "p99 ms", "max ms", "own max ms", "ticks"],
        rows,
        note,
    )


class Ticks:
    """Watches the loop of the thread that it is made on."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own: list[float] = []
        self._waited = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")

    def _waited_seconds(self) -> float:
        return int(self._waited.read_text().split()[1]) / 1e9 if self._waited.exists() else 0.0

    async def during(self, work: Callable[[], Awaitable[object]]) -> None:
        """Tick until some work is done."""
        ended = asyncio.ensure_future(work())
        while not ended.done():
            due, waited = time.perf_counter() + TICK_SECONDS, self._waited_seconds()
            await asyncio.sleep(TICK_SECONDS)
            late = max(0.0, time.perf_counter() - due)
            self.late.append(late)
            self.own.append(max(0.0, late - (self._waited_seconds() - waited)))
        ended.result()


async def _measured(folder: Path, messages: int) -> dict[str, dict[str, list[float]]]:
    from netto_tui.tui.app import NettoApp
    from tests.benchmarks.bare import Nothing

    found: dict[str, dict[str, list[float]]] = {}

    async def measure(what: str, work: Callable[[], Awaitable[object]]) -> None:
        ticks = Ticks()
        await ticks.during(work)
        found[what] = {"late": ticks.late, "own": ticks.own}

    async with running(Nothing()):
        await measure("a bare Textual app, idle", partial(asyncio.sleep, IDLE_SECONDS))
    vault = _fill(folder, messages)
    app = NettoApp(vault)
    app.on_terminal = True  # as it is for a person: what is loaded is left out of garbage collections
    async with running(app):
        await measure("first full sync, a folder and Git", partial(_until_equal, app))
        await measure("nothing to do", partial(asyncio.sleep, IDLE_SECONDS))
        await measure("import", partial(_import, app, folder / "projects"))
        await measure("sync of what was imported", partial(_until_equal, app))
        await measure("verify, and every byte", partial(_verify, app))
    return found


def _fill(folder: Path, messages: int) -> Path:
    with Vault.create(folder / "vault", zone="UTC") as vault:
        vault.add(record for each in corpus.conversations(messages) for record in each)
        vault.digest()
    places = tuple(ReplicaConfig(kind, kind, str(folder / kind), plain=True) for kind in PLACES)
    save(folder / "vault" / "config.toml", Config(replicas=places))
    write_claude_code(folder / "projects", corpus.conversations(messages, seed=corpus.SEED + 1))
    return folder / "vault"


async def _until_equal(app: NettoApp) -> None:
    """Ask for a sync, and wait until every replica has all."""
    while app.worker is None or app.reader is None:
        await asyncio.sleep(0.05)
    app.worker.sync_now()
    while [row.state == "ok" and not row.pending for row in app.reader.replicas()] != [True] * len(PLACES):
        await asyncio.sleep(0.5)


async def _import(app: NettoApp, path: Path) -> None:
    from netto_tui.capture.ingest import ingest

    assert app.vault is not None
    await asyncio.to_thread(ingest, app.vault, [path])


async def _verify(app: NettoApp) -> None:
    from netto_tui.tui.recovering import run_verify

    assert app.vault is not None
    verdict = await asyncio.to_thread(run_verify, (), True, app.vault, app.bridge, threading.Event())
    assert verdict.ok, verdict


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    made: Any = asyncio.run(_measured(Path(sys.argv[1]), int(sys.argv[2])))
    print(json.dumps(made))

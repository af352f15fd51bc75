"""A round with nothing to do: flat in the number of conversations, beside restic and git on the same files."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.measure import Timing, interleaved, ms, ratio, scratch, show
from tests.benchmarks.stores import Run, Stores, has

REPETITIONS = 7


def run(sizes: Sequence[int]) -> None:
    """Print one table; a tenth of each size is the number of conversations."""
    rows = []
    for conversations in [size // 10 for size in sizes if size <= 100_000]:
        with scratch() as folder:
            stores = Stores(folder, conversations)
            try:
                rows += _compare(stores)
            finally:
                stores.close()
    columns = ["conversations", "work", "ms", "CPU ms", "requests", "of restic"]
    show("Nothing to do", columns, rows, "Goal: at most 0.1x of restic, and the same for ten times as many.")


def _compare(stores: Stores) -> list[list[str]]:
    """One look at every store, after everything was brought there."""
    stores.sync()
    stores.sync()
    runs: dict[str, Run] = {
        "netto-tui, folder": lambda: stores.sync("folder"),
        "netto-tui, git": lambda: stores.sync("git"),
    }
    missing = []
    if has("restic"):
        stores.restic("init")
        stores.restic("backup", str(stores.vault.sessions))
        runs["restic backup"] = lambda: stores.restic("backup", str(stores.vault.sessions))
    else:
        missing.append("restic")
    if has("git"):
        stores.git("-c", "init.defaultBranch=main", "init")
        stores.git("add", "--all")
        stores.git("commit", "--quiet", "--message", "all")
        runs["git status"] = lambda: stores.git("status", "--porcelain")
    else:
        missing.append("git")
    found = interleaved(runs, REPETITIONS)
    restic = found.get("restic backup", Timing())
    count = f"{stores.conversations:,}"
    rows = []
    for name, timing in found.items():
        kind = name.removeprefix("netto-tui, ")
        requests = str(stores.reports[kind].requests) if kind in stores.reports else ""
        rows.append([count, name, ms(timing.wall), ms(timing.cpu), requests, ratio(timing.wall, restic.wall)])
    return rows + [[count, name, "is not installed", "", "", ""] for name in missing]

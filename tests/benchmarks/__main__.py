"""`python -m tests.benchmarks [NAME...]`: tables of what netto-tui does, beside peers in the same run.

NETTO_BENCH_SIZES lists the numbers of messages (default 10000,100000; with 1000000 everything takes hours).
Search and the app are measured with a million as well unless sizes are named: to make that vault takes a
quarter of an hour and 5 GB, and NETTO_BENCH_VAULTS names a folder to keep it in. NETTO_BENCH_DIR names the
disk to work on. A peer that is not installed is left out, visibly.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
from importlib import import_module

NAMES = (
    "index_rate",
    "search",
    "pages",
    "append",
    "idle",
    "requests",
    "backup",
    "sealing",
    "startup",
    "lateness",
    "app",
)
WITH_A_MILLION = ("search", "app")


def main() -> None:
    """Run the benchmarks that are named, or all."""
    wanted = sys.argv[1:] or NAMES
    if unknown := set(wanted) - set(NAMES):
        sys.exit(f"There is no benchmark called {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
    chosen = os.environ.get("NETTO_BENCH_SIZES")
    sizes = [int(size) for size in (chosen or "10000,100000").split(",")]
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} processors")
    print("Compare within a table only: all of its rows were measured in turn on the same machine.")
    for name in wanted:
        began = time.perf_counter()
        import_module(f"tests.benchmarks.{name}").run(
            [*sizes, 1_000_000] if name in WITH_A_MILLION and not chosen else sizes
        )
        print(f"({name}: {time.perf_counter() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()

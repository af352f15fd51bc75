"""Taking times and showing them: wall and CPU beside each other, medians of interleaved runs."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp


@dataclass
class Timing:
    """Seconds that something took: by the clock, and of processors, those of child processes included."""

    wall: float = 0.0
    cpu: float = 0.0


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def timed() -> Iterator[Timing]:
    """Measure a block; the timing is filled in when it ends."""
    timing = Timing()
    cpu, wall = _cpu(), time.perf_counter()
    try:
        yield timing
    finally:
        timing.wall, timing.cpu = time.perf_counter() - wall, _cpu() - cpu


def interleaved(runs: Mapping[str, Callable[[], Timing]], repetitions: int) -> dict[str, Timing]:
    """Run each in turn, over and over, so that a busy moment hits all alike; the median of each."""
    found: dict[str, list[Timing]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            found[name].append(run())
    return {
        name: Timing(statistics.median(t.wall for t in timings), statistics.median(t.cpu for t in timings))
        for name, timings in found.items()
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ms(seconds: float) -> str:
    """Seconds as milliseconds, with about three digits."""
    value = seconds * 1000
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def ratio(one: float, other: float) -> str:
    """How many times the other value the one is."""
    return f"{one / other:.2f}x" if other else "–"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print a table in Markdown, padded so that it reads well in a terminal too."""
    table = [list(columns), *[list(row) for row in rows]]
    widths = [max(len(row[at]) for row in table) for at in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    print(f"\n### {title}\n", *lines, sep="\n")
    if note:
        print(f"\n{note}")
    print(flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards; NETTO_BENCH_DIR says on which disk."""
    path = Path(mkdtemp(prefix="netto-bench-", dir=os.environ.get("NETTO_BENCH_DIR")))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def directory_bytes(path: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())

"""Killed at any step of an import, of writing, of a pass or of a restore, nothing acknowledged is lost."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random

import pytest

from netto_tui.recovery.index_check import index_faults
from netto_tui.recovery.verify import verify
from netto_tui.vault import writing
from tests.faults import victim
from tests.faults.stores import build, opened
from tests.unit.vault.talks import new_vault, scratch, seeds


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """What there is before."""
    with scratch() as folder:
        build(folder / "work")
        (folder / "work").rename(folder / "full")
        (folder / "empty").mkdir()
        new_vault(folder / "empty" / "vault").close()
        yield folder


@lru_cache
def processes() -> ForkServerContext:
    """A server that has everything imported and forks victims."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.victim"])
    return context


def strike(kind: str, folder: Path, stop: int, seed: int) -> tuple[bool, list[str]]:
    """Run a victim; whether it was killed, and what it had said."""
    reading, writing_end = os.pipe()
    process = processes().Process(target=start, args=(kind, folder, stop, seed, os.getpid(), writing_end))
    process.start()
    process.join()
    os.close(writing_end)
    with os.fdopen(reading) as pipe:
        said = pipe.read().split("\n")[:-1]
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0, said


def start(kind: str, folder: Path, stop: int, seed: int, parent: int, pipe: int) -> None:
    """In the victim: work, with the parent's end of the pipe."""
    victim.run(kind, folder, os.open(f"/proc/{parent}/fd/{pipe}", os.O_WRONLY), stop, seed)


@pytest.fixture(scope="module")
def steps(template: Path) -> dict[str, int]:
    """How many steps each kind of work takes when nobody disturbs it."""
    found = {}
    for kind in victim.KINDS:
        with copy(template, kind) as folder:
            killed, said = strike(kind, folder, 0, 0)
            assert not killed
            found[kind] = int(said[-1].removeprefix("steps "))
    return found


@contextmanager
def copy(template: Path, kind: str) -> Iterator[Path]:
    """The stores at the place where they were made: elsewhere the ledger would take them for others."""
    folder = template / "work"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template / ("full" if kind in ("sync", "restore") else "empty"), folder, symlinks=True)
    yield folder


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", victim.KINDS)
def test_what_was_acknowledged_is_there_after_a_kill(
    kind: str, part: int, template: Path, steps: dict[str, int]
) -> None:
    for seed in seeds(28, 600)[part::4]:
        stop = Random(f"{kind} {seed}").randrange(1, steps[kind] + 1)
        with copy(template, kind) as folder:
            _, said = strike(kind, folder, stop, seed)
            try:
                check(kind, folder, {line for line in said if not line.startswith("steps")})
            except BaseException as error:
                error.add_note(f"NETTO_SEEDS={seed}-{seed}: {kind}, killed at step {stop} of {steps[kind]}")
                raise


def check(kind: str, folder: Path, acknowledged: set[str]) -> None:
    for lock in (folder / "git" / "refs").rglob("*.lock"):
        os.utime(lock, (0, 0))  # a while later: a fresh one may belong to somebody
    with opened(folder, ("folder", "git") if kind in ("sync", "restore") else ()) as place:
        vault = place.vault
        here = place.everywhere()[0].keys()
        assert acknowledged <= here
        assert len(here) >= (0 if kind in ("add", "log") else 21)
        assert index_faults(vault) == []
        assert verify(vault, []).ok
        writing.log(vault, None, "user", "It goes on.")
        if place.replicas:
            verify(vault, place.replicas, deep=True)
            assert [report.error for report in place.sync()] == ["", ""]
            verdict = verify(vault, place.replicas, deep=True)
            assert verdict.ok, verdict
            one, *others = place.everywhere()
            assert all(other == one for other in others)

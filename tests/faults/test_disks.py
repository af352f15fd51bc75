"""The kernel says no: full disks, broken disks and kills, injected into system calls with strace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.stores import build, opened
from tests.faults.test_kills import check
from tests.unit.vault.talks import new_vault, scratch, seeds

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink", "mkdir")
FAULTS = ("error=ENOSPC", "error=EIO", "signal=KILL")
STRACE = shutil.which("strace")


def can_trace() -> bool:
    command = [STRACE or "", "-qq", "-e", "inject=fsync:error=EIO", "true"]
    return STRACE is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_trace(), reason="strace is not here, or may not trace: no faults of the disk")


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """What there is before."""
    with scratch() as folder:
        build(folder / "work")
        (folder / "work").rename(folder / "full")
        new_vault(folder / "empty" / "vault").close()
        yield folder


def strike(kind: str, folder: Path, fault: str) -> tuple[int, set[str], str]:
    """Run a victim under a fault; its exit code, what it had acknowledged, and its last words."""
    trace = [STRACE or "", "-f", "-qq", "-o", os.devnull, "-e", f"inject={fault}"]
    done = subprocess.run(
        [*trace, sys.executable, "-m", "tests.faults.victim", kind, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return done.returncode, set(done.stdout.split("\n")[:-1]), done.stderr


@pytest.mark.parametrize("part", range(4))
def test_what_was_acknowledged_is_there_after_a_fault_of_the_disk(part: int, template: Path) -> None:
    for seed in seeds(8, 600)[part::4]:
        random = Random(seed)
        kind = random.choice(["add", "log", "sync", "restore"])
        when = f"{random.randrange(1, 60)}{random.choice(['', '', '+'])}"
        fault = f"{random.choice(CALLS)}:{random.choice(FAULTS)}:when={when}"
        folder = template / "work"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template / ("full" if kind in ("sync", "restore") else "empty"), folder, symlinks=True)
        code, said, words = strike(kind, folder, fault)
        try:
            assert code in (0, 3, -9, 137), words
            check(kind, folder, said)
        except BaseException as error:
            error.add_note(f"NETTO_SEEDS={seed}-{seed}: {kind} with {fault}: {words[-1500:]}")
            raise


def test_a_fault_of_the_disk_is_felt(template: Path) -> None:
    with scratch() as folder:
        shutil.copytree(template / "empty", folder, dirs_exist_ok=True)
        code, said, words = strike("add", folder, "fsync:error=ENOSPC:when=1+")
        assert (code, said) == (3, set())
        assert "No space left" in words
        with opened(folder, ()) as place:
            assert place.everywhere() == [{}]

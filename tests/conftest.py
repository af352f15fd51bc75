"""What all tests share: how hard Hypothesis tries, where their files lie, and that none waits for another's keyring.

Hypothesis has no time limit, since other work may run beside.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

from netto_tui.security import keyring_store
from netto_tui.security.bounded import Patience

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as the replica sets it; a stand-in server may be loaded before it

settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("usual"), max_examples=3000)
settings.load_profile("nightly" if os.environ.get("NETTO_NIGHTLY") else "usual")


ROOM = 4 << 30
"""Bytes that have to be free in memory for the files of tests; a tenth of it is used."""


def _keep_files_in_memory() -> None:
    """Have pytest make its folders in memory where that can be: a fifth of the time goes into waiting for disks."""
    with suppress(OSError):
        memory = os.statvfs("/dev/shm")  # noqa: S108  # pytest makes a folder there for this user alone
        if memory.f_bavail * memory.f_frsize > ROOM and not memory.f_flag & os.ST_NOEXEC:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")  # noqa: S108  # the same


_keep_files_in_memory()


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, since many tests wait for a server or a terminal."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave all modules and tests out of garbage collections, which are a tenth of the time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def keyring_calls() -> Iterator[None]:
    """A call to a keyring that hangs in one test is not waited for in the next one of the same process."""
    yield
    keyring_store._calls = Patience("netto-keyring")

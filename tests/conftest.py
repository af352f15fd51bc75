"""What all tests share: how hard Hypothesis tries, where their files lie, and that none waits for another's keyring.

Hypothesis has no time limit, since other work may run beside.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from netto_tui.security import keyring_store
from netto_tui.security.bounded import Patience
from tests.memory import DISK

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as the replica sets it; a stand-in server may be loaded before it
if DISK is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(DISK))

settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("usual"), max_examples=3000)
settings.load_profile("nightly" if os.environ.get("NETTO_NIGHTLY") else "usual")


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

"""A device with real replicas on a clock that stands; what failed is repeated at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from netto_tui.sync import worker
from tests.unit.sync.given import Device
from tests.unit.sync.told import SECONDS
from tests.unit.sync.working import Place
from tests.unit.vault.talks import scratch


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Repeat what failed at once, and twice."""
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder in memory."""
    with scratch() as made:
        yield made


@pytest.fixture
def device(folder: Path) -> Iterator[Device]:
    """A device with an empty vault, a folder and a Git replica; nothing was synced yet."""
    made = Device(folder)
    yield made
    made.vault.close()


@pytest.fixture
def phone(folder: Path) -> Iterator[Device]:
    """Another device of the same person, with the same replicas."""
    made = Device(folder, "phone")
    yield made
    made.vault.close()


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A vault whose workers look often; none of them outlives the test."""
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.02)
    made = Place(folder)
    yield made
    assert [each.stop(SECONDS) for each in made.workers] == [True] * len(made.workers)
    made.vault.close()

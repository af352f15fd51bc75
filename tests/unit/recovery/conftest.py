"""A device with real replicas on a clock that stands; what failed is repeated at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sync.conftest import folder, no_waiting
from tests.unit.sync.given import Device
from tests.unit.vault.talks import talk

__all__ = ["folder", "no_waiting"]


@pytest.fixture
def device(folder: Path) -> Iterator[Device]:
    """A device with three conversations on two days, which its folder and its Git replica have too."""
    made = Device(folder)
    made.vault.add([*talk(1, day=21), *talk(2, day=22), *talk(3, day=22)])
    assert {report.state for report in made.sync().values()} == {"ok"}
    yield made
    made.vault.close()

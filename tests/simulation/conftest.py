"""Nothing waits in a simulation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Repeat what failed at once, and twice."""
    with stamina.set_testing(True, attempts=2):
        yield

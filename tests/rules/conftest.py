"""A world of the rules as they ship, on Google's emulator."""

from __future__ import annotations

import pytest

from netto_tui import firebase
from tests.rules.world import World
from tests.servers.emulator import emulator, new_project, reason


@pytest.fixture(scope="session")
def world() -> World:
    """The shipped rules in force; skipped where the emulator is absent."""
    if why := reason():
        pytest.skip(f"SKIPPED: the security rules are not tried, since {why}")
    return World(emulator(), new_project(), firebase.rules())

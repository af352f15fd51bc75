"""A vault on a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import Time, new_vault, scratch


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder in memory."""
    with scratch() as made:
        yield made


@pytest.fixture
def time() -> Time:
    """The clock of the vault."""
    return Time()


@pytest.fixture
def vault(folder: Path, time: Time) -> Iterator[Vault]:
    """An empty vault."""
    with new_vault(folder / "vault", now=time) as made:
        yield made

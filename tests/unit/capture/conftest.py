from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.vault.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault", device="laptop", zone="UTC") as made:
        yield made

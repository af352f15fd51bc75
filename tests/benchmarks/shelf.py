"""Large vaults that several benchmarks use in one run; NETTO_BENCH_VAULTS names where to keep them for the next."""

from __future__ import annotations

import atexit
import os
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

from netto_tui.vault.tidying import tidy
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus

PER_CONVERSATION = 50
"""Messages, on average: a million in 20,000 conversations."""


def filled(size: int) -> Path:
    """A vault of so many messages, tidied as an app that rests leaves it; made the first time it is asked for."""
    path = _folder() / str(size)
    if not (path / "whole").exists():
        began = time.perf_counter()
        shutil.rmtree(path, ignore_errors=True)
        with Vault.create(path / "vault", zone="UTC") as vault:
            made = corpus.conversations(size, PER_CONVERSATION)
            vault.add(record for conversation in made for record in conversation)
            added = time.perf_counter()
            tidy(vault)
            vault.digest()
        (path / "whole").touch()
        took = f"{added - began:.0f} s, and {time.perf_counter() - added:.0f} s to tidy it"
        print(f"(made a vault of {size:,} messages in {took})", flush=True)
    return path / "vault"


_made: list[Path] = []


def _folder() -> Path:
    if kept := os.environ.get("NETTO_BENCH_VAULTS"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        return Path(kept)
    if not _made:
        _made.append(Path(mkdtemp(prefix="netto-bench-", dir=os.environ.get("NETTO_BENCH_DIR"))))
        atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
    return _made[0]

"""Where a vault lies when nobody says, and what lies where in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def default_vault() -> Path:
    """The vault's folder: `NETTO_HOME`, else the place for a person's data on this system."""
    if home := os.environ.get("NETTO_HOME"):
        return Path(home).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("netto-tui", appauthor=False)


def demo_vault() -> Path:
    """Where the sample vault of `netto-tui demo` is made: beside other things that can be made again."""
    from platformdirs import user_cache_path

    return user_cache_path("netto-tui", appauthor=False) / "demo"


@dataclass(frozen=True)
class Layout:
    """The names in a vault's folder. Records are the truth; index and memory are made from them."""

    root: Path

    @property
    def config(self) -> Path:
        """What a person decides; see netto_tui.config."""
        return self.root / "config.toml"

    @property
    def index(self) -> Path:
        """The SQLite index; it can be rebuilt."""
        return self.root / "index.db"

    @property
    def identity(self) -> Path:
        """Who this vault and this device are."""
        return self.root / ".netto" / "vault.json"

    @property
    def begun(self) -> Path:
        """How far the first steps of a new vault came in the app; it is gone when they are done."""
        return self.root / ".netto" / "begun.json"

    def named(self) -> dict[str, Path]:
        """Every place by name, for `netto-tui paths`."""
        return {
            "vault": self.root,
            "config": self.config,
            "sessions": self.root / "sessions",
            "memory": self.root / "memory",
            "blobs": self.root / "blobs",
            "quarantine": self.root / "quarantine",
            "index": self.index,
            "undo": self.root / "undo",
            "staging": self.root / "staging",
            "identity": self.identity,
        }

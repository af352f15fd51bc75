"""What the global options say, and what a command opens by them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.paths import Layout, default_vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from netto_tui.config import Config
    from netto_tui.model.query import Query
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.vault import Vault


@dataclass
class Session:
    """One run of the program. vault, config, json: the global options as given."""

    vault: Path | None = None
    config: Path | None = None
    json: bool = False

    @cached_property
    def path(self) -> Path:
        """The vault's folder."""
        return self.vault.expanduser().absolute() if self.vault else default_vault()

    @property
    def config_path(self) -> Path:
        """The file of the settings."""
        return self.config.expanduser().absolute() if self.config else Layout(self.path).config

    def load_config(self, *, may_be_new: bool = False) -> Config:
        """The settings, with what is odd in them told on stderr.

        Raises UsageError for a mistake in them, and for a file that was named and is not there,
        unless it may be a new one.
        """
        from netto_tui import config
        from netto_tui.cli import diagnostics
        from netto_tui.errors import UsageError

        if self.config is not None and not may_be_new and not self.config_path.exists():
            raise UsageError(f"There are no settings at {self.config_path}.", remedy="Check --config.")
        loaded = config.load(self.config_path)
        for warning in loaded.warnings:
            diagnostics.note(f"{self.config_path}: {warning}")
        return loaded

    def run_app(self) -> int:
        """Open the app, which tells itself what is wrong with its settings; the exit status."""
        from netto_tui.tui.running import run

        return run(self.path)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which the vault's days are. Raises VaultError where there is no vault."""
        from zoneinfo import ZoneInfo

        from netto_tui.vault.identity import load_identity

        return ZoneInfo(load_identity(self.path).zone)

    def open(self) -> Vault:
        """The vault, to be used with `with`. Raises VaultError where there is none."""
        from netto_tui.vault.vault import Vault

        return Vault.open(self.path)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """The index for reading, without waiting for whoever writes; made first if it is not there."""
        from netto_tui.vault import schema
        from netto_tui.vault.reader import Reader

        layout = Layout(self.path)
        interrupted = any((self.path / ".netto" / name).exists() for name in ("swap.json", "rebuild"))
        there = layout.index.exists() and layout.identity.exists()
        if interrupted or not there or not schema.is_current(layout.index):
            self.open().close()
        with Reader(layout.index, self.zone) as reader:
            yield reader

    def parse(self, query: str) -> Query:
        """A query as typed: as in the app, its last word may be the beginning of one."""
        from netto_tui.model.query import parse

        return parse(query, datetime.now(self.zone).date(), self.zone)

    def local(self, instant: str) -> str:
        """An RFC 3339 instant as date and time in the vault's zone, or blanks for none."""
        if not instant:
            return " " * len("2026-11-23 08:00")
        return datetime.fromisoformat(instant).astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

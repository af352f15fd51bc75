"""The program, run in this process: arguments in, exit code, stdout and stderr out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netto_tui.cli import run
from tests.servers import quick_slots


@dataclass(frozen=True)
class Outcome:
    """What one run of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Program = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the vault of a test lies; nothing of the person who runs the tests is touched."""
    monkeypatch.setenv("NETTO_HOME", str(tmp_path / "vault"))
    monkeypatch.setenv("NETTO_DEVICE", "laptop")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "device.key"))
    monkeypatch.setattr("netto_tui.security.slots.seal", quick_slots.seal)
    return tmp_path / "vault"


@pytest.fixture
def netto(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run the program as `netto("log", "--role", "user", "Hello")`; `stdin` is what is piped in."""

    def run_it(*args: str, stdin: str | bytes = "") -> Outcome:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        code = run(args)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_it


def code_of(netto: Program) -> str:
    """The recovery code of the vault, as on paper."""
    return str(netto("--json", "keys", "kit").json["code"])


@pytest.fixture
def vault(netto: Program, tmp_path: Path) -> Program:
    """The same, with a vault in UTC that has a Git and a folder replica, both sealed."""
    replicas = (f"history=git:{tmp_path / 'history.git'}", f"disk=folder:{tmp_path / 'disk'}")
    made = netto("init", "--zone", "UTC", "--replica", replicas[0], "--replica", replicas[1])
    assert made.code == 0, made.err
    return netto


@pytest.fixture
def plain_vault(netto: Program, tmp_path: Path) -> Program:
    """The same, with replicas that lie there for all to read."""
    replicas = (f"history=git:{tmp_path / 'history.git'}", f"disk=folder:{tmp_path / 'disk'}")
    made = netto("init", "--plain", "--zone", "UTC", "--replica", replicas[0], "--replica", replicas[1])
    assert made.code == 0, made.err
    return netto

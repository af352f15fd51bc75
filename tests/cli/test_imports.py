"""What a command loads: a light command stays light, whatever else the program can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program

KEYS = ("keyring", "cryptography", "pyrage", "segno")
HEAVY = ("textual", "rich", "dulwich", "github", "firebase_admin", "hypothesis", *KEYS)


def loaded_by(*args: str) -> set[str]:
    """The top-level modules that one run of the program loads, in a process of its own."""
    code = f"import sys; from netto_tui.cli import run; done = run({args!r}); assert done == 0, done"
    code += "; print('|', *sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.rpartition("|")[2].split()}


def third_party(modules: set[str]) -> set[str]:
    return {name for name in modules - sys.stdlib_module_names if not name.startswith("_")} - {
        "netto_tui",
        "sitecustomize",
    }


def test_the_version_loads_nothing_but_ours() -> None:
    loaded = loaded_by("--version")
    assert not loaded & {*HEAVY, "sqlite3", "asyncio"}
    assert third_party(loaded) == set()


def test_a_search_loads_click_msgspec_and_sqlite(vault: Program) -> None:
    vault("log", "--role", "user", "Hello")
    loaded = loaded_by("search", "hello")
    assert not loaded & set(HEAVY)
    assert third_party(loaded) <= {"click", "msgspec", "typing_extensions"}  # the last one for msgspec


@pytest.mark.parametrize("args", [("list",), ("status",), ("conflicts",), ("log", "--role", "user", "Hello again")])
def test_no_small_command_loads_the_app_or_git(vault: Program, args: tuple[str, ...]) -> None:
    assert not loaded_by(*args) & {"textual", "rich", "dulwich", "keyring"}


def test_looking_at_the_keys_loads_neither_what_opens_slots_nor_what_draws_the_kit(vault: Program) -> None:
    assert not loaded_by("keys", "show") & {*HEAVY, "sqlite3"} - {"cryptography"}


def test_the_first_frame_waits_for_no_store() -> None:
    code = "import sys; import netto_tui.cli.session, netto_tui.tui.running, netto_tui.tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    unneeded = {*KEYS, "click", "dulwich", "hashlib", "msgspec", "sqlite3", "zoneinfo"}
    assert not loaded & unneeded
    layers = ("netto_tui.vault.", "netto_tui.sync.", "netto_tui.replicas.", "netto_tui.recovery.")
    assert not [name for name in loaded if name.startswith(layers)]


def test_help_loads_neither_the_app_nor_a_store() -> None:
    assert not loaded_by("--help") & {*HEAVY, "sqlite3"}


def test_the_program_can_be_run_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "netto_tui", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("netto-tui ")

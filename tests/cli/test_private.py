"""What the program leaves on the disk is for its owner alone, and nothing is written through a link."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Program

PROGRAM = [sys.executable, "-m", "netto_tui"]


def wide(root: Path) -> list[Path]:
    """What others may read or enter below a folder, and it itself."""
    found = [root, *(Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files))]
    return [place for place in found if stat.S_IMODE(place.lstat().st_mode) & 0o077 and not place.is_symlink()]


@pytest.fixture
def careless() -> Iterator[None]:
    """A shell with the umask that lets everybody write."""
    before = os.umask(0)
    yield
    os.umask(before)


def program(*args: str, code: int = 0, typed: str = "") -> str:
    done = subprocess.run([*PROGRAM, *args], capture_output=True, text=True, input=typed, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_everything_that_is_made_is_for_its_owner_alone(home: Path, tmp_path: Path, careless: None) -> None:
    disk, history = tmp_path / "disk", tmp_path / "history.git"
    program("init", "--zone", "UTC", "--replica", f"disk=folder:{disk}", "--replica", f"history=git:{history}")
    program("log", "--role", "user", "--title", "A trip", "Hello")
    conversation = json.loads(program("list", "--json"))["conversations"][0]["conversation"]
    program("log", conversation, "--role", "assistant", "-", typed="x" * 300_000)
    program("sync")
    item = json.loads(program("show", conversation, "--json"))["messages"][0]["item"]
    program("edit", conversation, item, "Bye")
    program("sync")
    program("drill")
    program("restore", "--from", "disk", "--yes")
    program("restore", "--from", "disk", "--to", str(tmp_path / "elsewhere"), "--yes")
    for form in ("md", "json", "html", "native"):
        program("export", "--format", form, "-o", f"{tmp_path / 'out' / form}/")
    program("--vault", str(tmp_path / "sample"), "demo", "--make-only")
    made = [path for path in tmp_path.iterdir() if path.name != "data"]
    assert {path.name for path in made} >= {"vault", "disk", "history.git", "elsewhere", "out", "sample"}
    assert [place for root in made for place in wide(root)] == []


def test_a_log_is_for_its_owner_alone(home: Path, careless: None) -> None:
    program("init", "--zone", "UTC")
    (home / ".netto" / "vault.json").write_text("damaged")
    (home / "index.db").unlink()
    program("status", code=1)
    assert stat.S_IMODE((home / "log" / "app.log").stat().st_mode) == 0o600
    assert wide(home) == []


def test_a_vault_that_others_could_enter_is_closed_and_the_rest_is_told(vault: Program, home: Path) -> None:
    vault("log", "--role", "user", "Hello")
    for place in (home, home / "sessions", home / ".netto", home / "index.db", *(home / "sessions").rglob("*")):
        place.chmod(0o755)
    checks = {check["name"]: check for check in vault("doctor", "--json").json["checks"]}
    assert checks["access"]["state"] == "warn"
    assert checks["access"]["remedy"] == f"Run: chmod -R go= {home}"
    health = {check["name"]: check for check in vault("health", "--json").json["checks"]}
    assert health["access"]["remedy"] == f"Run: chmod 700 {home}"
    for place in (home / "sessions", home / ".netto", home / "index.db"):
        assert not stat.S_IMODE(place.stat().st_mode) & 0o077, "ours are closed by themselves"
    subprocess.run(["chmod", "-R", "go=", str(home)], check=True)
    assert {check["name"]: check["state"] for check in vault("doctor", "--json").json["checks"]}["access"] == "ok"


@pytest.mark.parametrize("name", ["sessions", "memory", "blobs", "quarantine", "log", "index.db", ".netto/lock"])
def test_a_link_in_the_vault_is_refused(vault: Program, home: Path, tmp_path: Path, name: str) -> None:
    vault("log", "--role", "user", "Hello")
    there, away = home / name, tmp_path / "away"
    if there.exists():
        there.rename(away)
    else:
        away.mkdir()
    there.symlink_to(away)
    before = sorted(away.rglob("*"))
    done = vault("log", "--role", "user", "More")
    assert done.code == 1
    assert f"{there} is a symbolic link" in done.err and "Put what it points to" in done.err
    assert sorted(away.rglob("*")) == before


def test_a_link_deep_in_the_vault_takes_nothing_out_of_it(vault: Program, home: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    vault("log", "--role", "user", "Hello")
    year = next((home / "sessions").iterdir())
    year.rename(home / "kept")
    year.symlink_to(away)
    done = vault("log", "--role", "user", "More")
    assert done.code == 1 and f"{year} is a symbolic link" in done.err
    assert list(away.iterdir()) == []
    checks = [check for check in vault("doctor", "--json").json["checks"] if check["name"] == "links"]
    assert checks and str(year) in checks[0]["detail"]


def test_a_planted_file_is_not_written_through(vault: Program, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    vault("log", "--role", "user", "Hello")
    (file,) = (home / "sessions").rglob("*.jsonl")
    file.unlink()
    file.symlink_to(target)
    done = vault("log", file.stem, "--role", "user", "More")
    assert done.code != 0 or file.is_file()
    assert target.read_text() == "mine"


def test_a_vault_behind_a_link_is_used_as_any_other(vault: Program, home: Path, tmp_path: Path) -> None:
    home.rename(tmp_path / "real")
    home.symlink_to(tmp_path / "real")
    assert vault("log", "--role", "user", "Hello").code == 0
    assert vault("sync").code == 0
    assert vault("verify").code == 0


def test_no_core_is_dumped_and_no_umask_is_trusted() -> None:
    code = (
        "import os, resource, sys; from netto_tui import cli\n"
        "cli.run = lambda argv: print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0))) or 0\n"
        "cli.main(['list'])"
    )
    script = f'ulimit -c unlimited 2>/dev/null; umask 0; exec {sys.executable} -c "$0"'
    done = subprocess.run(["bash", "-c", script, code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0) 0o77"


def test_doctor_and_init_say_what_they_know_of_the_disk(netto: Program, home: Path) -> None:
    made = netto("init", "--zone", "UTC")
    checks = {check["name"]: check for check in netto("doctor", "--json").json["checks"]}
    assert checks["encryption"]["state"] in ("ok", "warn")
    assert (checks["encryption"]["detail"] in made.err) == (checks["encryption"]["state"] == "warn")


def test_a_password_in_the_address_of_a_replica_is_shown_nowhere(
    netto: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert netto("init", "--zone", "UTC").code == 0
    address = "https://alice:walrus-candle-77@127.0.0.1:1/vault.git"
    (home / "config.toml").write_text(f'[[replicas]]\nname = "far"\nkind = "git"\nplain = true\ntarget = "{address}"\n')
    monkeypatch.setenv("NETTO_GITHUB_API", "https://bob:walrus-candle-77@127.0.0.1:1")
    said = []
    for args in (("sync",), ("status",), ("health",), ("doctor",), ("verify",), ("drill",)):
        for form in ((), ("--json",)):
            done = netto(*args, *form)
            said.append(done.out + done.err)
    done = netto("init", "--plain", "--replica", f"disk=folder:{home.parent / 'disk'}")
    assert done.code == 0 and "127.0.0.1:1/vault.git" in done.out
    said.append(done.out + done.err)
    assert not any("walrus" in text for text in said)
    assert not any("walrus" in path.read_text() for path in (home / "log").glob("*"))

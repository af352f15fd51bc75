"""What the README promises to somebody who has lost netto-tui: its commands, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netto_tui.cli.root import COMMANDS
from tests.cli.conftest import Program

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def replica(plain_vault: Program, tmp_path: Path) -> Path:
    """A plain Git replica with one message said, one edited, and one deleted."""
    vault = plain_vault
    said = vault("--json", "log", "--role", "user", "Is there a night train?").json
    vault("log", said["conversation"], "--role", "assistant", "Two of them.")
    vault("edit", said["conversation"], said["item"], "Is there still a night train?")
    gone = vault("--json", "log", "--role", "user", "Never mind.").json
    vault("delete", gone["conversation"], gone["item"])
    assert vault("sync").code == 0
    return tmp_path / "history.git"


def test_git_grep_and_jq_are_enough(replica: Path, tmp_path: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("SKIPPED: jq is not installed here, so the README's shell commands are not tried")
    [script] = blocks("sh")
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=work,
        env={**os.environ, "REPLICA": str(replica)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^sessions/.*\.jsonl$", done.stdout, re.MULTILINE)
    assert re.search(r"^2\S+ user: Is there still a night train\?$", done.stdout, re.MULTILINE)
    assert re.search(r"^2\S+ assistant: Two of them\.$", done.stdout, re.MULTILINE)


def test_python_is_enough(replica: Path, tmp_path: Path) -> None:
    [script] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path / "disk", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(" ", 2)[1:] for line in done.stdout.splitlines()] == [
        ["assistant", "Two of them."],
        ["user", "Is there still a night train?"],
    ]


def test_every_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"netto-tui ([a-z]+)", README))
    assert named - {"is", "only", "takes"} <= set(COMMANDS)

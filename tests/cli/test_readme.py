"""What the README promises to somebody who has lost netto-tui: its commands, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.cli.root import COMMANDS
from netto_tui.security import kit
from tests.cli.conftest import Program, code_of
from tests.tui.terminal import Terminal

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()

BASH = "import os, sys; os.chdir(sys.argv[1]); os.execvp('bash', ['bash', '-euo', 'pipefail', '-c', sys.argv[2]])"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def needs(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"SKIPPED: {tool} is not installed here, so the README's commands are not tried")


def fill(vault: Program) -> None:
    """One message said, one edited, and one deleted; all of it on the replicas."""
    said = vault("--json", "log", "--role", "user", "Is there a night train?").json
    vault("log", said["conversation"], "--role", "assistant", "Two of them.")
    vault("edit", said["conversation"], said["item"], "Is there still a night train?")
    gone = vault("--json", "log", "--role", "user", "Never mind.").json
    vault("delete", gone["conversation"], gone["item"])
    assert vault("sync").code == 0


@pytest.fixture
def replica(plain_vault: Program, tmp_path: Path) -> Path:
    """A plain Git replica."""
    fill(plain_vault)
    return tmp_path / "history.git"


@pytest.fixture
def sealed(vault: Program, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder in which to work beside a sealed Git replica, and the recovery code."""
    fill(vault)
    (tmp_path / "work").mkdir()
    yield tmp_path / "work", code_of(vault)


def at_terminal(folder: Path, script: str, code: str, replica: Path) -> str:
    """What a script says at a terminal where the code is typed once."""
    terminal = Terminal("-c", BASH, str(folder), script, env={"REPLICA": str(replica)})
    try:
        terminal.until(b"passphrase")
        terminal.type(f"{code}\n")
        status = terminal.ended()
        said = terminal.output.decode().replace("\r\n", "\n")
    finally:
        terminal.close()
    assert status == 0, said
    return said


def test_age_jose_and_jq_open_a_sealed_replica(sealed: tuple[Path, str], tmp_path: Path) -> None:
    needs("git", "age", "jose", "gunzip", "jq")
    script, _ = blocks("sh")
    said = at_terminal(sealed[0], script, sealed[1], tmp_path / "history.git")
    assert re.search(r"^2\S+ user: Is there still a night train\?$", said, re.MULTILINE)
    assert re.search(r"^2\S+ assistant: Two of them\.$", said, re.MULTILINE)
    clone = sealed[0] / "netto"
    assert not any(b"night train" in path.read_bytes() for path in clone.rglob("*") if path.is_file())


def test_node_opens_a_sealed_replica(sealed: tuple[Path, str], tmp_path: Path) -> None:
    needs("git", "age", "node")
    script, _ = blocks("sh")
    [program] = blocks("js")
    until_age = re.sub(r"^while read -r token.*", "", script, flags=re.MULTILINE | re.DOTALL)
    at_terminal(sealed[0], until_age, sealed[1], tmp_path / "history.git")
    (sealed[0] / "netto" / "open.js").write_text(program)
    command = ["node", "open.js", "FILE"]
    done = subprocess.run(command, cwd=sealed[0] / "netto", capture_output=True, text=True, check=True)
    assert "Is there still a night train?" in done.stdout and "Two of them." in done.stdout


def test_the_kit_prints_the_commands_of_the_readme() -> None:
    sheet = kit.WITH_AGE_AND_JOSE.splitlines()
    assert sheet[-1] in blocks("sh")[0]
    assert blocks("js") == [f"{kit.WITH_NODE}\n"]


def test_git_grep_and_jq_are_enough_for_a_plain_replica(replica: Path, tmp_path: Path) -> None:
    needs("git", "jq")
    _, script = blocks("sh")
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


def test_python_is_enough_for_a_plain_replica(replica: Path, tmp_path: Path) -> None:
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

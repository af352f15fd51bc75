"""Recovery: one sealed replica, the recovery code, and a machine on which nothing else is left."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netto_tui.security import kit, slots
from tests.cli.conftest import Program, code_of
from tests.servers import quick_slots
from tests.servers.firestore import FirestoreServer
from tests.servers.github import GitHubServer
from tests.tui.terminal import Terminal

LONG = "A long story. " * 30_000
"""More than a record holds: it becomes a blob."""

KINDS = ("github", "firestore", "folder", "git")
OPEN_SLOT = "import os, sys; os.chdir(sys.argv[1]); os.execvp('bash', ['bash', '-c', sys.argv[2]])"


@dataclass
class Lost:
    """What there was: the paper with the code, the targets of the replicas, the digest, and what was said."""

    code: str
    targets: dict[str, str]
    digest: str
    shown: dict[str, Any] = field(default_factory=dict)
    fire: FirestoreServer | None = None


@pytest.fixture
def lost(netto: Program, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lost]:
    """A vault with a replica of each kind, with talk of today and of long ago; then the machine is gone."""
    with GitHubServer(tmp_path / "hub").start() as hub, FirestoreServer() as fire:
        fire.create("my-project")
        monkeypatch.setenv("NETTO_GITHUB_API", hub.url)
        monkeypatch.setenv("NETTO_GITHUB_TOKEN", hub.token)
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", fire.address)
        targets = {
            "github": "alice/vault",
            "firestore": "my-project/me",
            "folder": str(tmp_path / "disk"),
            "git": str(tmp_path / "history.git"),
        }
        replicas = [part for kind in KINDS for part in ("--replica", f"{kind}={kind}:{targets[kind]}")]
        made = netto("init", "--zone", "UTC", *replicas)
        assert made.code == 0, made.err
        say(netto, tmp_path)
        assert netto("sync").code == 0
        names = [row["conversation"] for row in netto("list", "--json").json["conversations"]]
        found = Lost(code_of(netto), targets, netto("status", "--json").json["digest"], fire=fire)
        found.shown = {name: netto("show", name, "--json").json for name in names}
        assert len(names) == 3
        shutil.rmtree(home)
        (tmp_path / "device.key").unlink()
        quick_slots.forget()
        yield found


def say(netto: Program, folder: Path) -> None:
    """Something long ago, and today something that is edited, deleted, or too long for a record."""
    old = {"role": "user", "content": "When does the boat leave?", "created_at": "2025-03-04T05:06:07Z"}
    long = {"role": "assistant", "content": LONG}
    for number, message in enumerate((old, long)):
        file = folder / f"{number}.json"
        file.write_text(json.dumps({"id": str(number), "title": f"Talk {number}", "messages": [message]}))
        assert netto("import", str(file)).code == 0
    said = netto("--json", "log", "--role", "user", "Is there a night train?").json
    assert netto("edit", said["conversation"], said["item"], "Is there still a night train?").code == 0
    gone = netto("--json", "log", said["conversation"], "--role", "user", "Never mind.").json
    assert netto("delete", gone["conversation"], gone["item"]).code == 0


def keep_only(kind: str, lost: Lost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose every replica but one."""
    if kind != "github":
        monkeypatch.delenv("NETTO_GITHUB_API")
        monkeypatch.delenv("NETTO_GITHUB_TOKEN")
    if kind != "firestore":
        monkeypatch.delenv("FIRESTORE_EMULATOR_HOST")
    for other in {"folder", "git"} - {kind}:
        shutil.rmtree(lost.targets[other])


@pytest.mark.parametrize("kind", KINDS)
def test_one_sealed_replica_and_the_code_bring_everything_back(
    kind: str, lost: Lost, netto: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_only(kind, lost, monkeypatch)
    place = f"{kind}={kind}:{lost.targets[kind]}"
    done = subprocess.run(
        [sys.executable, "-m", "netto_tui", "--json", "restore", "--from", place, "--code-stdin"],
        input=f"{lost.code}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == lost.digest
    assert lost.code not in done.stdout + done.stderr
    for name, said in lost.shown.items():
        assert netto("show", name, "--json").json == said
    assert netto("log", "--role", "user", "It goes on.").code == 0
    assert netto("sync").code == 0
    assert netto("verify", "--deep").code == 0
    assert netto("keys", "show", "--json").json["confirmed"] is True


def opened(folder: Path, lost: Lost, tokens: list[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What jose and what Node make of tokens, with the commands of the kit; the slot lies in the folder."""
    age, loop = kit.WITH_AGE_AND_JOSE.splitlines()
    terminal = Terminal("-c", OPEN_SLOT, str(folder), age)
    try:
        terminal.until(b"passphrase")
        terminal.type(f"{lost.code}\n")
        assert terminal.ended() == 0, terminal.output
    finally:
        terminal.close()
    (folder / "FILE").write_text("".join(f"{token}\n" for token in tokens))
    (folder / "open.js").write_text(kit.WITH_NODE)
    said = [
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
        for command in (["bash", "-c", loop], ["node", "open.js", "FILE"])
    ]
    jose, node = ([json.loads(line) for line in each.splitlines() if line] for each in said)
    return jose, node


def check_records(records: list[dict[str, Any]], lost: Lost) -> None:
    """Whether these are all the records of the vault."""
    texts = "\n".join(json.dumps(record) for record in records)
    for said in (
        "When does the boat leave?",
        "Is there a night train?",
        "Is there still a night train?",
        "Never mind.",
    ):
        assert said in texts
    revisions = {message["revision"] for shown in lost.shown.values() for message in shown["messages"]}
    assert revisions <= {record["id"] for record in records}


def needs(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"SKIPPED: {tool} is not installed here, so the commands of the kit are not tried")


def test_public_tools_alone_open_a_git_clone_with_its_live_branches(lost: Lost, tmp_path: Path) -> None:
    needs("git", "age", "jose", "gunzip", "node")
    clone = tmp_path / "clone"

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(clone), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    clone.mkdir()
    git("clone", "--quiet", lost.targets["git"], ".")
    branches = re.findall(r"origin/(main|live/\S+)$", git("branch", "-r"), re.MULTILINE)
    assert any(branch.startswith("live/") for branch in branches)
    tokens = set[str]()
    for branch in branches:
        for path in git("ls-tree", "-r", "--name-only", f"origin/{branch}", "--", "sessions").splitlines():
            tokens |= set(git("show", f"origin/{branch}:{path}").splitlines())
    shutil.copy(clone / ".netto" / "keys" / slots.RECOVERY, clone)
    jose, node = opened(clone, lost, sorted(tokens))
    assert jose == node
    check_records(jose, lost)
    [blob] = [path for path in (clone / "blobs").rglob("*") if path.is_file()]
    parts = "".join(
        subprocess.run(
            ["bash", "-c", "jose jwe dec -i - -k vault.jwks | gunzip"],
            cwd=clone, input=token, capture_output=True, text=True, check=True,
        ).stdout
        for token in blob.read_text().splitlines()[1:]
    )  # fmt: skip
    assert parts == LONG


def test_public_tools_alone_open_the_fields_of_firestore(lost: Lost, tmp_path: Path) -> None:
    needs("age", "jose", "gunzip", "node")
    fire, folder = lost.fire, tmp_path / "work"
    assert fire is not None
    folder.mkdir()
    user = fire.get("my-project", "users/me") or {}
    (folder / slots.RECOVERY).write_bytes(user["slots"][slots.RECOVERY])
    paths = [path for path in fire.paths("my-project", "users/me") if "/messages/" in path]
    tokens = [str((fire.get("my-project", path) or {})["record"]) for path in paths]
    jose, node = opened(folder, lost, tokens)
    assert jose == node
    check_records(jose, lost)


def test_a_copy_of_the_servers_alone_tells_nothing(lost: Lost, tmp_path: Path) -> None:
    assert lost.fire is not None
    paths = lost.fire.paths("my-project", "users/me")
    documents = "\n".join(f"{path} {lost.fire.get('my-project', path)}" for path in paths)
    trees = [tmp_path / "disk", tmp_path / "hub"]
    files = [path.read_bytes() for tree in trees for path in tree.rglob("*") if path.is_file()]
    for said in ("boat", "night train", "Never mind", "A long story"):
        assert said not in documents
        assert not any(said.encode() in data for data in files)
    assert os.environ["NETTO_GITHUB_TOKEN"] not in documents

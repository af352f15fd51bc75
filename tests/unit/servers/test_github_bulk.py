"""The stand-in for GitHub gives archives, works with Git itself, and survives being killed."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.servers.github import GitHubServer
from tests.unit.servers.github_asking import (
    VAULT,
    add_commit,
    address,
    ask,
    git,
    head,
    move,
    needs_git,
)


def test_an_archive_has_one_folder_on_top(vault: GitHubServer) -> None:
    move(vault, add_commit(vault, head(vault), ("d/ü.txt", "deep")))
    sha = head(vault)
    answer = ask(vault, "GET", f"{VAULT}/tarball/main")
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{vault.url}/_codeload/")
    packed = ask(vault, "GET", answer.headers["Location"], by="-")
    assert packed.status == 200
    with tarfile.open(fileobj=io.BytesIO(packed.content), mode="r:gz") as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        found = {name: file.read() for name, file in files.items() if file}
        assert archive.pax_headers["comment"] == sha
    assert found == {f"alice-vault-{sha[:7]}/a.txt": b"one\n", f"alice-vault-{sha[:7]}/d/ü.txt": b"deep"}
    assert ask(vault, "GET", answer.headers["Location"].partition("?")[0]).status == 404
    assert ask(vault, "GET", f"{VAULT}/tarball/none").status == 404
    zipped = ask(vault, "GET", ask(vault, "GET", f"{VAULT}/zipball").headers["Location"])
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.read(f"alice-vault-{sha[:7]}/a.txt") == b"one\n"


@needs_git
def test_git_clones_what_rest_wrote_and_rest_reads_what_git_pushed(vault: GitHubServer, tmp_path: Path) -> None:
    move(vault, add_commit(vault, head(vault), ("d/e.txt", "deep")))
    copy = tmp_path / "copy"
    git("clone", "-q", address(vault), copy)
    assert (copy / "d/e.txt").read_text() == "deep"
    for number in range(5):
        (copy / "a.txt").write_text("text\n" * number)
        git("commit", "-qam", f"Pushed {number}", cwd=copy)
    git("push", "-q", "origin", "main", "main:live/laptop", cwd=copy)
    assert head(vault) == head(vault, "live/laptop") == git("rev-parse", "HEAD", cwd=copy)
    assert ask(vault, "GET", f"{VAULT}/commits").data[0]["commit"]["message"] == "Pushed 4"
    move(vault, add_commit(vault, head(vault), ("f.txt", "f")))
    git("pull", "-q", cwd=copy)
    assert (copy / "f.txt").exists()
    assert git("-C", vault.directory("alice/vault"), "fsck", "--full", "--strict", "--no-dangling") == ""


@needs_git
def test_git_needs_a_token_that_may(vault: GitHubServer, tmp_path: Path) -> None:
    service = "/alice/vault.git/info/refs?service=git-receive-pack"
    assert ask(vault, "GET", service, by="-").headers["WWW-Authenticate"] == 'Basic realm="GitHub"'
    assert ask(vault, "GET", service, by=vault.add_user("bob")).status == 404
    assert ask(vault, "GET", service, by=vault.add_token("alice", write=False)).status == 403
    with pytest.raises(AssertionError, match="Authentication failed"):
        git("clone", "-q", address(vault, "wrong"), tmp_path / "copy")


@needs_git
def test_an_empty_repository_takes_a_push_and_its_branch(server: GitHubServer, tmp_path: Path) -> None:
    server.create_repository("vault")
    git("init", "-q", "-b", "trunk", tmp_path / "mine")
    git("commit", "-q", "--allow-empty", "-m", "Begin", cwd=tmp_path / "mine")
    git("push", "-q", address(server), "trunk", cwd=tmp_path / "mine")
    assert ask(server, "GET", VAULT).data["default_branch"] == "trunk"
    git("clone", "-q", address(server), tmp_path / "copy")
    assert git("branch", "--show-current", cwd=tmp_path / "copy") == "trunk"


def _serve(root: Path) -> tuple[subprocess.Popen[str], str, str]:
    """The server as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.github", "--root", root],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    told = json.loads(process.stdout.readline())
    return process, told["url"], told["token"]


@needs_git
def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    root = tmp_path / "github"
    process, url, token = _serve(root)
    headers = {"Authorization": f"token {token}"}
    requests.post(f"{url}/user/repos", json={"name": "vault", "private": True}, headers=headers, timeout=10)
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(number: int) -> None:
        body = {"message": "m", "content": base64.b64encode(b"text").decode()}
        for turn in range(1000):
            try:
                where = f"{url}{VAULT}/contents/{number}/{turn}"
                if requests.put(where, json=body, headers=headers, timeout=10).status_code == 201:
                    acknowledged.append(f"{number}/{turn}")
            except requests.RequestException:
                return
            if len(acknowledged) > 30:
                enough.set()

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(write, number) for number in range(4)]
        assert enough.wait(30)
        process.kill()
        for one in done:
            one.result()
    process.communicate()
    with GitHubServer(root).start() as again:
        there = {row["path"] for row in ask(again, "GET", f"{VAULT}/git/trees/main?recursive=1").data["tree"]}
        assert again.token == token
        assert set(acknowledged) <= there
        directory = again.directory("alice/vault")
    assert git("-C", directory, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_locks_that_a_killed_process_left_are_no_hindrance(tmp_path: Path) -> None:
    with GitHubServer(tmp_path).start() as before:
        before.create_repository("vault")
        before.change("commit", repository="alice/vault", path="a")
        blob = ask(before, "POST", f"{VAULT}/git/blobs", {"content": "b"}).data["sha"]
        directory = before.directory("alice/vault")
    left = [directory / "refs/heads/main.lock", directory / f"objects/{blob[:2]}/{blob[2:]}.lock"]
    (directory / f"objects/{blob[:2]}/{blob[2:]}").unlink()
    for path in left:
        path.touch()
    with GitHubServer(tmp_path).start() as again:
        assert move(again, add_commit(again, head(again), ("b", "b"))).status == 200
    assert not any(path.exists() for path in left)


def test_a_process_ends_when_asked(tmp_path: Path) -> None:
    process, url, token = _serve(tmp_path / "github")
    assert requests.get(f"{url}/user", headers={"Authorization": f"token {token}"}, timeout=10).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0

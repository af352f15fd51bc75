"""Asking the stand-in for GitHub: with requests, with PyGithub and with Git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from github import Auth, Github

from tests.servers.github import GitHubServer

VAULT = "/repos/alice/vault"
UNKNOWN = "1" * 40

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is absent")


class Answered:
    """An answer in short."""

    def __init__(self, response: requests.Response) -> None:
        self.status, self.headers, self.content = response.status_code, response.headers, response.content
        is_json = response.headers.get("content-type", "").startswith("application/json")
        self.data: Any = json.loads(response.content) if is_json and response.content else None


def ask(server: GitHubServer, method: str, path: str, body: Any = None, *, by: str = "", **headers: str) -> Answered:
    """One request with the token of alice, or by another one; `-` for none."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if by != "-":
        named["Authorization"] = f"Bearer {by or server.token}"
    data = None if body is None else json.dumps(body)
    url = path if path.startswith("http") else server.url + path
    return Answered(requests.request(method, url, data=data, headers=named, timeout=10, allow_redirects=False))


def hub(server: GitHubServer, token: str = "") -> Github:
    return Github(
        base_url=server.url,
        auth=Auth.Token(token or server.token),
        retry=None,
        timeout=10,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def head(server: GitHubServer, branch: str = "main") -> str:
    return str(ask(server, "GET", f"{VAULT}/git/ref/heads/{branch}").data["object"]["sha"])


def add_commit(server: GitHubServer, parent: str, *files: tuple[str, str | None], **more: Any) -> str:
    """A tree and a commit on top of a commit, by REST; its id."""
    rows: list[dict[str, Any]] = [{"path": path, "mode": "100644", "type": "blob"} for path, _ in files]
    for row, (_, content) in zip(rows, files, strict=True):
        row.update({"sha": None} if content is None else {"content": content})
    tree = ask(server, "POST", f"{VAULT}/git/trees", {"base_tree": parent, "tree": rows}).data["sha"]
    body = {"message": "More", "tree": tree, "parents": [parent], **more}
    return str(ask(server, "POST", f"{VAULT}/git/commits", body).data["sha"])


def move(server: GitHubServer, sha: str, *, force: bool = False, branch: str = "main") -> Answered:
    return ask(server, "PATCH", f"{VAULT}/git/refs/heads/{branch}", {"sha": sha, "force": force})


def git(*words: str | Path, cwd: Path | None = None) -> str:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    person = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *words], cwd=cwd, env={**os.environ, **settings, **person}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def address(server: GitHubServer, token: str = "") -> str:
    return f"{server.url.replace('//', f'//x:{token or server.token}@')}/alice/vault.git"

"""`emulate` from npm begins, answers as one of its users, and ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from github import Auth, Github, GithubException, InputGitTreeElement
from github.ContentFile import ContentFile

from tests.servers import emulate
from tests.servers.emulate import Emulate
from tests.servers.github import GitHubServer


@pytest.fixture(scope="module")
def server() -> Iterator[Emulate]:
    if why := emulate.reason():
        pytest.skip(why)
    running = Emulate()
    yield running
    running.close()


def test_it_answers_as_the_user_of_the_token(server: Emulate) -> None:
    hub = _hub(server)
    assert hub.get_user().login == "alice"
    repository = hub.get_user().create_repo("vault", private=True)
    repository.create_file("day.txt", "first", "one line\n", branch="main")
    file = hub.get_repo("alice/vault").get_contents("day.txt")
    assert isinstance(file, ContentFile) and file.decoded_content == b"one line\n"


@pytest.fixture(params=["ours", "emulate"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitHubServer | Emulate]:
    """Each of the two servers, so that ours shares no misconception with its own tests."""
    if request.param == "emulate":
        yield request.getfixturevalue("server")
    else:
        with GitHubServer(tmp_path).start() as running:
            yield running


def test_both_take_the_same_steps_alike(either: GitHubServer | Emulate) -> None:
    repository = _hub(either).get_user().create_repo("steps", private=True)
    with pytest.raises(GithubException) as taken:
        _hub(either).get_user().create_repo("steps")
    assert taken.value.status == 422
    assert (repository.private, repository.visibility, repository.full_name) == (True, "private", "alice/steps")
    repository.create_file("a.txt", "First", "one", branch="main")
    parent = repository.get_git_commit(repository.get_git_ref("heads/main").object.sha)
    rows = [
        InputGitTreeElement("d/ü.txt", "100644", "blob", content="deep"),
        InputGitTreeElement("a.txt", "100644", "blob", sha=None),
    ]
    tree = repository.create_git_tree(rows, base_tree=parent.tree)
    blob = hashlib.sha1(b"blob 4\0deep", usedforsecurity=False)
    inner = hashlib.sha1(b"tree 34\x00100644 \xc3\xbc.txt\x00" + blob.digest(), usedforsecurity=False)
    outer = hashlib.sha1(b"tree 28\x0040000 d\x00" + inner.digest(), usedforsecurity=False)
    assert tree.sha == outer.hexdigest()
    commits = [repository.create_git_commit(name, tree, [parent]).sha for name in ("Second", "Other")]
    assert _move(either, commits[0]) == 200
    assert _move(either, commits[1]) == 422
    assert repository.get_git_ref("heads/main").object.sha == commits[0]
    repository.create_git_ref("refs/heads/live/laptop", commits[0])
    assert [one.ref for one in repository.get_git_matching_refs("heads/live/")] == ["refs/heads/live/laptop"]
    assert repository.get_branch("live/laptop").commit.commit.tree.sha == tree.sha
    assert [one.path for one in repository.get_git_tree(tree.sha, recursive=True).tree] == ["d", "d/ü.txt"]
    assert [one.commit.message for one in repository.get_commits()] == ["Second", "First"]


def test_it_has_another_user(server: Emulate) -> None:
    headers = {"Authorization": f"token {emulate.TOKENS['bob']}"}
    assert requests.get(f"{server.url}/user", headers=headers, timeout=10).json()["login"] == "bob"


def test_it_is_gone_after_closing() -> None:
    if why := emulate.reason():
        pytest.skip(why)
    running = Emulate()
    running.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{running.url}/user", timeout=10)


@pytest.mark.parametrize(
    ("names", "said"),
    [((), "needs Node.js"), (("node",), "npm, which is absent")],
)
def test_it_says_what_is_missing(names: tuple[str, ...], said: str, tmp_path: Path) -> None:
    script = "from tests.servers import emulate; print(emulate.reason())"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in names:
        (programs / name).write_text("#!/bin/sh\necho v20.1.0\n")
        (programs / name).chmod(0o700)
    told = _run(script, PATH=str(programs), XDG_CACHE_HOME=str(tmp_path))
    assert said in told


def test_it_says_that_it_could_not_be_installed(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "node").write_text("#!/bin/sh\necho v20.1.0\n")
    (programs / "npm").write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    for name in ("node", "npm"):
        (programs / name).chmod(0o700)
    script = "from tests.servers import emulate; print(emulate.reason())"
    told = _run(script, PATH=str(programs), XDG_CACHE_HOME=str(tmp_path))
    assert told == "npm could not install emulate@0.11.2 (ENOTFOUND)"
    assert [path.name for path in (tmp_path / "netto-tui-tests").iterdir()] == ["emulate-0.11.2.lock"]


def _hub(server: GitHubServer | Emulate) -> Github:
    return Github(
        base_url=server.url,
        auth=Auth.Token(server.token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def _move(server: GitHubServer | Emulate, sha: str) -> int:
    where = f"{server.url}/repos/alice/steps/git/refs/heads/main"
    headers = {"Authorization": f"token {server.token}"}
    return requests.patch(where, json={"sha": sha, "force": False}, headers=headers, timeout=10).status_code


def _run(script: str, **variables: str) -> str:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()

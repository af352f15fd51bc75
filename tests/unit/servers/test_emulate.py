"""`emulate` from npm begins, answers as one of its users, and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from github import Auth, Github

from tests.servers import emulate
from tests.servers.emulate import Emulate


@pytest.fixture(scope="module")
def server() -> Iterator[Emulate]:
    if why := emulate.reason():
        pytest.skip(why)
    running = Emulate()
    yield running
    running.close()


def test_it_answers_as_the_user_of_the_token(server: Emulate) -> None:
    hub = Github(
        base_url=server.url,
        auth=Auth.Token(server.token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    assert hub.get_user().login == "alice"
    repository = hub.get_user().create_repo("vault", private=True)
    repository.create_file("day.txt", "first", "one line\n", branch="main")
    assert hub.get_repo("alice/vault").get_contents("day.txt").decoded_content == b"one line\n"  # type: ignore[union-attr]  # it is no list


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

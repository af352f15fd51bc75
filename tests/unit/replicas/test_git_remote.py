"""What is particular to a Git repository behind a URL."""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netto_tui.errors import Cancelled, Moved, Refused, Unreachable
from netto_tui.replicas import git_remote
from netto_tui.replicas.git import Git
from netto_tui.replicas.git_remote import is_url, without_credentials
from tests.contract.git_http import GitServer, available
from tests.contract.stores import MARKER, batch, conversation, held, ids, records

Open = Callable[..., Git]
needs_git = pytest.mark.skipif(not available(), reason="needs Git with its HTTP backend")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "srv"
    root.mkdir()
    served = GitServer(root)
    yield served
    served.close()


@pytest.fixture
def remote(server: GitServer, open_git: Open) -> Callable[..., Git]:
    server.create("copy.git")

    def opened(device: str = "laptop") -> Git:
        return open_git(device, f"{server.url.replace('://', '://me:s3cret@')}/copy.git")

    opened().claim(MARKER)
    server.requests.clear()
    return opened


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("https://host/x.git", True),
        ("HTTP://host/x", True),
        ("ssh://git@host:22/x", True),
        ("git@host:me/x.git", True),
        ("/home/me/x.git", False),
        ("x.git", False),
        ("./a@b:c", False),
        ("~/x", False),
        ("me@home", False),
    ],
)
def test_a_target_is_told_apart_as_url_or_path(target: str, url: bool) -> None:
    assert is_url(target) == url


def test_no_credentials_and_no_escapes_are_shown() -> None:
    text = without_credentials("fatal: https://me:s3cret@host/x and http://token@h\x1b[31m failed")
    assert text == "fatal: https://host/x and http://h [31m failed"


@needs_git
def test_nothing_to_do_is_one_request_and_a_push_is_three(server: GitServer, remote: Open) -> None:
    laptop = remote()
    cursor = laptop.changes().cursor
    server.requests.clear()
    before = laptop.requests
    laptop.probe()
    assert server.requests == ["GET /copy.git/info/refs"]
    laptop.add(batch(*(records(number) for number in range(50))), cursor)
    pushed = ["GET /copy.git/info/refs", "GET /copy.git/info/refs", "POST /copy.git/git-receive-pack"]
    assert server.requests[1:] == pushed
    assert laptop.requests - before == len(server.requests)


@needs_git
@pytest.mark.parametrize("fault", ["500", "drop"])
def test_a_push_whose_answer_is_lost_is_settled_by_asking(server: GitServer, remote: Open, fault: str) -> None:
    laptop = remote()
    cursor = laptop.changes().cursor
    if fault == "500":
        server.faults = ["", "", "500"]
        with pytest.raises(Unreachable) as error:
            laptop.add(batch(records(1)), cursor)
        assert "s3cret" not in str(error.value) and error.value.remedy
    else:
        server.faults = ["drop"]
        cursor = laptop.add(batch(records(1)), cursor)
    assert laptop.add(batch(records(1)), cursor) == laptop.probe().cursor
    assert ids(held(remote("phone"), 1)[1]) == {record.id for record in records(1)}
    assert len(list(remote("phone").history())) == 2


@needs_git
def test_another_writer_between_asking_and_pushing_makes_the_push_fail(
    server: GitServer, remote: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop, phone = remote(), remote("phone")
    cursor = laptop.changes().cursor
    send = git_remote.Remote.move

    def late(self: git_remote.Remote, *rest: Any) -> None:
        monkeypatch.setattr(git_remote.Remote, "move", send)
        phone.add(batch(records(2)), phone.changes().cursor)
        send(self, *rest)

    monkeypatch.setattr(git_remote.Remote, "move", late)
    with pytest.raises(Moved):
        laptop.add(batch(records(1)), cursor)
    laptop.add(batch(records(1)), laptop.changes(cursor).cursor)
    assert all(part.records for part in held(phone, 1, 2).values())


@needs_git
def test_a_damaged_or_lost_copy_is_fetched_again_and_never_blamed_on_the_remote(remote: Open, tmp_path: Path) -> None:
    remote().add(batch(records(1)), remote().changes().cursor)
    copy = next((tmp_path / "cache" / "laptop" / "git").iterdir())
    for path in [*copy.glob("objects/??/*"), *copy.glob("objects/pack/*.pack")]:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-9])
    laptop = remote()
    changes = laptop.changes()
    assert (changes.names, changes.corrupt) == (frozenset({conversation(1)}), ())
    assert ids(held(laptop, 1)[1]) == {record.id for record in records(1)}
    assert list(laptop.check()) == []


@needs_git
def test_checking_proves_the_remote_and_not_the_copy(server: GitServer, remote: Open) -> None:
    laptop = remote()
    laptop.add(batch(records(1)), laptop.changes().cursor)
    assert list(laptop.check()) == []
    for path in server.root.glob("copy.git/objects/??/*"):
        path.chmod(0o600)
        path.write_bytes(b"rot")
    with pytest.raises(Unreachable):
        list(laptop.check())


@needs_git
def test_a_server_that_wants_a_password_says_how_to_give_one(server: GitServer, remote: Open) -> None:
    server.faults = ["401"]
    with pytest.raises(Unreachable) as error:
        remote().probe()
    assert "credential" in error.value.remedy
    assert "s3cret" not in str(error.value)


@needs_git
def test_a_repository_that_is_not_there_is_absent_and_cannot_be_made_from_here(
    server: GitServer, open_git: Open
) -> None:
    nowhere = open_git(target=f"{server.url}/none.git")
    assert nowhere.probe().presence == "absent"
    for call in (nowhere.claim, nowhere.rebuild):
        with pytest.raises(Unreachable) as error:
            call(MARKER)
        assert "empty" in error.value.remedy


@needs_git
def test_a_remote_is_never_set_aside(server: GitServer, remote: Open) -> None:
    with pytest.raises(Refused) as error:
        remote().rebuild(MARKER)
    assert error.value.remedy
    assert remote().probe().marker == MARKER


def test_a_host_that_refuses_is_unreachable(open_git: Open) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable) as error:
        open_git(target=f"http://me:s3cret@127.0.0.1:{port}/x.git").probe()
    assert "s3cret" not in str(error.value)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x.git"


def test_a_server_that_never_answers_is_left_at_the_deadline(
    open_git: Open, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_remote, "CALL_SECONDS", 0.2)
    with pytest.raises(Unreachable) as error:
        open_git(target=silent).probe()
    assert "did not finish" in error.value.message


def test_waiting_for_a_server_can_be_cancelled(open_git: Open, silent: str) -> None:
    waiting = open_git(target=silent)
    threading.Timer(0.1, waiting.cancel.set).start()
    with pytest.raises(Cancelled):
        waiting.probe()


@needs_git
def test_it_works_over_ssh_as_well(
    server: GitServer, open_git: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in for ssh runs the command here, as sshd would there."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!{sys.executable}\nimport os, sys\nos.execvp('sh', ['sh', '-c', sys.argv[-1]])\n")
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("GIT_SSH_COMMAND", os.fspath(ssh))
    path = server.create("copy.git")
    laptop, phone = (open_git(device, f"me@host:{path}") for device in ("laptop", "phone"))
    assert laptop.probe().presence == "empty"
    laptop.claim(MARKER)
    laptop.add(batch(records(1)), laptop.changes().cursor)
    phone.add(batch(records(2)), phone.changes().cursor)
    assert all(part.records for part in held(laptop, 1, 2).values())
    assert open_git(target=f"ssh://me@host{path}.not").probe().presence == "absent"

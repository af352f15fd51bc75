"""`netto-tui heads check`, and what health and status say of signed heads, as a person types it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def synced(vault: Program) -> Program:
    """A vault whose sealed Git replica has two heads."""
    for text in ("Is there a night train?", "To Vienna?"):
        vault("log", "--role", "user", text)
        assert vault("sync").code == 0
    return vault


def git(repository: Path, *arguments: str) -> str:
    """One call of Git on the replica."""
    who = ["-c", "user.name=mallory", "-c", "user.email=mallory@example.com"]
    command = ["git", f"--git-dir={repository}", *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_public_key_alone_is_enough(synced: Program, tmp_path: Path) -> None:
    public = synced("--json", "keys", "show").json["public"]
    config = tmp_path / "elsewhere.toml"
    config.write_text(f'[[replicas]]\nname = "history"\nkind = "git"\ntarget = "{tmp_path / "history.git"}"\n')
    where = ("--vault", str(tmp_path / "nowhere"), "--config", str(config))
    done = synced(*where, "--json", "heads", "check", "--public-key", public).json
    assert done["ok"] is True
    [replica] = done["replicas"]
    assert (replica["name"], replica["faults"], replica["error"]) == ("history", [], "")
    assert all(branch["heads"] == branch["seq"] for branch in replica["branches"])
    assert not (tmp_path / "nowhere").exists()


def test_without_a_key_it_takes_the_vaults_own_and_names_each_branch(synced: Program) -> None:
    done = synced("heads", "check")
    assert (done.code, "Every head is right." in done.out, "live/" in done.out) == (0, True, True)


def test_what_somebody_changed_is_named_everywhere(synced: Program, tmp_path: Path) -> None:
    repository = tmp_path / "history.git"
    branch = git(repository, "for-each-ref", "--format=%(refname)", "refs/heads/live").splitlines()[0]
    empty = subprocess.run(
        ["git", f"--git-dir={repository}", "mktree"], input="", capture_output=True, text=True, check=True
    ).stdout.strip()
    git(repository, "update-ref", branch, git(repository, "commit-tree", empty, "-p", branch, "-m", "Clean up"))
    found = synced("heads", "check", "history")
    assert found.code == 1
    assert "unsigned: history was changed by somebody who has not the key of this vault" in found.out
    synced("sync")
    health = synced("--json", "health").json
    [check] = [one for one in health["checks"] if one["name"] == "heads history"]
    assert (check["state"], "unsigned at " in check["detail"]) == ("bad", True)
    assert "netto-tui heads check history" in check["remedy"]
    [status] = [one for one in synced("--json", "status").json["replicas"] if one["name"] == "history"]
    assert [alarm["code"] for alarm in status["heads"]["alarms"]] == ["unsigned"]
    assert "unsigned at " in synced("status").out
    assert synced("verify").code == 0


def test_health_and_status_show_the_latest_head(synced: Program) -> None:
    [check] = [one for one in synced("--json", "health").json["checks"] if one["name"] == "heads history"]
    [status] = [one for one in synced("--json", "status").json["replicas"] if one["name"] == "history"]
    assert check["state"] == "ok"
    assert check["detail"].startswith(f"head {status['heads']['seq']} of 20")
    assert status["heads"]["alarms"] == []


def test_a_plain_replica_and_a_folder_have_no_heads(plain_vault: Program) -> None:
    plain_vault("log", "--role", "user", "Is there a night train?")
    assert plain_vault("sync").code == 0
    assert [one["heads"] for one in plain_vault("--json", "status").json["replicas"]] == [None, None]
    assert plain_vault("heads", "check").code == 2


@pytest.mark.parametrize(
    "wrong", [("--public-key", "x"), ("--public-key", "A" * 43 + "="), ("--since", "yesterday"), ("nobody",)]
)
def test_what_cannot_be_is_told_with_a_remedy(synced: Program, wrong: tuple[str, ...]) -> None:
    done = synced("heads", "check", *wrong)
    assert (done.code, done.out) == (2, "")


def test_a_folder_is_told_to_have_none(synced: Program) -> None:
    done = synced("heads", "check", "disk")
    assert (done.code, "has no heads" in done.out) == (5, True)


def test_a_head_that_came_with_new_key_slots_alone_is_remembered(synced: Program, tmp_path: Path) -> None:
    done = synced("keys", "rotate", "--json")
    assert done.code == 0, done.err
    assert synced("sync").code == 0
    [status] = [one for one in synced("--json", "status").json["replicas"] if one["name"] == "history"]
    [replica] = synced("--json", "heads", "check").json["replicas"]
    latest = {one["branch"]: one["seq"] for one in replica["branches"]}
    assert latest[status["heads"]["branch"]] == status["heads"]["seq"]

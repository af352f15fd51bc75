"""`keys convert`: what it asks, says and leaves, and how other devices go along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from netto_tui import config
from netto_tui.replicas import tree
from netto_tui.replicas.forms import underway
from tests.cli.conftest import Program
from tests.servers import quick_slots

WORDS = b"The heron stood in the reeds"


def found(place: Path) -> bool:
    """Whether the words lie anywhere in the files of a place as they are."""
    return any(WORDS in path.read_bytes() for path in place.rglob("*") if path.is_file())


def say(program: Program) -> None:
    assert program("log", "--role", "user", WORDS.decode()).code == 0
    done = program("sync")
    assert done.code == 0, done


def is_plain(home: Path, name: str = "disk") -> bool:
    return config.load(home / "config.toml").replica(name).plain


def test_a_plain_replica_is_sealed_and_unsealed(plain_vault: Program, home: Path, tmp_path: Path) -> None:
    say(plain_vault)
    assert found(tmp_path / "disk")
    done = plain_vault("keys", "convert", "disk", "--yes", "--json")
    assert done.code == 0, done
    assert done.json["sealed"] is True
    assert not is_plain(home)
    assert not found(tmp_path / "disk")
    assert [path for path in (tmp_path / "disk").rglob("*.age")]
    assert plain_vault("sync").code == plain_vault("verify", "--deep").code == 0

    done = plain_vault("keys", "convert", "disk", "--to-plain", "--yes")
    assert done.code == 0, done
    assert is_plain(home)
    assert found(tmp_path / "disk")
    assert not [path for path in (tmp_path / "disk").rglob("*.age")]
    assert plain_vault("sync").code == plain_vault("verify", "--deep").code == 0


def test_it_is_not_done_unasked(plain_vault: Program, home: Path, tmp_path: Path) -> None:
    say(plain_vault)
    for options in ((), ("--to-plain",)):
        refused = plain_vault("keys", "convert", "disk", *options)
        assert (refused.code, "--yes" in refused.err) == (2, True)
    assert is_plain(home)
    assert found(tmp_path / "disk")
    assert not (home / ".netto" / "keys").exists()


def test_a_replica_that_is_not_there_is_named(plain_vault: Program) -> None:
    refused = plain_vault("keys", "convert", "cloud", "--yes")
    assert refused.code == 2
    assert "There are: history, disk" in refused.err


def test_a_repository_keeps_its_history_and_that_is_said(plain_vault: Program) -> None:
    say(plain_vault)
    done = plain_vault("keys", "convert", "history", "--yes")
    assert done.code == 0, done
    assert "stays in the history of the repository" in done.out
    assert "Only a new repository is rid of it" in done.out
    assert plain_vault("keys", "convert", "history", "--yes", "--json").json["history"] is True
    assert plain_vault("keys", "convert", "disk", "--yes", "--json").json["history"] is False


def test_while_it_is_underway_everything_else_waits_and_says_so(plain_vault: Program, tmp_path: Path) -> None:
    say(plain_vault)
    assert plain_vault("keys", "convert", "history", "--yes").code == 0  # so that there are keys
    identity = tmp_path / "disk" / ".netto" / "vault.json"
    sealed = tree.read_marker(_identity_of(tmp_path / "history.git"))
    marker = tree.read_marker(identity.read_bytes())
    identity.write_bytes(tree.render_marker(underway(marker, sealed.keys, "sealed")))
    for command in (("sync", "disk"), ("verify", "disk"), ("restore", "--from", "disk", "--dry-run")):
        refused = plain_vault(*command)
        assert refused.code == 5, (command, refused)
        assert "netto-tui keys convert disk" in refused.out + refused.err
    assert "is being made sealed" in plain_vault("doctor").out
    done = plain_vault("keys", "convert", "disk", "--yes")
    assert done.code == 0, done
    assert not found(tmp_path / "disk")
    assert plain_vault("verify", "--deep").code == 0


def _identity_of(repository: Path) -> bytes:
    command = ["git", f"--git-dir={repository}", "cat-file", "blob", f"main:{tree.MARKER}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_the_app_has_to_be_closed_first(plain_vault: Program, home: Path) -> None:
    say(plain_vault)
    with FileLock(home / ".netto" / "worker.lock"):
        refused = plain_vault("keys", "convert", "disk", "--yes")
    assert refused.code == 3
    assert "Close it first" in refused.err
    assert is_plain(home)


def test_another_device_goes_along_with_the_same_command(
    plain_vault: Program, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(plain_vault)
    replica = f"disk=folder:{tmp_path / 'disk'}"
    phone = ("--vault", str(tmp_path / "phone"))
    assert plain_vault(*phone, "init", "--replica", replica, "--plain", "--device", "phone").code == 0
    assert plain_vault(*phone, "sync").code == 0
    assert plain_vault("keys", "convert", "disk", "--yes").code == 0
    code = plain_vault("keys", "kit", "--json").json["code"]

    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "phone.key"))
    quick_slots.forget()
    assert plain_vault(*phone, "log", "--role", "user", "Said on the phone").code == 0
    refused = plain_vault(*phone, "sync")
    assert refused.code == 5
    assert "netto-tui keys convert disk" in refused.out + refused.err
    assert plain_vault(*phone, "keys", "convert", "disk", "--yes").code == 4
    done = plain_vault(*phone, "keys", "convert", "disk", "--yes", "--code-stdin", stdin=code)
    assert done.code == 0, done
    assert plain_vault(*phone, "sync").code == 0

    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "device.key"))
    quick_slots.forget()
    assert plain_vault("sync").code == 0
    assert "Said on the phone" in plain_vault("search", "phone").out
    assert not found(tmp_path / "disk")


def test_new_keys_are_not_made_where_there_are_others_somewhere(plain_vault: Program, home: Path) -> None:
    say(plain_vault)
    assert plain_vault("keys", "convert", "history", "--yes").code == 0
    (home / ".netto" / "keys").rename(home / "away")
    quick_slots.forget()
    refused = plain_vault("keys", "convert", "disk", "--yes")
    assert refused.code == 4
    assert "netto-tui keys unlock" in refused.err

"""`keys convert`: what it asks, says and leaves, and how other devices go along."""

from __future__ import annotations

from pathlib import Path

from netto_tui import config
from tests.cli.conftest import Program

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

"""Settings: read with care, written whole, and never losing what another version knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui import paths
from netto_tui.config import Config, ReplicaConfig, SourceConfig, load, parse_replica, save
from netto_tui.errors import UsageError


def written(path: Path, text: str) -> Path:
    file = path / "config.toml"
    file.write_text(text)
    return file


def test_a_configuration_that_is_not_there_is_the_default(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml") == Config()


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    config = Config(
        policy="flag",
        quiet_minutes=5,
        replicas=(ReplicaConfig("disk", "folder", "/mnt/disk"), ReplicaConfig("history", "git", "git@host:me/netto")),
        sources=(SourceConfig("/home/me/.openclaw", "openclaw"),),
    )
    save(tmp_path / "config.toml", config)
    assert load(tmp_path / "config.toml") == config
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600


def test_settings_of_another_version_are_kept_and_named(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'colour = "blue"\nquiet_minutes = 3\n[later]\nx = [1, 2]\n'
        '[[replicas]]\nname = "disk"\nkind = "folder"\ntarget = "/mnt"\nspeed = 3\n',
    )
    config = load(file)
    assert [warning.split("”")[0] for warning in config.warnings] == ["“colour", "“later", "replica disk: “speed"]
    save(file, config)
    assert load(file) == config
    assert load(file).unknown == {"colour": "blue", "later": {"x": [1, 2]}}


@given(st.dictionaries(st.text("abcdef", min_size=1), st.integers() | st.text("xyz") | st.booleans(), max_size=4))
def test_any_setting_of_another_version_survives(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, object]
) -> None:
    file = tmp_path_factory.mktemp("vault") / "config.toml"
    save(file, Config(unknown=table))
    assert load(file).unknown == table


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("policy = \n", "line 1"),
        ('policy = "guess"\n', "policy"),
        ('quiet_minutes = "soon"\n', "quiet_minutes"),
        ("quiet_minutes = 0\n", "quiet_minutes"),
        ("replicas = 3\n", "replicas"),
        ("replicas = [3]\n", "replicas"),
        ('[[replicas]]\nname = "a"\nkind = "folder"\n', "target"),
        ('[[replicas]]\nname = "a"\nkind = "folder"\ntarget = 3\n', "replicas[1].target"),
        ('[[replicas]]\nname = "local"\nkind = "folder"\ntarget = "x"\n', "local"),
        ('[[replicas]]\nname = "A b"\nkind = "folder"\ntarget = "x"\n', "A b"),
        ('[[replicas]]\nname = "a"\nkind = "folder"\ntarget = ""\n', "target"),
        ('[[replicas]]\nname = "a"\nkind = "git"\ntarget = "x"\n' * 2, "two replicas"),
        ('[[sources]]\nkind = "openclaw"\n', "path"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_way_out(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, text))
    assert named in caught.value.message
    assert "config.toml" in caught.value.message
    assert caught.value.remedy


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("disk=folder:backup", ReplicaConfig("disk", "folder", "/here/backup")),
        ("disk=folder:/mnt/a:b=c", ReplicaConfig("disk", "folder", "/mnt/a:b=c")),
        ("history=git:netto.git", ReplicaConfig("history", "git", "/here/netto.git")),
        ("history=git:git@host:me/netto.git", ReplicaConfig("history", "git", "git@host:me/netto.git")),
        ("history=git:https://host/netto", ReplicaConfig("history", "git", "https://host/netto")),
    ],
)
def test_a_replica_is_described_in_one_word(text: str, expected: ReplicaConfig) -> None:
    assert parse_replica(text, Path("/here")) == expected


@pytest.mark.parametrize("text", ["disk", "disk=folder", "disk=folder:", "=folder:/x", "disk=:/x", "local=folder:/x"])
def test_a_replica_that_cannot_be_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_replica(text, Path("/here"))
    assert caught.value.remedy


def test_a_name_that_is_taken_is_refused_and_an_unknown_one_answered_with_those_there_are() -> None:
    config = Config().with_replica(ReplicaConfig("disk", "folder", "/mnt"))
    with pytest.raises(UsageError, match="disk"):
        config.with_replica(ReplicaConfig("disk", "git", "/srv"))
    assert config.replica("disk").target == "/mnt"
    with pytest.raises(UsageError, match="disk"):
        config.replica("desk")


def test_netto_home_says_where_the_vault_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETTO_HOME", str(tmp_path / "vault"))
    assert paths.default_vault() == tmp_path / "vault"
    monkeypatch.delenv("NETTO_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert paths.default_vault() == tmp_path / "data" / "netto-tui"
    assert paths.Layout(tmp_path).named()["index"] == tmp_path / "index.db"

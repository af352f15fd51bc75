"""`demo --servers`: the sample vault with GitHub and Firestore, whose stand-ins run beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netto_tui.config import load
from netto_tui.demo import servers
from netto_tui.errors import UsageError
from netto_tui.replicas.base import Live
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import new_vault, talk


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the servers set is gone afterwards."""
    for name in ("NETTO_GITHUB_TOKEN", "FIRESTORE_EMULATOR_HOST"):
        monkeypatch.setenv(name, "")


def sync(vault: Vault) -> list[tuple[str, str, int]]:
    config = load(vault.path / "config.toml")
    replicas = open_replicas(vault, config)
    assert any(isinstance(replica, Live) for replica in replicas)
    try:
        reports = sync_all(new_engine(vault, config, lambda _event: None), replicas)
    finally:
        close_all(replicas)
    return [(report.name, report.error, report.pushed) for report in reports]


def test_both_remotes_are_there_and_keep_what_they_have_until_the_next_time(tmp_path: Path) -> None:
    root = tmp_path / "servers"
    with new_vault(tmp_path / "vault") as vault:
        vault.add(talk(1))
        with servers.running(root, fresh=True) as url:
            servers.connect(vault.path, url)
            assert os.environ["NETTO_GITHUB_TOKEN"]
            assert sync(vault) == [("github", "", 4), ("firestore", "", 4)]
        with servers.running(root, fresh=False) as again:
            assert again == url
            servers.connect(vault.path, again)
            assert sync(vault) == [("github", "", 0), ("firestore", "", 0)]
        with servers.running(root, fresh=True) as url:
            assert json.loads((root / "github" / "state.json").read_text())["repositories"] == {}


def test_without_the_source_it_says_where_the_servers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_SOURCE", tmp_path)
    with pytest.raises(UsageError) as caught, servers.running(tmp_path, fresh=True):
        pass
    assert "make demo-servers" in caught.value.remedy

"""The sample vault: believable, the same every time, and wrong in the ways that it should be."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from netto_tui import demo
from netto_tui.config import load
from netto_tui.demo.calendar import conversations
from netto_tui.errors import Refused
from netto_tui.model.conversation import body_text
from netto_tui.model.query import Query
from netto_tui.paths import Layout
from netto_tui.recovery.verify import verify
from netto_tui.sync.round import close_all, open_replicas
from netto_tui.vault.vault import Vault

NOW = 1_795_420_800_000  # 2026-11-23T08:00:00Z
UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sample vault for the whole module."""
    path = tmp_path_factory.mktemp("demo") / "vault"
    demo.make(path, lambda: NOW, zone="UTC")
    return path


@pytest.fixture
def vault(made: Path) -> Iterator[Vault]:
    with Vault.open(made, now=lambda: NOW) as opened:
        yield opened


def test_the_same_moment_gives_the_same_conversations() -> None:
    one, two = (conversations(NOW, UTC, "laptop") for _ in range(2))
    assert [record.id for each in one for record in each.records] == [r.id for each in two for r in each.records]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_nothing_was_said_in_the_future_and_little_at_night(zone: str) -> None:
    found = conversations(NOW, ZoneInfo(zone), "laptop")
    assert max(record.rev.at for each in found for record in each.records) <= "2026-11-23T08:00:00.000Z"


def test_no_template_shows_through() -> None:
    texts = [body_text(record.rev.body) for each in conversations(NOW, UTC, "laptop") for record in each.records]
    assert not [text for text in texts if re.search(r"\$[a-z]{3,}|\[\[|\]\]|^(>>|<<|!!) ", text, re.MULTILINE)]
    assert len(set(texts)) > len(texts) * 0.6


def test_there_are_a_few_hundred_conversations_over_months(vault: Vault) -> None:
    with vault.reader() as reader:
        totals = reader.totals()
        days = [row.day for row in reader.days(Query())]
        longest = max(row.messages for row in reader.conversations(Query(), 0, 1000))
        sources = {row.source for row in reader.conversations(Query(), 0, 1000)}
    assert totals.conversations > 200 and totals.messages > 1000
    assert min(days) < "2026-05" and max(days) >= "2026-11-22"
    assert longest >= 60
    assert sources >= {"openclaw", "claude-code", "netto"}


def test_the_two_devices_left_conflicts_and_a_deletion_beside_an_edit(vault: Vault) -> None:
    with vault.reader() as reader:
        found = reader.conflicts()
    assert sorted(row.kind for row in found) == ["edit"] * 5 + ["edit-vs-delete"]


def test_what_merges_cleanly_was_merged(vault: Vault) -> None:
    with vault.reader() as reader:
        row = next(row for row in reader.conversations(Query(title=("Miguel",)), 0, 10))
        said = " ".join(message.text for message in reader.messages(row.conversation))
    assert "Quatro noites" in said and "três fatos" in said
    assert row.conflicts == 0


def test_the_git_replica_lags_and_the_disk_holds_one_damaged_record(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "vault"
    shutil.copytree(made, path)
    with Vault.open(path, now=lambda: NOW) as vault:
        with vault.reader() as reader:
            standing = {row.name: row for row in reader.replicas()}
        assert standing["history"].state == "behind" and standing["history"].pending > 0
        assert standing["disk"].pending == 0
        replicas = open_replicas(vault, load(Layout(made).config), ["disk"])
        stores = {store.name: store for store in verify(vault, replicas).stores}
        close_all(replicas)
    assert stores["local"].ok
    assert len(stores["disk"].corrupt) == 1


def test_a_complete_sample_is_recognised_and_made_anew_only_over_a_sample(made: Path, tmp_path: Path) -> None:
    assert demo.is_there(made)
    assert not demo.is_there(tmp_path)
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(Refused):
        demo.make(tmp_path)
    with pytest.raises(Refused):
        demo.reset(tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_an_interrupted_sample_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "vault" / ".netto").mkdir(parents=True)
    (tmp_path / "vault" / ".netto" / "demo").write_bytes(b"begun\n")
    assert not demo.is_there(tmp_path / "vault")
    demo.reset(tmp_path / "vault")
    assert not (tmp_path / "vault").exists()

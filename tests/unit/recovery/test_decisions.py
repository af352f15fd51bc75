"""Decisions are written as one revision each, proven, and taken back by one undo point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.errors import UsageError, VaultError
from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Message, Text
from netto_tui.recovery.decisions import decide
from netto_tui.recovery.undo import undo
from netto_tui.vault.vault import Vault
from tests.tui.vaults import NOW, changed, make_vault, talk

LISBON, RECORDS = talk(0)
NAMES = [record.rev.item for record in RECORDS[3:6]]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Three messages of one conversation have two versions each."""
    with make_vault(tmp_path / "vault") as opened:
        yield opened


def test_a_decision_replaces_every_version_and_is_taken_back_in_one_step(vault: Vault) -> None:
    items = [vault.item(LISBON, name) for name in NAMES]
    told: list[str] = []
    done = decide(vault, [(item, item.versions[0].body) for item in items], told.append)
    assert [record.rev.replaces for record in done.records] == [tuple(sorted(h.id for h in i.heads)) for i in items]
    assert not any(vault.item(LISBON, name).conflict for name in NAMES)
    assert (done.left, len(told)) == (0, 3)
    with vault.reader() as reader:
        assert reader.journal(1)[0].detail.endswith(f"the way back: netto-tui undo {done.undo}")
    assert undo(vault, done.undo) == 3
    assert all(vault.item(LISBON, name).conflict for name in NAMES)


def test_a_version_that_came_in_unseen_stays_and_is_told(vault: Vault) -> None:
    item = vault.item(LISBON, NAMES[0])
    vault.add([changed(RECORDS, 2, "Six days.", "2026-11-23T09:50:00.000Z", "phone")], origin="disk")
    assert decide(vault, [(item, item.versions[0].body)]).left == 1
    assert "Six days." in {body_text(version.body) for version in vault.item(LISBON, NAMES[0]).versions}


def test_a_long_decision_is_stored_in_parts(vault: Vault) -> None:
    item = vault.item(LISBON, NAMES[0])
    text = "long " * 100_000
    [record] = decide(vault, [(item, Message("user", (Text(text),)))]).records
    body = record.rev.body
    assert isinstance(body, Message) and body.blobs
    assert [vault.blobs.get(ref.sha256) for ref in body.blobs.values()] == [text.encode()]


def test_what_does_not_come_back_as_it_was_written_is_an_error(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    item = vault.item(LISBON, NAMES[0])
    monkeypatch.setattr(vault, "add", lambda *_: None)  # a disk that says yes and keeps nothing
    with pytest.raises(VaultError, match="reading it back"):
        decide(vault, [(item, item.versions[0].body)])


def test_no_decision_leaves_no_undo_point(vault: Vault) -> None:
    assert decide(vault, []).undo == ""
    with pytest.raises(UsageError):
        undo(vault)
    assert vault.clock.now() == NOW

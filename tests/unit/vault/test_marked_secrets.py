"""A message that holds a credential is marked in the index, and found by `has:secret`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import pytest

from netto_tui.errors import UsageError
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.query import Query, parse
from netto_tui.model.revision import Message, Record, Stamp, Text, mint
from netto_tui.vault import schema
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import new_vault

OPEN, CLOSED = (conversation_id("secrets", name) for name in ("open", "closed"))
SETTING = 'db_password = "kW8!rtq2Zz"'


def ask(text: str) -> Query:
    return parse(text, date(2026, 11, 23), UTC)


def said(conversation: str, key: str, text: str, replaces: tuple[str, ...] = ()) -> Record:
    at = f"2026-11-20T10:0{len(replaces)}:00.000Z"
    body = Message("user", (Text(text),))
    return mint(conversation, message_id(conversation, key), body, Stamp(at, 0, "source:test"), replaces=replaces)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with new_vault(tmp_path / "vault") as opened:
        opened.add([said(OPEN, "1", f"Use {SETTING} there."), said(OPEN, "2", "Thanks."), said(CLOSED, "1", "Hello.")])
        yield opened


def test_has_secret_finds_the_conversation_and_the_message_that_hold_one(vault: Vault) -> None:
    with vault.reader() as reader:
        assert [row.conversation for row in reader.conversations(ask("has:secret"))] == [OPEN]
        assert [hit.item for hit in reader.search(ask("has:secret"))] == [message_id(OPEN, "1")]
        assert reader.count(ask("has:secret thanks")) == 0
        assert sum(day.conversations for day in reader.days(ask("has:secret"))) == 1


def test_rows_tell_whether_there_is_a_secret(vault: Vault) -> None:
    with vault.reader() as reader:
        assert [message.secrets for message in reader.messages(OPEN)] == [True, False]
        assert {row.conversation: row.secrets for row in reader.conversations(ask(""))} == {OPEN: True, CLOSED: False}


def test_an_edit_that_takes_the_secret_out_takes_the_mark_away(vault: Vault) -> None:
    old = next(record for record in vault.records(OPEN) if record.rev.item == message_id(OPEN, "1"))
    vault.add([said(OPEN, "1", "Use the password from the safe.", replaces=(old.id,))])
    with vault.reader() as reader:
        assert not reader.conversations(ask("has:secret"))


def test_an_index_without_marks_gets_them_when_it_is_opened(tmp_path: Path) -> None:
    with new_vault(tmp_path / "vault") as opened:
        opened.add([said(OPEN, "1", SETTING)])
        opened.sql.execute("DROP INDEX messages_secrets")
        opened.sql.execute("ALTER TABLE messages DROP COLUMN secrets")
        opened.sql.execute("ALTER TABLE conversations DROP COLUMN tags")
        opened.sql.execute("PRAGMA user_version = 2")
    with Vault.open(tmp_path / "vault") as opened, opened.reader() as reader:
        assert opened.sql.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
        assert [row.conversation for row in reader.conversations(ask("has:secret"))] == [OPEN]


def test_has_knows_only_what_it_can_look_for() -> None:
    with pytest.raises(UsageError, match="has:"):
        ask("has:money")

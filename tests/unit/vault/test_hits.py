"""The first hits come fast and are about right; all of them, by their places, are exactly right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import pytest

from netto_tui.model.clock import to_instant
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.query import Query, parse
from netto_tui.model.revision import Deleted, Message, Record, Sent, Stamp, Text, mint
from netto_tui.vault import hits, schema, tidying
from netto_tui.vault.hits import first_hits, hits_at, places
from netto_tui.vault.reader import Reader
from netto_tui.vault.tidying import Tidying, tidy
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import NOON, new_vault

SHELF = conversation_id("hits", "shelf")


def ask(text: str) -> Query:
    return parse(text, date(2026, 11, 23), UTC)


def said(minute: int, text: str, conversation: str = SHELF) -> Record:
    at = to_instant(NOON + minute * 60_000)
    body = Message("user", (Text(text),), sent=Sent(at=at))
    return mint(conversation, message_id(conversation, str(minute)), body, Stamp(at, 0, "source:test"))


def found(reader: Reader, text: str, limit: int = 50) -> list[str]:
    return [hit.snippet for hit in first_hits(reader, ask(text), limit)]


def exactly(reader: Reader, text: str) -> list[str]:
    return [hit.snippet for hit in hits_at(reader, places(reader, ask(text)).rows, ask(text).terms)]


def words(vault: Vault) -> dict[str, int]:
    return dict(vault.sql.execute("SELECT word, texts FROM completions"))


@pytest.fixture(autouse=True)
def _little_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "DUE_TEXTS", 2)


@pytest.fixture
def shelf(vault: Vault) -> Vault:
    """Ten messages with common words that begin alike, and the newest one with a rare one."""
    texts = [f"{'pension' if minute % 2 else 'pencil'} {minute}" for minute in range(10)]
    vault.add([said(minute, text) for minute, text in enumerate([*texts, "penguin"])])
    return vault


@pytest.fixture
def reader(shelf: Vault) -> Iterator[Reader]:
    with shelf.reader() as opened:
        yield opened


def test_tidying_leaves_one_segment_and_the_words_of_several_texts(shelf: Vault, reader: Reader) -> None:
    for minute in range(20, 30):
        shelf.add([said(minute, f"a word pencil {minute}")])
    before = exactly(reader, "pen")
    assert shelf.sql.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0] > 1
    tidy(shelf)
    assert shelf.sql.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0] == 1
    assert words(shelf) == {"pencil": 15, "pension": 5, "word": 10}  # not `a`, and not what is in one text only
    assert exactly(reader, "pen") == before
    assert not Tidying(shelf).step()


def test_tidying_waits_until_there_is_enough_and_goes_on_where_it_was_broken_off(shelf: Vault) -> None:
    work = Tidying(shelf)
    assert work.step()
    work.close()
    assert not words(shelf)
    shelf.add([said(11, "pencil")])
    tidy(shelf)
    assert words(shelf) == {"pencil": 6, "pension": 5}
    shelf.add([said(12, "pencil")])
    assert not Tidying(shelf).step()
    assert words(shelf)["pencil"] == 6


def test_words_that_are_gone_leave_the_list(shelf: Vault) -> None:
    tidy(shelf)
    for record in shelf.records(SHELF):
        if record.rev.body == Message("user", (Text("pencil 0"),), sent=Sent(at=to_instant(NOON))):
            continue
        stamp = Stamp(to_instant(NOON + 3_600_000), 0, "source:test")
        shelf.add([mint(SHELF, record.rev.item, Deleted(), stamp, replaces=[record.id])])
    tidy(shelf)
    assert words(shelf) == {}
    with shelf.reader() as reader:
        assert found(reader, "penc") == exactly(reader, "penc") == ["pencil 0"]


def test_the_first_hits_may_miss_a_rare_word_and_the_places_do_not(
    shelf: Vault, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(reader, "peng", 5) == ["penguin"]
    shelf.add([said(30, "pencilcase 30"), said(31, "pencils 31"), said(32, "pencils 32")])
    tidy(shelf)
    assert words(shelf) == {"pencil": 5, "pension": 5, "pencils": 2}
    monkeypatch.setattr(hits, "COMPLETIONS", 1)
    assert found(reader, "penci", 5) == ["pencil 8", "pencil 6", "pencil 4", "pencil 2", "pencil 0"]
    assert exactly(reader, "penci")[:4] == ["pencils 32", "pencils 31", "pencilcase 30", "pencil 8"]
    assert found(reader, "penci", 6) == exactly(reader, "penci")[:6], (
        "too few of the likely words, so all are looked at"
    )


@pytest.mark.parametrize(
    "text",
    [
        "pensio",
        "pencil 4",
        '"pencil 4',
        "pens* pencil",
        "PENSI",
        "pénci",
        "8 penci",
        "penci -",
        "penc after:2026-11-24",
    ],
)
def test_the_first_hits_are_those_of_the_whole_search(shelf: Vault, reader: Reader, text: str) -> None:
    untidied = found(reader, text)
    tidy(shelf)
    expected = [hit.snippet for hit in reader.search(ask(text))]
    assert found(reader, text) == untidied == expected == exactly(reader, text)
    assert found(reader, text, 2) == expected[:2]


def test_a_text_that_several_conversations_share_has_one_place(vault: Vault) -> None:
    fork = conversation_id("hits", "fork")
    vault.add([said(minute, text, name) for name in (SHELF, fork) for minute, text in enumerate(["pencil", "pen"])])
    vault.add([said(2, "pencil", fork)])
    with vault.reader() as reader:
        assert exactly(reader, "pen") == ["pencil", "pen", "pencil"]
        assert len(places(reader, ask("pen"), 2).rows) == 2
        assert [places(reader, ask("pen"), limit).capped for limit in (4, 5, 6)] == [True, True, False]
        assert places(reader, ask("nothing")).rows == []


def test_an_index_without_a_list_of_words_gets_one(tmp_path: Path) -> None:
    with new_vault(tmp_path / "vault") as opened:
        opened.add([said(minute, "pencil") for minute in range(3)])
        opened.sql.execute("DROP TABLE completions")
        opened.sql.execute("DELETE FROM meta WHERE key = 'untidied'")
        opened.sql.execute("PRAGMA user_version = 4")
    with Vault.open(tmp_path / "vault") as opened:
        assert opened.sql.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
        tidy(opened)
        assert words(opened) == {"pencil": 3}

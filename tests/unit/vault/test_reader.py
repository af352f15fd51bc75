"""Lists, transcripts and search are answered from the index, page by page, whatever is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.errors import Cancelled, UsageError
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.query import Query, parse
from netto_tui.model.revision import About, Deleted, Document, Message, Record, Role, Sent, Stamp, Text, mint
from netto_tui.vault.reader import Reader
from netto_tui.vault.searching import SNIPPET, snippet
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import NOON, new_vault, scratch

TODAY = date(2026, 11, 23)


def ask(text: str) -> Query:
    return parse(text, TODAY, UTC)


def message(name: str, key: str, at: str, text: str, role: Role = "user", **more: Any) -> Record:
    body = Message(role, (Text(text),), sent=Sent(at=at), **more)
    return mint(name, message_id(name, key), body, Stamp(at, 0, "source:test"))


def library() -> list[Record]:
    """Five conversations: three in the open, one without a date, one that its source hides a message of."""
    garden, trip, code, notes, plain = (conversation_id("library", str(number)) for number in range(5))

    def stamp(at: str) -> Stamp:
        return Stamp(at, 0, "source:test")

    day = "2026-11-{}T10:00:00.000Z".format
    return [
        mint(garden, "about", About(title="The Garden", source={"app": "claude-code"}), stamp(day("20"))),
        message(garden, "1", day("20"), "When do I sow beans?"),
        message(garden, "2", "2026-11-20T10:01:00.000Z", "In May, said the café owner.", role="assistant"),
        message(garden, "3", "2026-11-20T10:02:00.000Z", "hidden beans", native={"hidden": True}),
        mint(trip, "about", About(title="A trip", source={"app": "chat"}, state={"pinned": True}), stamp(day("21"))),
        message(trip, "1", day("21"), "A train to Faro, and beans for dinner. 🐟"),
        mint(
            code,
            "about",
            About(title="Beans in C", source={"app": "chat"}, state={"archived": True, "deleted_at_source": True}),
            stamp(day("22")),
        ),
        message(code, "1", day("22"), 'printf("%s", beans); // C++ * -- "quoted"'),
        mint(
            notes, "memory/2026-11-19.md", Document(path="memory/2026-11-19.md", text="beans, again"), stamp(day("19"))
        ),
        message(plain, "1", "1970-01-01T00:00:00.000Z", "no date at all"),
    ]


@pytest.fixture(scope="module")
def shelf() -> Iterator[Vault]:
    """The library in a vault, with one conflict."""
    with scratch() as folder, new_vault(folder / "vault") as vault:
        records = library()
        vault.add(records)
        first = records[1]
        for by in ("a", "b"):
            body = Message("user", (Text(f"When do I sow {by} beans?"),), sent=Sent(at=first.rev.at))
            stamp = Stamp("2026-11-20T10:05:00.000Z", 0, by)
            vault.add([mint(first.rev.conversation, first.rev.item, body, stamp, [first.id])])
        yield vault


@pytest.fixture
def reader(shelf: Vault) -> Iterator[Reader]:
    with shelf.reader() as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Beans in C", "A trip", "The Garden", "beans, again", "no date at all"]),
        ("source:chat", ["Beans in C", "A trip"]),
        ("is:pinned", ["A trip"]),
        ("is:archived", ["Beans in C"]),
        ("is:deleted", ["Beans in C"]),
        ("is:conflict", ["The Garden"]),
        ("is:document", ["beans, again"]),
        ("from:assistant", ["The Garden"]),
        ("title:bean", ["Beans in C", "beans, again"]),
        ("on:2026-11-21", ["A trip"]),
        ("after:2026-11-21", ["Beans in C", "A trip"]),
        ("before:2026-11-21 after:2026-11-20", ["The Garden"]),
        ("beans ", ["Beans in C", "A trip", "The Garden", "beans, again"]),
        ("nothing", []),
        ("after:9000", []),
        ("before:9000 title:trip", ["A trip"]),
    ],
)
def test_lists_hold_what_matches_latest_first(reader: Reader, query: str, titles: list[str]) -> None:
    found = reader.conversations(ask(query))
    assert [row.title for row in found] == titles
    assert reader.count(ask(query)) == len(titles)
    if not ask(query).terms:
        assert sum(day.conversations for day in reader.days(ask(query))) == len(titles)
    for size in (1, 2):
        pages = [reader.conversations(ask(query), offset, size) for offset in range(0, 6, size)]
        assert [row for page in pages for row in page] == found


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("beans ", 4),
        ("bea", 4),
        ("bea ", 0),
        ("bea*", 4),
        ("BEANS", 4),
        ("cafe", 1),
        ("café", 1),
        ('"sow b beans"', 1),
        ('"beans sow"', 0),
        ("beans train", 1),
        ("beans from:user", 3),
        ("beans from:assistant from:user", 3),
        ("beans source:chat", 2),
        ("beans title:garden", 1),
        ("beans is:conflict", 1),
        ("beans is:document", 1),
        ("beans is:archived", 1),
        ("beans on:2026-11-21", 1),
        ("beans before:2026-11-20", 1),
        ("🐟", 1),
        ("%s ", 1),
        ('"--"', 1),
        ("C++ ", 1),
        ("hidden", 0),
        ("from:assistant", 1),
    ],
)
def test_searches_find_what_matches(reader: Reader, query: str, count: int) -> None:
    hits = reader.search(ask(query))
    assert len(hits) == count
    assert reader.search_count(ask(query)) == count
    assert [hit.at for hit in hits] == sorted((hit.at for hit in hits), reverse=True)
    assert [*reader.search(ask(query), 2), *reader.search(ask(query), 50, 2)] == hits
    assert reader.search_count(ask(query), 1) == min(count, 1)


def test_a_text_that_several_conversations_share_is_found_once(folder: Path) -> None:
    with new_vault(folder / "vault") as vault:
        for number in range(3):
            name = conversation_id("fork", str(number))
            vault.add([message(name, "1", "2026-11-20T10:00:00.000Z", "the same words")])
        with vault.reader() as reader:
            assert len(reader.search(ask("words"))) == 1
            assert reader.count(ask("words")) == 3


def test_a_transcript_comes_in_pages_and_tells_positions(folder: Path) -> None:
    name = conversation_id("long", "1")
    with new_vault(folder / "vault") as vault:
        times = [to_instant(NOON + number * 1000) for number in range(25)]
        vault.add([message(name, str(number), at, f"number {number}") for number, at in enumerate(times)])
        with vault.reader() as reader:
            rows = [row for offset in range(0, 30, 10) for row in reader.messages(name, offset, 10)]
            assert [row.text for row in rows] == [f"number {number}" for number in range(25)]
            assert reader.message_count(name) == 25
            assert [reader.position(name, row.item) for row in rows] == list(range(25))
            assert reader.position(name, "m_" + "0" * 32) == 0
            assert reader.messages("c_" + "0" * 32) == []
            assert reader.last_item(name) == rows[-1].item


def test_a_reply_never_stands_before_what_it_answers(folder: Path) -> None:
    name = conversation_id("odd clock", "1")
    items = [message_id(name, str(number)) for number in range(6)]
    clocks = [50, 10, 40, 0, 30, 20]
    with new_vault(folder / "vault") as vault:
        for number in (3, 1, 5, 0, 4, 2):
            at = to_instant(NOON + clocks[number] * 60_000)
            vault.add([message(name, str(number), at, str(number), parent=items[number - 1] if number else None)])
        with vault.reader() as reader:
            assert [row.text for row in reader.messages(name)] == list("012345")


def test_days_follow_the_zone_of_the_vault(folder: Path) -> None:
    with new_vault(folder / "vault", zone="Asia/Kathmandu") as vault:
        for number, at in enumerate(["2026-11-22T18:14:59.999Z", "2026-11-22T18:15:00.000Z"]):
            vault.add([message(conversation_id("zone", str(number)), "1", at, "hello")])
        with vault.reader() as reader:
            assert [(day.day, day.conversations) for day in reader.days(Query())] == [
                ("2026-11-23", 1),
                ("2026-11-22", 1),
            ]


def test_conversations_that_are_named_come_in_that_order_as_far_as_they_are_here(shelf: Vault) -> None:
    with shelf.reader() as reader:
        names = [row.conversation for row in reader.conversations(Query())][::-1]
        found = reader.named([names[0], "c_unknown", *names[1:]])
        assert [row.conversation for row in found] == names
        assert found[0] == reader.conversation(names[0])
        assert reader.conversation("c_unknown") is None


def test_a_deleted_conversation_is_in_no_list(folder: Path) -> None:
    name = conversation_id("gone", "1")
    with new_vault(folder / "vault") as vault:
        said = message(name, "1", "2026-11-20T10:00:00.000Z", "hello")
        vault.add([said])
        vault.add([mint(name, said.rev.item, Deleted(), Stamp("2026-11-20T10:01:00.000Z", 0, "a"), [said.id])])
        with vault.reader() as reader:
            assert reader.conversations(Query()) == []
            assert reader.search(ask("hello")) == []
            assert reader.totals().messages == 0
            assert reader.totals().revisions == 2


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=30) | st.text("\"*():^-+ \\%_'ab:AND OR NOT NEAR\0", max_size=30))
def test_no_text_that_can_be_typed_makes_a_search_fail(shelf: Vault, text: str) -> None:
    try:
        query = ask(text)
    except UsageError as error:
        assert error.remedy
        return
    with shelf.reader() as reader:
        reader.search(query, 5)
        reader.search_count(query, 5)
        reader.conversations(query, 0, 5)
        reader.count(query)
        reader.days(query)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=600), st.text(min_size=1, max_size=5))
def test_a_snippet_is_one_short_line(text: str, word: str) -> None:
    line = snippet(text, ask(f'"{word}"').terms)
    assert len(line) <= SNIPPET + 1
    assert len(line.splitlines()) <= 1


def test_a_snippet_shows_what_was_searched_for() -> None:
    text = "word " * 100 + "needle" + " word" * 100
    assert "needle" in snippet(text, ask("needle").terms)


def test_a_reader_notices_that_something_changed(vault: Vault) -> None:
    with vault.reader() as reader:
        before = reader.version()
        assert reader.version() == before
        vault.add(library())
        assert reader.version() != before


def test_a_search_that_runs_can_be_stopped(folder: Path) -> None:
    with new_vault(folder / "vault") as vault, vault.reader() as reader:
        name = conversation_id("many", "1")
        vault.add([message(name, str(n), to_instant(NOON + n), f"words {n} " * 50) for n in range(2000)])
        started, stopped = threading.Event(), threading.Event()

        def interrupt() -> None:
            started.wait()
            while not stopped.is_set():
                reader.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        started.set()
        try:
            with pytest.raises(Cancelled):
                for _ in range(200):
                    reader.search_count(ask("title:nothing wor"))
        finally:
            stopped.set()
            thread.join()


def test_replicas_and_marks_are_empty_before_the_first_sync(vault: Vault) -> None:
    vault.add(library())
    with vault.reader() as reader:
        assert reader.replicas() == []
        name = library()[0].rev.conversation
        assert reader.replica_marks([name]) == {name: {}}
        assert reader.journal() == []


def test_times_of_rows_are_those_of_what_was_said(reader: Reader) -> None:
    row = reader.conversations(ask("title:trip"))[0]
    assert (row.started, row.messages, row.day) == ("2026-11-21T10:00:00.000Z", 1, "2026/11/21")
    assert to_ms(row.updated) == to_ms("2026-11-21T10:00:00.000Z")
    undated = reader.conversations(ask("title:date"))[0]
    assert undated.started == ""

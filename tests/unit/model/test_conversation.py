"""What a set of revisions says: heads, value, conflict, and plain text."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.model.conversation import Item, body_text, is_hidden, items, start_day, title_of
from netto_tui.model.revision import (
    UNDATED,
    About,
    Attachment,
    Body,
    Code,
    Deleted,
    Document,
    Message,
    Record,
    Stamp,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    mint,
)
from tests.unit.model.strategies import CONVERSATION, ITEM, bodies


def said(text: str, *replaced: Record, at: int = 0, by: str = "laptop") -> Record:
    return stored(Message(role="user", parts=(Text(text),)), *replaced, at=at, by=by)


def stored(body: Body, *replaced: Record, at: int = 0, by: str = "laptop") -> Record:
    stamp = Stamp(f"2026-11-23T08:00:{at:02d}.000Z", 0, by)
    return mint(CONVERSATION, ITEM, body, stamp, [record.id for record in replaced])


def item(*records: Record) -> Item:
    return items(records)[ITEM]


def test_a_revision_that_is_replaced_is_no_head() -> None:
    one = said("one")
    two = said("two", one, at=1)
    assert item(one, two).heads == (two,)
    assert item(one, two).conflict == ""


def test_a_replacement_counts_even_if_what_it_replaces_never_came() -> None:
    one = said("one")
    two = said("two", one, at=1)
    assert item(two).heads == (two,)


def test_heads_that_say_the_same_are_one_version() -> None:
    one = said("same", at=1, by="laptop")
    two = said("same", at=2, by="phone")
    found = item(one, two)
    assert len(found.heads) == 2
    assert [version.heads for version in found.versions] == [(one, two)]
    assert found.conflict == ""


def test_two_versions_are_a_conflict_and_the_later_is_shown() -> None:
    base = said("base")
    one = said("one", base, at=1)
    two = said("two", base, at=2)
    found = item(two, base, one)
    assert found.conflict == "edit"
    assert found.value.record == two
    assert [version.record for version in found.versions] == [one, two]


def test_an_edit_beside_a_tombstone_lives_and_is_flagged() -> None:
    base = said("base")
    edit = said("edit", base, at=1)
    grave = stored(Deleted(), base, at=9)
    found = item(base, edit, grave)
    assert found.conflict == "edit-vs-delete"
    assert found.value.record == edit
    assert not found.value.deleted


def test_a_tombstone_alone_deletes() -> None:
    base = said("base")
    assert item(base, stored(Deleted(), base, at=1)).value.deleted


@given(st.lists(bodies, min_size=1, max_size=6), st.randoms(), st.data())
def test_the_order_of_arrival_does_not_matter(found: list[Body], random: Random, data: st.DataObject) -> None:
    records: list[Record] = []
    for number, body in enumerate(found):
        replaced = data.draw(st.lists(st.sampled_from(records), max_size=2)) if records else []
        records.append(stored(body, *replaced, at=number))
    there = item(*records)
    random.shuffle(records)
    here = item(*records)
    assert (here.heads, here.versions, here.conflict) == (there.heads, there.versions, there.conflict)
    assert here.heads


@pytest.mark.parametrize(
    ("stamps", "day"),
    [
        ([], "1970/01/01"),
        ([UNDATED], "1970/01/01"),
        ([UNDATED, "2026-11-23T23:59:59.999Z", "2026-11-24T00:00:00.000Z"], "2026/11/23"),
    ],
)
def test_a_conversation_is_filed_under_the_day_of_its_earliest_dated_revision(stamps: list[str], day: str) -> None:
    assert start_day(stamps) == day


def test_all_parts_of_a_message_can_be_read() -> None:
    parts = (
        Text("Look:"),
        Thinking(summary="Weighing it."),
        ToolCall(name="read", arguments={"path": "a.txt"}),
        ToolCall(name="odd", arguments_raw="{path:"),
        ToolCall(name="bare"),
        ToolResult(output=(Text("inside"), Attachment(media_type="image/png"))),
        Code("print(1)", "python"),
        Attachment(name="list.pdf", text="milk"),
        Unknown("hologram"),
        Text(""),
    )
    assert body_text(Message(role="assistant", parts=parts)).splitlines() == [
        "Look:",
        "Weighing it.",
        '→ read {"path":"a.txt"}',
        "→ odd {path:",
        "→ bare",
        "inside",
        "[image/png]",
        "print(1)",
        "[list.pdf]",
        "milk",
        "[hologram]",
    ]


def test_documents_headers_and_tombstones_have_a_text_too() -> None:
    assert body_text(Document("a.md", "# Day")) == "# Day"
    assert body_text(About(title="A trip")) == "A trip"
    assert body_text(Deleted("by mistake")) == ""


@given(bodies)
def test_every_body_has_a_text(body: Body) -> None:
    assert isinstance(body_text(body), str)


@pytest.mark.parametrize(
    ("about", "first", "title"),
    [
        (About(title=" A\n trip "), "Hello", "A trip"),
        (About(), "How do  I\nbake bread?", "How do I bake bread?"),
        (None, "word " * 100, ("word " * 100)[:80]),
        (None, "", ""),
    ],
)
def test_a_title_is_one_line_and_never_invented(about: About | None, first: str, title: str) -> None:
    assert title_of(about, first) == title


def test_only_the_source_hides_a_message() -> None:
    assert is_hidden(Message(role="system", native={"hidden": True}))
    assert not is_hidden(Message(role="system"))
    assert not is_hidden(Document("a.md", native={"hidden": True}))

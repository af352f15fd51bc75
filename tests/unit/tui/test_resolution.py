"""Choosing between versions: what a pick means, undo, drafts, and rows that change underneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from netto_tui.errors import UsageError
from netto_tui.model.conversation import Item, body_text
from netto_tui.model.revision import BlobRef, Body, Deleted, Message, Record, Stamp, Text, ToolCall, mint
from netto_tui.tui.conflict_rows import conflict_row
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution, check

CONVERSATION = "c_" + "0" * 32


def message(text: str) -> Message:
    return Message("user", (Text(text),))


def item(
    name: str, versions: Sequence[tuple[str, Body]], base: Body | None = None
) -> tuple[Item, dict[str, tuple[str, ...]]]:
    """An item with one head for each (place, body)."""
    parent = () if base is None else (mint(CONVERSATION, name, base, Stamp("2026-01-01T00:00:00.000Z", 0, "app")),)
    heads = [
        mint(CONVERSATION, name, body, Stamp(f"2026-01-02T00:00:{n:02d}.000Z", 0, f"dev{n}"), [p.id for p in parent])
        for n, (_, body) in enumerate(versions)
    ]
    records: list[Record] = [*parent, *heads]
    origins: dict[str, tuple[str, ...]] = {head.id: (place,) for head, (place, _) in zip(heads, versions, strict=True)}
    return Item(name, {record.id: record for record in records}), origins


def row(name: str, versions: Sequence[tuple[str, Body]], base: Body | None = None, number: int = 1) -> Row:
    return conflict_row(number, *item(name, versions, base))


@pytest.fixture
def trip() -> Resolution:
    """Two edited messages and one that was deleted on one side."""
    return Resolution(
        [
            Row("m0", 1, "user", "the same everywhere"),
            row("m1", [("local", message("five")), ("github", message("four"))], message("three"), 2),
            row("m2", [("github", message("b")), ("local", message("a"))], None, 3),
            row("m3", [("local", message("thanks!")), ("github", Deleted())], message("thanks"), 4),
        ]
    )


def texts(state: Resolution) -> list[str | None]:
    return [None if (body := state.body_of(found)) is None else body_text(body) for found in state.conflicts]


def test_columns_put_this_device_first(trip: Resolution) -> None:
    assert trip.columns == ("local", "github")


def test_letters_tell_open_from_deleted_from_settled(trip: Resolution) -> None:
    assert [trip.letter(found) for found in trip.rows] == ["=", "?", "?", "x"]


def test_taking_a_column_gives_its_text(trip: Resolution) -> None:
    _, one, two, three = trip.rows
    assert trip.take(one, "github") == trip.take(two, "local") == trip.take(three, "github") == ""
    assert texts(trip) == ["four", "a", ""]
    assert [trip.letter(found) for found in trip.rows] == ["=", "2", "1", "D"]


def test_both_keeps_the_order_asked_for(trip: Resolution) -> None:
    one = trip.rows[1]
    local, github = (one.choice_in(label) for label in ("local", "github"))
    assert local and github
    trip.take_both(one, (github.revision, local.revision))
    assert texts(trip)[0] == "four\n\nfive"


def test_the_base_can_be_taken_only_where_there_is_one(trip: Resolution) -> None:
    assert trip.take_base(trip.rows[1]) == ""
    assert texts(trip)[0] == "three"
    assert "no beginning" in trip.take_base(trip.rows[2])


def test_an_edit_replaces_prose_and_keeps_tool_calls() -> None:
    call = ToolCall(name="run", call_id="1")
    bodies = [Message("assistant", (Text(text), call)) for text in ("one", "two")]
    state = Resolution([row("m", [("local", bodies[0]), ("disk", bodies[1])])])
    assert state.draft_text(state.rows[0]) == "one\n\ntwo"
    state.take_edit(state.rows[0], "three")
    body = state.body_of(state.rows[0])
    assert isinstance(body, Message)
    assert body.parts == (Text("three"), call)


def test_deletion_is_a_choice_only_where_somebody_deleted(trip: Resolution) -> None:
    assert "Nobody deleted" in trip.take_deletion(trip.rows[1])
    assert trip.take_deletion(trip.rows[3]) == ""
    assert isinstance(trip.body_of(trip.rows[3]), Deleted)


def test_a_message_stored_in_parts_is_taken_whole_or_not_at_all() -> None:
    long = replace_blobs(message("the beginning"))
    state = Resolution([row("m", [("local", long), ("disk", message("short"))])])
    assert "stored in parts" in state.take_both(state.rows[0])
    assert "stored in parts" in state.take_edit(state.rows[0], "x")
    assert state.take(state.rows[0], "local") == ""


def replace_blobs(body: Message) -> Message:
    import msgspec

    return msgspec.structs.replace(body, blobs={"/parts/0/text": BlobRef("0" * 64, 300_000)})


def test_a_whole_column_is_one_step_to_undo(trip: Resolution) -> None:
    trip.take(trip.rows[1], "local")
    assert trip.take_column("github") == 3
    assert texts(trip) == ["four", "b", ""]
    trip.undo()
    assert texts(trip) == ["five", None, None]


def test_nothing_is_ready_until_everything_is_chosen(trip: Resolution) -> None:
    trip.take_column("local")
    check(trip)
    trip.clear(trip.rows[2])
    with pytest.raises(UsageError, match="1 of 3 still wait: message 3"):
        check(trip)


def test_two_versions_from_one_place_are_told_apart_by_who_wrote_them() -> None:
    found = row("m", [("github", message("a")), ("github", message("b"))])
    assert [choice.labels for choice in found.choices] == [("github/dev0",), ("github/dev1",)]


def test_a_draft_brings_every_pick_back(trip: Resolution) -> None:
    trip.take(trip.rows[1], "local")
    trip.take_edit(trip.rows[2], "by hand")
    trip.take_deletion(trip.rows[3])
    again = Resolution(trip.rows).with_draft(trip.to_draft())
    assert texts(again) == texts(trip)


@pytest.mark.parametrize(
    "draft", [{"m1": None}, {"m1": {"kind": "burn"}}, {"m1": {"kind": "take", "revisions": ["?"]}}, {"m1": []}]
)
def test_a_draft_that_does_not_fit_is_left_out(trip: Resolution, draft: dict[str, object]) -> None:
    assert not trip.with_draft(draft).picks


def test_a_pick_stays_when_its_text_is_still_there(trip: Resolution) -> None:
    trip.take_column("github")
    moved = row(
        "m1",
        [("local", message("six")), ("github", message("four")), ("firebase", message("two"))],
        message("three"),
        2,
    )
    gone = row("m2", [("github", message("b, again")), ("local", message("a"))], None, 3)
    later = trip.rebased([trip.rows[0], moved, gone, trip.rows[3]])
    assert texts(later) == ["four", None, ""]
    assert later.unresolved == [gone]


def test_rows_settled_meanwhile_leave_no_pick_behind(trip: Resolution) -> None:
    trip.take_column("local")
    later = trip.rebased([replace(trip.rows[1], choices=(), conflict=""), *trip.rows[2:]])
    assert set(later.picks) == {"m2", "m3"}


class Choosing(RuleBasedStateMachine):
    """Undo and redo against the plain list of all states there were."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Resolution(
            [
                row(f"m{n}", [("local", message(f"a{n}")), ("disk", message(f"b{n}"))], message("base"), n)
                for n in range(3)
            ]
        )
        self.states = [dict(self.state.picks)]
        self.at = 0

    def _note(self) -> None:
        if dict(self.state.picks) != self.states[self.at]:
            self.states[self.at + 1 :] = [dict(self.state.picks)]
            self.at += 1

    @rule(place=st.integers(0, 2), label=st.sampled_from(["local", "disk", "nowhere"]))
    def take(self, place: int, label: str) -> None:
        self.state.take(self.state.rows[place], label)
        self._note()

    @rule(place=st.integers(0, 2), text=st.text(max_size=5))
    def edit(self, place: int, text: str) -> None:
        self.state.take_edit(self.state.rows[place], text)
        self._note()

    @rule(label=st.sampled_from(["local", "disk"]))
    def column(self, label: str) -> None:
        self.state.take_column(label)
        self._note()

    @rule(place=st.integers(0, 2))
    def clear(self, place: int) -> None:
        self.state.clear(self.state.rows[place])
        self._note()

    @rule()
    def undo(self) -> None:
        assert (self.state.undo() is not None) == (self.at > 0)
        self.at = max(0, self.at - 1)

    @rule()
    def redo(self) -> None:
        assert (self.state.redo() is not None) == (self.at < len(self.states) - 1)
        self.at = min(len(self.states) - 1, self.at + 1)

    @invariant()
    def the_picks_are_those_of_this_step(self) -> None:
        assert dict(self.state.picks) == self.states[self.at]
        assert len(self.state.unresolved) == 3 - len(self.state.picks)


TestChoosing = Choosing.TestCase


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=2, max_size=5).filter(lambda said: len(set(said)) > 1))
def test_every_version_has_a_column_of_its_own(said: list[str]) -> None:
    places = ["local", "github", "firebase", "github", "local"]
    found = row("m", [(places[n], message(text)) for n, text in enumerate(said)])
    labels = [label for choice in found.choices for label in choice.labels]
    assert len(labels) == len(set(labels))
    assert {choice.text for choice in found.choices} == set(said)

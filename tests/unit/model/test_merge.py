"""Merging: union first, the same bytes on every device, and never a lost body."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.model import merge
from netto_tui.model.conversation import Item, body_text, items
from netto_tui.model.merge import MERGED_BY, join, merge_fields, merge_item, merge_text, resolve
from netto_tui.model.policy import Policy
from netto_tui.model.revision import About, Body, Code, Deleted, Document, Message, Record, Stamp, Text, mint
from tests.unit.model.strategies import CONVERSATION, ITEM, objects, records

record_sets = st.lists(records, max_size=4)


def note(text: str) -> Message:
    return Message(role="user", parts=(Text(text),))


def stored(body: Body, *replaced: Record, at: int = 0, by: str = "laptop") -> Record:
    stamp = Stamp(f"2026-11-23T08:{at // 60:02d}:{at % 60:02d}.000Z", 0, by)
    return mint(CONVERSATION, ITEM, body, stamp, [record.id for record in replaced])


def item(*found: Record) -> Item:
    return items(found)[ITEM]


def united(item: Item, policy: Policy = "merge") -> Body | None:
    merged = merge_item(item, policy)
    return None if merged is None else merged.rev.body


@given(record_sets, record_sets, record_sets)
def test_joining_sets_is_commutative_associative_and_idempotent(
    a: list[Record], b: list[Record], c: list[Record]
) -> None:
    assert join(a, b) == join(b, a)
    assert join(join(a, b).values(), c) == join(a, join(b, c).values()) == join(a, b, c)
    assert join(a, a) == join(a)


# Texts of numbered sentences. A marker stands for what somebody wrote; each is unique.


def sentence(marker: object) -> str:
    return f"Note {marker} is here.\n"


def markers(text: str) -> set[str]:
    return set(re.findall(r"Note (\S+) is here", text))


@st.composite
def two_edits(draw: st.DrawFn) -> tuple[str, str, str, set[int], set[int]]:
    """A base of ten sentences, and two edits that each replace some of them."""
    places = st.sets(st.integers(0, 9), min_size=1, max_size=4)
    mine, other = draw(places), draw(places)
    base = "".join(map(sentence, range(10)))
    one, two = (
        "".join(sentence(f"{name}{n}" if n in changed else n) for n in range(10))
        for name, changed in (("a", mine), ("b", other))
    )
    return base, one, two, mine, other


@given(two_edits())
def test_changes_to_different_sentences_are_all_kept_and_to_the_same_one_are_flagged(
    case: tuple[str, str, str, set[int], set[int]],
) -> None:
    base, one, two, mine, other = case
    merged = merge_text(base, one, two)
    assert merged == merge_text(base, two, one)
    if mine & other:
        assert merged is None
    elif merged is not None:
        expected = (
            {f"a{n}" for n in mine} | {f"b{n}" for n in other} | {str(n) for n in range(10) if n not in mine | other}
        )
        assert markers(merged) == expected
    else:
        assert any(n + 1 in other or n - 1 in other for n in mine), "only changes that touch may need a person"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_texts_are_too_odd_to_merge_or_to_leave_alone(base: str, one: str, two: str) -> None:
    merged = merge_text(base, one, two)
    assert merged == merge_text(base, two, one)
    assert merge_text(base, base, two) == two
    assert merge_text(base, one, base) == one
    assert merge_text(base, one, one) == one


def test_changes_within_one_sentence_are_for_a_person() -> None:
    base = "We meet at noon in the park."
    assert merge_text(base, base.replace("noon", "one"), base.replace("park", "square")) is None


@pytest.mark.parametrize(
    ("base", "one", "two"),
    [
        ("We move on 1. May, at last.", "We move on 15. May, at last.", "We move on 1. June, at last."),
        ("It costs 3.50 today.", "It costs 4.50 today.", "It costs 3.90 today."),
        ("A.\nB.\nC.\n", "a.\nB.\nC.\n", "A.\nb.\nC.\n"),
    ],
)
def test_changes_that_touch_are_for_a_person(base: str, one: str, two: str) -> None:
    assert merge_text(base, one, two) is None
    assert merge_text(base, two, one) is None


def test_two_insertions_at_one_place_are_for_a_person() -> None:
    assert merge_text("A.\nB.\n", "A.\nX.\nB.\n", "A.\nY.\nB.\n") is None


def test_texts_that_differ_too_much_are_for_a_person() -> None:
    base = "".join(map(sentence, range(2000)))
    one = "".join(sentence(f"a{n}") for n in range(2000))
    assert merge_text(base, one, base.replace("Note 7 ", "Note seven ")) is None


def test_a_message_that_both_sides_changed_apart_is_merged_under_a_name_of_its_own() -> None:
    base = stored(note("One.\nTwo.\nThree.\n"))
    one = stored(note("ONE.\nTwo.\nThree.\n"), base, at=1)
    two = stored(note("One.\nTwo.\nTHREE.\n"), base, at=2, by="phone")
    merged = merge_item(item(base, one, two))
    assert merged is not None
    assert body_text(merged.rev.body) == "ONE.\nTwo.\nTHREE.\n"
    assert merged.rev.stamp == Stamp(two.rev.at, 0, MERGED_BY)
    assert item(base, one, two, merged).heads == (merged,)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (note("Noon!"), note("One!")),
        (note("Noon!"), Message(role="assistant", parts=(Text("Twelve."),))),
        (Message(role="user", parts=(Text("Noon!"), Code("1"))), note("One!")),
        (Document("a.md", "x"), Document("a.md", "y")),
        (note("Noon!"), Deleted()),
    ],
)
def test_what_does_not_unite_cleanly_stays_as_several_heads(one: Body, two: Body) -> None:
    base = stored(note("Twelve."))
    found = item(base, stored(one, base, at=1), stored(two, base, at=2))
    assert merge_item(found) is None
    assert found.conflict


def test_bodies_without_a_common_ancestor_are_for_a_person() -> None:
    assert merge_item(item(stored(note("A.\n")), stored(note("A.\nB.\n"), at=1))) is None


def test_the_policy_latest_takes_the_later_but_never_a_tombstone() -> None:
    base = stored(note("Twelve."))
    one, two = stored(note("Noon!"), base, at=1), stored(note("One!"), base, at=2)
    assert united(item(base, one, two), "latest") == note("One!")
    assert united(item(base, one, stored(Deleted(), base, at=3)), "latest") is None


def test_the_policy_flag_unites_headers_only() -> None:
    base = stored(note("One.\nTwo.\nThree.\n"))
    one = stored(note("ONE.\nTwo.\nThree.\n"), base, at=1)
    two = stored(note("One.\nTwo.\nTHREE.\n"), base, at=2)
    assert merge_item(item(base, one, two), "flag") is None
    about = stored(About())
    title, tags = stored(About(title="Trip"), about, at=1), stored(About(state={"pinned": True}), about, at=2)
    assert united(item(about, title, tags), "flag") == About(title="Trip", state={"pinned": True})


def test_headers_merge_field_by_field_and_the_later_wins_one_field() -> None:
    base = stored(About(title="Trip", context={"tags": ["a"], "cwd": "x"}, state={"pinned": True}))
    one = stored(About(title="Trip to Kyoto", context={"tags": ["a"], "cwd": "y"}), base, at=1)
    two = stored(
        About(title="Trip", context={"tags": ["b"], "cwd": "z"}, state={"pinned": True, "archived": True}), base, at=2
    )
    merged = united(item(base, one, two))
    assert merged == About(title="Trip to Kyoto", context={"tags": ["b"], "cwd": "z"}, state={"archived": True})


@given(objects, objects, objects)
def test_merging_fields_keeps_what_only_one_side_changed(
    base: dict[str, Any], one: dict[str, Any], two: dict[str, Any]
) -> None:
    assert merge_fields(base, base, two) == two
    assert merge_fields(base, one, base) == one
    merged = merge_fields(base, one, two)
    for key in one.keys() | two.keys():
        if key in base and key in two and one.get(key, ...) == base[key]:
            assert merged[key] == two[key]
    assert merged.keys() <= one.keys() | two.keys()


def test_a_persons_word_replaces_every_head() -> None:
    base = stored(note("Twelve."))
    one, two = stored(note("Noon!"), base, at=1), stored(note("One!"), base, at=2)
    word = resolve(item(base, one, two), note("Two o'clock."), Stamp("2026-11-23T09:00:00.000Z", 0, "laptop"))
    assert item(base, one, two, word).heads == (word,)
    assert set(word.rev.replaces) == {one.id, two.id}


class Device:
    """One device that edits a note, learns from others, and merges whenever it can."""

    def __init__(self, name: str, start: Record) -> None:
        self.name = name
        self.known: dict[str, Record] = {start.id: start}

    @property
    def item(self) -> Item:
        return items(self.known.values())[ITEM]

    def edit(self, body: Body, at: int) -> None:
        record = stored(body, *self.item.value.heads, at=at, by=self.name)
        self.known[record.id] = record

    def learn(self, other: Device) -> None:
        self.known = join(self.known.values(), other.known.values())

    def unite(self, policy: Policy) -> None:
        merged = merge_item(self.item, policy)
        if merged is not None:
            self.known[merged.id] = merged


steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.integers(0, 2), st.integers(0, 5)),
        st.tuples(st.just("insert"), st.integers(0, 2), st.integers(0, 5)),
        st.tuples(st.just("learn"), st.integers(0, 2), st.integers(0, 2)),
        st.tuples(st.just("unite"), st.integers(0, 2), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=200, deadline=None)
@given(steps, st.sampled_from(["merge", "flag"]))
def test_devices_agree_in_the_end_and_every_word_is_still_there(
    steps: list[tuple[str, int, int]], policy: Policy
) -> None:
    """Criss-cross merges included: what a person wrote is there until a person replaces it."""
    start = stored(note("".join(map(sentence, range(6)))))
    devices = [Device(name, start) for name in ("laptop", "phone", "desk")]
    written, replaced = set(markers(body_text(start.rev.body))), set()
    for number, (step, who, where) in enumerate(steps, start=1):
        device = devices[who]
        if step == "learn":
            device.learn(devices[where])
        elif step == "unite":
            device.unite(policy)
        else:
            before = body_text(device.item.value.body)
            lines = before.splitlines(keepends=True)
            lines[where : where + (step == "edit")] = [sentence(f"{device.name}-{number}")]
            device.edit(note("".join(lines)), at=number)
            written.add(f"{device.name}-{number}")
            replaced |= markers(before) - markers("".join(lines))
    for device in devices:
        device.unite(policy)
    for device in devices:
        for other in devices:
            device.learn(other)
    for device in devices:
        device.learn(devices[0])
        device.unite(policy)
    assert devices[0].known.keys() == devices[1].known.keys() == devices[2].known.keys()
    left = set().union(*(markers(body_text(version.body)) for version in devices[0].item.versions))
    assert written - replaced <= left


@settings(max_examples=100, deadline=None)
@given(two_edits(), st.permutations(range(4)))
def test_two_devices_mint_the_same_bytes_in_whatever_order_they_learnt(
    case: tuple[str, str, str, set[int], set[int]], order: list[int]
) -> None:
    base, one, two, _, _ = case
    root = stored(note(base))
    mine = stored(note(one), root, at=1)
    other = stored(note(two), root, at=2, by="phone")
    third = stored(note(one + "And more.\n"), root, at=3, by="desk")
    found = [root, mine, other, third]
    for policy in ("merge", "latest", "flag"):
        here, there = (merge_item(item(*group), policy) for group in (found, [found[n] for n in order]))
        assert (here and here.line) == (there and there.line)


def test_a_long_history_is_walked_once_for_each_head(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [stored(note("0"))]
    for at in range(1, 60):
        chain.append(stored(note(str(at)), chain[-1], at=at))
    edits = [stored(note(text), chain[-1], at=70, by=text) for text in ("59 and more", "59 or less")]
    walked: list[str] = []
    real = merge._ancestors

    def ancestors(found: Item, record: Record) -> set[str]:
        walked.append(record.id)
        return real(found, record)

    monkeypatch.setattr(merge, "_ancestors", ancestors)
    assert merge.merge_base(item(*chain, *edits), edits[:1], edits[1]) == note("59")
    assert len(walked) == 2

"""A conversation with branches: what a view of one shows, and how it is turned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.vault.branches import Branches, Node


def tree(*edges: tuple[str, str | None], active: str = "") -> Branches:
    """Messages in the order of their times, with who they answer; active: those on the conversation's branch."""
    on = set(active.split())
    return Branches(Node(at, item, parent, item in on) for at, (item, parent) in enumerate(edges))


FORKED = (("a", None), ("b", "a"), ("c", "b"), ("d", "a"), ("e", "d"), ("f", "d"), ("note", None))


def shown(view: Branches) -> str:
    return " ".join(FORKED[place][0] for place in view.places)


def test_the_active_branch_is_shown_with_what_belongs_to_none() -> None:
    view = tree(*FORKED, active="a d e note")
    assert shown(view) == "a d e note"
    assert [view.fork(item) for item in ("a", "d", "e", "note", "nobody")] == [(0, 0), (2, 2), (1, 2), (0, 0), (0, 0)]
    assert [view.position(item) for item in ("d", "note", "b")] == [1, 3, 0]
    assert view.positions([0, 1, 4]) == [0, 2]


def test_another_branch_is_shown_down_to_its_end_and_remembered() -> None:
    view = tree(*FORKED, active="a d e note")
    assert view.turn("e", 1) == "f"
    assert shown(view) == "a d f note"
    assert view.turn("d", 1) == "b"
    assert shown(view) == "a b c note"
    assert view.turn("b", -1) == "d"
    assert shown(view) == "a d f note", "the choice below is kept"
    assert view.turn("a", 1) == view.turn("note", 1) == ""
    again = tree(*FORKED, active="a d e note")
    again.keep_choices(view)
    assert shown(again) == "a d f note"


def test_a_message_on_another_branch_can_be_led_to() -> None:
    view = tree(*FORKED, active="a d e note")
    view.lead_to("c")
    assert shown(view) == "a b c note"
    assert (view.nearest_fork("c"), view.nearest_fork("a")) == ("b", "")


@given(st.lists(st.tuples(st.integers(-1, 30), st.booleans()), max_size=30), st.lists(st.integers(0, 29), max_size=10))
def test_every_message_of_any_tree_even_a_circular_one_can_be_shown(
    nodes: list[tuple[int, bool]], turns: list[int]
) -> None:
    view = Branches(
        Node(at, str(at), str(parent) if parent >= 0 else None, active) for at, (parent, active) in enumerate(nodes)
    )
    for turn in turns:
        chosen = view.turn(str(turn), 1)
        assert not chosen or view.places[view.position(chosen)] == int(chosen)
    for place in range(len(nodes)):
        view.lead_to(str(place))
        assert place in view.places
        assert sorted(set(view.places)) == view.places

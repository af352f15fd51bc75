"""A conversation with branches: what a view of one shows, and how it is turned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.vault.branches import Branches
from netto_tui.vault.forks import Forks, Node


def tree(*edges: tuple[str, str | None], active: str = "") -> Branches:
    """Messages in the order of their times, with who they answer; active: those on the conversation's branch."""
    on = set(active.split())
    return Branches(Node(at, item, parent, item in on) for at, (item, parent) in enumerate(edges))


SPEAKERS = ("user", "assistant", "tool", "", "assistant")
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


TOOLS = (
    Node(0, "ask", None, True, "user"),
    Node(1, "call 1", "ask", True, "assistant"),
    Node(2, "call 2", "call 1", True, "assistant"),
    Node(3, "result 1", "call 1", True, "tool"),
    Node(4, "result 2", "call 2", True, "tool"),
    Node(5, "answer", "result 2", True, "assistant"),
    Node(6, "setting", "answer", True, ""),
    Node(7, "more", "answer", False, "user"),
    Node(8, "less", "answer", True, "user"),
)


def test_results_beside_a_call_and_what_nobody_said_go_along_with_the_branch() -> None:
    view = Branches(TOOLS)
    assert view.places == [0, 1, 2, 3, 4, 5, 6, 8]
    assert [view.fork(item) for item in ("call 2", "result 1", "setting", "less")] == [(0, 0), (0, 0), (0, 0), (2, 2)]
    assert view.turn("result 1", 1) == view.turn("setting", 1) == ""
    assert view.turn("less", 1) == "more" and view.places == [0, 1, 2, 3, 4, 5, 6, 7]
    view.lead_to("result 1")
    assert view.places == [0, 1, 2, 3, 4, 5, 6, 7], "leading to what is on every branch changes nothing"
    for leaf in ("less", "more"):
        assert Forks(TOOLS).branch(leaf) == {node.item for node in TOOLS} - {"more", "less"} | {leaf}
    assert Forks(TOOLS).branch("nobody") == set()


def test_a_question_below_a_result_and_a_second_answer_are_alternatives() -> None:
    asked = Forks([*TOOLS, Node(9, "other", "result 1", False, "user")])
    assert asked.alternatives("call 1") == ["call 2", "result 1"]
    again = Forks([*TOOLS, Node(9, "call 1 again", "ask", False, "assistant")])
    assert again.alternatives("ask") == ["call 1", "call 1 again"]


@given(st.lists(st.tuples(st.integers(-1, 30), st.booleans()), max_size=30), st.lists(st.integers(0, 29), max_size=10))
def test_every_message_of_any_tree_even_a_circular_one_can_be_shown(
    nodes: list[tuple[int, bool]], turns: list[int]
) -> None:
    view = Branches(
        Node(at, str(at), str(parent) if parent >= 0 else None, active, SPEAKERS[at % len(SPEAKERS)])
        for at, (parent, active) in enumerate(nodes)
    )
    for turn in turns:
        chosen = view.turn(str(turn), 1)
        assert not chosen or view.places[view.position(chosen)] == int(chosen)
    for place in range(len(nodes)):
        view.lead_to(str(place))
        assert place in view.places
        assert sorted(set(view.places)) == view.places

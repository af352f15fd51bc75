"""Names: computed for what is captured, random for what begins here."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netto_tui.model.ids import CONVERSATION, conversation_id, message_id, new_conversation_id, new_message_id


@given(st.text(), st.text())
def test_the_same_native_session_has_the_same_name_everywhere(kind: str, native: str) -> None:
    assert conversation_id(kind, native) == conversation_id(kind, native)
    assert CONVERSATION.fullmatch(conversation_id(kind, native))


def test_the_name_of_a_session_is_fixed_for_good() -> None:
    """A fixed example: if this changes, an import that was done before would be done twice."""
    assert conversation_id("openclaw", "main/1") == "c_86cad41621b428724e865fccc0448e86"


def test_the_kind_and_the_session_do_not_run_together() -> None:
    assert conversation_id("ab", "c") != conversation_id("a", "bc")


def test_the_same_key_in_two_conversations_is_two_messages() -> None:
    one, two = conversation_id("manual", "1"), conversation_id("manual", "2")
    assert message_id(one, "5") != message_id(two, "5")


def test_new_names_are_never_the_same() -> None:
    assert len({new_conversation_id() for _ in range(200)} | {new_message_id() for _ in range(200)}) == 400
    assert CONVERSATION.fullmatch(new_conversation_id())

"""A Hypothesis strategy for what several devices may have written: sets of records with every oddity."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import strategies as st

from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
    ABOUT,
    UNDATED,
    About,
    Attachment,
    BlobRef,
    Body,
    Deleted,
    Document,
    Message,
    Record,
    Sent,
    Stamp,
    Text,
    mint,
)

CONVERSATIONS = [conversation_id("history", str(number)) for number in range(2)]
WORDS = ["", "hello", "a longer line\nand another", "Grüße 🐟"]
INSTANTS = [
    UNDATED,
    "1970-01-01T00:00:00.001Z",
    "1970-01-02T00:00:00.000Z",
    "2026-11-22T23:59:59.999Z",
    "2026-11-23T00:00:00.000Z",
    "2026-11-23T00:00:00.001Z",
    "2027-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
]
STRANGER = hashlib.sha256(b"a revision that nobody has").hexdigest()


def item_name(conversation: str, number: int) -> str:
    """The id of one of a few messages."""
    return message_id(conversation, str(number))


@st.composite
def _body(draw: st.DrawFn, conversation: str, item: str) -> Body:
    if draw(st.integers(0, 5)) == 0:
        return Deleted()
    if draw(st.integers(0, 19)) == 0:  # a body that belongs to another kind of item
        item = draw(st.sampled_from([ABOUT, "memory/2026-11-23.md", item_name(conversation, 1)]))
    others = [item_name(conversation, number) for number in range(4)]
    text = draw(st.sampled_from(WORDS))
    if item == ABOUT:
        state: dict[str, Any] = {"pinned": True} if draw(st.booleans()) else {}
        if draw(st.booleans()):
            state["leaf"] = draw(st.sampled_from(others))
        return About(title=text, source={"app": "history"}, state=state)
    if item.startswith("memory/"):
        return Document(path=item, text=text)
    blobs = {"/parts/0/text": BlobRef(hashlib.sha256(text.encode()).hexdigest(), len(text.encode()))}
    attached = Attachment(name="a.png", blob=STRANGER) if draw(st.integers(0, 6)) == 0 else Text(text)
    return Message(
        draw(st.sampled_from(["user", "assistant"])),
        (attached,),
        sent=Sent(at=draw(st.none() | st.sampled_from(INSTANTS))),
        parent=draw(st.none() | st.sampled_from([*others, "m_" + "f" * 32])),
        native={"hidden": True} if draw(st.integers(0, 6)) == 0 else {},
        blobs=blobs if draw(st.integers(0, 6)) == 0 else {},
    )


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> list[Record]:
    """Records of two conversations: edits, tombstones, several heads, loops of parents, odd clocks, foreign ids."""
    records: list[Record] = []
    for _ in range(draw(st.integers(1, most))):
        conversation = draw(st.sampled_from(CONVERSATIONS))
        names = [ABOUT, "memory/2026-11-23.md", *(item_name(conversation, number) for number in range(4))]
        item = draw(st.sampled_from(names))
        same = [r.id for r in records if (r.rev.conversation, r.rev.item) == (conversation, item)]
        anywhere = [*(r.id for r in records), STRANGER]
        replaces = draw(st.lists(st.sampled_from(same), max_size=3)) if same else []
        if draw(st.integers(0, 9)) == 0:
            replaces.append(draw(st.sampled_from(anywhere)))
        stamp = Stamp(draw(st.sampled_from(INSTANTS)), draw(st.integers(0, 2)), draw(st.sampled_from(["a", "b"])))
        records.append(mint(conversation, item, draw(_body(conversation, item)), stamp, replaces))
    return list({record.id: record for record in records}.values())

"""Where in one conversation the words of a search stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from netto_tui.model.query import Query, Term
from netto_tui.vault.branches import Branches
from netto_tui.vault.reader import Reader
from netto_tui.vault.schema import SLOT_BITS
from netto_tui.vault.searching import matching_messages


def match_positions(
    reader: Reader, conversation: str, terms: Sequence[Term], shown: Branches | None = None
) -> list[int]:
    """The messages of a conversation that have all the terms, as positions in its transcript, first one first.

    shown: the view in which they are counted, if a branch is chosen; what it does not show is left out. Asks the
    full text only between the conversation's first and last message.
    """
    query = "SELECT id, conversation FROM messages WHERE conversation = (SELECT id FROM conversations WHERE name = ?)"
    own = [place for place, _ in reader.select(f"{query} ORDER BY id", (conversation,))]
    if not own or not terms:
        return []
    span = replace(Query(terms=tuple(terms)), since=own[0] >> SLOT_BITS, until=(own[-1] >> SLOT_BITS) + 1)
    number = reader.first("SELECT id FROM conversations WHERE name = ?", (conversation,))
    found = reader.select(*matching_messages("messages.id, messages.conversation", span))
    places = sorted(place for place, owner in found if owner == number)
    return shown.positions(places) if shown is not None else [bisect_left(own, place) for place in places]

"""Messages that a search found: the first ones while someone types, then all of them by their places.

For a word of which only the beginning is there, the index would have to unite the texts of every word
that begins so before it could tell the newest one. So the first ones are looked for by the words that
are most often meant (see vault.tidying); `places` tells exactly what matches, in its own time.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from netto_tui.model.clock import to_instant
from netto_tui.model.query import Query, Term
from netto_tui.vault import rows
from netto_tui.vault.reader import Reader
from netto_tui.vault.searching import distinct, match_of, matching_messages, quoted, shown, snippet
from netto_tui.vault.tidying import SHORTEST

COMPLETIONS = 16
"""How many words stand for a beginning: fewer leave out more, more take longer."""

_COLUMNS = (
    "conversations.name, messages.item, messages.sent, messages.role, conversations.title, messages.text,"
    " messages.secrets"
)


def first_hits(reader: Reader, query: Query, limit: int = 50) -> list[rows.Hit]:
    """About the newest messages that match, in little time: a newer one with a rare word may be left out.

    Where there are fewer than `limit`, these are all.
    """
    likely = _likely(reader, query)
    if likely:
        found = distinct(reader.select(*matching_messages(_COLUMNS, query, likely)))
        hits = _hits(islice(found, limit), query.terms)
        if len(hits) == limit:
            return hits
    return reader.search(query, limit)


class Places(NamedTuple):
    """Where messages stand in the index, newest first; capped: there are more."""

    rows: list[int]
    capped: bool


def places(reader: Reader, query: Query, at_most: int = 10_000) -> Places:
    """All messages that match, up to so many; a text that several conversations share once."""
    statement, values = matching_messages("messages.id, messages.sent", query)
    # One value for all of them: other threads run while it is put together.
    joined = f"SELECT group_concat(id || ' ' || sent) FROM ({statement} LIMIT ?)"
    pairs = [pair.split(" ") for pair in str(reader.first(joined, (*values, at_most)) or "").split(",") if pair]
    count = Counter(sent for _, sent in pairs)
    repeated = _repeated(reader, [int(place) for place, sent in pairs if count[sent] > 1])
    return Places(
        [place for place in (int(place) for place, _ in pairs) if place not in repeated], len(pairs) == at_most
    )


def hits_at(reader: Reader, found: Sequence[int], terms: Sequence[Term]) -> list[rows.Hit]:
    """The messages at some places that `places` told, newest first; those that are gone are left out."""
    statement = (
        f"SELECT {_COLUMNS} FROM messages CROSS JOIN conversations ON conversations.id = messages.conversation"
        f" WHERE messages.id IN ({','.join('?' * len(found))}) ORDER BY messages.id DESC"
    )
    return _hits(reader.select(statement, found), terms)


def _hits(found: Iterable[tuple[Any, ...]], terms: Sequence[Term]) -> list[rows.Hit]:
    return [
        rows.Hit(
            name,
            item,
            to_instant(sent) if sent else "",
            role,
            title,
            snippet(shown(text, masked=bool(secrets)), terms),
        )
        for name, item, sent, role, title, text, secrets in found
    ]


def _repeated(reader: Reader, found: Sequence[int]) -> set[int]:
    """Those of some places, newest first, that say what one before them says."""
    seen: set[tuple[Any, ...]] = set()
    again: set[int] = set()
    for at in range(0, len(found), 500):
        some = found[at : at + 500]
        query = f"SELECT id, sent, role, text FROM messages WHERE id IN ({','.join('?' * len(some))}) ORDER BY id DESC"
        for place, sent, role, text in reader.select(query, some):
            key = (sent, role, hash(text))
            if key in seen:
                again.add(place)
            seen.add(key)
    return again


def _likely(reader: Reader, query: Query) -> str:
    """What to look for in the full text in place of the beginnings in a query; "" when there is no such thing."""
    alternatives = [_completions(reader, term) for term in query.terms]
    if not any(alternatives):
        return ""
    parts = [
        f"({' OR '.join(words)})" if words else match_of([term])
        for term, words in zip(query.terms, alternatives, strict=True)
    ]
    return " AND ".join(filter(None, parts))


def _completions(reader: Reader, term: Term) -> list[str]:
    """The most frequent words, in the query language of FTS5, that a beginning may become."""
    if not term.prefix or term.phrase or len(term.text) < SHORTEST or not term.text.isalnum():
        return []
    letters = unicodedata.normalize("NFD", term.text.lower())
    beginning = "".join(letter for letter in letters if not unicodedata.combining(letter))
    found = reader.select(
        "SELECT word FROM completions WHERE word >= ? AND word < ? ORDER BY texts DESC LIMIT ?",
        (beginning, beginning + chr(0x10FFFF), COMPLETIONS),
    )
    return [quoted(word) for (word,) in found]

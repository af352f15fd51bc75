"""Queries in SQL: which conversations and messages match, and how a hit is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from netto_tui.model.query import Query, Term
from netto_tui.model.revision import About
from netto_tui.model.tags import tag_names
from netto_tui.vault import schema

SNIPPET = 160
"""Characters of a hit's text that are shown."""

_EVER = (0, (1 << 63) - 1)

WITH_CREDENTIALS = (
    "EXISTS (SELECT 1 FROM messages INDEXED BY messages_secrets WHERE conversation = conversations.id AND secrets)"
)
"""Whether a message of a conversation holds a credential; a small index, which SQLite would pass over, answers it."""

_STATES = {
    "conflict": "conversations.conflicts > 0",
    "document": "conversations.documents > 0",
    "pinned": "instr(conversations.state, 'pinned')",
    "archived": "instr(conversations.state, 'archived')",
    "deleted": "instr(conversations.state, 'gone')",
}


def conversation_filter(query: Query) -> tuple[str, list[Any]]:
    """The condition on conversations, and its values; what a query says of words is left out."""
    where, values = ["visible"], list[Any]()
    if query.since is not None:
        where.append("first_at >= ?")
        values.append(query.since)
    if query.until is not None:
        where.append("first_at < ?")
        values.append(query.until)
    if query.sources:
        where.append(f"source IN ({','.join('?' * len(query.sources))})")
        values.extend(query.sources)
    for role in query.roles:
        where.append(
            "EXISTS (SELECT 1 FROM messages WHERE conversation = conversations.id AND role = ? AND NOT hidden)"
        )
        values.append(role)
    for word in query.title:
        where.append("contains(title, ?)")
        values.append(word)
    for tag in query.tags:
        where.append("instr(tags, ?)")
        values.append(f" {tag} ")
    where.extend(_STATES[state] for state in query.states)
    where.extend(WITH_CREDENTIALS for _ in query.contents)
    return " AND ".join(where), values


def indexed_tags(about: About) -> str:
    """The tags of a header as the index has them; one that is a credential is left out."""
    tags = tag_names(about.context.get("tags"))
    if not tags:
        return ""
    from netto_tui.security import redact

    return f" {' '.join(tag for tag in tags if not redact.has_secret(tag))} "


def quoted(text: str) -> str:
    """A text in the query language of FTS5, where a quoted string is only a string."""
    return '"' + text.replace('"', '""') + '"'


def _match(term: Term) -> str:
    return f"{quoted(term.text)} *" if term.prefix else quoted(term.text)


def contains(text: str, word: str) -> bool:
    """Whether a text has a word in it, whatever the case; known to SQL by this name."""
    return word.casefold() in text.casefold()


def distinct(matches: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Leave out copies: forks and resumed sessions repeat what was said before."""
    seen: set[tuple[int, str, int]] = set()
    for row in matches:
        key = (row[2], row[3], hash(row[5]))
        if key not in seen:
            seen.add(key)
            yield row


LEAD = 16
"""About how many characters of a snippet stand before the word, so that a narrow column shows it too."""


def snippet(text: str, terms: Sequence[Term]) -> str:
    """One line of a text around the first word that was searched for, at most SNIPPET characters."""
    folded, first = text.lower(), -1
    for term in terms:
        at = folded.find(term.text.lower())
        if at >= 0 and not 0 <= first < at:
            first = at
    first = max(first, 0)
    start = text.rfind(" ", 0, first - LEAD) + 1 if first > LEAD else 0
    start = max(start, first - 2 * LEAD)
    cut = " ".join(text[start : start + SNIPPET + SNIPPET // 2].split())[:SNIPPET]
    return f"…{cut}" if start else cut


def shown(text: str, *, masked: bool) -> str:
    """A text for a screen; masked before it is cut, for a part of a credential is not known as such."""
    if not masked:
        return text
    from netto_tui.security import redact

    return redact.mask(text)


def match_of(terms: Iterable[Term]) -> str:
    """Some terms in the query language of FTS5: texts that have them all; signs and emoji are no words for it."""
    return " AND ".join(_match(term) for term in terms if _is_indexed(term))


def _is_indexed(term: Term) -> bool:
    return any(map(str.isalnum, term.text))


def matching_messages(columns: str, query: Query, match: str | None = None) -> tuple[str, list[Any]]:
    """A statement for some columns of matching messages, newest first, and its values.

    match: what to look for in the full text in place of the query's own terms.
    CROSS JOIN keeps the full text index in front, so that a LIMIT stops it early.
    """
    since, until = _EVER
    if query.since is not None:
        since = min(query.since, schema.LAST_MS) << schema.SLOT_BITS
    if query.until is not None and query.until <= schema.LAST_MS:
        until = query.until << schema.SLOT_BITS
    where = ["messages.id >= ?", "messages.id < ?", "NOT messages.hidden"]
    values: list[Any] = [since, until]
    source, order = "messages", "messages.id"
    if match := match_of(query.terms) if match is None else match:
        source, order = "words CROSS JOIN messages ON messages.id = words.rowid", "words.rowid"
        where[:2] = ["words MATCH ?", "words.rowid >= ?", "words.rowid < ?"]
        values.insert(0, match)
    for term in query.terms:
        if not _is_indexed(term):
            where.append("contains(messages.text, ?)")
            values.append(term.text)
    for column, wanted in (("messages.role", query.roles), ("conversations.source", query.sources)):
        if wanted:
            where.append(f"{column} IN ({','.join('?' * len(wanted))})")
            values.extend(wanted)
    for word in query.title:
        where.append("contains(conversations.title, ?)")
        values.append(word)
    for tag in query.tags:
        where.append("instr(conversations.tags, ?)")
        values.append(f" {tag} ")
    states = {"conflict": "messages.conflict <> ''", "document": "messages.kind = 'document'"}
    for state in query.states:
        where.append(states.get(state) or _STATES[state])
    where.extend("messages.secrets" for _ in query.contents)
    condition = " AND ".join(where)
    if "conversations." in columns + condition:
        source += " CROSS JOIN conversations ON conversations.id = messages.conversation"
    return f"SELECT {columns} FROM {source} WHERE {condition} ORDER BY {order} DESC", values

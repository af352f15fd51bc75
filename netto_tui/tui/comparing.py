"""The versions of one item against what they came from: which words, and what else. No drawing.

Every text in here is without its credentials and harmless for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from netto_tui.model.conversation import body_text
from netto_tui.model.revision import About, Body, Deleted, Document
from netto_tui.plural import many
from netto_tui.security.display import safe_display, safe_line
from netto_tui.security.redact import mask
from netto_tui.tui.picks import Row
from netto_tui.tui.worddiff import Piece, compare
from netto_tui.tui.wording import size_words

LONG = 20_000
"""Characters of all versions together, above which an item is compared on a thread."""
NEAR_LINES = 1
"""Lines that stay visible beside a change."""
NEAR_LETTERS = 160
"""Of a line without an end, so many letters stay visible beside a change."""
GONE_LETTERS = 400
"""Of a long passage that was taken out, so many letters are shown: what is there now matters more."""

_QUIET = {"type", "text", "parts", "path", "blobs", "title"}
"""Fields that the words of a version say already, or that follow from them."""


Told = tuple[str, str]
"""A stretch of text: its kind and itself; see worddiff.Piece."""


@dataclass(frozen=True)
class Compared:
    """An item's versions in pieces; base: what they came from, `-` where any of them changed it.

    versions: by revision, without the deleted ones; what all of them put in alike is of kind `*`. others: by
    revision, what else is different there, such as `model, sent`. alike: the words of all versions are the same.
    """

    base: Sequence[Told]
    versions: Mapping[str, Sequence[Told]]
    others: Mapping[str, str]
    alike: bool


def is_long(row: Row) -> bool:
    """Whether comparing takes long enough to be felt."""
    return sum(len(choice.text) for choice in row.choices) > LONG


def compare_row(row: Row) -> Compared:
    """Compare the versions with their base; without one, with the first of them."""
    alive = [choice for choice in row.choices if not choice.deleted]
    bodies = {choice.revision: choice.whole for choice in alive}
    base = row.base_whole if row.base_whole is not None else next(iter(bodies.values()), Deleted())
    words = {revision: words_of(body) for revision, body in bodies.items()}
    before = words_of(base)
    versions = {revision: compare(before, text) for revision, text in words.items()}
    others = {revision: _others(base, body) for revision, body in bodies.items()}
    shared = _beginning(list(words.values()))
    marked = {revision: list(_shared(pieces, shared)) for revision, pieces in versions.items()}
    return Compared(_touched(before, versions.values()), marked, others, len(set(words.values())) < 2)


def _beginning(texts: Sequence[str]) -> int:
    """How many characters all texts begin with, in whole lines."""
    length = 0
    for lines in zip(*(text.splitlines(keepends=True) for text in texts), strict=False):
        if len(set(lines)) > 1:
            break
        length += len(lines[0])
    return length if len(texts) > 1 else 0


def _shared(pieces: Sequence[Piece], shared: int) -> Iterator[Told]:
    """The pieces, with those that were put in within the first `shared` characters of the text named `*`."""
    for kind, text in pieces:
        if kind != "+" or shared <= 0:
            yield kind, text
        else:
            yield "*", text[:shared]
            if text[shared:]:
                yield kind, text[shared:]
        shared -= len(text) if kind != "-" else 0


def words_of(body: Body) -> str:
    """All that a body says; of a header every field, one on a line."""
    text = "\n".join(_fields(msgspec.to_builtins(body))) if isinstance(body, About) else body_text(body)
    return safe_display(mask(text))


def _fields(tree: Any, path: str = "") -> Iterator[str]:
    """`title: Trip`, `context.tags: a, b`: what is filled of a header, without what its source alone needs."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if path or key not in ("type", "native", "blobs", "source"):
                yield from _fields(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list | tuple):
        if tree:
            yield f"{path}: {', '.join(map(_value, tree))}"
    elif tree not in ("", None):
        yield f"{path}: {_value(tree)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _others(base: Body, body: Body) -> str:
    """The names of fields that differ and that the words do not show."""
    if type(base) is not type(body) or isinstance(body, About | Document):
        return ""
    one, two = (msgspec.to_builtins(side) for side in (base, body))
    names = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}
    if "parts" in names and body_text(base) == body_text(body):
        return safe_line(", ".join(sorted((names - _QUIET) | {"parts"})))
    return safe_line(", ".join(sorted(names - _QUIET)))


def _touched(before: str, versions: Iterable[Sequence[Piece]]) -> list[Piece]:
    """The base in pieces: `-` where a version took something out, cut where one put something in."""
    edges = {0, len(before)}
    gone: list[tuple[int, int]] = []
    for pieces in versions:
        at = 0
        for piece in pieces:
            edges.add(at)
            if piece.kind != "+":
                if piece.kind == "-":
                    gone.append((at, at + len(piece.text)))
                    edges.add(at + len(piece.text))
                at += len(piece.text)
    gone.sort()
    found: list[Piece] = []
    reach, next_gone = 0, 0
    for start, end in pairwise(sorted(edges)):
        while next_gone < len(gone) and gone[next_gone][0] <= start:
            reach = max(reach, gone[next_gone][1])
            next_gone += 1
        found.append(Piece("-" if start < reach else "=", before[start:end]))
    return found


def folded(pieces: Sequence[Told]) -> Iterator[Told]:
    """The pieces, where what is alike and far from a difference is a note of kind `~`."""
    last = len(pieces) - 1
    for place, (kind, text) in enumerate(pieces):
        if kind == "-" and len(text) > GONE_LETTERS:
            yield "-", text[: GONE_LETTERS // 2]
            yield "~", f" ⋯ {size_words(len(text) - GONE_LETTERS)} characters taken out ⋯ "
            yield "-", text[-GONE_LETTERS // 2 :]
            continue
        head = _near(text) if place or not last else 0
        tail = max(head, len(text) - _near(text[::-1]) + 1) if place < last else len(text)
        hidden = text[head:tail]
        if kind not in "=*" or (hidden.count("\n") < 3 and len(hidden) < 400):
            yield kind, text
            continue
        yield kind, text[:head]
        yield "~", _note(hidden, inside=head > 0 and text[head - 1] != "\n")
        yield kind, text[tail:]


def _near(text: str) -> int:
    """How much of the beginning stays visible: the rest of a line and one more; of endless ones some letters."""
    at = 0
    for _ in range(NEAR_LINES + 1):
        at = text.find("\n", at) + 1
        if not at or at > NEAR_LETTERS * (NEAR_LINES + 1):
            return min(len(text), NEAR_LETTERS)
    return at


def _note(hidden: str, *, inside: bool) -> str:
    """What stands for a text that is left out; inside: it begins within a line."""
    if (count := hidden.count("\n")) < 2:
        return f" ⋯ {size_words(len(hidden))} characters alike (= shows them) ⋯ "
    note = f"⋯ {many(count, 'line')} alike (= shows them)\n"
    return f"\n{note}" if inside else note

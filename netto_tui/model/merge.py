"""Merging what was written apart: union first, then text and fields, and never a lost body.

A merge is itself a revision. It is minted from the heads alone, so two devices that see the
same heads mint the same bytes. What does not merge cleanly is left as several heads: a conflict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from diff_match_patch import diff_match_patch

from netto_tui.model.conversation import Item
from netto_tui.model.policy import Policy
from netto_tui.model.revision import About, Body, Document, Message, Record, Stamp, Text, encode_body, mint

MERGED_BY = "merge"
"""The author of revisions that a merge minted."""

SENTENCE_LIMIT = 1600
"""How many sentences of two texts may differ; diff-match-patch takes quadratic time in them."""

_MAX_DEPTH = 20
_SENTENCE = re.compile(r"[^\n.!?]*[\n.!?]+[ \t]*|[^\n.!?]+")


def join(*sets: Iterable[Record]) -> dict[str, Record]:
    """The union of sets of records, by name: commutative, associative and idempotent."""
    return {record.id: record for records in sets for record in records}


def merge_item(item: Item, policy: Policy = "merge") -> Record | None:
    """The revision that unites an item's versions, or None if there is nothing to unite or no clean way.

    `merge` unites only what combines cleanly; `latest` falls back to the latest version that is
    not a tombstone; `flag` unites headers and nothing else.
    """
    versions = item.versions
    if len(versions) < 2:
        return None
    body = _fold(item, [version.record for version in versions], policy)
    if body is None and policy == "latest" and item.conflict != "edit-vs-delete":
        body = item.value.body
    return None if body is None else mint_merge(item, body)


def mint_merge(item: Item, body: Body) -> Record:
    """A revision that replaces every head of an item, stamped as the latest of them."""
    latest = max(head.rev.stamp for head in item.heads)
    return mint(
        item.heads[0].rev.conversation,
        item.name,
        body,
        Stamp(latest.at, latest.tick, MERGED_BY),
        [head.id for head in item.heads],
    )


def resolve(item: Item, body: Body, stamp: Stamp) -> Record:
    """A person's word: one revision that replaces every head of the item."""
    heads = item.heads
    return mint(heads[0].rev.conversation, item.name, body, stamp, [head.id for head in heads])


def _fold(item: Item, records: list[Record], policy: Policy, depth: int = 0) -> Body | None:
    """Merge records one after the other, earliest first; None as soon as one step is not clean."""
    body: Body | None = records[0].rev.body
    for position, other in enumerate(records[1:], start=1):
        if body is not None:
            base = merge_base(item, records[:position], other, depth)
            body = _merge_bodies(base, body, other.rev.body, policy)
    return body


def merge_base(item: Item, ours: list[Record], theirs: Record, depth: int = 0) -> Body | None:
    """The body that both sides began from, or None if they share none.

    Where several ancestors are equally near (a criss-cross), they are merged first, as Git's
    recursive strategy does.
    """
    common = set.union(*(_ancestors(item, record) for record in ours)) & _ancestors(item, theirs)
    nearest = common - {parent for name in common for parent in item.records[name].rev.replaces}
    found = sorted((item.records[name] for name in nearest), key=lambda record: record.order)
    if not found or depth > _MAX_DEPTH:
        return None
    return _fold(item, found, "merge", depth + 1)


def _ancestors(item: Item, record: Record) -> set[str]:
    """The ids of a revision and of all that it replaces, directly or not, as far as they are known."""
    found: set[str] = set()
    waiting = [record.id]
    while waiting:
        name = waiting.pop()
        if name in item.records and name not in found:
            found.add(name)
            waiting.extend(item.records[name].rev.replaces)
    return found


def _merge_bodies(base: Body | None, ours: Body, theirs: Body, policy: Policy) -> Body | None:
    """One body from two, `theirs` being the later; None when a person has to decide."""
    if encode_body(ours) == encode_body(theirs):
        return ours
    match ours, theirs:
        case About(), About():
            return _merge_about(base if isinstance(base, About) else About(), ours, theirs)
        case Message(), Message():
            return None if policy == "flag" else _merge_message(base, ours, theirs)
        case Document(), Document():
            return None if policy == "flag" else _merge_document(base, ours, theirs)
    return None


def _merge_about(base: About, ours: About, theirs: About) -> About:
    """Field by field: a side that changed a field wins it; where both did, the later one."""
    fields = merge_fields(*map(_all_fields, (base, ours, theirs)))
    return msgspec.convert(fields, About)


def _all_fields(about: About) -> dict[str, Any]:
    """A header as JSON objects, empty ones included: emptying one takes its keys out, not the object."""
    return {name: msgspec.to_builtins(getattr(about, name)) for name in about.__struct_fields__}


def merge_fields(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Three-way merge of JSON objects, key by key and into nested objects; `theirs` wins ties."""
    merged: dict[str, Any] = {}
    missing = object()
    for key in sorted(base.keys() | ours.keys() | theirs.keys()):
        old, mine, other = (side.get(key, missing) for side in (base, ours, theirs))
        if isinstance(mine, dict) and isinstance(other, dict):
            merged[key] = merge_fields(old if isinstance(old, dict) else {}, mine, other)
        elif (value := mine if other == old else other) is not missing:
            merged[key] = value
    return merged


def _merge_message(base: Body | None, ours: Message, theirs: Message) -> Message | None:
    """Merge where only the prose of one text part differs, or one side changed nothing."""
    if not isinstance(base, Message):
        return None
    if encode_body(base) in (encode_body(ours), encode_body(theirs)):
        return theirs if encode_body(base) == encode_body(ours) else ours
    texts = [_only_text(body) for body in (base, ours, theirs)]
    blank = {encode_body(_with_text(body, "")) for body in (base, ours, theirs) if _only_text(body) is not None}
    if len(blank) != 1 or any(text is None for text in texts):
        return None
    merged = merge_text(*(text or "" for text in texts))
    return None if merged is None else _with_text(ours, merged)


def _merge_document(base: Body | None, ours: Document, theirs: Document) -> Document | None:
    if not isinstance(base, Document) or base.blobs or ours.blobs or theirs.blobs:
        return None
    blank = {encode_body(msgspec.structs.replace(body, text="")) for body in (base, ours, theirs)}
    merged = merge_text(base.text, ours.text, theirs.text) if len(blank) == 1 else None
    return None if merged is None else msgspec.structs.replace(ours, text=merged)


def _only_text(message: Message) -> str | None:
    """The prose of a message that is one text part and no more."""
    if len(message.parts) == 1 and isinstance(message.parts[0], Text) and not message.blobs:
        return message.parts[0].text
    return None


def _with_text(message: Message, text: str) -> Message:
    return msgspec.structs.replace(message, parts=(Text(text),))


class Change(NamedTuple):
    """Sentences `start` to `end` of the base, replaced by others."""

    start: int
    end: int
    text: str


def merge_text(base: str, ours: str, theirs: str) -> str | None:
    """Three-way merge of prose, by sentence and line; None unless the two sides' changes stand apart.

    Changes within one sentence, or in two that touch, are a conflict even where a patch would fit:
    patches put together sentences that nobody wrote, and where a sentence ends is a guess ("1. May").
    Texts that are too different for an exact comparison are left to a person.
    """
    if ours == theirs or base == theirs:
        return ours
    if base == ours:
        return theirs
    sentences = _SENTENCE.findall(base)
    mine, other = (changes(sentences, _SENTENCE.findall(side)) for side in (ours, theirs))
    if mine is None or other is None:
        return None
    merged: list[str] = []
    at = 0
    for change in sorted({*mine, *other}):
        touches = bool(merged) and change.start <= at
        if touches or change.start in {c.start for c in {*mine, *other} - {change}}:
            return None
        merged += [*sentences[at : change.start], change.text]
        at = change.end
    return "".join([*merged, *sentences[at:]])


def changes(base: list[str], side: list[str]) -> list[Change] | None:
    """What turns one list of sentences into another, by diff-match-patch; None beyond SENTENCE_LIMIT.

    The comparison has no time limit, which would make the answer depend on the machine; the limit
    on what differs keeps it below half a second.
    """
    alphabet: dict[str, str] = {}
    one, two = ("".join(_letter(alphabet, sentence) for sentence in text) for text in (base, side))
    engine = diff_match_patch()
    engine.Diff_Timeout = 0
    shared = engine.diff_commonPrefix(one, two)
    shared += engine.diff_commonSuffix(one[shared:], two[shared:])
    if len(one) + len(two) - 2 * shared > SENTENCE_LIMIT:
        return None
    found: list[Change] = []
    at = 0
    words = list(alphabet)
    for operation, letters in engine.diff_main(one, two, False):
        text = "".join(words[_position(letter)] for letter in letters)
        length = 0 if operation == engine.DIFF_INSERT else len(letters)
        if operation != engine.DIFF_EQUAL:
            previous = found.pop() if found and found[-1].end == at else Change(at, at, "")
            found.append(Change(previous.start, at + length, previous.text + text * (operation > 0)))
        at += length
    return found


def _letter(alphabet: dict[str, str], sentence: str) -> str:
    """One character for each distinct sentence, leaving out the surrogates."""
    index = len(alphabet)
    return alphabet.setdefault(sentence, chr(index + 1 if index + 1 < 0xD800 else index + 0x801))


def _position(letter: str) -> int:
    return ord(letter) - (1 if ord(letter) < 0xD800 else 0x801)

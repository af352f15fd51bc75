"""Finding credentials in foreign text, and hiding them; the text itself is never changed where it is stored.

The rules are our own: see `redact_rules` (tokens with known beginnings), `redact_context` (key files, addresses,
headers) and `redact_settings` (values behind a name). Each begins at a literal string, so that a text without
one of them costs only the search for these; each match is bounded, so the work grows with the length of a text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from netto_tui.security.redact_context import SURROUNDED, bot_tokens, recovery_codes
from netto_tui.security.redact_rules import PREFIXED, SOLID, Rule
from netto_tui.security.redact_settings import NAMED

_RULES = (*PREFIXED, *SURROUNDED, *NAMED)
_BOT, _CODE = len(_RULES), len(_RULES) + 1

_REPEATS = 32
"""How many secrets of one text are looked for again in the rest of it."""

_REPEATED_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential at text[start:end]; kind is for people, shape what may be shown of it ("" for nothing)."""

    kind: str
    start: int
    end: int
    shape: str = ""


_Tries = list[tuple[re.Pattern[str], list[tuple[int, Rule]]]]


def _by_literal(rules: Iterable[tuple[int, Rule]]) -> dict[str, dict[str, _Tries]]:
    """By gate and literal, what to try where it stands, in the order of ranks; rules of one pattern share its match."""
    found: dict[str, dict[str, _Tries]] = {}
    for rank, rule in rules:
        for literal in rule.literals:
            tries = found.setdefault(rule.gate, {}).setdefault(literal, [])
            if not tries or tries[-1][0] is not rule.pattern:
                tries.append((rule.pattern, []))
            tries[-1][1].append((rank, rule))
    return found


_RANKED = tuple(enumerate(_RULES))
_SOLID = _by_literal(pair for pair in _RANKED if not pair[1].spread and not pair[1].folded)
_SPREAD = _by_literal(pair for pair in _RANKED if pair[1].spread and not pair[1].folded)
_FOLDED = _by_literal(pair for pair in _RANKED if pair[1].folded)


def find(text: str) -> list[Finding]:
    """The credentials in a text, in its order, none over another. Never raises; time grows with the length."""
    found = sorted(_matches(text), key=lambda match: (match[0], -match[1]))
    if not found:
        return []
    return [_finding(*match) for match in _apart(found + _repeated(text, found))]


def mask(text: str) -> str:
    """A text whose credentials are named instead of shown, as in `‹GitHub token ghp_…›`."""
    parts: list[str] = []
    at = 0
    for finding in find(text):
        shape = f" {finding.shape}…" if finding.shape else ""
        parts += text[at : finding.start], f"‹{finding.kind}{shape}›"
        at = finding.end
    return "".join((*parts, text[at:])) if parts else text


def has_secret(text: str) -> bool:
    """Whether there is a credential in a text; cheaper than finding all."""
    return next(_matches(text), None) is not None


def _matches(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and rank of all that the rules find."""
    words = text.split()
    if max(map(len, words), default=0) >= SOLID:
        long = " ".join([word for word in words if len(word) >= SOLID])
        yield from _tried(_SOLID, text, text, long)
        if any(True for _ in bot_tokens(long)):
            yield from ((start, end, _BOT) for start, end in bot_tokens(text))
    yield from _tried(_SPREAD, text, text, text)
    folded = fold(text)
    yield from _tried(_FOLDED, text, folded, folded)
    yield from ((start, end, _CODE) for start, end in recovery_codes(text, folded))


def fold(text: str) -> str:
    """A text in small letters, character by character: only `İ` would become two."""
    return text.lower() if text.isascii() else text.replace("İ", "I").lower()


def _tried(
    rules: Mapping[str, Mapping[str, _Tries]], text: str, searched: str, hint: str
) -> Iterator[tuple[int, int, int]]:
    """What some rules find; a literal that is not in the hint is not searched for."""
    for gate, by_literal in rules.items():
        if gate in text:
            for literal, tries in by_literal.items():
                if literal in hint:
                    yield from _at(text, searched, literal, tries)


def _at(text: str, searched: str, literal: str, tries: _Tries) -> Iterator[tuple[int, int, int]]:
    """What the rules of one literal find, where it stands."""
    at = searched.find(literal)
    while at >= 0:
        found = _first(text, at, tries)
        if found is not None:
            yield found
        at = searched.find(literal, max(at + 1, found[1] if found else 0))


def _first(text: str, at: int, tries: _Tries) -> tuple[int, int, int] | None:
    """What the first rule finds that finds something at a place."""
    for pattern, rules in tries:
        if (match := pattern.match(text, at)) is not None:
            for rank, rule in rules:
                if (span := rule.locate(match)) is not None:
                    return (*span, rank)
    return None


def _repeated(text: str, found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Where the same secrets stand once more, without what told them."""
    repeats: list[tuple[int, int, int]] = []
    secrets = {text[start:end]: rank for start, end, rank in found if end - start >= _REPEATED_LENGTH}
    for secret, rank in list(secrets.items())[:_REPEATS]:
        at = text.find(secret)
        while at >= 0:
            repeats.append((at, at + len(secret), rank))
            at = text.find(secret, at + len(secret))
    return repeats


def _apart(found: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Join what overlaps; the rule that stands first gives it its name."""
    start, end, rank = -1, -1, 0
    for span in sorted(found):
        if span[0] < end:
            end, rank = max(end, span[1]), min(rank, span[2])
            continue
        if end > 0:
            yield start, end, rank
        start, end, rank = span
    if end > 0:
        yield start, end, rank


def _finding(start: int, end: int, rank: int) -> Finding:
    if rank == _BOT:
        return Finding("Discord token", start, end)
    if rank == _CODE:
        return Finding("recovery code", start, end)
    return Finding(_RULES[rank].kind, start, end, _RULES[rank].shape)

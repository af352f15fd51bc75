"""Rules that are wrong in one point each, made from right ones.

A mutant drops or negates one clause, moves one bound by one, opens one block further, or allows one verb more.
The rules are read as text: a condition stands after `if` or `return` and ends with `;`, its clauses are joined
by `&&`, and no text in quotes has any of these in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CONDITION = re.compile(r"\b(?:if|return)\s+([^;]*);")
_SCOPE = re.compile(r" *(?:function (\w+)\(.*\)|match /(?:.*/)?(\w+)/\{\w+\}) \{$")
_VERBS = re.compile(r"allow (get|list|create|update):")
_REPEATS = re.compile(r"\{(\d+)(?:,(\d+))?\}")
_NUMBER = re.compile(r"(?<![\w.{,'/[-])(\d+)(?![\w.'}-])")
_COMPARISON = re.compile(r" (<=|>=|>) ")
_SETS = ("[01]", "[0-2]", "[0-3]", "[0-5]", "[0-6]", "[.]")
_KINDS = {
    "users": "identity",
    "conversations": "header",
    "messages": "message",
    "pieces": "piece",
    "blobs": "blob",
    "chunks": "chunk",
}
"""Which kind of document a block is about, by the last collection of its path."""


@dataclass(frozen=True)
class Mutant:
    """Wrong rules. line: where they were changed. about: the function or kind of document there."""

    line: int
    about: str
    edit: str
    rules: str

    @property
    def change(self) -> str:
        """What was changed, and where, but not on which line."""
        return f"{self.about}: {self.edit}"

    def __str__(self) -> str:
        return f"line {self.line}, {self.change}"


def mutants(rules: str) -> list[Mutant]:
    """Every mutant of some rules, in the order of their lines; no two are the same."""
    bare = re.sub(r"//.*", lambda comment: " " * len(comment[0]), rules)
    found: dict[str, Mutant] = {}
    for start, end, text in (*_clauses(bare), *_bounds(bare), *_verbs(bare), *_openings(bare)):
        changed = rules[:start] + text + rules[end:]
        if changed != rules:
            old = " ".join(rules[start:end].split())
            found.setdefault(changed, Mutant(_line(rules, start), _about(bare, start), f"{old!r} → {text!r}", changed))
    return sorted(found.values(), key=lambda mutant: mutant.line)


_Edit = tuple[int, int, str]


def _clauses(rules: str) -> Iterator[_Edit]:
    """Each clause dropped, each negated."""
    for condition in _CONDITION.finditer(rules):
        start = condition.start(1)
        for clause in condition[1].split("&&"):
            text = clause.strip()
            begin = start + clause.index(text)
            yield begin, begin + len(text), "true"
            yield begin, begin + len(text), f"!({text})"
            start += len(clause) + len("&&")


def _bounds(rules: str) -> Iterator[_Edit]:
    """Each number one lower and one higher, each comparison the neighbouring one, each repeat one more or less."""
    for condition in _CONDITION.finditer(rules):
        text, at = condition[1], condition.start(1)
        for number in _NUMBER.finditer(text):
            for other in (int(number[1]) - 1, int(number[1]) + 1):
                yield at + number.start(1), at + number.end(1), str(other)
        for comparison in _COMPARISON.finditer(text):
            other_way = {"<=": "<", ">=": ">", ">": ">="}[comparison[1]]
            yield at + comparison.start(1), at + comparison.end(1), other_way
        for repeat in _REPEATS.finditer(text):
            least, most = int(repeat[1]), int(repeat[2] or repeat[1])
            for low, high in ((least - 1, most), (least, most + 1)):
                yield at + repeat.start(), at + repeat.end(), f"{{{low},{high}}}"
        for letters in _SETS:
            for place in re.finditer(re.escape(letters), text):
                yield at + place.start(), at + place.end(), "[0-9]" if letters != "[.]" else "."


def _verbs(rules: str) -> Iterator[_Edit]:
    """Each permission extended to verbs that the block does not allow under its condition."""
    for verb in _VERBS.finditer(rules):
        more = {"get": ("list", "update", "delete"), "create": ("update",)}.get(verb[1], ())
        for other in more:
            yield verb.start(1), verb.end(1), f"{verb[1]}, {other}"


def _openings(rules: str) -> Iterator[_Edit]:
    """In each block, any collection more that its owner may use; around them, one that anybody may."""
    for block in re.finditer(r"match /.*\{\w+\} \{\n", rules):
        yield block.end(), block.end(), "match /{more}/{thing} { allow read, write: if owner(); }\n"
    service = rules.index("{\n", rules.index("service ")) + 2
    everything = "match /databases/{database}/documents/{rest=**} { allow read, write: if request.auth.uid != null; }\n"
    yield service, service, everything


def _line(rules: str, offset: int) -> int:
    return rules.count("\n", 0, offset) + 1


def _about(rules: str, offset: int) -> str:
    """The function that a place is in, else the kind of document whose block it is in."""
    open_scopes: list[str] = []
    for line in rules[: rules.index("\n", offset) + 1].splitlines():
        scope = _SCOPE.match(line)
        if scope:
            open_scopes.append(scope[1] or _KINDS.get(scope[2], scope[2]))
        elif line.rstrip().endswith("{"):
            open_scopes.append("")
        elif line.strip() == "}":
            open_scopes.pop()
    return open_scopes[-1] if open_scopes else ""

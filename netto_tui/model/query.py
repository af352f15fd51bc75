"""What a person asks for: words, phrases and filters, in one line of text.

    query   = { word | word"*" | "phrase" | key ":" value }
    key     = on | after | before | from | source | is | has | tag | title
    value   = word | "words"        dates of two words need no quotes: after:last week

A word that the text ends with is unfinished and matches as a prefix; so does a phrase whose
closing quote is not there yet. `http://x` and the like have no key of ours: they are words.
Dates name whole days, weeks, months or years in the vault's zone: `after:` begins with the first
moment of what it names, `before:` ends before it, `on:` is all of it. Several dates narrow each
other; several `from:` or `source:` widen each other; several `is:`, `has:`, `tag:` or `title:` must all hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache

from netto_tui.errors import UsageError

DATE_KEYS = ("on", "after", "before")
KEYS = (*DATE_KEYS, "from", "source", "is", "has", "tag", "title")
ROLES = ("user", "assistant", "system", "tool")
STATES = ("conflict", "archived", "pinned", "deleted", "document")
CONTENTS = ("secret",)

DATE_FORMS = (
    "2026-11-23, 2026-11, 2026, today, yesterday, this week, last week, this month, last month, this year or last year"
)
"""The dates that a filter understands, for messages and help."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GAP = r"[\s\x00-\x1f\x7f\ud800-\udfff]"  # what parts words: blanks, control characters, halves of characters
_GAPS = re.compile(f"{_GAP}+")
_SOLID = _GAP.replace("[", "[^", 1)


def _either_case(words: Sequence[str]) -> str:
    """A pattern for ASCII words in either case; IGNORECASE would let `ſ` stand for `s`."""
    return "(?:" + "|".join("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words) + ")"


@cache
def _token() -> re.Pattern[str]:
    """A piece of a query; made when one is read, which is after the first frame."""
    return re.compile(
        rf"""
          (?P<date>{_either_case(DATE_KEYS)}):
          (?P<span>{_either_case(("this", "last"))}{_GAP}+{_either_case(("week", "month", "year"))})(?!{_SOLID})
        | (?P<key>{_either_case(KEYS)}):(?:"(?P<quoted>[^"]*)"?|(?P<value>{_SOLID}*))
        | "(?P<phrase>[^"]*)(?P<close>"?)(?P<star>\**)
        | (?P<word>{_SOLID}+)
        """,
        re.VERBOSE,
    )


_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_YEARS = range(1970, 9999)


@dataclass(frozen=True)
class Term:
    """A word or a phrase to find; with `prefix` its last word may go on."""

    text: str
    phrase: bool = False
    prefix: bool = False


@dataclass(frozen=True)
class Query:
    """A parsed query. `since` and `until` are milliseconds since 1970, [since, until).

    text: the same query in one form of spelling, which parses into an equal one.
    """

    terms: tuple[Term, ...] = ()
    title: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    roles: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Piece:
    """One part of a query text: a filter, or with key "" a word or phrase.

    problem: what is wrong with it and what is possible, "" for nothing.
    """

    key: str
    value: str
    problem: str = ""


@dataclass(frozen=True)
class _Token:
    """One piece of a query; key is "" for words and phrases, open means that typing may go on."""

    value: str
    key: str = ""
    phrase: bool = False
    star: bool = False
    open: bool = False

    def __str__(self) -> str:
        if self.key:
            return f'{self.key}:"{self.value}"' if " " in self.value else f"{self.key}:{self.value}"
        quote = '"' if self.phrase else ""
        return f"{quote}{self.value}{'' if self.open else quote}{'*' if self.star else ''}"


def parse(text: str, today: date, zone: tzinfo) -> Query:
    """Parse a query; `today` and `zone` say what dates mean.

    Raises UsageError naming the word that cannot be understood and what is allowed there.
    """
    tokens = list(_tokens(text))
    filters: dict[str, list[str]] = {key: [] for key in KEYS}
    for token in tokens:
        if token.key:
            filters[token.key].append(_checked(token))
    spans = [(key, _span(key, value, today)) for key in DATE_KEYS for value in filters[key]]
    since = [_start_ms(first, zone) for key, (first, _) in spans if key in ("on", "after")]
    until = [_start_ms(first if key == "before" else end, zone) for key, (first, end) in spans if key != "after"]
    return Query(
        terms=tuple(Term(t.value, t.phrase, t.star or t.open) for t in tokens if not t.key),
        title=tuple(filters["title"]),
        since=max(since, default=None),
        until=min(until, default=None),
        roles=tuple(dict.fromkeys(filters["from"])),
        sources=tuple(dict.fromkeys(filters["source"])),
        states=tuple(dict.fromkeys(filters["is"])),
        contents=tuple(dict.fromkeys(filters["has"])),
        tags=tuple(dict.fromkeys(filters["tag"])),
        text=_render(tokens),
    )


def with_filter(text: str, key: str, value: str) -> str:
    """A query text whose filter `key` has this one value; "" takes the filter out.

    The filter goes to the front, so that a word which is still being typed stays the last one.
    A date takes the place of the dates that it would contradict. Raises UsageError for a key
    that there is none of; other mistakes in the text stay for `parse` to name.
    """
    if key not in KEYS:
        raise UsageError(f"“{key}:” is no filter.", remedy=f"The filters are {_listed(KEYS)}.")
    rivals = {"on": DATE_KEYS, "after": ("on", "after"), "before": ("on", "before")}.get(key, (key,))
    kept = [token for token in _tokens(text) if token.key not in rivals]
    words = _spaced(value.replace('"', " "))
    return _render([_Token(words, key=key), *kept] if words else kept)


def pieces(text: str, today: date) -> list[Piece]:
    """What a query text is made of, in its order; here nothing is refused."""
    found = []
    for token in _tokens(text):
        problem = ""
        try:
            if token.key and _checked(token) and token.key in DATE_KEYS:
                _span(token.key, token.value, today)
        except UsageError as error:
            problem = str(error)
        found.append(Piece(token.key, token.value, problem))
    return found


def without(text: str, places: Collection[int]) -> str:
    """A query text without some of its pieces, named by their place in `pieces`."""
    return _render([token for place, token in enumerate(_tokens(text)) if place not in places])


def filter_values(text: str, key: str) -> list[str]:
    """The values that a query text has for one filter, as written."""
    return [token.value for token in _tokens(text) if token.key == key]


def _tokens(text: str) -> Iterator[_Token]:
    """Cut a text into pieces; whatever is typed has some reading, so nothing is refused here."""
    for match in _token().finditer(text):
        found = match.groupdict()
        last = match.end() == len(text)
        if key := (found["key"] or found["date"] or "").lower():
            value = found["span"] or found["quoted"] or found["value"] or ""
            token = _Token(_spaced(value) if key == "title" else _spaced(value).lower(), key=key)
            yield replace(token, value=token.value.rstrip("* "))
        elif found["phrase"] is not None:
            words = _spaced(found["phrase"])
            is_open = not found["close"] and found["phrase"][-1:] == words[-1:]
            if words:
                yield _Token(words, phrase=True, star=bool(found["star"]), open=is_open)
        elif word := found["word"].rstrip("*"):
            star = word != found["word"]
            yield _Token(word, star=star, open=last and not star)


def _render(tokens: Sequence[_Token]) -> str:
    """The one spelling of a query; a closing space says that its last word is finished."""
    text = " ".join(map(str, tokens))
    last = tokens[-1] if tokens else None
    bare = last is not None and not (last.key or last.phrase or last.star or last.open)
    return f"{text} " if bare else text


def _checked(token: _Token) -> str:
    """The value of a filter. Raises UsageError if the filter cannot have it."""
    values = {"from": ROLES, "is": STATES, "has": CONTENTS}.get(token.key)
    allowed = _listed(values) if values else None
    if token.key in DATE_KEYS:
        allowed = DATE_FORMS
    if not token.value:
        remedy = f"Write {allowed} after it." if allowed else "Write a word after it, or words in quotes."
        raise UsageError(f"“{token.key}:” says nothing yet.", remedy=remedy)
    if values and token.value not in values:
        raise UsageError(f"“{token.key}:” knows no “{token.value}”.", remedy=f"Write {allowed}.")
    return token.value


def _span(key: str, value: str, today: date) -> tuple[date, date]:
    """The first day that a date names, and the first day after it."""
    if value in ("today", "yesterday"):
        first = today - timedelta(days=value == "yesterday")
        return first, first + timedelta(days=1)
    which, _, unit = value.partition(" ")
    if which in ("this", "last") and unit in ("week", "month", "year"):
        return _relative_span(unit, today, back=which == "last")
    try:
        match = _DATE.fullmatch(value)
        year, month, day = (int(part) if part else 0 for part in match.groups()) if match else (0, 0, 0)
        if year in _YEARS:
            return _calendar_span(year, month if match and match[2] else None, day if match and match[3] else None)
    except ValueError:
        pass  # such as 2026-02-30
    raise UsageError(f"“{key}:{value}” is no date.", remedy=f"Write {DATE_FORMS}.")


def _relative_span(unit: str, today: date, back: bool) -> tuple[date, date]:
    """This week (which begins on Monday), month or year, or the one before."""
    if unit == "week":
        first = today - timedelta(days=today.weekday() + 7 * back)
        return first, first + timedelta(days=7)
    if unit == "year":
        return _calendar_span(today.year - back, None, None)
    months = today.year * 12 + today.month - 1 - back
    return _calendar_span(months // 12, months % 12 + 1, None)


def _calendar_span(year: int, month: int | None, day: int | None) -> tuple[date, date]:
    """A year, a month or a day. Raises ValueError for what the calendar does not have."""
    if month is None:
        return date(year, 1, 1), date(year + 1, 1, 1)
    first = date(year, month, 1 if day is None else day)
    if day is not None:
        return first, first + timedelta(days=1)
    return first, date(year + month // 12, month % 12 + 1, 1)


def _start_ms(day: date, zone: tzinfo) -> int:
    """The first moment of a day. Where midnight is skipped or comes twice, fold 0 is the earlier moment."""
    return round((datetime(day.year, day.month, day.day, tzinfo=zone) - _EPOCH) / timedelta(milliseconds=1))


def _spaced(text: str) -> str:
    return _GAPS.sub(" ", text).strip()


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]

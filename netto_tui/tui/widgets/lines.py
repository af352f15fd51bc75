"""Drawn lines that know what they draw: each remembers its place in the text that was written."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from textual.content import Content

NOWHERE = -1
"""The place of a character that was not written by anybody, such as a bullet or a frame."""


NOTHING = Content("")

Touch = Literal["", "fold", "files", "branch"]


@dataclass(frozen=True, slots=True)
class Line:
    """One drawn line, of the source's characters from `begin` to `end`.

    places: for each character of the content, where it stands in the source, or NOWHERE.
    source: which of a passage's texts that is; NOWHERE for a line that draws none of them, such as a heading.
    touch: what a click on its characters from touch_from on does, as a key would; "" for nothing.
    """

    content: Content
    places: Sequence[int] = ()
    begin: int = 0
    end: int = 0
    source: int = NOWHERE
    touch: Touch = ""
    touch_from: int = 0
    touch_to: int = 1 << 30

    def span(self, start: int, stop: int | None) -> tuple[int, int]:
        """The part of the source under the drawn characters from `start` to `stop`, markers at the edges included."""
        there = [place for place in self.places[start:stop] if place != NOWHERE]
        known = [place for place in self.places if place != NOWHERE]
        if not known or not there:
            whole = not known and (start > 0 or stop is None or stop > start)
            return (self.begin, self.end) if whole else (self.begin, self.begin)
        first, last = min(there), max(there) + 1
        return (
            self.begin if first == min(known) else first,
            self.end if last == max(known) + 1 and (stop is None or stop >= len(self.places)) else last,
        )


Picked = tuple[object, Line, int, int | None]
"""Part of a line: whose it is, the line, the first and one past the last of its characters that are meant."""


def gather(picked: Iterable[Picked], source_of: dict[tuple[object, int], str]) -> str:
    """What was written under some drawn lines: wrapped lines are joined again, and markers are there.

    source_of: the text of each (whose, source) that occurs.
    """
    found: list[str] = []
    key: tuple[object, int] | None = None
    begin = end = 0
    for whose, line, start, stop in picked:
        if line.source == NOWHERE:
            if key is not None:
                found.append(source_of[key][begin:end])
                key = None
            found.append(line.content.plain[start:stop])
            continue
        first, last = line.span(start, stop)
        if key != (whose, line.source):
            if key is not None:
                found.append(source_of[key][begin:end])
            key, begin, end = (whose, line.source), first, last
        else:
            end = max(end, last)
    if key is not None:
        found.append(source_of[key][begin:end])
    return "\n".join(found)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text before it is wrapped; `places` as for Line.

    first, rest: what stands before its first line, and before the others. fill: the ground that a line has up
    to the right edge.
    """

    content: Content
    places: Sequence[int]
    begin: int
    end: int
    first: Content = NOTHING
    rest: Content = NOTHING
    fill: str = ""


def wrapped(row: Row, width: int, source: int = 0) -> Iterator[Line]:
    """A row as lines of at most `width` cells; a prefix that leaves too little room is dropped."""
    before = row.first.cell_length
    prefixes = (row.first, row.rest) if width - before >= 8 else (Content(""), Content(""))
    room = width - prefixes[0].cell_length
    plain, at = row.content.plain, 0
    drawn: Sequence[Content] = [row.content] if row.content.cell_length <= room else row.content.wrap(room)
    for number, content in enumerate(drawn):
        found = plain.find(content.plain, at)
        start = found if found >= 0 else at
        stop = min(start + len(content.plain), len(plain))
        final = number == len(drawn) - 1
        places = row.places[start:stop]
        begin = row.begin if number == 0 else _place(row.places, start, row.end)
        end = row.end if final else _place(row.places, stop - 1, row.end - 1) + 1
        at = stop
        prefix = prefixes[0] if number == 0 else prefixes[1]
        line = content if not prefix else prefix + content
        if row.fill:
            line = line.pad_right(max(0, width - line.cell_length)).stylize_before(row.fill)
        yield Line(line, led(len(prefix), places), begin, end, source)


def _place(places: Sequence[int], at: int, last: int) -> int:
    """The place of the character at an index, or of the next one that has a place; `last` where none follows."""
    return next((place for place in places[max(0, at) :] if place != NOWHERE), last)


def led(prefix: int, places: Sequence[int]) -> Sequence[int]:
    """Places behind a prefix that nobody wrote."""
    return compact([NOWHERE] * prefix, places) if prefix else places


def compact(*places: Iterable[int]) -> array[int]:
    """Places in little memory: a long conversation has millions, and none of them is to be a number object."""
    return array("i", chain.from_iterable(places))

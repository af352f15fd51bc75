"""One text of a message as lines: cut into pieces, each drawn when somebody looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from textual.content import Content

from netto_tui.tui.widgets.code import GROUND, highlighted
from netto_tui.tui.widgets.lines import Line, Row, led, wrapped
from netto_tui.tui.widgets.pieces import Piece, pieces

Form = Literal["plain", "markdown", "code"]


@dataclass
class _Part:
    piece: Piece
    height: int
    lines: list[Line] | None = None


class DrawnText:
    """A text that is safe for a terminal, in `width` cells; its height is a guess until all of it was drawn.

    source: its number in its passage. indent: blanks before every line. dim: drawn quietly. language: of code.
    """

    def __init__(
        self,
        text: str,
        width: int,
        form: Form,
        *,
        source: int = 0,
        indent: int = 0,
        dim: bool = False,
        language: str = "",
        marks: re.Pattern[str] | None = None,
    ) -> None:
        self.text = text
        self.form = form
        self.source = source
        self.indent = indent if width > indent + 12 else 0
        self.width = width - self.indent
        self.dim = dim
        self.language = language
        self.marks = marks
        self.parts = [_Part(piece, self._guess(piece)) for piece in pieces(text, markdown=form == "markdown")]

    def _guess(self, piece: Piece) -> int:
        ends = self.text.count("\n", piece.start, piece.end)
        blank = 3 * self.text.count("\n\n\n", piece.start, piece.end) if self.form == "markdown" else 0
        return 1 + ends - blank + (piece.end - piece.start) // max(1, self.width)

    @property
    def height(self) -> int:
        """Lines."""
        return sum(part.height for part in self.parts)

    @property
    def drawn(self) -> int:
        """How many pieces have been drawn."""
        return sum(part.lines is not None for part in self.parts)

    def line(self, number: int) -> Line:
        """One line."""
        for part in self.parts:
            if number < part.height:
                lines = self._lines(part)
                return lines[number] if number < len(lines) else Line(Content(""))
            number -= part.height
        return Line(Content(""))

    def measure(self, first: int, last: int) -> None:
        """Make the lines from `first` to `last` exact, which may change the height."""
        top = 0
        for part in self.parts:
            if top > last:
                return
            if top + part.height > first:
                self._lines(part)
            top += part.height

    def line_at(self, place: int) -> int:
        """The line that draws a place of the text, exact within its piece."""
        top = 0
        for part in self.parts:
            if place <= part.piece.end or part is self.parts[-1]:
                lines = self._lines(part)
                before = [n for n, line in enumerate(lines) if line.begin <= place]
                return top + (before[-1] if before else 0)
            top += part.height
        return 0

    def _lines(self, part: _Part) -> list[Line]:
        if part.lines is None:
            part.lines = [self._finished(line) for line in self._drawn(part.piece)]
            part.height = len(part.lines)
        return part.lines

    def _drawn(self, piece: Piece) -> Iterator[Line]:
        text = self.text[piece.start : piece.end]
        if self.form == "markdown":
            from netto_tui.tui.widgets.markdown import drawn

            yield from drawn(text, self.width, opening=piece.opening, start=piece.start, source=self.source)
            return
        at = piece.start
        fill = GROUND if self.form == "code" else ""
        rows = highlighted(text, self.language) if fill else [Content(line) for line in text.split("\n")]
        for content in rows:
            end = at + len(content.plain)
            yield from wrapped(Row(content, range(at, end), at, end, fill=fill), self.width, self.source)
            at = end + 1

    def _finished(self, line: Line) -> Line:
        """A line with what was searched for in it, quiet and indented where that is meant."""
        content = line.content.stylize("$foreground-muted") if self.dim else line.content
        for found in self.marks.finditer(content.plain) if self.marks else ():
            content = content.stylize("$text-warning underline bold", *found.span())
        if not self.indent:
            return line if content is line.content else replace(line, content=content)
        return replace(line, content=Content(" " * self.indent) + content, places=led(self.indent, line.places))

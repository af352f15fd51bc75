"""Markdown as drawn lines, a piece at a time; what was written can be copied from under them.

markdown-it parses, this draws. What Markdown would leave out is not left out: definitions of links, HTML and
entities are shown as they were written. A line that was written stays a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from textual.content import Content

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.code import GROUND, highlighted, language_of
from netto_tui.tui.widgets.inline import Inline
from netto_tui.tui.widgets.lines import NOWHERE, Line, Row, compact, led, wrapped
from netto_tui.tui.widgets.tables import Cell, laid_out

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_HEADINGS = {"h1": "bold underline $text-primary", "h2": "bold $text-primary", "h3": "bold $text-secondary"}
_BULLETS = "•◦▪"
_DEEP = 12
"""Lists and quotes within each other are indented no further than this."""
MOST_BLANKS = 24
"""Blanks that are kept before a line of a paragraph."""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The parser, without what hides a part of the text."""
    from markdown_it import MarkdownIt

    rules = MarkdownIt("commonmark", {"html": False, "maxNesting": 40})
    return rules.enable(["table", "strikethrough"]).disable(["entity", "reference", "html_block", "html_inline"])


def drawn(text: str, width: int, *, opening: str = "", start: int = 0, source: int = 0) -> list[Line]:
    """A piece of Markdown in lines of at most `width` cells; the text must be safe for a terminal.

    opening: the line that began a block of code that goes on in this piece. start: where the piece stands in
    the source number `source`.
    """
    lines = list(_Blocks(opening + text, width, start - len(opening), source).lines())
    skip = 1 if opening and language_of(opening.strip("`~ \n")) else 0
    return lines[skip:]


class _Blocks:
    """Walks over the tokens of one piece; `shift` leads from places in it to places in the source."""

    def __init__(self, text: str, width: int, shift: int, source: int) -> None:
        self.text = text
        self.width = width
        self.shift = shift
        self.source = source
        self.starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self.first: list[Content] = []
        self.rest: list[Content] = []
        self.style: list[str] = []
        self.lists: list[str] = []
        self.opened: list[tuple[Token, int]] = []
        self.rows = 0
        self.done = 0

    def lines(self) -> Iterator[Line]:
        """All lines, with a blank one where there were any."""
        tokens = parser().parse(self.text)
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.map and token.nesting >= 0 and token.type != "inline":
                yield from self._gap(token.map[0])
            if token.type == "table_open":
                end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
                yield from self._table(tokens[at:end])
                at = end
            elif token.type == "inline":
                yield from self._words(tokens[at - 1], token)
            else:
                yield from self._other(token)
            at += 1
        yield from self._gap(len(self.starts) - 1, last=True)

    def _other(self, token: Token) -> Iterator[Line]:
        match token.type:
            case "fence" | "code_block":
                yield from self._code(token)
            case "hr":
                room = max(1, self.width - sum(each.cell_length for each in self.rest))
                yield from self._flow(Content.styled("─" * room, "$faint"), [NOWHERE] * room, *self._span(token))
            case "bullet_list_open" | "ordered_list_open":
                self.lists.append("" if token.type[0] == "o" else _BULLETS[len(self.lists) % len(_BULLETS)])
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                mark = f"{self.lists[-1] or token.info + token.markup} "
                self._push(token, Content.styled(mark, "$text-primary"), Content(" " * len(mark)))
            case "blockquote_open":
                bar = Content.styled("▎ ", "$faint")
                self._push(token, bar, bar, "$foreground-muted")
            case "list_item_close" | "blockquote_close":
                opened, rows = self.opened.pop()
                if rows == self.rows:  # nothing is in it; its mark was written all the same
                    yield from self._flow(Content(""), [], *self._span(opened))
                self.first.pop()
                self.rest.pop()
                self.style.pop()

    def _push(self, token: Token, first: Content, rest: Content, style: str = "") -> None:
        deep = sum(each.cell_length for each in self.rest) > _DEEP
        self.opened.append((token, self.rows))
        self.first.append(Content("") if deep else first)
        self.rest.append(Content("") if deep else rest)
        self.style.append(style)

    def _gap(self, line: int, *, last: bool = False) -> Iterator[Line]:
        """A blank line where at least one was written before the block that begins at a line."""
        before, self.done = self.done, max(self.done, line)
        blank = [n for n in range(before, min(line, len(self.starts) - 1)) if not self._written(n).strip(" >")]
        if blank and not last:
            begin, end = self.starts[blank[0]], self.starts[blank[-1] + 1] - 1
            bars = Content("").join(each for each in self.rest if each.plain.strip())
            yield Line(bars, (), max(0, begin + self.shift), max(0, end + self.shift), self.source)

    def _written(self, line: int) -> str:
        return self.text[self.starts[line] : self.starts[line + 1] - 1]

    def _span(self, token: Token) -> tuple[int, int]:
        """The source of a block's lines, without the last line end."""
        first, last = token.map or [0, 0]
        self.done = max(self.done, last)
        return self.starts[first], max(self.starts[first], self.starts[last] - 1)

    def _flow(self, content: Content, places: Sequence[int], begin: int, end: int, *, fill: str = "") -> Iterator[Line]:
        """Wrap one row behind the marks of what it stands in; a bullet stands before the first row only."""
        shift = self.shift
        self.rows += 1
        for style in filter(None, self.style):
            content = content.stylize_before(style)
        row = Row(
            content,
            compact(place + shift if place != NOWHERE else NOWHERE for place in places),
            max(0, begin + shift),
            max(0, end + shift),
            Content("").join(self.first),
            Content("").join(self.rest),
            fill,
        )
        self.first = list(self.rest)
        return wrapped(row, self.width, self.source)

    def _words(self, block: Token, token: Token) -> Iterator[Line]:
        start, stop = self._span(token)
        finish = self._span(block)[1] if block.map else stop  # a heading may be underlined
        style = _HEADINGS.get(block.tag, "bold") if block.type == "heading_open" else ""
        rows = list(Inline(self.text, start, stop).lines(token.children or []))
        begin = start
        for number, words in enumerate(rows):
            content = words.content.stylize_before(style) if style else words.content
            break_at = self.text.find("\n", max((p for p in words.places), default=begin), stop)
            end = finish if number == len(rows) - 1 or break_at < 0 else break_at
            blanks = self._blanks(begin) if number else 0
            yield from self._flow(Content(" " * blanks) + content, led(blanks, words.places), begin, end)
            begin = min(stop, end + 1)

    def _blanks(self, begin: int) -> int:
        """How far a line was indented beyond what it stands in; whoever pastes code means it."""
        line = self.text[begin : begin + MOST_BLANKS * 2]
        blanks = len(line) - len(line.lstrip(" ")) - sum(each.cell_length for each in self.rest)
        return max(0, min(blanks, MOST_BLANKS))

    def _code(self, token: Token) -> Iterator[Line]:
        begin, stop = self._span(token)
        code, at = token.content.removesuffix("\n"), begin
        if token.type == "fence":
            following = self.starts[(token.map or [0])[0] + 1]
            at = min(stop, following)
            if (name := language_of(token.info)) or not code:
                label = Content.styled(f" {safe_display(name)}", "$faint")
                yield from self._flow(label, [], begin, min(stop, following - 1) if code else stop, fill=GROUND)
        rows = highlighted(code, language_of(token.info)) if code else []
        for number, content in enumerate(rows):
            found = self.text.find(content.plain, at, stop)
            start = found if found >= 0 else at
            end = stop if number == len(rows) - 1 else min(stop, start + len(content.plain))
            places = [NOWHERE, *range(start, start + len(content.plain))] if found >= 0 else []
            yield from self._flow(Content(" ") + content, places, at, end, fill=GROUND)
            at = min(stop, end + 1)

    def _table(self, tokens: Sequence[Token]) -> Iterator[Line]:
        """A table whose columns stand below each other."""
        rows: list[list[Cell]] = []
        spans: list[tuple[int, int]] = []
        at, align = 0, ""
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
                spans.append(self._span(token))
                at = spans[-1][0]
            elif token.type in ("th_open", "td_open"):
                align = str(token.attrGet("style") or "").rpartition(":")[2]
            elif token.type == "inline":
                words = next(iter(Inline(self.text, at, spans[-1][1]).lines(token.children or [])))
                at = max((place for place in words.places), default=at) + 1
                rows[-1].append(Cell(words.content, words.places, align))
        self._span(tokens[0])
        room = self.width - sum(each.cell_length for each in self.rest)
        for row, content, places in laid_out(rows, max(8, room)):
            yield from self._flow(content, places, *spans[row])

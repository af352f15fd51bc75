"""One message as lines: a heading, then its text wrapped piece by piece, only as far as it is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from textual.content import Content

from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import wording

if TYPE_CHECKING:
    from netto_tui.vault.rows import MessageRow

PIECE = 4_000
"""Characters that are wrapped at once; a message of a megabyte costs no more than what is visible."""

ROLE_STYLES = {
    "user": "bold $text-primary",
    "assistant": "bold $text-secondary",
    "system": "bold $text-warning",
    "tool": "bold $foreground-muted",
}
_CALL = re.compile(r"^→ \S+")


@dataclass(frozen=True)
class Line:
    """One drawn line; `joint` is what lies between it and the next one in the text: blank, newline or nothing."""

    content: Content
    joint: str = "\n"


@dataclass
class _Piece:
    text: str
    fenced: bool
    height: int
    lines: list[Line] | None = None


@dataclass
class Passage:
    """A message laid out in `width` cells. Its height is a guess until its pieces were drawn.

    gap: a folded message ends in a blank line, as the last of several.
    """

    row: MessageRow
    width: int
    zone: tzinfo
    folded: bool = False
    gap: bool = True
    marks: re.Pattern[str] | None = None
    pieces: list[_Piece] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Cut the text; a folded message needs none of it."""
        if self.folded:
            return
        fenced = False
        for text in pieces(self.row.text):
            height = sum(len(line) // self.width + 1 for line in text.split("\n"))
            self.pieces.append(_Piece(text, fenced, height))
            fenced ^= len(re.findall(r"^\s*```", text, re.MULTILINE)) % 2 == 1

    @property
    def height(self) -> int:
        """Lines, with the heading and a blank one below; a folded message is one line, and the last of several two."""
        return 1 + self.gap if self.folded else 2 + sum(piece.height for piece in self.pieces)

    def line(self, number: int) -> Line:
        """One line; 0 is the heading."""
        if number == 0:
            return Line(self._folded_heading() if self.folded else self._heading())
        number -= 1
        for piece in self.pieces:
            if number < piece.height:
                lines = self._wrapped(piece)
                return lines[number] if number < len(lines) else Line(Content(""), "")
            number -= piece.height
        return Line(Content(""))

    def measure(self, first: int, last: int) -> None:
        """Make the lines from `first` to `last` exact, which may change the height."""
        top = 1
        for piece in self.pieces:
            if top > last:
                return
            if top + piece.height > first:
                self._wrapped(piece)
            top += piece.height

    def forget(self) -> None:
        """Let go of drawn lines; heights stay."""
        for piece in self.pieces:
            piece.lines = None

    def _wrapped(self, piece: _Piece) -> list[Line]:
        if piece.lines is None:
            piece.lines = list(self._draw(piece))
            piece.height = len(piece.lines)
        return piece.lines

    def _draw(self, piece: _Piece) -> Iterator[Line]:
        fenced = piece.fenced
        dim = self.row.hidden or not self.row.branch
        for text in safe_display(piece.text).split("\n"):
            content = Content(text)
            if text.lstrip().startswith("```"):
                fenced = not fenced
                content = content.stylize("$faint")
            elif fenced:
                content = content.stylize("$text-secondary")
            elif call := _CALL.match(text):
                content = content.stylize("$text-accent", 0, call.end())
            elif text.startswith("#"):
                content = content.stylize("bold")
            if dim:
                content = content.stylize("$foreground-muted")
            for found in self.marks.finditer(text) if self.marks else ():
                content = content.stylize("$text-warning underline bold", *found.span())
            yield from wrapped(content, self.width)

    def _heading(self) -> Content:
        row = self.row
        name = "document" if row.kind == "document" else row.role or "message"
        parts = [Content.styled(safe_line(name), ROLE_STYLES.get(row.role, "bold $text-accent"))]
        if row.conflict:
            word = "deleted or edited?" if row.conflict == "edit-vs-delete" else "several versions"
            parts.append(Content.styled(f"? {word}", "bold $text-warning"))
        if row.secrets:
            parts.append(Content.styled("s secret", "bold $text-warning"))
        if row.author and row.author != row.role:
            parts.append(Content.styled(safe_line(row.author, 40), "$foreground-muted"))
        if row.at:
            parts.append(Content.styled(wording.moment(row.at, self.zone), "$faint"))
        if row.hidden:
            parts.append(Content.styled("hidden by its source", "$faint"))
        if not row.branch:
            parts.append(Content.styled("other branch", "$faint"))
        return Content("  ").join(parts).truncate(self.width, ellipsis=True)

    def _folded_heading(self) -> Content:
        row = self.row
        mark = "?" if row.conflict else "s" if row.secrets else "▸"
        head = f"{mark} {safe_line(row.role or row.kind, 12)}  "
        size = f"  {wording.size_words(len(row.text))}"
        room = max(4, self.width - len(head) - len(size))
        text = Content(safe_line(row.text, room * 2)).truncate(room, ellipsis=True)
        return Content.styled(head, "$faint") + text.stylize("$foreground-muted") + Content.styled(size, "$faint")


def any_of(terms: Sequence[str]) -> re.Pattern[str] | None:
    """What finds words that begin with any of the terms; None for no terms."""
    words = sorted({term for term in terms if term.strip()}, key=len, reverse=True)
    return re.compile("|".join(rf"\b{re.escape(word)}" for word in words), re.IGNORECASE) if words else None


def pieces(text: str) -> Iterator[str]:
    """A text cut into pieces of at most PIECE characters, at line ends where there are any."""
    start = 0
    while start < len(text) or start == 0:
        end = start + PIECE
        if end >= len(text):
            yield text[start:]
            return
        cut = text.rfind("\n", start, end)
        if cut > start:
            yield text[start:cut]
            start = cut + 1
        else:
            yield text[start:end]
            start = end


def wrapped(content: Content, width: int) -> Iterator[Line]:
    """One paragraph as lines of at most `width` cells that know how they join again."""
    if content.cell_length <= width:
        yield Line(content)
        return
    text, position = content.plain, 0
    lines: Sequence[Content] = content.wrap(width)
    for number, line in enumerate(lines):
        begin = text.find(line.plain, position)
        position = (begin if begin >= 0 else position) + len(line.plain)
        if number == len(lines) - 1:
            yield Line(line)
            return
        following = text.find(lines[number + 1].plain, position)
        yield Line(line, text[position:following] if following >= 0 else " ")

"""One message as lines: a heading, then its parts, drawn only as far as they are looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from netto_tui.plural import many
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import wording
from netto_tui.tui.widgets.lines import Line
from netto_tui.tui.widgets.texts import DrawnText, Form

if TYPE_CHECKING:
    from netto_tui.model.sections import Section
    from netto_tui.vault.rows import MessageRow

ROLE_STYLES = {
    "user": "bold $text-primary",
    "assistant": "bold $text-secondary",
    "system": "bold $text-warning",
    "tool": "bold $foreground-muted",
}
PROSE_FILES = (".md", ".markdown", ".txt", "")
"""Documents that are drawn as Markdown; any other, such as a program, as it is."""


def only_text(row: MessageRow) -> Sequence[Section]:
    """The parts of a message of which nothing but its text is known."""
    from netto_tui.model.sections import Section  # the first frame has no message

    return (Section("prose", row.text),)


@dataclass(frozen=True)
class Manner:
    """How messages are drawn. sections: gives the parts of a message; raw: as they were written."""

    width: int
    zone: tzinfo
    marks: re.Pattern[str] | None = None
    raw: bool = False
    sections: Callable[[MessageRow], Sequence[Section]] = only_text


@dataclass(frozen=True)
class Word:
    """A part of a heading. short: what stands for it where there is less room, "" for nothing."""

    text: str
    style: str
    short: str = ""


def shortened(words: Sequence[Word], room: int, gap: int = 2) -> list[Word]:
    """`words` in `room` cells: as many as it takes are short, those at the end first; then the first one is cut."""
    first, *others = words
    for place in reversed(range(len(others))):
        if _cells([first, *others], gap) <= room:
            break
        others[place] = replace(others[place], text=others[place].short)
    over = _cells([first, *others], gap) - room
    if over > 0:
        cut = Content(first.text).truncate(max(8, cell_len(first.text) - over), ellipsis=True)
        first = replace(first, text=cut.plain)
    return [first, *(word for word in others if word.text)]


def _cells(words: Sequence[Word], gap: int) -> int:
    return sum(cell_len(word.text) + gap for word in words if word.text) - gap


class Passage:
    """A message in `manner`. Its height is a guess until its parts were drawn.

    folded: one line for all of it. details: thoughts, tools and files are unfolded. gap: a folded message ends in
    a blank line, as the last of several.
    """

    def __init__(
        self, row: MessageRow, manner: Manner, *, folded: bool = False, details: bool = True, gap: bool = True
    ) -> None:
        self.row = row
        self.manner = manner
        self.folded = folded
        self.details = details
        self.gap = gap
        self._blocks: list[Line | DrawnText] | None = None
        self._sections: Sequence[Section] | None = None

    @property
    def sections(self) -> Sequence[Section]:
        """Its parts."""
        if self._sections is None:
            self._sections = self.manner.sections(self.row)
        return self._sections

    @property
    def blocks(self) -> list[Line | DrawnText]:
        """Its parts as single lines and texts."""
        if self._blocks is None:
            self._blocks = [block for n, section in enumerate(self.sections) for block in self._drawn(n, section)]
        return self._blocks

    @property
    def height(self) -> int:
        """Lines, with the heading and a blank one below; a folded message is one line, and the last of several two."""
        if self.folded:
            return 1 + self.gap
        if self._blocks is None:
            return 3 + self.row.text.count("\n") + len(self.row.text) // max(1, self.manner.width)
        return 2 + sum(map(_height, self._blocks))

    def line(self, number: int) -> Line:
        """One line; 0 is the heading."""
        if number == 0:
            return Line(self._folded_heading(), touch="fold") if self.folded else self._heading()
        number -= 1
        for block in () if self.folded else self.blocks:
            height = _height(block)
            if number < height:
                return block if isinstance(block, Line) else block.line(number)
            number -= height
        return Line(Content(""))

    def measure(self, first: int, last: int) -> None:
        """Make the lines from `first` to `last` exact, which may change the height."""
        top = 1
        for block in () if self.folded else self.blocks:
            if top > last:
                return
            if isinstance(block, DrawnText) and top + block.height > first:
                block.measure(first - top, last - top)
            top += _height(block)

    def text(self, source: int) -> str:
        """What was written in one of its parts, by the number that its lines have as `source`."""
        found = (block for block in self.blocks if isinstance(block, DrawnText) and block.source == source)
        return next((block.text for block in found), "")

    def marked(self) -> tuple[int, int] | None:
        """The source and the place of the first marked word in what is drawn of it; None where there is none."""
        marks = self.manner.marks
        for block in () if self.folded or marks is None else self.blocks:
            if isinstance(block, DrawnText) and marks is not None and (found := marks.search(block.text)) is not None:
                return block.source, found.start()
        return None

    def line_at(self, source: int, place: int) -> int:
        """The line that draws a place of a part; the heading for one that is not drawn."""
        top = 1
        for block in () if self.folded else self.blocks:
            if isinstance(block, DrawnText) and block.source == source:
                return top + block.line_at(place)
            top += _height(block)
        return 0

    # Parts

    def _drawn(self, number: int, section: Section) -> Iterator[Line | DrawnText]:
        from netto_tui.model.sections import ASIDES

        aside = section.kind in ASIDES
        text = safe_display(section.text)
        if section.kind == "file":
            yield Line(self._file(section), touch="files")
        elif aside:
            yield Line(self._aside(section), touch="fold")
        shown = self.details or section.kind in ("prose", "code")
        if shown and text:
            yield DrawnText(
                text,
                self.manner.width,
                self._form(section),
                source=number,
                indent=2 if aside or section.kind == "file" else 0,
                dim=aside or self.row.hidden or not self.row.branch,
                language=section.label if section.kind == "code" else "",
                marks=self.manner.marks,
            )
        if section.whole is not None and shown:
            size = wording.size_words(section.whole.bytes)
            rest = f"… {size} in all: v shows them, o saves them"
            yield Line(self._fitted(Content.styled(rest, "$text-warning")), touch="files")

    def _form(self, section: Section) -> Form:
        if self.manner.raw:
            return "plain"
        if section.kind == "code":
            return "code"
        if section.kind == "thinking":
            return "markdown"
        if section.kind != "prose" or self.row.role == "tool":
            return "plain"
        suffix = re.search(r"\.\w+$", self.row.item) if self.row.kind == "document" else None
        return "markdown" if (suffix[0].lower() if suffix else "") in PROSE_FILES else "plain"

    def _fitted(self, content: Content) -> Content:
        return content.truncate(self.manner.width, ellipsis=True)

    def _aside(self, section: Section) -> Content:
        """The line of something that is said to nobody: its kind, and what a fold hides with its count."""
        mark = "▾" if self.details else "▸"
        head = Content.styled(f"{mark} {safe_line(section.label, 40)}", "$text-accent")
        if self.details:
            return self._fitted(head)
        return self._with_count(head, section.summary, _amount(section))

    def _with_count(self, head: Content, words: str, amount: str) -> Content:
        count = Content.styled(f"  {amount}" if amount else "", "$faint")
        room = max(4, self.manner.width - head.cell_length - count.cell_length - 2)
        said = Content(safe_line(words, room * 2)).truncate(room, ellipsis=True).stylize("$foreground-muted")
        return self._fitted(head + Content("  ") + said + count)

    def _file(self, section: Section) -> Content:
        head = Content.styled("▪ ", "$text-accent") + Content.styled(safe_line(section.label, 60), "bold")
        return self._fitted(head + Content.styled(f"  {safe_line(section.summary, 200)}", "$foreground-muted"))

    # Headings

    def _heading(self) -> Line:
        row = self.row
        name = f"document {row.item}" if row.kind == "document" else row.role or "message"
        style, number = ROLE_STYLES.get(row.role, "bold $text-accent"), f"{row.fork[0]}/{row.fork[1]} (b)"
        words = [Word(safe_line(name, 120), style)]
        if row.fork[1] > 1:
            words.append(Word(f"branch {number}", "bold $text-accent", number))
        if row.conflict:
            is_gone = row.conflict == "edit-vs-delete"
            long, short = ("? deleted or edited?", "? deleted?") if is_gone else ("? several versions", "? versions")
            words.append(Word(long, "bold $text-warning", short))
        if row.secrets:
            words.append(Word("s secret", "bold $text-warning", "s"))
        if row.author and row.author != row.role:
            words.append(Word(safe_line(row.author, 40), "$foreground-muted"))
        moment = wording.moment(row.at, self.manner.zone) if row.at else ""
        words = shortened(words, self.manner.width - (len(moment) + 2 if moment else 0))
        parts = [Content.styled(word.text, word.style) for word in words]
        begin, branch = parts[0].cell_length + 2, words[1].text if row.fork[1] > 1 else ""
        if moment:
            parts.append(Content.styled(moment, "$faint"))
        if row.hidden:
            parts.append(Content.styled("hidden by its source", "$faint"))
        if not row.branch:
            parts.append(Content.styled("other branch", "$faint"))
        heading = self._fitted(Content("  ").join(parts))
        return Line(heading, touch="branch" if branch else "", touch_from=begin, touch_to=begin + len(branch))

    def _folded_heading(self) -> Content:
        row = self.row
        mark = "?" if row.conflict else "s" if row.secrets else "▸"
        head = Content.styled(f"{mark} {safe_line(row.role or row.kind, 12)}", "$faint")
        words, size = row.text, wording.size_words(len(row.text))
        from netto_tui.model.sections import ASIDES

        asides = [section for section in self.sections if section.kind in ASIDES] if row.asides == "all" else []
        if asides:
            head += Content.styled(f"  {safe_line(asides[0].label, 40)}", "$text-accent")
            words = asides[0].summary
            size = f"+{len(asides) - 1}  {size}" if len(asides) > 1 else size
        return self._with_count(head, words, size)


def _height(block: Line | DrawnText) -> int:
    return 1 if isinstance(block, Line) else block.height


def _amount(section: Section) -> str:
    """How much a fold hides; "" where it hides nothing."""
    if section.whole is not None:
        return wording.size_words(section.whole.bytes)
    lines = section.text.rstrip("\n").count("\n") + 1
    if lines > 1:
        return many(lines, "line")
    return wording.size_words(len(section.text)) if len(section.text) > 200 else ""


def any_of(terms: Sequence[str]) -> re.Pattern[str] | None:
    """What finds words that begin with any of the terms; None for no terms."""
    words = sorted({term for term in terms if term.strip()}, key=len, reverse=True)
    return re.compile("|".join(rf"\b{re.escape(word)}" for word in words), re.IGNORECASE) if words else None

"""Words of Markdown with their emphasis, each character knowing where it stands in what was written."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content, Span

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.lines import NOWHERE, compact

if TYPE_CHECKING:
    from markdown_it.token import Token

_STYLES = {"strong": "bold", "em": "italic", "s": "strike", "link": "underline $text-primary"}
_CODE = "$text-secondary on $surface"
_TARGET = "$faint"


@dataclass
class Words:
    """One line of words as it grows."""

    text: str = ""
    places: array[int] = field(default_factory=compact)
    spans: list[Span] = field(default_factory=list)

    @property
    def content(self) -> Content:
        """The line with its styles."""
        return Content(self.text, spans=list(self.spans))

    def put(self, text: str, at: int, styles: Sequence[str]) -> None:
        """Add some characters that stand at a place of the source, or NOWHERE."""
        start = len(self.text)
        self.text += text
        self.places.extend([NOWHERE] * len(text) if at == NOWHERE else range(at, at + len(text)))
        self.spans.extend(Span(start, len(self.text), style) for style in styles)


class Inline:
    """Reads the tokens of one block along with its source[start:stop]."""

    def __init__(self, source: str, start: int, stop: int) -> None:
        self._source = source
        self._at = start
        self._stop = stop
        self._styles: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._words = Words()

    def lines(self, tokens: Sequence[Token]) -> Iterator[Words]:
        """The words, a line for each line that was written."""
        for token in tokens:
            kind = token.type
            if kind in ("softbreak", "hardbreak"):
                yield self._words
                self._words = Words()
            elif kind == "code_inline":
                self._put(token.content, (*self._styles, _CODE))
            elif kind == "image":
                self._image(token)
            elif kind == "link_open":
                self._links.append((str(token.attrGet("href") or ""), len(self._words.text)))
                self._styles.append(_STYLES["link"])
            elif kind == "link_close":
                self._styles.remove(_STYLES["link"])
                self._target(*self._links.pop())
            elif kind.endswith("_open"):
                self._styles.append(_STYLES.get(kind.removesuffix("_open"), ""))
            elif kind.endswith("_close"):
                self._styles.pop()
            elif token.content:
                self._put(token.content, self._styles)
        yield self._words

    def _put(self, text: str, styles: Sequence[str]) -> None:
        """Add what was written, at the next place where it stands."""
        shown = safe_display(text).replace("\n", " ")
        at = self._source.find(text, self._at, self._stop) if shown == text else NOWHERE
        if at != NOWHERE:
            self._at = at + len(text)
        self._words.put(shown, at, styles)

    def _image(self, token: Token) -> None:
        self._words.put("image ", NOWHERE, [_TARGET])
        self._put(token.content or "without words", [_STYLES["link"]])
        self._target(str(token.attrGet("src") or ""), len(self._words.text))

    def _target(self, address: str, begun: int) -> None:
        """Show where a link leads, unless that is what it says; nothing of a source's link is hidden."""
        said = self._words.text[begun:]
        if said == address or f"mailto:{said}" == address:
            return
        found = self._source.find("](", self._at, self._stop)
        if found >= 0:
            self._at = found + 2
        self._words.put(" (", NOWHERE, [_TARGET])
        self._put(address, [_TARGET])
        self._words.put(")", NOWHERE, [_TARGET])
        after = self._source.find(")", self._at, self._stop)
        self._at = after + 1 if found >= 0 <= after else self._at

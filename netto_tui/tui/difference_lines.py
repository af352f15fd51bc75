"""Drawing how a conversation differs between two places: its messages one below the other, or side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import zip_longest

from textual.content import Content

from netto_tui.plural import many
from netto_tui.recovery.differences import ItemDifference
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.widgets.columns import fit
from netto_tui.tui.worddiff import Piece, compare

SIDE_BY_SIDE = 100
"""From this width on the two texts stand beside each other."""
TEXT_LIMIT = 200_000
"""Characters of one text that are compared."""
NEAR = 240
"""Characters that stay visible on each side of a change in a long text."""
ITEMS = 500
"""So many differing messages are drawn."""
INDENT = 3


@dataclass(frozen=True)
class DrawnLine:
    """One line; begins: it is the heading of something that differs."""

    content: Content
    begins: bool = False


@dataclass(frozen=True)
class Look:
    """How to draw: names: what the two places are called; folded: what is the same is only counted."""

    width: int
    zone: tzinfo
    names: tuple[str, str]
    folded: bool = True


def draw(items: Sequence[ItemDifference], look: Look) -> list[DrawnLine]:
    """All lines; secrets are named, not shown. Takes long for long texts: not for the thread of the screen."""
    lines: list[DrawnLine] = []
    alike = drawn = 0
    for item in items:
        if item.kind == "same" and look.folded:
            alike += 1
            continue
        lines += _alike(alike, look)
        alike = 0
        if item.kind != "same" and (drawn := drawn + 1) > ITEMS:
            continue
        lines += _item(item, look)
    lines += _alike(alike, look)
    if drawn > ITEMS:
        lines.append(_line(Content.styled(f"and {many(drawn - ITEMS, 'more message')} that differ", "$faint"), look))
    return lines


def summary(items: Sequence[ItemDifference], names: tuple[str, str]) -> str:
    """How many messages differ, in words."""
    kinds = [item.kind for item in items]
    there, here = names
    counts = (("changed", "changed"), ("removed", f"only {there}"), ("added", f"only {here}"), ("same", "the same"))
    found = [f"{kinds.count(kind)} {word}" for kind, word in counts if kind in kinds]
    history = sum(item.revisions for item in items if item.kind == "same")
    if history:
        found.append(f"{many(history, 'revision')} of history on one side alone")
    return " · ".join(found) or "Nothing is in either place."


def _alike(count: int, look: Look) -> Iterator[DrawnLine]:
    if count:
        yield _line(Content.styled(f"⋯ {many(count, 'message')} the same (= shows them)", "$faint"), look)


def _line(content: Content, look: Look, *, begins: bool = False) -> DrawnLine:
    return DrawnLine(fit(Content(" " * INDENT) + content, look.width), begins)


def _item(item: ItemDifference, look: Look) -> Iterator[DrawnLine]:
    there, here = look.names
    letter, word, colour = {
        "changed": ("~", "changed", "bold $text-warning"),
        "removed": ("-", f"only {there}", "bold $text-error"),
        "added": ("+", f"only {here}", "bold $text-success"),
        "same": ("=", "the same", "$faint"),
    }[item.kind]
    heading = Content.assemble(
        (f"{letter} {safe_line(word, 40)}  ", colour),
        (f"{safe_line(item.role, 20)}  ", "bold"),
        (wording.moment(item.at, look.zone) if item.at else "undated", "$foreground-muted"),
    )
    yield DrawnLine(fit(Content(" ") + heading, look.width), item.kind != "same")
    then, now = (None if text is None else concealed(text, TEXT_LIMIT) for text in (item.then, item.now))
    pieces = _near(compare(then, now)) if then is not None and now is not None else []
    sides = [
        None if then is None else _side(pieces, "-") if pieces else Content(_beginning(then)),
        None if now is None else _side(pieces, "+") if pieces else Content(_beginning(now)),
    ]
    if item.kind == "same":
        yield from _one_below_the_other([None, sides[1]], look, marks=" ")
    elif look.width >= SIDE_BY_SIDE:
        yield from _beside(sides, look)
    else:
        yield from _one_below_the_other(sides, look, marks="-+")
    yield _line(Content(""), look)


def _near(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with long stretches that did not change cut to what is near a change."""
    found = []
    for piece in pieces:
        if piece.kind == "=" and len(piece.text) > 2 * NEAR + 40:
            left = len(piece.text) - 2 * NEAR
            cut = f"{piece.text[:NEAR]}\n⋯ {wording.size_words(left)} characters the same ⋯\n{piece.text[-NEAR:]}"
            piece = Piece("=", cut)  # it stands for the same stretch
        found.append(piece)
    return found


def _beginning(text: str) -> str:
    limit = 20 * NEAR
    rest = len(text) - limit
    return f"{text[:limit]}\n⋯ {wording.size_words(rest)} characters more" if rest > 0 else text


def _side(pieces: Sequence[Piece], own: str) -> Content:
    """One of two texts, with what the other lacks marked."""
    style = "strike $text-error" if own == "-" else "underline $text-success"
    return Content.assemble(
        *((piece.text, style if piece.kind == own else "") for piece in pieces if piece.kind in ("=", own))
    )


def _one_below_the_other(sides: Sequence[Content | None], look: Look, *, marks: str) -> Iterator[DrawnLine]:
    for mark, side in zip(marks.rjust(2), sides, strict=True):
        if side is None:
            continue
        colour = {"-": "bold $text-error", "+": "bold $text-success"}.get(mark, "")
        for line in side.wrap(max(8, look.width - INDENT - 2)):
            yield _line(Content.styled(f"{mark} ", colour) + line, look)


def _beside(sides: Sequence[Content | None], look: Look) -> Iterator[DrawnLine]:
    width = (look.width - INDENT - 3) // 2
    nothing = Content.styled("— nothing —", "$faint")
    columns = [(nothing if side is None else side).wrap(max(8, width)) for side in sides]
    bar = Content.styled(" │ ", "$border")
    for left, right in zip_longest(*columns, fillvalue=Content("")):
        yield _line(fit(left, width) + bar + fit(right, width), look)

"""Drawing the resolver: rows as lines, stacked or side by side. No state of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import zip_longest

from textual.content import Content

from netto_tui.model.conversation import body_text
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.resolution import Choice, Resolution, Row
from netto_tui.tui.widgets.columns import fit
from netto_tui.tui.worddiff import changed_spans

ROLE_WIDTH = 9
PREFIX = 2 + 3 + 1 + 1 + 1 + ROLE_WIDTH + 1  # bar, number, state, role
LABEL_WIDTH = 10
VERSION_LIMIT = 6_000
"""Characters of one version that are drawn; `e` and the preview have all of it."""
CONTEXT = 1
"""Settled rows that stay visible beside a conflict while the others are folded."""


@dataclass(frozen=True)
class DrawnLine:
    """One line; row: its index in the resolution's rows, or -1 for a fold or a heading."""

    content: Content
    row: int


@dataclass(frozen=True)
class Look:
    """How to draw: shown: the columns side by side, empty for stacked; chosen: the column of the cursor."""

    width: int
    zone: tzinfo
    shown: tuple[str, ...] = ()
    chosen: str = ""
    base: bool = False
    folded: bool = True


def draw(state: Resolution, look: Look) -> list[DrawnLine]:
    """All lines of a resolution."""
    lines: list[DrawnLine] = []
    visible = _visible(state, look)
    hidden_run = 0
    for index, row in enumerate(state.rows):
        if index not in visible:
            hidden_run += 1
            continue
        if hidden_run:
            lines.append(_fold_line(hidden_run, look))
            hidden_run = 0
        lines.extend(DrawnLine(content, index) for content in _row(state, row, look))
        if row.choices:
            lines.append(DrawnLine(Content(" " * look.width), -1))
    if hidden_run:
        lines.append(_fold_line(hidden_run, look))
    return lines


def _visible(state: Resolution, look: Look) -> set[int]:
    if not look.folded:
        return set(range(len(state.rows)))
    conflicts = [index for index, row in enumerate(state.rows) if row.choices]
    return {near for index in conflicts for near in range(index - CONTEXT, index + CONTEXT + 1)}


def _fold_line(count: int, look: Look) -> DrawnLine:
    text = f"{'':{PREFIX}}⋯ {many(count, 'message')} alike (= shows them)"
    return DrawnLine(fit(Content.styled(text, "$faint"), look.width), -1)


def _row(state: Resolution, row: Row, look: Look) -> Iterator[Content]:
    if not row.choices:
        style = "$faint" if row.hidden else "$foreground-muted"
        text = Content.styled(safe_line(concealed(row.text, 400), 400), style)
        lead = _prefix(state, row) + Content("  " if look.shown else "")
        yield lead + fit(text, look.width - lead.cell_length)
    elif look.shown:
        yield from _side_by_side(state, row, look)
    else:
        yield from _stacked(state, row, look)


def _prefix(state: Resolution, row: Row) -> Content:
    letter = state.letter(row)
    colour = {"=": "$faint", "?": "bold $text-warning", "x": "bold $text-error"}.get(letter, "bold $text-success")
    number = str(row.number) if row.number else ""
    return Content.assemble(
        "  ",
        (number.rjust(3), "$foreground-muted"),
        " ",
        (letter, colour),
        " ",
        fit(Content(safe_line(row.role, ROLE_WIDTH)), ROLE_WIDTH, style="$foreground-muted"),
        " ",
    )


def _stacked(state: Resolution, row: Row, look: Look) -> Iterator[Content]:
    """One version below the other, each with its label: for narrow terminals."""
    parts: list[tuple[str, Content, str]] = []
    if row.base is not None:
        base = Content.styled(concealed(body_text(row.base), VERSION_LIMIT), "$foreground-muted")
        mark = "●" if _is_picked(state, row, None) else " "
        parts.append((f"{mark}base", base, "$foreground-muted"))
    columns = state.columns
    for label in columns:
        choice = row.choice_in(label)
        mark = "●" if _is_picked(state, row, choice) else " "
        number = columns.index(label) + 1
        style = "bold $text-success" if mark == "●" else "$foreground"
        parts.append((f"{mark}{number} {label}", version_content(row, choice), style))
    if _is_written_by_hand(state, row):
        parts.append(("●result", _result(state, row), "bold $text-success"))
    width = look.width - PREFIX - LABEL_WIDTH - 1
    first = True
    for name, content, style in parts:
        for place, line in enumerate(content.wrap(max(8, width))):
            tag = fit(Content.styled(safe_line(name), style) if not place else Content(""), LABEL_WIDTH)
            lead = _prefix(state, row) if first else Content(" " * PREFIX)
            first = False
            yield lead + tag + Content(" ") + fit(line, width)


def _side_by_side(state: Resolution, row: Row, look: Look) -> Iterator[Content]:
    """The shown columns beside each other."""
    width = column_width(look)
    lead = _prefix(state, row)
    blank = Content(" " * PREFIX)
    if look.base and row.base is not None:
        mark = "● base " if _is_picked(state, row, None) else "  base "
        base = Content.styled(concealed(body_text(row.base), VERSION_LIMIT), "$foreground-muted")
        yield from _full(Content.styled(mark, "$foreground-muted"), base, look, lead)
        lead = blank
    cells = []
    for label in look.shown:
        choice = row.choice_in(label)
        mark = "● " if _is_picked(state, row, choice) else "  "
        cells.append((mark, version_content(row, choice).wrap(max(8, width - 2))))
    for place, lines in enumerate(zip_longest(*(lines for _, lines in cells), fillvalue=Content(""))):
        drawn = [
            Content.styled(mark if not place else "  ", "bold $text-success") + fit(line, width - 2)
            for (mark, _), line in zip(cells, lines, strict=True)
        ]
        yield fit(lead + Content.styled("│", "$border").join(drawn), look.width)
        lead = blank
    if _is_written_by_hand(state, row):
        yield from _full(Content.styled("● ", "bold $text-success"), _result(state, row), look)


def _full(mark: Content, content: Content, look: Look, lead: Content | None = None) -> Iterator[Content]:
    """One text over the whole width, with a mark, and what stands before its first line."""
    width = look.width - PREFIX - mark.cell_length
    blank = Content(" " * PREFIX)
    for place, line in enumerate(content.wrap(max(8, width))):
        start = Content(" " * mark.cell_length) if place else mark
        yield (lead if lead is not None and not place else blank) + start + fit(line, width)


def column_width(look: Look) -> int:
    """The width of one of the columns side by side."""
    return (look.width - PREFIX - (len(look.shown) - 1)) // max(1, len(look.shown))


def titles(state: Resolution, look: Look, times: dict[str, str]) -> Content:
    """The heading over columns side by side; the cursor's column is marked."""
    width = column_width(look)
    cells = []
    for label in look.shown:
        number = state.columns.index(label) + 1
        time = wording.clock(times.get(label, ""), look.zone)
        text = f"{number} {safe_line(label)}" + (f" · {time}" if time else "")
        here = label == look.chosen
        cells.append(
            fit(Content.styled(("▸ " if here else "  ") + text, "bold $accent" if here else "$foreground-muted"), width)
        )
    rest = [f"{state.columns.index(label) + 1} {label}" for label in state.columns if label not in look.shown]
    more = Content.styled(f"  (tab: {', '.join(map(safe_line, rest))})", "$faint") if rest else Content("")
    return fit(
        Content(" " * PREFIX) + Content.styled("│", "$border").join([*cells[:-1], cells[-1].rstrip() + more]),
        look.width,
    )


def version_content(row: Row, choice: Choice | None) -> Content:
    """What one version says, with the words that it changed marked."""
    if choice is None:
        return Content.styled("= base" if row.base is not None else "— not here —", "$faint")
    if choice.deleted:
        return Content.styled("— deleted here —", "bold $text-error")
    text = concealed(choice.text, VERSION_LIMIT)
    content = Content(text)
    if row.base is not None:
        for start, end in changed_spans(concealed(body_text(row.base), VERSION_LIMIT), text):
            content = content.stylize("underline $text-primary", start, end)
    if len(choice.text) > VERSION_LIMIT:
        content += Content.styled(
            f"\n… {wording.size_words(len(choice.text) - VERSION_LIMIT)} characters more", "$faint"
        )
    return content


def _result(state: Resolution, row: Row) -> Content:
    body = state.body_of(row)
    return Content(concealed(body_text(body), VERSION_LIMIT)) if body is not None else Content("")


def _is_picked(state: Resolution, row: Row, choice: Choice | None) -> bool:
    pick = state.picks.get(row.item)
    if pick is None:
        return False
    if choice is None:
        return pick.kind == "base"
    return pick.kind in ("take", "delete", "both") and choice.revision in pick.revisions


def _is_written_by_hand(state: Resolution, row: Row) -> bool:
    pick = state.picks.get(row.item)
    return pick is not None and pick.kind == "edit"


def result_lines(state: Resolution, row: Row, hints: Sequence[str]) -> Content:
    """The line below: what would be written for the row, or what can be chosen."""
    if not row.choices:
        return Content.styled("This message is the same everywhere.", "$foreground-muted")
    body = state.body_of(row)
    if body is None:
        return Content.styled("not chosen yet — " + " · ".join(hints), "$text-warning")
    text = concealed(body_text(body), VERSION_LIMIT)
    return (
        Content(text)
        if text
        else Content.styled("The message is deleted; its versions stay in the history.", "$text-error")
    )

"""Drawing the resolver: a row as lines, stacked or side by side. No state of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby, zip_longest

from textual.content import Content

from netto_tui.model.conversation import body_text
from netto_tui.model.revision import ABOUT, About, Body
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.comparing import Compared, Told, folded, words_of
from netto_tui.tui.concealing import concealed
from netto_tui.tui.picks import Choice, Row
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.widgets.columns import fit
from netto_tui.tui.widgets.resolver_view import DrawnLine, Target

ROLE_WIDTH = 9
PREFIX = 2 + 3 + 1 + 1 + 1 + ROLE_WIDTH + 1  # bar, number, state, role
LABEL_WIDTHS = (11, 20)
FOLDED_LIMIT = 4_000
"""Characters of one version that are drawn while what is alike is folded."""
OPEN_LIMIT = 12_000
"""Characters of one version that are drawn at all; `e` has the rest."""
CONTEXT = 1
"""Settled rows that stay visible beside a conflict while the others are folded."""

STYLES = {
    "=": "",
    "+": "underline $text-success",
    "*": "underline $text-success",
    "-": "strike $text-error",
    "~": "$faint",
}
"""What was put in and what was taken out, also where there is no colour."""


@dataclass(frozen=True)
class Look:
    """How to draw.

    shown: the columns side by side, empty for stacked. chosen: the column of the cursor. base: show what the
    versions came from. folded: leave out what is alike.
    """

    width: int
    zone: tzinfo
    shown: tuple[str, ...] = ()
    chosen: str = ""
    base: bool = False
    folded: bool = True


@dataclass(frozen=True)
class Block:
    """What is drawn together: a row, by its place in the resolution, or so many rows that are left out."""

    row: int
    hidden: int = 0


def blocks(state: Resolution, look: Look) -> list[Block]:
    """The rows in order; those far from a conflict are folded into one block."""
    conflicts = [index for index, row in enumerate(state.rows) if row.choices]
    visible = {near for index in conflicts for near in range(index - CONTEXT, index + CONTEXT + 1)}
    found: list[Block] = []
    for hides, run in groupby(range(len(state.rows)), lambda index: look.folded and index not in visible):
        indexes = list(run)
        if hides and len(indexes) > 1:
            found.append(Block(-1, len(indexes)))
        else:
            found += map(Block, indexes)
    return found


def name_of(row: Row) -> str:
    """What a row is called, such as `message 3`."""
    if row.item == ABOUT:
        return "title and tags"
    if not row.item.startswith("m_"):
        return safe_line(row.item, 60)
    return f"message {row.number}" if row.number else "a message out of sight"


def draw(state: Resolution, block: Block, compared: Compared | None, look: Look, *, here: bool) -> list[DrawnLine]:
    """The lines of one block; compared: None while that is still going on. here: the cursor is on it."""
    if block.hidden:
        note = f"{'':{PREFIX}}⋯ {many(block.hidden, 'message')} alike (= shows them)"
        return [DrawnLine(fit(Content.styled(note, "$faint"), look.width))]
    row = state.rows[block.row]
    lead = _prefix(state, row)
    if not row.choices:
        style = "$faint" if row.hidden else "$foreground-muted"
        text = Content.styled(safe_line(concealed(row.text, 400), 400), style)
        lead += Content("  " if look.shown else "")
        return [DrawnLine(lead + fit(text, look.width - lead.cell_length))]
    if compared is None:
        text = Content.styled("comparing long texts…", "$faint")
        return [DrawnLine(lead + fit(text, look.width - lead.cell_length)), _blank(look)]
    if look.shown:
        return [*_side_by_side(state, row, compared, look, here), _blank(look)]
    return [*_stacked(state, row, compared, look, here), _times(state, row, look)]


def _blank(look: Look) -> DrawnLine:
    return DrawnLine(Content(" " * look.width))


def _times(state: Resolution, row: Row, look: Look) -> DrawnLine:
    """When each of the stacked versions was written, and where."""
    said = [
        f"{number} {safe_line(choice.by, 12)} {wording.moment(choice.at, look.zone).partition('-')[2] or 'undated'}"
        for number, label in enumerate(state.columns, 1)
        if (choice := row.choice_in(label)) is not None and choice.labels[0] == label
    ]
    return DrawnLine(fit(Content.styled(" " * PREFIX + "  " + " · ".join(said), "$faint"), look.width))


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


def label_width(columns: Sequence[str]) -> int:
    """Cells for the labels of stacked versions: two marks, number, name."""
    longest = max((len(f"{n} {label}") for n, label in enumerate(columns, 1)), default=0)
    return max(LABEL_WIDTHS[0], min(LABEL_WIDTHS[1], longest + 2))


def _stacked(state: Resolution, row: Row, compared: Compared, look: Look, here: bool) -> Iterator[DrawnLine]:
    """One version below the other, each with its label: for narrow terminals."""
    parts: list[tuple[Content, Content, str | None]] = []
    if look.base and row.base is not None:
        picked = _is_picked(state, row, None)
        parts.append((_label(" ", picked, "0 base"), base_content(compared, look), ""))
    for number, label in enumerate(state.columns, 1):
        choice = row.choice_in(label)
        mark = "▸" if here and label == look.chosen else " "
        tag = _label(mark, choice is not None and _is_picked(state, row, choice), f"{number} {safe_line(label)}")
        if choice is not None or row.base is not None:
            parts.append((tag, version_content(row, choice, compared, look), label if choice else None))
    if _is_put_together(state, row):
        parts.append((_label(" ", True, "result"), Content(said(state.said_of(row))), None))
    width = label_width(state.columns)
    room = look.width - PREFIX - width - 1
    lead = _prefix(state, row)
    for tag, content, target in parts:
        targets = () if target is None else (Target(PREFIX, look.width, target),)
        for line in content.wrap(max(8, room)):
            yield DrawnLine(lead + fit(tag, width) + Content(" ") + fit(line, room), targets)
            lead, tag = Content(" " * PREFIX), Content("")


def _label(mark: str, picked: bool, text: str) -> Content:
    return Content.styled(f"{mark}{'●' if picked else ' '}{text}", "bold $text-success" if picked else "$foreground")


def _side_by_side(state: Resolution, row: Row, compared: Compared, look: Look, here: bool) -> Iterator[DrawnLine]:
    """The shown columns beside each other."""
    width = column_width(look)
    lead = _prefix(state, row)
    blank = Content(" " * PREFIX)
    if look.base and row.base is not None:
        mark = Content.styled("● base " if _is_picked(state, row, None) else "  base ", "$foreground-muted")
        for line in _full(mark, base_content(compared, look), look, lead):
            yield DrawnLine(line, (Target(PREFIX, look.width, ""),))
        lead = blank
    cells = []
    for label in look.shown:
        choice = row.choice_in(label)
        mark = Content.styled("● " if choice is not None and _is_picked(state, row, choice) else "  ", "$text-success")
        cells.append((mark, version_content(row, choice, compared, look).wrap(max(8, width - 2))))
    targets = tuple(
        Target(start, start + width, label)
        for start, label in zip(range(PREFIX, look.width, width + 1), look.shown, strict=False)
        if row.choice_in(label) is not None
    )
    for place, lines in enumerate(zip_longest(*(lines for _, lines in cells), fillvalue=Content(""))):
        drawn = [
            (Content("  ") if place else mark) + fit(line, width - 2)
            for (mark, _), line in zip(cells, lines, strict=True)
        ]
        yield DrawnLine(fit(lead + Content.styled("│", "$border").join(drawn), look.width), targets)
        lead = blank
    if _is_put_together(state, row):
        mark = Content.styled("● result ", "bold $text-success")
        for line in _full(mark, Content(said(state.said_of(row))), look, blank):
            yield DrawnLine(line)


def _full(mark: Content, content: Content, look: Look, lead: Content) -> Iterator[Content]:
    """One text over the whole width, with a mark, and what stands before its first line."""
    width = look.width - PREFIX - mark.cell_length
    for line in content.wrap(max(8, width)):
        yield lead + mark + fit(line, width)
        lead, mark = Content(" " * PREFIX), Content(" " * mark.cell_length)


def column_width(look: Look) -> int:
    """The width of one of the columns side by side."""
    return (look.width - PREFIX - (len(look.shown) - 1)) // max(1, len(look.shown))


def titles(state: Resolution, look: Look, times: Mapping[str, str]) -> DrawnLine:
    """The heading over columns side by side, with each column's place; the cursor's column is marked."""
    width = column_width(look)
    cells, targets = [], []
    for place, label in enumerate(look.shown):
        number = state.columns.index(label) + 1
        time = wording.clock(times.get(label, ""), look.zone)
        text = f"{number} {safe_line(label)}" + (f" · {time}" if time else "")
        here = label == look.chosen
        style = "bold $accent" if here else "$foreground-muted"
        cells.append(fit(Content.styled(("▸ " if here else "  ") + text, style), width))
        start = PREFIX + place * (width + 1)
        targets.append(Target(start, start + width, label))
    rest = [f"{state.columns.index(label) + 1} {label}" for label in state.columns if label not in look.shown]
    more = Content.styled(f"  (tab: {', '.join(map(safe_line, rest))})", "$faint") if rest else Content("")
    line = Content(" " * PREFIX) + Content.styled("│", "$border").join([*cells[:-1], cells[-1].rstrip() + more])
    return DrawnLine(fit(line, look.width), tuple(targets))


def version_content(row: Row, choice: Choice | None, compared: Compared, look: Look) -> Content:
    """What one version says, with the words that it put in and took out marked."""
    if choice is None:
        return Content.styled("= base" if row.base is not None else "— not here —", "$faint")
    if choice.deleted:
        return Content.styled("— deleted here —", "bold $text-error")
    content = _drawn(compared.versions[choice.revision], look)
    others = compared.others.get(choice.revision)
    if compared.alike and not others and not row.tombstone:
        others = "what is hidden here, such as a credential"
    return content + Content.styled(f"\n(also different: {others})", "$faint") if others else content


def base_content(compared: Compared, look: Look) -> Content:
    """What the versions came from; what is far from every change is folded."""
    return _drawn(compared.base, look, {"=": "$foreground-muted", "-": "$foreground-muted", "~": "$faint"})


def _drawn(pieces: Sequence[Told], look: Look, styles: Mapping[str, str] = STYLES) -> Content:
    limit = FOLDED_LIMIT if look.folded else OPEN_LIMIT
    parts: list[Content] = []
    left = limit
    gone = ""
    for kind, text in folded(pieces) if look.folded else pieces:
        if kind in "+*" and gone and not (gone + text[:1]).isspace() and left > 0:
            parts.append(Content(" "))  # `four five` can be read, `fourfive` cannot
        if left > 0:
            parts.append(Content(text[:left]).stylize(styles[kind]))
        left -= len(text)
        gone = text[-1:] if kind == "-" else ""
    if left < 0:
        how = "= shows more" if look.folded else "e shows all"
        parts.append(Content.styled(f"\n… {wording.size_words(-left)} characters more ({how})", "$faint"))
    return Content("").join(parts) or Content.styled("(no text)", "$faint")


def said(body: Body | None, limit: int = FOLDED_LIMIT) -> str:
    """The beginning of what would be written."""
    if body is None:
        return ""
    return words_of(body)[:limit] if isinstance(body, About) else concealed(body_text(body), limit)


def _is_picked(state: Resolution, row: Row, choice: Choice | None) -> bool:
    pick = state.picks.get(row.item)
    if pick is None:
        return False
    if choice is None:
        return pick.kind == "base"
    return pick.kind in ("take", "delete", "both") and choice.revision in pick.revisions


def _is_put_together(state: Resolution, row: Row) -> bool:
    """Whether the result is none of the versions."""
    pick = state.picks.get(row.item)
    return pick is not None and pick.kind in ("edit", "both")


def result_content(state: Resolution, row: Row, hints: Sequence[str]) -> Content:
    """The lines below: what would be written for the row, or what can be chosen."""
    if not row.choices:
        return Content.styled("This is the same everywhere.", "$foreground-muted")
    if state.is_open(row):
        return Content.styled("not chosen yet — " + " · ".join(hints), "$text-warning")
    if text := said(state.said_of(row)):
        return Content(text)
    return Content.styled("It is deleted; its versions stay in the history.", "$text-error")

"""The resolver as a screen that shows a resolution and moves in it; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from netto_tui.security.display import safe_line
from netto_tui.tui.comparing import Compared, compare_row, is_long
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.resolver_lines import Block, Look, blocks, draw, name_of, result_content, titles
from netto_tui.tui.theme import STYLES
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.resolver_view import ColumnTitles, DrawnLine, ResolverView

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


class ResolutionScreen(Screen[None]):
    """Rows side by side or stacked, a cursor on one of them, and what would be written for it."""

    CSS_PATH = STYLES / "resolver.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "row(1)", "Next row", show=False, id="resolver.down"),
        Binding("k,up", "row(-1)", "Previous row", show=False, id="resolver.up"),
        Binding("g,home", "edge(0)", "First conflict", show=False, id="resolver.first"),
        Binding("G,end", "edge(-1)", "Last conflict", show=False, id="resolver.last"),
        Binding("n", "unresolved(1)", "Next", id="resolver.next", tooltip="Next message that is not chosen"),
        Binding("N", "unresolved(-1)", "Previous that is not chosen", show=False, id="resolver.previous"),
        Binding("h,left", "column(-1)", "Column to the left", show=False, id="resolver.column-left"),
        Binding("l,right", "column(1)", "Column to the right", show=False, id="resolver.column-right"),
        Binding("tab", "other", "Another version on the right", show=False, id="resolver.other", priority=True),
        Binding("B", "show_base", "Show or hide the base", show=False, id="resolver.show-base"),
        Binding("equals_sign", "fold", "Show or fold what is alike", show=False, id="resolver.fold"),
    ]

    @dataclass
    class LongCompared(Message):
        """A row with long texts was compared."""

        row: Row
        compared: Compared

    def __init__(self, conversation: str, title: str) -> None:
        super().__init__()
        self.conversation = conversation
        self.title_text = title
        self.place = ""
        """Where the conversation stands among those that wait, such as `2/4`."""
        self.state: Resolution | None = None
        self.cursor = 0
        self.chosen = 0
        self.second = 1
        self.base = True
        self.folded = True
        self._blocks: Sequence[Block] = ()
        self._compared: dict[str, tuple[Row, Compared]] = {}

    def compose(self) -> ComposeResult:
        """Heading, rows, what would be written, keys."""
        yield Static(id="resolver-title", markup=False)
        with Horizontal(id="resolver-body"):
            yield from self.beside()
            with Vertical():
                yield ColumnTitles(widget_id="resolver-columns")
                yield ResolverView(widget_id="resolver-rows")
                with VerticalScroll(id="resolver-result", can_focus=False):
                    yield Static(id="resolver-result-text", markup=False)
        yield KeyLine()

    def beside(self) -> ComposeResult:
        """What stands left of the rows."""
        yield from ()

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

    @property
    def view(self) -> ResolverView:
        """The rows."""
        return self.query_one(ResolverView)

    # Drawing

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        if self.state is None or not self.state.rows:
            return None
        return self.state.rows[max(0, min(self.cursor, len(self.state.rows) - 1))]

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that are side by side at this width; none when they are stacked."""
        columns = self.state.columns if self.state else ()
        if self.size.width < 100 or len(columns) < 2:
            return ()
        if self.size.width >= 160:
            return columns if len(columns) <= 3 else (columns[0], columns[1], columns[max(2, self.second)])
        return (columns[0], columns[max(1, self.second)])

    @property
    def look(self) -> Look:
        """How the rows are drawn now."""
        columns = self.state.columns if self.state else ()
        vault = self.netto.vault
        chosen = columns[self.chosen] if self.chosen < len(columns) else ""
        width = max(40, self.view.scrollable_content_region.width)
        return Look(width, vault.zone if vault else UTC, self.shown, chosen, self.base, self.folded)

    def redraw(self) -> None:
        """Draw everything anew: the size, the rows or the way they are shown changed."""
        if self.state is None:
            return
        look = self.look
        self._blocks = blocks(self.state, look)
        self.view.show(len(self._blocks), self._draw_block, self._block_of(self.cursor))
        self.redraw_row()

    def redraw_row(self) -> None:
        """Draw what depends on the row under the cursor and its pick; the others stay as they are."""
        if self.state is None or self.row is None:
            return
        look, state, row = self.look, self.state, self.row
        self.view.move(self._block_of(self.cursor))
        self.query_one("#resolver-title", Static).update(self._title())
        heading = self.query_one(ColumnTitles)
        heading.display = bool(look.shown)
        if look.shown:
            times = {label: c.at for label in look.shown if (c := row.choice_in(label)) is not None}
            heading.show(titles(state, look, times))
        hints = [f"{n} {safe_line(label, 40)}" for n, label in enumerate(state.columns, 1) if row.choice_in(label)]
        if len(row.choices) - bool(row.tombstone) > 1:
            hints.append("b both")
        hints += [*(["0 base"] if row.base is not None else []), "e edit", *(["d delete"] if row.tombstone else [])]
        box = self.query_one("#resolver-result", VerticalScroll)
        box.border_title = Content(f"Result for {name_of(row)}")
        self.query_one("#resolver-result-text", Static).update(result_content(state, row, hints))
        self.refresh_bindings()

    def _draw_block(self, number: int) -> Sequence[DrawnLine]:
        assert self.state is not None  # noqa: S101  # blocks are made from one
        block = self._blocks[number]
        compared = None if block.hidden else self._comparison(self.state.rows[block.row])
        return draw(self.state, block, compared, self.look, here=block.row == self.cursor)

    def _comparison(self, row: Row) -> Compared | None:
        """A row's versions compared; None while a thread is at it."""
        found = self._compared.get(row.item)
        if found is not None and found[0] == row:
            return found[1]
        if is_long(row):
            return None
        compared = compare_row(row)
        self._compared[row.item] = row, compared
        return compared

    def compare_long(self) -> None:
        """Have long texts compared that are new."""
        state = self.state
        rows = [row for row in state.conflicts if is_long(row) and self._comparison(row) is None] if state else []
        if rows:
            self._compare(rows)

    @work(thread=True, exclusive=True, exit_on_error=False, group="compare", description="Compare long texts")
    def _compare(self, rows: Sequence[Row]) -> None:
        worker = get_current_worker()
        for row in rows:
            if worker.is_cancelled:
                return
            self.post_message(self.LongCompared(row, compare_row(row)))

    @on(LongCompared)
    def _long_compared(self, message: LongCompared) -> None:
        self._compared[message.row.item] = message.row, message.compared
        for number, block in enumerate(self._blocks):
            if self.state is not None and not block.hidden and self.state.rows[block.row].item == message.row.item:
                self.view.redraw(number)
        self.view.move(self.view.cursor)

    def block(self, number: int) -> Block | None:
        """What a block of the view shows; None for one that is gone."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def _block_of(self, index: int) -> int:
        """The block that a row is drawn in, or the one that it is folded into."""
        rows = [block.row for block in self._blocks]
        if index in rows:
            return rows.index(index)
        return next((n for n, row in enumerate(rows) if row > index), len(rows)) - 1

    def _title(self) -> Content:
        state, row = self.state, self.row
        assert state is not None and row is not None  # noqa: S101  # only called with rows
        left = len(state.unresolved)
        open_words = f"? {left} of {len(state.conflicts)} to choose" if left else "✓ all chosen, w writes"
        parts = [
            Content.styled(f" {safe_line(self.title_text, max(20, self.size.width - 66)) or 'untitled'}", "bold"),
            Content.styled(open_words, "bold $text-warning" if left else "bold $text-success"),
            Content.styled(name_of(row), "$foreground-muted"),
            *([Content.styled(f"conversation {self.place}", "$foreground-muted")] if self.place else []),
        ]
        return Content.styled(" · ", "$faint").join(parts)

    @on(ResolverView.WidthChanged)
    def _width_changed(self) -> None:
        """Stacked or side by side."""
        self.call_after_refresh(self.redraw)

    # Moving

    def go_to(self, row: int) -> None:
        """Put the cursor on a row."""
        self.cursor = row
        self.redraw_row()

    def action_row(self, by: int) -> None:
        """Go to the next row, once all of this one was in sight."""
        if self.view.scroll_in_block(by):
            return
        visible = [block.row for block in self._blocks if not block.hidden]
        later = [row for row in visible if (row > self.cursor if by > 0 else row < self.cursor)]
        if later:
            self.go_to(later[0] if by > 0 else later[-1])

    def action_edge(self, place: int) -> None:
        """Go to the first or the last conflict."""
        if self.state is not None and self.state.conflicts:
            wanted = self.state.conflicts[place]
            self.go_to(next(n for n, row in enumerate(self.state.rows) if row is wanted))

    def action_unresolved(self, by: int) -> None:
        """Go to the next message that has no pick, around the end."""
        state = self.state
        open_rows = [n for n, row in enumerate(state.rows) if state.is_open(row)] if state else []
        if not open_rows:
            self.notify("Everything is chosen. w shows what will be written.")
            return
        after = [n for n in open_rows if (n > self.cursor if by > 0 else n < self.cursor)]
        self.go_to((after or open_rows)[0 if by > 0 else -1])

    def action_column(self, by: int) -> None:
        """Mark another column."""
        if self.state is not None:
            shown = self.shown
            self.chosen = (self.chosen + by) % len(self.state.columns)
            if shown and self.state.columns[self.chosen] not in shown:
                self.second = self.chosen
            if self.shown != shown:
                self.redraw()
            else:
                self.redraw_row()

    def action_other(self) -> None:
        """Show another column on the right."""
        if self.state is not None and len(self.state.columns) > len(self.shown) > 0:
            first = len(self.shown) - 1
            self.second = first + (max(first, self.second) - first + 1) % (len(self.state.columns) - first)
            self.redraw()

    def action_show_base(self) -> None:
        """Show or hide what the versions came from."""
        self.base = not self.base
        self.redraw()

    def action_fold(self) -> None:
        """Show or fold the messages, and the lines of long ones, that are alike."""
        self.folded = not self.folded
        self.redraw()

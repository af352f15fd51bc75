"""The resolver as a screen that shows a resolution and moves in it; it decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.resolution import Resolution, Row
from netto_tui.tui.resolver_lines import Look, draw, result_lines, titles
from netto_tui.tui.theme import STYLES
from netto_tui.tui.widgets.resolver_view import ResolverView

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


class ResolutionScreen(Screen[int]):
    """Rows side by side or stacked, a cursor on one of them, and what would be written for it."""

    CSS_PATH = STYLES / "resolver.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "row(1)", "Down", show=False, id="resolver.down"),
        Binding("k,up", "row(-1)", "Up", show=False, id="resolver.up"),
        Binding("g,home", "edge(0)", "First", show=False, id="resolver.first"),
        Binding("G,end", "edge(-1)", "Last", show=False, id="resolver.last"),
        Binding("n", "unresolved(1)", "Next", id="resolver.next", tooltip="Next unresolved message"),
        Binding("N", "unresolved(-1)", "Previous unresolved", show=False, id="resolver.previous"),
        Binding("h,left", "column(-1)", "Column left", show=False, id="resolver.column-left"),
        Binding("l,right", "column(1)", "Column right", show=False, id="resolver.column-right"),
        Binding("tab", "other", "Other column", show=False, id="resolver.other", priority=True),
        Binding("B", "show_base", "Show or hide the base", show=False, id="resolver.show-base"),
        Binding("equals_sign", "fold", "Show all", show=False, id="resolver.fold"),
    ]

    def __init__(self, conversation: str, title: str) -> None:
        super().__init__()
        self.conversation = conversation
        self.title_text = title
        self.state: Resolution | None = None
        self.cursor = 0
        self.chosen = 0
        self.second = 1
        self.base = True
        self.folded = True

    def compose(self) -> ComposeResult:
        """Heading, rows, what would be written, keys."""
        yield Static(id="resolver-title", markup=False)
        yield Static(id="resolver-columns", markup=False)
        yield ResolverView(widget_id="resolver-rows")
        with VerticalScroll(id="resolver-result", can_focus=False):
            yield Static(id="resolver-result-text", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

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
        assert vault is not None  # noqa: S101  # the resolver is only opened over a vault
        chosen = columns[self.chosen] if self.chosen < len(columns) else ""
        width = max(40, self.query_one(ResolverView).scrollable_content_region.width)
        return Look(width, vault.zone, self.shown, chosen, self.base, self.folded)

    def redraw(self) -> None:
        """Draw rows, headings and the result anew."""
        if self.state is None or self.row is None:
            return
        look, state, row = self.look, self.state, self.row
        self.query_one(ResolverView).show(draw(state, look), self.cursor)
        self.query_one("#resolver-title", Static).update(self._title())
        heading = self.query_one("#resolver-columns", Static)
        heading.display = bool(look.shown)
        if look.shown:
            times = {label: c.at for label in look.shown if (c := row.choice_in(label)) is not None}
            heading.update(titles(state, look, times))
        hints = [f"{n} {safe_line(label, 40)}" for n, label in enumerate(state.columns, 1) if row.choice_in(label)]
        hints += ["b both", "e edit"] + (["d delete"] if row.tombstone else [])
        box = self.query_one("#resolver-result", VerticalScroll)
        box.border_title = Content(f"Result for message {row.number}" if row.number else "Result for the header")
        self.query_one("#resolver-result-text", Static).update(result_lines(state, row, hints))
        self.refresh_bindings()

    def _title(self) -> Content:
        state, row = self.state, self.row
        assert state is not None and row is not None  # noqa: S101  # only called with rows
        left = len(state.unresolved)
        parts = [
            Content.styled(f" {safe_line(self.title_text, 60) or 'untitled'}", "bold"),
            Content.styled(f"message {row.number}" if row.number else "header", "$foreground-muted"),
            Content.styled(many(len(state.conflicts), "conflict"), "$foreground-muted"),
            Content.styled(
                f"? {left} unresolved" if left else "✓ all chosen",
                "bold $text-warning" if left else "bold $text-success",
            ),
        ]
        return Content.styled(" · ", "$faint").join(parts)

    def on_resize(self, event: events.Resize) -> None:
        """Stacked or side by side."""
        self.call_after_refresh(self.redraw)

    # Moving

    def action_row(self, by: int) -> None:
        """Go to the next row that is visible."""
        if self.state is not None:
            visible = sorted({line.row for line in self.query_one(ResolverView).lines if line.row >= 0})
            later = [n for n in visible if (n > self.cursor if by > 0 else n < self.cursor)]
            if later:
                self.cursor = later[0] if by > 0 else later[-1]
                self.redraw()

    def action_edge(self, place: int) -> None:
        """Go to the first or the last conflict."""
        if self.state is not None:
            self.cursor = self.state.rows.index(self.state.conflicts[place])
            self.redraw()

    def action_unresolved(self, by: int) -> None:
        """Go to the next message that has no pick, around the end."""
        if self.state is None or not self.state.unresolved:
            self.notify("Everything is chosen. w shows what will be written.")
            return
        open_rows = [n for n, row in enumerate(self.state.rows) if row in self.state.unresolved]
        after = [n for n in open_rows if (n > self.cursor if by > 0 else n < self.cursor)]
        self.cursor = (after or open_rows)[0 if by > 0 else -1]
        self.redraw()

    def action_column(self, by: int) -> None:
        """Mark another column."""
        if self.state is not None:
            self.chosen = (self.chosen + by) % len(self.state.columns)
            if self.shown and self.state.columns[self.chosen] not in self.shown:
                self.second = self.chosen
            self.redraw()

    def action_other(self) -> None:
        """Show another column on the right."""
        if self.state is not None and len(self.state.columns) > len(self.shown) > 0:
            first = len(self.shown) - 1
            self.second = first + (max(first, self.second) - first + 1) % (len(self.state.columns) - first)
            self.redraw()

    def action_show_base(self) -> None:
        """Show or hide what both sides began from."""
        self.base = not self.base
        self.redraw()

    def action_fold(self) -> None:
        """Show or fold the messages that are alike."""
        self.folded = not self.folded
        self.redraw()

    @on(ResolverView.Clicked)
    def _clicked(self, message: ResolverView.Clicked) -> None:
        self.cursor = message.row
        self.redraw()

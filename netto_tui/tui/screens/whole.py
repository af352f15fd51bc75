"""From which place a whole conversation is taken: each with what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui.resolution import ColumnCount

Place = tuple[str, ColumnCount]
"""A label, and what taking its versions decides."""


def place_lines(places: Sequence[Place], total: int, cursor: int = -1) -> list[Content]:
    """A heading and one numbered line for each place; total: conflicts altogether."""
    lines = [Content.styled(f"   {'':<24}{'decides':>12}{'set aside':>12}{'deletes':>10}", "$foreground-muted")]
    for key, (label, count) in enumerate(places, 1):
        share = f"{number(count.items)} of {number(total)}"
        lines.append(
            Content.styled(f"{'▌' if key == cursor else ' '}{key} {safe_line(label, 23):<24}", "bold")
            + Content(f"{share:>12}{number(count.aside):>12}{number(count.deleted):>10}")
        )
    return [*lines, Content.styled("\n Set aside: versions that leave the view and stay in the history.", "$faint")]


class WholeScreen(ModalScreen[str]):
    """Its result is the label that was chosen; "" when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"take({n})", show=False, id=f"whole.take-{n}") for n in range(1, 10)),
        Binding("j,down", "move(1)", "Down", show=False, id="whole.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="whole.up"),
        Binding("enter", "take_here", "Take", id="whole.take"),
        Binding("escape,q", "dismiss('')", "Back", id="whole.leave"),
    ]

    def __init__(self, places: Sequence[Place], total: int, cursor: int, replaced: int) -> None:
        super().__init__()
        self.places = places
        self.total = total
        self.cursor = cursor
        self.replaced = replaced

    def compose(self) -> ComposeResult:
        """The places."""
        with Vertical(classes="modal") as box:
            box.border_title = "Which place is right for this whole conversation?"
            box.border_subtitle = "a number or enter takes it · esc leaves"
            yield Static(id="whole-text", markup=False)

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def _draw(self) -> None:
        lines = place_lines(self.places, self.total, self.cursor)
        if self.replaced:
            lines.append(
                Content.styled(f" Picks that you made and that may give way: {self.replaced}.", "$text-warning")
            )
        lines.append(Content.styled(" Nothing is written yet, and u takes it back.", "$faint"))
        self.query_one("#whole-text", Static).update(Content("\n").join(lines))

    def action_move(self, by: int) -> None:
        """Go to another place."""
        self.cursor = max(1, min(self.cursor + by, len(self.places)))
        self._draw()

    def action_take(self, place: int) -> None:
        """Take a place."""
        if place <= len(self.places):
            self.dismiss(self.places[place - 1][0])
        else:
            self.notify(f"There are only {len(self.places)} places.", severity="warning")

    def action_take_here(self) -> None:
        """Take the place under the cursor."""
        self.action_take(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """A click on a place is as good as its number."""
        text = self.query_one("#whole-text", Static)
        place = event.get_content_offset(text) if event.widget is text else None
        if place is not None and 1 <= place.y <= len(self.places):
            self.action_take(place.y)

"""Which of several versions go into one text, and in what order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.security.display import safe_line
from netto_tui.tui.concealing import concealed
from netto_tui.tui.resolution import Row


class OrderScreen(ModalScreen[Sequence[str]]):
    """Digits put versions one after the other; enter takes them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"add({n})", show=False) for n in range(1, 10)),
        Binding("backspace,u", "remove", "Take back", id="order.undo"),
        Binding("enter", "done", "Take", id="order.done"),
        Binding("escape", "dismiss(())", "Back", id="order.leave"),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.choices = [choice for choice in row.choices if not choice.deleted]
        self.order: list[int] = []

    def compose(self) -> ComposeResult:
        """The versions with their places."""
        with Vertical(classes="modal") as box:
            box.border_title = "In what order? Press the numbers"
            box.border_subtitle = "enter takes them · u takes one back · esc leaves"
            yield Static(id="order-text", markup=False)

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def _draw(self) -> None:
        lines = []
        for number, choice in enumerate(self.choices, 1):
            place = f"{self.order.index(number - 1) + 1}." if number - 1 in self.order else "  "
            head = Content.styled(f"{place} {number} {safe_line(', '.join(choice.labels), 30):<16}", "bold")
            lines.append(head + Content(safe_line(concealed(choice.text, 200), 200)).truncate(60, ellipsis=True))
        self.query_one("#order-text", Static).update(Content("\n").join(lines))

    def action_add(self, number: int) -> None:
        """Put a version at the end."""
        if number <= len(self.choices) and number - 1 not in self.order:
            self.order.append(number - 1)
            self._draw()

    def action_remove(self) -> None:
        """Take the last one back."""
        if self.order:
            self.order.pop()
            self._draw()

    def action_done(self) -> None:
        """Take what was put together; two at least."""
        if len(self.order) < 2:
            self.notify("Press the numbers of at least two versions.", severity="warning")
        else:
            self.dismiss(tuple(self.choices[place].revision for place in self.order))

"""Which of several versions go into one text, and in what order."""

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

from netto_tui.security.display import safe_line
from netto_tui.tui.concealing import concealed
from netto_tui.tui.picks import Choice, Row


class OrderScreen(ModalScreen[Sequence[str]]):
    """Digits put versions one after the other; enter takes them. Its result: revisions, none when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"add({n})", show=False, id=f"order.add-{n}") for n in range(1, 10)),
        Binding("j,down", "move(1)", "Down", show=False, id="order.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="order.up"),
        Binding("space", "pick", "Put at the end, or take out", show=False, id="order.pick"),
        Binding("backspace,u", "remove", "Take back", id="order.undo"),
        Binding("enter", "done", "Take", id="order.done"),
        Binding("escape", "dismiss(())", "Back", id="order.leave"),
    ]

    def __init__(self, row: Row, columns: Sequence[str]) -> None:
        super().__init__()
        numbered: dict[int, Choice] = {}
        for number, label in enumerate(columns, 1):
            choice = row.choice_in(label)
            if choice is not None and not choice.deleted and choice not in numbered.values():
                numbered[number] = choice
        self.choices = numbered
        self.order: list[int] = []
        self.cursor = next(iter(numbered))

    def compose(self) -> ComposeResult:
        """The versions with their places."""
        with Vertical(classes="modal") as box:
            box.border_title = "Which first? Press the numbers in order"
            box.border_subtitle = "enter takes them · esc leaves"
            yield Static(id="order-text", markup=False)

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def _draw(self) -> None:
        lines = []
        for number, choice in self.choices.items():
            place = f"{self.order.index(number) + 1}." if number in self.order else "  "
            bar = "▌" if number == self.cursor else " "
            name = safe_line(", ".join(choice.labels), 30)
            head = Content.styled(f"{bar} {place} {number} {name:<16} ", "bold")
            lines.append(head + Content(safe_line(concealed(choice.text, 200), 200)))
        lines.append(Content.styled("\nenter alone takes them as they stand · u takes one back", "$foreground-muted"))
        self.query_one("#order-text", Static).update(Content("\n").join(lines))

    def action_add(self, number: int) -> None:
        """Put a version at the end."""
        if number not in self.choices:
            self.notify(f"There is no version {number} of this message.", severity="warning")
        elif number not in self.order:
            self.order.append(number)
            self._draw()

    def action_move(self, by: int) -> None:
        """Go to another version."""
        numbers = list(self.choices)
        self.cursor = numbers[max(0, min(numbers.index(self.cursor) + by, len(numbers) - 1))]
        self._draw()

    def action_pick(self) -> None:
        """Put the version under the cursor at the end, or take it out again."""
        if self.cursor in self.order:
            self.order.remove(self.cursor)
            self._draw()
        else:
            self.action_add(self.cursor)

    def action_remove(self) -> None:
        """Take the last one back."""
        if self.order:
            self.order.pop()
            self._draw()

    def action_done(self) -> None:
        """Take what was put together: two at least; none is all, as they stand."""
        order = self.order or list(self.choices)
        if len(self.choices) == 2 and len(order) == 1:  # the other one can only be the second
            order += [number for number in self.choices if number not in order]
        if len(order) < 2:
            self.notify("Press the numbers of at least two versions.", severity="warning")
        else:
            self.dismiss(tuple(self.choices[number].revision for number in order))

    def on_click(self, event: events.Click) -> None:
        """A click is as good as a number."""
        if isinstance(event.widget, Static) and (place := event.get_content_offset(event.widget)) is not None:
            numbers = list(self.choices)
            if place.y < len(numbers):
                self.cursor = numbers[place.y]
                self.action_pick()

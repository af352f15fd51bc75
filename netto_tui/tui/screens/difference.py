"""One conversation in two places: which messages differ, word by word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from threading import Event
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.recovery.differences import ItemDifference
from netto_tui.security.display import safe_display, safe_line
from netto_tui.sync.events import Listener
from netto_tui.tui.difference_lines import DrawnLine, Look, draw, summary
from netto_tui.tui.panes.recovery_words import error_lines
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.drawn import DrawnLines
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.tui.widgets.workline import WorkLine
from netto_tui.vault.vault import Vault

Compare = Callable[[Vault, Listener, Event], Sequence[ItemDifference]]


class DifferenceScreen(TaskScreen[None]):
    """Messages that differ between two places; what is the same is folded.

    names: what the places are called. compare: finds the differences, on a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "fold", "Same ones too", key_display="=", id="difference.fold"),
    ]

    @dataclass
    class Drawn(Message):
        """The lines are there; width: for which they were drawn."""

        lines: list[DrawnLine]
        width: int

    def __init__(self, title: str, names: tuple[str, str], compare: Compare) -> None:
        super().__init__()
        self.title_text = title
        self.names = names
        self.folded = True
        self.items: Sequence[ItemDifference] | None = None
        self._compare = compare

    def compose(self) -> ComposeResult:
        """Title, what differs, progress, lines, keys."""
        yield self.title_line((safe_line(self.title_text, 200), "bold"))
        yield Static("", id="difference-names", classes="line", markup=False)
        yield WorkLine(id="difference-work")
        yield DrawnLines(id="difference-lines")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to compare."""
        self.query_one(DrawnLines).focus()
        self.query_one(DrawnLines).show((), "Reading both sides…")
        self.query_one(WorkLine).begin("comparing", "", self._compare)

    @on(WorkLine.Ended)
    def _compared(self, message: WorkLine.Ended) -> None:
        message.stop()
        if message.error is not None:
            self.query_one("#difference-names", Static).update(error_lines(message.error))
            self.query_one(DrawnLines).show((), str(message.error))
            return
        self.items = message.result
        self._redraw()

    def _redraw(self) -> None:
        if self.items is None:
            return
        there, here = (safe_line(name, 40) for name in self.names)
        words = summary(self.items, (there, here))
        line = Content.assemble((there, "bold"), (" against ", "$foreground-muted"), (here, "bold"), f"   {words}")
        self.query_one("#difference-names", Static).update(line)
        vault = self.netto.vault
        zone = vault.zone if vault is not None else UTC
        self._draw(self.items, Look(max(40, self.query_one(DrawnLines).size.width), zone, (there, here), self.folded))

    @work(thread=True, exclusive=True, exit_on_error=False, group="difference", description="Draw the differences")
    def _draw(self, items: Sequence[ItemDifference], look: Look) -> None:
        self.post_message(self.Drawn(draw(items, look), look.width))

    @on(Drawn)
    def _drawn(self, message: Drawn) -> None:
        self.query_one(DrawnLines).show(message.lines, "Both sides say the same, and nothing else.")

    def on_resize(self, _event: events.Resize) -> None:
        """Draw anew for another width."""
        self._redraw()

    def action_fold(self) -> None:
        """Show what is the same too, or count it only."""
        self.folded = not self.folded
        self._redraw()

    def copied_text(self) -> str:
        """All lines."""
        return "\n".join(safe_display(line.content.plain).rstrip() for line in self.query_one(DrawnLines).lines)

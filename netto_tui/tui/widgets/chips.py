"""What a search has in force, piece by piece; each can be taken out with a key or the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from netto_tui.model.query import Piece
from netto_tui.plural import many
from netto_tui.security.display import safe_line

LONG = 28
"""Cells of a chip's words."""


@dataclass(frozen=True)
class Chip:
    """One thing in force; places: which pieces of the query it stands for. problem: why it cannot be."""

    label: str
    places: tuple[int, ...]
    problem: str = ""


def chips_of(pieces: Sequence[Piece]) -> tuple[Chip, ...]:
    """A chip for each filter, and one for all words and phrases."""
    chips = [
        Chip(f"{piece.key} {safe_line(piece.value, LONG)}".rstrip(), (place,), piece.problem)
        for place, piece in enumerate(pieces)
        if piece.key
    ]
    words = tuple(place for place, piece in enumerate(pieces) if not piece.key)
    return (*chips, Chip(many(len(words), "word"), words)) if words else tuple(chips)


class Chips(Widget, can_focus=True):
    """A line of chips, hidden while there are none. Left and right choose one, backspace takes it out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "choose(-1)", "Left", show=False, id="chips.left"),
        Binding("l,right", "choose(1)", "Right", show=False, id="chips.right"),
        Binding("backspace,delete,x,enter", "remove", "Take out", key_display="⌫", id="chips.remove"),
        Binding("escape,j,down", "screen.leave", "Back", id="chips.leave"),
    ]
    ALLOW_SELECT = False

    chips: reactive[tuple[Chip, ...]] = reactive(())
    chosen: reactive[int] = reactive(0)

    _spots: Sequence[tuple[int, int, int]] = ()

    @dataclass
    class Removed(Message):
        """A chip was taken out; places: the pieces of the query that it stood for."""

        places: tuple[int, ...]

    @property
    def problem(self) -> str:
        """What is wrong with the first chip that cannot be; "" when all can."""
        return next((chip.problem for chip in self.chips if chip.problem), "")

    def watch_chips(self, chips: tuple[Chip, ...]) -> None:
        """Take no room where there is nothing to show."""
        self.display = bool(chips)
        self.refresh(layout=True)  # what is wrong takes lines of its own
        self.chosen = max(0, min(self.chosen, len(chips) - 1))

    def render(self) -> Content:
        """Draw the chips and remember where they are; what is wrong is said below them."""
        line, spots, width = Content(""), [], self.content_size.width
        first = 0
        while first < self.chosen and sum(len(c.label) + 5 for c in self.chips[first : self.chosen + 1]) > width - 2:
            first += 1
        for place, chip in enumerate(self.chips[first:], first):
            mark = "! " if chip.problem else ""
            style = "$text-warning on $panel" if chip.problem else "$foreground on $panel"
            if self.has_focus and place == self.chosen:
                style = "bold $block-cursor-foreground on $block-cursor-background"
            start = line.cell_length
            line += Content.styled(f" {mark}{chip.label} × ", style)
            spots.append((start, line.cell_length, place))
            line += Content(" ")
        self._spots = spots
        line = line.truncate(width, ellipsis=True) if line.cell_length > width else line
        if self.problem:
            line += Content.styled(f"\n{safe_line(self.problem, 300)}", "$text-warning")
        return line

    def watch_has_focus(self, focused: bool) -> None:
        """The chosen chip shows only with the focus."""
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Take out what was clicked."""
        at = event.get_content_offset(self)
        for start, end, place in self._spots:
            if at is not None and at.y == 0 and start <= at.x < end:
                self._remove(place)
                break

    def action_choose(self, by: int) -> None:
        """Choose the chip beside."""
        self.chosen = max(0, min(self.chosen + by, len(self.chips) - 1))

    def action_remove(self) -> None:
        """Take out the chosen chip."""
        self._remove(self.chosen)

    def _remove(self, place: int) -> None:
        if place < len(self.chips):
            self.post_message(self.Removed(self.chips[place].places))

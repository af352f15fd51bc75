"""A line that says something, and at its end what can be done, for the mouse and as a reminder of the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

GAP = 3


@dataclass(frozen=True)
class Offer:
    """One thing that can be done: its key, its name, and the action that it runs."""

    key: str
    name: str
    action: str


class ActionLine(Widget):
    """Words on the left, as much of them as fits; offers on the right, where there is room for all of them."""

    ALLOW_SELECT = False

    words: reactive[Content] = reactive(Content(""))
    offers: reactive[Sequence[Offer]] = reactive(())

    _spots: Sequence[tuple[int, int, str]] = ()

    @dataclass
    class Wanted(Message):
        """An offer was clicked."""

        action: str

    def render(self) -> Content:
        """Draw the line and remember where the offers are: with their names, or as keys alone."""
        width = self.content_size.width
        for named in (True, False):
            said = [f"{offer.key} {offer.name}" if named else offer.key for offer in self.offers]
            room = width - sum(len(text) + 2 for text in said)
            if room >= min(self.words.cell_length + GAP, width // 2):
                break
        else:
            said, room = [], width
        words = self.words if self.words.cell_length <= room else self.words.truncate(max(0, room), ellipsis=True)
        line, spots = words.pad_right(max(0, room - words.cell_length)), []
        for offer, text in zip(self.offers, said, strict=False):
            start = line.cell_length + 2
            line += Content("  ") + Content.styled(offer.key, "bold $footer-key-foreground")
            line += Content.styled(text[len(offer.key) :], "$foreground-muted")
            spots.append((start, line.cell_length, offer.action))
        self._spots = spots
        return line

    def on_click(self, event: events.Click) -> None:
        """Tell which offer was clicked."""
        place = event.get_content_offset(self)
        for start, end, action in self._spots:
            if place is not None and start <= place.x < end:
                self.post_message(self.Wanted(action))

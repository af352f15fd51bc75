"""One line of progress: a bar, what is done, how long the rest takes."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording

BAR_WIDTH = 24


class ProgressLine(Widget):
    """Hidden while nothing runs."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.display = False
        self._what = ""
        self._done = self._total = 0
        self._begun_ms = self._now_ms = 0

    def move(self, what: str, done: int, total: int, now_ms: int) -> None:
        """Show how far a step is; total is 0 while nobody knows it."""
        if what != self._what or done < self._done:
            self._begun_ms = now_ms
        self._what, self._done, self._total, self._now_ms = what, done, total, now_ms
        self.display = True
        self.refresh()

    def finish(self) -> None:
        """Nothing runs any more."""
        self._what = ""
        self._done = 0
        self.display = False

    def render(self) -> Content:
        """Draw the line."""
        share = min(1.0, self._done / self._total) if self._total else 0.0
        full = round(share * BAR_WIDTH)
        bar = Content.assemble(" ", ("█" * full, "$accent"), ("░" * (BAR_WIDTH - full), "$faint"), "  ")
        count = f"{number(self._done)}/{number(self._total)} " if self._total else ""
        rest = wording.eta(self._done, self._total, (self._now_ms - self._begun_ms) / 1000)
        text = " · ".join(part for part in (f"{count}{safe_line(self._what)}", rest, "esc stops") if part)
        return bar + Content(text)

"""Progress: a bar, what is done, how fast it goes and how long the rest takes; a line for each thing that runs."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording

BAR_WIDTH = 24


@dataclass(frozen=True)
class Step:
    """What runs: its name, how much of it is done out of how much (0: nobody knows), and since when it is measured."""

    what: str
    done: int
    total: int
    begun_ms: int
    begun_done: int


class ProgressLine(Widget):
    """Hidden while nothing runs."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.display = False
        self._steps: dict[str, Step] = {}
        self._now_ms = 0

    def move(self, what: str, done: int, total: int, now_ms: int, *, key: str = "") -> None:
        """Show how far a step is; total is 0 while nobody knows it. key: tells apart what runs at the same time."""
        before = self._steps.get(key)
        goes_on = before is not None and before.what == what and before.done <= done
        begun = (before.begun_ms, before.begun_done) if before is not None and goes_on else (now_ms, done)
        self._steps[key] = Step(what, done, total, *begun)
        self._now_ms = now_ms
        self.display = True
        self.refresh(layout=before is None)

    def finish(self, key: str | None = None) -> None:
        """One thing runs no more, or for None nothing does."""
        if key is None:
            self._steps.clear()
        elif self._steps.pop(key, None) is None:
            return
        self.display = bool(self._steps)
        self.refresh(layout=True)

    def render(self) -> Content:
        """Draw a line for each."""
        return Content("\n").join(self._line(step) for step in self._steps.values())

    def _line(self, step: Step) -> Content:
        share = min(1.0, step.done / step.total) if step.total else 0.0
        full = round(share * BAR_WIDTH)
        bar = Content.assemble(" ", ("█" * full, "$accent"), ("░" * (BAR_WIDTH - full), "$faint"), "  ")
        count = f"{number(step.done)}/{number(step.total)} " if step.total else ""
        seconds = (self._now_ms - step.begun_ms) / 1000
        rate = wording.rate(step.done - step.begun_done, seconds)
        rest = wording.eta(step.done - step.begun_done, step.total - step.begun_done, seconds)
        text = " · ".join(part for part in (f"{count}{safe_line(step.what)}", rate, rest, "esc stops") if part)
        return bar + Content(text)

"""The first line: the sections, and how every replica stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events, on
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.messages import SectionChosen
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.rereading import Rereads

if TYPE_CHECKING:
    from netto_tui.tui.standing import Standing
    from netto_tui.vault.rows import ReplicaRow

SECTIONS = {
    "browse": "Browse",
    "sync": "Sync",
    "conflicts": "Conflicts",
    "recovery": "Recovery",
    "health": "Health",
}


class Form(NamedTuple):
    """How the replicas' marks are drawn: with their names or one letter, with ages, and what lies between two."""

    names: bool
    ages: bool
    gap: str


FORMS = (Form(True, True, "  "), Form(True, False, "  "), Form(False, False, "  "), Form(False, False, " "))


class Header(Widget):
    """Sections on the left, one mark per replica on the right; a click on a section opens it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"header--here"}
    ALLOW_SELECT = False

    section: reactive[str] = reactive("browse")
    conflicts: reactive[int] = reactive(0)
    activity: reactive[str] = reactive("")
    """What a pass is doing now; "" when nothing runs."""
    fault: reactive[str] = reactive("")
    """What is wrong with the vault itself; it is shown instead of all else."""
    replicas: reactive[tuple[ReplicaRow, ...]] = reactive(())
    now_ms: reactive[int] = reactive(0)

    _spots: Sequence[tuple[int, int, str]] = ()

    @dataclass
    class Read(Message):
        """How everything stands was read."""

        standing: Standing

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rereads = Rereads(self, self._look, "Read how the replicas stand", seconds=1.0)

    def reread(self) -> None:
        """Read how everything stands again, on a thread; which replicas there are is known at once."""
        if not self.replicas and (vault := netto_of(self).vault) is not None:
            from netto_tui.tui import standing

            self.replicas = standing.unread(vault)
        self._rereads.ask()

    def _look(self) -> Read | None:
        from netto_tui.errors import NettoError
        from netto_tui.tui import standing

        vault = netto_of(self).vault
        with suppress(NettoError):  # a damaged index is told by who shows what is in it
            return self.Read(standing.read(vault)) if vault is not None else None
        return None

    @on(Read)
    def _read(self, message: Read) -> None:
        self.replicas = message.standing.replicas
        self.conflicts = message.standing.conflicts
        self.now_ms = netto_of(self).now()

    def render(self) -> Content:
        """Draw the line and remember where the sections are."""
        width = self.size.width
        line = Content.styled(" netto ", "bold $accent")
        spots = []
        for name, title in SECTIONS.items():
            label = f" {title} "
            if name == "conflicts" and self.conflicts:
                label = f" {title} {number(self.conflicts)} "
            style = "bold $block-cursor-foreground on $block-cursor-background" if name == self.section else ""
            if not style:
                style = "$text-warning" if name == "conflicts" and self.conflicts else "$foreground-muted"
            start = line.cell_length
            line += Content.styled(label, style)
            spots.append((start, line.cell_length, name))
        self._spots = spots
        right = self._standing(width - line.cell_length - 1)
        return line + Content(" " * max(1, width - line.cell_length - right.cell_length)) + right

    def _standing(self, room: int) -> Content:
        """What runs and the replicas' marks, in the longest form that fits; what runs goes before long names."""
        if self.fault:
            return Content.styled(f" ✗ {safe_line(self.fault)} ", "bold $text-error")
        marks = [self._marks(form) for form in FORMS] + [self._tally()]
        forms = marks
        if self.activity:
            long = Content.styled(safe_line(self.activity, 40), "$text-accent") + Content("   ")
            short = Content.styled("▸", "$text-accent") + Content("  ")
            forms = [busy + form for busy in (long, short) for form in marks] + marks[-1:]
        return next((form for form in forms if form.cell_length <= room), Content(""))

    def _marks(self, form: Form) -> Content:
        """One mark for each replica: its name or letter, its state, and the age of its proof."""
        letters = wording.initials([row.name for row in self.replicas])
        marks = []
        for row in self.replicas:
            name = safe_line(row.name, 14) + " " if form.names else letters[row.name] + form.gap[1:]
            age = wording.age_letters(row.verified_at, self.now_ms) if form.ages else ""
            mark = Content.styled(name, "$foreground-muted") + wording.state_mark(row.state)
            marks.append(mark + (Content.styled(f" {age}", "$faint") if age else Content("")))
        return Content(form.gap).join(marks) + Content(" ")

    def _tally(self) -> Content:
        """How many replicas have each mark, where there is no room for all of them."""
        counts = Counter(row.state for row in self.replicas)
        marks = [
            Content.styled(f"{count} ", "$foreground-muted") + wording.state_mark(s) for s, count in counts.items()
        ]
        return Content("  ").join(marks) + Content(" ")

    def on_click(self, event: events.Click) -> None:
        """Open the section under the pointer; the marks belong to Sync."""
        found = [name for start, end, name in self._spots if start <= event.x < end]
        if not found and self._spots and event.x >= self._spots[-1][1]:
            found = ["sync"]
        for name in found:
            self.post_message(SectionChosen(name))

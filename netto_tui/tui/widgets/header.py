"""The first line: the sections, and how every replica stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.messages import SectionChosen

if TYPE_CHECKING:
    from netto_tui.vault.rows import ReplicaRow

SECTIONS = {
    "browse": "Browse",
    "sync": "Sync",
    "conflicts": "Conflicts",
    "recovery": "Recovery",
    "health": "Health",
}


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
        """The longest form of the replicas' marks that fits."""
        if self.fault:
            return Content.styled(f" ✗ {safe_line(self.fault)} ", "bold $text-error")
        letters = wording.initials([row.name for row in self.replicas])
        forms = []
        for long, with_age in ((True, True), (True, False), (False, False)):
            marks = []
            for row in self.replicas:
                name = safe_line(row.name, 14) if long else letters[row.name]
                age = wording.age_letters(row.verified_at, self.now_ms) if with_age else ""
                mark = Content.styled(f"{name} ", "$foreground-muted") + wording.state_mark(row.state)
                marks.append(mark + (Content.styled(f" {age}", "$faint") if age else Content("")))
            forms.append(Content("  ").join(marks) + Content(" "))
        if self.activity:
            busy = Content.styled(safe_line(self.activity, 40), "$text-accent")
            forms = [*(busy + Content("   ") + form for form in forms), *forms]
        return next((form for form in forms if form.cell_length <= room), Content(""))

    def on_click(self, event: events.Click) -> None:
        """Open the section under the pointer."""
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.post_message(SectionChosen(name))

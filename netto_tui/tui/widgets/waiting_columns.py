"""How a list shows the conversations that wait for a person."""

from __future__ import annotations

from datetime import tzinfo

from textual.content import Content

from netto_tui.tui import wording
from netto_tui.tui.waiting import Waiting
from netto_tui.tui.widgets.columns import Column


def waiting_columns(zone: tzinfo) -> list[Column[Waiting]]:
    """How much is left to choose, where, and since when."""
    return [
        Column("Open", _open, 7, "right"),
        Column("Conversation", lambda w: w.title or Content.styled("untitled", "$faint")),
        Column("Deleted", _deletions, 7, "right", from_width=66),
        Column("Last version", lambda w: Content(wording.moment(w.latest, zone)), 16, from_width=56),
    ]


def _open(waiting: Waiting) -> Content:
    if not waiting.open:
        return Content.styled("✓ draft", "bold $text-success")
    return Content.styled(f"{waiting.open} ?", "bold $text-warning")


def _deletions(waiting: Waiting) -> Content:
    return Content.styled(f"{waiting.deletions} x", "$text-error") if waiting.deletions else Content("")

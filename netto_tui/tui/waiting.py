"""The conversations that wait for a person, the one with the most work left first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from textual.content import Content

from netto_tui.tui import wording
from netto_tui.tui.drafts import drafts, load_draft
from netto_tui.tui.widgets.columns import Column
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import ConflictRow

LIMIT = 50_000
"""Items that are grouped at once; beyond it the list says that there are more."""


@dataclass
class Waiting:
    """One conversation with conflicts; chosen: how many have a pick in a draft."""

    conversation: str
    title: str
    items: list[ConflictRow] = field(default_factory=list)
    chosen: int = 0

    @property
    def open(self) -> int:
        """How many still need a pick."""
        return len(self.items) - self.chosen

    @property
    def deletions(self) -> int:
        """How many were deleted on one side."""
        return sum(item.kind == "edit-vs-delete" for item in self.items)

    @property
    def latest(self) -> str:
        """When the last version was made."""
        return max((item.at for item in self.items), default="")


def read_waiting(reader: Reader, vault_path: Path) -> tuple[list[Waiting], bool]:
    """Every conversation with conflicts, and whether there are more than are listed. Read it on a thread."""
    groups: dict[str, Waiting] = {}
    rows = reader.conflicts(0, LIMIT + 1)
    for row in rows[:LIMIT]:
        groups.setdefault(row.conversation, Waiting(row.conversation, row.title)).items.append(row)
    for name in drafts(vault_path) & groups.keys():
        draft = load_draft(vault_path, name)
        groups[name].chosen = sum(item.item in draft for item in groups[name].items)
    return sorted(groups.values(), key=lambda waiting: (-waiting.open, waiting.title)), len(rows) > LIMIT


def waiting_columns(zone: tzinfo) -> list[Column[Waiting]]:
    """How a list shows them."""
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

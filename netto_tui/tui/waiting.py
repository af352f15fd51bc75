"""The conversations that wait for a person, the one with the most work left first."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from netto_tui.tui.drafts import drafts, load_draft
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


def read_waiting(reader: Reader, vault_path: Path, limit: int = LIMIT) -> tuple[list[Waiting], bool]:
    """Every conversation with conflicts, and whether there are more than are listed. Read it on a thread."""
    groups: dict[str, Waiting] = {}
    rows = reader.conflicts(0, limit + 1)
    for row in rows[:limit]:
        groups.setdefault(row.conversation, Waiting(row.conversation, row.title)).items.append(row)
    for name in drafts(vault_path) & groups.keys():
        draft = load_draft(vault_path, name)
        groups[name].chosen = sum(item.item in draft for item in groups[name].items)
    return sorted(groups.values(), key=lambda waiting: (-waiting.open, waiting.title)), len(rows) > limit

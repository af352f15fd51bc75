"""Conflicts: the conversations that wait for a person, the fullest first, and what is in conflict there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.drafts import load_draft
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.conflict_preview import ConflictPreview
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import ConflictRow

PREVIEW_SECONDS = 0.08
"""The cursor rests so long on a conversation before its versions are read."""
PAGE = 500
LIMIT = 20_000
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
    def latest(self) -> str:
        """When the last version was made."""
        return max((item.at for item in self.items), default="")


class ConflictsPane(Pane):
    """The list, and beside it the messages in conflict of the one under the cursor."""

    FIRST_FOCUS: ClassVar[str] = "#waiting"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "resolve", "Resolve", id="conflicts.resolve"),
        Binding(
            "A",
            "take_everywhere",
            "All from…",
            id="conflicts.take-everywhere",
            tooltip="One replica's versions everywhere",
        ),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.waiting: list[Waiting] = []
        self._later: Timer | None = None

    def compose(self) -> ComposeResult:
        """List and detail."""
        yield Static("", id="conflicts-summary", classes="line", markup=False)
        with Horizontal():
            yield RowList(
                self._columns(), empty="No conflicts. Everything that was written apart is united.", widget_id="waiting"
            )
            with Vertical(id="conflict-detail"):
                yield Static("", id="conflict-title", markup=False)
                yield ConflictPreview(widget_id="conflict-versions")

    @property
    def entries(self) -> RowList[Waiting]:
        """The conversations."""
        return self.query_one("#waiting", RowList)

    def _columns(self) -> list[Column[Waiting]]:
        return [
            Column("Open", self._open, 6, "right"),
            Column("Conversation", lambda w: w.title or Content.styled("untitled", "$faint")),
            Column("Deletions", lambda w: self._deletions(w), 9, "right", from_width=70),
            Column("Last version", lambda w: self._when(w.latest), 16, style="$foreground-muted", from_width=56),
        ]

    def _open(self, waiting: Waiting) -> Content:
        if not waiting.open:
            return Content.styled("✓ draft", "bold $text-success")
        return Content.styled(f"{waiting.open} ?", "bold $text-warning")

    def _deletions(self, waiting: Waiting) -> Content:
        count = sum(item.kind == "edit-vs-delete" for item in waiting.items)
        return Content.styled(f"{count} x", "$text-error") if count else Content("")

    def _when(self, instant: str) -> Content:
        vault = self.netto.vault
        return Content(wording.moment(instant, vault.zone if vault else UTC))

    def read(self) -> None:
        """Group the items by conversation."""
        reader = self.netto.reader
        if reader is None:
            return
        groups: dict[str, Waiting] = {}
        for offset in range(0, LIMIT, PAGE):
            rows = reader.conflicts(offset, PAGE)
            for row in rows:
                groups.setdefault(row.conversation, Waiting(row.conversation, row.title)).items.append(row)
            if len(rows) < PAGE:
                break
        for waiting in groups.values():
            draft = load_draft(self.netto.vault_path, waiting.conversation)
            waiting.chosen = sum(item.item in draft for item in waiting.items)
        self.waiting = sorted(groups.values(), key=lambda w: (-w.open, w.title))
        here = self.entries.selected
        self.entries.show(
            listed(self.waiting),
            len(self.waiting),
            keep=(lambda w: w.conversation == here.conversation) if here else None,
        )
        total = sum(len(w.items) for w in self.waiting)
        text = f"{many(total, 'message')} to decide in {many(len(self.waiting), 'conversation')}."
        self.query_one("#conflicts-summary", Static).update(Content(text if total else "Nothing waits for you."))
        self.refresh_bindings()

    @on(RowList.Moved, "#waiting")
    def _moved(self) -> None:
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(PREVIEW_SECONDS, self._show_versions)

    def on_resize(self) -> None:
        """There may be room for the versions now."""
        self._moved()

    def _show_versions(self) -> None:
        waiting = self.entries.selected
        title = Content.styled(safe_line(waiting.title) or "untitled", "bold") if waiting else Content("")
        self.query_one("#conflict-title", Static).update(title)
        preview = self.query_one(ConflictPreview)
        if waiting is None:
            preview.clear()
        elif self.query_one("#conflict-detail").display:
            preview.ask(waiting.conversation, waiting.items)

    @on(RowList.Chosen)
    @on(ConflictPreview.Clicked)
    def _chosen(self) -> None:
        self.action_resolve()

    def why_not(self, action: str) -> str:
        """Nothing to resolve is the one reason."""
        if action in ("resolve", "take_everywhere") and not self.waiting:
            return "There are no conflicts."
        return ""

    def action_resolve(self) -> None:
        """Open the resolver on the conversation under the cursor."""
        from netto_tui.tui.opening import open_resolver

        if (waiting := self.entries.selected) is not None:
            open_resolver(self.netto, waiting.conversation)

    def action_take_everywhere(self) -> None:
        """Take one place's versions in every conversation."""
        from netto_tui.tui.screens.authority import take_everywhere

        take_everywhere(self.netto, [waiting.conversation for waiting in self.waiting])

    def copied_text(self) -> str:
        """The title under the cursor."""
        waiting = self.entries.selected
        return safe_line(waiting.title) if waiting else ""

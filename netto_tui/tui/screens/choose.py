"""Choosing one of a few ways to do something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList


@dataclass(frozen=True)
class Way:
    """One way: its key, its name, and what it means."""

    key: str
    name: str
    meaning: str


class ChooseScreen(ModalScreen[str]):
    """A short list; its result is the key of the way that was taken, "" for none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss('')", "Back", id="choose.leave")]

    def __init__(self, question: str, ways: Sequence[Way]) -> None:
        super().__init__()
        self.question = question
        self.ways = ways

    def compose(self) -> ComposeResult:
        """The list."""
        columns: list[Column[Way]] = [
            Column("", lambda way: Content.styled(way.key, "bold $text-accent"), 2),
            Column("", lambda way: way.name, 28),
            Column("", lambda way: way.meaning, style="$foreground-muted"),
        ]
        with Vertical(classes="modal") as box:
            box.border_title = Content(safe_display(self.question))
            box.border_subtitle = "enter or its key takes one · esc leaves"
            yield RowList(columns, headings=False, widget_id="ways")

    def on_mount(self) -> None:
        """Show the ways, and let each be taken by its key."""
        ways: RowList[Way] = self.query_one("#ways", RowList)
        ways.show(listed(self.ways), len(self.ways))
        ways.focus()
        for way in self.ways:
            self._bindings.bind(way.key, f"take('{way.key}')", way.name, show=False)

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        way: Way | None = self.query_one("#ways", RowList).selected
        if way is not None:
            self.dismiss(way.key)

    def action_take(self, key: str) -> None:
        """Take a way by its key."""
        self.dismiss(key)

"""One place's versions for every conflict there is: choose the place, see the counts, then write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.errors import NettoError
from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.tui import crash
from netto_tui.tui.conflict_rows import read_rows, write_picks
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


@dataclass
class Tally:
    """What taking each place would decide: items: by place; all: every item in conflict."""

    resolutions: list[Resolution] = field(default_factory=list)
    items: Counter[str] = field(default_factory=Counter)
    total: int = 0


class AuthorityScreen(ModalScreen[int]):
    """Its result is how many conflicts were decided."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"take({n})", show=False) for n in range(1, 10)),
        Binding("escape,q", "dismiss(0)", "Back", id="authority.leave"),
    ]

    @dataclass
    class Counted(Message):
        """Every conflict was read."""

        tally: Tally

    @dataclass
    class Written(Message):
        """The decisions are in the vault."""

        revisions: int

    @dataclass
    class Failed(Message):
        """Reading or writing did not work."""

        error: NettoError

    def __init__(self, conversations: Sequence[str]) -> None:
        super().__init__()
        self.conversations = conversations
        self.tally: Tally | None = None

    def compose(self) -> ComposeResult:
        """The places with what each would decide."""
        with Vertical(classes="modal") as box:
            box.border_title = "Which place is right, for everything?"
            box.border_subtitle = "a number chooses · esc leaves everything as it is"
            yield Static("Reading every conflict…", id="authority-text", markup=False)

    def on_mount(self) -> None:
        """Count in the background."""
        self._count()

    @work(thread=True, exit_on_error=False, group="authority", description="Read every conflict")
    def _count(self) -> None:
        vault = netto_of(self).vault
        if vault is None:
            return
        tally = Tally()
        try:
            with vault.reader() as reader:
                for conversation in self.conversations:
                    resolution = Resolution([row for row in read_rows(vault, reader, conversation) if row.choices])
                    tally.resolutions.append(resolution)
                    tally.total += len(resolution.conflicts)
                    for row in resolution.conflicts:
                        tally.items.update({label for choice in row.choices for label in choice.labels})
        except NettoError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Counted(tally))

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        self.tally = message.tally
        lines = [
            Content.styled(f" {key} {safe_line(label, 24):<24}", "bold")
            + Content(f"decides {number(count)} of {many(message.tally.total, 'conflict')}")
            for key, (label, count) in enumerate(self._places(), 1)
        ]
        self.query_one("#authority-text", Static).update(Content("\n").join(lines))

    def _places(self) -> list[tuple[str, int]]:
        return self.tally.items.most_common(9) if self.tally else []

    @work
    async def action_take(self, place: int) -> None:
        """Show what it means, then write."""
        if self.tally is None:
            self.notify("The conflicts are still being read.", severity="warning")
            return
        if place > len(self._places()):
            self.notify(f"There are only {many(len(self._places()), 'place')}.", severity="warning")
            return
        label, count = self._places()[place - 1]
        rest = self.tally.total - count
        left = f"{many(rest, 'conflict')} where {label} has no version will stay.\n" if rest else ""
        text = (
            f"{many(count, 'conflict')} in {many(len(self.conversations), 'conversation')} "
            f"will say what {label} says.\n{left}"
            "Each decision is a revision of its own: the other versions stay in the history."
        )
        if await self.app.push_screen_wait(ConfirmScreen(f"Take {label} everywhere?", text, "Write")):
            self._write(label)

    @work(thread=True, exit_on_error=False, group="authority", description="Write every decision")
    def _write(self, label: str) -> None:
        vault = netto_of(self).vault
        if vault is None or self.tally is None:
            return
        decided = []
        for resolution in self.tally.resolutions:
            resolution.take_column(label)
            rows = [row for row in resolution.conflicts if row.item in resolution.picks]
            decided.append(Resolution(rows, resolution.picks))
        try:
            self.post_message(self.Written(len(write_picks(vault, *decided))))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))

    @on(Written)
    def _written(self, message: Written) -> None:
        self.dismiss(message.revisions)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.notify(str(message.error), title="That did not work", severity="error")


def take_everywhere(app: NettoApp, conversations: Sequence[str]) -> None:
    """Open the question; when something was written, sync."""

    def closed(revisions: int | None) -> None:
        if revisions:
            app.notify(f"{many(revisions, 'conflict')} decided. Every version stays in the history.")
            app.main.vault_changed()
            if app.worker is not None:
                app.worker.sync_now()

    app.push_screen(AuthorityScreen(conversations), closed)

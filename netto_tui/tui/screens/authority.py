"""One place's versions for many conflicts at once: choose the place, see the counts, then write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import get_current_worker

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.recovery.decisions import Decided
from netto_tui.tui import crash
from netto_tui.tui.conflict_rows import read_conflicts, write_picks
from netto_tui.tui.deciding import tell_decided
from netto_tui.tui.drafts import drafts, load_draft, save_draft
from netto_tui.tui.opening import open_fault
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.resolution import ColumnCount, Resolution
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.whole import place_lines
from netto_tui.tui.waiting import Waiting

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

STEP = 25
"""Conversations between two words about how far it is."""


@dataclass
class Tally:
    """What taking each place would decide; resolutions: by conversation. total: every item in conflict."""

    resolutions: dict[str, Resolution] = field(default_factory=dict)
    places: dict[str, ColumnCount] = field(default_factory=dict)
    conversations: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def add(self, conversation: str, resolution: Resolution) -> None:
        """Count one conversation."""
        self.resolutions[conversation] = resolution
        self.total += len(resolution.conflicts)
        for label in resolution.columns:
            count = resolution.count_column(label)
            self.places[label] = self.places.get(label, ColumnCount()).plus(count)
            self.conversations[label] = self.conversations.get(label, 0) + 1

    @property
    def ranking(self) -> list[tuple[str, ColumnCount]]:
        """The places, the one that decides most first; nine at most, since each has a digit."""
        return sorted(self.places.items(), key=lambda place: (-place[1].items, place[0]))[:9]


class AuthorityScreen(ModalScreen[Decided | None]):
    """Its result is what was decided; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"take({n})", show=False, id=f"authority.take-{n}") for n in range(1, 10)),
        Binding("escape,q", "leave", "Back", id="authority.leave"),
    ]

    @dataclass
    class Stepped(Message):
        """Something goes on; text: what, for a person."""

        text: str

        def can_replace(self, message: Message) -> bool:
            """The latest is enough."""
            return isinstance(message, type(self))

    @dataclass
    class Counted(Message):
        """Every conflict was read."""

        tally: Tally

    @dataclass
    class Written(Message):
        """The decisions are in the vault."""

        decided: Decided

    @dataclass
    class Failed(Message):
        """Reading or writing did not work."""

        error: NettoError

    def __init__(self, waiting: Sequence[Waiting]) -> None:
        super().__init__()
        self.waiting = waiting
        self.tally: Tally | None = None
        self.writing = False

    def compose(self) -> ComposeResult:
        """The places with what each would decide."""
        with Vertical(classes="modal") as box:
            box.border_title = Content(f"Which place is right in {many(len(self.waiting), 'conversation')}?")
            box.border_subtitle = "a number chooses · esc leaves everything as it is"
            yield Static("Reading every conflict…", id="authority-text", markup=False)

    def on_mount(self) -> None:
        """Count in the background."""
        self._count()

    @work(thread=True, exit_on_error=False, group="authority", description="Read every conflict")
    def _count(self) -> None:
        vault, worker = netto_of(self).vault, get_current_worker()
        if vault is None:
            return
        tally = Tally()
        try:
            with vault.reader() as reader:
                for place, waiting in enumerate(self.waiting):
                    if worker.is_cancelled:
                        return
                    if place % STEP == 0:
                        self.post_message(self.Stepped(f"Reading conversation {place + 1} of {len(self.waiting)}…"))
                    names = [item.item for item in waiting.items]
                    rows = read_conflicts(vault, reader, waiting.conversation, names)
                    tally.add(waiting.conversation, Resolution(rows))
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))
        else:
            self.post_message(self.Counted(tally))

    @on(Stepped)
    def _stepped(self, message: Stepped) -> None:
        self.query_one("#authority-text", Static).update(Content(message.text))

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        self.tally = message.tally
        lines = place_lines(self.tally.ranking, self.tally.total)
        self.query_one("#authority-text", Static).update(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        """A click on a place is as good as its number."""
        text = self.query_one("#authority-text", Static)
        place = event.get_content_offset(text) if event.widget is text else None
        if self.tally is not None and place is not None and 1 <= place.y <= len(self.tally.ranking):
            self.action_take(place.y)

    @work
    async def action_take(self, place: int) -> None:
        """Show what it means, then write."""
        if self.tally is None or self.writing:
            self.notify("Wait until this step is done.", severity="warning")
            return
        ranking = self.tally.ranking
        if place > len(ranking):
            self.notify(f"There are only {many(len(ranking), 'place')}.", severity="warning")
            return
        label, count = ranking[place - 1]
        question = ConfirmScreen(f"Take {label} everywhere?", self._meaning(self.tally, label, count), "Write")
        if await self.app.push_screen_wait(question):
            self.writing = True
            self._write(self.tally, label)

    def _meaning(self, tally: Tally, label: str, count: ColumnCount) -> str:
        """What taking a place does, in words."""
        lines = [
            f"{many(count.items, 'conflict')} in {many(tally.conversations[label], 'conversation')} "
            f"will say what {label} says.",
            f"{many(count.aside, 'other version')} will be set aside; all of them stay in the history.",
        ]
        if count.deleted:
            lines.append(f"{many(count.deleted, 'message')} will be deleted, since {label} deleted them.")
        if rest := tally.total - count.items:
            lines.append(f"{many(rest, 'conflict')} where {label} has no version will stay.")
        kept = drafts(netto_of(self).vault_path) & tally.resolutions.keys()
        if kept:
            lines.append(f"Your drafts in {many(len(kept), 'conversation')} give way where {label} decides.")
        lines.append("An undo point is kept first: u in Conflicts takes all of it back.")
        return "\n".join(lines)

    @work(thread=True, exit_on_error=False, group="authority", description="Write every decision")
    def _write(self, tally: Tally, label: str) -> None:
        vault = netto_of(self).vault
        if vault is None:
            return
        chosen: dict[str, Resolution] = {}
        for conversation, resolution in tally.resolutions.items():
            taken = Resolution([row for row in resolution.conflicts if row.choice_in(label) is not None])
            if taken.take_column(label):
                chosen[conversation] = taken
        try:
            decided = write_picks(vault, *chosen.values(), told=lambda step: self.post_message(self.Stepped(step)))
            for conversation in drafts(vault.path) & chosen.keys():
                draft, picks = load_draft(vault.path, conversation), chosen[conversation].picks
                save_draft(vault.path, conversation, {item: draft[item] for item in draft.keys() - picks.keys()})
        except (NettoError, OSError) as error:
            self.post_message(self.Failed(crash.in_words(error, vault.path)))
        else:
            self.post_message(self.Written(decided))

    @on(Written)
    def _written(self, message: Written) -> None:
        self.dismiss(message.decided)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.writing = False
        self.query_one("#authority-text", Static).update(Content(str(message.error)))
        open_fault(netto_of(self), "That did not work", message.error)

    def action_leave(self) -> None:
        """Go back, but not out of the middle of writing."""
        if self.writing:
            self.notify("It is being written. That ends by itself.", severity="warning")
        else:
            self.dismiss(None)


def take_everywhere(app: NettoApp, waiting: Sequence[Waiting]) -> None:
    """Open the question; when something was written, say so and sync."""

    def closed(decided: Decided | None) -> None:
        if decided is not None:
            tell_decided(app, decided)

    app.push_screen(AuthorityScreen(waiting), closed)

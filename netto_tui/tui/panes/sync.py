"""Sync: how this device and every replica stand, what runs now, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.config import pause, shown
from netto_tui.errors import Cancelled, NettoError
from netto_tui.security.display import safe_line
from netto_tui.sync.history import DayTally, journal_count, journal_page
from netto_tui.sync.journal import sentence
from netto_tui.tui import crash, messages, standing, wording
from netto_tui.tui.panes import sync_words
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.rereading import Rereads
from netto_tui.tui.standing import Standing
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import JournalRow, ReplicaRow

BROKEN = ("unreachable", "wrong-target", "suspect", "damaged")
"""States in which a replica may be beyond what a pass does by itself."""

PAGE = 100
"""Lines of the journal that are read at once."""


class SyncPane(Pane):
    """The stores above, what is to be known of one below them, then the journal."""

    FIRST_FOCUS: ClassVar[str] = "#stores"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "sync_this", "This", id="sync.this", tooltip="A pass over the replica under the cursor"),
        Binding("p", "pause", "Pause", id="sync.pause", tooltip="Pause or resume the replica under the cursor"),
        Binding("P", "pause_all", "All", id="sync.pause-all", tooltip="Pause every replica; if all are, resume them"),
        Binding("f", "filter", "Filter", id="sync.filter", tooltip="The journal of this store only, or of all"),
        Binding("x", "stop", "Stop", id="sync.stop", tooltip="Stop what runs; what was done is kept"),
        Binding("R", "rebuild", "Rebuild", id="sync.rebuild", tooltip="Make a lost or damaged replica whole from here"),
        Binding("A", "screen.add_replica", "Add", show=False, id="sync.add", tooltip="Add a replica, such as GitHub"),
    ]

    @dataclass
    class Read(Message):
        """The standing and the journal were read; `about` is the store that the journal was read for, None for all."""

        standing: Standing
        about: str | None
        lines: int = 0
        first: Sequence[JournalRow] = field(default_factory=list)

    @dataclass
    class Paused(Message):
        """Replicas, all for none named, were paused or resumed; or that could not be done."""

        names: Sequence[str]
        paused: bool
        error: NettoError | None = None

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.standing = Standing()
        self.rows: list[ReplicaRow] = []
        self.about: str | None = None
        """The store whose journal is shown: "" is this device, None all of them."""
        self._rereads = Rereads(self, self._look, "Read how the replicas stand, and the journal")
        self._shown: tuple[object, ...] = ()
        self._told = Content("")
        self._wanted = ""
        self._runs = False

    def compose(self) -> ComposeResult:
        """Stores, detail, progress, journal."""
        columns = sync_words.StoreColumns(lambda: self.netto.now(), self._step_of, self._days)
        yield RowList(columns.all(), empty="Reading…", widget_id="stores")
        yield Static("", id="store-detail", markup=False)
        yield ProgressLine(id="sync-progress")
        yield Static("", id="journal-title", markup=False)
        columns_below = sync_words.journal_columns(lambda at: wording.moment(at, self._zone))
        yield RowList(columns_below, empty="Nothing was done yet.", headings=False, widget_id="journal")

    @property
    def stores(self) -> RowList[ReplicaRow]:
        """The list of stores."""
        return self.query_one("#stores", RowList)

    @property
    def journal(self) -> RowList[JournalRow]:
        """The list of what was done."""
        return self.query_one("#journal", RowList)

    @property
    def _zone(self) -> tzinfo:
        return self.netto.vault.zone if self.netto.vault else UTC

    def _step_of(self, name: str) -> str:
        steps = {each.replica: each.step for each in self.netto.main.progress.values()}
        return sync_words.running_words(steps)(name)

    def _days(self, name: str) -> Sequence[DayTally]:
        return self.standing.days.get(name, ())

    # Reading

    def read(self) -> None:
        """Read how every store stands, and the journal, on a thread."""
        self._rereads.ask()

    def _look(self) -> Read | None:
        vault, about = self.netto.vault, self.about
        if vault is None:
            return None
        try:
            found = standing.read(vault)
            with vault.reader() as reader:
                return self.Read(found, about, journal_count(reader, about), journal_page(reader, about, 0, PAGE))
        except Cancelled:
            return None
        except NettoError as error:
            return self.Read(Standing(fault=str(error)), about)

    @on(Read)
    def _read(self, message: Read) -> None:
        if message.about != self.about:
            self.read()
            return
        self.standing = message.standing
        state = "unreachable" if self.netto.main.header.fault else "ok"
        count, path = message.standing.conversations, str(self.netto.vault_path)
        conflicts = message.standing.conflicts
        local = ReplicaRow("local", "vault", path, state, count, 0, "", "", 0, "", conflicts=conflicts)
        self.rows = [local, *message.standing.replicas]
        here = self.stores.selected
        self.stores.show(listed(self.rows), len(self.rows), keep=lambda row: here is not None and row.name == here.name)
        self._go_to_wanted()
        self._show_journal(message)
        self.refresh_bindings()

    def _show_journal(self, message: Read) -> None:
        """Put other lines into the list, if there are any, leaving the cursor on the line it is on."""
        now = (message.about, message.lines, *message.first)
        if now == self._shown:
            return
        self._shown = now
        line = self.journal.selected if self.journal.cursor else None
        self.journal.empty = "Nothing was done yet." if message.about is None else "Nothing was done with it yet."
        self.journal.show(
            partial(self._page, message.about), message.lines, first=message.first, keep=lambda row: row == line
        )

    def _page(self, about: str | None, offset: int, limit: int) -> Sequence[JournalRow]:
        reader = self.netto.reader
        return journal_page(reader, about, offset, limit) if reader is not None else ()

    # Showing

    def point_at(self, replica: str) -> None:
        """Put the cursor on a replica, as soon as it is there."""
        self._wanted = replica
        self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        for index, row in enumerate(self.rows):
            if row.name == self._wanted:
                self.stores.cursor, self._wanted = index, ""

    def on_resize(self) -> None:
        """Wrap the lines below the list anew."""
        self.call_after_refresh(self._tell)

    def tick(self) -> None:
        """Let ages grow, and waits shrink."""
        self.stores.refresh()
        self._tell()

    @on(RowList.Moved, "#stores")
    def _moved(self) -> None:
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """What is to be known about the store under the cursor."""
        row = self.stores.selected
        told = sync_words.settings(self.standing)
        if row is not None:
            told += sync_words.detail(row, self._days(row.name), self._zone, self.netto.now())
        if len(self.rows) == 1 and not self.standing.fault:
            told.append(("To do", "There is no second copy yet. A adds one: GitHub, Firebase, a folder, or Git.", ""))
        below = self.query_one("#store-detail", Static)
        lines = sync_words.lines(told, below.content_size.width)
        if lines != self._told:  # another text lays everything out anew
            self._told = lines
            below.update(lines)
        above, title = sync_words.journal_title(row, self.about), self.query_one("#journal-title", Static)
        if str(title.content) != above:
            title.update(Content(above))

    def sync_told(self, message: messages.SyncTold) -> None:
        """Show progress at once, and read the rest again soon."""
        bar, now = self.query_one(ProgressLine), self.netto.now()
        match message:
            case messages.PassStarted(replica=replica):
                bar.move(f"asking {replica}", 0, 0, now, key=replica)
            case messages.ProgressMoved(replica=replica):
                what = wording.step_words(message.step, replica)
                bar.move(what, message.done, message.total, now, key=replica)
            case messages.PassFinished(report=report):
                bar.finish(report.name)
        self.stores.refresh()
        if self._runs != bool(self.netto.main.progress):
            self._runs = not self._runs
            self.refresh_bindings()
        if isinstance(message, messages.ProgressMoved):
            return
        if self.is_on_screen:
            self._rereads.ask(soon=False)
        else:
            self.stale = True

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        row = self.stores.selected
        if action == "stop" and not self.netto.main.progress:
            return "Nothing is running."
        if action == "pause_all" and len(self.rows) < 2:
            return "There is no replica yet. A adds one."
        if action in ("sync_this", "rebuild", "pause"):
            if row is None or row.kind == "vault":
                return "Move to a replica first; this device is what they are compared with."
            if action != "pause" and row.paused:
                return f"{safe_line(row.name)} is paused. p resumes it."
            if action != "pause" and (reason := self.netto.main.why_no_sync()):
                return reason
            if action == "rebuild" and row.state not in BROKEN:
                return f"{safe_line(row.name)} is not lost or damaged."
        return ""

    def action_sync_this(self) -> None:
        """Start a pass over the replica under the cursor."""
        if (row := self.stores.selected) is not None and (worker := self.netto.worker) is not None:
            worker.sync_now([row.name])
            self.netto.notify(f"Syncing with {row.name}.")

    def action_pause(self) -> None:
        """Pause the replica under the cursor, or resume it."""
        if (row := self.stores.selected) is not None:
            self._pause([row.name], not row.paused)

    def action_pause_all(self) -> None:
        """Pause every replica; where all are, resume them."""
        self._pause([], not all(row.paused for row in self.rows[1:]))

    @work(thread=True, exit_on_error=False, group="pause", description="Write the settings")
    def _pause(self, names: Sequence[str], paused: bool) -> None:
        try:
            pause(self.netto.vault_path / "config.toml", names, paused)
        except (NettoError, OSError) as error:
            self.post_message(self.Paused(names, paused, crash.in_words(error, self.netto.vault_path)))
        else:
            self.post_message(self.Paused(names, paused))

    @on(Paused)
    def _paused(self, message: Paused) -> None:
        if message.error is not None:
            self.netto.notify(str(message.error), title="It could not be noted", severity="error")
            return
        names = list(message.names) or [row.name for row in self.rows[1:]]
        if message.paused and self.netto.worker is not None:
            self.netto.worker.cancel(names)
        elif self.netto.worker is not None:
            self.netto.worker.sync_now(names)
        self.netto.notify(f"{'Paused' if message.paused else 'Resumed'}: {', '.join(names)}.")
        self.netto.main.header.reread()
        self.read()

    def action_filter(self) -> None:
        """Show the journal of the store under the cursor only, or all of it again."""
        row = self.stores.selected
        self.about = None if self.about is not None or row is None else "" if row.kind == "vault" else row.name
        self.read()
        self._tell()

    @work
    async def action_rebuild(self) -> None:
        """Ask for the word, then have the replica under the cursor made whole from here."""
        row, worker = self.stores.selected, self.netto.worker
        if row is None or worker is None:
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        text = sync_words.rebuild_text(row)
        if await self.app.push_screen_wait(ConfirmScreen(f"Rebuild {row.name} from here?", text, "", word="REBUILD")):
            worker.rebuild(row.name)
            self.netto.notify(f"Rebuilding {row.name}.")

    @on(RowList.Chosen, "#stores")
    def _chosen(self) -> None:
        """Show all that is to be known of a store."""
        if (row := self.stores.selected) is not None:
            told = sync_words.detail(row, self._days(row.name), self._zone, self.netto.now())
            self._open_details(row.name, [(name, text) for name, text, _ in told])

    @on(RowList.Chosen, "#journal")
    def _line_chosen(self) -> None:
        """Show a line of the journal whole."""
        if (line := self.journal.selected) is not None:
            self._open_details("Journal", sync_words.journal_parts(line, wording.moment(line.at, self._zone)))

    def _open_details(self, title: str, parts: Sequence[tuple[str, str]]) -> None:
        from netto_tui.tui.screens.details import DetailsScreen

        self.app.push_screen(DetailsScreen(title, parts))

    def action_stop(self) -> None:
        """Stop what runs over the replica under the cursor, else all that runs; what was done is kept."""
        row = self.stores.selected
        if self.netto.worker is not None:
            here = row is not None and row.name in self.netto.main.progress
            self.netto.worker.cancel([row.name] if here and row is not None else None)
            self.netto.notify("Stopping after this step. What was done is kept.")

    def leave_state(self) -> bool:
        """Leave the filter with esc, then stop a pass."""
        if self.about is not None:
            self.action_filter()
            return True
        if self.netto.main.progress:
            self.action_stop()
            return True
        return False

    def copied_text(self) -> str:
        """The line under the cursor."""
        if self.journal.has_focus and (line := self.journal.selected) is not None:
            return safe_line(f"{line.at} {line.replica or 'vault'}: {sentence(line.kind, line.detail)}")
        row = self.stores.selected
        return safe_line(f"{row.name} {row.kind} {shown(row.target)} {row.state} {row.last_error}") if row else ""

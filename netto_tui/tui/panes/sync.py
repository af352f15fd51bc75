"""Sync: how this device and every replica stand, what runs now, and what was done."""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from netto_tui.config import shown
from netto_tui.plural import many, number
from netto_tui.recovery import meters
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import messages, wording
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.standing import replica_rows
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import JournalRow, ReplicaRow

BROKEN = ("unreachable", "wrong-target", "suspect", "damaged")
"""States in which a replica may be beyond what a pass does by itself."""

JOURNAL_ROWS = 500
REFRESH_SECONDS = 0.5
"""The journal is read again at most this often while a pass runs."""


class SyncPane(Pane):
    """The stores above, the journal below."""

    FIRST_FOCUS: ClassVar[str] = "#stores"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "sync_this", "This one", id="sync.this", tooltip="A pass over the replica under the cursor"),
        Binding("R", "rebuild", "Rebuild", id="sync.rebuild", tooltip="Make a lost or damaged replica whole from here"),
        Binding("A", "screen.add_replica", "Add", id="sync.add", tooltip="Add a replica, such as GitHub"),
        Binding("x", "stop", "Stop", id="sync.stop", tooltip="Stop what runs; what was done is kept"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: list[ReplicaRow] = []
        self._journal: list[JournalRow] = []
        self._later: Timer | None = None

    def compose(self) -> ComposeResult:
        """Stores, detail, progress, journal."""
        yield RowList(self._columns(), empty="Opening…", widget_id="stores")
        yield Static("", id="store-detail", markup=False)
        yield ProgressLine(id="sync-progress")
        yield Static("Journal", classes="line", id="journal-title", markup=False)
        yield RowList(self._journal_columns(), empty="Nothing was done yet.", headings=False, widget_id="journal")

    @property
    def stores(self) -> RowList[ReplicaRow]:
        """The list of stores."""
        return self.query_one("#stores", RowList)

    def _columns(self) -> list[Column[ReplicaRow]]:
        return [
            Column("Store", lambda row: row.name, 14),
            Column("Kind", lambda row: row.kind, 10, style="$foreground-muted", from_width=96),
            Column("State", lambda row: wording.state_words(row.state), 11),
            Column("Verified", lambda row: Content(number(row.verified)), 9, "right"),
            Column("Pending", self._pending, 8, "right"),
            Column("Proof", self._proof, 12),
            Column("Next try", lambda row: Content(wording.until(row.next_try, self.netto.now())), 10, from_width=76),
            Column("Where", lambda row: shown(row.target), style="$foreground-muted", from_width=120),
        ]

    def _pending(self, row: ReplicaRow) -> Content:
        return Content.styled(number(row.pending), "$text-warning" if row.pending else "$faint")

    def _proof(self, row: ReplicaRow) -> Content:
        if row.kind == "vault":
            return Content.styled("this device", "$foreground-muted")
        return Content(wording.ago(row.verified_at, self.netto.now()))

    def _journal_columns(self) -> list[Column[JournalRow]]:
        return [
            Column("", lambda row: Content(self._when(row.at)), 16, style="$foreground-muted", from_width=96),
            Column("", lambda row: Content(self._when(row.at)[5:]), 11, style="$foreground-muted", to_width=96),
            Column("", lambda row: row.replica or "vault", 10, style="$foreground-muted"),
            Column("", lambda row: _event_words(row.kind), 14),
            Column("", lambda row: row.detail),
        ]

    def _when(self, instant: str) -> str:
        vault = self.netto.vault
        return wording.moment(instant, vault.zone if vault else UTC)

    def read(self) -> None:
        """Read how every store stands, and the journal."""
        reader, vault = self.netto.reader, self.netto.vault
        if reader is None or vault is None:
            return
        total = reader.totals().conversations
        path = str(self.netto.vault_path)
        state = "unreachable" if self.netto.main.header.fault else "ok"
        local = ReplicaRow("local", "vault", path, state, total, 0, "", "", 0, "")
        self._rows = [local, *replica_rows(vault, reader)]
        here = self.stores.selected
        self.stores.show(
            listed(self._rows), len(self._rows), keep=lambda row: here is not None and row.name == here.name
        )
        self._journal = reader.journal(JOURNAL_ROWS)
        journal: RowList[JournalRow] = self.query_one("#journal", RowList)
        journal.show(listed(self._journal), len(self._journal), keep=lambda row: journal.cursor > 0)
        self.refresh_bindings()

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
        lines: list[Content] = []
        if row is not None:
            seal = "sealed" if row.sealed else "not sealed: whoever can read it reads everything"
            where = (
                f"{row.kind} · {shown(row.target)} · {seal}" if row.kind != "vault" else f"The vault in {row.target}"
            )
            lines.append(Content.styled(safe_line(where), "$foreground-muted"))
            if row.last_error:
                lines.append(Content.styled(safe_display(row.last_error)[:300], "$text-error"))
            if row.withheld:
                what = many(row.withheld, "conversation")
                lines.append(Content(f"Part of {what} is withheld: it holds a secret, or the host refused it."))
            if row.failures:
                again = wording.until(row.next_try, self.netto.now())
                lines.append(
                    Content(f"{many(row.failures, 'failure')} in a row" + (f", tried again {again}" if again else ""))
                )
            zone = self.netto.vault.zone if self.netto.vault else UTC
            if row.meters:
                lines.append(Content(" · ".join(meters.words(meter, zone) for meter in row.meters)))
            if advice := wording.ADVICE.get(row.state, ""):
                lines.append(Content(advice))
            if len(self._rows) == 1:
                lines.append(Content("There is no replica yet. A adds one: GitHub, Firebase, a folder, or Git."))
        self.query_one("#store-detail", Static).update(Content("\n").join(lines))

    def sync_told(self, message: messages.SyncTold) -> None:
        """Show progress at once, and read the rest again soon."""
        bar = self.query_one(ProgressLine)
        if isinstance(message, messages.PassFinished):
            if not self.netto.main.progress:
                bar.finish()
        elif isinstance(message, messages.ProgressMoved):
            what = wording.step_words(message.step, message.replica)
            bar.move(what, message.done, message.total, self.netto.now())
        elif isinstance(message, messages.PassStarted):
            bar.move(f"asking {message.replica}", 0, 0, self.netto.now())
        self.refresh_bindings()
        if self._later is None and self.is_on_screen:
            self._later = self.set_timer(REFRESH_SECONDS, self._read_later)

    def _read_later(self) -> None:
        self._later = None
        self.read()

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action == "stop" and not self.netto.main.progress:
            return "Nothing is running."
        if action in ("sync_this", "rebuild"):
            row = self.stores.selected
            if row is None or row.kind == "vault":
                return "Move to a replica first; this device is what they are compared with."
            if reason := self.netto.main.why_no_sync():
                return reason
            if action == "rebuild" and row.state not in BROKEN:
                return f"{safe_line(row.name)} is not lost or damaged."
        return ""

    def action_sync_this(self) -> None:
        """Start a pass over the replica under the cursor."""
        row, worker = self.stores.selected, self.netto.worker
        if row is not None and worker is not None:
            worker.sync_now([row.name])
            self.netto.notify(f"Syncing with {row.name}.")

    @work
    async def action_rebuild(self) -> None:
        """Ask for the word, then have the replica under the cursor made whole from here."""
        row, worker = self.stores.selected, self.netto.worker
        if row is None or worker is None:
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        text = (
            f"{row.kind} · {shown(row.target)}\n\n{row.last_error}\n\n"
            "What can still be read there is taken in first. What is too damaged is set aside, not deleted.\n"
            "Then everything that is here is written there and read back."
        )
        if await self.app.push_screen_wait(ConfirmScreen(f"Rebuild {row.name} from here?", text, "", word="REBUILD")):
            worker.rebuild(row.name)
            self.netto.notify(f"Rebuilding {row.name}.")

    @on(RowList.Chosen, "#stores")
    def _chosen(self) -> None:
        if reason := self.why_not("sync_this"):
            self.netto.notify(reason, severity="warning")
        else:
            self.action_sync_this()

    def action_stop(self) -> None:
        """Stop what runs; what was done is kept."""
        if self.netto.worker is not None:
            self.netto.worker.cancel()
            self.netto.notify("Stopping after this step. What was done is kept.")

    def leave_state(self) -> bool:
        """Stop a pass with esc."""
        if self.netto.main.progress:
            self.action_stop()
            return True
        return False

    def copied_text(self) -> str:
        """The line under the cursor."""
        journal: RowList[JournalRow] = self.query_one("#journal", RowList)
        if journal.has_focus and (line := journal.selected) is not None:
            return safe_line(f"{line.at} {line.replica} {line.kind} {line.detail}")
        row = self.stores.selected
        return safe_line(f"{row.name} {row.kind} {shown(row.target)} {row.state} {row.last_error}") if row else ""


def _event_words(kind: str) -> str:
    """An event's name as words: `SyncFinished` is `sync finished`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()

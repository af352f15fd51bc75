"""Recovery: choose a source, verify it, see what a restore would do, then restore by typing the word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from netto_tui.plural import many
from netto_tui.recovery.drill import last_drills
from netto_tui.recovery.finds import LOCAL, Find
from netto_tui.recovery.preview import Preview
from netto_tui.recovery.restore import RestoreReport
from netto_tui.recovery.verify import Verdict
from netto_tui.security.display import safe_line
from netto_tui.tui import recovering
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.outcome import Outcome
from netto_tui.tui.panes.recovery_lists import HISTORIC, NO_REPLICA, Sources, source_columns
from netto_tui.tui.panes.recovery_questions import ask_for_date, ask_to_restore, ask_what_to_verify
from netto_tui.tui.panes.recovery_words import choice_line, drill_words, error_lines, hint_lines, restored_lines
from netto_tui.tui.recovering import Wanted
from netto_tui.tui.standing import replica_rows
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.workline import Job, WorkLine
from netto_tui.vault.rows import ReplicaRow

if TYPE_CHECKING:
    from threading import Event

    from netto_tui.sync.events import Listener
    from netto_tui.vault.vault import Vault


class RecoveryPane(Pane):
    """Sources above, what was found or would be done below."""

    FIRST_FOCUS: ClassVar[str] = "#sources"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "Verify", id="recovery.verify", tooltip="Read every record and compare; one or all"),
        Binding("V", "verify_deep", "Verify this one deep", show=False, id="recovery.verify-deep"),
        Binding("p", "preview", "Preview", show=False, id="recovery.preview", tooltip="What a restore would do"),
        Binding("R", "restore", "Restore", id="recovery.restore", tooltip="Bring it back, after a preview"),
        Binding("s", "snapshots", "Snapshots", id="recovery.snapshots", tooltip="How things were on earlier days"),
        Binding("D", "drills", "Drills", id="recovery.drill", tooltip="Try a restore into a temporary place"),
        Binding("u", "points", "Undo", id="recovery.points", tooltip="Go back to before a restore or a decision"),
        Binding("o", "one", "Only the open conversation, or all", show=False, id="recovery.one"),
        Binding("d", "date", "As of a date, or now", show=False, id="recovery.date"),
        Binding("x", "stop", "Stop what runs", show=False, id="recovery.stop"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._wanted = Wanted("")
        self.preview: tuple[Wanted, Preview] | None = None
        self._titles: dict[str, str] = {}
        self._previewed = 0  # how many revisions were here when the preview was made
        self._idle = True  # nothing is shown but what can be done
        self._rows: list[ReplicaRow] = []

    def compose(self) -> ComposeResult:
        """Sources, choice, progress, outcome."""
        yield Sources(source_columns(self.netto.now), empty=NO_REPLICA, widget_id="sources")
        yield Static("", id="recovery-choice", classes="line", markup=False)
        yield WorkLine(id="recovery-progress")
        yield Outcome(self._title, id="outcome")

    @property
    def sources(self) -> RowList[ReplicaRow]:
        """The replicas."""
        return self.query_one("#sources", RowList)

    @property
    def outcome(self) -> Outcome:
        """What came of the last job."""
        return self.query_one(Outcome)

    @property
    def running(self) -> str:
        """The name of the job that runs; "" for none."""
        return self.query_one(WorkLine).running if self.is_attached else ""

    def _title(self, conversation: str) -> str:
        row = self.netto.reader.conversation(conversation) if self.netto.reader else None
        return row.title if row else self._titles.get(conversation, "")

    def read(self) -> None:
        """Read the replicas."""
        reader, vault = self.netto.reader, self.netto.vault
        if reader is None or vault is None:
            return
        self._rows = replica_rows(vault, reader)
        if self.preview is not None and reader.totals().revisions != self._previewed:
            self._forget("The vault changed since that preview. p makes it anew.")
        here = self.sources.selected
        self.sources.show(
            listed(self._rows), len(self._rows), keep=lambda row: here is not None and row.name == here.name
        )
        self._tell_choice()
        if self._idle:
            self._rest()

    def _rest(self) -> None:
        """Say what can be done here."""
        self._idle = True
        reader = self.netto.reader
        names = [row.name for row in self._rows]
        drills = drill_words(names, last_drills(reader), self.netto.now()) if reader is not None else ""
        self.outcome.show_text(hint_lines(drills))

    def tick(self) -> None:
        """Let ages grow."""
        self.sources.refresh()

    def point_at(self, replica: str) -> None:
        """Choose a replica."""
        self.query_one(Sources).point_at(replica)

    # What is wanted

    @property
    def wanted(self) -> Wanted:
        """What would be brought back, from the replica under the cursor."""
        row = self.sources.selected
        if row is None or row.name == self._wanted.source:
            return self._wanted
        return replace(self._wanted, source=row.name, as_of=self._wanted.as_of if row.kind in HISTORIC else None)

    @on(RowList.Moved, "#sources")
    def _moved(self) -> None:
        if self.wanted != self._wanted:
            self.want(self.wanted)
        self.refresh_bindings()

    def want(self, wanted: Wanted) -> None:
        """Take another choice of what is to come back; a preview of something else is forgotten."""
        self._wanted = wanted
        if self.preview is not None and self.preview[0] != wanted:
            self._forget()
        self._tell_choice()
        self.refresh_bindings()

    def _forget(self, why: str = "") -> None:
        self.preview = None
        if why:
            self.outcome.show_text(Content.styled(why, "$text-warning"))
        else:
            self._rest()
        self.refresh_bindings()

    def _tell_choice(self) -> None:
        if (vault := self.netto.vault) is not None:
            line = choice_line(self.wanted, self._title, vault.zone)
            self.query_one("#recovery-choice", Static).update(line)

    # Jobs

    def _begin(self, name: str, of: str, job: Job, about: object = None) -> None:
        self.query_one(WorkLine).begin(name, of, job, about)
        self.refresh_bindings()

    @on(WorkLine.Ended)
    def _ended(self, message: WorkLine.Ended) -> None:
        message.stop()
        self._idle = False
        if message.error is not None:
            self.outcome.show_text(error_lines(message.error))
        else:
            self._finished(message.result, message.about)
        if message.name == "restoring":
            self.netto.reopen()
        self.refresh_bindings()

    def _finished(self, result: object, about: object) -> None:
        match result:
            case Verdict():
                self.preview = None
                self.outcome.show_verdict(result)
            case Preview() if about != self.wanted:
                self._forget("The choice changed while that was read. p makes the preview anew.")
            case Preview():
                self.preview = (self.wanted, result)
                self._previewed = self.netto.reader.totals().revisions if self.netto.reader else 0
                self._titles.update((item.conversation, item.title) for item in result.items)
                self.outcome.show_preview(result)
                self._tell_choice()
            case RestoreReport() if (vault := self.netto.vault) is not None:
                self.preview = None
                self.outcome.show_text(restored_lines(result, vault.zone))
                self.netto.notify(f"Restored from {result.source}: {many(result.added, 'revision')} came back.")

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        busy = ("preview", "verify", "verify_deep", "restore", "snapshots", "date", "drills", "one", "points")
        if action in busy and self.running:
            return f"Wait: {self.running} is running. esc stops it."
        if action in busy and action != "points" and not self._rows:
            return NO_REPLICA
        row = self.sources.selected if self.is_attached else None
        match action:
            case "restore" if self.preview is None:
                return "See first what it would do: press p."
            case "restore" if self.preview is not None and not self.preview[1].revisions:
                return "There is nothing to bring back: everything there is here."
            case "date" | "snapshots" if row is not None and row.kind not in HISTORIC:
                return f"{safe_line(row.name)} keeps no history; a Git or GitHub replica does."
            case "stop" if not self.running:
                return "Nothing is running."
        return ""

    @work
    async def action_verify(self) -> None:
        """Ask what to verify, and how."""
        if (chosen := await ask_what_to_verify(self.netto, self.wanted.source)) is not None:
            self._verify(chosen[0], deep=chosen[1])

    def action_verify_deep(self) -> None:
        """Verify the chosen replica with all that belongs to it."""
        self._verify((self.wanted.source,), deep=True)

    def _verify(self, names: Sequence[str], *, deep: bool) -> None:
        of = ", ".join(names) or "all replicas"
        self._begin("verifying", of, partial(recovering.run_verify, names, deep))

    def action_preview(self) -> None:
        """Count what a restore would do."""
        wanted = self.wanted
        self._begin("reading", wanted.source, partial(recovering.run_preview, wanted), wanted)

    @on(RowList.Chosen, "#sources")
    def _chosen(self) -> None:
        if reason := self.why_not("preview"):
            self.netto.notify(reason, severity="warning")
        else:
            self.action_preview()

    @on(Outcome.Changed)
    def _choice_changed(self) -> None:
        self.refresh_bindings()

    @work
    async def action_restore(self) -> None:
        """Ask, for a whole vault by the word, then restore all that was previewed, or what was chosen of it."""
        if self.preview is None:
            return
        wanted, preview = self.preview
        wanted = replace(wanted, only=self.outcome.chosen_in_order or wanted.only)
        if await ask_to_restore(self.netto, wanted, preview):
            self._begin("restoring", wanted.source, partial(self._restore, wanted))

    def _restore(self, wanted: Wanted, vault: Vault, listener: Listener, cancel: Event) -> RestoreReport:
        self.netto.end_sync()
        return recovering.run_restore(wanted, vault, listener, cancel)

    @on(Outcome.Opened)
    def _opened(self, message: Outcome.Opened) -> None:
        """Show what differs between here and there."""
        message.stop()
        row = message.row
        if not row.conversation:
            self.netto.notify("This is no conversation, so there is nothing to compare.", severity="warning")
            return
        from netto_tui.tui.screens.difference import DifferenceScreen

        wanted = self.wanted
        if isinstance(row, Find) and row.store != LOCAL:
            wanted = Wanted(row.store)
        there = f"on {wanted.source}" + ("" if wanted.as_of is None else " then")
        title = self._title(row.conversation) or row.conversation
        compare = partial(recovering.run_compare, wanted, row.conversation)
        self.app.push_screen(DifferenceScreen(title, (there, "here"), compare))

    @work
    async def action_snapshots(self) -> None:
        """List the earlier states of the replica; what is to come back from one is previewed here."""
        from netto_tui.tui.screens.snapshots import SnapshotsScreen

        wanted = await self.app.push_screen_wait(SnapshotsScreen(self.wanted.source))
        if wanted is not None:
            self.want(wanted)
            self.action_preview()

    @work
    async def action_drills(self) -> None:
        """Show the drills so far, and try more."""
        from netto_tui.tui.screens.drills import DrillsScreen

        await self.app.push_screen_wait(DrillsScreen([row.name for row in self._rows], self.wanted.source))
        if self._idle:
            self._rest()

    def action_one(self) -> None:
        """One conversation, or all of them again."""
        from netto_tui.tui.panes.browse import BrowsePane

        row = self.netto.main.query_one(BrowsePane).conversation
        if row is None and not self.wanted.only:
            self.netto.notify("Open a conversation in Browse first (1), then come back.", severity="warning")
        else:
            only = () if self.wanted.only or row is None else (row.conversation,)
            self.want(replace(self.wanted, only=only))

    @work
    async def action_date(self) -> None:
        """Ask for a date; nothing means now."""
        if (chosen := await ask_for_date(self.netto)) is not None:
            self.want(replace(self.wanted, as_of=chosen[0]))

    def action_points(self) -> None:
        """Show the undo points."""
        from netto_tui.tui.screens.points import open_points

        open_points(self.netto)

    def action_stop(self) -> None:
        """Stop the job; the vault is as it was."""
        self.query_one(WorkLine).stop()
        self.netto.notify("Stopping.")

    def copied_text(self) -> str:
        """What came of the last job."""
        return self.outcome.copied_text()

    def leave_state(self) -> bool:
        """Stop a job, else forget what came of it, else the choice."""
        if self.running:
            self.action_stop()
        elif not self._idle:
            self._forget()
            self.screen.set_focus(self.sources)
        elif self.wanted.only or self.wanted.as_of is not None:
            self.want(Wanted(self.wanted.source))
        else:
            return False
        return True

"""Recovery: choose a source, verify it, see what a restore would do, then restore by typing the word."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from netto_tui.errors import NettoError, UsageError
from netto_tui.plural import many
from netto_tui.recovery.drill import DrillReport
from netto_tui.recovery.preview import Preview, PreviewItem
from netto_tui.recovery.restore import RestoreReport
from netto_tui.recovery.verify import Verdict
from netto_tui.security.display import safe_line
from netto_tui.tui import crash, messages, recovering, wording
from netto_tui.tui.bridge import Bridge
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.recovery_words import (
    drill_lines,
    item_columns,
    preview_lines,
    restored_lines,
    source_columns,
    verdict_lines,
)
from netto_tui.tui.recovering import Wanted
from netto_tui.tui.standing import replica_rows
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.rows import ReplicaRow
from netto_tui.vault.vault import Vault


class RecoveryPane(Pane):
    """Sources above, what was found or would be done below."""

    FIRST_FOCUS: ClassVar[str] = "#sources"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p", "preview", "Preview", id="recovery.preview", tooltip="What a restore would do; nothing is written"
        ),
        Binding("v", "verify(False)", "Verify", id="recovery.verify", tooltip="Read every record there and compare"),
        Binding(
            "V",
            "verify(True)",
            "Verify deep",
            show=False,
            id="recovery.verify-deep",
            tooltip="Also blobs, index, history",
        ),
        Binding("o", "one", "Scope", id="recovery.one", tooltip="Only the conversation that is open in Browse, or all"),
        Binding("d", "date", "Date", id="recovery.date", tooltip="How things were on a date (Git replicas)"),
        Binding("R", "restore", "Restore", id="recovery.restore"),
        Binding("D", "drill", "Drill", show=False, id="recovery.drill", tooltip="Try a restore into a temporary place"),
        Binding("u", "points", "Undo points", show=False, id="recovery.points"),
        Binding("x", "stop", "Stop", show=False, id="recovery.stop"),
    ]

    @dataclass
    class Finished(Message):
        """A job ended well; wanted: what was chosen when it began."""

        result: Verdict | Preview | RestoreReport | DrillReport
        wanted: Wanted

    @dataclass
    class Failed(Message):
        """A job did not end well; nothing is lost."""

        error: NettoError
        reopen: bool

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.wanted = Wanted("")
        self.title_text = ""
        self.preview: tuple[Wanted, Preview] | None = None
        self._previewed = 0  # how many revisions were here when the preview was made
        self.running = ""
        self._cancel = threading.Event()
        self._rows: list[ReplicaRow] = []

    def compose(self) -> ComposeResult:
        """Sources, choice, progress, outcome, items."""
        yield RowList(
            source_columns(self.netto.now),
            empty="There is no replica to restore from. Add one: netto-tui init --replica NAME=KIND:TARGET",
            widget_id="sources",
        )
        yield Static("", id="recovery-choice", classes="line", markup=False)
        yield ProgressLine(id="recovery-progress")
        with VerticalScroll(id="recovery-outcome", can_focus=False):
            yield Static("", id="recovery-text", markup=False)
        yield RowList(item_columns(self._title), empty="", headings=False, widget_id="recovery-items")

    @property
    def sources(self) -> RowList[ReplicaRow]:
        """The replicas."""
        return self.query_one("#sources", RowList)

    def _title(self, item: PreviewItem) -> str:
        row = self.netto.reader.conversation(item.conversation) if self.netto.reader else None
        return row.title if row and row.title else item.conversation

    def read(self) -> None:
        """Read the replicas."""
        reader, vault = self.netto.reader, self.netto.vault
        if reader is not None and vault is not None:
            self._rows = replica_rows(vault, reader)
            if self.preview is not None and reader.totals().revisions != self._previewed:
                self._forget("The vault changed since that preview. p makes it anew.")
            here = self.sources.selected
            self.sources.show(
                listed(self._rows), len(self._rows), keep=lambda row: here is not None and row.name == here.name
            )
            self._tell_choice()

    def tick(self) -> None:
        """Let ages grow."""
        self.sources.refresh()

    @on(RowList.Moved, "#sources")
    def _moved(self) -> None:
        row = self.sources.selected
        if row is not None and row.name != self.wanted.source:
            self._want(replace(self.wanted, source=row.name, as_of=self.wanted.as_of if row.kind == "git" else ""))

    def _want(self, wanted: Wanted) -> None:
        self.wanted = wanted
        if self.preview is not None and self.preview[0] != wanted:
            self._forget()
        self._tell_choice()
        self.refresh_bindings()

    def _forget(self, why: str = "") -> None:
        self.preview = None
        self._show(Content.styled(why, "$text-warning"), [])
        self.refresh_bindings()

    def _tell_choice(self) -> None:
        what = (
            f"one conversation: {safe_line(self.title_text, 60) or 'untitled'}"
            if self.wanted.conversation
            else "the whole vault"
        )
        when = f"as of {self.wanted.as_of}" if self.wanted.as_of else "as it is there now"
        line = Content.assemble(
            ("Restore ", "$foreground-muted"),
            (what, "bold"),
            (f" from {self.wanted.source or '—'}, ", "$foreground-muted"),
            (when, "bold"),
        )
        if self.size.width >= 100:
            hint = "R restores it" if self.preview else "p shows what it would do; nothing is written"
            line += Content.styled(f"   {hint}", "$faint")
        self.query_one("#recovery-choice", Static).update(line)

    def _show(self, text: Content, items: list[PreviewItem]) -> None:
        self.query_one("#recovery-text", Static).update(text)
        self.query_one("#recovery-items", RowList).show(listed(items), len(items))

    # Jobs

    def _begin(self, name: str, job: Callable[[Vault, Bridge, threading.Event], Any]) -> None:
        self.running = name
        self._cancel.clear()
        self.query_one(ProgressLine).move(f"{name} {self.wanted.source}", 0, 0, self.netto.now())
        self.refresh_bindings()
        self._work(job, self.wanted)

    @work(thread=True, exit_on_error=False, group="recovery", description="Verify or restore")
    def _work(self, job: Callable[[Vault, Bridge, threading.Event], Any], wanted: Wanted) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            self.post_message(self.Finished(job(vault, Bridge(self.post_message), self._cancel), wanted))
        except Exception as error:  # whatever it is, the screen has to say that the job ended
            found = crash.in_words(error, self.netto.vault_path)
            self.post_message(self.Failed(found, self.running == "restoring"))

    @on(messages.ProgressMoved)
    def _progressed(self, message: messages.ProgressMoved) -> None:
        message.stop()
        if self.running:
            what = wording.step_words(message.step, message.replica or "this device")
            self.query_one(ProgressLine).move(what, message.done, message.total, self.netto.now())

    def _ended(self) -> None:
        self.running = ""
        self.query_one(ProgressLine).finish()
        self.refresh_bindings()

    @on(Finished)
    def _finished(self, message: Finished) -> None:
        self._ended()
        match message.result:
            case Verdict() as verdict:
                self._show(verdict_lines(verdict), [])
            case Preview() if message.wanted != self.wanted:
                self._forget("The choice changed while that was read. p makes the preview anew.")
            case Preview() as preview:
                self.preview = (self.wanted, preview)
                self._previewed = self.netto.reader.totals().revisions if self.netto.reader else 0
                self._show(preview_lines(preview), preview.items)
                self._tell_choice()
            case DrillReport() as report:
                self._show(drill_lines(report), [])
            case RestoreReport() as report:
                self.preview = None
                self._show(restored_lines(report), [])
                self.netto.notify(f"Restored from {report.source}: {many(report.added, 'revision')} came back.")
                self.netto.reopen()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._ended()
        what = Content.styled(f"✗ {safe_line(message.error.message, 400)}", "$text-error")
        self._show(what + Content(f"\n{safe_line(message.error.remedy, 400)}"), [])
        if message.reopen:
            self.netto.reopen()

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action is not possible now."""
        if action in ("preview", "verify", "restore", "date", "drill", "one"):
            if self.running:
                return f"Wait: {self.running} is running. x stops it."
            if not self._rows:
                return "There is no replica. Add one: netto-tui init --replica NAME=KIND:TARGET"
        row = self.sources.selected
        match action:
            case "restore" if self.preview is None:
                return "See first what it would do: press p."
            case "restore" if self.preview is not None and not self.preview[1].revisions:
                return "There is nothing to bring back: everything there is here."
            case "date" if row is not None and row.kind not in ("git", "github"):
                return f"{row.name} keeps no history; a date needs a Git replica."
            case "stop" if not self.running:
                return "Nothing is running."
        return ""

    def action_verify(self, deep: bool) -> None:
        """Read everything in the chosen replica and compare."""
        name = self.wanted.source
        self._begin("verifying", lambda vault, bridge, cancel: recovering.run_verify(vault, name, deep, bridge, cancel))

    def action_preview(self) -> None:
        """Count what a restore would do."""
        wanted = self.wanted
        self._begin("reading", lambda vault, bridge, cancel: recovering.run_preview(vault, wanted, cancel))

    @on(RowList.Chosen, "#sources")
    def _chosen(self) -> None:
        if reason := self.why_not("preview"):
            self.netto.notify(reason, severity="warning")
        else:
            self.action_preview()

    def action_drill(self) -> None:
        """Try a restore into a temporary place."""
        name = self.wanted.source
        self._begin("drilling", lambda vault, bridge, cancel: recovering.run_drill(vault, name, bridge, cancel))

    @work
    async def action_restore(self) -> None:
        """Ask for the word, then restore."""
        if self.preview is None:
            return
        from netto_tui.tui.screens.confirm import ConfirmScreen

        wanted, preview = self.preview
        text = preview_lines(preview) + Content(
            "\n\nFirst an undo point, then everything is put together beside the vault, read back and compared,\n"
            "and only then exchanged. What is only on this device stays."
        )
        if await self.app.push_screen_wait(ConfirmScreen(f"Restore from {wanted.source}?", text, "", word="RESTORE")):
            self._begin("restoring", lambda *given: self._restore(wanted, *given))

    def _restore(self, wanted: Wanted, vault: Vault, bridge: Bridge, cancel: threading.Event) -> RestoreReport:
        self.netto.end_sync()
        return recovering.run_restore(vault, wanted, bridge, cancel)

    def action_one(self) -> None:
        """One conversation, or all of them again."""
        from netto_tui.tui.panes.browse import BrowsePane

        row = self.netto.main.query_one(BrowsePane).conversation
        if row is None and not self.wanted.conversation:
            self.netto.notify("Open a conversation in Browse first (1), then come back.", severity="warning")
        elif self.wanted.conversation or row is None:
            self.title_text = ""
            self._want(replace(self.wanted, conversation=""))
        else:
            self.title_text = row.title
            self._want(replace(self.wanted, conversation=row.conversation))

    @work
    async def action_date(self) -> None:
        """Ask for a date; nothing means now."""
        from netto_tui.tui.screens.ask import AskScreen

        vault = self.netto.vault
        if vault is None:
            return
        answer = await self.app.push_screen_wait(
            AskScreen("As of which date?", "2026-11-20, yesterday, last week; empty is now", self.wanted.as_of)
        )
        if answer is not None:
            try:
                recovering.as_of_ms(vault, answer.strip())
            except UsageError as error:
                self.netto.notify(str(error), severity="warning")
            else:
                self._want(replace(self.wanted, as_of=answer.strip()))

    def action_points(self) -> None:
        """Show the undo points."""
        from netto_tui.tui.screens.points import open_points

        open_points(self.netto)

    def action_stop(self) -> None:
        """Stop the job; the vault is as it was."""
        self._cancel.set()
        self.netto.notify("Stopping.")

    def leave_state(self) -> bool:
        """Stop a job, else forget the preview, else the choice."""
        if self.running:
            self.action_stop()
        elif self.preview is not None:
            self._forget()
            self._tell_choice()
        elif self.wanted.conversation or self.wanted.as_of:
            self._want(Wanted(self.wanted.source))
        else:
            return False
        return True

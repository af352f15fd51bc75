"""A snapshot, read in the same way as the vault itself: dates, list, text, search; nothing in it can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from netto_tui.recovery.snapshots import Snapshot
from netto_tui.security.display import safe_line
from netto_tui.tui import messages, wording
from netto_tui.tui.inquiry import Inquiry
from netto_tui.tui.instead import Instead
from netto_tui.tui.panes.base import Elsewhere
from netto_tui.tui.panes.browse import OFFERS, BrowsePane
from netto_tui.tui.recovering import Wanted
from netto_tui.tui.screens.task import TaskScreen
from netto_tui.tui.widgets.actionline import Offer
from netto_tui.tui.widgets.keyline import KeyLine
from netto_tui.vault.vault import Vault

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

READ_ONLY = "This is a snapshot: it can be read, searched and copied, and nothing in it changes. R brings it back."


SINCE = "What changed between the snapshot and now"
BACK = "Bring this conversation back, after a preview"


READS = frozenset(("tree", "next_match", "list_width", "drop_filter", "jump", "mark", "export", "copy_link"))
"""The actions of Browse that only read what is shown."""


class SnapshotPane(BrowsePane):
    """Browse, over a snapshot."""

    OFFERED: ClassVar[Sequence[Offer]] = [offer for offer in OFFERS if offer.action in READS]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "screen.restore", "Bring back", id="snapshot.restore", tooltip=BACK),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What changes things is not among the keys here."""
        return super().check_action(action, parameters) if action in READS else False

    @classmethod
    def writing_keys(cls) -> set[str]:
        """The keys of Browse that change something."""
        bindings = [each for kind in cls.__mro__ for each in vars(kind).get("BINDINGS", ())]
        return {
            key
            for each in bindings
            if isinstance(each, Binding) and each.action.partition("(")[0] not in (*READS, "screen.restore")
            for key in each.key.split(",")
        }


class SnapshotScreen(TaskScreen[Wanted | None], Elsewhere):
    """Browse over a snapshot, below a bar that says so; its result is what is to be brought back, None for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False, id="snapshot.leave"),  # the bar says so
        Binding("slash", "search", "Search", key_display="/", id="snapshot.search", priority=True),
        # Priority: in Browse this letter deletes.
        Binding("D", "differences", "Diff", id="snapshot.differences", priority=True, tooltip=SINCE),
        Binding("z", "zoom", "Maximise", show=False, id="snapshot.maximise"),
    ]

    def __init__(self, source: str, snapshot: Snapshot, vault: Vault) -> None:
        super().__init__()
        self.source = source
        self.snapshot = snapshot
        self._vault = vault
        self._reader = vault.reader()
        self._inquiry: Inquiry | None = None
        self._elsewhere: NettoApp | None = None

    def compose(self) -> ComposeResult:
        """The bar above Browse."""
        moment = wording.moment(self.snapshot.at, self._vault.zone)
        by = safe_line(self.snapshot.by, 30) or "somebody"
        yield Static(
            Content.assemble(
                (f" SNAPSHOT of {moment} ", "bold"),
                f"· {safe_line(self.source, 30)} · by {by} · read only · esc leaves ",
            ),
            id="snapshot-bar",
            markup=False,
        )
        yield SnapshotPane(id="browse")
        yield KeyLine()

    @property
    def pane(self) -> SnapshotPane:
        """What is read."""
        return self.query_one(SnapshotPane)

    @property
    def elsewhere(self) -> NettoApp:
        """The app, with the snapshot in the place of its vault, and no replica."""
        if self._elsewhere is None:
            self._inquiry = Inquiry(self._vault.reader, self.post_message)
            main = Instead(self.app.screen_stack[0], header=Instead(None, replicas=()))
            found = Instead(
                self.app, vault=self._vault, reader=self._reader, inquiry=self._inquiry, worker=None, main=main
            )
            self._elsewhere = cast("NettoApp", found)
        return self._elsewhere

    def on_mount(self) -> None:
        """Begin to read."""
        self.pane.enter()

    def on_unmount(self) -> None:
        """Let go of the snapshot."""
        if self._inquiry is not None:
            self._inquiry.close()
        self._reader.close()

    @on(messages.Answered)
    def _answered(self, message: messages.Answered) -> None:
        message.stop()
        if self.is_attached:
            self.pane.take(message)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a line of text a letter is a letter."""
        return not (action in ("search", "differences") and isinstance(self.focused, Input))

    def on_key(self, event: events.Key) -> None:
        """Say why a key of Browse does nothing here."""
        if event.key in self.pane.writing_keys() - self.active_bindings.keys() and not isinstance(self.focused, Input):
            event.stop()
            self.notify(READ_ONLY, severity="warning")

    def action_search(self) -> None:
        """Put the cursor into the search line."""
        self.pane.search()

    def action_differences(self) -> None:
        """Show what differs between the snapshot and now."""
        from netto_tui.tui.screens.differences import DifferencesScreen

        self.app.push_screen(DifferencesScreen(self.source, self.snapshot, self._vault), self._take)

    def _take(self, wanted: Wanted | None) -> None:
        if wanted is not None:
            self.dismiss(wanted)

    def action_restore(self) -> None:
        """Bring back the conversation that is read, or under the cursor; the preview comes first."""
        row = self.pane.conversation
        if row is None:
            self.notify("There is no conversation under the cursor.", severity="warning")
        else:
            self.dismiss(Wanted(self.source, (row.conversation,), self.snapshot.moment))

    def action_zoom(self) -> None:
        """Give the focused thing the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def copied_text(self) -> str:
        """The selection, else the message or the title under the cursor."""
        return self.get_selected_text() or self.pane.copied_text()

    def action_leave(self) -> None:
        """Leave the innermost transient state, else the snapshot."""
        if self.maximized is not None:
            self.minimize()
        elif self.get_selected_text():
            self.clear_selection()
        elif not self.pane.leave_state():
            self.dismiss(None)

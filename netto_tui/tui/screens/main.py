"""The one screen: a line of sections, the section in front, a line of keys."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input

from netto_tui.plural import many
from netto_tui.tui import messages, opening, preferences, wording
from netto_tui.tui.panes.base import Copyable, Pane, Reasoned, Rereading, netto_of
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.widgets.header import SECTIONS, Header
from netto_tui.tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from netto_tui.errors import NettoError
    from netto_tui.sync.events import SyncEvent
    from netto_tui.tui.app import NettoApp


class MainScreen(Screen[None]):
    """Sections in a switcher; each is made when it is first shown."""

    AUTO_FOCUS = "#list"  # until there is a vault: the search line would swallow every key

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "section(1)", "Next section", show=False, id="app.next-section"),
        Binding("left_square_bracket", "section(-1)", "Previous section", show=False, id="app.previous-section"),
        Binding("1", "open_section('browse')", "Browse", show=False, id="app.browse"),
        Binding("2", "open_section('sync')", "Sync", show=False, id="app.sync"),
        Binding("3", "open_section('conflicts')", "Conflicts", show=False, id="app.conflicts"),
        Binding("4", "open_section('recovery')", "Recovery", show=False, id="app.recovery"),
        Binding("5", "open_section('health')", "Health", show=False, id="app.health"),
        # Priority: what is typed right after it has to find the search line in focus already.
        Binding("slash", "search", "Search", key_display="/", id="app.search", priority=True),
        Binding("S", "sync_now", "Sync", id="app.sync-now", tooltip="Sync with every replica now"),
        Binding("A", "add_replica", "Add a replica", show=False, id="app.add-replica"),
        Binding("I", "bring_in", "Bring conversations in", show=False, id="app.import"),
        Binding("comma", "themes", "Themes", show=False, id="app.themes"),
        Binding("y", "copy", "Copy", show=False, id="app.copy"),
        Binding("z", "zoom", "Maximise", show=False, id="app.maximise"),
        Binding("escape", "leave", "Back", show=False, id="app.leave"),
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.progress: dict[str, messages.ProgressMoved] = {}
        self._settings = 0
        self._alerts: set[str] = set()

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

    def compose(self) -> ComposeResult:
        """The lines above and below, and the first section."""
        yield Header(id="header")
        with ContentSwitcher(initial="browse", id="sections"):
            yield BrowsePane(id="browse")
        yield KeyLine()

    @property
    def header(self) -> Header:
        """The first line."""
        return self.query_one("#header", Header)

    @property
    def pane(self) -> Pane:
        """The section in front."""
        shown = self.query_one("#sections", ContentSwitcher).visible_content
        assert isinstance(shown, Pane)  # noqa: S101  # only sections are put there
        return shown

    @property
    def is_filled(self) -> bool:
        """Whether Browse has shown an answer of the index since the app began."""
        return self.query_one(BrowsePane).is_filled

    # What the app tells

    def vault_opened(self) -> None:
        """Fill the header and the section in front; the others when they are shown."""
        self.header.fault = ""
        self.header.reread()
        for pane in self.query(Pane):
            pane.stale = True
        focused = self.focused if self.is_filled else None
        self.pane.enter()
        if focused is not None:  # opened anew: a person may be reading
            self.set_focus(focused)

    def index_rebuilding(self) -> None:
        """Say why opening takes longer than usual."""
        self.query_one(BrowsePane).refuse(
            "Making a new index from the files of the vault. Nothing is lost; a large vault takes a few minutes."
        )

    def vault_refused(self, error: Exception) -> None:
        """Say why there is no vault."""
        browse = self.query_one(BrowsePane)
        browse.refuse(str(error))

    def vault_lost(self, error: NettoError) -> None:
        """Say everywhere that the vault's folder is gone."""
        self.header.fault = "no vault"
        self.header.conflicts = 0
        for pane in self.query(Pane):
            pane.stale = True
        self.query_one(BrowsePane).refuse(str(error))
        self.netto.notify(str(error), severity="error", timeout=60)

    def vault_changed(self) -> None:
        """Read what is visible again, the rest when it is shown."""
        self.header.reread()
        for pane in self.query(Pane):
            pane.stale = True
        self.pane.stale = False
        self.pane.read()
        for screen in self.app.screen_stack:
            if isinstance(screen, Rereading):
                screen.reread()

    def answered(self, answer: messages.Answered) -> None:
        """Hand an answer of the index to who asked."""
        self.query_one(BrowsePane).take(answer)

    def tick(self) -> None:
        """Let ages grow, and follow the settings."""
        self.header.now_ms = self.netto.now()
        self.pane.tick()
        if (stamp := _settings_stamp(self.netto.vault_path)) != self._settings:
            self._settings = stamp
            self._follow_settings()
            self.header.reread()
            self.pane.read()

    def _follow_settings(self) -> None:
        """Take the theme and the keys that the settings name now."""
        wished = preferences.read(self.netto.vault_path)
        if wished != self.netto.preferences:
            self.netto.prefer(wished)
        if wished.theme and wished.theme != self.netto.theme:
            self.notify(f"There is no theme “{wished.theme}”. Press , to choose one.", severity="warning")
        if wished.keys:
            self._check_keys(wished.keys)

    @work(thread=True, exit_on_error=False, exclusive=True, group="keys", description="Look at the keys that were set")
    def _check_keys(self, keys: Mapping[str, str]) -> None:
        from netto_tui.tui.bindings import faults  # it looks at every screen

        if said := [f"“{fault.id}” {fault.words}." for fault in faults(keys)]:
            self.post_message(messages.KeysFaulty(said))

    @on(messages.KeysFaulty)
    def _tell_keys(self, message: messages.KeysFaulty) -> None:
        said = message.faults
        more = f" And {many(len(said) - 2, 'more')}." if len(said) > 2 else ""
        text = f"{' '.join(said[:2])}{more} All keys: netto-tui bindings"
        self.notify(text, title="[keys] in the settings", severity="warning", timeout=20)

    def sync_told(self, message: messages.SyncTold) -> None:
        """Show what sync does, here and in the section that shows all of it."""
        match message:
            case messages.PassFinished(report=report):
                self.progress.pop(report.name, None)
                self.header.reread()
            case messages.ProgressMoved(replica=replica):
                self.progress[replica] = message
            case messages.PassStarted(replica=replica):
                self.progress[replica] = messages.ProgressMoved(replica, "pull", 0, 0)
            case messages.Happened(event=event):
                self._alert(event)
        self.header.activity = self._activity()
        for pane in self.query(Pane):
            pane.sync_told(message)

    def _alert(self, event: SyncEvent) -> None:
        """Tell what a person has to know, once."""
        from netto_tui.sync.events import Alerted

        if isinstance(event, Alerted) and event.text not in self._alerts:
            self._alerts.add(event.text)
            self.notify(event.text, title=event.replica, severity="warning", timeout=15)

    def _activity(self) -> str:
        for moved in self.progress.values():
            share = f" {moved.done}/{moved.total}" if moved.total else ""
            return wording.step_words(moved.step, moved.replica) + share
        return ""

    # Actions

    @on(messages.SectionChosen)
    async def _section_chosen(self, message: messages.SectionChosen) -> None:
        await self.action_open_section(message.section)
        if message.about:
            self.pane.point_at(message.about)

    async def action_section(self, by: int) -> None:
        """Go to the next or the previous section."""
        names = list(SECTIONS)
        await self.action_open_section(names[(names.index(self.header.section) + by) % len(names)])

    async def action_open_section(self, name: str) -> None:
        """Bring a section to the front, making it the first time."""
        switcher = self.query_one("#sections", ContentSwitcher)
        if self.maximized is not None:
            self.minimize()
        if not switcher.query(f"#{name}"):
            module: Any = import_module(f"netto_tui.tui.panes.{name}")
            pane: Pane = getattr(module, f"{SECTIONS[name]}Pane")(id=name)
            pane.display = False
            await switcher.mount(pane)
        switcher.current = name
        self.header.section = name
        if self.netto.reader is not None:
            self.pane.enter()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a line of text a slash is a slash."""
        return not (action == "search" and isinstance(self.focused, Input))

    async def action_search(self) -> None:
        """Put the cursor into the search line."""
        await self.action_open_section("browse")
        self.query_one(BrowsePane).search()

    async def open_conversation(self, conversation: str, item: str = "") -> None:
        """Read one conversation, at one of its messages if that is named."""
        await self.action_open_section("browse")
        self.query_one(BrowsePane).open_conversation(conversation, item)

    def action_sync_now(self) -> None:
        """Start a pass over every replica."""
        worker = self.netto.worker
        if (reason := self.why_no_sync()) or worker is None:
            self.notify(reason, severity="warning")
        elif not self.header.replicas:
            self.notify("There is no replica yet. A adds one.")
        else:
            worker.sync_now()
            self.notify("Syncing with every replica.")

    def action_add_replica(self) -> None:
        """Add a replica, step by step."""
        opening.open_setup(self.netto)

    def action_bring_in(self) -> None:
        """Find conversations on this machine and bring them in."""
        opening.open_import(self.netto)

    def action_themes(self) -> None:
        """Choose how the app looks."""
        opening.open_themes(self.netto)

    def why_no_sync(self) -> str:
        """Why no pass can begin from here; "" when it can."""
        from netto_tui.config import load
        from netto_tui.errors import UsageError

        worker, vault = self.netto.worker, self.netto.vault
        if worker is None or vault is None:
            return "Sync is not running in this app."
        if worker.busy.startswith("another process"):
            return "Another process syncs this vault already. Sync there, or end it."
        try:
            load(vault.path / "config.toml")
        except UsageError as error:
            return str(error)
        return ""

    def action_copy(self) -> None:
        """Copy the selection, else what the cursor is on."""
        text = self.get_selected_text() or ""
        node = self.focused
        while not text and node is not None and node is not self:
            if isinstance(node, Copyable):
                text = node.copied_text()
            node = node.parent if isinstance(node.parent, Widget) else None
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {many(len(text), 'character')}.")
        else:
            self.notify("There is nothing to copy here.", severity="warning")

    def action_zoom(self) -> None:
        """Give the focused thing the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None and not self.maximize(self.focused):
            self.notify("This cannot be made larger.", severity="warning")

    def action_leave(self) -> None:
        """Leave the innermost transient state."""
        if self.maximized is not None:
            self.minimize()
        elif self.get_selected_text():
            self.clear_selection()
        else:
            self.pane.leave_state()

    def action_help(self) -> None:
        """Show the keys of the focused thing."""
        opening.open_help(self.netto)

    def on_key(self, event: events.Key) -> None:
        """Tell why a dimmed key does nothing."""
        tell_reason(self, event)


def tell_reason(screen: Screen[Any], event: events.Key) -> None:
    """Answer a key whose action is not possible with the reason.

    The app follows keys after this screen has seen them, so those before it come first: they may make it possible.
    """
    screen.app.call_later(_tell, screen, event.key)


def _tell(screen: Screen[Any], key: str) -> None:
    found = screen.active_bindings.get(key)
    if found is not None and not found.enabled and isinstance(found.node, Reasoned):
        action = found.binding.action.partition("(")[0].rpartition(".")[2]
        if reason := found.node.why_not(action):
            screen.notify(reason, severity="warning")


def _settings_stamp(path: Path) -> int:
    """A number that changes when the settings of the vault at a path do; 0 where there are none."""
    try:
        return (path / "config.toml").stat().st_mtime_ns
    except OSError:
        return 0

"""The first steps, from nothing to a vault that is proven: conversations, replicas, import, the first sync."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from netto_tui.capture.finding import Spot
from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.setup import beginning
from netto_tui.setup.beginning import Begun
from netto_tui.tui import crash, messages, opening
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.tui.screens.welcome_search import Search
from netto_tui.tui.screens.welcome_steps import BringStep, HelloStep, ReplicasStep, SourcesStep, Step, SyncStep
from netto_tui.tui.screens.welcome_work import Bringing, FirstSync
from netto_tui.tui.theme import STYLES
from netto_tui.tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

ORDER: tuple[str, ...] = ("hello", "sources", "replicas", "import", "sync")


class WelcomeScreen(Screen[None]):
    """The steps, one at a time. only_import: just those that bring conversations into the vault that is there."""

    CSS_PATH = STYLES / "welcome.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="welcome.back"),
        Binding("question_mark", "screen.help", "Help", key_display="?", id="welcome.help"),
    ]

    @dataclass
    class Chosen(Message):
        """What was chosen is written down, and there is a vault."""

    def __init__(self, vault_path: Path, *, only_import: bool = False) -> None:
        super().__init__()
        self.vault_path = vault_path
        self.only_import = only_import
        self._search = Search(self)
        self._hurried = False
        """Whether a person was told that the search still goes on."""
        self._bringing = Bringing(self)
        self._first_sync = FirstSync(self)

    def compose(self) -> ComposeResult:
        """Where one is, the steps, the keys."""
        yield Static(id="welcome-head", markup=False)
        with ContentSwitcher(initial="first-hello", id="welcome-stages"):
            yield HelloStep(id="first-hello")
            yield SourcesStep(id="first-sources")
            yield ReplicasStep(id="first-replicas")
            yield BringStep(id="first-import")
            yield SyncStep(id="first-sync")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin, or go on where a person left."""
        begun = beginning.load(self.vault_path)
        if self.only_import:
            self._go("sources")
        elif begun is None or not (self.vault_path / ".netto" / "vault.json").exists():
            self._say_hello()
            self._go("hello")
        else:
            self.netto.open_vault()
            self.notify("These are the first steps of your vault. They go on where you left them.")
            self._go(begun.step)

    def on_unmount(self) -> None:
        """Whatever still runs ends soon."""
        self._search.stop()
        self._bringing.stop()

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

    @property
    def stage(self) -> str:
        """The name of the step that is shown, of ORDER."""
        return (self.query_one("#welcome-stages", ContentSwitcher).current or "").removeprefix("first-")

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.query_one(f"#first-{self.stage}", Step)

    @property
    def holds_sync(self) -> bool:
        """Sync begins with its own step, when all is there; bringing in later does not hold it up."""
        return not self.only_import and self.stage != "sync"

    def _go(self, stage: str) -> None:
        """Show a step and begin what it does."""
        self.query_one("#welcome-stages", ContentSwitcher).current = f"first-{stage}"
        order = ("hello", "sources", "import") if self.only_import else ORDER
        head = Content.styled(" netto ", "bold $accent") + Content.styled(f" {self.step.TITLE}", "bold")
        number = f"   {order.index(stage)} of {len(order) - 1}" if stage != "hello" else ""
        place = Content.styled(number, "$foreground-muted")
        self.query_one("#welcome-head", Static).update(head + place)
        match stage:
            case "sources":
                self._search.begin()
            case "replicas":
                self._show_replicas()
            case "import":
                self._bringing.begin()
            case "sync":
                self._note(Begun("sync"))
                self._first_sync.begin()
        self.focus_step()

    def focus_step(self) -> None:
        """Put the focus where this step is answered."""
        self.set_focus(self.step.query_one(self.step.first) if self.step.first else None)

    def _note(self, begun: Begun) -> None:
        if not self.only_import:
            beginning.note(self.vault_path, begun)

    # Welcome

    def _say_hello(self) -> None:
        step, quiet = self.query_one(HelloStep), partial(Content.styled, style="$foreground-muted")
        step.say(
            Content.styled("Every conversation that you have with an AI assistant, kept for good.", "bold"),
            "They lie in several places that are proven to agree, and any of them brings all of it back.",
            "",
            "Four steps, a few minutes:",
            "  1  find the conversations on this machine; you tick what shall come",
            "  2  choose where copies lie: GitHub, Firebase, a folder, Git; or later",
            "  3  bring the conversations in; what is there is only read, never changed",
            "  4  sync them, and see the proof that every copy is whole",
            "",
            Content(f"The vault will lie in {safe_line(str(self.vault_path), 300)}"),
            quiet("Is there a vault of yours on another device? Name its replica in step 2."),
            quiet("Nothing is written before you have chosen. q leaves."),
        )
        step.offer(go="Begin", back="Leave")

    # Which conversations

    @work
    async def _ask_place(self) -> None:
        question = "Where do conversations lie?"
        said = await self.app.push_screen_wait(AskScreen(question, "a file or a folder, such as ~/Downloads/export"))
        if said and said.strip():
            self._search.look_at(Path(said.strip()).expanduser().absolute())

    @work(thread=True, exit_on_error=False, group="welcome", exclusive=True, description="Make the vault")
    def _choose(self, spots: list[Spot], ticked: set[Path]) -> None:
        chosen = [spot for spot in spots if spot.path in ticked]
        lasting = [spot.path for spot in chosen if spot.lasting]
        once = [spot.path for spot in chosen if not spot.lasting]
        after: beginning.Step = "import" if self.only_import else "replicas"
        try:
            beginning.choose(self.vault_path, lasting, once, [spot.path for spot in spots], after)
        except Exception as error:
            self.post_message(Search.Failed(crash.in_words(error, self.vault_path)))
        else:
            self.post_message(self.Chosen())

    @on(Chosen)
    def _chosen(self) -> None:
        if self.netto.vault is None:
            self.netto.open_vault()
        self._go("import" if self.only_import else "replicas")

    @on(Search.SpotFound)
    def _spot_found(self, message: Search.SpotFound) -> None:
        self._search.take(message)

    @on(Search.Looked)
    def _looked(self, message: Search.Looked) -> None:
        self._search.tell(message.place)

    @on(Search.Failed)
    def _failed(self, message: Search.Failed) -> None:
        opening.open_fault(self.netto, "This step could not be done", message.error)

    # Where copies lie

    def _show_replicas(self) -> None:
        step = self.query_one(ReplicasStep)
        try:
            there = self._first_sync.configured()
        except NettoError as error:
            opening.open_fault(self.netto, "The settings cannot be read", error)
            there = []
        lines = [f"  {safe_line(each.name, 30)}  {each.kind}" for each in there]
        if there:
            step.say("Copies will lie here, beside the vault itself:", "", *lines)
            step.offer(go="Go on", more="Another one…", back="Back")
            self.focus_step()
        else:
            step.say(
                Content.styled("A vault on one disk is lost with that disk.", "bold"),
                "Each replica is a whole copy, and any one of them restores everything.",
                "What goes there is sealed with your keys, unless you say otherwise. The first one gives you a"
                " recovery code to write down: it opens the copies elsewhere.",
                "",
                Content.styled("Later is possible too: A adds a replica at any time.", "$foreground-muted"),
            )
            step.offer(more="Add a replica…", go="Later", back="Back")

    def _add_replica(self) -> None:
        if self.netto.vault is None:
            self.notify("The vault is being opened; try again in a moment.")
            return
        opening.open_setup(self.netto, lambda _: self._show_replicas())

    # What a person answers

    @on(Step.Answered)
    async def _answered(self, message: Step.Answered) -> None:
        match (self.stage, message.choice):
            case (_, "back"):
                self.action_back()
            case ("hello", _):
                self._go("sources")
            case ("sources", "more"):
                self._ask_place()
            case ("sources", _) if self._search.runs and not self._hurried:
                self._hurried = True
                self.notify("Still looking. Wait for it, or press again to go on with what was found until now.")
            case ("sources", _):
                rows = self.query_one(SourcesStep).list
                self._choose(list(rows.spots), set(rows.ticked))
            case ("replicas", "more"):
                self._add_replica()
            case ("replicas", _):
                begun = beginning.load(self.vault_path) or Begun()
                self._note(Begun("import", begun.once))
                self._go("import")
            case ("import", "more"):
                self._bringing.begin()
            case ("import", _):
                self._after_import()
            case ("sync", "more"):
                self._first_sync.begin()
            case _:
                self.finish()

    def _after_import(self) -> None:
        self._bringing.stop()
        if self.only_import:
            self.finish()
        else:
            self._go("sync")

    def finish(self) -> None:
        """All is done, or goes on by itself."""
        beginning.finish(self.vault_path)
        self.dismiss(None)

    def action_back(self) -> None:
        """Stop what runs, else one step back; from the first one out."""
        if self._bringing.runs:
            self._bringing.stop()
        elif self.stage == "sync":
            self.notify("Sync goes on by itself; section 2 shows how far it is.")
            self.finish()
        elif self.stage == "hello" or self.only_import:
            self._search.stop()
            self.dismiss(None)
        else:
            self._go(ORDER[ORDER.index(self.stage) - 1])

    def sync_told(self, message: messages.SyncTold) -> None:
        """Show the first sync."""
        if self.stage == "sync":
            self._first_sync.told(message)

    @on(Bringing.Moved)
    def _bringing_moved(self, message: Bringing.Moved) -> None:
        self._bringing.show(message)

    @on(Bringing.Ended)
    def _bringing_ended(self, message: Bringing.Ended) -> None:
        self._bringing.show_end(message)
        self.focus_step()

    def action_help(self) -> None:
        """Show the keys of the focused thing."""
        opening.open_help(self.netto)

    def summary(self, conversations: int, messages_: int) -> str:
        """How much there is."""
        return f"{many(conversations, 'conversation')} with {many(messages_, 'message')}"

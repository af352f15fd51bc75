"""The first steps as parts of a screen: each shows one thing, and tells what a person decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from netto_tui.capture.finding import Spot
from netto_tui.model.clock import to_instant
from netto_tui.plural import number
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.tui.widgets.rowlist import RowList


class Step(Vertical):
    """One step: a text, what is special to it, and buttons. first: selector of what gets the focus."""

    TITLE: ClassVar[str] = ""
    first = ""

    @dataclass
    class Answered(Message):
        """A button was pressed; choice: `go`, `more` or `back`."""

        choice: str

    def say(self, *lines: str | Content) -> None:
        """Show lines of text above; a plain str is ours."""
        text = Content("\n").join(Content(each) if isinstance(each, str) else each for each in lines)
        self.query_one(".welcome-text", Static).update(text)

    def offer(self, **buttons: str) -> None:
        """Show these buttons only, by their ids, with these words; the first one is what most people want."""
        first = next(iter(buttons), "")
        self.first = f".welcome-{first}" if first else ""
        for button in self.query(Button):
            name = _choice(button)
            button.display = name in buttons
            button.label = buttons.get(name, "")
            button.variant = "primary" if name == first else "default"

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Answered(_choice(event.button)))


def _choice(button: Button) -> str:
    """What a button stands for: `go`, `more` or `back`."""
    return next(name.removeprefix("welcome-") for name in button.classes if name.startswith("welcome-"))


class TextStep(Step):
    """A text that may be long, a line of progress, and up to three buttons."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,down,l,j", "app.focus_next", "Next button", show=False, id="welcome.next"),
        Binding("left,up,h,k", "app.focus_previous", "Previous button", show=False, id="welcome.previous"),
        Binding("ctrl+d,pagedown", "scroll(6)", "Page down", show=False, id="welcome.page-down"),
        Binding("ctrl+u,pageup", "scroll(-6)", "Page up", show=False, id="welcome.page-up"),
    ]
    CHOICES: ClassVar[Sequence[str]] = ("go", "more", "back")

    def compose(self) -> ComposeResult:
        """The text, the progress, the buttons."""
        with VerticalScroll(classes="welcome-room", can_focus=False):
            yield Static(classes="welcome-text", markup=False)
        yield ProgressLine(id=f"{self.id}-progress")
        with Horizontal(classes="welcome-buttons"):
            for choice in self.CHOICES:
                yield Button("", classes=f"welcome-{choice}", compact=True)

    def action_scroll(self, by: int) -> None:
        """Scroll a text that is longer than the screen."""
        self.query_one(".welcome-room").scroll_relative(y=by, animate=False)

    @property
    def progress(self) -> ProgressLine:
        """How far it is."""
        return self.query_one(ProgressLine)


class HelloStep(TextStep):
    """What this is, and where it will lie."""

    TITLE = "Welcome"


class ReplicasStep(TextStep):
    """Where copies shall lie."""

    TITLE = "Where shall copies lie?"
    CHOICES = ("more", "go", "back")


class BringStep(TextStep):
    """Bringing conversations in."""

    TITLE = "Bringing them in"


class SyncStep(TextStep):
    """The first sync, and its proof."""

    TITLE = "The first sync"


class SpotList(RowList[Spot]):
    """Places on this machine with a tick each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Tick", id="welcome.tick"),
        Binding("a", "tick_all", "All or none", id="welcome.tick-all"),
        Binding("enter", "go", "Go on", id="welcome.go"),
    ]

    def __init__(self) -> None:
        self.spots: list[Spot] = []
        self.ticked: set[Path] = set()
        self.now_ms = 0
        columns: list[Column[Spot]] = [
            Column("", self._tick, 3),
            Column("Found", lambda spot: Content.styled(spot.title, "bold"), 15),
            Column("Files", lambda spot: number(spot.files), 7, align="right"),
            Column("Size", lambda spot: bytes_words(spot.bytes), 8, align="right"),
            Column("Written", self._written, 11, from_width=70),
            Column("Kept up", lambda spot: "each sync" if spot.lasting else "once", 9, from_width=90),
            Column("Where", self._where),
        ]
        super().__init__(columns, empty="Nothing yet.", widget_id="welcome-spots")

    def _tick(self, spot: Spot) -> Content:
        if not spot.readable:
            return Content.styled(" - ", "$foreground-muted")
        return Content.styled("[x]", "bold $text-success") if spot.path in self.ticked else Content("[ ]")

    def _written(self, spot: Spot) -> str:
        return wording.ago(to_instant(round(spot.newest * 1000)), self.now_ms)

    def _where(self, spot: Spot) -> str:
        place = place_words(spot.path)
        return place if spot.readable else f"not read yet  {place}"

    def take(self, spot: Spot, *, ticked: bool) -> None:
        """Show one place more."""
        self.spots.append(spot)
        if ticked and spot.readable:
            self.ticked.add(spot.path)
        self.show(listed(self.spots), len(self.spots), keep=lambda row: False)

    def action_go(self) -> None:
        """All that shall come is ticked."""
        self.post_message(self.Chosen(self, self.cursor))

    def action_choose(self) -> None:
        """A click on the row of the cursor ticks it."""
        self.action_tick()

    def action_tick(self) -> None:
        """Tick the place under the cursor, or take its tick away."""
        if (spot := self.selected) is None:
            return
        if not spot.readable:
            text = f"What {spot.title} wrote there is not read by this version. It stays where it is."
            self.notify(text, severity="warning")
            return
        self.ticked ^= {spot.path}
        self.refresh()

    def action_tick_all(self) -> None:
        """Tick all that can be read, or none."""
        there = {spot.path for spot in self.spots if spot.readable}
        self.ticked = set() if self.ticked >= there else there
        self.refresh()


class SourcesStep(Step):
    """Which conversations on this machine."""

    TITLE = "Where are your conversations?"
    first = "#welcome-spots"

    def compose(self) -> ComposeResult:
        """The text, the places, the buttons."""
        yield Static(classes="welcome-text", markup=False)
        yield SpotList()
        with Horizontal(classes="welcome-buttons"):
            yield Button("Go on", classes="welcome-go", compact=True, variant="primary")
            yield Button("Another place…", classes="welcome-more", compact=True)
            yield Button("Back", classes="welcome-back", compact=True)

    @property
    def list(self) -> SpotList:
        """The places."""
        return self.query_one(SpotList)

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        message.stop()
        self.post_message(self.Answered("go"))


def place_words(path: Path) -> str:
    """A path for people: the home folder as `~`."""
    home = Path.home()
    return safe_line(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path), 200)


def bytes_words(size: int) -> str:
    """A size for people: `412 B`, `1.2 MB`."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"

"""The steps of adding a replica as parts of a screen: each asks for one thing and tells what was answered."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from netto_tui.errors import NettoError
from netto_tui.recovery.health import Check
from netto_tui.security.display import safe_display, safe_line
from netto_tui.security.secret import Secret
from netto_tui.setup.targets import PLACES, Place
from netto_tui.setup.trial import Trial
from netto_tui.tui.widgets.columns import Column
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList

SIGNS = {"ok": "ok", "warn": "look", "bad": "BAD"}


class KindStep(Vertical):
    """What kind of place."""

    HINT = "a number or enter chooses · esc leaves"

    @dataclass
    class Chosen(Message):
        """A kind was chosen."""

        place: Place

    def compose(self) -> ComposeResult:
        """The kinds, numbered."""
        columns: list[Column[Place]] = [
            Column("", lambda place: Content.styled(str(PLACES.index(place) + 1), "$foreground-muted"), 2),
            Column("", lambda place: Content.styled(place.title, "bold"), 10),
            Column("", lambda place: Content(place.about)),
        ]
        yield RowList(columns, headings=False, widget_id="setup-kinds")

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(RowList).show(listed(list(PLACES)), len(PLACES))

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        self.post_message(self.Chosen(PLACES[message.index]))


class PlaceStep(Vertical):
    """Where exactly, and under which name."""

    HINT = "enter goes on · tab to the name · esc goes back"

    @dataclass
    class Named(Message):
        """Both lines as they were typed."""

        target: str
        name: str

    def compose(self) -> ComposeResult:
        """Two lines."""
        yield Static(id="setup-question", classes="question", markup=False)
        yield Input(id="setup-target", compact=True)
        yield Static("What shall it be called?", classes="question", markup=False)
        yield Input(id="setup-name", compact=True)
        yield Static(classes="wrong", markup=False)

    def ask(self, place: Place, name: str) -> None:
        """Ask for a place of a kind; name: the one that it gets unless a person types another."""
        self.query_one("#setup-question", Static).update(Content(place.question))
        target = self.query_one("#setup-target", Input)
        target.value, target.placeholder = "", f"such as {place.example}"
        self.query_one("#setup-name", Input).value = name
        self.refuse("")

    def refuse(self, text: str) -> None:
        """Say what is wrong with what was typed."""
        self.query_one(".wrong", Static).update(Content(safe_display(text)))

    @on(Input.Submitted)
    def _typed(self) -> None:
        target, name = (self.query_one(f"#setup-{which}", Input).value for which in ("target", "name"))
        self.post_message(self.Named(target, name.strip()))


class SecretStep(Vertical):
    """What opens the place: a token, or the path of a key file."""

    HINT = "enter tries it · esc goes back"

    @dataclass
    class Given(Message):
        """What was typed, hidden from whoever prints messages."""

        typed: Secret

    def compose(self) -> ComposeResult:
        """How to get it, and a line."""
        yield Static(id="setup-howto", classes="question", markup=False)
        yield Input(id="setup-token", compact=True)
        yield Static(classes="wrong", markup=False)

    def ask(self, howto: str, *, is_path: bool, said: str) -> None:
        """Ask for it. is_path: it is the path of a file, which may be seen. said: what was wrong with the last one."""
        self.query_one("#setup-howto", Static).update(Content(safe_display(howto)))
        field = self.query_one("#setup-token", Input)
        field.password = not is_path
        field.placeholder = (
            "path of the JSON file; what is in it is kept in the keyring"
            if is_path
            else "the token; it does not show, and is kept in the keyring"
        )
        self.clear()
        self.refuse(said)

    def refuse(self, text: str) -> None:
        """Say what is wrong with what was typed."""
        self.query_one(".wrong", Static).update(Content(safe_display(text)))

    def clear(self) -> None:
        """Forget what was typed."""
        self.query_one("#setup-token", Input).value = ""

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Given(Secret(event.value)))


class Finding(Horizontal):
    """One thing that was looked at: a word for its state, what was found, and what to do about it."""

    def __init__(self, check: Check) -> None:
        super().__init__(classes=f"-{check.state}")
        self.check = check

    def compose(self) -> ComposeResult:
        """The word, and beside it the rest, which may take several lines."""
        text = Content(safe_line(self.check.detail, 400))
        if self.check.state != "ok" and self.check.remedy:
            remedy = safe_line(self.check.remedy, 600)
            text = Content.assemble(text, "\n", (remedy, "$foreground-muted" if self.check.state == "warn" else ""))
        yield Static(SIGNS[self.check.state], classes="sign", markup=False)
        yield Static(text, classes="finding", markup=False)


class ResultStep(Vertical):
    """What runs, then what was found and a button that goes on."""

    HINT = "enter presses the button · esc goes back"

    @dataclass
    class Answered(Message):
        """A button was pressed. plain: what goes there is not to be sealed."""

        goes_on: bool
        plain: bool = False

    def compose(self) -> ComposeResult:
        """The line of what runs, the findings, the buttons."""
        yield Static(id="setup-waits", markup=False)
        yield VerticalScroll(id="setup-findings", can_focus=False)
        with Horizontal(id="setup-buttons"):
            yield Button("Add it", id="setup-go", variant="primary", compact=True)
            yield Button("Unsealed", id="setup-plain", compact=True)
            yield Button("Back", id="setup-back", compact=True)

    def wait_for(self, what: str, seconds: int) -> None:
        """Show that something runs, and for how long; "" for nothing any more."""
        line = self.query_one("#setup-waits", Static)
        line.update(Content(f"{safe_line(what, 200)}…" + (f" {seconds} s" if seconds else "")))
        line.display = bool(what)
        self.query_one("#setup-findings").display = self.query_one("#setup-buttons").display = not what

    async def show(self, found: Trial, fault: NettoError | None, button: str, *, may_be_plain: bool) -> None:
        """What stands in the way first, if anything does, then everything that was looked at."""
        self.query_one("#setup-go", Button).label = button
        self.query_one("#setup-plain").display = may_be_plain
        rows = [Finding(Check("", "bad", fault.message, fault.remedy))] if fault is not None else []
        shown = self.query_one("#setup-findings", VerticalScroll)
        await shown.remove_children()
        await shown.mount(*rows, *(Finding(check) for check in found.checks))
        shown.scroll_home(animate=False)
        self.wait_for("", 0)

    def scroll_by(self, lines: int) -> None:
        """Scroll what was found."""
        self.query_one("#setup-findings").scroll_relative(y=lines, animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Answered(event.button.id != "setup-back", event.button.id == "setup-plain"))

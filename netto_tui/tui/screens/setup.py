"""Adding a replica, step by step: what kind, where, what opens it, a trial, and in it goes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher

from netto_tui.config import load, shown
from netto_tui.errors import Denied, NettoError, UsageError, WrongTarget
from netto_tui.paths import Layout
from netto_tui.security.display import safe_line
from netto_tui.setup import targets, trial
from netto_tui.setup.adding import add
from netto_tui.setup.joining import Joined, OtherVault
from netto_tui.setup.sealing import CodeNeeded
from netto_tui.tui import crash
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.screens.codes import EnterCode, KeepCode
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.setup_steps import KindStep, PlaceStep, ResultStep, SecretStep
from netto_tui.tui.theme import STYLES

if TYPE_CHECKING:
    from netto_tui.config import ReplicaConfig
    from netto_tui.security.secret import Secret

TITLE = "Add a replica"
FIRST_FOCUS = {"setup-kind": "#setup-kinds", "setup-place": "#setup-target", "setup-secret": "#setup-token"}


class SetupScreen(ModalScreen[str | None]):
    """The steps; its result is the name of the replica that was added."""

    CSS_PATH = STYLES / "setup.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="setup.back"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        *(Binding(str(number), f"kind({number})", show=False) for number in range(1, len(targets.PLACES) + 1)),
    ]

    @dataclass
    class Tried(Message):
        """A trial ended. serial: which one. unkept: why a secret could not be kept, when one is needed."""

        serial: int
        found: trial.Trial
        unkept: NettoError | None = None

    @dataclass
    class Added(Message):
        """The replica is one of the vault's; joined is None where only its secret is new."""

        name: str
        joined: Joined | None

    @dataclass
    class Failed(Message):
        """It could not be tried or added. reopen: sync was ended for it."""

        serial: int
        error: NettoError
        reopen: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.place = targets.PLACES[0]
        self.replica: ReplicaConfig | None = None
        self.secret: Secret | None = None
        self.found = trial.Trial()
        self.waits = ""
        """What is being waited for, "" for a person."""
        self.known = False
        """Whether it is a replica already: then only its secret is new."""
        self._adding = False
        self._become = self._coded = False
        self._fault: NettoError | None = None
        self._serial = 0
        self._cancel = threading.Event()
        self._seconds = 0

    def compose(self) -> ComposeResult:
        """Every step; one is shown."""
        with Vertical(classes="modal"), ContentSwitcher(initial="setup-kind", id="setup-stages"):
            yield KindStep(id="setup-kind")
            yield PlaceStep(id="setup-place")
            yield SecretStep(id="setup-secret")
            yield ResultStep(id="setup-result")

    def on_mount(self) -> None:
        """Begin with the kinds."""
        self.set_interval(1.0, self._grow)
        self._show("setup-kind")

    def on_unmount(self) -> None:
        """Whatever still runs ends soon."""
        self._cancel.set()

    @property
    def stage(self) -> str:
        """The id of the step that is shown."""
        return self.query_one("#setup-stages", ContentSwitcher).current or ""

    def _show(self, stage: str) -> None:
        self.query_one("#setup-stages", ContentSwitcher).current = stage
        box, step = self.query_one(".modal", Vertical), self.query_one(f"#{stage}")
        box.border_title = Content(
            f"{TITLE}: {'where shall a copy lie?' if stage == 'setup-kind' else self.place.title}"
        )
        box.border_subtitle = Content("esc stops it" if self.waits else getattr(step, "HINT", ""))
        focus = FIRST_FOCUS.get(stage) or ("" if self.waits else "#setup-go")
        self.set_focus(self.query_one(focus) if focus else None)

    # What kind, where, and what opens it

    def action_kind(self, number: int) -> None:
        """Take a kind by its number, at the first step."""
        if self.stage == "setup-kind":
            self._take_kind(KindStep.Chosen(targets.PLACES[number - 1]))

    @on(KindStep.Chosen)
    def _take_kind(self, message: KindStep.Chosen) -> None:
        self.place = message.place
        try:
            name = targets.free_name(load(self._layout.config), self.place.kind)
        except UsageError as error:
            self.notify(str(error), severity="error")
            return
        self.query_one(PlaceStep).ask(self.place, name)
        self._show("setup-place")

    @on(PlaceStep.Named)
    def _take_place(self, message: PlaceStep.Named) -> None:
        step = self.query_one(PlaceStep)
        try:
            config = load(self._layout.config)
            self.replica = targets.read_target(message.name, self.place.kind, message.target, Path.cwd())
            there = targets.known(config, self.replica)
            if there is None:
                config.with_replica(self.replica)
        except UsageError as error:
            step.refuse(str(error))
            return
        step.refuse("")
        self.secret, self.known = None, there is not None
        if there is None:
            self._begin_trial()
        elif self.place.secret and not trial.variable_of(there):
            self.replica = there
            self._ask_secret(there, f"That is the replica {there.name} already. Here it can be given a new one.")
        else:
            step.refuse(f"That is the replica {there.name} already.")

    def _ask_secret(self, replica: ReplicaConfig, said: str) -> None:
        is_path = self.place.kind == "firestore"
        self.query_one(SecretStep).ask(targets.howto(replica), is_path=is_path, said=said)
        self._show("setup-secret")

    @on(SecretStep.Given)
    def _take_secret(self, message: SecretStep.Given) -> None:
        assert self.replica is not None  # noqa: S101  # a statement for the type checker
        step, typed = self.query_one(SecretStep), message.typed.reveal()
        try:
            if self.place.kind == "firestore":
                self.secret = trial.read_key_file(self.replica, Path(typed.strip()))
            else:
                self.secret = trial.read_secret(self.replica, typed, "That")
        except (UsageError, Denied) as error:
            step.refuse(str(error))
            return
        step.clear()
        self._begin_trial()

    # The trial

    def _begin_trial(self) -> None:
        self._wait_for("Trying")
        self._try(self._serial, self._cancel, self.replica, self.secret)

    def _wait_for(self, what: str) -> None:
        """Show that something runs; what ran before is not heard any more."""
        assert self.replica is not None  # noqa: S101  # a statement for the type checker
        self._cancel.set()
        self._cancel = threading.Event()
        self._serial += 1
        self.waits, self._seconds = f"{what} {self.replica.kind} {shown(self.replica.target)}", 0
        self.query_one(ResultStep).wait_for(self.waits, 0)
        self._show("setup-result")

    def _grow(self) -> None:
        if self.waits:
            self._seconds += 1
            self.query_one(ResultStep).wait_for(self.waits, self._seconds)

    @work(thread=True, exit_on_error=False, group="setup", description="Try a replica")
    def _try(self, serial: int, cancel: threading.Event, replica: ReplicaConfig | None, secret: Secret | None) -> None:
        assert replica is not None  # noqa: S101  # a statement for the type checker
        app, unkept = netto_of(self), None
        try:
            found = trial.try_out(replica, secret, cancel, app.vault_path / ".netto" / "cache", app.now)
            if secret is None and trial.may_ask_secret(replica, found):
                try:
                    trial.check_keyring()
                except Denied as error:
                    unkept = error
        except Exception as error:  # whatever it is, the screen has to say so
            self.post_message(self.Failed(serial, crash.in_words(error, app.vault_path)))
        else:
            self.post_message(self.Tried(serial, found, unkept))

    @on(Tried)
    async def _tried(self, message: Tried) -> None:
        if message.serial != self._serial or self.replica is None:
            return
        self.found, self.waits = message.found, ""
        if message.unkept is None and trial.may_ask_secret(self.replica, self.found):
            self._ask_secret(self.replica, str(self.found.fault) if self.secret is not None else "")
        else:
            await self._show_result(message.unkept or self.found.fault)

    async def _show_result(self, fault: NettoError | None) -> None:
        go_on = "Keep it" if self.known else "Make it, sealed" if self.found.absent else "Add it, sealed"
        may_be_plain = not self.known and (fault is None or isinstance(fault, WrongTarget))
        button = go_on if fault is None else "Try again"
        await self.query_one(ResultStep).show(self.found, fault, button, may_be_plain=may_be_plain)
        self._fault = fault
        self._show("setup-result")

    @on(ResultStep.Answered)
    def _answered(self, message: ResultStep.Answered) -> None:
        if not message.goes_on:
            self.action_back()
        elif self._fault is not None and not message.plain:
            self._begin_trial()
        else:
            self._decide(message.plain)

    @work
    async def _decide(self, plain: bool) -> None:
        """Add it; that it is not to be sealed, a person has to say twice."""
        assert self.replica is not None  # noqa: S101  # a statement for the type checker
        text = f"Whoever can read {safe_line(shown(self.replica.target))} reads every conversation then."
        if plain and not await self.app.push_screen_wait(ConfirmScreen("Without a seal?", text, "Add it unsealed")):
            return
        self.replica = replace(self.replica, plain=plain)
        self._begin_adding()

    # Adding it

    def _begin_adding(self, *, become: bool = False, code: Secret | None = None) -> None:
        self._wait_for("Adding")
        self._adding, self._become, self._coded = True, become, code is not None
        self._add(self._serial, self._cancel, become, code)

    @work(thread=True, exit_on_error=False, group="setup", description="Add a replica")
    def _add(self, serial: int, cancel: threading.Event, become: bool, code: Secret | None) -> None:
        app = netto_of(self)
        assert self.replica is not None  # noqa: S101  # a statement for the type checker
        try:
            if become:
                app.end_sync()  # the worker holds the vault under its old name
            if self.known and self.secret is not None:
                trial.keep(self.replica, self.secret)
                joined = None
            else:
                path, found = app.vault_path, self.found
                joined = add(path, self.replica, self.secret, found, cancel, app.now, become=become, code=code)
        except Exception as error:  # whatever it is, the screen has to say so
            self.post_message(self.Failed(serial, crash.in_words(error, app.vault_path), become))
        else:
            self.post_message(self.Added(self.replica.name, joined))

    @on(Added)
    @work
    async def _added(self, message: Added) -> None:
        self.waits, self._adding = "", False
        app = netto_of(self)
        if message.joined is not None and message.joined.joined:
            app.reopen()
        for note in message.joined.notes if message.joined is not None else ():
            app.notify(note, severity="warning")
        made = message.joined.made if message.joined is not None else None
        if made is not None and not await app.push_screen_wait(KeepCode(app.vault_path, made)):
            app.notify("Nobody has the recovery code yet. At a terminal: netto-tui keys kit, then keys confirm.")
        self.dismiss(message.name)

    @on(Failed)
    @work
    async def _failed(self, message: Failed) -> None:
        if message.serial != self._serial or self.replica is None:
            return
        self.waits, self._adding = "", False
        if message.reopen:
            netto_of(self).reopen()
        if isinstance(message.error, OtherVault):
            text = (
                f"{safe_line(shown(self.replica.target))} holds a vault that was made on another device, and this\n"
                "one is still empty. This vault becomes that one, and sync brings its conversations here."
            )
            if await self.app.push_screen_wait(ConfirmScreen("Bring that vault here?", text, "Bring it here")):
                self._begin_adding(become=True)
                return
        wrong_code = self._coded and isinstance(message.error, UsageError | Denied)
        if wrong_code or isinstance(message.error, CodeNeeded):
            code = await self.app.push_screen_wait(EnterCode(message.error.message))
            if code is not None:
                self._begin_adding(become=self._become, code=code)
                return
        await self._show_result(message.error)

    # Going back

    def action_back(self) -> None:
        """One step back; from the first one out. A trial that runs is not heard any more.

        What is being added is stopped as well, and then says how far it came.
        """
        self._cancel.set()
        if self._adding:
            return
        self._serial += 1
        self.waits = ""
        if self.stage == "setup-kind":
            self.dismiss(None)
        elif self.stage == "setup-place":
            self._show("setup-kind")
        else:
            self.secret = None
            self.query_one(SecretStep).clear()
            self._show("setup-place")

    def action_scroll(self, by: int) -> None:
        """Scroll what was found."""
        self.query_one(ResultStep).scroll_by(by)

    @property
    def _layout(self) -> Layout:
        return Layout(netto_of(self).vault_path)

"""Looking for conversations on this machine while a person watches, and for those at a place that they name."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from netto_tui.capture import finding
from netto_tui.capture.finding import Spot
from netto_tui.errors import NettoError
from netto_tui.security.display import safe_line
from netto_tui.tui import crash
from netto_tui.tui.screens.welcome_steps import SourcesStep

if TYPE_CHECKING:
    from netto_tui.tui.screens.welcome import WelcomeScreen

GOOD = "Tick what shall be kept. Tools delete their own transcripts after some weeks; your copies stay."
NOTHING = "Nothing was found in the usual places. Name another place, or go on and import later."


class Search:
    """One search on a thread, and how its step tells of it."""

    @dataclass
    class SpotFound(Message):
        """A place was found; asked: a person named it."""

        spot: Spot
        asked: bool = False

    @dataclass
    class Looked(Message):
        """A place is being looked at; "" when all was."""

        place: str

    @dataclass
    class Failed(Message):
        """It could not be done."""

        error: NettoError

    def __init__(self, screen: WelcomeScreen) -> None:
        self.screen = screen
        self.runs = False
        """Whether the usual places are still being looked at."""
        self._ended = False
        self._cancel = threading.Event()

    @property
    def _step(self) -> SourcesStep:
        return self.screen.query_one(SourcesStep)

    def begin(self) -> None:
        """Look at the usual places, unless that was done to its end; those that were found before stay."""
        self.stop()
        if self._ended:
            self.tell("")
            return
        self._step.list.now_ms = self.screen.netto.now()
        self._cancel, self.runs = threading.Event(), True
        self._run(partial(self._find, self._cancel))

    def stop(self) -> None:
        """End it soon."""
        self._cancel.set()
        self.runs = False

    def look_at(self, path: Path) -> None:
        """Look at one place that a person named."""
        self._run(partial(self._measure, path))

    def _run(self, work: partial[None]) -> None:
        what = "Find conversations on this machine"
        self.screen.run_worker(work, thread=True, exit_on_error=False, group="search", description=what)

    def _find(self, cancel: threading.Event) -> None:
        post = self.screen.post_message
        try:
            for spot in finding.spots(Path.home(), os.environ, lambda place: post(self.Looked(str(place))), cancel):
                post(self.SpotFound(spot))
        except Exception as error:  # whatever it is, the screen has to say so
            post(self.Failed(crash.in_words(error, self.screen.vault_path)))
        if not cancel.is_set():
            post(self.Looked(""))

    def _measure(self, path: Path) -> None:
        post = self.screen.post_message
        try:
            spot = finding.measured(Spot("Your choice", path, lasting=path.is_dir()), threading.Event())
        except Exception as error:  # whatever it is, the screen has to say so
            post(self.Failed(crash.in_words(error, self.screen.vault_path)))
            return
        if spot is None:
            post(self.Failed(NettoError(f"There is nothing in {path}.", remedy="Name another place.")))
        else:
            post(self.SpotFound(spot, asked=True))

    def take(self, message: SpotFound) -> None:
        """Show a place."""
        rows = self._step.list
        if all(spot.path != message.spot.path for spot in rows.spots):
            rows.take(message.spot, ticked=True)
        if message.asked and not message.spot.readable:
            self.screen.notify("What lies there is not read by this version.", severity="warning")

    def tell(self, place: str) -> None:
        """Show what is being looked at, or that all was."""
        rows, self.runs = self._step.list, bool(place)
        self._ended = self._ended or not place
        if place:
            self._step.say(f"Looking at {safe_line(place, 60)}…")
        elif rows.spots:
            self._step.say(GOOD)
        else:
            rows.empty = "No conversations of OpenClaw, Claude Code, Codex, Gemini or others, and no exports."
            rows.refresh()
            self._step.say(NOTHING)

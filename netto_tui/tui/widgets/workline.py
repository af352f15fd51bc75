"""A line of progress that has one job done at a time, beside the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual import on, work
from textual.message import Message

from netto_tui.errors import NettoError, UsageError
from netto_tui.sync.events import Listener
from netto_tui.tui import crash, messages, wording
from netto_tui.tui.bridge import Bridge
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.widgets.progress import ProgressLine
from netto_tui.vault.vault import Vault

Job = Callable[[Vault, Listener, threading.Event], Any]
"""Runs on a thread with the vault, whom to tell how far it is, and what says that it is to stop."""


@runtime_checkable
class Closing(Protocol):
    """A result that holds something on to itself."""

    def close(self) -> None:
        """Let go of it."""
        ...


class WorkLine(ProgressLine):
    """Hidden while nothing runs. A job is told to stop when its line goes, and nobody waits for it."""

    @dataclass
    class Ended(Message):
        """A job ended: with a result, or with an error after which nothing is lost.

        name: of the job. about: what was given along when it began. number: counts the jobs of the line.
        """

        name: str
        about: Any
        number: int
        result: Any = None
        error: NettoError | None = None

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self.running = ""
        """The name of the job that runs, such as `verifying`; "" for none."""
        self._cancel = threading.Event()
        self._number = 0
        self._untold: list[WorkLine.Ended] = []

    def begin(self, name: str, of: str, job: Job, about: Any = None) -> None:
        """Begin a job; `of` is what it is about, for people. One that runs is stopped, and nothing of it is told."""
        self._cancel.set()
        self.running, self._cancel, self._number = name, threading.Event(), self._number + 1
        self.move(f"{name} {of}".strip(), 0, 0, netto_of(self).now())
        self._work(job, self.Ended(name, about, self._number), self._cancel)

    def stop(self) -> bool:
        """Tell the job to stop; False if none runs."""
        self._cancel.set()
        return bool(self.running)

    def on_unmount(self) -> None:
        """Nobody is interested any more."""
        self._cancel.set()
        for ended in self._untold:
            _let_go(ended.result)

    @work(thread=True, exit_on_error=False, group="recovery", description="Read replicas")
    def _work(self, job: Job, ended: Ended, cancel: threading.Event) -> None:
        netto = netto_of(self)
        vault = netto.vault
        try:
            if vault is None:
                raise UsageError("There is no vault.")
            ended.result = job(vault, Bridge(self.post_message), cancel)
        except Exception as error:  # whatever it is, the screen has to say that the job ended
            ended.error = crash.in_words(error, netto.vault_path)
        self._untold.append(ended)
        if not self.post_message(ended):
            _let_go(ended.result)  # its screen is gone

    @on(messages.ProgressMoved)
    def _progressed(self, message: messages.ProgressMoved) -> None:
        message.stop()
        if self.running:
            what = wording.step_words(message.step, message.replica or "this device")
            self.move(what, message.done, message.total, netto_of(self).now())

    @on(messages.PassStarted)
    @on(messages.PassFinished)
    @on(messages.Happened)
    def _told(self, message: Message) -> None:
        message.stop()  # the bridge of a job tells its own line only

    @on(Ended)
    def _ended(self, ended: Ended) -> None:
        """Before whoever is above hears of it."""
        self._untold.remove(ended)
        if ended.number != self._number:
            ended.stop()
            _let_go(ended.result)
            return
        self.running = ""
        self.finish()


def _let_go(result: object) -> None:
    if isinstance(result, Closing):
        result.close()

"""What the first steps do while a person watches: bringing conversations in, and the first sync with its proof."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from netto_tui.config import ReplicaConfig, SourceConfig, load, shown
from netto_tui.errors import Cancelled, NettoError
from netto_tui.paths import Layout
from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.setup import beginning
from netto_tui.setup.beginning import Brought
from netto_tui.tui import crash, messages, wording
from netto_tui.tui.screens.welcome_steps import BringStep, SourcesStep, SyncStep, place_words

if TYPE_CHECKING:
    from netto_tui.capture.ingest import ImportProgressed
    from netto_tui.tui.screens.welcome import WelcomeScreen

POST_SECONDS = 0.1
"""Between two messages of progress."""

SHOWN = 8
"""Places, and things that were skipped, that are named one by one."""


@dataclass
class Count:
    """How far an import is, over all places."""

    files: int = 0
    messages: int = 0
    added: int = 0
    place: str = ""


class Bringing:
    """One import on a thread, and how its step tells of it."""

    @dataclass
    class Moved(Message):
        """It is so far."""

        serial: int
        count: Count

    @dataclass
    class Ended(Message):
        """It ended; error: why it stopped, None when it came to its end."""

        serial: int
        brought: list[Brought] = field(default_factory=list)
        error: NettoError | None = None

    def __init__(self, screen: WelcomeScreen) -> None:
        self.screen = screen
        self.runs = False
        self._serial = 0
        self._cancel = threading.Event()
        self._files = 0

    @property
    def _step(self) -> BringStep:
        return self.screen.query_one(BringStep)

    def begin(self) -> None:
        """Start, or say that there is nothing to do."""
        self.stop()
        try:
            places = beginning.places(self.screen.vault_path)
        except NettoError as error:
            self._step.say(str(error))
            self._step.offer(more="Try again", back="Back")
            return
        if not places:
            self._step.say("Nothing was chosen to be brought in.", "", "I finds conversations at any time.")
            self._step.offer(go="Go on", back="Back")
            return
        spots = self.screen.query_one(SourcesStep).list.spots
        wanted = {str(each.path) for each in places}
        self._files = sum(spot.files for spot in spots if str(spot.path) in wanted)
        self._serial, self._cancel, self.runs = self._serial + 1, threading.Event(), True
        self._step.say("What is there is only read. esc stops; what came in until then stays.")
        self._step.offer()
        work = partial(self._work, self._serial, self._cancel, places)
        self.screen.run_worker(
            work, thread=True, exit_on_error=False, group="import", description="Bring conversations in"
        )

    def stop(self) -> None:
        """Stop after the batch that is being read."""
        self._cancel.set()

    def _work(self, serial: int, cancel: threading.Event, places: Sequence[SourceConfig]) -> None:
        brought: list[Brought] = []
        count, before, told = Count(), Count(), 0.0
        post = self.screen.post_message

        def tell() -> None:
            nonlocal told
            if time.monotonic() - told >= POST_SECONDS:
                told = time.monotonic()
                post(self.Moved(serial, Count(count.files, count.messages, count.added, count.place)))

        def looked() -> None:
            count.files += 1
            tell()

        def listener(progress: ImportProgressed) -> None:
            count.messages = before.messages + progress.messages
            count.added = before.added + progress.added
            count.place = progress.path
            tell()

        error: NettoError | None = None
        try:
            app = self.screen.netto
            for one in beginning.bring_in(self.screen.vault_path, places, app.now, listener, looked, cancel):
                brought.append(one)
                before.messages += one.imported.messages
                before.added += one.imported.added
        except Exception as reason:  # whatever it is, the screen has to say so
            error = crash.in_words(reason, self.screen.vault_path)
        post(self.Ended(serial, brought, error))

    def show(self, message: Moved) -> None:
        """How far it is."""
        if message.serial == self._serial and self.runs:
            count = message.count
            done, total = min(count.files, self._files), self._files
            what = f"{many(count.messages, 'message')}  {Path(count.place).name}"
            self._step.progress.move(f"files, {what}" if total else what, done, total, self.screen.netto.now())

    def show_end(self, message: Ended) -> None:
        """What came of it."""
        if message.serial != self._serial:
            return
        self.runs = False
        self._step.progress.finish()
        lines: list[Content] = []
        if message.error is not None:
            stopped = isinstance(message.error, Cancelled)
            said = "It was stopped; what came in until then stays." if stopped else str(message.error)
            lines += [Content.styled(safe_line(said, 300), "$text-warning"), Content("")]
        for one in message.brought[:SHOWN]:
            lines += _brought_lines(one)
        if len(message.brought) > SHOWN:
            lines.append(Content(f"  and {many(len(message.brought) - SHOWN, 'more place')}"))
        self._step.say(*lines)
        if message.error is None:
            self._step.offer(go="Go on", back="Back")
        else:
            self._step.offer(more="Try again", go="Go on without the rest", back="Back")


def _brought_lines(one: Brought) -> list[Content]:
    """A place and what it gave, with what was not read."""
    came = one.imported
    lines = [Content.styled(place_words(one.path), "bold")]
    if one.error:
        return [*lines, Content.styled(f"  {safe_line(one.error, 300)}", "$text-error")]
    known = "" if came.added else ", all of it known already" if came.conversations else ""
    words = f"{many(came.conversations, 'conversation')}, {many(came.messages, 'message')}{known}"
    lines.append(Content.styled("  ✓ ", "$text-success") + Content(words))
    if came.skipped:
        text = f"  ! {many(len(came.skipped), 'record')} could not be read, kept in quarantine/: "
        lines.append(Content.styled(text + safe_line(came.skipped[0].reason, 80), "$text-warning"))
    for warned in came.warned[:2]:
        lines.append(Content.styled(f"  ! {safe_line(warned.detail, 200)}", "$text-warning"))
    return lines


class FirstSync:
    """The first pass over every replica, with the proof that each shows afterwards."""

    def __init__(self, screen: WelcomeScreen) -> None:
        self.screen = screen
        self._ended: dict[str, str] = {}
        self._timer: Timer | None = None

    def configured(self) -> Sequence[ReplicaConfig]:
        """The replicas of the settings. Raises UsageError."""
        return load(Layout(self.screen.vault_path).config).replicas

    @property
    def _step(self) -> SyncStep:
        return self.screen.query_one(SyncStep)

    def begin(self) -> None:
        """Start, and look every second how every replica stands."""
        self._ended = {}
        app = self.screen.netto
        app.begin_sync()
        if app.worker is not None:
            app.worker.sync_now()
        self._step.offer(go="Open netto-tui; sync goes on")
        if self._timer is None:
            self._timer = self.screen.set_interval(1.0, self.show)
        self.show()

    def told(self, message: messages.SyncTold) -> None:
        """Something happened."""
        match message:
            case messages.ProgressMoved(replica=replica, step=step, done=done, total=total):
                self._step.progress.move(wording.step_words(step, replica), done, total, self.screen.netto.now())
            case messages.PassFinished(report=report):
                self._ended[report.name] = report.error
                self._step.progress.finish()
                self.show()
            case _:
                pass

    def show(self) -> None:
        """How everything stands."""
        from netto_tui.tui.standing import replica_rows

        app = self.screen.netto
        if self.screen.stage != "sync" or app.reader is None or app.vault is None:
            return
        totals = app.reader.totals()
        rows = replica_rows(app.vault, app.reader)
        lines = [Content.styled(self.screen.summary(totals.conversations, totals.messages), "bold"), Content("")]
        for row in rows:
            proof = f"{number(row.verified)} of {number(totals.conversations)} conversations proven equal"
            age = f", {wording.ago(row.verified_at, app.now())}" if row.verified_at else ""
            lines.append(
                Content.styled(f"  {safe_line(row.name, 14):<14}  ", "bold")
                + wording.state_words(row.state)
                + Content(f"   {proof}{age}")
            )
            lines.append(Content.styled(f"  {'':<14}  {safe_line(shown(row.target), 60)}", "$foreground-muted"))
            if row.last_error:
                lines.append(Content.styled(f"  {'':<14}  {safe_line(row.last_error, 300)}", "$text-warning"))
        done = all(row.state == "ok" for row in rows)
        if app.worker is not None and app.worker.busy.startswith("another process"):
            lines += [Content(""), Content("Another process syncs this vault already.")]
        if not rows:
            lines.append(Content("There is no replica yet. A adds one at any time; until then this is the only copy."))
        elif done:
            text = "Read back from every replica, and equal. This goes on by itself from now on."
            lines += [Content(""), Content.styled(f"✓ {text}", "$text-success")]
        self._step.say(*lines)
        self._offer(done, rows and not done and len(self._ended) >= len(rows))

    def _offer(self, done: bool, failed: object) -> None:
        if failed:
            self._step.offer(more="Try again", go="Open netto-tui; it tries again by itself")
        else:
            self._step.offer(go="Open netto-tui" if done else "Open netto-tui; sync goes on")
        if self.screen.focused is None:
            self.screen.focus_step()

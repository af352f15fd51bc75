"""Running the app on a terminal: what it needs, what it leaves on, and how its threads end."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netto_tui import log
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.model.links import Link

STARTED_SECONDS = 1.0
"""By then the first frame is drawn."""

LEAVING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the app in order; the second one comes when the terminal is closed."""


class Unwaiting(ThreadPoolExecutor):
    """Runs each job on a thread of its own that does not hold up the end of the process.

    The pool that asyncio has waits for its threads, so that one slow call would keep the terminal. A job that
    is cut off leaves what it left if the power failed, and every store of ours stands that.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Begin a job at once."""
        future: Future[Any] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # whoever asked for the job is told
                future.set_exception(error)

        threading.Thread(target=work, name="netto-job", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing: no thread is kept."""


def prepare(leave: Callable[[int], object]) -> None:
    """Make the loop that runs fit for a terminal; `leave` is called with the exit status when a signal ends it."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Unwaiting())
    for number in LEAVING:
        loop.add_signal_handler(number, leave, 128 + number)
    loop.call_later(STARTED_SECONDS, _collect_garbage)


def _collect_garbage() -> None:
    """From now on, and not in what was loaded until now, which stays."""
    gc.freeze()
    gc.enable()


def run(vault_path: Path, link: Link | None = None) -> int:
    """Run the app until it is left, opened at a link if there is one; the exit status for the shell.

    Raises UsageError when there is no terminal to draw on.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "The app needs a terminal on its input and its error stream.",
            remedy="Without one, use the commands, for example: netto-tui list --json, netto-tui sync --json.",
        )
    log.begin()  # a library that wrote to the terminal would spoil the screen
    log.keep_in(vault_path)
    gc.disable()  # while so much is loaded, looking for garbage would take a sixth of the time until the first frame
    from netto_tui.tui.app import NettoApp

    app = NettoApp(vault_path, link=link)
    app.on_terminal = True
    app.run()
    return app.return_code or 0

"""Calls that may never come back, made on a thread that nobody has to wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """A call did not end in time. It goes on behind; while it does, the next one fails at once."""


class Patience(Generic[T]):
    """Makes calls one at a time, each with a limit, and leaves a call behind that goes over it.

    A keyring that waits for a password nobody types hangs for ever, and a thread cannot be ended
    from outside. So at most one such thread stays, and a late answer to it frees the next call.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Lock()
        self._behind: threading.Thread | None = None

    def call(self, action: Callable[[], T], seconds: float) -> T:
        """The action's result or its exception. Raises TookTooLong after so many seconds."""
        if not self._turn.acquire(timeout=seconds):
            raise TookTooLong
        try:
            if self._behind is not None and self._behind.is_alive():
                raise TookTooLong
            return self._on_a_thread(action, seconds)
        finally:
            self._turn.release()

    def _on_a_thread(self, action: Callable[[], T], seconds: float) -> T:
        answer: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answer.put((action(), None))
            except BaseException as error:  # whatever it is belongs to the caller
                answer.put((None, error))

        thread = threading.Thread(target=run, name=self._name, daemon=True)
        thread.start()
        try:
            value, error = answer.get(timeout=seconds)
        except queue.Empty:
            self._behind = thread
            raise TookTooLong from None
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # without an error it is the action's own

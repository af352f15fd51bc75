"""Reading the same thing again and again on a thread: one at a time, and not too often."""

from __future__ import annotations

from collections.abc import Callable

from textual.dom import DOMNode
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer


class Rereads:
    """Runs `work` on a thread and posts its answer to `node`; what is asked meanwhile is done once after it.

    seconds: what lies between the end of one reading and the next at least. `work` gives None when there is
    nothing to tell, and raises nothing that a person should not hear of.
    """

    def __init__(
        self, node: DOMNode, work: Callable[[], Message | None], description: str, *, seconds: float = 0.5
    ) -> None:
        self._node = node
        self._work = work
        self._description = description
        self._seconds = seconds
        self._runs = False
        self._asked = False
        self._rest: Timer | None = None

    def ask(self, *, soon: bool = True) -> None:
        """Have it read; soon: at once if nothing is being read, else after the pause."""
        if self._runs or (self._rest is not None and not soon):
            self._asked = True
            return
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        self._runs, self._asked = True, False
        self._node.run_worker(
            self._read, thread=True, exit_on_error=False, group="reading", description=self._description
        )

    def _read(self) -> None:
        try:
            message = self._work()
            if message is not None:
                self._node.post_message(message)
        finally:
            if isinstance(self._node, MessagePump):
                self._node.call_later(self._ended)

    def _ended(self) -> None:
        self._runs = False
        self._rest = self._node.set_timer(self._seconds, self._rested)

    def _rested(self) -> None:
        self._rest = None
        if self._asked:
            self.ask()

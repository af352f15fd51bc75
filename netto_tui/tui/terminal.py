"""The terminal as Textual drives it on Linux and macOS, also when it was closed under the app."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from io import TextIOBase, TextIOWrapper
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver


class Lasting(TextIOBase):
    """Writes to a stream for as long as that is there, and drops what comes afterwards."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write some text. Raises nothing for a terminal that is gone."""
        return self._do(self._stream.write, text) or len(text)

    def flush(self) -> None:
        """Pass on what is waiting."""
        self._do(self._stream.flush)

    def fileno(self) -> int:
        """The number of the stream's file."""
        return self._stream.fileno()

    def _do(self, action: Callable[..., Any], *given: str) -> Any:
        with suppress(OSError, ValueError):  # ValueError: closed on this side
            return action(*given)


class TerminalDriver(LinuxDriver):
    """Textual's own ends its writing thread at the first error, and then waits for it without end.

    It also believes COLUMNS and LINES, which hold the size at the start of whoever exported them: so windows that are
    made larger would stay as they were. `_file` and `_get_terminal_size` are private to Textual 8.2.8: pinned, and
    tested with a terminal that is closed and one that is resized.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if self._file is not None:
            self._file = cast("TextIOWrapper", Lasting(self._file))

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(self.fileno)
        except OSError:
            columns = lines = 0
        return (columns, lines) if columns and lines else super()._get_terminal_size()

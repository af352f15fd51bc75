"""A real terminal for a real process: what it is sent, byte for byte."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

RUN = "import sys; from pathlib import Path; from netto_tui.tui.running import run; sys.exit(run(Path(sys.argv[1])))"


class Terminal:
    """A program on a pseudo terminal of a given size; `output` is all that it wrote."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (120, 40), env: dict[str, str] | None = None) -> None:
        self.output = b""
        self.status: int | None = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # the child
            signal.pthread_sigmask(signal.SIG_SETMASK, ())  # as a shell begins it, wherever the tests are run from
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
            os.execve(sys.executable, [sys.executable, *arguments], kept)  # noqa: S606  # our own program
        self.resize(size)

    @classmethod
    def app(
        cls, vault: Path, *, code: str = RUN, size: tuple[int, int] = (120, 40), env: dict[str, str] | None = None
    ) -> Terminal:
        """The app over a vault."""
        return cls("-c", code, str(vault), size=size, env=env)

    def until(self, text: bytes, *, seconds: float = 30, since: int = 0) -> None:
        """Read until `text` was written; fails after some time."""
        end = time.monotonic() + seconds
        while text not in self.output[since:]:
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError(f"{text!r} was not written; the end of what was: {self.output[-600:]!r}")

    def wait(self, condition: Callable[[], object], *, seconds: float = 30) -> None:
        """Read until something holds outside the terminal; fails after some time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or not self._read(0.05):
                raise AssertionError(f"it does not happen; the end of what was written: {self.output[-600:]!r}")

    def type(self, keys: str) -> None:
        """Send keys."""
        os.write(self.fd, keys.encode())

    def resize(self, size: tuple[int, int]) -> None:
        """Make the terminal larger or smaller: columns, lines."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def hang_up(self) -> None:
        """Close the terminal under the program; what it writes from then on goes nowhere."""
        os.close(self.fd)
        self.fd = os.open(os.devnull, os.O_RDWR)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def ended(self, *, seconds: float = 30) -> int:
        """Wait for the end; the exit status."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self._read(0.1):
                    pass
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
        raise AssertionError("the program does not end")

    def close(self) -> None:
        """End the program if it still runs."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

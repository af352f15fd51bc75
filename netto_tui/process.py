"""How a process of ours begins and how it falls: private files, no core dump, no value in a crash.

Nothing here is needed to use the package as a library; `netto_tui.cli.main` calls `begin` first.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from netto_tui import log

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h: an error inside the program."""


def begin() -> None:
    """Make what this process leaves private, and what it says when it falls free of values."""
    os.umask(0o077)
    _no_core()
    log.begin()
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    sys.stderr = Masked(sys.stderr) if sys.stderr is not None else None


def _no_core() -> None:
    """A core dump would hold keys, tokens and conversations."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not every system has it
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def farewell(error: BaseException | None, path: Path | None) -> str:
    """What a person reads after a crash, in four lines."""
    kind = type(error).__name__ if error is not None else "Error"
    where = f"Where it happened is in {path}" if path else "The log could not be written."
    return (
        f"netto-tui had to stop: {kind}\n"
        "  Your vault is safe: whatever was acknowledged is on disk.\n"
        f"  {where}\n"
        "  Start it again; if it comes back, run: netto-tui doctor\n"
    )


def fell(error: BaseException) -> int:
    """Log an error that nobody foresaw and say good-bye on stderr; the exit status."""
    from netto_tui.security.display import safe_display

    own_words(safe_display(farewell(error, log.note(error))))
    return EXIT_STATUS


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    fell(error)


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        log.note(args.exc_value, what=f"a thread stopped: {args.thread.name if args.thread else ''}")


def _unraisable(args: UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        log.note(args.exc_value, what="in a finalizer")


def own_words(text: str) -> None:
    """Write to stderr what we say ourselves: made harmless by the caller, and masked by nobody."""
    stream = sys.stderr.under if isinstance(sys.stderr, Masked) else sys.stderr
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):  # whoever read it has gone
            stream.write(text)
            stream.flush()


class Masked(io.TextIOBase):
    """A stream for whatever libraries print: secrets are masked, and a terminal obeys none of it."""

    def __init__(self, under: TextIO) -> None:
        self.under = under

    def write(self, text: str) -> int:
        """Write a text, made safe."""
        from netto_tui.security.display import safe_display
        from netto_tui.security.redact import mask

        self.under.write(safe_display(mask(text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # of text, as TextIO has it
        """Write several texts, made safe."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self.under.flush()

    def isatty(self) -> bool:
        """Whether a terminal is behind it."""
        return self.under.isatty()

    def fileno(self) -> int:
        """The file behind it, for those who ask for the size of the terminal."""
        return self.under.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base has an attribute
        """How text becomes bytes."""
        return self.under.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # the base has an attribute
        """What becomes of a character that the encoding lacks."""
        return self.under.errors


def guarded(action: Callable[[], int]) -> int:
    """Run a whole program; an error that nobody foresaw is logged and told in four lines."""
    try:
        return action()
    except KeyboardInterrupt:
        return 130  # the shell's convention: 128 + SIGINT
    except Exception as error:
        return fell(error)

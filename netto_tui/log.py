"""The log of a vault: what went wrong and where, and nothing of what anybody said or keeps secret.

It holds times, places in the code, types, and texts of our own with what might be a secret masked.
What libraries tell is reduced to the template in their source; the values they would fill in are left out.
Messages of exceptions are left out as well: they may quote what was stored, or a token.
"""

from __future__ import annotations

import contextlib
import logging
import os
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path

from netto_tui.files import open_for_appending

OURS = "netto_tui"
"""What the names of our own loggers begin with."""

LIMIT = 512 * 1024
"""Bytes after which a log is set aside as `app.log.1`, in place of the one before."""

LONGEST = 20_000
"""Characters of a message that are looked through; far more than are kept."""

CAUSES = 20
"""So many causes of an exception are told at most."""

LIBRARIES = ("asyncio", "concurrent", "firebase_admin", "github", "google", "grpc", "keyring", "requests", "urllib3")
"""Those that may have put a handler of their own on their loggers, which would write to the terminal."""


def file_of(vault: Path) -> Path:
    """The log of the vault in a folder."""
    return vault / "log" / "app.log"


def traced(error: BaseException) -> str:
    """The types and the places of an error and its causes: no message, no local variable, no source line."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < CAUSES:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        for frame, number in traceback.walk_tb(current.__traceback__):
            lines.append(f"  {Path(frame.f_code.co_filename).name}:{number} in {frame.f_code.co_name}")
        current = current.__cause__ or current.__context__
    return "\n".join(lines)


class Discreet(logging.Formatter):
    """One line for a record and one for each place of its exception, as the module's docstring says."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in words; never raises, whatever was logged."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        error = record.exc_info[1] if record.exc_info else None
        trace = f"\n{traced(error)}" if error is not None else ""
        place = f"{record.filename}:{record.lineno}"
        return f"{moment} {record.levelname} {record.name} {place} {_said(record)}{trace}"


def _said(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] == OURS:
        with contextlib.suppress(Exception):  # a template that does not fit its values
            return _masked(record.getMessage())
        return "(unreadable)"
    # Without values to fill in, the text may have been put together before, with anything in it.
    return _masked(record.msg) if isinstance(record.msg, str) and record.args else ""


def _masked(text: str) -> str:
    """A text as one short line. What is cut is cut last: half a secret does not look like one any more."""
    from netto_tui.security.display import safe_line
    from netto_tui.security.redact import mask

    return safe_line(mask(text[:LONGEST]), 400)


class LogFile(logging.Handler):
    """Appends each record to the log of a vault; where there is no vault, and on any fault, it drops it."""

    vault: Path | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; raises nothing and tells nobody."""
        if self.vault is not None:
            _write(self.vault, record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: logging's own would print the values of the record."""


def _write(vault: Path, record: logging.LogRecord) -> Path | None:
    """Add a record to the log of a vault; its path, or None where that cannot be."""
    with contextlib.suppress(Exception):  # a log that fails must not bring down what it tells about
        if (vault / ".netto").is_dir():
            append(file_of(vault), Discreet().format(record))
            return file_of(vault)
    return None


def append(path: Path, text: str) -> None:
    """Add lines to a log, making it for its owner alone. Raises OSError, also where a symbolic link lies.

    It is opened anew each time: several processes write to it, and any of them may set it aside.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_size > LIMIT:
            path.replace(path.with_suffix(".log.1"))
    file = open_for_appending(path)
    try:
        os.write(file, f"{text}\n".encode("utf-8", "replace"))
    finally:
        os.close(file)


def tail(vault: Path, lines: int) -> list[str]:
    """The last lines of a vault's log, oldest first; none where there is no log, or it cannot be read."""
    found: list[str] = []
    for path in (file_of(vault), file_of(vault).with_suffix(".log.1")):
        if len(found) < lines:
            with contextlib.suppress(OSError):
                found = path.read_text("utf-8", "replace").splitlines()[-(lines - len(found)) :] + found
    return found


_file = LogFile()


def begin() -> None:
    """Send what this process and its libraries log to one file, and nothing of it to the terminal."""
    root = logging.getLogger()
    root.handlers[:] = [_file]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    logging.raiseExceptions = False
    logging.lastResort = None
    for name in [*logging.Logger.manager.loggerDict]:
        if name.partition(".")[0] in LIBRARIES:
            logging.getLogger(name).handlers.clear()
    warnings.showwarning = _warned


def keep_in(vault: Path) -> None:
    """From now on the log is that of the vault in a folder."""
    _file.vault = vault


def note(error: BaseException, vault: Path | None = None, what: str = "stopped") -> Path | None:
    """Log an error to a vault, else to that of `keep_in`; the path of the log, or None where there is none."""
    vault = vault or _file.vault
    if vault is None:
        return None
    told = (type(error), error, error.__traceback__)
    return _write(vault, logging.LogRecord(OURS, logging.ERROR, __file__, 0, what, None, told))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """A warning of Python: its kind and its place, since its text may quote values."""
    logging.getLogger(f"{OURS}.warnings").warning("%s at %s:%d", category.__name__, Path(filename).name, lineno)

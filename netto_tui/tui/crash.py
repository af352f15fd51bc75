"""What is left of a crash: a traceback without values in a file, and four lines on the terminal."""

from __future__ import annotations

import contextlib
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.errors import NettoError

if TYPE_CHECKING:
    from rich.text import Text

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h: an error inside the program."""

LOG_LIMIT = 512 * 1024


def redacted(error: BaseException) -> str:
    """The places and the types of an error and its causes: no message, no local variable, no source line.

    Messages of foreign exceptions may quote what was stored, or a token.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        for frame in traceback.extract_tb(current.__traceback__):
            lines.append(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}")
        current = current.__cause__ or current.__context__
    return "\n".join(lines)


def note(vault_path: Path, error: BaseException) -> Path | None:
    """Append an error to the log in the vault; its path, or None where there is no folder to write in."""
    from datetime import UTC, datetime

    folder = vault_path / "log"
    path = folder / "app.log"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {redacted(error)}\n")
        return path
    return None


def panel(error: BaseException | None, log: Path | None) -> Text:
    """What a person sees after a crash."""
    from rich.text import Text

    kind = type(error).__name__ if error is not None else "Error"
    where = f"  Where it happened is in {log}" if log else "  The log could not be written."
    return Text(
        f"netto-tui had to stop: {kind}\n"
        "  Your vault is safe: whatever was acknowledged is on disk.\n"
        f"{where}\n"
        "  Start it again; if it comes back, run: netto-tui doctor\n",
        style="not bold",
    )


def in_words(error: Exception, vault_path: Path) -> NettoError:
    """Any error of a job on a thread as one for people; what nobody foresaw goes to the log."""
    if isinstance(error, NettoError):
        return error
    if isinstance(error, OSError):
        return NettoError(f"The disk said: {error.strerror}.", remedy="Check the disk, then try again.")
    note(vault_path, error)
    return NettoError(
        f"The job stopped: {type(error).__name__}. The vault is as it was.",
        remedy=f"Report it with {vault_path / 'log' / 'app.log'}.",
    )

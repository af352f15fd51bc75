"""A crash of the app, and of a job on a thread: what the log keeps, and what a person reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui import log, process
from netto_tui.errors import NettoError
from netto_tui.security.display import safe_display

if TYPE_CHECKING:
    from rich.text import Text

EXIT_STATUS = process.EXIT_STATUS


def note(vault_path: Path, error: BaseException) -> Path | None:
    """Log an error in the vault; the path of the log, or None where there is no folder to write in."""
    return log.note(error, vault_path)


def panel(error: BaseException | None, path: Path | None) -> Text:
    """What a person sees after a crash."""
    from rich.text import Text

    return Text(safe_display(process.farewell(error, path)), style="not bold")


def in_words(error: Exception, vault_path: Path) -> NettoError:
    """Any error of a job on a thread as one for people; what nobody foresaw goes to the log."""
    if isinstance(error, NettoError):
        return error
    if isinstance(error, OSError):
        return NettoError(f"The disk said: {error.strerror}.", remedy="Check the disk, then try again.")
    note(vault_path, error)
    return NettoError(
        f"The job stopped: {type(error).__name__}. The vault is as it was.",
        remedy=f"Report it with {log.file_of(vault_path)}.",
    )

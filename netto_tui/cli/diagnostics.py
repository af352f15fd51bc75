"""The one place that writes stderr, and decides the exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import click

from netto_tui.cli import output
from netto_tui.errors import NettoError, UsageError
from netto_tui.process import own_words
from netto_tui.security.display import safe_display, safe_line

INTERRUPTED = 130
"""The shell's convention for what was stopped with Ctrl+C: 128 + SIGINT."""


def note(text: str) -> None:
    """Tell a person something beside the answer; foreign text in it is made harmless."""
    own_words(safe_display(text) + "\n")


def progress(text: str) -> None:
    """Show how far something is, on one line that is written over; "" wipes it away. Only at a terminal."""
    if sys.stderr.isatty():
        own_words(f"\r\x1b[K{safe_line(text)[:78]}")


def guard(action: Callable[[], Any]) -> int:
    """Run a command and turn what went wrong into a sentence and an exit code.

    An error that nobody foresaw goes on to the caller: it is a mistake of ours.
    """
    try:
        result = action()
        output.flush()
    except NettoError as error:
        note(str(error))
        if not isinstance(error, UsageError):
            logging.getLogger(__name__).warning("ended with %s", type(error).__name__)
        return error.exit_code
    except click.exceptions.Exit as left:
        return left.exit_code
    except SystemExit:
        return 0  # click leaves like this in one case only: whoever read our output has gone
    except click.exceptions.Abort:
        note("Stopped; what was done so far is kept.")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        note(f"The system says: {error.strerror or error}{where}. Correct that and try again; nothing is lost.")
        return 1
    except Exception as error:
        if not _is_of_the_index(error):
            raise
        note(f"The index cannot be used: {error}. Check free space and access, then try again; no record is lost.")
        return 1
    return result if isinstance(result, int) else 0


def _is_of_the_index(error: Exception) -> bool:
    """Whether SQLite raised it; it is not loaded just to ask."""
    sqlite3 = sys.modules.get("sqlite3")
    return sqlite3 is not None and isinstance(error, sqlite3.DatabaseError)

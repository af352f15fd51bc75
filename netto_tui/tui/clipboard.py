"""The clipboard of the system, beside the one that a terminal is told of.

OSC 52, which Textual writes, also reaches a machine at the other end of ssh, but not every terminal takes it. So
what a person copies goes to the system's own clipboard too, where a program for it is found.
"""

from __future__ import annotations

import os
import shutil
import subprocess  # the clipboard's own program
from collections.abc import Mapping

from textual import work
from textual.app import App

SECONDS = 2.0
"""A program that has not taken the text by then is ended."""

_COMMANDS = (
    (("WAYLAND_DISPLAY",), ("wl-copy",)),
    (("DISPLAY",), ("xclip", "-selection", "clipboard", "-in")),
    (("DISPLAY",), ("xsel", "--clipboard", "--input")),
    ((), ("pbcopy",)),
    ((), ("clip.exe",)),
)
"""What each needs in the environment, and how it is called; it reads the text from its input."""


def command(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """How this system's clipboard is filled; () where no program for it is found, or none can be reached."""
    for needed, call in _COMMANDS:
        if all(env.get(name) for name in needed) and shutil.which(call[0], path=env.get("PATH")):
            return call
    return ()


def put(text: str) -> bool:
    """Fill the system's clipboard; whether a program took the text. Waits at most SECONDS: call on a thread."""
    call = command()
    if not call:
        return False
    data = text.encode("utf-16-le" if call[0] == "clip.exe" else "utf-8", "replace")
    # Its output goes nowhere: some of these programs stay in the background and would hold a pipe open.
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(call, input=data, stdout=quiet, stderr=quiet, timeout=SECONDS, check=False)  # noqa: S603  # one of the above
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class CopyingApp(App[int]):
    """An app that tells both clipboards what a person copies."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy to the terminal's clipboard at once, and to the system's own on a thread."""
        super().copy_to_clipboard(text)
        self._fill_clipboard(text)

    @work(thread=True, exit_on_error=False, exclusive=True, group="clipboard", description="Fill the clipboard")
    def _fill_clipboard(self, text: str) -> None:
        put(text)

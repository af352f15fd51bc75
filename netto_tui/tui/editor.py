"""Handing a text to the person's own editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess  # the editor that the person named
import tempfile
from pathlib import Path

from netto_tui.errors import UsageError

SECRET = ("NETTO_GITHUB_TOKEN", "NETTO_KEY")
"""Variables that an editor, and what it runs, is not given."""


class EditorMissing(UsageError):
    """There is no editor that can be started."""


def edit_text(text: str, folder: Path) -> str:
    """Open a text in $VISUAL or $EDITOR and return what was saved; the terminal must be free.

    The file lies in `folder`, readable by its owner alone, and is removed afterwards. Raises
    EditorMissing when there is none, or when it ends with an error.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    command = command or next(([name] for name in ("nano", "vim", "vi") if shutil.which(name)), [])
    if not command or shutil.which(command[0]) is None:
        raise EditorMissing("No editor was found.", remedy="Set EDITOR to one, such as: export EDITOR=nano")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="edit-", suffix=".md", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        env = {key: value for key, value in os.environ.items() if key not in SECRET}
        status = subprocess.run([*command, name], check=False, env=env).returncode  # noqa: S603  # the person's own choice
        if status:
            raise EditorMissing(f"The editor ended with status {status}; nothing was taken from it.")
        after = path.read_text(encoding="utf-8", errors="replace")
    finally:
        path.unlink(missing_ok=True)
    return after if text.endswith("\n") else after.removesuffix("\n")

"""Handing a text to the person's own editor or pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess  # the editor that the person named
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
    with _written([text], folder, "edit-") as path:
        _run([*_editor(), str(path)], "nothing was taken from it")
        after = path.read_text(encoding="utf-8", errors="replace")
    return after if text.endswith("\n") else after.removesuffix("\n")


@dataclass
class Handover:
    """A text that lies ready for a program; `run` needs the terminal, `close` removes what is left of it."""

    command: list[str]
    held: ExitStack
    given: IO[bytes] | None = None

    def run(self) -> None:
        """Let the person read it. Raises EditorMissing when the program ends with an error."""
        _run(self.command, "nothing was changed", self.given)

    def close(self) -> None:
        """Remove the text."""
        self.held.close()


def for_editor(texts: Iterable[str], folder: Path) -> Handover:
    """Texts to be read in the editor, from a file in `folder` that is not to be written.

    Can be called on another thread. Raises EditorMissing when there is none.
    """
    command, held = _editor(), ExitStack()
    path = held.enter_context(_written(texts, folder, "read-"))
    path.chmod(0o400)
    return Handover([*command, str(path)], held)


def for_pager(texts: Iterable[str], folder: Path) -> Handover:
    """As for_editor, for $PAGER, which reads from a file that has no name any more."""
    command = shlex.split(os.environ.get("PAGER") or "")
    command = command or next(([name] for name in ("less", "more") if shutil.which(name)), [])
    if not command or shutil.which(command[0]) is None:
        raise EditorMissing("No pager was found.", remedy="Set PAGER to one, such as: export PAGER=less")
    held = ExitStack()
    with _written(texts, folder, "read-") as path:
        given = held.enter_context(path.open("rb"))
    return Handover(command, held, given)


def _editor() -> list[str]:
    """The command of the person's editor."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    command = command or next(([name] for name in ("nano", "vim", "vi") if shutil.which(name)), [])
    if not command or shutil.which(command[0]) is None:
        raise EditorMissing("No editor was found.", remedy="Set EDITOR to one, such as: export EDITOR=nano")
    return command


def _run(command: list[str], otherwise: str, given: IO[bytes] | None = None) -> None:
    """Run a program on the terminal until it ends. Raises EditorMissing when it ends with an error."""
    env = {key: value for key, value in os.environ.items() if key not in SECRET}
    status = subprocess.run(command, check=False, env=env, stdin=given).returncode  # noqa: S603  # the person's own choice
    if status:
        raise EditorMissing(f"{Path(command[0]).name} ended with status {status}; {otherwise}.")


@contextmanager
def _written(texts: Iterable[str], folder: Path, prefix: str) -> Iterator[Path]:
    """A file with some texts that only its owner can read, until it is left."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".md", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.writelines(texts)
        yield path
    finally:
        path.unlink(missing_ok=True)

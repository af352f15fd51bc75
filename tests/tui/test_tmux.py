"""The app as a person sees it: what a terminal emulator has drawn in the end, not the bytes on the way there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import RUN

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="SKIPPED: tmux is not here, so no emulator draws it")

PROMPT = "READY>"


class Tmux:
    """A shell in a tmux of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._socket = str(folder / "tmux")
        told = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        size = ["COLUMNS=100", "LINES=30"]  # exported, as by some shells: the size at the start, whatever comes later
        shell = ["env", "-u", "NO_COLOR", *size, f"PS1={PROMPT} ", "bash", "--norc", "--noprofile", "-i"]
        self._run("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", *told, shlex.join(shell))
        self.until(lambda screen: PROMPT in screen)

    def _run(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    def type(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self._run("send-keys", *keys)

    def begin(self, *arguments: str) -> None:
        """Start a program from the shell."""
        self.type("-l", shlex.join([sys.executable, *arguments]))
        self.type("Enter")

    def resize(self, columns: int, lines: int) -> None:
        """Make the window larger or smaller."""
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def until(self, condition: Callable[[str], object]) -> str:
        """Wait until what is on the screen is as wanted; the screen."""
        end = time.monotonic() + 30
        while not condition(screen := self._run("capture-pane", "-p")):
            assert time.monotonic() < end, f"it is not drawn:\n{screen}"
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        """End it and what runs in it."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, timeout=30)


EDITOR = """
import sys
print("THE EDITOR IS HERE", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def tmux(vault_path: Path, tmp_path: Path) -> Iterator[Tmux]:
    """A shell beside a vault."""
    (tmp_path / "editor.py").write_text(EDITOR)
    made = Tmux(tmp_path, EDITOR=f"{sys.executable} {tmp_path / 'editor.py'}")
    yield made
    made.close()


def whole(screen: str, columns: int, lines: int) -> bool:
    """Whether the app fills the window: its head on top, its keys at the bottom, and nothing beyond."""
    drawn = screen.splitlines()
    return (
        len(drawn) == lines
        and drawn[0].startswith(" netto  Browse")
        and "Help" in drawn[-1]
        and max(map(len, drawn)) <= columns
    )


def test_it_starts_resizes_gives_way_to_an_editor_and_the_shell_and_leaves_the_terminal_whole(tmux: Tmux) -> None:
    tmux.begin("-c", RUN, "vault")
    tmux.until(lambda screen: "Trip to Lisbon" in screen and whole(screen, 100, 30))

    tmux.resize(50, 10)
    tmux.until(lambda screen: "needs 60 x 15" in screen)
    tmux.resize(132, 43)
    tmux.until(lambda screen: "Trip to Lisbon" in screen and whole(screen, 132, 43))

    tmux.type("3")
    tmux.until(lambda screen: "to decide in" in screen)
    tmux.type("Enter")
    tmux.until(lambda screen: "3 to choose" in screen)
    tmux.type("e")
    tmux.until(lambda screen: "THE EDITOR IS HERE" in screen and "to choose" not in screen)
    tmux.type("Enter")
    tmux.until(lambda screen: "3 to choose" in screen and "EDITOR" not in screen)
    tmux.type("Escape")
    tmux.until(lambda screen: "to decide in" in screen and whole(screen, 132, 43))

    tmux.type("C-z")
    tmux.until(lambda screen: "Stopped" in screen and "to decide in" not in screen)
    tmux.type("fg", "Enter")
    tmux.until(lambda screen: "to decide in" in screen and whole(screen, 132, 43))

    tmux.type("q")
    screen = tmux.until(lambda screen: re.search(rf"{PROMPT}\s*$", screen))
    assert "Browse" not in screen, "the shell's screen is as it was"


def test_a_signal_gives_the_screen_back_too(tmux: Tmux, vault_path: Path) -> None:
    told = vault_path.parent / "pid"
    tmux.begin("-c", f"import os; open({str(told)!r}, 'w').write(str(os.getpid())); {RUN}", "vault")
    tmux.until(lambda screen: "Trip to Lisbon" in screen)
    os.kill(int(told.read_text()), signal.SIGTERM)
    tmux.until(lambda screen: re.search(rf"{PROMPT}\s*$", screen))
    tmux.type("echo status $?", "Enter")
    screen = tmux.until(lambda screen: re.search(r"^status \d+$", screen, re.MULTILINE))
    assert "status 143" in screen
    assert "Browse" not in screen

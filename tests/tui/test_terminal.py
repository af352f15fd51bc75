"""The app on a real terminal: hostile text stays text, and the terminal comes back whole."""

from __future__ import annotations

import re
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.errors import UsageError
from netto_tui.tui.running import run
from tests.payloads import OBEYED, hostile_vault, make_the_index_hostile
from tests.tui.terminal import RUN, Terminal

ALLOWED = re.compile(
    rb"\x1b\[[0-9;:]*m"  # colours
    rb"|\x1b\[[0-9;]*[HABCDGKJ]"  # the cursor, erasing a line
    rb"|\x1b\[\?[0-9;]*[hl$puS]+"  # modes of the terminal
    rb"|\x1b\[[<>=?]?[0-9;]*[ucnptqW]"  # keyboard protocol, questions
    rb"|\x1b[78=>]"
)
OWNED = re.compile(rb"\x1b\]|\x1bP|\x1b_|\x1b\^|\x1bX|\x9b(?=2J)|\xc2[\x80-\x9f]|\x1b\[2J|\x00")
"""What hostile text in the vault tries: OSC, DCS, APC, PM, SOS, C1, clearing the screen, NUL."""

POINTER = re.compile(rb"\x1b\]22;[a-z-]*\x07")
"""Textual's own: the shape of the mouse pointer."""

RESTORED = b"\x1b[?1049l"


@pytest.fixture
def terminal(vault_path: Path) -> Iterator[list[Terminal]]:
    """Terminals to be closed."""
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


def open_app(terminal: list[Terminal], *, code: str = RUN, env: dict[str, str] | None = None) -> Terminal:
    terminal.append(Terminal.app(Path("vault"), code=code, env=env))
    return terminal[-1]


def test_a_mistake_in_the_settings_is_told_on_the_screen(terminal: list[Terminal], vault_path: Path) -> None:
    (vault_path / "config.toml").write_text('interval_minutes = "soon"\n')
    app = Terminal("-m", "netto_tui", "--vault", "vault")
    terminal.append(app)
    app.until(b"Recipe")
    app.until(b"interval_minutes")
    app.type("q")
    assert app.ended() == 0


def test_hostile_text_lets_no_escape_sequence_through(terminal: list[Terminal]) -> None:
    app = open_app(terminal)
    app.until(b"Recipe")
    begun = len(app.output)
    app.type("jjjjj")  # the hostile conversation
    app.until(b"click=app", since=begun)
    app.type("\r")
    app.type("y")  # copying goes through OSC 52: our own, of safe text
    app.until(b"Copied", since=begun)
    app.type("/owned")
    app.until(b"1 message", since=begun)
    there = len(app.output)
    app.type("\r")
    app.until(b"Open", since=there)
    app.type("2")
    app.until(b"Journal", since=there)
    app.type("5")
    app.until(b"Evidence", since=there)
    app.type("q")
    assert app.ended() == 0
    drawn = app.output[begun:].partition(RESTORED)[0]
    ours = re.findall(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", drawn)
    assert len(ours) == 1
    drawn = drawn.replace(ours[0], b"")
    assert not OWNED.findall(drawn)
    assert b"cHduZWQ=" in drawn, "the payload is shown, as text"
    left = ALLOWED.sub(b"", drawn)
    assert b"\x1b" not in left, left[max(0, left.find(b"\x1b") - 20) :][:80]


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
def test_no_field_of_a_hostile_vault_speaks_to_the_terminal(
    terminal: list[Terminal], tmp_path: Path, size: tuple[int, int]
) -> None:
    vault = tmp_path / "hostile"
    hostile_vault(vault, 6).close()
    make_the_index_hostile(vault)
    terminal.append(app := Terminal.app(vault, size=size))
    app.until(b"2026-11-23")
    begun = len(app.output)
    for keys, shown in (
        ("jjj\rf ", b"\xe2\x90\x9b"),  # a picture of ESC
        ("2", b"Journal"),
        ("jj", b""),
        ("3", b"to decide in"),
        ("\r", b"Take"),
        ("12j", b""),
        ("q", b"Conflicts"),
        ("4", b"Preview"),
        ("p", b""),
        ("5", b"Evidence"),
        ("jj", b""),
        ("?", b"Keys"),
    ):
        there = len(app.output)
        app.type(keys)
        app.until(shown, since=there)
    app.type("\x11")
    assert app.ended() == 0
    drawn = POINTER.sub(b"", app.output[begun:].partition(RESTORED)[0])
    assert not (found := OWNED.search(drawn)), drawn[found.start() - 40 : found.end() + 60]
    left = ALLOWED.sub(b"", drawn)
    assert b"\x1b" not in left, left[max(0, left.find(b"\x1b") - 20) :][:80]
    assert not OBEYED.search(left.decode("utf-8", "replace"))
    assert RESTORED not in app.output[:begun], "hostile text did not end the screen"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_app_and_gives_the_terminal_back(terminal: list[Terminal], number: signal.Signals) -> None:
    app = open_app(terminal)
    app.until(b"Trip to Lisbon")
    app.kill(number)
    assert app.ended() == 128 + number
    assert RESTORED in app.output
    assert b"\x1b[?25h" in app.output.partition(RESTORED)[2] + app.output[-200:], "the cursor is visible"


def test_a_terminal_that_is_closed_ends_the_app_in_order(terminal: list[Terminal]) -> None:
    app = open_app(terminal)
    app.until(b"Trip to Lisbon")
    app.hang_up()
    assert app.ended() == 128 + signal.SIGHUP
    assert "stopped" not in (log.read_text() if (log := Path("vault/log/app.log")).exists() else "")


BUSY = """
import sys, threading
from pathlib import Path
from netto_tui.sync import worker
from netto_tui.tui import app, running
def stuck(*_):
    Path("stuck", threading.current_thread().name).mkdir(parents=True)
    threading.Event().wait(600)
worker.run_round = stuck
class Stuck(app.NettoApp):
    def on_ready(self):
        self.run_worker(stuck, thread=True, exit_on_error=False)
app.NettoApp = Stuck
sys.exit(running.run(Path(sys.argv[1])))
"""
"""Sync, and a job of the app, in a call that does not come back for ten minutes."""


def test_neither_a_slow_pass_nor_a_slow_job_holds_up_leaving(terminal: list[Terminal]) -> None:
    app = open_app(terminal, code=BUSY)
    app.until(b"Trip to Lisbon")
    app.wait(lambda: len(list(Path().glob("stuck/*"))) == 2)
    app.type("q")
    assert app.ended(seconds=60) == 0
    assert RESTORED in app.output


def test_it_goes_to_the_shell_and_comes_back_drawn_anew(terminal: list[Terminal]) -> None:
    shell = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
    terminal.append(one := Terminal("-c", shell, env={"PS1": "READY> "}))
    one.until(b"READY>")
    one.type(f"{sys.executable} -c {shlex.quote(RUN)} vault\n")
    one.until(b"Trip to Lisbon")
    there = len(one.output)
    one.type("\x1a")
    one.until(b"Stopped", since=there)
    assert RESTORED in one.output[there:], "the shell has its own screen"
    there = len(one.output)
    one.type("fg\n")
    one.until(b"Trip to Lisbon", since=there)
    one.type("5")
    one.until(b"Evidence", since=there)
    there = len(one.output)
    one.type("q")
    one.until(b"READY>", since=there)
    one.type("exit\n")
    assert one.ended() == 0


def test_a_terminal_that_is_too_small_says_so_and_can_be_left(terminal: list[Terminal]) -> None:
    app = open_app(terminal)
    app.until(b"Trip to Lisbon")
    for keys in ("", "A", "\x1b?", "\x1b3\r"):  # over dialogs and a screen of its own too
        app.type(keys)
        app.resize((50, 10))
        there = len(app.output)
        app.until(b"needs 60 x 15", since=there)
        there = len(app.output)
        app.resize((100, 30))
        app.until(b"Trip to Lisbon" if not keys else b"esc", since=there)
    app.resize((50, 10))
    app.until(b"needs 60 x 15", since=there)
    app.type("\x11")
    assert app.ended() == 0


CRASH = """
import sys
from pathlib import Path
from netto_tui.tui import app, running
def boom(self):
    secret = "ghp_a_token_that_nobody_may_see"
    raise ValueError("said in private: " + secret)
app.NettoApp._watch = boom
sys.exit(running.run(Path(sys.argv[1])))
"""


def test_a_crash_shows_four_lines_and_no_values(terminal: list[Terminal]) -> None:
    app = open_app(terminal, code=CRASH)
    assert app.ended() == 70
    left = app.output.partition(RESTORED)[2].decode()
    assert "netto-tui had to stop: ValueError" in left
    assert "vault/log/app.log" in left
    assert len(left.strip().splitlines()) <= 6
    log = Path("vault/log/app.log")
    assert "ValueError" in log.read_text()
    assert "in boom" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    for text in (left, log.read_text()):
        assert "ghp_" not in text
        assert "in private" not in text


def test_without_a_terminal_the_app_names_the_command_line(vault_path: Path) -> None:
    with pytest.raises(UsageError, match="netto-tui list --json"):
        run(vault_path)


NEVER = (
    "dulwich",
    "github",
    "firebase_admin",
    "keyring",
    "netto_tui.tui.panes.recovery",
    "netto_tui.tui.screens.resolver",
)


def test_starting_imports_no_remote() -> None:
    code = f"import sys, netto_tui.tui.app; print([name for name in {NEVER!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


EDITOR = """
import sys
path = sys.argv[-1]
print("THE EDITOR HAS THE TERMINAL", flush=True)
text = open(path).read()
assert "Make it five days" in text and "Make it four days" in text
open(path, "w").write("Written by hand.\\n")
"""


def test_an_editor_gets_the_terminal_and_what_it_saves_is_taken(terminal: list[Terminal], tmp_path: Path) -> None:
    script = tmp_path / "editor.py"
    script.write_text(EDITOR)
    app = open_app(terminal, env={"EDITOR": f"{sys.executable} {script}"})
    app.until(b"Trip to Lisbon")
    app.type("3")
    app.until(b"to decide in")
    app.type("\r")
    app.until(b"3 to choose")
    there = len(app.output)
    app.type("e")
    app.until(b"THE EDITOR HAS THE TERMINAL", since=there)
    app.until(b"Written by hand.", since=there)
    assert RESTORED in app.output[there:], "the app left the screen to the editor"
    app.type("q")
    app.until(b"kept as a draft", since=there)
    app.type("q")
    assert app.ended() == 0
    drafts = list(Path("vault/drafts").iterdir())
    assert [file.suffix for file in drafts] == [".json"], "nothing of the editor's file is left"

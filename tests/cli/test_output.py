"""What reaches a terminal: aligned, cut where it must be, and harmless whatever was said."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.cli import output
from tests.cli.conftest import Program
from tests.payloads import OBEYED, PAYLOADS

POWERFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(words, st.integers(1, 40), st.booleans())
def test_a_cell_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    fitted = output.fit(text, width, right)
    assert output.cell_width(fitted) == width
    if output.cell_width(text) <= width:
        assert fitted.strip() == text.strip()


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("京都", 4), ("é", 1), ("e\u0301", 1), ("🍁", 2), ("", 0)])
def test_wide_and_combining_letters_are_counted_as_terminals_draw_them(text: str, columns: int) -> None:
    assert output.cell_width(text) == columns


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)


@given(st.dictionaries(words, json_values, max_size=4))
def test_a_document_reads_back_and_holds_nothing_powerful(value: dict[str, object]) -> None:
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_write", written.append)
        output.document(value)
        output.compact(value)
    for text in written:
        assert json.loads(text) == value
        assert not POWERFUL.search(text) and not OBEYED.search(text)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_line_of_ours_with_foreign_words_in_it_is_harmless_and_keeps_its_stress(payload: str) -> None:
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_write", written.append)
        patch.setattr(output, "_styled", lambda: True)
        output.line(f"{output.strong('Title')} {payload} {output.faint('end')}")
    (text,) = written
    assert text.startswith("\x1b[1mTitle\x1b[0m ") and text.endswith(" \x1b[2mend\x1b[0m\n")
    assert not OBEYED.search(text.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", ""))


def in_a_terminal(
    columns: int, *args: str, env: dict[str, str] | None = None, typed: bytes = b"", code: int = 0
) -> str:
    """What the program draws on a terminal of so many columns, where somebody types; `code` is how it has to end."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-m", "netto_tui", *args]
    env = kept | {"TERM": "xterm"} | (env or {})
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=env) as process:
        os.close(theirs)
        os.write(ours, typed)
        drawn = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux ends a terminal nobody holds with EIO
                break
            if not data:
                break
            drawn += data
        assert process.wait() == code, drawn
    os.close(ours)
    return drawn.decode()


def test_a_table_fits_into_the_terminal(vault: Program) -> None:
    vault("log", "--role", "user", "--title", "A very long title about 京都 and other places " * 3, "Hello")
    drawn = re.sub(r"\x1b\[\d*m", "", in_a_terminal(80, "list"))
    assert "…" in drawn
    assert all(output.cell_width(line) <= 80 for line in drawn.splitlines())


def test_colour_is_left_out_when_nobody_wants_it(vault: Program) -> None:
    vault("log", "--role", "user", "Hello")
    assert "\x1b[" in in_a_terminal(80, "list")
    assert "\x1b[" not in in_a_terminal(80, "list", env={"NO_COLOR": "1"})
    assert "\x1b[" not in in_a_terminal(80, "list", env={"TERM": "dumb"})
    assert "\x1b[" not in vault("list").out


def test_at_a_terminal_a_restore_asks_and_takes_no_for_an_answer(vault: Program) -> None:
    vault("log", "--role", "user", "Hello")
    vault("sync")
    asked = in_a_terminal(80, "restore", "--from", "disk", typed=b"n\n", code=1)
    assert "Go on?" in asked and "Nothing was restored" in asked
    assert "Restored 1 conversation " in in_a_terminal(80, "restore", "--from", "disk", typed=b"y\n")


def test_a_text_is_not_waited_for_at_a_terminal(vault: Program) -> None:
    assert "There is no text." in in_a_terminal(80, "log", "--role", "user", code=2)


def test_a_reader_that_leaves_early_is_no_error(vault: Program) -> None:
    program = f"{sys.executable} -m netto_tui"
    script = f"{program} schema | head -n 1; {program} --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_watching_pushes_a_change_and_ends_when_told(vault: Program, home: Path) -> None:
    command = [sys.executable, "-m", "netto_tui", "sync", "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        first = [json.loads(watching.stdout.readline()) for _ in range(2)]
        assert {report["name"] for report in first} == {"history", "disk"}
        assert {report["state"] for report in first} == {"ok"}
        vault("log", "--role", "user", "Hello")
        pushed: set[str] = set()
        while "disk" not in pushed:
            report = json.loads(watching.stdout.readline())
            pushed |= {report["name"]} if report["pushed"] else set()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    assert {one["name"]: one["pending"] for one in vault("status", "--json").json["replicas"]}["disk"] == 0

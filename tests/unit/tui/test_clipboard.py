"""The clipboard of the system: which program is taken, and what it is given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netto_tui.tui import clipboard

PROGRAM = f"""#!{sys.executable}
import pathlib, sys, time
place = pathlib.Path(sys.argv[0]).parent
text = sys.stdin.buffer.read()
if b"wait" in text:
    time.sleep(30)
(place / "taken").write_bytes(" ".join(sys.argv[1:]).encode() + b"|" + text)
sys.exit(b"refuse" in text)
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every program, the only one on the path."""
    for name in ("wl-copy", "xclip", "xsel", "pbcopy", "clip.exe"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_program_is_taken_only_where_it_can_reach_a_clipboard(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clipboard.command() == ("pbcopy",)
    monkeypatch.setenv("DISPLAY", ":0")
    assert clipboard.command()[0] == "xclip"
    (programs / "xclip").unlink()
    assert clipboard.command() == ("xsel", "--clipboard", "--input")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert clipboard.command() == ("wl-copy",)
    for name in ("wl-copy", "xsel", "pbcopy"):
        (programs / name).unlink()
    assert clipboard.command() == ("clip.exe",)
    monkeypatch.setenv("PATH", "")
    assert clipboard.command() == ()
    assert not clipboard.put("text")


def test_it_is_given_the_text_and_nothing_else(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clipboard.put("読む $(id)\n")
    assert (programs / "taken").read_bytes() == "|読む $(id)\n".encode()
    monkeypatch.setenv("DISPLAY", ":0")
    assert clipboard.put("x")
    assert (programs / "taken").read_text() == "-selection clipboard -in|x"


def test_a_program_that_refuses_or_hangs_is_no_error(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "SECONDS", 0.3)
    assert not clipboard.put("refuse")
    assert not clipboard.put("wait")

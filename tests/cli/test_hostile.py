"""Every command over a vault in which everything is hostile: at a terminal, into a pipe, and as JSON."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from netto_tui.model.ids import conversation_id
from tests.cli.test_output import in_a_terminal
from tests.payloads import OBEYED, hostile_records, hostile_vault, make_the_index_hostile, payload

OURS = re.compile(r"\r\x1b\[K|\x1b\[[012]m|\r\n")
"""What we write to a terminal ourselves: a line of progress, stress, and the line ends of a terminal."""

FIRST = conversation_id("hostile", "0")

COMMANDS: dict[str, tuple[str, ...]] = {
    "list": ("list", "--limit", "0"),
    "search": ("search", "owned"),
    "search by source": ("search", "source:x"),
    "show": ("show", FIRST, "--all"),
    "conflicts": ("conflicts",),
    "status": ("status",),
    "health": ("health",),
    "doctor": ("doctor",),
    "verify": ("verify", "--deep"),
    "sync": ("sync",),
    "drill": ("drill",),
    "restore, tried": ("restore", "--from", "disk", "--dry-run"),
    "undo": ("undo", "--list"),
    "paths": ("paths",),
    "resolve": ("resolve", "--all", "--take", "latest", "--dry-run"),
    "an id that is not there": ("show", payload(0)[:60].replace("\0", "")),
    "a replica that is not there": ("sync", payload(1)[:60].replace("\0", "")),
    "an option that is not there": (f"--{payload(3)[:40]}".replace("\0", ""),),
    "a command that is not there": (payload(6)[:40].replace("\0", ""),),
    "a file that is not there": ("import", f"/{payload(8)[:60]}".replace("\0", "")),
    "settings that are not there": ("--config", f"/{payload(9)[:60]}".replace("\0", ""), "list"),
    "a query that cannot be": ("list", f"on:{payload(12)[:40]}".replace("\0", "")),
    "as Markdown": ("export", FIRST, "-o", "-"),
    "as HTML": ("export", FIRST, "--format", "html", "-o", "-"),
    "as JSON": ("export", FIRST, "--format", "json", "-o", "-"),
    "as records, which JSON escapes": ("export", FIRST, "--format", "native", "-o", "-"),
}
PIPED_AS_STORED = {"as records, which JSON escapes"}
"""A pipe gets the very bytes that the vault has: they are named by their hash."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vault, its replica made, with an index that tells hostile things."""
    path = tmp_path_factory.mktemp("hostile") / "vault"
    with hostile_vault(path, 6):
        pass
    make_the_index_hostile(path)
    return path


def status_of(*args: str) -> int:
    return subprocess.run([sys.executable, "-m", "netto_tui", *args], capture_output=True, check=False).returncode


@pytest.mark.parametrize("name", COMMANDS)
def test_no_byte_of_a_payload_arrives(name: str, hostile: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    subprocess.run(["cp", "-a", str(hostile), str(vault)], check=True)
    args = ("--vault", str(vault), *COMMANDS[name])
    env = os.environ | {"PYTHONIOENCODING": "utf-8"}
    piped = subprocess.run([sys.executable, "-m", "netto_tui", *args], capture_output=True, env=env, check=False)
    drawn = in_a_terminal(100, *args, code=piped.returncode, env={"PYTHONIOENCODING": "utf-8"})
    shown = OURS.sub("\n", drawn)
    assert not OBEYED.search(shown), ascii(OBEYED.findall(shown)[:5])
    assert "\r" not in shown and "Traceback" not in shown
    assert shown.strip() or name == "undo"
    for stream in (piped.stdout, piped.stderr):
        text = stream.decode()
        if name not in PIPED_AS_STORED or stream is piped.stderr:
            assert not OBEYED.search(OURS.sub("\n", text)), ascii(OBEYED.findall(text)[:5])


@pytest.mark.parametrize(
    "name", ["list", "search", "show", "conflicts", "status", "health", "doctor", "verify", "drill"]
)
def test_json_says_it_all_and_is_harmless(name: str, hostile: Path) -> None:
    args = [sys.executable, "-m", "netto_tui", "--vault", str(hostile), "--json", *COMMANDS[name]]
    done = subprocess.run(args, capture_output=True, check=False)
    text = done.stdout.decode()
    assert not OBEYED.search(text)
    document = json.loads(text)
    if name == "show":
        assert any("\x1b]52;c;cHduZWQ=\x07" in message["text"] for message in document["messages"])
        assert any("\x9b2J" in message["author"] for message in document["messages"])


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_an_exported_file_can_be_looked_at(form: str, hostile: Path, tmp_path: Path) -> None:
    done = status_of("--vault", str(hostile), "export", "--format", form, "-o", f"{tmp_path / 'out'}/")
    assert done == 0
    written = list((tmp_path / "out").iterdir())
    assert len(written) == 6
    for file in written:
        assert not OBEYED.search(file.read_text()), file
        assert re.fullmatch(r"[a-z0-9.-]+", file.name)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_page_holds_no_tag_of_theirs(hostile: Path, tmp_path: Path) -> None:
    assert status_of("--vault", str(hostile), "export", FIRST, "--format", "html", "-o", str(tmp_path / "p.html")) == 0
    page = (tmp_path / "p.html").read_text()
    assert "<script" not in page and "alert(1)" in page
    assert not re.search(r"<(?!/?(?:!doctype|html|head|meta|title|style|body|header|h1|h2|p|article|div|time)\b)", page)


def test_an_export_writes_through_no_link(hostile: Path, tmp_path: Path) -> None:
    target, out = tmp_path / "mine", tmp_path / "out.md"
    target.write_text("mine")
    (tmp_path / ".out.md.part").symlink_to(target)
    assert status_of("--vault", str(hostile), "export", FIRST, "-o", str(out)) == 0
    assert target.read_text() == "mine" and not out.is_symlink()


def test_hostile_names_of_files_that_are_imported(hostile: Path, tmp_path: Path) -> None:
    folder = tmp_path / payload(0)[:60].replace("/", "").replace("\0", "")
    folder.mkdir()
    (folder / f"{payload(3)[:50]}.jsonl".replace("/", "").replace("\0", "")).write_text("{" + payload(2))
    vault = tmp_path / "vault"
    subprocess.run(["cp", "-a", str(hostile), str(vault)], check=True)
    for args in (("import", str(folder)), ("import", str(folder), "--from", "claude-code")):
        done = subprocess.run(
            [sys.executable, "-m", "netto_tui", "--vault", str(vault), *args], capture_output=True, check=False
        )
        text = (done.stdout + done.stderr).decode()
        assert not OBEYED.search(text) and text
        assert "Traceback" not in text


def test_the_payloads_are_there_at_all() -> None:
    raw = b"".join(record.line for record in hostile_records(0)).decode()
    assert OBEYED.search(raw), "the vault has what must not arrive"

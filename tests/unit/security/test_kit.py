"""The recovery kit: what it says, and that public tools alone follow it to the end."""

from __future__ import annotations

import base64
import os
import pty
import shutil
import struct
import subprocess
import zlib
from hashlib import sha256
from pathlib import Path

import pytest

from netto_tui.errors import Denied
from netto_tui.security import keyset, kit
from netto_tui.security.envelope import Sealed
from netto_tui.security.kit import Kit
from netto_tui.security.recovery_code import RecoveryCode
from tests.servers import quick_slots
from tests.servers.quick_slots import VAULT

KEYS = keyset.new_keys(VAULT).rotated()
CODE = RecoveryCode(KEYS.code).text.reveal()
SHEET = Kit(VAULT, KEYS, "2026-11-23", ("history, git github.com/someone/backup",), ("history: 7, 1a2b3c",))


def test_the_sheet_has_what_a_person_needs_later() -> None:
    text = SHEET.text().reveal()
    public = base64.urlsafe_b64encode(KEYS.public).rstrip(b"=").decode()
    for part in (
        CODE,
        VAULT,
        public,
        KEYS.fingerprint,
        "number 2",
        "2026-11-23",
        "someone/backup",
        "history: 7, 1a2b3c",
    ):
        assert part in text


def test_the_sheet_has_no_key_but_the_code() -> None:
    text = SHEET.text(paper=True).reveal()
    for key in (*KEYS.wrapping.values(), KEYS.name, KEYS.sign):
        assert base64.urlsafe_b64encode(key).rstrip(b"=").decode() not in text
        assert key.hex() not in text


def test_the_sheet_hides_from_print_and_log() -> None:
    assert CODE not in repr(SHEET)
    assert CODE not in repr(SHEET.text())


def test_the_sheet_fits_paper() -> None:
    assert max(map(len, SHEET.text(paper=True).reveal().splitlines())) <= 110


def test_keys_without_a_code_have_no_kit() -> None:
    with pytest.raises(Denied, match="no recovery code"):
        Kit(VAULT, KEYS.with_code(b""), "2026-11-23").text()


# The QR code, read back by a decoder of our own for the one form that is drawn


def dark(picture: str, light: str) -> list[list[bool]]:
    """The modules of a QR code drawn in half blocks. light: what a light half is, of `█` and a blank."""
    upper = {"█": "██", "▀": "█ ", "▄": " █", " ": "  "}
    rows = [[upper[letter][half] != light for letter in line] for line in picture.split("\n") for half in (0, 1)]
    return rows


def drawn(text: str) -> str:
    lines = text.split("\n")
    rows = [line for line in lines if line and set(line) <= set("█▀▄ ") and len(line) == 33]
    return "\n".join(rows)


def matrix() -> list[list[bool]]:
    import segno

    return [[bool(module) for module in row] for row in segno.make_qr(CODE, error="m").matrix]


@pytest.mark.parametrize(("paper", "light"), [(False, "█"), (True, " ")])
def test_the_drawn_code_is_dark_where_the_qr_code_is(paper: bool, light: str) -> None:
    found = dark(drawn(SHEET.text(paper=paper).reveal()), light)
    inner = [row[4:29] for row in found[4:29]]
    assert inner == matrix()
    if paper:
        assert not any(any(row) for row in found[:4])  # the margin is light


def test_the_picture_for_files_is_the_same_code() -> None:
    assert SHEET.picture("svg").startswith(b"<?xml")
    assert pixels(SHEET.picture("png")) == matrix()


def pixels(png: bytes) -> list[list[bool]]:
    """The modules of a PNG with one bit per pixel, 8 pixels a module and 4 modules of margin."""
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    assert (width, height, depth, colours) == (264, 264, 1, 0)
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    raw = zlib.decompress(data)
    rows = [bytes(33)]
    for line in range(264):
        kind, row = raw[line * 34], raw[line * 34 + 1 : line * 34 + 34]
        assert kind in (0, 2)  # as it is, or the difference to the row above
        rows.append(bytes((each + above * (kind == 2)) & 255 for each, above in zip(row, rows[-1], strict=True)))
    return [[rows[y * 8 + 5][x] == 0 for x in range(4, 29)] for y in range(4, 29)]


# Public tools


def needs(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


@pytest.fixture
def replica(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with a slot and a file of three tokens, two by an older key, and the lines that are in it."""
    records = []
    for text in ("one", "zwei ✓", "three" * 500):
        rev = f'{{"format":"netto.revision/1","text":"{text}"}}'
        records.append(f'{{"id":"{sha256(rev.encode()).hexdigest()}","rev":{rev}}}')
    older = keyset.KeySet(KEYS.prefix, {1: KEYS.wrapping[1]}, KEYS.name, KEYS.sign)
    old, new = Sealed(lambda: older), Sealed(lambda: KEYS)
    tokens = [old.seal(records[0].encode()), old.seal(records[1].encode()), new.seal(records[2].encode())]
    (tmp_path / "FILE").write_bytes(b"".join(token + b"\n" for token in tokens))
    (tmp_path / "slot-recovery.age").write_bytes(quick_slots.seal(KEYS, RecoveryCode(KEYS.code)))
    return tmp_path, records


def commands(sheet: str, first: str, last: str) -> str:
    """The lines of the sheet from the one that begins with something to the one that ends with something."""
    lines = sheet.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(first))
    end = next(number for number, line in enumerate(lines) if number >= start and line.endswith(last))
    return "\n".join(lines[start : end + 1])


def type_into(command: str, folder: Path, answer: str) -> None:
    """Run a command at a terminal and answer its one question."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvp("bash", ["bash", "-c", command])  # noqa: S606  # a terminal of its own, where age asks
    said = b""
    while b"passphrase" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, answer.encode() + b"\n")
    while True:
        try:
            if not os.read(terminal, 1000):
                break
        except OSError:  # the terminal is closed
            break
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def unlock(folder: Path) -> None:
    type_into(commands(SHEET.text().reveal(), "age ", "dashes too"), folder, CODE)
    assert keyset.decode((folder / "vault.jwks").read_bytes()) == KEYS


def test_age_opens_the_slot_with_the_code_as_printed(replica: tuple[Path, list[str]]) -> None:
    needs("age", "bash")
    unlock(replica[0])


def test_jose_opens_every_line_as_the_sheet_says(replica: tuple[Path, list[str]]) -> None:
    needs("age", "jose", "bash", "gunzip")
    folder, records = replica
    unlock(folder)
    loop = commands(SHEET.text().reveal(), "while ", "done < FILE")
    done = subprocess.run(["bash", "-c", loop], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == records


def test_node_opens_every_line_as_the_sheet_says(replica: tuple[Path, list[str]]) -> None:
    needs("age", "node", "bash")
    folder, records = replica
    unlock(folder)
    (folder / "open.js").write_text(commands(SHEET.text().reveal(), "const fs", "toString()) }"))
    done = subprocess.run(["node", "open.js", "FILE"], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == records


def test_the_library_has_no_part_in_what_public_tools_do() -> None:
    for text in (kit.WITH_AGE_AND_JOSE, kit.WITH_NODE):
        assert "netto" not in text

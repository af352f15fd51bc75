"""`keys`: what it shows and never shows, what it asks and whom, and that two devices stay together."""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.security import custody, slots
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode, new_code
from netto_tui.security.secret import Secret
from netto_tui.vault.identity import load_identity
from tests.cli.conftest import Program
from tests.servers import keyrings, quick_slots
from tests.servers.quick_slots import forget
from tests.tui.terminal import Terminal

WORDS = "correct horse battery staple seven"
NEW_WORDS = "a quite different passphrase than before"


@pytest.fixture(autouse=True)
def beginning(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The device's key in a file, no keyring, and slots that take no seconds."""
    for name in ("NETTO_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setattr(slots, "seal", quick_slots.seal)
    forget()
    with keyrings.used(keyrings.Locked()):
        yield
    forget()


def held(home: Path) -> KeySet:
    """The keys, in a process that was just started."""
    forget()
    return custody.load(home, load_identity(home).vault)


def code_of(home: Path) -> str:
    return RecoveryCode(held(home).code).text.reveal()


@pytest.fixture
def sealed(vault: Program, home: Path) -> Program:
    """The program with a vault whose two replicas are sealed, with one conversation in them, and no code confirmed."""
    assert held(home)
    (custody.folder(home) / custody.CONFIRMED).unlink(missing_ok=True)
    assert vault("log", "--role", "user", "Hello").code == 0
    assert vault("sync").code == 0
    return vault


def secrets_of(home: Path, tmp_path: Path) -> list[str]:
    keys = held(home)
    parts = [*keys.wrapping.values(), keys.name, keys.sign, keys.code]
    return [code_of(home), (tmp_path / "key").read_text().strip(), *(part.hex() for part in parts)]


def test_show_tells_what_there_is_and_no_secret(sealed: Program, home: Path, tmp_path: Path) -> None:
    done = sealed("keys", "show", "--json")
    assert done.code == 0
    assert done.json == {
        "vault": load_identity(home).vault,
        "source": f"the file {tmp_path / 'key'}",
        "slots": [slots.RECOVERY],
        "state": "ready",
        "fingerprint": held(home).fingerprint,
        "public": base64.urlsafe_b64encode(held(home).public).rstrip(b"=").decode(),
        "numbers": [1],
        "confirmed": False,
        "rotating": False,
    }
    for args in (("show",), ("show", "--json"), ("check",), ("check", "--json")):
        said = sealed("keys", *args)
        for secret in secrets_of(home, tmp_path):
            assert secret not in said.out + said.err


@pytest.mark.parametrize("args", [("show",), ("kit",), ("confirm",), ("add-passphrase",), ("rotate",), ("check",)])
def test_without_the_key_every_command_is_locked_with_the_way_back(
    sealed: Program, tmp_path: Path, args: tuple[str, ...]
) -> None:
    (tmp_path / "key").unlink()
    for json in ((), ("--json",)):
        forget()
        done = sealed("keys", *args, *json)
        assert done.code == 4
        assert "netto-tui keys unlock" in done.out + done.err
    assert not (tmp_path / "key").exists()


def test_show_of_a_locked_vault_says_so_in_json(sealed: Program, tmp_path: Path) -> None:
    (tmp_path / "key").unlink()
    forget()
    done = sealed("keys", "show", "--json")
    assert (done.code, done.json["state"], done.json["slots"]) == (4, "locked", [slots.RECOVERY])


def test_a_locked_keyring_is_named(sealed: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETTO_KEY_FILE")
    forget()
    done = sealed("keys", "show")
    assert done.code == 4
    assert "The keyring is locked." in done.err
    assert "NETTO_KEY_FILE" in done.err
    assert "NETTO_GITHUB_TOKEN" not in done.err


def test_a_vault_of_plain_replicas_has_no_keys_and_says_so(netto: Program) -> None:
    assert netto("init", "--zone", "UTC").code == 0
    done = netto("keys", "show")
    assert done.code == 4
    assert "not on this device" in done.err


# The kit and its confirmation


def test_the_kit_has_the_code_and_where_the_replicas_are(sealed: Program, home: Path, tmp_path: Path) -> None:
    done = sealed("keys", "kit")
    assert done.code == 0
    for part in (code_of(home), load_identity(home).vault, "disk, folder", str(tmp_path / "disk"), "age -d"):
        assert part in done.out
    assert sealed("keys", "kit", "--json").json["code"] == code_of(home)


def test_the_kit_has_the_last_head_of_a_replica_and_no_password_of_its_address(sealed: Program, home: Path) -> None:
    config = home / "config.toml"
    with config.open("a") as file:
        file.write(
            '[[replicas]]\nname = "far"\nkind = "git"\ntarget = "https://someone:hunter2@git.example/vault.git"\n'
        )
    said = sealed("keys", "kit").out
    assert re.search(r"Last head +history, main: number \d+, \d{4}-\d\d-\d\d, [0-9a-f]{16}\n", said)
    assert "far, git https://git.example/vault.git" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("name", "begins"), [("k.txt", b"netto-tui"), ("k.svg", b"<?xml"), ("k.PNG", b"\x89PNG")])
def test_the_kit_goes_into_a_file_for_the_owner_alone(
    sealed: Program, home: Path, tmp_path: Path, name: str, begins: bytes
) -> None:
    done = sealed("keys", "kit", "-o", str(tmp_path / name))
    assert done.code == 0
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert code_of(home) not in done.out + done.err


def test_the_kit_writes_over_nothing(sealed: Program, tmp_path: Path) -> None:
    (tmp_path / "k.txt").write_text("mine")
    (tmp_path / "link.txt").symlink_to(tmp_path / "elsewhere")
    for name, word in (("k.txt", "there already"), ("link.txt", "there already"), ("k.pdf", ".svg or .png")):
        done = sealed("keys", "kit", "-o", str(tmp_path / name))
        assert (done.code, word in done.err) == (2, True)
    assert (tmp_path / "k.txt").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_typing_the_code_back_confirms_it(sealed: Program, home: Path) -> None:
    typed = code_of(home).lower().replace("-", " ")
    assert sealed("keys", "confirm", "--stdin", stdin=f"{typed}\n").code == 0
    assert sealed("keys", "show", "--json").json["confirmed"] is True


@pytest.mark.parametrize("change", [lambda code: code[:-1], lambda code: "U" + code[1:], lambda _: "", None])
def test_a_wrong_code_confirms_nothing_and_is_not_told(sealed: Program, home: Path, change: object) -> None:
    typed = change(code_of(home)) if callable(change) else new_code().text.reveal()
    done = sealed("keys", "confirm", "--stdin", stdin=typed)
    assert done.code == 2
    assert not typed or typed[:9] not in done.out + done.err
    assert sealed("keys", "show", "--json").json["confirmed"] is False


@pytest.mark.parametrize("args", [("confirm",), ("unlock",), ("add-passphrase",)])
def test_nothing_asks_without_a_terminal(sealed: Program, args: tuple[str, ...]) -> None:
    done = sealed("keys", *args, stdin="this is not read as a secret\n")
    assert done.code == 4
    assert "--stdin" in done.err


def test_a_new_code_needs_a_person(sealed: Program, home: Path) -> None:
    done = sealed("keys", "rotate", "--new-code")
    assert done.code == 2
    assert "written down" in done.err
    assert held(home).current == 1


def test_no_secret_is_an_argument(sealed: Program) -> None:
    for name in ("confirm", "unlock", "add-passphrase"):
        said = sealed("keys", name, WORDS)
        assert said.code == 2
        assert "--stdin" in sealed("keys", name, "--help").out


# Rotating, and two devices


def test_rotating_puts_new_slots_on_both_replicas_and_all_stays_readable(
    sealed: Program, home: Path, tmp_path: Path
) -> None:
    done = sealed("keys", "rotate", "--json")
    assert (done.code, done.json) == (0, {"current": 2, "replicas": 2, "dropped": []})
    slot = (tmp_path / "disk" / ".netto" / "keys" / slots.RECOVERY).read_bytes()
    assert slots.unseal(slot, RecoveryCode(held(home).code)).current == 2
    assert sealed("log", "--role", "user", "Hello again").code == 0
    assert sealed("sync").code == 0
    assert sealed("verify", "--deep").code == 0


def test_rotating_needs_both_replicas_and_goes_on_later(sealed: Program, home: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").rename(tmp_path / "away")
    done = sealed("keys", "rotate")
    assert done.code == 3
    assert "disk: " in done.err
    assert held(home).current == 1
    assert sealed("keys", "show", "--json").json["rotating"] is True
    (tmp_path / "away").rename(tmp_path / "disk")
    assert sealed("sync").code == 0
    assert held(home).current == 1
    assert sealed("keys", "rotate", "--json").json["current"] == 2


def test_a_passphrase_is_added_replaced_and_dropped(sealed: Program, home: Path, tmp_path: Path) -> None:
    first = sealed("keys", "add-passphrase", "--stdin", "--json", stdin=f"{WORDS}\n").json["slot"]
    done = sealed("keys", "add-passphrase", "--replace", first, "--stdin", "--json", stdin=f"{NEW_WORDS}\n")
    second = done.json["slot"]
    assert done.json == {"slot": second, "dropped": [first]}
    there = tmp_path / "disk" / ".netto" / "keys"
    assert (there / first).read_bytes() == b""
    assert slots.unseal((there / second).read_bytes(), Secret(NEW_WORDS)) == held(home)
    done = sealed("keys", "rotate")
    assert f"{second} is dropped" in done.err
    assert sealed("keys", "show", "--json").json["slots"] == [slots.RECOVERY]


def test_a_weak_passphrase_is_refused_and_not_told(sealed: Program) -> None:
    done = sealed("keys", "add-passphrase", "--stdin", stdin="hunter2hunter2")
    assert done.code == 2
    assert "hunter2" not in done.out + done.err
    assert sealed("keys", "show", "--json").json["slots"] == [slots.RECOVERY]


def test_unlock_brings_the_keys_back_and_the_next_sync_works(sealed: Program, home: Path, tmp_path: Path) -> None:
    code = code_of(home)
    (tmp_path / "key").unlink()
    forget()
    assert sealed("sync").code == 4
    done = sealed("keys", "unlock", "--stdin", "--json", stdin=code)
    assert (done.code, done.json["state"]) == (0, "ready")
    assert sealed("sync").code == 0
    assert sealed("keys", "show", "--json").json["confirmed"] is True


def test_unlock_takes_the_slots_from_a_replica_where_the_vault_has_none(
    sealed: Program, home: Path, tmp_path: Path
) -> None:
    code = code_of(home)
    for each in custody.folder(home).iterdir():
        each.unlink()
    (tmp_path / "key").unlink()
    forget()
    assert sealed("keys", "unlock", "--stdin", stdin=code).code == 0
    assert sealed("keys", "check").code == 0


def test_unlock_goes_on_to_the_next_slots_where_some_were_changed(sealed: Program, home: Path, tmp_path: Path) -> None:
    code = code_of(home)
    here, there = (folder / slots.RECOVERY for folder in (custody.folder(home), tmp_path / "disk" / ".netto" / "keys"))
    here.write_bytes(here.read_bytes().replace(b" 4\n", b" 30\n", 1))
    there.write_bytes(b"rubbish")
    (tmp_path / "key").unlink()
    forget()
    assert sealed("keys", "unlock", "--stdin", stdin=code).code == 0  # by the slot on the Git replica
    assert sealed("keys", "check").code == 0


def test_unlock_takes_a_slot_file_that_was_fetched_by_hand(sealed: Program, home: Path, tmp_path: Path) -> None:
    code = code_of(home)
    (custody.folder(home) / slots.RECOVERY).rename(tmp_path / "fetched.age")
    (tmp_path / "key").unlink()
    forget()
    assert sealed("keys", "unlock", "--slot", str(tmp_path / "fetched.age"), "--stdin", stdin=code).code == 0
    assert held(home)


def test_unlock_with_a_wrong_code_changes_nothing(sealed: Program, home: Path, tmp_path: Path) -> None:
    before = {each.name: each.read_bytes() for each in custody.folder(home).iterdir()}
    (tmp_path / "key").unlink()
    forget()
    done = sealed("keys", "unlock", "--stdin", stdin=new_code().text.reveal())
    assert done.code == 4
    assert "does not open" in done.err
    assert before == {each.name: each.read_bytes() for each in custody.folder(home).iterdir()}
    assert not (tmp_path / "key").exists()


# Checking


def test_check_opens_what_it_can(sealed: Program) -> None:
    sealed("keys", "add-passphrase", "--stdin", stdin=WORDS)
    done = sealed("keys", "check", "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    states = {row["name"].partition("-pass-")[0]: row["state"] for row in done.json["checks"]}
    assert states == {"device key": "ok", "keys": "ok", "slot": "ok", slots.RECOVERY: "ok", "recovery code": "warn"}


def test_check_finds_a_broken_slot_and_changes_nothing(sealed: Program, home: Path) -> None:
    slot = custody.folder(home) / slots.RECOVERY
    slot.write_bytes(slot.read_bytes()[:-1] + b"!")
    before = {each.name: each.read_bytes() for each in custody.folder(home).iterdir()}
    done = sealed("keys", "check")
    assert done.code == 1
    assert re.search(r"BAD +slot-recovery.age", done.out)
    assert "netto-tui keys rotate" in done.out
    assert before == {each.name: each.read_bytes() for each in custody.folder(home).iterdir()}
    assert sealed("keys", "rotate").code == 0
    assert sealed("keys", "check").code == 0


def test_a_slot_that_rotted_here_comes_back_with_the_next_sync(sealed: Program, home: Path, tmp_path: Path) -> None:
    slot = custody.folder(home) / slots.RECOVERY
    good = slot.read_bytes()
    slot.write_bytes(b"rubbish")
    assert sealed("keys", "check").code == 1
    assert sealed("sync").code == 0
    assert slot.read_bytes() == good == (tmp_path / "disk" / ".netto" / "keys" / slots.RECOVERY).read_bytes()
    assert sealed("keys", "check").code == 0


def test_check_finds_a_slot_that_lacks_the_newest_key(sealed: Program, home: Path) -> None:
    vault = load_identity(home).vault
    custody.save(home, vault, held(home).rotated(), custody.own(vault))
    assert "lacks keys" in sealed("keys", "check").out


# At a terminal


@pytest.fixture
def terminal(sealed: Program) -> Iterator[list[Terminal]]:
    """Terminals that are closed at the end."""
    opened: list[Terminal] = []
    yield opened
    for each in opened:
        each.close()


QUICK = f"""
import sys
sys.path.append({str(Path(__file__).parents[2])!r})
from netto_tui import cli
from netto_tui.security import slots
from tests.servers import quick_slots
slots.seal = quick_slots.seal
cli.main(["keys", *sys.argv[1:]])
"""
"""The program with slots that take no seconds."""


def run(opened: list[Terminal], *args: str) -> Terminal:
    opened.append(Terminal("-c", QUICK, *args))
    return opened[-1]


def test_a_slip_at_the_terminal_is_asked_again_and_nothing_shows(
    sealed: Program, home: Path, terminal: list[Terminal]
) -> None:
    code = code_of(home)
    screen = run(terminal, "confirm")
    screen.until(b"Recovery code (it does not show): ")
    screen.type(code[:-1] + "\n")
    screen.until(b"27 characters")
    screen.until(b"Recovery code (it does not show): ", since=screen.output.index(b"27 characters"))
    screen.type(code + "\n")
    assert screen.ended() == 0
    assert code[:9].encode() not in screen.output
    assert sealed("keys", "show", "--json").json["confirmed"] is True


def test_a_new_code_is_shown_typed_back_and_confirmed(sealed: Program, home: Path, terminal: list[Terminal]) -> None:
    old = code_of(home)
    screen = run(terminal, "rotate", "--new-code")
    screen.until(b"Type it back (it does not show): ")
    found = re.search(rb"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", screen.output)
    assert found is not None
    screen.type(found[0].decode().lower() + "\n")
    assert screen.ended(seconds=90) == 0, screen.output
    assert code_of(home) == found[0].decode() != old
    assert sealed("keys", "show", "--json").json["confirmed"] is True
    forget()
    assert sealed("sync").code == 0


def test_a_passphrase_is_asked_for_when_the_keys_are_rotated(
    sealed: Program, home: Path, terminal: list[Terminal]
) -> None:
    name = sealed("keys", "add-passphrase", "--stdin", "--json", stdin=WORDS).json["slot"]
    screen = run(terminal, "rotate")
    screen.until(f"Passphrase of {name}".encode())
    screen.type(f"{WORDS}\n")
    assert screen.ended(seconds=90) == 0, screen.output
    assert WORDS.encode() not in screen.output
    assert slots.unseal(custody.slots(home)[name], Secret(WORDS)) == held(home)
    assert held(home).current == 2


def test_a_passphrase_typed_in_two_ways_changes_nothing(sealed: Program, home: Path, terminal: list[Terminal]) -> None:
    screen = run(terminal, "add-passphrase")
    screen.until(b"Passphrase (it does not show): ")
    screen.type(f"{WORDS}\n")
    screen.until(b"The same once more: ")
    screen.type(f"{NEW_WORDS}\n")
    assert screen.ended() == 2
    assert b"not the same" in screen.output
    assert list(custody.slots(home)) == [slots.RECOVERY]


def test_the_key_in_the_variable_is_not_handed_to_child_processes(sealed: Program, tmp_path: Path) -> None:
    key = (tmp_path / "key").read_text().strip()
    code = (
        "import os, subprocess, sys; from netto_tui.cli import run; assert run(['keys', 'show']) == 0;"
        "subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.environ))'], check=True)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "NETTO_KEY_FILE"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | {"NETTO_KEY": key}, capture_output=True, text=True, check=True
    )
    assert "the variable NETTO_KEY" in done.stdout
    assert "'NETTO_KEY'" not in done.stdout
    assert key not in done.stdout + done.stderr

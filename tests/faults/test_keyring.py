"""A real Secret Service in every state that a desktop gets it into: each is named, and none is waited for too long."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from netto_tui.security import custody

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"dbus-daemon": "dbus", "dbus-send": "dbus", "gnome-keyring-daemon": "gnome-keyring"}
SECONDS = 3.0
"""How long a keyring may take here; 10 s for people."""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)),
    reason=f"needs the packages {' and '.join(package for tool, package in NEEDED.items() if not shutil.which(tool))}",
)


class Desktop:
    """A home, a message bus and a keyring of its own, each started and killed by the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.vault = folder / "vault"
        (folder / "run").mkdir(mode=0o700)
        known = ("PATH", "LANG", "PYTHONPATH")
        self.environment = {name: os.environ[name] for name in known if name in os.environ}
        self.environment |= {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "PYTHONPATH": str(ROOT)}
        self.user: subprocess.Popen[str] | None = None

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        """Start a process of this desktop; it ends with the test."""
        process = subprocess.Popen(
            command,
            env=self.environment | more,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.stack.callback(end, process)
        return process

    def start_bus(self) -> subprocess.Popen[str]:
        bus = self.start("dbus-daemon", "--session", "--nofork", "--print-address")
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = line(bus)
        return bus

    def start_keyring(self, *, unlocked: bool) -> subprocess.Popen[str]:
        """The keyring's daemon, in the place of one that runs; unlocked with a password as at login, or not at all."""
        how = ("--unlock",) if unlocked else ()
        daemon = self.start("gnome-keyring-daemon", "--foreground", "--replace", "--components=secrets", *how)
        assert daemon.stdin is not None
        daemon.stdin.write("a password" if unlocked else "")
        daemon.stdin.close()
        self.wait_for(daemon)
        return daemon

    def wait_for(self, daemon: subprocess.Popen[str]) -> None:
        """Until it is this process that keeps secrets, and none that it takes the place of."""
        bus = "org.freedesktop.DBus"
        question = ("dbus-send", "--session", "--print-reply=literal", f"--dest={bus}", "/")
        name = (f"{bus}.GetConnectionUnixProcessID", "string:org.freedesktop.secrets")
        end_at = time.monotonic() + 20
        while time.monotonic() < end_at:
            asked = subprocess.run([*question, *name], env=self.environment, capture_output=True, text=True)
            if asked.stdout.split()[-1:] == [str(daemon.pid)]:
                return
        raise AssertionError("the keyring's daemon did not start")

    def order(self, what: str) -> str:
        """What the program says to an order, in a process that goes on from one order to the next."""
        if self.user is None:
            self.user = self.start(sys.executable, "-m", "tests.faults.keyring_user", str(self.vault), str(SECONDS))
        assert self.user.stdin is not None
        self.user.stdin.write(f"{what}\n")
        self.user.stdin.flush()
        return line(self.user)

    def restart_user(self) -> None:
        if self.user is not None:
            end(self.user)
        self.user = None


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with ExitStack() as stack:
        yield Desktop(tmp_path, stack)


@pytest.fixture
def locked(desktop: Desktop) -> Desktop:
    """A desktop with keys whose keyring was started again, and not unlocked."""
    desktop.start_bus()
    daemon = desktop.start_keyring(unlocked=True)
    assert desktop.order("make") == "ok"
    end(daemon)
    desktop.restart_user()
    return desktop


def test_an_unlocked_keyring_keeps_the_key_over_a_new_start(desktop: Desktop) -> None:
    desktop.start_bus()
    daemon = desktop.start_keyring(unlocked=True)
    assert desktop.order("make") == "ok"
    end(daemon)
    desktop.restart_user()
    desktop.start_keyring(unlocked=True)
    assert desktop.order("load") == "ok"


def test_without_a_message_bus_there_is_no_keyring(desktop: Desktop) -> None:
    said = desktop.order("make")
    assert said.startswith("Denied | The key of this device cannot be kept. This system has no keyring.")
    assert "NETTO_KEY_FILE" in said
    assert not custody.has_keys(desktop.vault)


def test_a_locked_keyring_without_a_screen_is_locked(locked: Desktop) -> None:
    locked.start_keyring(unlocked=False)
    said = locked.order("load")
    assert said.startswith("Locked | The keyring is locked.")
    assert "keys unlock" in said


def test_a_prompt_that_nobody_answers_is_not_waited_for(locked: Desktop) -> None:
    prompter = locked.start(sys.executable, "-m", "tests.faults.silent_prompter")
    assert line(prompter) == "ready"
    locked.start_keyring(unlocked=False)
    for _ in range(2):
        said = locked.order("load")
        assert said.startswith("Locked | The keyring did not answer within 3 s")
    assert line(prompter) == "asked"  # it was the prompt, and nothing else, that took so long


def test_a_daemon_that_was_killed_is_locked_and_comes_back(desktop: Desktop) -> None:
    desktop.start_bus()
    daemon = desktop.start_keyring(unlocked=True)
    assert desktop.order("make") == "ok"
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    said = desktop.order("load")
    assert said.startswith("Locked | The keyring is locked.")
    desktop.start_keyring(unlocked=True)
    assert desktop.order("load") == "ok"


def test_a_bus_that_was_killed_under_us_is_told(desktop: Desktop) -> None:
    bus = desktop.start_bus()
    desktop.start_keyring(unlocked=True)
    assert desktop.order("make") == "ok"
    bus.send_signal(signal.SIGKILL)
    bus.wait()
    said = desktop.order("load")
    assert said.startswith("Locked | The keyring cannot be used")
    assert "keys unlock" in said


def test_the_null_backend_is_refused(desktop: Desktop) -> None:
    desktop.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    said = desktop.order("make")
    assert "its null backend keeps nothing" in said
    assert not custody.has_keys(desktop.vault)


def test_looking_at_each_state_changes_nothing(locked: Desktop) -> None:
    before = sorted(locked.folder.rglob("*.keyring"))
    locked.start_keyring(unlocked=False)
    assert "The keyring is locked." in locked.order("doctor")
    assert sorted(locked.folder.rglob("*.keyring")) == before

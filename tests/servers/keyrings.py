"""Keyrings for tests: one that works, and one for each way in which a real one fails."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

WINDOWS_UNITS = 1280
"""What Windows Credential Manager takes: 2,560 bytes of UTF-16."""


class Memory(KeyringBackend):
    """Keeps everything for as long as the test runs; `kept` is what it holds, by account."""

    priority = 1
    name = "a keyring in memory"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's own method has no types
        self.kept: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        assert service == "netto-tui"
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        assert service == "netto-tui"
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop(username, None) is None:
            raise PasswordDeleteError("not there")


class Short(Memory):
    """Refuses long texts, as Windows does, and tells the text in its error, as no backend should."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) // 2 > WINDOWS_UNITS:
            raise OSError(1783, f"The stub received bad data: {password}")
        super().set_password(service, username, password)


class Cutting(Memory):
    """Keeps the beginning of a long text and says nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:WINDOWS_UNITS])


class Lying(Memory):
    """Says that it kept something, and did not."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Locked(Memory):
    """Nobody unlocks it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"Failed to unlock the collection for {password}!")


class Dying(Memory):
    """Its daemon died; the first call starts it again and fails."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = True

    def get_password(self, service: str, username: str) -> str | None:
        if self.dead:
            self.dead = False
            raise InitError("Failed to create the collection")
        return super().get_password(service, username)


class Hanging(Memory):
    """Asks for a password on a screen that nobody sees, until `answered` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.answered.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.answered.wait()
        super().set_password(service, username, password)


class PlaintextFile(Memory):
    """Would keep secrets in a file that anybody reads; its name tells."""


class InFile(KeyringBackend):
    """Keeps everything in the file that NETTO_TEST_KEYRING names, for a program in another process."""

    priority = 1
    name = "a keyring in a file"

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept().get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path.write_text(json.dumps({**self._kept(), username: password}))

    @property
    def _path(self) -> Path:
        return Path(os.environ["NETTO_TEST_KEYRING"])

    def _kept(self) -> dict[str, str]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}


@contextmanager
def used(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """A backend as the keyring of this process, for as long as the context lasts."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)

"""Accounts, tokens and repositories, on disk: one JSON file that is replaced whole, and bare Git repositories."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.servers.github.exchange import Problem
from tests.servers.github.objects import Objects

FIRST_ID = 1001
DEFAULT_BRANCH = "main"


class Account(msgspec.Struct):
    """A user, or an organisation with its members' logins."""

    id: int
    login: str
    kind: str = "User"
    members: list[str] = []


class Token(msgspec.Struct):
    """What a token may. `scopes` is None for a fine-grained one; `expires` is in seconds since 1970."""

    login: str
    write: bool = True
    scopes: str | None = "repo"
    expires: int | None = None
    repositories: list[int] | None = None


class Run(msgspec.Struct):
    """A run of a workflow."""

    id: int
    workflow: str
    branch: str
    sha: str
    created_at: str
    status: str = "queued"
    conclusion: str | None = None


class Repository(msgspec.Struct):
    """A repository; `private` and `visibility` are apart, so that they can contradict each other on demand."""

    id: int
    owner: str
    name: str
    private: bool
    visibility: str
    created_at: str
    pushed_at: str
    updated_at: str
    default_branch: str = DEFAULT_BRANCH
    description: str | None = None
    archived: bool = False
    runs: list[Run] = []

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return f"{self.owner}/{self.name}"


class State(msgspec.Struct):
    """Everything but Git. Tokens are kept as hashes; `moved` leads from old names to ids."""

    next_id: int = FIRST_ID
    accounts: dict[str, Account] = {}
    tokens: dict[str, Token] = {}
    repositories: dict[str, Repository] = {}
    moved: dict[str, int] = {}
    clock_offset: float = 0.0
    marker: str | None = None
    tree_entries: int = 100_000
    tree_bytes: int = 7_000_000
    tree_posted: int | None = None


class Store:
    """A directory with the state of a server. One process at a time; threads may share it.

    tickets: what opens which address of an archive; gone with the process.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self._file = root / "state.json"
        self._open: dict[int, Objects] = {}
        self.tickets: dict[str, str] = {}
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.state = State()
        if self._file.exists():
            self.state = msgspec.json.decode(self._file.read_bytes(), type=State)

    def save(self) -> None:
        """Write the state; a process killed at any time leaves the old one or the new one."""
        with self.lock:
            new = self._file.with_suffix(".new")
            new.touch(mode=0o600)
            new.write_bytes(msgspec.json.encode(self.state))
            os.replace(new, self._file)

    def now(self) -> float:
        """The server's clock, in seconds since 1970."""
        return time.time() + self.state.clock_offset

    def stamp(self) -> str:
        """The server's clock, as the API writes it."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def add_account(self, login: str, kind: str = "User", members: list[str] | None = None) -> Account:
        """A new account, or the one of that name."""
        with self.lock:
            found = self.account(login)
            if found is None:
                found = Account(self._new_id(), login, kind)
                self.state.accounts[login.lower()] = found
            found.members = sorted({*found.members, *(members or ())})
            self.save()
            return found

    def account(self, login: str) -> Account | None:
        """The account of a login, in any case of letters."""
        return self.state.accounts.get(login.lower())

    def set_token(self, token: str, rights: Token) -> None:
        """Let a token be worth something."""
        with self.lock:
            self.state.tokens[_hashed(token)] = rights
            self.save()

    def token(self, token: str) -> Token | None:
        """What a token is worth; None when it is unknown, revoked or expired."""
        found = self.state.tokens.get(_hashed(token))
        return None if found is None or (found.expires is not None and found.expires <= self.now()) else found

    def create_repository(self, owner: str, name: str, visibility: str = "private", **more: Any) -> Repository:
        """A new, empty repository. Raises Problem 422 when there is one of that name, or the name cannot be."""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
        account = self.account(owner)
        with self.lock:
            if account is None or name in ("", ".", ".."):
                raise Problem(422, "Repository creation failed.", errors=[_error("name is invalid")])
            if self._named(owner, name):
                raise Problem(
                    422, "Repository creation failed.", errors=[_error("name already exists on this account")]
                )
            stamp = self.stamp()
            made = Repository(
                self._new_id(), account.login, name, visibility != "public", visibility, stamp, stamp, stamp, **more
            )
            Objects.create(self._path(made.id), made.default_branch)
            self.state.moved.pop(made.full_name.lower(), None)
            self.state.repositories[str(made.id)] = made
            self.save()
            return made

    def find(self, owner: str, name: str) -> Repository | None:
        """The repository of a name, in any case of letters."""
        with self.lock:
            return self._named(owner, name)

    def by_id(self, number: int) -> Repository | None:
        """The repository of an id."""
        return self.state.repositories.get(str(number))

    def moved(self, owner: str, name: str) -> Repository | None:
        """The repository that had this name once."""
        number = self.state.moved.get(f"{owner}/{name}".lower())
        return None if number is None else self.by_id(number)

    def repositories(self) -> list[Repository]:
        """All of them, oldest first."""
        with self.lock:
            return list(self.state.repositories.values())

    def move_repository(self, repository: Repository, owner: str, name: str) -> None:
        """Rename or transfer; the old name leads to the new one. Raises Problem 422 when the name is taken."""
        with self.lock:
            account = self.account(owner)
            if account is None or ((other := self._named(owner, name)) and other is not repository):
                raise Problem(422, "Validation Failed", errors=[_error("name already exists on this account")])
            self.state.moved[repository.full_name.lower()] = repository.id
            repository.owner, repository.name, repository.updated_at = account.login, name, self.stamp()
            self.state.moved.pop(repository.full_name.lower(), None)
            self.save()

    def delete_repository(self, repository: Repository) -> None:
        """Delete it with everything in it."""
        with self.lock:
            self.state.repositories.pop(str(repository.id), None)
            self.state.moved = {name: number for name, number in self.state.moved.items() if number != repository.id}
            self.save()
            if objects := self._open.pop(repository.id, None):
                objects.close()
            shutil.rmtree(self._path(repository.id), ignore_errors=True)

    def touched(self, repository: Repository, *, pushed: bool = True) -> None:
        """Note that something was pushed or changed; the first branch of all becomes the default one."""
        with self.lock:
            repository.updated_at = self.stamp()
            if pushed:
                repository.pushed_at = repository.updated_at
                branches = self.objects(repository).branches()
                if branches and repository.default_branch not in branches:
                    repository.default_branch = next(iter(branches))
                self.objects(repository).set_head(repository.default_branch)
            self.save()

    def objects(self, repository: Repository) -> Objects:
        """Its Git repository, opened once."""
        with self.lock:
            if repository.id not in self._open:
                self._open[repository.id] = Objects(self._path(repository.id))
            return self._open[repository.id]

    def close(self) -> None:
        """Close what is open."""
        with self.lock:
            for objects in self._open.values():
                with suppress(BufferError):
                    objects.close()
            self._open.clear()

    def _named(self, owner: str, name: str) -> Repository | None:
        wanted = f"{owner}/{name}".lower()
        return next((one for one in self.state.repositories.values() if one.full_name.lower() == wanted), None)

    def _path(self, number: int) -> Path:
        return self.root / "repositories" / f"{number}.git"

    def _new_id(self) -> int:
        self.state.next_id += 1
        return self.state.next_id - 1


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _error(message: str) -> dict[str, str]:
    return {"resource": "Repository", "code": "custom", "field": "name", "message": message}

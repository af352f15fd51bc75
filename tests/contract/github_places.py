"""Repositories at servers that speak GitHub's API: our own, and `emulate` from npm as a second opinion."""

from __future__ import annotations

import base64
import itertools
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests

from netto_tui.config import Options
from netto_tui.replicas import github_client
from netto_tui.security.envelope import Envelope
from tests.contract.stores import Store, opener
from tests.servers import emulate
from tests.servers.github import GitHubServer

_numbers = itertools.count(1)
_emulated = itertools.count()


class HubStore(Store):
    """A repository that only the API reaches; url and token: of the server, name: OWNER/REPO."""

    url: str
    token: str
    name: str

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, good: bool = True
    ) -> requests.Response:
        """One call of the API below the repository, as its owner."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, f"{self.url}/repos/{self.name}{path}", json=body, headers=headers, timeout=30)
        assert answer.ok or not good, (method, path, answer.status_code, answer.text)
        return answer

    def make(self) -> None:
        """What a person does in the browser."""
        headers = {"Authorization": f"Bearer {self.token}"}
        address, name = f"{self.url}/user/repos", self.name.partition("/")[2]
        made = requests.post(address, json={"name": name, "private": True}, headers=headers, timeout=30)
        made.raise_for_status()

    def lose(self) -> None:
        """Delete the repository."""
        self.call("DELETE", "")

    def exists(self) -> bool:
        """Whether the API shows it."""
        return self.call("GET", "", good=False).status_code == 200

    def put(self, path: str, text: str) -> None:
        """Commit a file on main, as somebody does in the browser."""
        there = self.call("GET", f"/contents/{path}", good=False)
        known = {"sha": there.json()["sha"]} if there.status_code == 200 else {}
        content = base64.b64encode(text.encode()).decode()
        self.call("PUT", f"/contents/{path}", {"message": "By hand", "content": content, "branch": "main", **known})

    def put_thesis(self) -> None:
        """A repository with something else in it."""
        self.make()
        self.put("thesis.txt", "mine")

    def holds_thesis_alone(self) -> bool:
        """Whether main has that and no more."""
        return [entry["path"] for entry in self.call("GET", "/git/trees/main?recursive=1").json()["tree"]] == [
            "thesis.txt"
        ]

    def damage_identity(self) -> None:
        """Commit something else in its place."""
        self.put(".netto/vault.json", "?" * 9)

    def kept(self) -> list[object]:
        """The branches that a rebuild set aside."""
        return [one for one in self.call("GET", "/git/matching-refs/heads/damaged/").json()]

    def state(self) -> object:
        """Every branch and where it stands."""
        return self.call("GET", "/git/matching-refs/heads/").json()


@cache
def server() -> GitHubServer:
    """One server for all tests of a process."""
    return GitHubServer(Path(tempfile.mkdtemp(prefix="netto-github-"))).start()


def hub_store(root: Path, envelope: Envelope, url: str, token: str) -> HubStore:
    """A repository that is not there yet; opened as `root` says, where caches lie."""
    name = f"alice/netto-{next(_numbers)}"
    opened = opener("github", root, envelope, name, Options(api_url=url))
    store = HubStore(root / "unused", envelope, opened, on_disk=False)
    store.url, store.token, store.name = url, token, name
    store.prepare = store.make
    pytest.MonkeyPatch().setenv("NETTO_GITHUB_TOKEN", token)
    pytest.MonkeyPatch().setattr(github_client, "BURST", 10_000)  # nobody has to be spared here
    return store


def _github(root: Path, envelope: Envelope) -> HubStore:
    return hub_store(root, envelope, server().url, server().token)


_emulates: list[emulate.Emulate] = []
_STORES_EACH = 50
"""After so many stores another server begins: each of them answers 5,000 calls an hour and no more."""


def _emulate(number: int) -> emulate.Emulate:
    """The server of a store; the one before it is not needed any more."""
    if number // _STORES_EACH >= len(_emulates):
        if _emulates:
            _emulates[-1].close()
        _emulates.append(emulate.Emulate())
    return _emulates[-1]


def _github_emulate(root: Path, envelope: Envelope) -> HubStore:
    if why := emulate.reason():
        pytest.skip(why)
    served = _emulate(next(_emulated))
    store = hub_store(root, envelope, served.url, served.token)
    store.one_wins = False  # of two who move a branch at the same time, it now and then lets both
    return store


PLACES = {"github": _github, "github-emulate": _github_emulate}
"""By name, how to make a store below a temporary directory."""

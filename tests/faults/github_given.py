"""What the tests of faults at GitHub begin with: vaults, and a repository at our own server that all may reach."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netto_tui.config import Options
from netto_tui.model.clock import to_ms
from netto_tui.replicas.github import GitHub
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN, Envelope
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.contract.github_places import HubStore, server
from tests.faults.stores import LATER
from tests.unit.vault.talks import Time, new_vault, talk

_names = itertools.count(1)


class World:
    """A repository and the devices that share it; all of them live on one clock."""

    def __init__(self, folder: Path, *, api_url: str = "", envelope: Envelope = PLAIN) -> None:
        self.folder = folder
        self.hub = server()
        self.hub.change("rate", limit=10**9, remaining=10**9)
        self.repository = f"alice/faulty-{next(_names)}"
        self.time = Time(LATER)
        self.numbers = itertools.count(1)
        self.api_url = api_url or self.hub.url
        self.envelope = envelope
        self._vaults: dict[str, Vault] = {}
        self.store = HubStore(folder, envelope, self.open)  # for its calls
        self.store.url, self.store.token, self.store.name = self.hub.url, self.hub.token, self.repository

    def device(self, name: str = "laptop") -> Device:
        """A device, with a vault of its own that is new when it was not there yet."""
        if name not in self._vaults:
            self._vaults[name] = new_vault(self.folder / name, device=name, now=self.time)
        return Device(self, self._vaults[name])

    def open(self, cache: Path, device: str, cancel: threading.Event) -> GitHub:
        """The replica, with its copy in a folder."""
        options = Options(api_url=self.api_url)
        where, envelope = self.repository, self.envelope
        opened = open_replica("hub", "github", where, envelope, cache, device, cancel, self.time, options)
        assert isinstance(opened, GitHub)
        return opened

    def close(self) -> None:
        """Close the vaults."""
        self.hub.clear_faults()
        for vault in self._vaults.values():
            vault.close()

    def fault(self, match: str, kind: str, **more: Any) -> None:
        """Let the next request to the repository that matches go wrong; `{}` is its address."""
        self.hub.faults({"match": match.format(f"/repos/{self.repository}"), "kind": kind, **more})

    def change(self, action: str, **fields: Any) -> Any:
        """Something happens to the repository."""
        return self.hub.change(action, repository=self.repository, **fields)

    def requests(self) -> list[str]:
        """What was asked since the log was cleared, as `METHOD status path below the repository`."""
        below = f"/repos/{self.repository}"
        return [f"{one['method']} {one['status']} {one['path'].removeprefix(below)}" for one in self.hub.log()]

    def branches(self) -> dict[str, str]:
        """Where each branch stands."""
        found = self.store.call("GET", "/git/matching-refs/heads/", good=False)
        return {one["ref"]: one["object"]["sha"] for one in found.json()} if found.ok else {}

    def idle_commits(self) -> list[str]:
        """Late commits that changed nothing, which is what a lost answer leaves when it is not settled."""
        found = []
        for head in self.branches().values():
            trees = [one["commit"]["tree"]["sha"] for one in self.commits(head)]
            found += [tree for tree, before in itertools.pairwise(trees) if tree == before]
        return found

    def commits(self, head: str = "main") -> list[dict[str, Any]]:
        """The latest commits from a head on."""
        return list(self.store.call("GET", f"/commits?sha={head}&per_page=5").json())

    def files(self, branch: str = "main") -> dict[str, str]:
        """Path and sha of each file of a branch."""
        tree = self.store.call("GET", f"/git/trees/{branch}?recursive=1").json()["tree"]
        return {entry["path"]: entry["sha"] for entry in tree if entry["type"] != "tree"}


class Device:
    """A vault and its view of the repository; each pass is like one of a new process."""

    def __init__(self, world: World, vault: Vault) -> None:
        self.world = world
        self.vault = vault
        self.cancel = threading.Event()
        self.told: list[events.SyncEvent] = []

    def open(self) -> GitHub:
        """The replica."""
        return self.world.open(self.vault.path / ".netto" / "cache", self.vault.device, self.cancel)

    def sync(self, *, rebuild: bool = False) -> events.PassReport:
        """One pass, which must not raise whatever happens."""
        opened = self.open()
        try:
            return Engine(self.vault, self.told.append).run(opened, rebuild=rebuild)
        finally:
            opened.close()

    def alerts(self) -> list[str]:
        """What a person was told, by code."""
        return [event.code for event in self.told if isinstance(event, events.Alerted)]

    def add_talk(self, **more: Any) -> str:
        """A settled conversation; its id."""
        records = talk(next(self.world.numbers), **more)
        self.vault.add(records, {})
        return records[0].rev.conversation

    def say(self, text: str = "Something new.", conversation: str | None = None) -> str:
        """A message in a conversation that is still going on; the conversation's id."""
        return writing.log(self.vault, conversation, "user", text).rev.conversation

    def here(self) -> dict[str, str]:
        """Every record of the vault with its conversation."""
        names = [name for (name,) in self.vault.sql.execute("SELECT name FROM conversations WHERE revisions")]
        return {record.id: name for name in names for record in self.vault.records(name)}

    def there(self) -> dict[str, str]:
        """Every record that another device finds at GitHub, with its conversation."""
        opened = self.world.open(self.world.folder / "reader", "reader", threading.Event())
        try:
            names = sorted(opened.changes("").names)
            return {r.id: r.rev.conversation for held in opened.read(names) for r in held.records}
        finally:
            opened.close()


def at_noon(day: int) -> int:
    """Noon of a day of November 2026, in milliseconds since 1970."""
    return to_ms(f"2026-11-{day:02d}T12:00:00.000Z")


Run = Callable[[World], events.PassReport]

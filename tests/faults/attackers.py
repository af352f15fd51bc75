"""Who holds a remote and wants to deceive: attacks on sealed replicas, and the devices that have to notice."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, get_args

from netto_tui.replicas.base import Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security import heads
from netto_tui.security.envelope import PLAIN, Sealed
from netto_tui.security.keyset import KeySet, new_keys
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.round import close_all, sync_all
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.contract import firestore_places, github_places
from tests.faults.stores import LATER, target
from tests.unit.vault.talks import Time, new_vault, talk

TRAILER = "Netto-Head: "


@dataclass
class Device:
    """A vault, and its sealed replicas by kind. signing: what heads are signed with, None for no heads."""

    vault: Vault
    replicas: dict[str, Replica]
    signing: KeySet | None
    told: list[events.SyncEvent] = field(default_factory=list)

    def sync(self, *kinds: str, rebuild: bool = False) -> list[events.PassReport]:
        """A round over some replicas, else all, in this order; what is told is of this round alone."""
        reports = self.try_to_sync(*kinds, rebuild=rebuild)
        assert not any(report.error for report in reports), reports
        return reports

    def try_to_sync(self, *kinds: str, rebuild: bool = False) -> list[events.PassReport]:
        """The same, which may fail."""
        self.told.clear()
        keys = self.signing
        engine = Engine(self.vault, self.told.append, signing=None if keys is None else lambda: keys)
        chosen = [self.replicas[kind] for kind in kinds or self.replicas]
        return sync_all(engine, chosen, rebuild=[each.name for each in chosen] if rebuild else [])

    def alarms(self, kind: str) -> set[str]:
        """The attacks on one replica that were told, by code."""
        told = (each for each in self.told if isinstance(each, events.Alerted) and each.replica == kind)
        return {each.code for each in told if each.code in get_args(heads.Fault)}

    def say(self, text: str) -> None:
        """Something new, in a conversation that is settled."""
        self.vault.add(talk(zlib.crc32(text.encode()), text=text), {})

    def log(self, text: str) -> None:
        """Something new, in a conversation that is still going on."""
        writing.log(self.vault, None, "user", text)

    def texts(self) -> set[str]:
        """Every record that is here."""
        names = [name for (name,) in self.vault.sql.execute("SELECT name FROM conversations WHERE revisions")]
        return {record.id for name in names for record in self.vault.records(name)}

    def close(self) -> None:
        close_all(list(self.replicas.values()))
        self.vault.close()


class Attacker(Protocol):
    """Has a replica in their hands, and not the keys."""

    def save(self) -> Any:
        """The replica as it is."""
        ...

    def bring_back(self, state: Any) -> None:
        """Have the replica as it was."""
        ...

    def token(self) -> str:
        """The head that it shows on its main branch."""
        ...

    def remove_record(self, token: str) -> None:
        """Take a conversation out of it and show a head, "" for none, as if somebody had pushed that."""
        ...

    def show(self, token: str) -> None:
        """Change nothing but the head, as if somebody had pushed that."""
        ...


class GitAttacker:
    """Has a bare repository. moved: called after a ref moved."""

    def __init__(self, path: Path, moved: Callable[[str, str], object] = lambda _branch, _sha: None) -> None:
        self.path = path
        self._moved = moved

    def git(self, *arguments: str, stdin: str = "") -> str:
        """One call of Git."""
        who = ["-c", "user.name=mallory", "-c", "user.email=mallory"]
        command = ["git", f"--git-dir={self.path}", *who, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.strip()

    def save(self) -> dict[str, str]:
        listed = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines()
        return dict(line.split(" ") for line in listed)

    def bring_back(self, state: dict[str, str]) -> None:
        for ref in self.save().keys() - state.keys():
            self.git("update-ref", "-d", ref)
        for ref, sha in state.items():
            self._move(ref, sha)

    def token(self) -> str:
        message = self.git("log", "-1", "--format=%B", "main")
        return next((line.removeprefix(TRAILER) for line in message.splitlines() if line.startswith(TRAILER)), "")

    def remove_record(self, token: str) -> None:
        path = self.git("ls-tree", "-r", "--name-only", "main", "sessions/").splitlines()[0]
        self.commit(self.tree_without(path), ["main"], token)

    def show(self, token: str) -> None:
        self.commit(self.git("rev-parse", "main^{tree}"), ["main"], token)

    def tree_without(self, path: str) -> str:
        """The tree of main without one file."""
        lines = [line for line in self.git("ls-tree", "-r", "main").splitlines() if not line.endswith(f"\t{path}")]
        index = self.path / "mallory.index"
        index.unlink(missing_ok=True)
        environment = {"GIT_INDEX_FILE": str(index)}
        subprocess.run(
            ["git", f"--git-dir={self.path}", "update-index", "--index-info"],
            input="\n".join(lines) + "\n", text=True, check=True, env=environment, capture_output=True,
        )  # fmt: skip
        written = subprocess.run(
            ["git", f"--git-dir={self.path}", "write-tree"], text=True, check=True, env=environment, capture_output=True
        )
        return written.stdout.strip()

    def commit(self, tree: str, parents: list[str], token: str, ref: str = "refs/heads/main") -> str:
        """Commit a tree with a head and move a branch there."""
        message = "Nothing to see\n" + (f"\n{TRAILER}{token}\n" if token else "")
        sha = self.git("commit-tree", tree, *(part for parent in parents for part in ("-p", parent)), stdin=message)
        self._move(ref, sha)
        return sha

    def drop_middle(self) -> None:
        """Take the commit before the last out of main's history, and leave all else as it was."""
        message = self.git("log", "-1", "--format=%B", "main")
        sha = self.git("commit-tree", "main^{tree}", "-p", "main~2", stdin=message)
        self._move("refs/heads/main", sha)

    def _move(self, ref: str, sha: str) -> None:
        self.git("update-ref", ref, sha)
        self._moved(ref.removeprefix("refs/heads/"), sha)


class FireAttacker:
    """Has a Firebase project."""

    def __init__(self, project: str) -> None:
        self.server = firestore_places.server()
        self.project = project
        self.user = f"users/{firestore_places.UID}"

    def save(self) -> Any:
        return self.server.snapshot()

    def bring_back(self, state: Any) -> None:
        self.server.roll_back(state)

    def token(self) -> str:
        return str((self.server.get(self.project, self.user) or {}).get("head", ""))

    def remove_record(self, token: str) -> None:
        names = self.server.paths(self.project, f"{self.user}/conversations")
        headers = [path for path in names if path.count("/") == 3]
        self.server.delete(self.project, headers[0])
        self.show(token)

    def show(self, token: str) -> None:
        fields = dict(self.server.get(self.project, self.user) or {})
        fields |= {"sequence": fields["sequence"] + 1, "head": token}
        if not token:
            del fields["head"]
        self.server.set(self.project, self.user, fields)


class Scene:
    """A folder with devices that share two replicas, one of which somebody else has in their hands."""

    def __init__(self, folder: Path, attacked: str, other: str) -> None:
        self.folder, self.kinds = folder, (attacked, other)
        self.keys = new_keys("v_" + "7" * 32)
        self.time = Time(LATER)
        self.devices: list[Device] = []
        github_places.server().change("rate", limit=10**9, remaining=10**9)
        self._begin()

    def move(self) -> None:
        """Go on with other replicas that nobody used."""
        self.folder = self.folder / "elsewhere"
        self.folder.mkdir()
        self._begin()

    def _begin(self) -> None:
        for kind in self.kinds:
            if kind == "firestore":
                firestore_places.server().create(target(self.folder, kind)[0].partition("/")[0])

    def device(self, name: str) -> Device:
        """A device with nothing but the keys."""
        vault = new_vault(self.folder / name, device=name, now=self.time)
        replicas = {}
        for kind in self.kinds:
            where, options = target(self.folder, kind)
            envelope = Sealed(lambda: self.keys)
            cache = vault.path / ".netto" / "cache"
            replicas[kind] = open_replica(
                kind, kind, where, envelope, cache, vault.device, threading.Event(), self.time, options
            )
        self.devices.append(Device(vault, replicas, self.keys))
        return self.devices[-1]

    def attacker(self, kind: str) -> GitAttacker | FireAttacker:
        """Who has the replica of a kind."""
        where, _ = target(self.folder, kind)
        if kind == "firestore":
            return FireAttacker(where.partition("/")[0])
        if kind == "git":
            return GitAttacker(Path(where))
        hub = github_places.server()

        def moved(branch: str, sha: str) -> None:
            hub.change("force-push", repository=where, branch=branch, to=sha)

        return GitAttacker(hub.directory(where), moved)

    def close(self) -> None:
        for device in self.devices:
            device.close()


def opened_without_keys(scene: Scene, kind: str) -> Replica:
    """A replica as somebody opens it who has no keys and was never here."""
    where, options = target(scene.folder, kind)
    cache = Path(tempfile.mkdtemp(dir=scene.folder))
    return open_replica(kind, kind, where, PLAIN, cache, "checker", threading.Event(), scene.time, options)


def forged(token: str, **changes: Any) -> str:
    """A head like another, signed with a key of one's own."""
    return heads.sign(replace(heads.peek(token), **changes), b"m" * 32)

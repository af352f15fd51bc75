"""A Git repository behind a URL: asked for its refs, fetched into a local copy, pushed to.

The copy under the cache directory can be deleted at any time. Every call to the network ends
within its deadline or soon after a cancel, even when a server drips its answer.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dulwich.client import (
    GitClient,
    HTTPUnauthorized,
    get_credentials_from_store,
    get_transport_and_path,
)
from dulwich.config import ConfigFile, StackedConfig
from dulwich.errors import NotGitRepository
from dulwich.object_store import ObjectStoreGraphWalker
from dulwich.objects import ZERO_SHA, ObjectID, ShaFile
from dulwich.pack import UnpackedObject, pack_objects_to_data
from dulwich.refs import Ref

from netto_tui.errors import Moved, NettoError, Refused, Unreachable
from netto_tui.replicas.base import Corrupt, Presence
from netto_tui.replicas.deadline import CALL_SECONDS, within
from netto_tui.replicas.git_disk import Disk, Refs
from netto_tui.replicas.git_objects import Objects

SOCKET_SECONDS = 60.0
"""How long one read of a connection may wait."""

TRANSFER_SECONDS = 10 * CALL_SECONDS
"""How long a fetch or push may take in all."""

_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=3"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCP_LIKE = re.compile(r"[^/\\\s]+@[^/:\s]+:.+")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_NOT_THERE = re.compile(r"not found|does not exist|not appear to be a git repository", re.IGNORECASE)
_BRANCHES = b"refs/heads/"

T = TypeVar("T")


def is_url(target: str) -> bool:
    """Whether a target names a remote repository rather than a path."""
    return bool(_URL.match(target) or _SCP_LIKE.fullmatch(target))


def without_credentials(text: str) -> str:
    """A text with user names and passwords cut out of its URLs, safe to show and to log."""
    return "".join(letter if letter.isprintable() else " " for letter in _CREDENTIALS.sub("", text))


class NoRepository(Unreachable):
    """The host knows no repository of that name."""


class Remote:
    """A repository behind a URL.

    Requests: 1 for asking for the refs, 2 for a fetch or a push, as smart HTTP counts them.
    """

    has_history = True

    def __init__(self, url: str, cache_dir: Path, cancel: threading.Event) -> None:
        self.place = without_credentials(url)
        self.requests = 0
        self._url = url
        self._cancel = cancel
        self._copy = Disk(cache_dir / "git" / hashlib.sha256(self.place.encode()).hexdigest()[:32])
        self._fetched: set[bytes] = set()
        self._renewed = False

    @property
    def objects(self) -> Objects:
        """The objects of the local copy."""
        return self._copy.objects

    def look(self) -> tuple[Presence, Refs]:
        """Absent when the host says that there is no such repository, empty without a branch."""
        try:
            refs = self.refs()
        except NoRepository:
            return "absent", {}
        return ("present" if refs else "empty"), refs

    def free_bytes(self) -> int | None:
        """A host does not tell."""
        return None

    def fault(self) -> str:
        """Any repository will do."""
        return ""

    def refs(self) -> Refs:
        """All branches, from the remote. Raises NoRepository when the host knows none."""

        def ask(client: GitClient, path: str) -> Refs:
            answer = client.get_refs(path.encode(), protocol_version=0, ref_prefix=[_BRANCHES])
            found = ((name.decode("utf-8", "replace"), sha) for name, sha in answer.refs.items() if sha)
            return {name: sha for name, sha in sorted(found) if name.startswith(_BRANCHES.decode())}

        return self._call(ask, CALL_SECONDS, 1)

    def fetch(self, refs: Refs) -> None:
        """Bring what these refs have into the copy, if it lacks any of their commits."""
        if not (self._copy.path / "HEAD").exists():
            self._copy.create()
        wanted = {sha for sha in refs.values() if sha not in self._fetched and not self.objects.holds(sha)}
        if wanted:
            self._fetch(wanted)
        for ref, sha in refs.items():
            self._remember(ref, sha)
        self._fetched |= set(refs.values())

    def move(self, ref: str, old: ObjectID | None, new: ObjectID, objects: Iterable[ShaFile]) -> ObjectID:
        """Push objects and move a ref; a lost answer is settled by asking for the ref."""
        pack = list(objects)
        self.objects.write(pack)

        def update(there: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
            if there.get(Ref(ref.encode()), ZERO_SHA) != (old or ZERO_SHA):
                raise Moved(f"Another device wrote to {self.place} first.", remedy="Nothing is lost; sync again.")
            return {Ref(ref.encode()): new}

        def generate(
            have: Set[ObjectID], want: Set[ObjectID], *, ofs_delta: bool = False, progress: object = None
        ) -> tuple[int, Iterator[UnpackedObject]]:
            return pack_objects_to_data(pack, deltify=False)

        def push(client: GitClient, path: str) -> str:
            status = client.send_pack(path.encode(), update, generate).ref_status or {}
            return status.get(ref.encode(), "It did not say what became of it.") or ""

        try:
            answer = self._call(push, TRANSFER_SECONDS, 2)
        except NoRepository:
            raise
        except Unreachable as error:
            answer = error.message
        if answer and (now := self.refs().get(ref)) != new:
            if now != old:
                raise Moved(f"Another device wrote to {self.place} first.", remedy="Nothing is lost; sync again.")
            raise Unreachable(
                f"{self.place} did not take the push: {without_credentials(answer)[:300]}",
                remedy="Check that you may write there and that the branch is not protected.",
            )
        self._remember(ref, new)
        self._fetched.add(new)
        return new

    def create(self) -> None:
        """Refuses to make a repository at a host; it must be there, and may be empty."""
        self.refs()

    def set_aside(self, stamp: str) -> None:
        """Refuses: a repository at a host cannot be renamed with Git alone."""
        raise Refused(
            f"{self.place} cannot be set aside from here.",
            remedy="Rename it at its host and create an empty one in its place, then run this again.",
        )

    def renew(self) -> bool:
        """Fetch everything into a fresh copy, once: damage there may be the copy's alone."""
        if self._renewed:
            return False
        self._renewed = True
        refs = self.refs()
        self._copy.erase()
        self._fetched.clear()
        self.fetch(refs)
        return True

    def check(self) -> Iterator[Corrupt]:
        """Fetch everything again into a fresh copy, which proves the remote, and check that."""
        self._renewed = False
        self.renew()
        yield from self.objects.check()

    def close(self) -> None:
        """Close the copy."""
        self._copy.close()

    def _remember(self, ref: str, sha: ObjectID) -> None:
        there = self._copy.refs().get(ref)
        if there != sha:
            self._copy.move(ref, there, sha, ())

    def _fetch(self, wanted: Set[bytes]) -> None:
        """Fetch commits, telling the remote which ones the copy has."""
        have = [sha for sha in self._copy.refs().values() if sha and self.objects.holds(sha)]

        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            return [ObjectID(sha) for sha in wanted]

        def receive(client: GitClient, path: str) -> None:
            file, commit, abort = self.objects.add_pack()
            walker = ObjectStoreGraphWalker(have, lambda sha: self.objects.commit(sha).parents)
            try:
                client.fetch_pack(path.encode(), wants, walker, file.write)
            except BaseException:
                abort()
                raise
            commit()

        self._call(receive, TRANSFER_SECONDS, 2)

    def _call(self, action: Callable[[GitClient, str], T], seconds: float, requests: int) -> T:
        """Run an action with a client, and wait for it no longer than allowed.

        Raises NoRepository, Unreachable, Cancelled, and what the action raises of ours.
        """
        self.requests += requests

        def run() -> T:
            client, path = self._connect()
            with closing(client):
                return action(client, path)

        try:
            return within(seconds, self._cancel, self.place, run)
        except Exception as error:
            raise self._translate(error) from error

    def _connect(self) -> tuple[GitClient, str]:
        """A client for the URL, with time limits, and with credentials from Git's own store."""
        user = password = None
        parts = urlsplit(self._url)
        if parts.scheme in ("http", "https") and parts.password is None:
            known = get_credentials_from_store(parts.scheme, parts.hostname or "", parts.username)
            user, password = next(known, (None, None))
        return get_transport_and_path(
            self._url,
            config=StackedConfig([*StackedConfig.default_backends(), _fallback_config()]),
            thin_packs=False,
            quiet=True,
            username=user,
            password=password,
            ssh_command=os.environ.get("GIT_SSH_COMMAND"),
        )

    def _translate(self, error: Exception) -> Exception:
        if isinstance(error, NettoError):
            return error
        text = without_credentials(str(error))[:300]
        if isinstance(error, NotGitRepository) or _NOT_THERE.search(text):
            return NoRepository(
                f"There is no repository at {self.place}, or it may not be seen.",
                remedy="Create an empty one there, or check the address and your access.",
            )
        if isinstance(error, HTTPUnauthorized):
            return Unreachable(
                f"{self.place} wants a user name and a password or token.",
                remedy="Let Git remember them (`git config --global credential.helper store`, then one "
                "`git ls-remote` of the address), or use an SSH address.",
            )
        return Unreachable(
            f"{self.place} could not be reached: {text or type(error).__name__}",
            remedy="Check the network and the address; it is tried again at the next sync.",
        )


def _fallback_config() -> ConfigFile:
    """What applies where the user's own Git configuration says nothing: limits of time."""
    config = ConfigFile()
    config.set((b"http",), b"timeout", str(SOCKET_SECONDS).encode())
    config.set((b"core",), b"sshCommand", _SSH.encode())
    return config

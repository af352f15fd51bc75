"""A bare Git repository on disk: its refs, moved by compare-and-swap, and its objects."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from dulwich.config import ConfigFile
from dulwich.errors import PackedRefsException
from dulwich.file import FileLocked
from dulwich.objects import ZERO_SHA, ObjectID, ShaFile
from dulwich.refs import DiskRefsContainer, Ref

from netto_tui.errors import Moved, Unreachable
from netto_tui.files import atomic_write, make_folder, read_regular, sync_folder
from netto_tui.replicas.base import Corrupt, Presence
from netto_tui.replicas.git_objects import DamagedRepository, Objects

MAIN = "refs/heads/main"
LIVE = "refs/heads/live/"

STALE_LOCK_SECONDS = 600
"""A lock file of a ref is held for milliseconds; one this old was left by a process that died."""

Refs = Mapping[str, ObjectID]
"""Full ref names with their commits; b"" for one that cannot be read."""

_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_HEAD = b"ref: " + MAIN.encode() + b"\n"
_SHA = re.compile(rb"[0-9a-f]{40}")


class Repository(Protocol):
    """Where a Git replica lies: refs that move one at a time, and objects."""

    place: str
    """How to call it in messages; without credentials."""
    has_history: bool
    """Whether the objects of all its history are within reach, so that they can be checked."""

    @property
    def requests(self) -> int:
        """Calls so far."""
        ...

    @property
    def objects(self) -> Objects:
        """Its objects, or those of a local copy."""
        ...

    def look(self) -> tuple[Presence, Refs]:
        """Whether it is there, and its branches, in one request.

        Raises Unreachable, and DamagedRepository when the branches cannot be told.
        """
        ...

    def free_bytes(self) -> int | None:
        """The room that is left, None where there is no telling."""
        ...

    def fault(self) -> str:
        """Why it can never be a replica, "" when it can."""
        ...

    def refs(self) -> Refs:
        """Like look, but raises Unreachable when it is not there."""
        ...

    def fetch(self, refs: Refs) -> None:
        """Bring the objects of these refs within reach of `objects`. Raises Unreachable."""
        ...

    def move(self, ref: str, old: ObjectID | None, new: ObjectID, objects: Iterable[ShaFile]) -> ObjectID:
        """Store objects, then move a ref from old (None: not there yet) to new; returns new as it is called there.

        Raises Moved.
        """
        ...

    def create(self) -> None:
        """Make it, or what is missing of it. Raises Unreachable where that cannot be done."""
        ...

    def set_aside(self, stamp: str) -> None:
        """Rename it so that a new one can take its place. Raises Refused where that cannot be done."""
        ...

    def renew(self) -> bool:
        """Replace a local copy that may be damaged; False when there is none, or none but this."""
        ...

    def check(self) -> Iterator[Corrupt]:
        """Everything wrong with its own files."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Disk:
    """A bare repository in a directory. One request is one reading of the refs or one move."""

    has_history = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self.requests = 0
        self._open()

    @property
    def objects(self) -> Objects:
        """The objects, in the directory itself."""
        return self._objects

    def look(self) -> tuple[Presence, Refs]:
        """Absent without the path, empty without a single ref; b"" for a ref that holds no object name."""
        self.requests += 1
        try:
            if not os.listdir(self.path):
                return "empty", {}
            refs = {} if self.fault() else self._read_refs()
        except FileNotFoundError:
            return "absent", {}
        except NotADirectoryError:
            return "present", {}
        except OSError as error:
            raise Unreachable(f"{self.path} cannot be read: {error.strerror}.", remedy="Check the disk.") from error
        return ("present" if refs or self.fault() else "empty"), refs

    def free_bytes(self) -> int | None:
        """The room on its disk."""
        return shutil.disk_usage(self.path).free if self.path.is_dir() else None

    def fault(self) -> str:
        """Why the path can never be a replica, "" when it can."""
        if not self.path.exists() or (self.path.is_dir() and not os.listdir(self.path)):
            return ""
        if (self.path / ".git").exists():
            return "It is a repository with working files; give a bare one (`git init --bare`), or a new path."
        if not all((self.path / part).is_dir() for part in ("objects", "refs")):
            return "It is not a Git repository."
        try:
            version = ConfigFile.from_path(str(self.path / "config")).get(b"core", b"repositoryformatversion")
        except (OSError, KeyError, ValueError):
            return ""  # damaged, which reading the refs and checking tell
        return "" if version in (b"0", b"") else "It uses extensions of Git (such as SHA-256) that are not supported."

    def refs(self) -> Refs:
        """All branches and tags."""
        presence, refs = self.look()
        if presence == "absent":
            raise Unreachable(f"There is no repository at {self.path}.", remedy="Connect or mount the disk.")
        return refs

    def fetch(self, refs: Refs) -> None:
        """Nothing to do: the objects are here."""

    def move(self, ref: str, old: ObjectID | None, new: ObjectID, objects: Iterable[ShaFile]) -> ObjectID:
        """Store objects durably, then compare and swap the ref, durably too."""
        self.requests += 1
        try:
            self.objects.write(objects)
            file = self.path / ref
            make_folder(file.parent)
            if not self._swap(ref, old, new):
                raise Moved(f"Another device wrote to {self.place} first.", remedy="Nothing is lost; sync again.")
            sync_folder(file.parent)
            self.objects.tidy()
            return new
        except OSError as error:
            raise Unreachable(
                f"{self.path} cannot be written: {error.strerror or error}.", remedy="Check its space and permissions."
            ) from error

    def create(self) -> None:
        """Make an empty bare repository, or what is missing of one; its first branch will be main."""
        try:
            for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
                make_folder(self.path / folder)
            if not (self.path / "config").exists():
                atomic_write(self.path / "config", _CONFIG)
            atomic_write(self.path / "HEAD", _HEAD)
        except OSError as error:
            raise Unreachable(
                f"No repository can be made at {self.path}: {error.strerror}.", remedy="Check its permissions."
            ) from error

    def set_aside(self, stamp: str) -> None:
        """Rename the whole directory to PATH.damaged-STAMP."""
        self.close()
        self.path.rename(self.path.with_name(f"{self.path.name}.damaged-{stamp}"))
        sync_folder(self.path.parent)
        self._open()

    def renew(self) -> bool:
        """There is no copy: what is here is the store."""
        return False

    def erase(self) -> None:
        """Delete it; only for a copy of a remote."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._open()
        self.create()

    def check(self) -> Iterator[Corrupt]:
        """HEAD, the refs' files, and every object."""
        try:
            head = read_regular(self.path / "HEAD")
        except OSError as error:
            yield Corrupt("HEAD", b"", f"It cannot be read: {error.strerror}.")
        else:
            if head != _HEAD:
                yield Corrupt("HEAD", head, "It does not point at main.")
        try:
            config = ConfigFile.from_path(str(self.path / "config"))
            if not config.get_boolean(b"core", b"bare") or config.get(b"core", b"repositoryformatversion") != b"0":
                yield Corrupt("config", b"", "It does not say that this is a bare repository of format 0.")
        except (OSError, KeyError, ValueError) as error:
            yield Corrupt("config", b"", f"It cannot be read ({type(error).__name__}).")
        yield from (Corrupt(ref, b"", "It holds no object name.") for ref, sha in self.refs().items() if not sha)
        yield from self.objects.check()

    def close(self) -> None:
        """Close the packs."""
        self.objects.close()

    def _open(self) -> None:
        self._objects = Objects(self.path / "objects")
        self._container = DiskRefsContainer(str(self.path))

    def _read_refs(self) -> dict[str, ObjectID]:
        found = {}
        try:
            names = sorted(self._container.allkeys())
        except (PackedRefsException, ValueError, StopIteration) as error:
            raise DamagedRepository(f"Its `packed-refs` is damaged ({type(error).__name__}).") from error
        for name in names:
            if name.startswith(b"refs/"):
                value = self._container.read_ref(name) or b""
                found[name.decode("utf-8", "replace")] = ObjectID(value if _SHA.fullmatch(value) else b"")
        return found

    def _swap(self, ref: str, old: ObjectID | None, new: ObjectID) -> bool:
        for attempt in range(2):
            try:
                return self._container.set_if_equals(Ref(ref.encode()), old or ZERO_SHA, new)
            except FileLocked:
                lock = self.path / f"{ref}.lock"
                try:
                    stale = time.time() - lock.stat().st_mtime > STALE_LOCK_SECONDS
                except FileNotFoundError:
                    stale = True
                if attempt or not stale:
                    return False
                lock.unlink(missing_ok=True)
        return False

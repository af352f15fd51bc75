"""The objects and refs of one bare repository. Callers hold `lock` from the first read to the last write."""

from __future__ import annotations

import re
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.refs import Ref, check_ref_format
from dulwich.repo import Repo

from tests.servers.github.exchange import Problem

HEADS = "refs/heads/"
TREE_MODE = 0o040000
_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,40}")


class Entry(NamedTuple):
    """One name of a tree: for a listing with its whole path."""

    path: str
    mode: int
    sha: str

    @property
    def kind(self) -> str:
        """`tree`, `blob` or `commit`."""
        return "tree" if stat.S_ISDIR(self.mode) else "commit" if self.mode == 0o160000 else "blob"


class NotFastForward(Exception):
    """The new commit does not descend from the old one."""


class Objects:
    """A repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        for left_over in path.rglob("*.lock"):  # by a process that was killed; there is one at a time
            left_over.unlink()
        self.repo = Repo(str(path), bare=True)
        self.previous: dict[str, str | None] = {}
        self._sizes: dict[str, int] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> None:
        """Make an empty repository."""
        path.mkdir(parents=True, mode=0o700)
        Repo.init_bare(str(path), default_branch=default_branch.encode()).close()

    def close(self) -> None:
        """Close its files."""
        self.repo.close()

    # Objects

    def add(self, made: ShaFile) -> str:
        """Write an object."""
        self.repo.object_store.add_object(made)
        return made.id.decode()

    def get(self, sha: str) -> ShaFile | None:
        """The object of a full name."""
        if not _SHA.fullmatch(sha):
            return None
        try:
            return self.repo.object_store[ObjectID(sha.encode())]
        except KeyError:
            return None

    def blob(self, sha: str) -> Blob | None:
        """The blob of a full name."""
        return found if isinstance(found := self.get(sha), Blob) else None

    def tree(self, sha: str) -> Tree | None:
        """The tree of a full name."""
        return found if isinstance(found := self.get(sha), Tree) else None

    def commit(self, sha: str) -> Commit | None:
        """The commit of a full name, or the one that a tag of that name is of."""
        found = self.get(sha)
        while isinstance(found, Tag):
            found = self.get(found.object[1].decode())
        return found if isinstance(found, Commit) else None

    def size(self, sha: str) -> int:
        """The length of a blob in bytes."""
        if sha not in self._sizes:
            found = self.blob(sha)
            self._sizes[sha] = 0 if found is None else found.raw_length()
        return self._sizes[sha]

    def entries(self, sha: str, below: str = "") -> list[Entry]:
        """What a tree has, in Git's order."""
        tree = self.tree(sha)
        if tree is None:
            return []
        return [
            Entry(below + found.path.decode("utf-8", "surrogateescape"), found.mode, found.sha.decode())
            for found in tree.iteritems()
        ]

    def walk(self, sha: str, below: str = "") -> Iterator[Entry]:
        """All that is below a tree, the trees too, in the order of `git ls-tree -r -t`."""
        for entry in self.entries(sha, below):
            yield entry
            if entry.kind == "tree":
                yield from self.walk(entry.sha, f"{entry.path}/")

    def at(self, tree: str, path: str) -> Entry | None:
        """What lies at a path; the root is the empty path."""
        found = Entry("", TREE_MODE, tree)
        for name in filter(None, path.split("/")):
            entries = {entry.path: entry for entry in self.entries(found.sha)} if found.kind == "tree" else {}
            if name not in entries:
                return None
            found = entries[name]
        return Entry(path, found.mode, found.sha)

    def edit(self, base: str | None, changes: Mapping[str, tuple[int, str] | None]) -> str:
        """The tree in which paths have these modes and objects, or are gone. Raises KeyError for one that is not there.

        An emptied directory goes too, a file in the place of a directory replaces it, and the other way round.
        """
        entries = {entry.path: (entry.mode, entry.sha) for entry in self.entries(base)} if base else {}
        deeper: dict[str, dict[str, tuple[int, str] | None]] = {}
        for path, change in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                deeper.setdefault(name, {})[rest] = change
            elif change is None:
                del entries[name]
            else:
                entries[name] = change
        for name, below in deeper.items():
            mode, sha = entries.get(name, (0, ""))
            new = self.edit(sha if stat.S_ISDIR(mode) else None, below)
            entries[name] = (TREE_MODE, new)
            if not self.entries(new):
                del entries[name]
        made = Tree()
        for name, (mode, sha) in entries.items():
            made.add(name.encode("utf-8", "surrogateescape"), mode, ObjectID(sha.encode()))
        return self.add(made)

    # Refs

    def refs(self, *, stale: bool = False) -> dict[str, str]:
        """Every branch and tag with what it points at; stale: as each was before its last change."""
        all_refs = self.repo.refs.as_dict(Ref(b"refs"))
        found: dict[str, str | None] = {f"refs/{name.decode()}": sha.decode() for name, sha in all_refs.items()}
        if stale:
            found |= self.previous
        return {name: sha for name, sha in sorted(found.items()) if sha}

    def branches(self, *, stale: bool = False) -> dict[str, str]:
        """The branches by name."""
        return {name[len(HEADS) :]: sha for name, sha in self.refs(stale=stale).items() if name.startswith(HEADS)}

    def require_content(self, *, stale: bool = False) -> None:
        """Raises Problem 409 in a repository without a ref."""
        if not self.refs(stale=stale):
            raise Problem(409, "Git Repository is empty.")

    def move(self, ref: str, old: str | None, new: str | None, *, force: bool = False) -> bool:
        """Set, create or delete a ref if it is at `old` still. Raises NotFastForward unless forced."""
        name = Ref(ref.encode())
        if old and new and not force and not self.is_ancestor(old, new):
            raise NotFastForward(ref)
        if old is None and new is not None:
            done = self.repo.refs.add_if_new(name, ObjectID(new.encode()))
        elif new is None:
            done = self.repo.refs.remove_if_equals(name, ObjectID((old or "").encode()))
        else:
            done = self.repo.refs.set_if_equals(name, ObjectID((old or "").encode()), ObjectID(new.encode()))
        if done and old != new:
            self.previous[ref] = old
        return done

    def set_head(self, branch: str) -> None:
        """Let HEAD be a branch, which decides what a clone checks out."""
        if self.repo.refs.get_symrefs().get(Ref(b"HEAD")) != f"{HEADS}{branch}".encode():
            self.repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(f"{HEADS}{branch}".encode()))

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, tag, ref or (shortened) sha stands for."""
        refs = self.refs()
        for prefix in ("", "refs/", HEADS, "refs/tags/"):
            if (found := refs.get(prefix + name)) and (commit := self.commit(found)):
                return commit.id.decode()
        if commit := self.commit(name):
            return commit.id.decode()
        if _SHORT_SHA.fullmatch(name):
            for sha in self.repo.object_store.iter_prefix(name.encode()):
                if commit := self.commit(sha.decode()):
                    return commit.id.decode()
        return None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` descends from `old`, whatever dates the commits carry."""
        return old in set(self.ancestry(new, until=old))

    def ancestry(self, sha: str, until: str = "") -> Iterator[str]:
        """A commit and all before it, nearest first."""
        seen, queue = {sha}, [sha]
        for one in queue:
            yield one
            if one == until:
                return
            commit = self.commit(one)
            parents = [] if commit is None else [parent.decode() for parent in commit.parents]
            queue += [parent for parent in parents if parent not in seen]
            seen.update(parents)


def is_ref_name(name: str) -> bool:
    """Whether Git takes a name such as refs/heads/main."""
    return name.startswith("refs/") and name.count("/") > 1 and check_ref_format(Ref(name.encode()))

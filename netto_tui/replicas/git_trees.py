"""Walking, comparing and editing Git trees, touching only what differs."""

from __future__ import annotations

import heapq
import stat
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from dulwich.objects import Commit, ObjectID, Tree

from netto_tui.replicas.git_objects import FILE_MODE, TREE_MODE, DamagedObject, Entry, Objects, make_tree

Damage = Callable[[str, DamagedObject], None]
"""Told of each tree that could not be read, with its path; the walk goes on without it."""


def find(objects: Objects, root: bytes, path: str) -> ObjectID | None:
    """The blob at a path, None if there is none. Raises DamagedObject for a tree on the way."""
    *folders, name = path.split("/")
    for folder in folders:
        entry = objects.tree(root).get(folder)
        if entry is None or not stat.S_ISDIR(entry.mode):
            return None
        root = entry.sha
    entry = objects.tree(root).get(name)
    return entry.sha if entry and not stat.S_ISDIR(entry.mode) else None


def differences(
    objects: Objects, old: bytes | None, new: bytes | None, damage: Damage, below: str = ""
) -> Iterator[tuple[str, ObjectID | None, ObjectID | None]]:
    """(path, old blob, new blob) of every file that differs; equal subtrees are not looked at."""
    if old == new:
        return
    before, after = (_entries(objects, sha, damage, below) for sha in (old, new))
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name), after.get(name)
        if one == two:
            continue
        path = f"{below}{name}"
        trees = [entry.sha if entry and stat.S_ISDIR(entry.mode) else None for entry in (one, two)]
        blobs = [entry.sha if entry and not stat.S_ISDIR(entry.mode) else None for entry in (one, two)]
        if any(trees):
            yield from differences(objects, trees[0], trees[1], damage, f"{path}/")
        if any(blobs):
            yield path, blobs[0], blobs[1]


def edit(
    objects: Objects, root: bytes | None, changes: Mapping[str, ObjectID | None], made: dict[ObjectID, Tree]
) -> ObjectID | None:
    """The tree in which each path has its blob, or is gone for None; new trees go into `made`.

    None when nothing is left. Raises DamagedObject when a tree that has to change cannot be read.
    """
    entries = dict(objects.tree(root)) if root else {}
    deeper: dict[str, dict[str, ObjectID | None]] = defaultdict(dict)
    for path, blob in changes.items():
        name, slash, rest = path.partition("/")
        if slash:
            deeper[name][rest] = blob
        elif blob is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(FILE_MODE, blob)
    for name, below in deeper.items():
        entry = entries.get(name)
        tree = edit(objects, entry.sha if entry and stat.S_ISDIR(entry.mode) else None, below, made)
        if tree is not None:
            entries[name] = Entry(TREE_MODE, tree)
        elif entry and stat.S_ISDIR(entry.mode):
            del entries[name]
    if not entries:
        return None
    tree_object = make_tree(entries)
    made[tree_object.id] = tree_object
    return tree_object.id


def all_reachable(objects: Objects, heads: Iterable[bytes], wanted: Collection[bytes]) -> bool:
    """Whether each of the wanted commits is one of the heads or an ancestor of one.

    Newest first, so that a recent ancestor is found at once. Raises DamagedObject.
    """
    missing = set(wanted)
    for sha, _commit in commits(objects, heads):
        missing.discard(sha)
        if not missing:
            return True
    return not missing


def commits(
    objects: Objects, heads: Iterable[bytes], damage: Damage | None = None
) -> Iterator[tuple[ObjectID, Commit]]:
    """Every commit reachable from the heads, newest date first; of equal dates the one that was met first.

    A commit that cannot be read goes to `damage` with its id in place of a path, else raises
    DamagedObject.
    """
    seen: set[bytes] = set()
    queue: list[tuple[int, int, ObjectID, Commit]] = []

    def enter(shas: Iterable[bytes]) -> None:
        for sha in shas:
            if sha in seen:
                continue
            seen.add(sha)
            try:
                commit = objects.commit(sha)
            except DamagedObject as error:
                if damage is None:
                    raise
                damage(sha.decode("ascii", "replace"), error)
            else:
                heapq.heappush(queue, (-commit.commit_time, len(seen), ObjectID(sha), commit))

    enter(heads)
    while queue:
        *_order, sha, commit = heapq.heappop(queue)
        yield sha, commit
        enter(commit.parents)


def _entries(objects: Objects, sha: bytes | None, damage: Damage, path: str) -> Mapping[str, Entry]:
    try:
        return objects.tree(sha) if sha else {}
    except DamagedObject as error:
        damage(path, error)
        return {}

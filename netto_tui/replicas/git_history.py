"""What the branches of a Git replica were before: whether they only moved forward, and what changed when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dulwich.objects import Commit, ObjectID

from netto_tui.replicas import git_trees, tree
from netto_tui.replicas.base import Moment
from netto_tui.replicas.git_branch import SESSIONS, subtree
from netto_tui.replicas.git_disk import Refs
from netto_tui.replicas.git_objects import DamagedRepository, Objects


def descends(objects: Objects, refs: Refs, before: Refs) -> bool:
    """Whether every earlier head is one of today's or an ancestor of one. Raises DamagedObject."""
    if not before.keys() <= refs.keys():
        return False
    moved = {head for ref, head in before.items() if refs[ref] != head}
    heads = [head for head in refs.values() if head]
    return not moved or git_trees.all_reachable(objects, heads, moved)


def changed_names(objects: Objects, refs: Refs, before: Refs) -> frozenset[str]:
    """The names of the conversations that differ. Raises DamagedObject."""

    def fail(_path: str, error: DamagedRepository) -> None:
        raise error

    names: set[str] = set()
    for ref, head in refs.items():
        if before.get(ref) != head:
            heads = [before.get(ref), head]
            old, new = (subtree(objects, objects.commit(sha).tree, SESSIONS) if sha else None for sha in heads)
            changed = git_trees.differences(objects, old, new, fail, SESSIONS)
            names.update(tree.session_name(path) for path, _, _ in changed)
    return frozenset(names - {""})


def moments(
    objects: Objects, refs: Refs, pause: Callable[[], None], name: str = "", *, counted: bool = True
) -> Iterator[Moment]:
    """Every commit of the branches, newest first; with a name, those that changed its conversation's files.

    pause: called before each. counted: tell how many conversations each one changed.
    """
    for sha, commit in git_trees.commits(objects, [head for head in refs.values() if head], _ignore):
        pause()
        changed = _changed_by(objects, commit) if name or counted else None
        if name and changed is not None and name not in changed:
            continue
        text = commit.message.decode("utf-8", "replace").partition("\n")[0]
        count = len(changed) if counted and changed is not None else None
        yield Moment(commit.commit_time * 1000, sha.decode(), text, count)


def _changed_by(objects: Objects, commit: Commit) -> set[str]:
    """The names of the conversations that a commit changed; what cannot be read of it is left out."""
    try:
        old = objects.commit(commit.parents[0]).tree if commit.parents else None
        trees = [subtree(objects, root, SESSIONS) if root else None for root in (old, commit.tree)]
    except DamagedRepository:
        return set()
    changed = git_trees.differences(objects, trees[0], trees[1], _ignore, SESSIONS)
    return {tree.session_name(path) for path, _, _ in changed} - {""}


def heads_as_of(objects: Objects, refs: Refs, at: int | Moment, pause: Callable[[], None]) -> Mapping[str, ObjectID]:
    """For each branch that was there its newest commit that is not after an instant, in milliseconds since 1970.

    Where a moment is given, its own commit for the branch that it is on, which tells it from others of the same second.
    pause: called at each step.
    """
    at_ms, wanted = (at.at_ms, ObjectID(at.id.encode())) if isinstance(at, Moment) else (at, None)
    found: dict[str, ObjectID] = {}
    for ref, head in refs.items():
        way = list(_not_after(objects, head, at_ms, pause, second=wanted is not None))
        if way:
            found[ref] = wanted if wanted in way else way[0]
    if wanted is not None and wanted not in found.values():
        found[wanted.decode()] = wanted  # somebody merged it with another program
    return found


def _not_after(
    objects: Objects, head: bytes | None, at_ms: int, pause: Callable[[], None], *, second: bool
) -> Iterator[ObjectID]:
    """The newest commit of a branch that is not after an instant; second: also others of its very second."""
    sha = ObjectID(head) if head else None
    while sha:
        commit = objects.commit(sha)
        if commit.commit_time * 1000 <= at_ms:
            yield sha
            if not second or commit.commit_time * 1000 < at_ms:
                return
        pause()
        sha = commit.parents[0] if commit.parents else None


def _ignore(_path: str, _error: DamagedRepository) -> None:
    """What is damaged is told by `changes`, `read` and `check`."""

"""What reading conversations does not show of a Git replica: its history, blobs and odd files."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from netto_tui.errors import InvalidRecord, NewerFormat
from netto_tui.replicas import git_trees, tree
from netto_tui.replicas.base import Corrupt
from netto_tui.replicas.git_branch import label
from netto_tui.replicas.git_disk import Refs
from netto_tui.replicas.git_objects import DamagedObject, Objects
from netto_tui.security.envelope import Envelope


def check_history(objects: Objects, refs: Refs) -> Iterator[Corrupt]:
    """Every commit, tree and file that a branch reaches and that is missing, or no tree or commit."""
    found: list[Corrupt] = []
    seen: set[bytes] = set()

    def lost(where: str, error: DamagedObject) -> None:
        found.append(Corrupt(where, error.data, error.message))

    for sha, commit in git_trees.commits(objects, [head for head in refs.values() if head], lost):
        trees = [(commit.tree, f"{sha.decode()}:")]
        while trees:
            root, where = trees.pop()
            if root in seen:
                continue
            seen.add(root)
            try:
                entries = objects.tree(root)
            except DamagedObject as error:
                lost(where, error)
                continue
            for name, entry in entries.items():
                if stat.S_ISDIR(entry.mode):
                    trees.append((entry.sha, f"{where}{name}/"))
                elif entry.sha not in seen:
                    seen.add(entry.sha)
                    if not objects.present(entry.sha):
                        lost(f"{where}{name}", DamagedObject(entry.sha, "is missing."))
        yield from found
        found.clear()
    yield from found


def check_content(objects: Objects, envelope: Envelope, refs: Refs) -> Iterator[Corrupt]:
    """Files of the branches that are not what their paths say, sessions and slots apart."""
    for ref, head in refs.items():
        try:
            root = objects.commit(head).tree
        except DamagedObject:
            continue  # told by check_history
        for path, _, sha in git_trees.differences(objects, None, root, lambda _path, _error: None):
            if sha is None or (kind := tree.kind_of(path)) in ("session", "view", "slot", "readme", "workflow"):
                continue
            where = f"{label(ref)}:{path}"
            if kind == "foreign":
                yield Corrupt(where, b"", "It does not belong to a replica.", foreign=True)
                continue
            try:
                data = objects.read(sha, b"blob")
            except DamagedObject as error:
                yield Corrupt(where, error.data, error.message)
                continue
            if fault := tree.blob_fault(envelope, path, data) if kind == "blob" else _marker_fault(data):
                yield Corrupt(where, data, fault)


def _marker_fault(data: bytes) -> str:
    try:
        tree.read_marker(data)
    except (InvalidRecord, NewerFormat) as error:
        return error.message
    return ""

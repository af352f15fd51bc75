"""The branches of a Git replica: which count, what one holds, and the next commit on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from netto_tui.plural import many
from netto_tui.replicas import git_trees, tree
from netto_tui.replicas.base import Batch, Corrupt
from netto_tui.replicas.git_disk import LIVE, MAIN, Refs
from netto_tui.replicas.git_objects import DamagedObject, Objects
from netto_tui.security.envelope import Envelope

SESSIONS = "sessions/"
_SUBJECT_LIMIT = 200
_BODY_LINES = 25


def label(ref: str) -> str:
    """How a branch is called in reports: `main`, `live/laptop`."""
    return ref.removeprefix("refs/heads/")


def branches(refs: Refs) -> dict[str, ObjectID]:
    """Main and the live branches, main first."""
    return {ref: refs[ref] for ref in sorted(refs) if ref == MAIN or ref.startswith(LIVE)}


def encode_cursor(refs: Refs) -> str:
    """A cursor that names these branches and their commits; "" for none."""
    text = {ref: head.decode("ascii") for ref, head in refs.items()}
    return json.dumps(text, sort_keys=True, separators=(",", ":")) if text else ""


def decode_cursor(cursor: str) -> dict[str, ObjectID]:
    """The inverse of encode_cursor; nothing for what it did not make."""
    try:
        found = json.loads(cursor)
        return {str(ref): ObjectID(head.encode()) for ref, head in found.items()}
    except (ValueError, AttributeError, RecursionError):
        return {}


def subtree(objects: Objects, root: bytes, name: str) -> ObjectID | None:
    """The tree of a top-level folder, None if there is none. Raises DamagedObject."""
    entry = objects.tree(root).get(name.rstrip("/"))
    return entry.sha if entry else None


@dataclass
class Listing:
    """The conversations of one branch: by stored name, the blobs by path; and what is damaged."""

    sessions: ObjectID | None = None
    names: dict[str, dict[str, ObjectID]] = field(default_factory=dict)
    corrupt: list[Corrupt] = field(default_factory=list)


def list_branch(objects: Objects, ref: str, head: bytes, earlier: Listing | None = None) -> Listing:
    """What a commit holds; from an earlier listing of the branch only the difference is read."""
    found = Listing()
    if earlier and not earlier.corrupt:
        found.names = earlier.names

    def damage(path: str, error: DamagedObject) -> None:
        found.corrupt.append(Corrupt(f"{label(ref)}:{path}", error.data, error.message))

    try:
        found.sessions = subtree(objects, objects.commit(head).tree, SESSIONS)
    except DamagedObject as error:
        damage("", error)
        found.names = {}
        return found
    old = earlier.sessions if earlier and not earlier.corrupt else None
    for path, _, blob in git_trees.differences(objects, old, found.sessions, damage, SESSIONS):
        if not (name := tree.session_name(path)):
            continue
        if blob is not None:
            found.names.setdefault(name, {})[path] = blob
        elif name in found.names:
            found.names[name].pop(path, None)
            if not found.names[name]:
                del found.names[name]
    return found


def read_page(
    objects: Objects, envelope: Envelope, name: str, page: tree.Page, files: Mapping[str, ObjectID], where: str
) -> None:
    """Add the content of a conversation's files on a branch to a page."""
    for path, blob in sorted(files.items()):
        try:
            data = objects.read(blob, b"blob")
        except DamagedObject as error:
            page.corrupt.append(Corrupt(f"{where}:{path}", error.data, error.message))
        else:
            page.read(envelope, name, f"{where}:{path}", data)


class Draft:
    """A commit to be: edits over the tree of a branch, and the objects that they need.

    Raises DamagedObject, from every method, when a tree on the way cannot be read.
    """

    def __init__(self, objects: Objects, head: ObjectID | None) -> None:
        self.head = head
        self.new: dict[ObjectID, ShaFile] = {}
        self._objects = objects
        self._root = None if head is None else objects.commit(head).tree
        self._edits: dict[str, ObjectID | None] = {}

    @property
    def differs(self) -> bool:
        """Whether there are edits."""
        return bool(self._edits)

    def find(self, path: str) -> ObjectID | None:
        """The blob at a path, with the edits so far."""
        if path in self._edits:
            return self._edits[path]
        return git_trees.find(self._objects, self._root, path) if self._root else None

    def content(self, path: str) -> bytes | None:
        """The bytes at a path; None for nothing, and for what is damaged and will be replaced."""
        blob = self.find(path)
        if blob is None:
            return None
        if blob in self.new:
            return self.new[blob].as_raw_string()
        try:
            return self._objects.read(blob, b"blob")
        except DamagedObject:
            return None

    def put(self, path: str, data: bytes) -> None:
        """Have these bytes at a path."""
        blob = Blob.from_string(data)
        self.new[blob.id] = blob
        if self.find(path) != blob.id:
            self._edits[path] = blob.id

    def drop(self, path: str) -> None:
        """Have nothing at a path."""
        if self.find(path) is not None:
            self._edits[path] = None

    def more_sessions(self) -> int:
        """By how many the edits let the files of conversations grow."""
        there = {path: self._root and git_trees.find(self._objects, self._root, path) for path in self._edits}
        changes = ((blob is not None) - bool(there[path]) for path, blob in self._edits.items())
        return sum(change for path, change in zip(there, changes, strict=True) if tree.session_name(path))

    def finish(self, message: Callable[[ObjectID], bytes], author: bytes, at_s: int) -> ObjectID | None:
        """The new commit, which is in `new`; the old head when nothing differs. message: made from the tree's id."""
        made: dict[ObjectID, Tree] = {}
        root = git_trees.edit(self._objects, self._root, self._edits, made)
        if root == self._root:
            return self.head
        if root is None:
            empty = Tree()
            root = empty.id
            made[root] = empty
        commit = Commit()
        commit.tree = root
        commit.parents = [self.head] if self.head else []
        commit.author = commit.committer = author
        commit.author_time = commit.commit_time = at_s
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message(root)
        self.new |= made
        self.new[commit.id] = commit
        return commit.id


def describe(batch: Batch, device: str, readable: bool) -> bytes:
    """A commit's message: the batch's own where people may read it, else what was counted."""
    lines = [_one_line(line) for line in batch.message.splitlines()] if readable else []
    if not lines or not lines[0]:
        records = sum(len(write.fresh) for write in batch.writes)
        return f"{many(len(batch.writes), 'conversation')}, {many(records, 'record')} from {device}\n".encode()
    body = [line for line in lines[1:] if line][:_BODY_LINES]
    return "\n".join([lines[0], *(["", *body] if body else []), ""]).encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:_SUBJECT_LIMIT]

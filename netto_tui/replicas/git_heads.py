"""Signed heads in Git: one line of each commit's message, about that commit's tree.

    Netto-Head: eyJhbGciOi…

So whoever has a clone and the public key proves the whole history with Git alone.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dulwich.objects import Commit, ObjectID

from netto_tui.errors import InvalidRecord
from netto_tui.replicas.base import Link, Signer
from netto_tui.replicas.git_branch import Draft, Listing, label
from netto_tui.replicas.git_disk import Refs
from netto_tui.replicas.git_objects import Entry, Objects
from netto_tui.security import heads

TRAILER = "Netto-Head: "

LOOK_BACK = 30
"""So many commits of a branch are looked at where no head of it is known; GitHub lists as many at once."""

_ABOUT = ("blobs", "memory", "sessions")
_KEYS = (".netto", "keys")
"""What of a tree heads are about; a person's own files, the workflow and the identity are not."""


def token_of(commit: Commit) -> str:
    """The head in a commit's message, "" for none."""
    for line in reversed(commit.message.decode("utf-8", "replace").splitlines()):
        if line.startswith(TRAILER):
            return str(line.removeprefix(TRAILER).strip())
    return ""


@dataclass(frozen=True)
class Words:
    """The message of the commit of a draft, and what the head in it needs. listed: lists what branches hold."""

    objects: Objects
    draft: Draft
    ref: str
    message: bytes
    signer: Signer | None
    listed: Callable[[Refs], Mapping[str, Listing]]

    def complete(self, root: ObjectID) -> bytes:
        """The message, with a head about the tree of that id where somebody signs."""
        if self.signer is None:
            return self.message
        previous = latest_token(self.objects, self.draft.head)
        before = _count_in(previous)
        count = max(0, (self._files() if before is None else before) + self.draft.more_sessions())
        token = self.signer.sign(label(self.ref), root.decode(), count, previous)
        return self.message.rstrip(b"\n") + f"\n\n{TRAILER}{token}\n".encode()

    def _files(self) -> int:
        """How many files of conversations the branch has where the draft begins."""
        if self.draft.head is None:
            return 0
        listing = self.listed({self.ref: self.draft.head})[self.ref]
        return sum(len(files) for files in listing.names.values())


def latest_token(objects: Objects, head: ObjectID | None) -> str:
    """The latest head on a branch, not proven; "" where the last LOOK_BACK commits have none."""
    for _ in range(LOOK_BACK):
        if head is None:
            break
        commit = objects.commit(head)
        if token := token_of(commit):
            return token
        head = commit.parents[0] if commit.parents else None
    return ""


def links(
    objects: Objects, refs: Refs, known: Mapping[str, tuple[int, str]] | None, pause: Callable[[], None]
) -> Mapping[str, Sequence[Link]]:
    """The commits of each branch after the known heads, as replicas.base.Chained has them; pause: called at each."""
    found = {}
    for ref, head in refs.items():
        pause()
        found[label(ref)] = _after(objects, head, (known or {}).get(label(ref)), known is None)
    return found


def _after(objects: Objects, head: ObjectID, known: tuple[int, str] | None, everything: bool) -> Sequence[Link]:
    """The commits of a branch from a known head on, oldest first; where none is known, of the last LOOK_BACK."""
    walked: list[tuple[ObjectID, Commit, str]] = []
    sha: ObjectID | None = head
    arrived = False
    while sha is not None and not arrived:
        commit = objects.commit(sha)
        token = token_of(commit)
        walked.append((sha, commit, token))
        if known:
            arrived = _is_not_after(token, known[0])
        elif not everything:
            arrived = len(walked) >= LOOK_BACK
        sha = commit.parents[0] if commit.parents else None
    found = []
    signed = known is not None
    for sha, commit, token in reversed(walked):
        alters = bool(token) or (signed and _alters(objects, commit))
        found.append(Link(token, commit.tree.decode(), sha.decode()[:12], alters))
        signed = signed or bool(token)
    return found


def _is_not_after(token: str, seq: int) -> bool:
    """Whether a head is not after that of a number, so that looking further back is of no use."""
    try:
        return bool(token) and heads.peek(token).seq <= seq
    except InvalidRecord:
        return False


def _count_in(token: str) -> int | None:
    try:
        return heads.peek(token).count if token else None
    except InvalidRecord:
        return None


def _alters(objects: Objects, commit: Commit) -> bool:
    """Whether a commit changes what heads are about."""
    before = objects.commit(commit.parents[0]).tree if commit.parents else None
    return _about(objects, before) != _about(objects, commit.tree)


def _about(objects: Objects, root: ObjectID | None) -> Mapping[str, ObjectID]:
    entries = objects.tree(root) if root else {}
    found = {name: entries[name].sha for name in _ABOUT if name in entries}
    own: Entry | None = entries.get(_KEYS[0])
    if own is not None and stat.S_ISDIR(own.mode) and (keys := objects.tree(own.sha).get(_KEYS[1])) is not None:
        found["keys"] = keys.sha
    return found

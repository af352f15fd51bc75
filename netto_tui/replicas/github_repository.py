"""A repository at GitHub as the Git replica sees it: refs that move one at a time, and objects.

Only the Git Data API is used: trees with inline content in chunks, a commit, and a move of the ref
that GitHub refuses when somebody else was first. Nothing is ever forced, and before every push
GitHub has to say that the repository is private and the one that it was.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from netto_tui.errors import Limited, Refused, Unreachable, UsageError, WrongTarget
from netto_tui.replicas import git_trees
from netto_tui.replicas.base import Corrupt, Presence
from netto_tui.replicas.git_branch import label
from netto_tui.replicas.git_disk import LIVE, MAIN, Refs
from netto_tui.replicas.git_objects import DamagedObject
from netto_tui.replicas.github_answers import Disturbed, sha_of
from netto_tui.replicas.github_client import DAY_MS, Hub
from netto_tui.replicas.github_notes import Notes
from netto_tui.replicas.github_objects import HubObjects
from netto_tui.replicas.github_push import HubPush, somebody_else_wrote
from netto_tui.replicas.github_refs import HEADS, LAG_WAITS, HubRefs
from netto_tui.replicas.tree import kind_of

_TARGET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")


class HubRepository:
    """A repository at GitHub; see git_disk.Repository. target: OWNER/REPO."""

    has_history = False

    def __init__(self, hub: Hub, target: str, folder: Path, cancel: threading.Event) -> None:
        if not _TARGET.fullmatch(target):
            raise UsageError(f"“{target}” names no repository at GitHub.", remedy="Write OWNER/REPO.")
        self.place = f"{hub.place}/{target}"
        self.hub = hub
        self._target = target
        self._path = f"/repos/{target}"
        self.notes = Notes(folder)
        self._objects = HubObjects(folder, hub, self._path, self.notes)
        self.push = HubPush(hub, self._path, self.place, self._objects)
        self._refs = HubRefs(hub, target, self.place, self.notes, self.require_private)
        self._is_private = False
        self._seen: set[ObjectID] = set()

    @property
    def requests(self) -> int:
        """Calls of the API."""
        return self.hub.requests

    @property
    def objects(self) -> HubObjects:
        """The objects, known or asked for."""
        return self._objects

    def look(self) -> tuple[Presence, Refs]:
        """Presence and branches by one conditional request; once a day also whether it is still private."""
        refs = self._look()
        if refs is None:
            return "absent", {}
        checked_ms = self.notes.get("checked_ms")
        if checked_ms and self.hub.clock_ms and self.hub.clock_ms - checked_ms > DAY_MS:
            self.require_private()
        return ("present" if refs else "empty"), refs

    def free_bytes(self) -> int | None:
        """GitHub does not tell."""
        return None

    def fault(self) -> str:
        """Any repository will do."""
        return ""

    def refs(self) -> Refs:
        """All branches. Raises Unreachable when there is no such repository, or it may not be seen."""
        refs = self._look()
        if refs is None:
            raise self._no_repository()
        return refs

    def fetch(self, refs: Refs) -> None:
        """Have the commits of these refs; what they hold follows when it is read."""
        new = [head for head in refs.values() if head not in self._seen]
        if not new:
            return
        self._objects.look_again()
        self._objects.heads = [head for ref, head in refs.items() if ref == MAIN]
        try:
            for head in new:
                self._objects.commit(head)
        except DamagedObject as error:
            self._refs.forget()  # they may have been told wrong, and are asked for again
            raise Disturbed(
                f"{self.place} names a commit that it does not show.", remedy="It is tried again at the next sync."
            ) from error
        if refs.get(MAIN) in new and not self.notes.get("filled"):
            self._objects.bulk()
            self.notes.put("filled", True)
        self._seen.update(new)

    def move(self, ref: str, old: ObjectID | None, new: ObjectID, objects: Iterable[ShaFile]) -> ObjectID:
        """Write trees and a commit, then move a ref from old to it; the commit as GitHub names it.

        What arrived is proven by reading the commit back: its tree's name is a hash over every file.
        """
        made = list(objects)
        if not self._is_private:
            self.require_private()
        self._objects.write(found for found in made if not isinstance(found, Commit))
        commit = next(found for found in made if isinstance(found, Commit) and found.id == new)
        if old is None and ref == MAIN and self._refs.is_empty:
            return self._begin(commit)
        base = self._objects.commit(old) if old else None
        self.push.write_tree(base.tree if base else None, commit.tree, made)
        sha = self.push.write_commit(commit, old)
        self._refs.move(ref, old, sha)
        if self._read_back(sha).tree != commit.tree:
            raise Unreachable(f"{self.place} has another tree than was sent.", remedy="It is tried again.")
        return sha

    def create(self) -> None:
        """Make the private repository, unless it was just seen. Raises Refused when the token may not."""
        if not self._refs.is_absent:
            return
        owner, _, name = self._target.partition("/")
        login = self.hub.ask("GET", "/user", reads=lambda told: told["login"].lower()).found
        where = "/user/repos" if login == owner.lower() else f"/orgs/{owner}/repos"
        about = {
            "name": name,
            "private": True,
            "description": "Conversations, kept by netto-tui",
            "has_issues": False,
            "has_wiki": False,
            "has_projects": False,
        }
        answer = self.hub.ask("POST", where, about, again=False, expect=(403, 404, 422))
        if answer.status != 201:
            raise Refused(
                f"{self.place} is not there, and cannot be made with this token ({answer.message or answer.status}).",
                remedy=f"Make an empty private repository {name} of {owner} in the browser, for which the token is.",
            )

    def set_aside(self, stamp: str) -> None:
        """Keep what every branch has under `damaged/STAMP/…`; the branches themselves stay."""
        self.require_private()
        for ref, head in self.refs().items():
            if ref == MAIN or ref.startswith(LIVE):
                kept = f"{HEADS}damaged/{stamp}/{label(ref)}"
                self.hub.ask("POST", f"{self._path}/git/refs", {"ref": kept, "sha": head.decode()}, expect=(422,))

    def renew(self) -> bool:
        """What is damaged in the copy is asked for again by itself."""
        return False

    def check(self) -> Iterator[Corrupt]:
        """Fetch the archive of each branch, and compare every file with what the branch should hold."""
        for ref, head in self.refs().items():
            tree = self._objects.refresh(head).tree
            blobs: set[ObjectID] = set()
            for part in self._objects.unpack(head):
                self._objects.write(part)
                blobs.update(found.id for found in part if isinstance(found, Blob))
            for path, _, sha in git_trees.differences(self._objects, None, tree, lambda _path, _error: None):
                if sha is None or sha in blobs or kind_of(path) == "foreign":
                    continue
                try:  # a person can have files left out of archives, or altered in them
                    self._objects.write([self._objects.fetch(sha)])
                except DamagedObject as error:
                    yield Corrupt(f"{label(ref)}:{path}", error.data, error.message)

    def close(self) -> None:
        """Close connections and the copy."""
        self.hub.close()
        self.notes.close()
        self._objects.close()

    def pin_anew(self) -> None:
        """Accept the repository that bears the name now, on a person's word."""
        self.notes.put("id", None)

    def require_private(self) -> None:
        """Refuse a repository that others can read, or that is another than it was.

        Raises Refused and WrongTarget; Unreachable when GitHub does not say clearly.
        """
        answer = self.hub.ask("GET", self._path, expect=(404,), reads=_about)
        if answer.status == 404:
            raise self._no_repository()
        told = answer.found
        if told["private"] is not True or told.get("visibility", "private") != "private":
            raise Refused(
                f"{self.place} is not private ({told.get('visibility', 'public')}); nothing is written to it.",
                remedy="Make it private in its settings under “Danger Zone”, and think about what was seen meanwhile.",
            )
        if told["full_name"].lower() != self._target.lower():
            raise WrongTarget(
                f"{self.place} was renamed or transferred: it is {told['full_name']} now. Nothing was written.",
                remedy="If that is right, write its new name into config.toml.",
            )
        pinned = self.notes.get("id")
        if pinned not in (None, told["id"]):
            raise WrongTarget(
                f"{self.place} is another repository than before: deleted and made again. Nothing was written.",
                remedy="If you did that, run `netto-tui sync NAME --rebuild` for it.",
            )
        if told["permissions"].get("push") is False or told.get("archived"):
            raise Refused(
                f"{self.place} can be read but not written{' since it is archived' if told.get('archived') else ''}.",
                remedy="The token needs Contents: read and write for this repository.",
            )
        self.notes.put("id", told["id"])
        self.notes.put("checked_ms", self.hub.clock_ms)
        self._is_private = True

    def _look(self) -> Refs | None:
        """The branches now, None without a repository."""
        self._is_private = False  # what was said before the last look does not count for the next push
        return self._refs.look()

    def _read_back(self, sha: ObjectID) -> Commit:
        """A commit as GitHub tells it, which may take a moment for one that was just made."""
        for wait in LAG_WAITS:
            try:
                return self._objects.refresh(sha)
            except DamagedObject:
                self.hub.wait(wait)
        return self._objects.refresh(sha)

    def _begin(self, commit: Commit) -> ObjectID:
        """Give an empty repository its first files, which the Git Data API cannot; the commit that has them all."""
        files = git_trees.differences(self._objects, None, commit.tree, lambda _path, _error: None)
        root: ObjectID | None = None
        head = None
        for path, _, sha in files:
            if sha is not None:
                made: dict[ObjectID, Tree] = {}
                root = git_trees.edit(self._objects, root, {path: sha}, made)
                self._objects.write(made.values())
                head = self._put(commit, path, sha, root)
        if head is None or root != commit.tree:
            raise somebody_else_wrote(self.place)
        self._refs.begun(MAIN)
        return head

    def _put(self, commit: Commit, path: str, sha: ObjectID, root: ObjectID | None) -> ObjectID:
        """Write one file of a commit on main, which makes `root` of it; the commit there. Raises Moved."""
        content = base64.b64encode(self._objects.read(sha, b"blob")).decode()
        body = {"message": commit.message.decode("utf-8", "replace"), "content": content, "branch": label(MAIN)}
        where = f"{self._path}/contents/{quote(path)}"
        try:
            told = self.hub.ask("PUT", where, body, again=False, expect=(409, 422), reads=self._first_commit).found
        except Limited:
            raise
        except Disturbed:
            head = self._refs.head(MAIN)
            if head is None:
                raise
            told = head, self._read_back(head)
        if told is None or told[1].tree != root:
            raise somebody_else_wrote(self.place)
        return ObjectID(told[0])

    def _first_commit(self, told: Mapping[str, Any]) -> tuple[ObjectID, Commit]:
        """The commit that an answer of the contents API tells of."""
        return ObjectID(sha_of(told["commit"]).encode()), self._objects.keep(told["commit"])

    def _no_repository(self) -> Unreachable:
        return Unreachable(
            f"There is no repository {self.place}, or the token may not see it.",
            remedy="Check its name, and that the token is for this repository.",
        )


def _about(told: Any) -> dict[str, Any]:
    """What GitHub says of a repository. Raises ValueError when it does not say clearly who may see which one."""
    about = {"permissions": {}, **told}
    kinds = {"private": bool, "id": int, "full_name": str, "permissions": dict}
    if not all(isinstance(about.get(name), kind) for name, kind in kinds.items()):
        raise ValueError("it is no repository")
    return about

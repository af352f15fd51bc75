"""Writing to GitHub: trees with their text inline, so many files at a time, and a commit."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from dulwich.objects import Commit, ObjectID, ShaFile, Tree

from netto_tui.errors import InvalidRecord, Moved, Unreachable
from netto_tui.replicas import git_trees
from netto_tui.replicas.git_objects import TREE_MODE, Objects
from netto_tui.replicas.github_answers import Answer, sha_of
from netto_tui.replicas.github_client import Hub

SUBMODULE_MODE = 0o160000

CHUNK_FILES = 100
CHUNK_BYTES = 10**6
"""What one call writes: larger trees were seen to time out at GitHub."""


class HubPush:
    """Writes to one repository. path: of the API, `/repos/OWNER/REPO`; place: for messages."""

    def __init__(self, hub: Hub, path: str, place: str, objects: Objects) -> None:
        self._hub = hub
        self._path = path
        self._place = place
        self._objects = objects

    def write_tree(self, base: ObjectID | None, root: ObjectID, made: Iterable[ShaFile]) -> None:
        """Make a tree there out of the one before, with what differs; made: its new parts.

        Raises Unreachable when it cannot be made there as it is here, Moved, PushProtected.
        """
        found = base
        for entries in self._chunks(base, root):
            body = {"tree": entries, **({"base_tree": found.decode()} if found else {})}
            answer = self._hub.ask("POST", f"{self._path}/git/trees", body, expect=(409, 422), reads=sha_of)
            if answer.found is None:
                raise self._refusal(answer, entries)
            found = ObjectID(answer.found.encode())
        if found != root:
            self._write_each([one for one in made if isinstance(one, Tree)])

    def _write_each(self, trees: list[Tree]) -> None:
        """Make each tree by its entries, the deepest first: some server keeps a folder when its last file goes."""
        for tree in trees:
            entries = [
                {
                    "path": entry.path.decode(),
                    "mode": f"{entry.mode:06o}",
                    "type": {TREE_MODE: "tree", SUBMODULE_MODE: "commit"}.get(entry.mode, "blob"),
                    "sha": entry.sha.decode(),
                }
                for entry in tree.items()
            ]
            body = {"tree": entries}
            answer = self._hub.ask("POST", f"{self._path}/git/trees", body, expect=(409, 422), reads=sha_of)
            if answer.found != tree.id.decode():
                raise Unreachable(f"{self._place} made another tree than was sent.", remedy="Nothing moved there.")

    def _chunks(self, base: ObjectID | None, root: ObjectID) -> Iterator[list[dict[str, Any]]]:
        """The entries that differ, so many at a time as GitHub takes well."""
        entries: list[dict[str, Any]] = []
        size = 0
        for path, _, sha in git_trees.differences(self._objects, base, root, _fail):
            entry, weight = self._entry(path, sha)
            if entries and (len(entries) >= CHUNK_FILES or size + weight > CHUNK_BYTES):
                yield entries
                entries, size = [], 0
            entries.append(entry)
            size += weight
        if entries:
            yield entries

    def _entry(self, path: str, sha: ObjectID | None) -> tuple[dict[str, Any], int]:
        """One file for a tree, and its weight in bytes; text goes along, other bytes become a blob first."""
        entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob"}
        if sha is None:
            return {**entry, "sha": None}, 0
        data = self._objects.read(sha, b"blob")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = ""
        if text and "\0" not in text:
            return {**entry, "content": text}, len(data)
        body = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        answer = self._hub.ask("POST", f"{self._path}/git/blobs", body, expect=(409, 422), reads=sha_of)
        if answer.found is None:
            raise self._refusal(answer, [entry])
        return {**entry, "sha": sha.decode()}, 0

    def write_commit(self, commit: Commit, parent: ObjectID | None) -> ObjectID:
        """Make a commit there that says what one here says; its name there."""
        name, _, address = commit.author.decode().partition(" <")
        at = datetime.fromtimestamp(commit.commit_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        person = {"name": name, "email": address.rstrip(">"), "date": at}
        body = {
            "message": commit.message.decode("utf-8", "replace"),
            "tree": commit.tree.decode(),
            "parents": [parent.decode()] if parent else [],
            "author": person,
            "committer": person,
        }
        return ObjectID(self._hub.ask("POST", f"{self._path}/git/commits", body, reads=sha_of).found.encode())

    def is_protected(self, text: str) -> bool:
        """Whether GitHub finds a secret in a text."""
        body = {"content": text, "encoding": "utf-8"}
        return _found_secret(self._hub.ask("POST", f"{self._path}/git/blobs", body, expect=(409, 422)))

    def _refusal(self, answer: Answer, entries: list[dict[str, Any]]) -> Exception:
        """Why a tree or blob was not taken."""
        words = answer.message
        if _found_secret(answer):
            return PushProtected({e["path"]: e.get("content", "") for e in entries}, self._place)
        if answer.status == 409 or "does not exist" in words or "not found" in words.lower():
            return somebody_else_wrote(self._place)
        return Unreachable(
            f"{self._place} did not take what was sent: {words or 'it says no more'}.", remedy="Run netto-tui doctor."
        )


class PushProtected(InvalidRecord):
    """GitHub found a secret in what was sent and took none of it; files: their text by path, "" for a blob."""

    def __init__(self, files: dict[str, str], place: str) -> None:
        super().__init__(
            f"{place} found a secret in a conversation and does not take it.",
            remedy="Remove the secret at its source, or encrypt the replica.",
        )
        self.files = files


def _found_secret(answer: Answer) -> bool:
    """Tell push protection from an empty repository and a lost race, which have the same status."""
    return answer.status in (409, 422) and bool(
        re.search(r"secret|push protection|rule violation", answer.message, re.I)
    )


def somebody_else_wrote(place: str) -> Moved:
    """The error for a lost race."""
    return Moved(f"Another device wrote to {place} first.", remedy="Nothing is lost; sync again.")


def _fail(_path: str, error: Exception) -> None:
    raise error

"""The objects of a repository at GitHub: those that are known lie in a local copy, others are asked for.

Trees and blobs are hashed against their names, whoever sends them, so a copy of one is as good as
GitHub's own. Commits are taken at GitHub's word: it tells their parts and not their bytes.
"""

from __future__ import annotations

import base64
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from netto_tui.errors import Unreachable
from netto_tui.files import make_folder
from netto_tui.replicas.git_objects import DamagedObject, Entry, Objects, make_tree
from netto_tui.replicas.git_trees import edit
from netto_tui.replicas.github_answers import Answer, Disturbed, sha_of
from netto_tui.replicas.github_client import Hub
from netto_tui.replicas.github_notes import Notes, unusable

BULK_AFTER = 50
"""So many objects are asked for one by one; when more are missing, a whole archive is fetched."""

BULK_ATTEMPTS = 2
"""How often an archive that arrives damaged is fetched; after that its files are asked for one by one."""

COMMITS_AT_ONCE = 30
"""How many commits one listing brings, once a single one was not enough."""

SECOND_LOOK_MS = 10 * 60 * 1000
"""When an object that GitHub did not show is given up."""

_PACK_OBJECTS = 2000

_ABSENT = (404, 409, 422)
"""How GitHub answers for an object that it does not have."""


class HubObjects(Objects):
    """Objects that come from GitHub when the copy lacks them; see git_objects.Objects.

    repository: the path of the API for it, `/repos/OWNER/REPO`. heads: those commits whose files
    an archive may bring when many objects are missing. Every method may raise Unreachable.
    """

    def __init__(self, folder: Path, hub: Hub, repository: str, notes: Notes) -> None:
        super().__init__(folder / "objects")
        self.heads: list[ObjectID] = []
        self._folder = folder
        self._hub = hub
        self._repository = repository
        self._notes = notes
        self._missed = 0
        self._commits: dict[bytes, Commit] = {}

    def commit(self, sha: bytes) -> Commit:
        """A commit, as GitHub tells it. Raises DamagedObject when there is none."""
        if sha not in self._commits:
            self._commits[sha] = self._known_commit(sha) or self._ask_commit(sha)
        return self._commits[sha]

    def refresh(self, sha: ObjectID) -> Commit:
        """A commit asked for now, whether or not it is known. Raises DamagedObject when there is none."""
        self._commits[sha] = self._ask_single(sha)
        return self._commits[sha]

    def look_again(self) -> None:
        """Begin to count anew what is missing, for other heads."""
        self._missed = 0

    def write(self, objects: Iterable[ShaFile]) -> None:
        """As Objects.write, into the copy."""
        try:
            super().write(objects)
        except OSError as error:
            raise unusable(self._folder, error) from error

    def bulk(self) -> None:
        """Bring every file of the heads with one archive each; nothing where GitHub gives none that is good."""
        for head in self.heads:
            root = self.commit(head).tree
            for _attempt in range(BULK_ATTEMPTS):
                if self._is_complete(root):
                    break
                try:
                    for part in self.unpack(head):
                        self.write(part)
                    break
                except DamagedArchive:
                    continue

    def unpack(self, head: ObjectID) -> Iterator[list[ShaFile]]:
        """The blobs and trees of the archive of a commit, some thousand at a time. Raises DamagedArchive."""
        try:
            make_folder(self._folder)
            scratch = tempfile.TemporaryDirectory(dir=self._folder)
        except OSError as error:
            raise unusable(self._folder, error) from error
        with scratch as folder:
            file = Path(folder) / "archive.tar.gz"
            if not self._hub.download(f"{self._repository}/tarball/{head.decode()}", file):
                return
            try:
                yield from _read_archive(self, file, self._hub.check_cancel)
            except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
                raise DamagedArchive(
                    f"The archive from {self._hub.place} cannot be read ({type(error).__name__}).",
                    remedy="It is tried again at the next sync.",
                ) from error

    def fetch(self, sha: ObjectID) -> ShaFile:
        """A blob as GitHub tells it now, whether or not it is known. Raises DamagedObject."""
        return self._ask(sha, b"blob", DamagedObject(sha, "is missing."))

    def _read(self, sha: bytes, kind: bytes) -> ShaFile:
        try:
            return super()._read(sha, kind)
        except DamagedObject as damaged:
            if kind not in (b"tree", b"blob") or len(sha) != 40:
                raise
            return self._bring(sha, kind, damaged)
        except OSError as error:
            raise unusable(self._folder, error) from error

    def _bring(self, sha: bytes, kind: bytes, damaged: DamagedObject) -> ShaFile:
        self._missed += 1
        if self._missed == BULK_AFTER:
            self.bulk()
            try:
                return super()._read(sha, kind)
            except DamagedObject:
                pass
        found = self._ask(sha, kind, damaged)
        self.write([found])
        return found

    def _ask(self, sha: bytes, kind: bytes, damaged: DamagedObject) -> ShaFile:
        """A tree or blob as GitHub tells it; raises `damaged` when it has none."""

        def read(told: Mapping[str, Any]) -> ShaFile:
            found = _tree(told) if kind == b"tree" else _blob(told)
            if found.id != sha:
                raise ValueError("it does not match its name")
            return found

        path = f"{self._repository}/git/{kind.decode()}s/{sha.decode('ascii', 'replace')}"
        answer = self._hub.ask("GET", path, expect=_ABSENT, reads=read)
        if answer.status != 200:
            self._forget_commits(sha)
            self._believe_absent(sha)
            raise damaged
        found: ShaFile = answer.found
        return found

    def _believe_absent(self, sha: bytes) -> None:
        """That an object is not there is believed at a second look: GitHub's readers may lag behind its writers.

        Raises Unreachable before that.
        """
        note = f"absent {sha.decode('ascii', 'replace')}"
        now, first = self._hub.clock_ms or 0, self._notes.get(note)
        if first is None:
            self._notes.put(note, now)
        if first is None or now - first < SECOND_LOOK_MS:
            raise Unreachable(
                f"{self._hub.place} names an object that it does not show.", remedy="It is looked for again later."
            )

    def _known_commit(self, sha: bytes) -> Commit | None:
        row = self._notes.get(_note(sha))
        return _commit(*row) if row else None

    def _ask_commit(self, sha: bytes) -> Commit:
        """A commit that is not known: alone at first, then with those before it."""
        self._missed += 1
        if self._missed > 1:
            path = f"{self._repository}/commits?sha={sha.decode()}&per_page={COMMITS_AT_ONCE}"
            self._hub.ask("GET", path, expect=_ABSENT, reads=self._keep_all)
        return self._known_commit(sha) or self._ask_single(sha)

    def _keep_all(self, told: list[Mapping[str, Any]]) -> None:
        for one in told:
            self.keep({**one["commit"], "sha": one["sha"], "url": one.get("url"), "parents": one["parents"]})

    def _ask_single(self, sha: bytes) -> Commit:
        def read(told: Mapping[str, Any]) -> Commit:
            if sha_of(told).encode() != sha:
                raise ValueError("it is another commit")
            return self.keep(told)

        path = f"{self._repository}/git/commits/{sha.decode('ascii', 'replace')}"
        answer: Answer = self._hub.ask("GET", path, expect=_ABSENT, reads=read)
        if answer.status != 200:
            raise DamagedObject(sha, "is missing.")
        found: Commit = answer.found
        return found

    def keep(self, told: Mapping[str, Any]) -> Commit:
        """Remember a commit as GitHub tells it. Raises what `Hub.ask` expects of `reads` for half of one."""
        at = round(datetime.fromisoformat(told["committer"]["date"]).timestamp())
        row = (sha_of(told["tree"]), [sha_of(parent) for parent in told["parents"]], at, told["message"])
        commit = _commit(*row)
        self._notes.put(_note(sha_of(told).encode()), row)
        return commit

    def _forget_commits(self, tree: bytes) -> None:
        """Ask again for commits of a tree that is not there: what was noted of them may be wrong."""
        for sha in [sha for sha, commit in self._commits.items() if commit.tree == tree]:
            del self._commits[sha]
            self._notes.put(_note(sha), None)

    def _is_complete(self, root: bytes) -> bool:
        """Whether the copy has a tree and all below it."""
        self._hub.check_cancel()
        try:
            entries = Tree.from_string(super()._read(root, b"tree").as_raw_string()).items()
        except DamagedObject:
            return False
        return all(
            self._is_complete(entry.sha) if entry.mode == 0o040000 else self.present(entry.sha) for entry in entries
        )


class DamagedArchive(Disturbed):
    """An archive arrived, and cannot be read to its end."""


def _note(sha: bytes) -> str:
    return f"commit {sha.decode('ascii', 'replace')}"


def _commit(tree: str, parents: Iterable[str], at: int, message: str) -> Commit:
    commit = Commit()
    commit.tree = ObjectID(tree.encode())
    commit.parents = [ObjectID(parent.encode()) for parent in parents]
    commit.author = commit.committer = b"-"
    commit.author_time = commit.commit_time = at
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = message.encode("utf-8", "replace")
    return commit


def _tree(told: Mapping[str, Any]) -> Tree:
    """A tree as GitHub tells it; one that was cut short has another name than was asked for."""
    return make_tree({e["path"]: Entry(int(e["mode"], 8), ObjectID(sha_of(e).encode())) for e in told["tree"]})


def _blob(told: Mapping[str, Any]) -> Blob:
    content = told["content"]
    return Blob.from_string(base64.b64decode(content) if told["encoding"] == "base64" else content.encode())


def _read_archive(objects: Objects, file: Path, pause: Callable[[], None]) -> Iterator[list[ShaFile]]:
    """The regular files of an archive as blobs, then the trees that hold them; pause: called before each."""
    paths: dict[str, ObjectID] = {}
    found: list[ShaFile] = []
    with tarfile.open(file, "r:gz") as archive:
        for member in archive:
            pause()
            _, _, path = member.name.partition("/")
            content = archive.extractfile(member) if member.isreg() and path else None
            if content is None:
                continue
            blob = Blob.from_string(content.read())
            paths[path] = blob.id
            found.append(blob)
            if len(found) >= _PACK_OBJECTS:
                yield found
                found = []
    made: dict[ObjectID, Tree] = {}
    edit(objects, None, dict(paths), made)
    yield [*found, *made.values()]

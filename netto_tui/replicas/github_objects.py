"""The objects of a repository at GitHub: those that are known lie in a local copy, others are asked for.

Trees and blobs are hashed against their names, whoever sends them, so a copy of one is as good as
GitHub's own. Commits are taken at GitHub's word: it tells their parts and not their bytes.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import tarfile
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from netto_tui.errors import Unreachable
from netto_tui.files import make_folder
from netto_tui.replicas.git_objects import DamagedObject, Entry, Objects, make_tree
from netto_tui.replicas.git_trees import edit
from netto_tui.replicas.github_client import Hub

BULK_AFTER = 50
"""So many objects are asked for one by one; when more are missing, a whole archive is fetched."""

COMMITS_AT_ONCE = 30
"""How many commits one listing brings, once a single one was not enough."""

_PACK_OBJECTS = 2000

_TABLES = """
CREATE TABLE IF NOT EXISTS commits (sha TEXT PRIMARY KEY, tree TEXT, parents TEXT, at INTEGER, message TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


class Notes:
    """What is remembered of a repository at GitHub beside its objects; it can be lost at any time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notes.db"
        self._sql: sqlite3.Connection | None = None
        self._finalize: Callable[[], object] | None = None

    @property
    def sql(self) -> sqlite3.Connection:
        """The database, made when it is first needed; one that is damaged is made anew."""
        if self._sql is None:
            make_folder(self._path.parent)
            try:
                self._sql = self._open()
            except sqlite3.DatabaseError:
                self._path.unlink()
                self._sql = self._open()
        return self._sql

    def get(self, name: str) -> Any:
        """A note, None when there is none."""
        row = self.sql.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, name: str, value: Any) -> None:
        """Keep a note."""
        self.sql.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def close(self) -> None:
        """Close the database."""
        if self._finalize is not None:
            self._finalize()
        self._sql = self._finalize = None

    def _open(self) -> sqlite3.Connection:
        sql = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
        self._path.chmod(0o600)
        self._finalize = weakref.finalize(self, sql.close)
        sql.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")
        return sql


class HubObjects(Objects):
    """Objects that come from GitHub when the copy lacks them; see git_objects.Objects.

    repository: the path of the API for it, `/repos/OWNER/REPO`. heads: those commits whose files
    an archive may bring when many objects are missing.
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
        """A commit, as GitHub tells it. Raises DamagedObject when there is none, Unreachable."""
        if sha not in self._commits:
            self._commits[sha] = self._known_commit(sha) or self._ask_commit(sha)
        return self._commits[sha]

    def refresh(self, sha: ObjectID) -> Commit:
        """A commit asked for now, whether or not it is known."""
        self._commits[sha] = self._ask_single(sha)
        return self._commits[sha]

    def look_again(self) -> None:
        """Begin to count anew what is missing, for other heads."""
        self._missed = 0

    def bulk(self) -> None:
        """Bring every file of the heads with one archive each; nothing where GitHub gives none."""
        for head in self.heads:
            root = self.commit(head).tree
            if not self._is_complete(root):
                for part in self.unpack(head):
                    self.write(part)

    def unpack(self, head: ObjectID) -> Iterator[list[ShaFile]]:
        """The blobs and trees of the archive of a commit, some thousand at a time."""
        make_folder(self._folder)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            file = Path(scratch) / "archive.tar.gz"
            if not self._hub.download(f"{self._repository}/tarball/{head.decode()}", file):
                return
            try:
                yield from _read_archive(self, file)
            except (tarfile.TarError, EOFError, OSError) as error:
                raise Unreachable(
                    f"The archive from {self._hub.place} cannot be read ({type(error).__name__}).",
                    remedy="It is tried again at the next sync.",
                ) from error

    def _read(self, sha: bytes, kind: bytes) -> ShaFile:
        try:
            return super()._read(sha, kind)
        except DamagedObject as damaged:
            if kind not in (b"tree", b"blob") or len(sha) != 40:
                raise
            return self._bring(sha, kind, damaged)

    def _bring(self, sha: bytes, kind: bytes, damaged: DamagedObject) -> ShaFile:
        self._missed += 1
        if self._missed == BULK_AFTER:
            self.bulk()
            try:
                return super()._read(sha, kind)
            except DamagedObject:
                pass
        answer = self._hub.ask("GET", f"{self._repository}/git/{kind.decode()}s/{sha.decode()}", expect=(404, 409, 422))
        if answer.status != 200:
            raise damaged
        try:
            found = _tree(answer.data) if kind == b"tree" else _blob(answer.data)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedObject(sha, f"cannot be read as GitHub tells it ({type(error).__name__}).") from error
        if found.id != sha:
            raise DamagedObject(sha, "does not match its name as GitHub tells it.", found.as_raw_string())
        self.write([found])
        return found

    def _known_commit(self, sha: bytes) -> Commit | None:
        query = "SELECT tree, parents, at, message FROM commits WHERE sha = ?"
        row = self._notes.sql.execute(query, (sha.decode("ascii", "replace"),)).fetchone()
        return _commit(row[0], row[1].split(), row[2], row[3]) if row else None

    def _ask_commit(self, sha: bytes) -> Commit:
        """A commit that is not known: alone at first, then with those before it."""
        self._missed += 1
        if self._missed > 1:
            path = f"{self._repository}/commits?sha={sha.decode()}&per_page={COMMITS_AT_ONCE}"
            answer = self._hub.ask("GET", path, expect=(404, 409, 422))
            for told in answer.data if answer.status == 200 and isinstance(answer.data, list) else ():
                self.keep(told["sha"], told["commit"], told["parents"])
        return self._known_commit(sha) or self._ask_single(sha)

    def _ask_single(self, sha: bytes) -> Commit:
        answer = self._hub.ask("GET", f"{self._repository}/git/commits/{sha.decode()}", expect=(404, 409, 422))
        if answer.status != 200:
            raise DamagedObject(sha, "is missing.")
        try:
            return self.keep(answer.data["sha"], answer.data, answer.data["parents"])
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedObject(sha, "is no commit as GitHub tells it.") from error

    def keep(self, sha: str, told: Mapping[str, Any], parents: list[Mapping[str, str]]) -> Commit:
        """Remember a commit that GitHub told in an answer. Raises KeyError, TypeError, ValueError for half of one."""
        at = round(datetime.fromisoformat(told["committer"]["date"]).timestamp())
        row = (told["tree"]["sha"], " ".join(parent["sha"] for parent in parents), at, told["message"])
        self._notes.sql.execute("INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?, ?)", (sha, *row))
        return _commit(row[0], row[1].split(), row[2], row[3])

    def _is_complete(self, root: bytes) -> bool:
        """Whether the copy has a tree and all below it, files apart."""
        try:
            entries = Tree.from_string(super()._read(root, b"tree").as_raw_string()).items()
        except DamagedObject:
            return False
        return all(self._is_complete(entry.sha) for entry in entries if entry.mode == 0o040000)


def _commit(tree: str, parents: list[str], at: int, message: str) -> Commit:
    commit = Commit()
    commit.tree = ObjectID(tree.encode())
    commit.parents = [ObjectID(parent.encode()) for parent in parents]
    commit.author = commit.committer = b"-"
    commit.author_time = commit.commit_time = at
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = message.encode("utf-8", "replace")
    return commit


def _tree(told: Mapping[str, Any]) -> Tree:
    if told.get("truncated"):
        raise ValueError("truncated")
    return make_tree({e["path"]: Entry(int(e["mode"], 8), ObjectID(e["sha"].encode())) for e in told["tree"]})


def _blob(told: Mapping[str, Any]) -> Blob:
    content = told["content"]
    return Blob.from_string(base64.b64decode(content) if told["encoding"] == "base64" else content.encode())


def _read_archive(objects: Objects, file: Path) -> Iterator[list[ShaFile]]:
    """The regular files of an archive as blobs, then the trees that hold them."""
    paths: dict[str, ObjectID] = {}
    found: list[ShaFile] = []
    with tarfile.open(file, "r:gz") as archive:
        for member in archive:
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

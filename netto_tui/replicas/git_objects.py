"""The objects of a Git repository on disk, read with proof and written for keeps.

dulwich believes what it reads; here every object is hashed against its name on each reading,
and a damaged copy is passed over for an intact one. Writing syncs files and folders before it
returns, so a ref that moves afterwards never points at what a power cut took.
"""

from __future__ import annotations

import hashlib
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import DiskObjectStore
from dulwich.objects import Commit, ObjectID, ShaFile, Tree, hex_to_sha, object_class, parse_tree, sha_to_hex
from dulwich.pack import Pack, write_pack_index_v2, write_pack_objects
from msgspec import Struct

from netto_tui.errors import InvalidRecord, NettoError
from netto_tui.files import TEMPORARY, read_regular, replace_files
from netto_tui.replicas.base import Corrupt

LOOSE_LIMIT = 200
"""More new objects than this at once are written as one pack, which needs two syncs in all."""

LOOSE_MANY = 6700
"""From about so many loose objects on they are packed; the same number as Git's own `gc.auto`."""

UNLISTED_LOOKUPS = 500
"""Each asks every pack in turn; after so many it is cheaper to have all their names in memory."""

FILE_MODE = 0o100644
TREE_MODE = 0o040000

_READ_ONLY = 0o444
_CACHED_TREES = 8192


class DamagedRepository(InvalidRecord):
    """Something that a repository needs cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, remedy="Run `netto-tui sync --rebuild` for it: it is set aside and written anew from the vault."
        )


class DamagedObject(DamagedRepository):
    """An object is missing, or its bytes are not what it is named; `data` is what was found."""

    def __init__(self, sha: bytes, reason: str, data: bytes = b"") -> None:
        super().__init__(f"Git object {sha.decode('ascii', 'replace')[:12]}… {reason}")
        self.data = data


class Entry(Struct, frozen=True, gc=False):
    """One name in a tree; thousands are kept, so that collections do not look through them."""

    mode: int
    sha: ObjectID


class Objects:
    """The `objects` directory of a repository."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = DiskObjectStore(path)
        self._packs: dict[int, Pack] = {}
        self._unlisted_lookups = UNLISTED_LOOKUPS
        self._listed: set[int] = set()
        self._where: dict[bytes, list[Pack]] = {}
        self.close = weakref.finalize(self, _close, self._store)  # also at exit, where dulwich's own fail
        self.tree: Callable[[bytes], Mapping[str, Entry]] = lru_cache(_CACHED_TREES)(self._read_tree)

    def read(self, sha: bytes, kind: bytes) -> bytes:
        """The content of an object of a kind (`blob`, `tree`, `commit`). Raises DamagedObject."""
        return self._read(sha, kind).as_raw_string()

    def commit(self, sha: bytes) -> Commit:
        """A commit. Raises DamagedObject."""
        found = self._read(sha, b"commit")
        try:
            if isinstance(found, Commit) and found.tree and found.commit_time is not None:
                return found
        except Exception as error:  # dulwich parses late, and raises what it trips over
            raise DamagedObject(sha, "is no commit that can be read.") from error
        raise DamagedObject(sha, "is no commit.")

    def write(self, objects: Iterable[ShaFile]) -> None:
        """Make objects durable; those that are there and intact are left as they are."""
        new = {found.id: found for found in objects if not self.holds(found.id)}
        if len(new) > LOOSE_LIMIT:
            self._write_pack(list(new.values()))
        else:
            replace_files(((self._loose_path(sha), found.as_legacy_object()) for sha, found in new.items()), _READ_ONLY)

    def tidy(self) -> None:
        """Move loose objects into one pack when there are thousands, as `git gc` would; damaged ones stay."""
        if len(list((self._path / "17").glob("*"))) * 256 < LOOSE_MANY:
            return
        sound: dict[Path, ShaFile] = {}
        for path in self._path.glob("??/*"):
            sha = (path.parent.name + path.name).encode()
            with suppress(DamagedObject):
                sound[path] = _proven(sha, self._loose(sha))
        self._write_pack(list(sound.values()))
        for path in sound:
            path.unlink(missing_ok=True)

    def _write_pack(self, objects: list[ShaFile]) -> None:
        pack, index = BytesIO(), BytesIO()
        placed, checksum = write_pack_objects(pack, objects, DEFAULT_OBJECT_FORMAT)
        write_pack_index_v2(index, sorted((sha, at, crc) for sha, (at, crc) in placed.items()), checksum)
        base = self._path / "pack" / f"pack-{checksum.hex()}"
        replace_files(
            [(base.with_suffix(".pack"), pack.getvalue()), (base.with_suffix(".idx"), index.getvalue())], _READ_ONLY
        )

    def add_pack(self) -> tuple[BinaryIO, Callable[[], object], Callable[[], None]]:
        """A file to write a pack into, what completes it, and what drops it; not durable."""
        return self._store.add_pack()

    def holds(self, sha: bytes) -> bool:
        """Whether an intact copy is there."""
        try:
            self._read(sha, b"")
        except DamagedObject:
            return False
        return True

    def present(self, sha: bytes) -> bool:
        """Whether a copy is there, without reading it."""
        return next(self._copies(sha), None) is not None

    def check(self) -> Iterator[Corrupt]:
        """Every copy of every object hashed, and the indexes of packs."""
        for path in sorted(self._path.glob("*/*")):
            where = f"objects/{path.parent.name}/{path.name}"
            if path.name.startswith((TEMPORARY, "tmp_")):
                yield Corrupt(where, b"", "It is left over from an interrupted write.", foreign=True)
            elif len(path.parent.name) == 2:
                sha = (path.parent.name + path.name).encode()
                try:
                    _proven(sha, self._loose(sha))
                except DamagedObject as error:
                    yield Corrupt(where, error.data, error.message)
        for pack in self._store.packs:
            yield from _check_pack(pack)

    def _read(self, sha: bytes, kind: bytes) -> ShaFile:
        damaged: DamagedObject | None = None
        for copy in self._copies(sha):
            try:
                found = _proven(sha, copy)
            except DamagedObject as error:
                damaged = error
                continue
            if kind and found.type_name != kind:
                raise DamagedObject(sha, f"is not a {kind.decode()}.")
            return found
        raise damaged or DamagedObject(sha, "is missing.")

    def _copies(self, sha: bytes) -> Iterator[Callable[[], ShaFile]]:
        """Ways to read an object: loose, from the packs that are known, from packs that are new."""
        if len(sha) != 40:
            return
        if (loose := self._loose_path(sha)).exists():
            yield self._loose(sha)
        known = self._packs
        yield from (_from_pack(pack, sha) for pack in self._packs_with(sha, known))
        if not loose.exists():
            self._packs = {id(pack): pack for pack in self._store.packs}
            new = {key: pack for key, pack in self._packs.items() if key not in known}
            yield from (_from_pack(pack, sha) for pack in self._packs_with(sha, new))

    def _packs_with(self, sha: bytes, packs: Mapping[int, Pack]) -> list[Pack]:
        """Those of the packs that list an object: a few are asked for, for many it is written down."""
        if self._unlisted_lookups:
            self._unlisted_lookups -= 1
            return [pack for pack in packs.values() if _may_have(pack, sha)]
        for key, pack in packs.items():
            if key not in self._listed:
                self._listed.add(key)
                for name in _names(pack):
                    self._where.setdefault(name, []).append(pack)
        return [pack for pack in self._where.get(hex_to_sha(ObjectID(sha)), ()) if id(pack) in packs]

    def _loose_path(self, sha: bytes) -> Path:
        name = sha.decode("ascii", "replace")
        return self._path / name[:2] / name[2:]

    def _loose(self, sha: bytes) -> Callable[[], ShaFile]:
        def load() -> ShaFile:
            stored = read_regular(self._loose_path(sha))
            stream = zlib.decompressobj()
            content = stream.decompress(stored)
            kind, _, rest = content.partition(b" ")
            size, _, data = rest.partition(b"\0")
            cls = object_class(kind)
            if cls is None or not stream.eof or int(size) != len(data):
                raise ValueError("not a loose object")
            return cls.from_string(data)

        return load

    def _read_tree(self, sha: bytes) -> Mapping[str, Entry]:
        try:
            return {
                name.decode("utf-8", "surrogateescape"): Entry(mode, ObjectID(child))
                for name, mode, child in parse_tree(self.read(sha, b"tree"), 20)
            }
        except NettoError:
            raise
        except Exception as error:  # as above
            raise DamagedObject(sha, "is no tree that can be read.") from error


def make_tree(entries: Mapping[str, Entry]) -> Tree:
    """The tree object of these entries, in Git's order."""
    made = Tree()
    for name, entry in entries.items():
        made.add(name.encode("utf-8", "surrogateescape"), entry.mode, entry.sha)
    return made


def _close(store: DiskObjectStore) -> None:
    with suppress(BufferError):  # something still looks at a mapped pack; it closes when that ends
        store.close()


def _proven(sha: bytes, load: Callable[[], ShaFile]) -> ShaFile:
    """Load an object and hash it. Raises DamagedObject, whatever the library tripped over."""
    try:
        found = load()
        data = found.as_raw_string()
    except Exception as error:  # damaged input makes zlib, struct and dulwich raise nearly anything
        raise DamagedObject(sha, f"cannot be read ({type(error).__name__}).") from error
    header = found.type_name + b" " + str(len(data)).encode() + b"\0"
    if hashlib.sha1(header + data, usedforsecurity=False).hexdigest().encode() != sha:
        raise DamagedObject(sha, "does not match its name.", data)
    return found


def _may_have(pack: Pack, sha: bytes) -> bool:
    try:
        return hex_to_sha(ObjectID(sha)) in pack
    except Exception:  # a damaged index; checking the store names it
        return False


def _names(pack: Pack) -> list[bytes]:
    """The binary names of a pack's objects; none of one whose index is damaged."""
    try:
        return [bytes(entry[0]) for entry in pack.index.iterentries()]
    except Exception:  # as above
        return []


def _from_pack(pack: Pack, sha: bytes) -> Callable[[], ShaFile]:
    return lambda: ShaFile.from_raw_string(*pack.get_raw(hex_to_sha(ObjectID(sha))))


def _check_pack(pack: Pack) -> Iterator[Corrupt]:
    where = f"objects/pack/{pack.name().decode('ascii', 'replace')}"
    try:
        pack.index.check()
        pack.data.check()
        names = [sha_to_hex(entry[0]) for entry in pack.index.iterentries()]
    except Exception as error:  # as above
        yield Corrupt(where, b"", f"The pack or its index is damaged ({type(error).__name__}).")
        return
    for sha in names:
        try:
            _proven(sha, _from_pack(pack, sha))
        except DamagedObject as error:
            yield Corrupt(f"{where}:{sha.decode()}", error.data, error.message)

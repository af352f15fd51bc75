"""The `folder` replica: the tree in a directory, such as a second disk or a NAS.

One request is one call of a method; a directory has no meter of its own.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from netto_tui.errors import Cancelled, InvalidRecord, Moved, NewerFormat, Unreachable, WrongTarget
from netto_tui.files import TEMPORARY, atomic_write, make_folder, replace_files
from netto_tui.replicas import days, tree
from netto_tui.replicas.base import Batch, Changes, Corrupt, Held, Marker, Portion, Probe, Signer, Write
from netto_tui.replicas.tree_files import LOCK, TreeFiles
from netto_tui.security.envelope import Envelope

LOCK_SECONDS = 20.0
"""How long a write waits for another process that is writing."""

STRIPPED = 500
"""How many files are deleted between two looks whether to stop."""


class Folder:
    """A replica in a directory; see replicas.base.Replica."""

    kind = "folder"
    portion = Portion()

    def __init__(self, name: str, target: str, envelope: Envelope, cancel: threading.Event) -> None:
        self.name = name
        self.target = target
        self.cancel = cancel
        self.requests = 0
        self.envelope = envelope
        self._root = Path(target).expanduser()
        self._files = TreeFiles(self._root, envelope)
        self._listed: dict[str, tuple[int, frozenset[str]]] = {}
        self._marker: Marker | None = None

    @property
    def keeps_views(self) -> bool:
        """Where people can read them."""
        return self.envelope.readable

    def probe(self) -> Probe:
        """Presence, identity, cursor and free space; looks at the times of the day folders only."""
        with self._reaching():
            presence = self._files.presence()
            if presence == "absent" or not self._root.is_dir():
                return Probe(presence, marker_error="It is not a directory." if presence == "present" else "")
            marker, error = self._files.marker()
            self._marker = marker
            cursor = days.encode(days.scan(self._root / "sessions"))
            free = shutil.disk_usage(self._root).free
            return Probe(presence, cursor, marker, str(error or ""), None, free)

    def claim(self, marker: Marker) -> None:
        """Make the directory if need be and write its identity; in our own, tidy up after a crash.

        A damaged identity is set aside and written anew.
        """
        with self._reaching():
            found, error = self._files.marker()
            if isinstance(error, NewerFormat):
                raise error
            if found != marker and error is None and (found or self._files.presence() == "present"):
                raise WrongTarget(
                    f"{self._root} holds something else than this replica.",
                    remedy="Choose an empty directory, or one that does not exist yet.",
                )
            make_folder(self._root / ".netto")
            with self._writing():
                if error is not None:
                    self._files.set_marker_aside()
                if found is None:
                    atomic_write(self._root / tree.MARKER, tree.render_marker(marker))
                self._files.remove(
                    self._root / path for path, entry in self._files.walk() if entry.name.startswith(TEMPORARY)
                )
                if self.envelope.readable and not (self._root / tree.README_PATH).exists():
                    atomic_write(self._root / tree.README_PATH, tree.README)

    def rebuild(self, marker: Marker) -> None:
        """Give a directory whose identity was lost, damaged or replaced the one that is wanted.

        Its conversations stay; what is damaged among them is replaced by `add`.
        """
        with self._reaching():
            found, error = self._files.marker()
            if isinstance(error, NewerFormat):
                raise error
            if found is not None and found.vault != marker.vault:
                raise WrongTarget(f"{self._root} belongs to another vault.", remedy="Choose another directory.")
            if found != marker and (found or (self._root / "sessions").is_dir()):
                self._files.set_marker_aside()
                atomic_write(self._root / tree.MARKER, tree.render_marker(marker))
            self.claim(marker)

    def changes(self, since: str = "") -> Changes:
        """What lies in the days whose folder's time differs; everything if a day vanished."""
        with self._reaching():
            self._require_directory()
            stamps = days.scan(self._root / "sessions")
            self._list(stamps)
        before = days.decode(since) or {}
        vanished = bool(before.keys() - stamps.keys())
        whole = not before or vanished
        changed = frozenset(day for day, stamp in stamps.items() if whole or before.get(day) != stamp)
        return Changes(
            cursor=days.encode(stamps),
            names=frozenset().union(*(self._listed[day][1] for day in changed)),
            complete=whole,
            rewritten=vanished or any(stamps[day] < before.get(day, 0) for day in changed),
            days=changed,
        )

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """The named conversations, each united from wherever it lies."""
        with self._reaching():
            self._require_directory()
            where = self._places()
            for name in names:
                self._pause()
                held = self._held(name, where.get(name, ()))
                if held is None:  # another device filed it under another day meanwhile
                    where = self._places()
                    held = self._held(name, where.get(name, ()))
                yield held or Held(name)

    def read_blob(self, sha256: str) -> bytes | None:
        """A blob's bytes, checked."""
        path = tree.blob_path(self.envelope, sha256)
        with self._reaching():
            self._require_directory()
            data = self._files.content(path)
        if data is None:
            return None
        if isinstance(data, Corrupt):
            raise InvalidRecord(f"The blob cannot be read: {data.reason}")
        if fault := tree.blob_fault(self.envelope, path, data):
            raise InvalidRecord(fault)
        return self.envelope.open_blob(data)

    def read_view(self, path: str) -> bytes | None:
        """A view as it lies there; what cannot be read is as good as gone."""
        with self._reaching():
            self._require_directory()
            data = self._files.content(tree.view_path(path))
            return data if isinstance(data, bytes) else None

    def slots(self) -> Mapping[str, bytes]:
        """As they lie there; what cannot be read is as good as gone."""
        with self._reaching():
            self._require_directory()
            there = {name: self._files.content(path) for name, path in tree.SLOT_PATHS.items()}
        return {name: data for name, data in there.items() if isinstance(data, bytes)}

    def add(self, batch: Batch, expected: str) -> str:
        """Write slots, blobs, then conversations, then views, under a lock that other processes honour."""
        with self._reaching():
            self._require_directory()
            marker, error = self._files.marker()
            if marker is None:
                raise WrongTarget(
                    f"{self._root} is not a replica of a vault. {error or ''}".rstrip(),
                    remedy="If it lost its identity, run `netto-tui sync --rebuild` for it.",
                )
            with self._writing():
                return self._add(batch, expected)

    def check(self) -> Iterator[Corrupt]:
        """Blobs that are not their own, a damaged identity, leftovers, and what does not belong."""
        with self._reaching():
            self._require_directory()
            for path, entry in self._files.walk():
                self._pause()
                if found := self._files.fault(path, entry):
                    yield found

    def close(self) -> None:
        """Nothing is kept open."""

    def mark(self, marker: Marker, signer: Signer | None) -> None:
        """Write another identity in place of the one that is there; see replicas.forms.Convertible."""
        with self._reaching():
            self._require_directory()
            with self._writing():
                if self.envelope.readable and not (self._root / tree.README_PATH).exists():
                    atomic_write(self._root / tree.README_PATH, tree.README)
                atomic_write(self._root / tree.MARKER, tree.render_marker(marker))
                self._marker = marker

    def strip(self, expected: str, signer: Signer | None) -> int:
        """Delete what is not in the form of the envelope; see replicas.forms.Convertible."""
        with self._reaching():
            self._require_directory()
            with self._writing():
                if days.decode(expected) != days.scan(self._root / "sessions"):
                    raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost.")
                paths = [self._files.place(path) for path in self._files.left_over()]
                for start in range(0, len(paths), STRIPPED):
                    self._pause()
                    self._files.remove(paths[start : start + STRIPPED])
                return len(paths)

    def _add(self, batch: Batch, expected: str) -> str:
        stamps = days.scan(self._root / "sessions")
        known = days.decode(expected)
        candidates = {day for write in batch.writes for day in tree.possible_days(write)}
        converted = self._marker is not None and self._marker != self._files.marker()[0]
        if converted or known is None or any(stamps.get(day) != known.get(day) for day in candidates):
            raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost; sync again.")
        written: set[str] = set()
        outdated: list[Path] = []
        slots = {self._files.place(tree.SLOT_PATHS[name]): data for name, data in batch.slots.items()}
        replace_files((path, data) for path, data in slots.items() if data is not None)
        self._files.remove(path for path, data in slots.items() if data is None)
        replace_files(self._new_blobs(batch.blobs))
        try:
            replace_files(self._new_pages(batch.writes, written, outdated))
            self._files.remove(outdated)
        finally:
            for day in written:
                folder = self._root / "sessions" / day
                if folder.is_dir():  # past its own time too: a reader may have seen that in the middle of this write
                    days.advance(folder, max(stamps.get(day, 0), folder.stat().st_mtime_ns))
                    known[day] = folder.stat().st_mtime_ns
        if self.envelope.readable:
            replace_files(
                (self._files.place(tree.view_path(path)), data)
                for path, data in batch.views.items()
                if self._files.content(path) != data
            )
        return days.encode(known)

    def _new_blobs(self, blobs: Mapping[str, bytes]) -> Iterator[tuple[Path, bytes]]:
        for sha256, content in blobs.items():
            self._pause()
            path = tree.blob_path(self.envelope, sha256)
            there = self._files.content(path)
            if not isinstance(there, bytes) or tree.blob_fault(self.envelope, path, there):
                yield self._files.place(path), self.envelope.seal_blob(content)

    def _new_pages(
        self, writes: Sequence[Write], written: set[str], outdated: list[Path]
    ) -> Iterator[tuple[Path, bytes]]:
        """The files that differ; notes the days they touch and where conversations lay before."""
        for write in writes:
            self._pause()
            name = self.envelope.name(write.conversation)
            page = tree.Page()
            there: dict[str, bytes] = {}
            for day in tree.possible_days(write):
                content = self._files.content(path := tree.session_path(day, name))
                if content is not None:
                    there[day] = content if isinstance(content, bytes) else b""
                    page.read(self.envelope, name, path, there[day])
            data = page.render(self.envelope, write.records)
            if data != there.pop(write.day, b""):
                written.add(write.day)
                yield self._files.place(tree.session_path(write.day, name)), data
            written.update(there)
            outdated.extend(self._files.place(tree.session_path(day, name)) for day in there)

    def _held(self, name: str, where: Iterable[str]) -> Held | None:
        """A conversation from the days it lies in; None when one of the files is gone."""
        page = tree.Page()
        for day in where:
            path = tree.session_path(day, name)
            data = self._files.content(path)
            if data is None:
                return None
            if isinstance(data, Corrupt):
                page.corrupt.append(data)
            else:
                page.read(self.envelope, name, path, data)
        return Held(name, page.sorted(), tuple(page.corrupt))

    def _places(self) -> dict[str, list[str]]:
        """The days in which each conversation lies."""
        self._list(days.scan(self._root / "sessions"))
        where: dict[str, list[str]] = {}
        for day, (_stamp, names) in sorted(self._listed.items()):
            for name in names:
                where.setdefault(name, []).append(day)
        return where

    def _list(self, stamps: Mapping[str, int]) -> None:
        """Bring the listing up to date; only days whose time differs are read again."""
        self._listed = {day: found for day, found in self._listed.items() if day in stamps}
        for day, stamp in stamps.items():
            self._pause()
            if day not in self._listed or self._listed[day][0] != stamp:
                with os.scandir(self._root / "sessions" / day) as entries:
                    names = (tree.session_name(f"sessions/{day}/{entry.name}") for entry in entries)
                    self._listed[day] = (stamp, frozenset(filter(None, names)))

    def _require_directory(self) -> None:
        if not self._root.is_dir():
            raise Unreachable(f"{self._root} is not there.", remedy="Connect or mount the disk, then sync again.")

    def _pause(self) -> None:
        if self.cancel.is_set():
            raise Cancelled(f"Stopped while working on {self.name}.")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = FileLock(self._root / LOCK, mode=0o600)
        try:
            lock.acquire(timeout=LOCK_SECONDS, cancel_check=self.cancel.is_set)
        except Timeout as error:
            self._pause()
            raise Unreachable(f"Another process is writing to {self.name}.", remedy="Try again.") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Count a request, and tell what the disk refuses as Unreachable."""
        self.requests += 1
        try:
            yield
        except OSError as error:
            remedies = {
                errno.ENOSPC: "Make room on that disk.",
                errno.EDQUOT: "Make room, or ask for a larger quota.",
                errno.EACCES: "Check who owns it and its permissions.",
                errno.EPERM: "Check who owns it and its permissions.",
                errno.EISDIR: "Move away what lies in the place of its files: netto-tui verify names it.",
                errno.EROFS: "The disk is mounted read-only: mount it for writing.",
            }
            raise Unreachable(
                f"{self._root} cannot be used: {error.strerror or error}.",
                remedy=remedies.get(error.errno or 0, "Check the disk and that it is mounted."),
            ) from error

"""The `git` replica: the tree in any Git repository, in a directory or behind a URL.

`main` is stable data. What is still being talked about goes to `live/<device>` as segments:
files with only the lines that main lacks. A settled conversation goes to main as a whole, and
then its segments leave `live/<device>`. Branches only ever move forward. A reader takes the
union of main and every live branch.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dulwich.objects import ObjectID

from netto_tui.errors import Cancelled, InvalidRecord, Moved, NettoError, NewerFormat, WrongTarget
from netto_tui.replicas import git_heads, git_history, git_trees, tree
from netto_tui.replicas.base import (
    Batch,
    Changes,
    Corrupt,
    Held,
    Link,
    Marker,
    Moment,
    Portion,
    Presence,
    Probe,
    Signer,
)
from netto_tui.replicas.git_branch import (
    Draft,
    branches,
    decode_cursor,
    describe,
    encode_cursor,
    list_branch,
)
from netto_tui.replicas.git_check import check_content, check_history
from netto_tui.replicas.git_disk import LIVE, MAIN, Disk, Refs, Repository
from netto_tui.replicas.git_objects import DamagedRepository
from netto_tui.replicas.git_push import Push
from netto_tui.replicas.git_reading import Reading
from netto_tui.replicas.git_remote import Remote, is_url
from netto_tui.security.envelope import Envelope

_CHOOSE = "Choose an empty bare repository, or a path where nothing is."


class DamagedMarker(InvalidRecord):
    """Only the identity is damaged: it can be written again."""


class Git:
    """A replica in a Git repository; see replicas.base.Replica and Historic."""

    kind = "git"
    portion = Portion()

    def __init__(
        self,
        name: str,
        target: str,
        envelope: Envelope,
        cancel: threading.Event,
        repository: Repository,
        *,
        device: str,
        now: Callable[[], int],
    ) -> None:
        self.name = name
        self.target = target
        self.cancel = cancel
        self.envelope = envelope
        self._device = re.sub(r"[^A-Za-z0-9_-]+", "-", device).strip("-")[:64] or "device"
        self._now = now
        self._repository = repository
        self._refs: Refs = {}
        self._reading = Reading(repository, envelope, self._pause)
        self._markers: dict[ObjectID, Marker] = {}

    @property
    def keeps_views(self) -> bool:
        """Where people can read them."""
        return self.envelope.readable

    @property
    def requests(self) -> int:
        """For a directory, readings of the refs and moves of one; for a URL, as smart HTTP counts."""
        return self._repository.requests

    def probe(self) -> Probe:
        """Presence and refs in one request; the identity only when main moved."""
        presence, refs, marker, error = self._look()
        cursor = encode_cursor(branches(refs))
        return Probe(presence, cursor, marker, str(error or ""), None, self._repository.free_bytes())

    def claim(self, marker: Marker) -> None:
        """Make a bare repository if need be, and begin main with the identity, or write it there again.

        Raises DamagedRepository when that needs a new repository.
        """
        presence, refs, found, error = self._look()
        if presence == "present" and found == marker:
            return
        if presence == "present" and not isinstance(error, DamagedMarker):
            if found and found.vault == marker.vault:
                raise Moved(f"Another device began {self.name} first.", remedy="Nothing is lost; sync again.")
            raise error or WrongTarget(
                f"{self._repository.place} holds something else than this replica.",
                remedy=_CHOOSE,
            )
        self._begin(marker, refs.get(MAIN))

    def _begin(self, marker: Marker, head: ObjectID | None) -> None:
        """Commit the identity on main."""
        self._repository.create()
        draft = Draft(self._repository.objects, head)
        draft.put(tree.MARKER, tree.render_marker(marker))
        if self.envelope.readable and draft.find(tree.README_PATH) is None:  # a person may have one of their own
            draft.put(tree.README_PATH, tree.README)
        self._commit(draft, MAIN, f"Begin a replica of a vault, from {self._device}\n".encode())

    def rebuild(self, marker: Marker) -> None:
        """Set the repository aside as PATH.damaged-STAMP and begin a new one in its place.

        Where somebody took the identity alone out of main, it is committed again.
        """
        presence, refs, found, error = self._look()
        if presence == "present":
            head = refs.get(MAIN)
            if found is None and error is None and head and self._holds_sessions(head):
                return self._begin(marker, head)
            if (found and found.vault != marker.vault) or (found is None and not isinstance(error, InvalidRecord)):
                raise error or WrongTarget(
                    f"{self._repository.place} is no replica of this vault.",
                    remedy=_CHOOSE,
                )
            self._repository.set_aside(datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ"))
            self._reading.forget()
            self._markers.clear()
        self.claim(marker)

    def changes(self, since: str = "") -> Changes:
        """The conversations whose files differ, by comparing trees; everything where that fails."""
        refs = self._heads()
        listings = self._reading.list(refs)
        everything = frozenset().union(*(listing.names for listing in listings.values()))
        corrupt = tuple(found for listing in listings.values() for found in listing.corrupt)
        before = decode_cursor(since)
        try:
            objects = self._repository.objects
            rewritten = bool(before) and not git_history.descends(objects, refs, before)
            names = git_history.changed_names(objects, refs, before) if before and not rewritten else None
        except DamagedRepository:
            rewritten, names = False, None
        if names is None:
            return Changes(encode_cursor(refs), everything, True, rewritten, corrupt=corrupt)
        return Changes(encode_cursor(refs), names, False, corrupt=corrupt)

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """The named conversations, each united from main and the live branches."""
        if not (names := list(names)):
            return
        listings = self._reading.list(self._heads())
        for name in names:
            self._pause()
            held = self._reading.held(name, listings)
            if held.corrupt and self._repository.renew():
                listings = self._reading.list(self._heads())
                held = self._reading.held(name, listings)
            yield held

    def read_blob(self, sha256: str) -> bytes | None:
        """A blob's bytes, checked; from the branches as they were last seen, if it is there."""
        path = tree.blob_path(self.envelope, sha256)
        for refs in (self._refs, None):
            data = self._reading.find(path, self._heads() if refs is None else refs)
            if data is not None:
                if fault := tree.blob_fault(self.envelope, path, data):
                    raise InvalidRecord(fault)
                return self.envelope.open_blob(data)
        return None

    def read_view(self, path: str) -> bytes | None:
        """A view as it was last seen on main (live branches have none); what is damaged is as good as gone."""
        refs = self._refs or self._heads()
        try:
            return self._reading.find(tree.view_path(path), {MAIN: refs[MAIN]} if MAIN in refs else {})
        except DamagedRepository:
            return None

    def slots(self) -> Mapping[str, bytes]:
        """As they are on main."""
        main = Draft(self._repository.objects, self._heads().get(MAIN))
        there = {name: main.content(path) for name, path in tree.SLOT_PATHS.items()}
        return {name: data for name, data in there.items() if data is not None}

    def add(self, batch: Batch, expected: str) -> str:
        """At most one commit on main, then at most one on this device's live branch.

        Views come with settled conversations only; else main would move with every push.
        Raises DamagedRepository when a tree that has to change cannot be read.
        """
        known = decode_cursor(expected)
        own = f"{LIVE}{self._device}"
        refs = self._look_before_writing(known)
        if any(refs.get(ref) != known.get(ref) for ref in (MAIN, own)):
            raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost; sync again.")
        marker, error = self._marker(refs)
        if marker is None:
            raise error or WrongTarget(f"{self._repository.place} is not a replica of a vault.")
        message = describe(batch, self._device, self.envelope.readable)
        main, live = (Draft(self._repository.objects, refs.get(ref)) for ref in (MAIN, own))
        push = Push(self.envelope, main, live)
        push.put_slots(batch.slots)
        for sha256, content in batch.blobs.items():
            self._pause()
            push.put_blob(sha256, content)
        for write in batch.writes:
            self._pause()
            (push.settle if write.settled else push.put_segment)(write)
        if self.envelope.readable and any(write.settled for write in batch.writes):
            for path, data in batch.views.items():
                main.put(tree.view_path(path), data)
        if (head := self._commit(main, MAIN, message, batch.signer)) is not None:
            known[MAIN] = head
        if live.head:
            push.sweep(self._reading.list({own: live.head})[own])
        if live.differs:  # no host stores an empty tree gladly, and a branch that says whose it is helps a reader
            live.put(tree.MARKER, tree.render_marker(marker))
        if (head := self._commit(live, own, message, batch.signer)) is not None:
            known[own] = head
        self._refs = {**refs, **known}
        return encode_cursor(known)

    def links(self, known: Mapping[str, tuple[int, str]] | None) -> Mapping[str, Sequence[Link]]:
        """The commits of each branch, with the heads in their messages."""
        refs = self._refs or self._heads()
        self._repository.fetch(refs)
        return git_heads.links(self._repository.objects, refs, known, self._pause)

    def history(self, conversation: str | None = None, *, counted: bool = True) -> Iterator[Moment]:
        """The commits of main and the live branches; for one conversation those that changed its files."""
        name = self.envelope.name(conversation) if conversation else ""
        heads, counted = self._heads(), counted and self._repository.has_history
        return git_history.moments(self._repository.objects, heads, self._pause, name, counted=counted)

    def read_as_of(self, at: int | Moment, names: Collection[str] | None = None) -> Iterator[Held]:
        """The conversations in a commit, and in the newest one of each other branch that is not after it."""
        objects = self._repository.objects
        then = git_history.heads_as_of(objects, self._heads(), at, self._pause)
        listings = {ref: list_branch(objects, ref, sha) for ref, sha in then.items()}
        there = set[str]().union(*(listing.names for listing in listings.values()))
        for name in sorted(there if names is None else there.intersection(names)):
            self._pause()
            yield self._reading.held(name, listings)

    def check(self) -> Iterator[Corrupt]:
        """Every object hashed, all history within reach, and the content of each branch."""
        refs, objects = self._heads(), self._repository.objects
        history = check_history(objects, refs) if self._repository.has_history else ()
        for corrupt in chain(self._repository.check(), history, check_content(objects, self.envelope, refs)):
            self._pause()
            yield corrupt

    def close(self) -> None:
        """Close the files of the repository."""
        self._repository.close()

    def _commit(self, draft: Draft, ref: str, message: bytes, signer: Signer | None = None) -> ObjectID | None:
        """Move a branch to what a draft says, unless it says nothing new; the branch's commit then."""
        author = f"netto-tui ({self._device}) <netto-tui@localhost>".encode()
        words = git_heads.Words(self._repository.objects, draft, ref, message, signer, self._reading.list)
        head = draft.finish(words.complete, author, self._now() // 1000)
        if head is None or head == draft.head:
            self._repository.objects.write(draft.new.values())  # puts damaged copies right
        else:
            head = self._repository.move(ref, draft.head, head, draft.new.values())
        return head

    def _heads(self) -> dict[str, ObjectID]:
        """The branches that count, as they are now, with their objects within reach."""
        refs = branches(self._repository.refs())
        self._repository.fetch(refs)
        self._refs = refs
        return dict(refs)

    def _look_before_writing(self, _known: Refs) -> Refs:
        """The branches now; moving one compares again, this only tells early that somebody wrote."""
        return self._heads()

    def _holds_sessions(self, head: ObjectID) -> bool:
        """Whether a commit has the files of conversations in their place."""
        found = list_branch(self._repository.objects, MAIN, head)
        return bool(found.names) and not found.corrupt

    def _look(self) -> tuple[Presence, Refs, Marker | None, NettoError | None]:
        """Presence, refs, and the identity or why it cannot be read."""
        try:
            presence, refs = self._repository.look()
            if presence == "present" and (fault := self._repository.fault()):
                error = WrongTarget(f"{self._repository.place} cannot be used. {fault}", remedy=_CHOOSE)
                return presence, {}, None, error
            self._refs = branches(refs)
            return presence, refs, *(self._marker(refs) if presence == "present" else (None, None))
        except DamagedRepository as damaged:
            return "present", {}, None, damaged

    def _marker(self, refs: Refs) -> tuple[Marker | None, NettoError | None]:
        """The identity on main, read once for each commit that main moves to; neither for a foreign one."""
        head = refs.get(MAIN)
        if head is None:
            return None, DamagedMarker("Its branch `main` is gone.") if branches(refs) else None
        if head in self._markers:
            return self._markers[head], None
        objects = self._repository.objects
        try:
            self._repository.fetch({MAIN: head})
            blob = git_trees.find(objects, objects.commit(head).tree, tree.MARKER)
            if blob is None:
                return None, None
        except DamagedRepository as error:
            return None, error
        try:
            marker = tree.read_marker(objects.read(blob, b"blob"))
        except NewerFormat as error:
            return None, error
        except InvalidRecord as error:
            return None, DamagedMarker(error.message)
        self._markers = {head: marker}
        return marker, None

    def _pause(self) -> None:
        if self.cancel.is_set():
            raise Cancelled(f"Stopped while working on {self.name}.")


def open_repository(target: str, cache_dir: Path, cancel: threading.Event) -> Repository:
    """The repository in a directory or behind a URL; nothing is touched yet."""
    if target.startswith("file://"):
        return Disk(Path(unquote(urlsplit(target).path)))
    return Remote(target, cache_dir, cancel) if is_url(target) else Disk(Path(target).expanduser())

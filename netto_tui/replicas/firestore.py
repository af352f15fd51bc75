"""The `firestore` replica: one user's documents in Cloud Firestore, through firebase-admin.

Each message is a document that is only ever created, so devices never overwrite each other; the
user document counts the adds, and tells with one read whether anything changed. What was read is
kept in a local copy (firestore_copy), what a day costs is counted (firestore_quota), and nothing
of Google's is loaded before the first call. See firestore_documents for the shapes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from netto_tui.config import Options
from netto_tui.errors import Moved, NettoError, Unreachable, WrongTarget
from netto_tui.replicas.base import Batch, Changes, Corrupt, Held, Link, Marker, Meter, Portion, Presence, Probe, Signer
from netto_tui.replicas.firestore_adding import Adding
from netto_tui.replicas.firestore_blobs import Blobs
from netto_tui.replicas.firestore_check import check
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_copy import Copy
from netto_tui.replicas.firestore_documents import (
    BLOBS,
    CONVERSATIONS,
    USER,
    Put,
    User,
    decode_cursor,
    is_name,
    newer_format,
    parse_target,
    read_user,
    user_fields,
)
from netto_tui.replicas.firestore_faults import Absent, Lost, Stale
from netto_tui.replicas.firestore_forms import Converting
from netto_tui.replicas.firestore_heads import Heads
from netto_tui.replicas.firestore_listener import Listener
from netto_tui.replicas.firestore_quota import Quota
from netto_tui.replicas.firestore_reading import Reading
from netto_tui.replicas.forms import form_of
from netto_tui.security.envelope import Envelope

OVERLAP_NS = 2 * 60 * 1_000_000_000
"""How far before a cursor headers are looked for: `updated_at` is not exactly the time of the commit."""

RESUME_MS = 48 * 60 * 60 * 1000
"""A reading of everything that the day's quota cut off goes on where it was until this much later."""


class Firestore:
    """A replica in Cloud Firestore; see replicas.base.Replica, Metered and Live."""

    kind = "firestore"
    portion = Portion()
    keeps_views = False

    def __init__(
        self,
        name: str,
        target: str,
        envelope: Envelope,
        cancel: threading.Event,
        *,
        cache_dir: Path,
        device: str,
        now: Callable[[], int],
        options: Options,
    ) -> None:
        self.name = name
        self.target = target
        self.envelope = envelope
        self.cancel = cancel
        self._device = device[:256]  # as the security rules have it
        project, uid = parse_target(name, target)
        key = hashlib.sha256(f"{target}\n{options.database}".encode()).hexdigest()[:32]
        self._copy = Copy(cache_dir / "firestore" / f"{key}.db")
        self._quota = Quota(self._copy, options, f"Firestore project {project}", now)
        self._connection = Connection((project, uid, options.database), cancel, self._quota, now)
        self._reading = Reading(self._connection, self._copy, envelope, now)
        self._heads = Heads(self._connection, self._copy)
        self._adding = Adding(self._connection, self._copy, self._reading, envelope, self._quota, device, self._heads)
        self._blobs = Blobs(self._connection, envelope)
        self._converting = Converting(self._connection, self._copy, self._heads, self._quota, self._device)
        self._seen: User | None = None
        self._listeners: list[Listener] = []

    @property
    def requests(self) -> int:
        """Calls to the server; one that reads a long list counts once for each page."""
        return self._connection.requests

    @property
    def reads(self) -> int:
        """Documents read by this object, as they are billed."""
        return self._quota.reads

    @property
    def writes(self) -> int:
        """Documents written by this object, as they are billed."""
        return self._quota.writes

    def probe(self) -> Probe:
        """One read; one or two more where there is no user document, to tell an empty place."""
        self._connection.begin()
        try:
            user, clock_ms = self._look()
            if user is not None:
                return Probe("present", user.cursor.encode(), user.marker, user.fault, clock_ms)
            presence = self._presence()
            fault = "The user document, with the identity of the replica, is gone."
            return Probe(presence, "", None, fault if presence == "present" else "", clock_ms)
        except Absent:
            return Probe("absent")

    def claim(self, marker: Marker) -> None:
        """Write the identity where there is none or a damaged one."""
        self._connection.begin()
        user, _ = self._look()
        if user is not None and user.newer:
            raise newer_format(user, self._connection.place)
        if user is not None and user.marker != marker and (user.marker is not None or not user.fault):
            raise self._wrong(user)
        if user is None or user.marker is None:
            self._identify(marker, user)

    def rebuild(self, marker: Marker) -> None:
        """Write the identity anew; everything intact stays, and `add` replaces what is damaged."""
        self._connection.begin()
        user, _ = self._look()
        if user is not None and user.newer:
            raise newer_format(user, self._connection.place)
        if user is not None and (user.marker.vault != marker.vault if user.marker else not user.fault):
            raise self._wrong(user)
        if user is None or user.marker != marker:
            self._identify(marker, user)
        self._reading.begin_anew(0)

    def changes(self, since: str = "") -> Changes:
        """The conversations whose headers were written after a cursor; all of them where it is none of this replica's.

        Headers are written in one commit with the user document, and such commits are in order, so a
        header changed after a cursor exactly when its time is later.
        """
        self._connection.begin()
        user, _ = self._look()
        cursor = user.cursor if user else None
        before = decode_cursor(since)
        if before is not None and before == cursor:
            return Changes(since, frozenset(), False)
        rewritten = before is not None and (cursor is None or cursor.n <= before.n or cursor.at <= before.at)
        start = None if rewritten else before
        if start is None:
            self._reading.begin_anew(RESUME_MS)
            pages = self._connection.everything(CONVERSATIONS)
        else:
            pages = self._connection.pages(CONVERSATIONS, since=("updated_at", max(0, start.at - OVERLAP_NS)))
        known = start is None or self._copy.standing() == (start.at, start.n)
        names: set[str] = set()
        for page in pages:
            self._connection.begin()
            changed = [document for document in page if is_name(document.path[-1])]
            if start is not None:
                changed = [document for document in changed if document.updated > start.at]
            self._reading.note_headers(document for document in changed if document.updated)
            names.update(document.path[-1] for document in changed)
        if start is None:
            self._copy.drop_headers(self._copy.headers().keys() - names)
        if cursor is not None and known:
            self._copy.stand(cursor.at, cursor.n)
        return Changes(cursor.encode() if cursor else "", frozenset(names), start is None, rewritten)

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """The named conversations; after `changes` with no cursor all of it comes from the server."""
        return self._reading.read(names)

    def read_blob(self, sha256: str) -> bytes | None:
        """A blob's bytes, checked."""
        self._connection.begin()
        return self._blobs.read(sha256)

    def read_view(self, path: str) -> bytes | None:
        """No views are kept here."""
        return None

    def slots(self) -> Mapping[str, bytes]:
        """As the user document has them; one read."""
        self._connection.begin()
        user, _ = self._look()
        return user.slots if user is not None else {}

    def add(self, batch: Batch, expected: str) -> str:
        """One document for each new message, one for each conversation's header, and the user document.

        Raises Limited when the day's writes do not take all of it, after writing the conversations that fit.
        """
        self._connection.begin()
        cursor = decode_cursor(expected)
        if self._seen is None or self._seen.cursor != cursor:
            self._look()
        user = self._seen
        if user is None or user.marker is None:
            raise newer_format(user, self._connection.place) if user and user.newer else self._wrong(user)
        if cursor is None or user.cursor != cursor:
            raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost; sync again.")
        try:
            slots = {name: data for name, data in {**user.slots, **batch.slots}.items() if data is not None}
            self._heads.begin(user, slots, batch.signer)
            if slots != user.slots:
                cursor = self._adding.put_slots(slots, cursor)
            after = self._adding.run(batch, cursor) if batch.writes or batch.blobs else cursor
        except NettoError:
            self._seen = None  # part of it may be written
            raise
        self._seen = replace(user, cursor=after, device=self._device, slots=slots, head=self._heads.token)
        return after.encode()

    def mark(self, marker: Marker, signer: Signer | None) -> None:
        """Write another identity into the user document; see replicas.forms.Convertible."""
        self._connection.begin()
        user, _ = self._look()
        if user is None or user.marker is None:
            raise newer_format(user, self._connection.place) if user and user.newer else self._wrong(user)
        if user.marker != marker:
            self._seen = None
            self._heads.begin(user, user.slots, signer)
            self._converting.mark(marker, user)

    def strip(self, expected: str, signer: Signer | None) -> int:
        """Delete documents that are not in the form of the envelope; see replicas.forms.Convertible."""
        self._connection.begin()
        user, _ = self._look()
        if user is None or user.cursor != decode_cursor(expected):
            raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost; it is read again.")
        self._seen, form = None, form_of(self.envelope)
        self._heads.begin(user, user.slots if form == "sealed" else {}, signer)
        return self._converting.strip(form, user)

    def links(self, known: Mapping[str, tuple[int, str]] | None) -> Mapping[str, Sequence[Link]]:
        """The head in the user document; earlier ones are not kept here. With None every header is read first."""
        if known is None:
            self.changes("")
        return self._heads.links(self._seen, lambda: self._look()[0]) if self._seen else {}

    def check(self) -> Iterator[Corrupt]:
        """Headers that disagree with their messages, damaged blobs, and what does not belong."""
        return check(self._connection, self._reading, self._blobs)

    def meters(self) -> tuple[Meter, ...]:
        """What is left of the day's reads and writes, as counted here."""
        return self._quota.meters()

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call `told` when another device wrote, unless this object saw that already. Raises Denied."""
        listener = Listener(self._connection, self._is_news, told, self._quota.spend)
        self._listeners.append(listener)
        return listener.stop

    def close(self) -> None:
        """End listeners, and let go of the connection and the copy."""
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()
        self._connection.close()
        self._copy.close()

    def _look(self) -> tuple[User | None, int]:
        document, clock_ms = self._connection.look()
        self._seen = read_user(document) if document is not None else None
        return self._seen, clock_ms

    def _is_news(self, user: User) -> bool:
        """Whether somebody else brought the replica where it is; whoever writes has seen what was there before."""
        known = self._seen.cursor if self._seen else None
        if user.device == self._device:
            return known is not None and user.cursor.n < known.n  # rolled back
        return user.cursor != known

    def _presence(self) -> Presence:
        there = (collection for collection in (CONVERSATIONS, BLOBS) if not self._connection.is_empty(collection))
        return "present" if next(there, None) else "empty"

    def _identify(self, marker: Marker, there: User | None) -> None:
        fields = user_fields(marker, self._device, there.cursor.n + 1 if there else 1)
        put = Put(USER, fields, "update" if there else "create", there.cursor.at if there else 0)
        with suppress(Lost, Stale):
            self._connection.commit([put])
        user, _ = self._look()
        if user is None:
            raise Unreachable(f"{self._connection.place} did not take the identity.", remedy="Try again later.")
        if user.marker != marker:
            raise self._wrong(user)

    def _wrong(self, user: User | None) -> WrongTarget:
        if user is not None and user.marker is not None:
            message = f"{self._connection.place} holds another replica under this user id."
            return WrongTarget(message, remedy="Choose another user id: write PROJECT/UID in config.toml.")
        fault = user.fault if user else ""
        return WrongTarget(
            f"{self._connection.place} holds no replica under this user id. {fault}".rstrip(),
            remedy=f"If it lost its identity: netto-tui sync {self.name} --rebuild. Else choose another user id.",
        )

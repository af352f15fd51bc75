"""The vault: a set of revisions on disk that only grows.

`add` is the only writer of records. It appends to the session files, waits until the disk has
them, brings the index up to date, and returns: what it has returned survives power loss.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from netto_tui.errors import InvalidRecord, UsageError, VaultError
from netto_tui.files import make_folder
from netto_tui.model.clock import Clock, local_day, to_instant
from netto_tui.model.conversation import Item
from netto_tui.model.ids import conversation_id
from netto_tui.model.merge import merge_item
from netto_tui.model.policy import Policy
from netto_tui.model.revision import Record
from netto_tui.vault import premises, sessions
from netto_tui.vault.adding import Added, add_chunk, chunks
from netto_tui.vault.blobs import Blobs
from netto_tui.vault.digests import known_root, refresh_root
from netto_tui.vault.entry import Entry
from netto_tui.vault.identity import Identity, new_identity, save_identity
from netto_tui.vault.index import Index
from netto_tui.vault.lock import VaultLock
from netto_tui.vault.quarantine import Quarantine
from netto_tui.vault.reader import Reader
from netto_tui.vault.reconcile import (
    open_index,
    reconcile,
    recover_identity,
    recover_pending,
    reindex,
    set_index_aside,
)
from netto_tui.vault.schema import file_number
from netto_tui.vault.swap import finish_swap, swap_begun, swap_in

CHECKPOINT_BYTES = 8 * 2**20


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Known(NamedTuple):
    """What an importer needs to know of a stored revision; stamp order is (at, tick, by)."""

    id: str
    at: str
    tick: int
    by: str
    body_key: bytes
    head: bool


class Vault:
    """One vault on disk. An object may be shared by threads; several processes may have one open."""

    def __init__(self, path: Path, identity: Identity, now: Callable[[], int]) -> None:
        self.path = path
        self.identity = identity
        self.clock = Clock(identity.device, now)
        self.zone = ZoneInfo(identity.zone)
        self.sessions = path / "sessions"
        self.quarantine = Quarantine(path / "quarantine")
        self.blobs = Blobs(path / "blobs")
        self._lock = VaultLock(path / ".netto" / "lock")
        self._depth = 0
        self._opened = False
        with self._held():
            self._connect()

    def _connect(self) -> None:
        """Open the index; under the lock."""
        self.sql = open_index(self)
        self.index = Index(self.sql, self._fetch, self.local_day)
        self._index_file = file_number(self.path / "index.db")
        self._opened = False
        reconcile(self)
        self._opened = True

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        device: str = "",
        zone: str = "",
        vault_id: str = "",
        now: Callable[[], int] = wall_clock,
    ) -> Vault:
        """Make a new vault in a folder that holds none, and open it. Raises UsageError if one is there."""
        if (path / ".netto" / "vault.json").exists():
            raise UsageError(f"There is a vault in {path} already.")
        make_folder(path / ".netto")
        premises.close_new(path)
        save_identity(path, new_identity(vault_id, device, zone))
        return cls.open(path, now=now)

    @classmethod
    def open(cls, path: Path, *, now: Callable[[], int] = wall_clock) -> Vault:
        """Open the vault in a folder, finishing or undoing whatever a crash had interrupted.

        Raises VaultError where there is none or a symbolic link lies in it, NewerFormat where a newer version made it.
        """
        premises.secure(path)
        if swap_begun(path):
            with VaultLock(path / ".netto" / "lock").held(lambda: None):  # whoever began may still be at it
                finish_swap(path)
        return cls(path, recover_identity(path), now)

    @property
    def id(self) -> str:
        """The name that this vault shares with its replicas."""
        return self.identity.vault

    @property
    def notes(self) -> str:
        """The conversation that holds what people write into daily files between the messages."""
        return conversation_id("netto-notes", self.id)

    @property
    def device(self) -> str:
        """The author of revisions that are made here."""
        return self.identity.device

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the index; everything acknowledged is on disk already."""
        self._opened = False
        try:
            with self._held():
                self.sql.close()
        except VaultError:  # the folder went away
            self.sql.close()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the vault against other threads and processes. Raises Busy when that takes too long."""
        with self._lock.held(self._look_around):
            yield

    def _look_around(self) -> None:
        """On taking the lock: finish what a dead writer began, and follow when the index was exchanged."""
        if not self._opened:
            return
        finish_swap(self.path)
        if file_number(self.path / "index.db") != self._index_file:
            self.sql.close()
            self._connect()
        recover_pending(self)

    def look_again(self) -> None:
        """Notice what became of the session files since the vault was opened, as opening it does."""
        with self._held():
            reconcile(self)

    def exchange(self, staged: Path, undo: Path, last: Callable[[], object] = lambda: None) -> None:
        """Put staged files in the place of the vault's own; the old ones are kept in `undo`.

        Both are folders inside the vault's. last: called before, once nobody else can write any
        more. Other processes that have the vault open follow.
        """
        with self._held():
            last()
            self.sql.close()
            try:
                swap_in(self.path, staged, undo)
            finally:
                finish_swap(self.path)  # what was begun is gone on with, also after an interruption
                self._connect()

    def rebuild_index(self) -> None:
        """Make the index anew from the session files; the old one goes to quarantine."""
        with self._held():
            self.sql.close()
            set_index_aside(self)
            self._connect()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Change the index as one step, alone among all threads and processes; may be nested."""
        with self._held():
            self._depth += 1
            try:
                if self._depth > 1:
                    yield self.sql
                    return
                self.sql.execute("BEGIN IMMEDIATE")
                try:
                    yield self.sql
                    self.index.flush()
                    self.sql.execute("COMMIT")
                except BaseException:
                    self.index.discard()
                    if self.sql.in_transaction:
                        self.sql.execute("ROLLBACK")
                    raise
                self._checkpoint()
            finally:
                self._depth -= 1

    def add(self, records: Iterable[Record], blobs: Mapping[str, bytes] | None = None, origin: str = "local") -> Added:
        """Take in revisions; those that are here already change nothing.

        Returns when all of them are on disk. origin: the replica that they came from. Raises
        VaultError when the disk does not take them; then nothing of the current chunk is claimed.
        """
        for sha256, data in (blobs or {}).items():
            with self._held():  # else an exchange of all files might pass by it
                self.blobs.put(sha256, data)
        added = Added()
        for chunk in chunks(records):
            with self._held():
                add_chunk(self, chunk, origin, added)
        return added

    def note_folder(self, day: str) -> None:
        """Remember when the list of names under a day last changed."""
        try:
            mtime = self.sessions.joinpath(*day.split("/")).stat().st_mtime_ns
        except FileNotFoundError:
            mtime = None
        self.sql.execute(
            "INSERT INTO days (day, folder_mtime) VALUES (?, ?)"
            " ON CONFLICT (day) DO UPDATE SET folder_mtime = excluded.folder_mtime",
            (day, mtime),
        )

    def file_of(self, entry: Entry) -> Path:
        """Where a conversation's records lie."""
        return sessions.path_of(self.sessions, entry.day, entry.name)

    def _fetch(self, name: str, day: str, start: int, length: int) -> Record:
        return sessions.read_one(sessions.path_of(self.sessions, day, name), start, length)

    def _checkpoint(self) -> None:
        log = self.path / "index.db-wal"
        if log.exists() and log.stat().st_size > CHECKPOINT_BYTES:
            self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def known(self, conversation: str, items: Collection[str]) -> dict[str, list[Known]]:
        """The stored revisions of some items of a conversation, earliest stamp first."""
        found: dict[str, list[Known]] = defaultdict(list)
        wanted = sorted(set(items))
        with self._held():
            for at in range(0, len(wanted), 500):
                some = wanted[at : at + 500]
                rows = self.sql.execute(
                    "SELECT item, revisions.id, at, tick, author, body, head FROM revisions"
                    " JOIN conversations ON conversations.id = conversation"
                    f" WHERE name = ? AND item IN ({','.join('?' * len(some))})"
                    " ORDER BY at, tick, author, revisions.id",
                    (conversation, *some),
                )
                for item, name, ms, tick, by, body, head in rows:
                    found[item].append(Known(name.hex(), to_instant(ms), tick, by, body, bool(head)))
        return dict(found)

    def records(self, conversation: str) -> list[Record]:
        """Every good record of a conversation, read from disk; empty for one that is not here.

        Bytes that do not match their name go to quarantine, and the conversation is wanted.
        """
        with self._held():
            entry = self.index.entry(conversation)
            if entry is None:
                return []
            content = sessions.read(self.file_of(entry))
            if content.bad or len(content.lines) != entry.revisions:
                with self.transaction():
                    reindex(self, conversation)
                content = sessions.read(self.file_of(entry))
            return [line.record for line in content.lines]

    def item(self, conversation: str, item: str) -> Item:
        """All revisions of one item. Raises UsageError when there is none, or none that is whole."""
        with self._held():
            rows = self.sql.execute(
                "SELECT day, start, length FROM revisions JOIN conversations ON conversations.id = conversation"
                " WHERE name = ? AND item = ?",
                (conversation, item),
            ).fetchall()
            if not rows:
                raise UsageError(
                    f"There is no {item} in {conversation}.", remedy="See: netto-tui list, netto-tui show."
                )
            try:
                found = [self._fetch(conversation, *row) for row in rows]
            except InvalidRecord:
                found = [record for record in self.records(conversation) if record.rev.item == item]
            if not found:
                raise UsageError(
                    f"What {item} said is damaged here; the bytes are in quarantine.",
                    remedy="Bring it back from a replica with: netto-tui sync.",
                )
            return Item(item, {record.id: record for record in found})

    def want(self, conversations: Iterable[str], reason: str) -> None:
        """Note that something of these conversations is missing here, so that sync asks every replica for it."""
        rows = [(name, reason) for name in conversations]
        if rows:
            with self.transaction() as sql:
                sql.executemany("INSERT OR REPLACE INTO wanted VALUES (?, ?)", rows)

    def merge(self, conversations: Iterable[str] | None = None, policy: Policy = "merge") -> int:
        """Unite what was written apart wherever that can be done cleanly; returns the number of merges."""
        query = "SELECT name, item FROM conflicts JOIN conversations ON conversations.id = conversation"
        with self._held():
            rows = self.sql.execute(query).fetchall()
            chosen = None if conversations is None else set(conversations)
            merged = []
            for name, item in rows:
                with suppress(UsageError):  # what rotted meanwhile is wanted, and merged when it is back
                    if chosen is None or name in chosen:
                        merged.append(merge_item(self.item(name, item), policy))
            return self.add(filter(None, merged)).added

    def digest(self) -> str:
        """The root digest of the whole set, computed again only where something changed."""
        with self._held():
            if root := known_root(self.sql):
                return root
            with self.transaction() as sql:
                return refresh_root(sql)

    def reader(self) -> Reader:
        """A connection of its own for reading; close it on the thread that made it."""
        with self._held():  # while the index is exchanged there is none for a moment
            return Reader(self.path / "index.db", self.zone, self.notes)

    def local_day(self, ms: int) -> str:
        """The day in the vault's zone, `YYYY-MM-DD`, of a time in milliseconds."""
        return local_day(self.zone, ms // 900_000 * 15)

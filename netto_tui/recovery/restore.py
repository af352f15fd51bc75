"""Bringing conversations back: the whole vault, some conversations, or how things were at a date.

A restore only adds. What is to come back is put together in staging beside the present vault, read
back, and compared by root digest. A whole vault is completed with every good record that is here and
then exchanged in one step; the present files are kept as an undo point. Some conversations, or a
date, are added from staging: going back to a date adds revisions that say what was said then, over
what was said since. Until then nothing of the vault has changed, and stopping leaves it as it was.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from netto_tui.errors import Cancelled, InvalidRecord, UsageError, VaultError
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.model.revision import Record, body_blobs
from netto_tui.recovery.reading import AsOf, Reading, going_back
from netto_tui.recovery.staging import temporary_place
from netto_tui.recovery.undo import KEPT, expire, keep_heads
from netto_tui.replicas.base import Marker, Replica
from netto_tui.sync import events
from netto_tui.sync.journal import Journal
from netto_tui.vault import memory
from netto_tui.vault.identity import new_identity, save_identity
from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did. digest: of the result, read back. undo: the folder of the undo point, if any.

    until: when the undo point goes, RFC 3339 in UTC; "" where there is none.
    """

    ok: bool
    digest: str
    conversations: int
    added: int
    source: str
    undo: str = ""
    until: str = ""


def restore(
    vault: Vault,
    replica: Replica,
    *,
    only: Collection[str] = (),
    as_of: AsOf | None = None,
    listener: events.Listener | None = None,
) -> RestoreReport:
    """Bring back the whole vault, the conversations in `only`, or how things were at a date.

    Raises Cancelled when the replica's `cancel` is set, and VaultError when what was put together
    does not read back with the digest of the replica; the vault is as it was then.
    """
    reading = Reading(replica, only=only, as_of=as_of)
    tell = _Progress(vault, replica, listener)
    if only or as_of is not None:
        report = _bring(vault, replica, reading, tell, past=as_of is not None)
    else:
        report = _exchange(vault, replica, reading, tell)
    journal = Journal(vault, lambda _event: None)
    now = to_instant(vault.clock.now())
    journal(events.Restored(now, replica.name, report.conversations, report.added, report.undo))
    journal.flush()
    return report


def _bring(vault: Vault, replica: Replica, reading: Reading, tell: _Progress, *, past: bool) -> RestoreReport:
    """Put conversations together in staging, prove them, and only then add them to the vault."""
    with temporary_place(vault, "restore") as place:
        save_identity(place, vault.identity)
        with Vault.open(place, now=vault.clock.now) as staged:
            fill(staged, replica, tell.each(reading), spare=vault)
            _prove(staged, reading, tell.check)
            names = _all_names(staged)
            back = [
                each
                for name in tell.pass_on(names)
                for each in going_back(vault, name, staged.records(name), past=past)
            ]
            tell.check()
            undo = keep_heads(vault, "restore", [(record.rev.conversation, record.rev.item) for record in back])
            added = fill(vault, replica, ((name, staged.records(name)) for name in names), spare=staged)
    added += vault.add(back).added
    memory.refresh(vault)
    until = to_instant(vault.clock.now() + int(KEPT.total_seconds() * 1000)) if undo else ""
    return RestoreReport(True, vault.digest(), reading.conversations, added, replica.name, undo, until)


def _exchange(vault: Vault, replica: Replica, reading: Reading, tell: _Progress) -> RestoreReport:
    """Put a vault together in staging, prove it, and exchange it for the present one."""
    stamp = _stamp(vault)
    staged, before = vault.path / "staging" / stamp, set(_all_ids(vault))
    try:
        save_identity(staged, vault.identity)
        with Vault.open(staged, now=vault.clock.now) as new:
            fill(new, replica, tell.each(reading))
            _prove(new, reading, tell.check)
            _keep(vault, new, tell.check)
            memory.refresh(new)
        tell.check()
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    result: list[tuple[str, set[bytes], int]] = []

    def catch_up() -> None:
        with Vault.open(staged, now=vault.clock.now) as new:
            _keep(vault, new, lambda: None)
            _keep_notes(vault, new)
            result.append((new.digest(), set(_all_ids(new)), len(_all_names(new))))

    vault.exchange(staged, vault.path / "undo" / stamp, catch_up)
    expire(vault)
    ((digest, restored, conversations),) = result
    if not restored <= set(_all_ids(vault)):
        raise VaultError("The vault does not read back as it was restored.", remedy="See: netto-tui verify --deep.")
    until = to_instant(vault.clock.now() + int(KEPT.total_seconds() * 1000))
    return RestoreReport(True, digest, conversations, len(restored - before), replica.name, f"undo/{stamp}", until)


def _keep(vault: Vault, new: Vault, check: Callable[[], None]) -> None:
    """Add what is only in the present vault: a restore never loses what was acknowledged."""
    memory.refresh(vault)  # what a person changed in the memory files is kept as well
    there = set(_all_ids(new))
    rows = vault.sql.execute(
        "SELECT revisions.id, name FROM revisions JOIN conversations ON conversations.id = conversation"
    )
    names = {name for revision, name in rows if revision not in there}
    new.add(record for name in sorted(names) for record in _checked(vault, name, check))
    for sha256 in list(vault.blobs.names()):
        check()
        with suppress(InvalidRecord):
            if not new.blobs.has(sha256):
                new.blobs.put(sha256, vault.blobs.get(sha256) or b"")


def _checked(vault: Vault, name: str, check: Callable[[], None]) -> list[Record]:
    check()
    return vault.records(name)


def _keep_notes(vault: Vault, new: Vault) -> None:
    """Take along what no record tells: the journal, and how the drills went."""
    lines = vault.sql.execute("SELECT at, replica, kind, detail FROM journal ORDER BY id").fetchall()
    drills = vault.sql.execute("SELECT key, value FROM meta WHERE key >= 'drill:' AND key < 'drill;'").fetchall()
    with new.transaction() as sql:
        sql.executemany("INSERT INTO journal (at, replica, kind, detail) VALUES (?, ?, ?, ?)", lines)
        sql.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", drills)


def restore_to(
    path: Path,
    replica: Replica,
    *,
    only: Collection[str] = (),
    as_of: AsOf | None = None,
    listener: events.Listener | None = None,
) -> RestoreReport:
    """Make a new vault in a folder that is empty or not there, from a replica alone.

    It belongs to the replica's vault and is a new device of it; its keys may be there already. Raises
    UsageError when the folder holds something else.
    """
    if path.exists() and any(there.name != ".netto" for there in path.iterdir()):
        raise UsageError(f"{path} is not empty.", remedy="Name a new folder.")
    marker = replica.probe().marker or Marker("", "", "UTC")
    save_identity(path, new_identity(marker.vault, zone=marker.zone))
    with Vault.open(path) as vault:
        reading, tell = Reading(replica, only=only, as_of=as_of), _Progress(vault, replica, listener)
        added = fill(vault, replica, tell.each(reading))
        _prove(vault, reading, tell.check)
        memory.refresh(vault)
        return RestoreReport(True, vault.digest(), reading.conversations, added, replica.name)


def fill(
    vault: Vault,
    replica: Replica,
    conversations: Iterable[tuple[str, Sequence[Record]]],
    *,
    spare: Vault | None = None,
) -> int:
    """Add conversations with the blobs that they need; returns how many revisions were new.

    spare: a vault whose blobs are taken before the replica is asked.
    """

    def records() -> Iterator[Record]:
        for name, found in conversations:
            _fetch_blobs(vault, replica, name, found, spare)
            yield from found

    return vault.add(records(), origin=replica.name).added


def _fetch_blobs(vault: Vault, replica: Replica, name: str, records: Iterable[Record], spare: Vault | None) -> None:
    """Get the blobs that a conversation needs; one that is missing there is wanted."""
    for sha256 in {blob for record in records for blob in body_blobs(record.rev.body)}:
        if vault.blobs.has(sha256):
            continue
        with suppress(InvalidRecord):
            data = spare.blobs.get(sha256) if spare is not None and spare.blobs.has(sha256) else None
            if data is None:
                data = replica.read_blob(sha256)
            if data is not None:
                vault.add((), {sha256: data})
                continue
        vault.want([name], "blob")


def _prove(vault: Vault, reading: Reading, check: Callable[[], None]) -> None:
    """Read everything back from disk and compare it with what was read from the replica."""
    days: dict[str, dict[str, str]] = defaultdict(dict)
    for name in _all_names(vault):
        records = _checked(vault, name, check)
        days[start_day(record.rev.at for record in records)][name] = conversation_digest(r.id for r in records)
    digest = root_digest({day: node_digest(children) for day, children in days.items()})
    if digest != reading.digest or digest != vault.digest():
        raise VaultError(
            "What was restored does not read back with the digest of the replica.",
            remedy="Nothing was exchanged. Check the disk, then try again.",
        )


def _all_names(vault: Vault) -> list[str]:
    return [row[0] for row in vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()]


def _all_ids(vault: Vault) -> list[bytes]:
    return [row[0] for row in vault.sql.execute("SELECT id FROM revisions").fetchall()]


def _stamp(vault: Vault) -> str:
    return f"{datetime.fromtimestamp(vault.clock.now() / 1000, UTC):%Y%m%dT%H%M%S%fZ}"


class _Progress:
    """Tells how far a restore is, and stops it on request."""

    def __init__(self, vault: Vault, replica: Replica, listener: events.Listener | None) -> None:
        self._vault = vault
        self._replica = replica
        self._listener = listener

    def check(self) -> None:
        """Raises Cancelled once the replica's `cancel` is set."""
        if self._replica.cancel.is_set():
            raise Cancelled("The restore was stopped; the vault is as it was.")

    def each(self, reading: Reading) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """The reading's conversations, one by one."""
        for done, found in enumerate(reading):
            self.check()
            self._tell("restore", done, reading.total)
            yield found

    def pass_on(self, names: Sequence[str]) -> Iterator[str]:
        """Names, one by one, while what they stand for is compared."""
        for done, name in enumerate(names):
            self.check()
            self._tell("verify", done, len(names))
            yield name

    def _tell(self, step: str, done: int, total: int) -> None:
        if self._listener and done % 25 == 0:
            now = to_instant(self._vault.clock.now())
            self._listener(events.SyncProgressed(now, self._replica.name, step, done, total))

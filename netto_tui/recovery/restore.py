"""Bringing conversations back: the whole vault, one conversation, or how things were at a date.

A restore only adds. A whole vault is put together in staging beside the present one, from the
replica and from every good record that is here, read back, compared by root digest, and then
exchanged in one step; the present files are kept as an undo point. Going back to a date adds
revisions that say what was said then, over what was said since.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from netto_tui.errors import Cancelled, InvalidRecord, UsageError, VaultError
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import Item, items, start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.model.merge import resolve
from netto_tui.model.revision import Body, Deleted, Record, body_blobs, body_key
from netto_tui.recovery.undo import expire, keep_heads
from netto_tui.replicas.base import Held, Historic, Marker, Replica
from netto_tui.sync import events
from netto_tui.sync.sealing import require_one_form
from netto_tui.vault import memory
from netto_tui.vault.identity import new_identity, save_identity
from netto_tui.vault.vault import Vault

LISTED = 1000
"""How many conversations a preview names; the counts are of all."""


@dataclass(frozen=True)
class PreviewItem:
    """One conversation that a restore would touch: `add` when it is not here at all, else `change`."""

    conversation: str
    kind: str
    revisions: int


@dataclass
class Preview:
    """What a restore would do; nothing was written to find out.

    add, change, keep: conversations that are new here, that gain revisions, that stay as they are.
    revisions: how many would be added. digest: of what the replica has. corrupt: pieces of it that
    cannot be used.
    """

    source: str
    add: int = 0
    change: int = 0
    keep: int = 0
    revisions: int = 0
    conversations: int = 0
    corrupt: int = 0
    digest: str = ""
    items: list[PreviewItem] = field(default_factory=list)


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did. digest: of the result, read back. undo: the folder of the undo point, if any."""

    ok: bool
    digest: str
    conversations: int
    added: int
    source: str
    undo: str = ""


class Reading:
    """A stream of everything a replica holds, which notes its digest on the way."""

    def __init__(self, replica: Replica, *, conversation: str | None = None, as_of_ms: int | None = None) -> None:
        self._replica = replica
        self._conversation = conversation
        self._as_of = as_of_ms
        self._days: dict[str, dict[str, str]] = defaultdict(dict)
        self.corrupt = 0

    def __iter__(self) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Each conversation with its good records. Raises UsageError where there is no history to read."""
        for held in self._held():
            self.corrupt += len(held.corrupt)
            if not held.records:
                continue
            name = held.records[0].rev.conversation
            if self._conversation not in (None, name):
                continue
            digest = conversation_digest(record.id for record in held.records)
            self._days[start_day(record.rev.at for record in held.records)][name] = digest
            yield name, held.records

    def _held(self) -> Iterable[Held]:
        replica = self._replica
        if self._as_of is not None:
            if not isinstance(replica, Historic):
                raise UsageError(
                    f"{replica.name} keeps no history, so it cannot say how things were.",
                    remedy="Use a Git replica, or leave out the date.",
                )
            return replica.read_as_of(self._as_of)
        probe = replica.probe()
        if probe.presence != "present":
            raise UsageError(f"There is nothing to restore from in {replica.name}.", remedy="Choose another replica.")
        require_one_form(replica.name, probe.marker)
        if self._conversation is not None:
            return replica.read([replica.envelope.name(self._conversation)])
        return replica.read(sorted(replica.changes("").names))

    @property
    def digest(self) -> str:
        """The root digest of what was read."""
        return root_digest({day: node_digest(children) for day, children in self._days.items()})

    @property
    def conversations(self) -> int:
        """How many conversations were read."""
        return sum(map(len, self._days.values()))


def preview(vault: Vault, replica: Replica, *, conversation: str | None = None, as_of_ms: int | None = None) -> Preview:
    """Read a replica and count what a restore from it would do."""
    reading = Reading(replica, conversation=conversation, as_of_ms=as_of_ms)
    found = Preview(replica.name)
    for name, records in reading:
        with vault.transaction():
            known = vault.index.known([record.id for record in records])
        fresh = len(records) - len(known)
        if as_of_ms is not None or conversation is not None:
            fresh += len(_going_back(vault, name, records, past=as_of_ms is not None))
        if not fresh:
            found.keep += 1
            continue
        kind = "change" if vault.index.entry(name) and vault.records(name) else "add"
        found.add += kind == "add"
        found.change += kind == "change"
        found.revisions += fresh
        if len(found.items) < LISTED:
            found.items.append(PreviewItem(name, kind, fresh))
    found.conversations, found.corrupt, found.digest = reading.conversations, reading.corrupt, reading.digest
    return found


def _going_back(vault: Vault, name: str, then: Iterable[Record], *, past: bool) -> list[Record]:
    """Revisions that bring back what a conversation said.

    past: everything that was changed or deleted since; else only what is deleted now.
    """
    stored = [*vault.records(name), *then]
    now = items(stored)
    back: list[Record] = []
    for item_name, item in items(then if past else stored).items():
        present = now[item_name].value.body
        body = _said(item, past)
        if body is not None and (past or isinstance(present, Deleted)) and body_key(body) != body_key(present):
            back.append(resolve(now[item_name], body, vault.clock.stamp()))
    return back


def _said(item: Item, past: bool) -> Body | None:
    """What an item said: its value then, or the last thing it said before it was deleted."""
    if past:
        return None if item.value.deleted else item.value.body
    said = [r for r in sorted(item.records.values(), key=lambda r: r.order) if not isinstance(r.rev.body, Deleted)]
    return said[-1].rev.body if said else None


def restore(
    vault: Vault,
    replica: Replica,
    *,
    conversation: str | None = None,
    as_of_ms: int | None = None,
    listener: events.Listener | None = None,
) -> RestoreReport:
    """Bring back the whole vault, one conversation, or how things were at a date.

    Raises Cancelled when the replica's `cancel` is set, and VaultError when what was put together
    does not read back with the digest of the replica; the vault is as it was then.
    """
    reading = Reading(replica, conversation=conversation, as_of_ms=as_of_ms)
    tell = _Progress(vault, replica, listener)
    if conversation is None and as_of_ms is None:
        return _exchange(vault, replica, reading, tell)
    added, back = 0, list[Record]()
    for name, records in tell.each(reading):
        added += _fill(vault, replica, [(name, records)])
        back += _going_back(vault, name, records, past=as_of_ms is not None)
    undo = keep_heads(vault, "restore", [(record.rev.conversation, record.rev.item) for record in back])
    added += vault.add(back).added
    memory.refresh(vault)
    digest = vault.digest()
    return RestoreReport(True, digest, reading.conversations, added, replica.name, undo)


def _exchange(vault: Vault, replica: Replica, reading: Reading, tell: _Progress) -> RestoreReport:
    """Put a vault together in staging, prove it, and exchange it for the present one."""
    stamp = _stamp(vault)
    staged, before = vault.path / "staging" / stamp, set(_all_ids(vault))
    try:
        save_identity(staged, vault.identity)
        with Vault.open(staged, now=vault.clock.now) as new:
            _fill(new, replica, tell.each(reading))
            _prove(new, reading)
            _keep(vault, new)
            memory.refresh(new)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    result: list[tuple[str, set[bytes], int]] = []

    def catch_up() -> None:
        with Vault.open(staged, now=vault.clock.now) as new:
            _keep(vault, new)
            result.append((new.digest(), set(_all_ids(new)), len(_all_names(new))))

    vault.exchange(staged, vault.path / "undo" / stamp, catch_up)
    expire(vault)
    ((digest, restored, conversations),) = result
    if not restored <= set(_all_ids(vault)):
        raise VaultError("The vault does not read back as it was restored.", remedy="See: netto-tui verify --deep.")
    return RestoreReport(True, digest, conversations, len(restored - before), replica.name, f"undo/{stamp}")


def _keep(vault: Vault, new: Vault) -> None:
    """Add what is only in the present vault: a restore never loses what was acknowledged."""
    memory.refresh(vault)  # what a person changed in the memory files is kept as well
    there = set(_all_ids(new))
    rows = vault.sql.execute(
        "SELECT revisions.id, name FROM revisions JOIN conversations ON conversations.id = conversation"
    )
    names = {name for revision, name in rows if revision not in there}
    new.add(record for name in sorted(names) for record in vault.records(name))
    for sha256 in list(vault.blobs.names()):
        with suppress(InvalidRecord):
            if not new.blobs.has(sha256):
                new.blobs.put(sha256, vault.blobs.get(sha256) or b"")


def restore_to(
    path: Path,
    replica: Replica,
    *,
    conversation: str | None = None,
    as_of_ms: int | None = None,
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
        reading = Reading(replica, conversation=conversation, as_of_ms=as_of_ms)
        added = _fill(vault, replica, _Progress(vault, replica, listener).each(reading))
        _prove(vault, reading)
        memory.refresh(vault)
        return RestoreReport(True, vault.digest(), reading.conversations, added, replica.name)


def _fill(vault: Vault, replica: Replica, conversations: Iterable[tuple[str, Sequence[Record]]]) -> int:
    """Add conversations with the blobs that they need; returns how many revisions were new."""

    def records() -> Iterator[Record]:
        for name, found in conversations:
            _fetch_blobs(vault, replica, name, found)
            yield from found

    return vault.add(records(), origin=replica.name).added


def _fetch_blobs(vault: Vault, replica: Replica, name: str, records: Iterable[Record]) -> None:
    """Get the blobs that a conversation needs; one that is missing there is wanted."""
    for sha256 in {blob for record in records for blob in body_blobs(record.rev.body)}:
        if vault.blobs.has(sha256):
            continue
        with suppress(InvalidRecord):
            if (data := replica.read_blob(sha256)) is not None:
                vault.add((), {sha256: data})
                continue
        vault.want([name], "blob")


def _prove(vault: Vault, reading: Reading) -> None:
    """Read everything back from disk and compare it with what was read from the replica."""
    days: dict[str, dict[str, str]] = defaultdict(dict)
    for name in _all_names(vault):
        records = vault.records(name)
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
    """Tells how far a reading is, and stops it on request."""

    def __init__(self, vault: Vault, replica: Replica, listener: events.Listener | None) -> None:
        self._vault = vault
        self._replica = replica
        self._listener = listener

    def each(self, reading: Reading) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """The reading's conversations, one by one."""
        for done, found in enumerate(reading):
            if self._replica.cancel.is_set():
                raise Cancelled("The restore was stopped; the vault is as it was.")
            if self._listener and done % 25 == 0:
                now = to_instant(self._vault.clock.now())
                self._listener(events.SyncProgressed(now, self._replica.name, "restore", done, 0))
            yield found

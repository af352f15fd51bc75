"""Taking in records: append to the session files, wait for the disk, index, and only then acknowledge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netto_tui.errors import InvalidRecord, VaultError
from netto_tui.files import atomic_write
from netto_tui.model.revision import Record
from netto_tui.vault import sessions
from netto_tui.vault.entry import Entry
from netto_tui.vault.reconcile import recover_pending, reindex

if TYPE_CHECKING:
    from netto_tui.vault.vault import Vault

CHUNK_RECORDS = 250
CHUNK_BYTES = 2**20
"""What an `add` takes in as one step: with less, full text takes longer; with more, others wait longer."""


@dataclass
class Added:
    """The outcome of an `add`: how many revisions were new and how many were there already.

    ahead: new ones whose stamp lies more than five minutes in the future.
    """

    added: int = 0
    known: int = 0
    ahead: int = 0
    conversations: set[str] = field(default_factory=set)


def chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Cut a stream of records so that each part is indexed as one step."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += len(record.raw)
        if len(chunk) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def add_chunk(vault: Vault, chunk: list[Record], origin: str, added: Added) -> None:
    """Take in some records under the vault's lock: append, wait for the disk, index.

    Raises VaultError when the disk does not take them; then nothing of them is claimed.
    """
    for _attempt in range(len(chunk) + 1):
        try:
            return _append(vault, chunk, origin, added)
        except sessions.Differs as differs:
            with vault.transaction():
                reindex(vault, differs.name)
    raise VaultError("The session files change while they are written.", remedy="Stop whatever edits them.")


def _append(vault: Vault, chunk: list[Record], origin: str, added: Added) -> None:
    unique = {record.id: record for record in chunk}
    groups: dict[str, list[Record]] = defaultdict(list)
    with vault.transaction() as sql:
        known = vault.index.known(list(unique))
        for record in unique.values():
            if record.id not in known:
                groups[record.rev.conversation].append(record)
        entries = {
            name: vault.index.open_entry(name, [record.rev.at for record in records])
            for name, records in groups.items()
        }
        targets = {name: sessions.filed_day(entries[name], records) for name, records in groups.items()}
        sql.executemany("INSERT OR REPLACE INTO pending VALUES (?, ?)", targets.items())
        if origin != "local":
            vault.index.note_origin(known, origin)
    lines = {name: sessions.lay_out(records, entries[name].size) for name, records in groups.items()}
    sessions.append(
        [
            sessions.Append(
                vault.file_of(entry), b"".join(line.record.line + b"\n" for line in lines[name]), entry.size
            )
            for name, entry in entries.items()
        ]
    )
    try:
        with vault.transaction() as sql:
            sql.execute("DELETE FROM pending")
            for name, entry in entries.items():
                created = entry.size == 0
                entry.size += sum(line.length + 1 for line in lines[name])
                old = vault.file_of(entry)
                if targets[name] != entry.day:
                    _move(vault, entry, targets[name])
                vault.index.add(entry, lines[name], lambda _name: origin)
                if created or vault.file_of(entry) != old:
                    vault.note_folder(entry.day)
    except InvalidRecord:  # an earlier line that a row depends on has rotted: derive all rows again
        recover_pending(vault)
    added.known += len(known)
    added.added += len(unique) - len(known)
    added.conversations.update(groups)
    added.ahead += vault.clock.observe_all(record.rev.stamp for records in groups.values() for record in records)


def _move(vault: Vault, entry: Entry, day: str) -> None:
    """File a conversation under another day; the old file goes once the new one is on disk."""
    old, before = vault.file_of(entry), entry.day
    atomic_write(sessions.path_of(vault.sessions, day, entry.name), old.read_bytes())
    vault.index.refile(entry, day)
    old.unlink()
    vault.note_folder(before)

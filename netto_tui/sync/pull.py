"""Taking in what a replica has, and noting what it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from netto_tui.errors import InvalidRecord
from netto_tui.model.digest import conversation_digest
from netto_tui.model.revision import Record, body_blobs
from netto_tui.plural import many
from netto_tui.replicas.base import Changes, Corrupt, Held
from netto_tui.security.envelope import NEWER_KEY
from netto_tui.sync import events, plan
from netto_tui.sync.context import Context
from netto_tui.sync.sealing import KeysChanged

BUFFER_RECORDS = 1000
BUFFER_BYTES = 8 * 2**20
"""How much is read before the vault takes it in as one step."""


class Pull:
    """One reading of a replica. digests: for each conversation that was looked at, of what is there."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.digests: dict[str, str] = {}
        self._buffer: list[Record] = []
        self._size = 0
        self._held: dict[str, str] | None = None

    def run(self, changes: Changes, lost: Iterable[str]) -> None:
        """Read what changed, what is wanted here, and what has to be looked at again; add all of it.

        Absence is never deletion: what a listing lacks is noted as missing there, no more.
        """
        context = self.context
        for corrupt in changes.corrupt:
            context.quarantine(corrupt)
        held = context.ledger.held(None if changes.complete else changes.days)
        known = {context.stored_name(conversation): conversation for conversation in held}
        absent = {known[name] for name in known.keys() - changes.names}
        for conversation in absent:
            self._miss(conversation)
        again = {*lost, *context.ledger.rechecks()} - absent
        known |= {context.stored_name(conversation): conversation for conversation in again}
        self.read(sorted(changes.names | {context.stored_name(conversation) for conversation in again}), known)

    def read(self, names: Sequence[str], known: Mapping[str, str] = MappingProxyType({})) -> None:
        """Read conversations by their stored names, and add them; known: what some of these stand for."""
        context = self.context
        for done, found in enumerate(context.replica.read(names)):
            context.check_cancel()
            self._take_in(found, known)
            if done % 50 == 0:
                context.tell(events.SyncProgressed, "pull", done, len(names))
        self._flush()
        if context.tally.pulled:
            context.tell(events.Pulled, len(context.tally.touched), context.tally.pulled)

    def _miss(self, conversation: str) -> None:
        self.digests[conversation] = ""
        self.context.tally.bad.add(conversation)

    def _take_in(self, found: Held, known: Mapping[str, str]) -> None:
        for corrupt in found.corrupt:
            if corrupt.reason == NEWER_KEY and not self.context.newest_keys:
                raise KeysChanged(f"{self.context.replica.name} holds records that a newer key sealed.")
            self.context.quarantine(corrupt)
        if not found.records:
            conversation = known.get(found.name) or self._held_as(found.name)
            if conversation and (found.corrupt or self.context.ledger.holds(conversation)):
                self._miss(conversation)
            return
        conversation = found.records[0].rev.conversation
        self._buffer.extend(found.records)
        self._size += sum(len(record.raw) for record in found.records)
        self.digests[conversation] = conversation_digest(record.id for record in found.records)
        if found.corrupt:
            self._miss(conversation)
        if len(self._buffer) >= BUFFER_RECORDS or self._size >= BUFFER_BYTES:
            self._flush()

    def _held_as(self, stored_name: str) -> str | None:
        """The conversation that the replica was seen to hold under a name."""
        if self._held is None:
            self._held = {self.context.stored_name(held): held for held in self.context.ledger.held()}
        return self._held.get(stored_name)

    def _flush(self) -> None:
        """Add what was read; what it needs beside the records comes first."""
        context, records = self.context, self._buffer
        self._buffer, self._size = [], 0
        for conversation, sha256 in {(r.rev.conversation, name) for r in records for name in body_blobs(r.rev.body)}:
            if context.vault.blobs.has(sha256):
                continue
            if (data := read_blob(context, sha256)) is None:
                context.vault.want([conversation], "blob")
            else:
                context.vault.add((), {sha256: data})
        added = context.vault.add(records, origin=context.replica.name)
        self._note_parts(records)
        context.tally.pulled += added.added
        context.tally.touched |= added.conversations
        if added.ahead:
            text = f"{many(added.ahead, 'revision')} stamped more than five minutes ahead of this clock came in."
            context.alert("clock", text)

    def _note_parts(self, records: list[Record]) -> None:
        """Remember what is there of the conversations that are longer here, so that only the rest counts as new."""
        there: dict[str, set[str]] = defaultdict(set)
        for record in records:
            there[record.rev.conversation].add(record.id)
        for conversation, names in there.items():
            self.context.partly.pop(conversation, None)
            if self.context.ledger.count_here(conversation) > len(names):
                self.context.partly[conversation] = frozenset(names)

    def check_plausible(self, suspect_at: int) -> bool:
        """Whether what is missing and damaged may be taken at its word, given when that was first seen."""
        context = self.context
        bad, known = len(context.tally.bad), context.ledger.count_held()
        return (
            context.rebuild
            or plan.is_plausible(bad, known)
            or plan.is_second_look(suspect_at, context.vault.clock.now())
        )


def read_blob(context: Context, sha256: str) -> bytes | None:
    """A blob of the replica; None if it is not there or damaged, which is told."""
    try:
        return context.replica.read_blob(sha256)
    except InvalidRecord as error:
        context.quarantine(Corrupt(f"blobs/{sha256[:2]}/{sha256[2:]}", b"", error.message))
        return None

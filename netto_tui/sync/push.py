"""Writing what a replica lacks, and reading it back: only what came back equal counts as proven."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from netto_tui.errors import InvalidRecord, Moved
from netto_tui.model.digest import conversation_digest
from netto_tui.model.revision import Record, body_blobs
from netto_tui.plural import many
from netto_tui.replicas.base import Batch, Corrupt, Metered, Portion, Write
from netto_tui.sync import events
from netto_tui.sync.context import Context
from netto_tui.sync.heads import Heads
from netto_tui.sync.ledger import Due
from netto_tui.sync.pull import read_blob
from netto_tui.sync.wanted import wanted
from netto_tui.sync.withholding import Withholding
from netto_tui.vault import memory
from netto_tui.vault.vault import Vault

MESSAGE_TITLES = 20
"""How many conversations the message of one push names."""


class Item(NamedTuple):
    """One conversation that is due, with its records as they are on disk now."""

    due: Due
    records: list[Record]


class Push:
    """One writing of what is not proven."""

    def __init__(self, context: Context, heads: Heads) -> None:
        self.context = context
        self._heads = heads
        self._left = 0
        self._withholding = Withholding(context)
        self._own: dict[str, str] = {}

    def run(self, outbox: list[Due], cursor: str) -> str:
        """Write batch by batch from a cursor on; returns the cursor after the last.

        Raises Moved when another writer was first, also when it shows only in what is read back.
        """
        context, done = self.context, 0
        self._left = context.ledger.count_fresh(outbox) if isinstance(context.replica, Metered) else 0
        for batch in _batches(context.vault, outbox, context.replica.portion):
            context.check_cancel()
            cursor = self._write(batch, cursor)
            done += len(batch)
            context.tell(events.SyncProgressed, "push", done, len(outbox))
        if done:
            context.tell(events.Pushed, context.tally.pushed_conversations, context.tally.pushed)
        return cursor

    def _write(self, batch: list[Item], cursor: str) -> str:
        context = self.context
        writes: list[Write] = []
        blobs: dict[str, bytes] = {}
        incomplete: set[str] = set()
        for due, records in batch:
            fresh = context.ledger.fresh(due) - context.partly.get(due.name, frozenset())
            self._own |= (left_out := self._withholding.of(due, records, fresh))
            taken = tuple(record for record in records if record.id not in left_out)
            fresh -= left_out.keys()
            if taken:
                writes.append(Write(due.name, due.day, taken, frozenset(fresh), due.settled))
            owners = [record for record in taken if due.recheck or record.id in fresh]
            for sha256 in {name for record in owners for name in body_blobs(record.rev.body)}:
                if (data := own_blob(context, sha256)) is None:
                    incomplete.add(due.name)
                else:
                    blobs[sha256] = data
        context.vault.want(incomplete, "blob")
        views: dict[str, bytes] = {}
        if context.replica.keeps_views:
            with context.vault.reader() as reader:
                screened = context.replica.envelope.screened
                views = memory.views_of(reader, [due.name for due, _ in batch], screened=screened)
        self._left = max(0, self._left - sum(1 + len(write.fresh) for write in writes))
        message = self._message(batch, writes)
        cursor = context.replica.add(
            Batch(writes, blobs, views, message, self._left, signer=self._heads.signer), cursor
        )
        self._heads.written()
        self._prove(batch, blobs, incomplete)
        context.tally.pushed_conversations += len(batch)
        context.tally.pushed += sum(len(write.fresh) for write in writes)
        return cursor

    def _prove(self, batch: list[Item], blobs: dict[str, bytes], incomplete: set[str]) -> None:
        context = self.context
        withheld = self._withheld(batch)
        sent = {
            due.name: conversation_digest(record.id for record in records if record.id not in withheld)
            for due, records in batch
        }
        found: dict[str, str] = {}
        for held in context.replica.read([context.stored_name(name) for name in sent]):
            if held.records and not held.corrupt:
                found[held.records[0].rev.conversation] = conversation_digest(record.id for record in held.records)
        for sha256, data in blobs.items():
            if sha256 not in withheld and read_blob(context, sha256) != data:
                raise InvalidRecord(f"The blob {sha256[:12]}… did not arrive on {context.replica.name}.")
        context.ledger.record(found, {due.name for due, _ in batch if not due.settled}, doubted=incomplete)
        equal = {name for name, digest in sent.items() if found.get(name, conversation_digest(())) == digest}
        context.ledger.withhold({due.name: due.digest for due, _ in batch if sent[due.name] != due.digest})
        healed = context.tally.bad & equal
        if healed:
            context.tally.bad -= healed
            context.tally.healed += len(healed)
            context.tell(events.Healed, len(healed))
        if sent.keys() - equal:
            context.ledger.forget(sent.keys() - equal, recheck=True)  # so that it is read, whatever the cursor says
            raise Moved(f"{len(sent) - len(equal)} conversations read back differently from {context.replica.name}.")

    def _withheld(self, batch: list[Item]) -> Mapping[str, str]:
        """What is left out, by us or by the host, which a person has to know."""
        context = self.context
        withheld = {**context.host_withheld(), **self._own}
        for due, records in batch:
            fresh = context.ledger.fresh(due)
            for record in records:
                for name in {record.id, *body_blobs(record.rev.body)} & withheld.keys():
                    if record.id in fresh:
                        context.alert("withheld", f"{withheld[name]} It is in {due.name}, {record.rev.item}.")
        return withheld

    def _message(self, batch: list[Item], writes: Sequence[Write]) -> str:
        """What a history should tell of this push: how much, from where, and which conversations."""
        fresh = sum(len(write.fresh) for write in writes)
        what = f"{many(len(batch), 'conversation')}, {many(fresh, 'new revision')}"
        lines = [f"{what} from {self.context.vault.device}", ""]
        titles = (self._withholding.title(due.title) for due, _ in batch[:MESSAGE_TITLES])
        lines += [f"- {title or due.name}" for title, (due, _) in zip(titles, batch, strict=False)]
        if len(batch) > MESSAGE_TITLES:
            lines.append(f"- and {len(batch) - MESSAGE_TITLES} more")
        return "\n".join(lines)


def own_blob(context: Context, sha256: str) -> bytes | None:
    """One of the vault's blobs; a damaged one goes to quarantine and is not copied on."""
    blobs = context.vault.blobs
    try:
        return blobs.get(sha256)
    except InvalidRecord as error:
        damaged = Corrupt(f"blobs/{sha256[:2]}/{sha256[2:]}", blobs.take_out(sha256), error.message)
        context.quarantine(damaged, store="")
        return None


def is_whole(context: Context) -> bool:
    """Whether everything that the vault ever had is on disk and intact; reads all of it, and wants what is not."""
    vault = context.vault
    for (name,) in vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall():
        vault.records(name)
    query = "SELECT sha256, name FROM blobs JOIN conversations ON id = conversation"
    for sha256, name in vault.sql.execute(query).fetchall():
        if own_blob(context, sha256.hex()) is None:
            vault.want([name], "blob")
    return not wanted(vault)


def _batches(vault: Vault, outbox: Iterable[Due], portion: Portion) -> Iterator[list[Item]]:
    """What is due with its records, in parts; what changed or rotted meanwhile waits for the next pass."""
    batch: list[Item] = []
    size = 0
    for due in outbox:
        records = vault.records(due.name)
        if conversation_digest(record.id for record in records) != due.digest:
            continue
        batch.append(Item(due, records))
        size += sum(len(record.raw) for record in records)
        if len(batch) >= portion.conversations or size >= portion.bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

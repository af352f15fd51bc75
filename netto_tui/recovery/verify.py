"""Verification: read every record of every store, check it against its name, and compare the sets.

What is found is set right as far as that needs no other store: bad bytes go to quarantine, and
what is missing is noted so that the next sync heals it. Nothing is written to a replica.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from netto_tui.errors import Cancelled, InvalidRecord, NettoError
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.recovery.index_check import index_faults
from netto_tui.replicas.base import Corrupt, Replica
from netto_tui.sync import events
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.sealing import require_one_form, slot_faults
from netto_tui.sync.wanted import wanted
from netto_tui.vault import memory, sessions
from netto_tui.vault.daybook import conversations_on, message_days
from netto_tui.vault.identity import load_identity
from netto_tui.vault.reconcile import reindex
from netto_tui.vault.vault import Vault


@dataclass
class StoreVerdict:
    """What was found in one store; `local` is the vault itself.

    digest: over what is really there. missing: conversations of which the store lacks something
    that the vault has; extra: the reverse; one in both differs on each side. withheld: those of which something
    is knowingly left out there. damaged: from a place in `corrupt` to the conversation that it belongs to, where
    that is known. error: why the store could not be read.
    """

    name: str
    digest: str = ""
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    corrupt: list[Corrupt] = field(default_factory=list)
    foreign: list[Corrupt] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    error: str = ""
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether the store is whole and equal to the vault."""
        return not (self.missing or self.extra or self.corrupt or self.error)


@dataclass(frozen=True)
class Verdict:
    """The outcome of a verification; digest: the vault's."""

    digest: str
    stores: list[StoreVerdict]

    @property
    def ok(self) -> bool:
        """Whether every store is whole and all are equal."""
        return all(store.ok for store in self.stores)


def verify(
    vault: Vault,
    replicas: Sequence[Replica],
    *,
    deep: bool = False,
    listener: events.Listener | None = None,
    cancel: threading.Event | None = None,
) -> Verdict:
    """Read and compare the vault and some replicas.

    deep: look also at blobs, at the index row by row, and at each store's own structure and
    history. Raises Cancelled once `cancel` is set.
    """
    one = _Verification(vault, deep, listener, cancel or threading.Event())
    local = one.local()
    stores = [local, *(one.replica(each) for each in replicas)]
    return Verdict(local.digest, stores)


class _Verification:
    def __init__(self, vault: Vault, deep: bool, listener: events.Listener | None, cancel: threading.Event) -> None:
        self.vault = vault
        self.deep = deep
        self._listener = listener
        self._cancel = cancel
        self.digests: dict[str, str] = {}

    def _step(self, store: str, done: int, total: int) -> None:
        if self._cancel.is_set():
            raise Cancelled("The verification was stopped.")
        if self._listener and done % 50 == 0:
            now = to_instant(self.vault.clock.now())
            self._listener(events.SyncProgressed(now, store, "verify", done, total))

    def local(self) -> StoreVerdict:
        """Read every session file; damage goes to quarantine and its conversation is wanted."""
        vault, verdict = self.vault, StoreVerdict("local")
        names = [row[0] for row in vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()]
        for done, name in enumerate(names):
            self._step("", done, len(names))
            self._examine(name, verdict)
        verdict.missing += wanted(vault)
        if self.deep:
            verdict.corrupt += self._deep_local()
        verdict.digest = vault.digest()
        self.digests = dict(vault.sql.execute("SELECT name, digest FROM conversations WHERE revisions"))
        verdict.missing = sorted({*verdict.missing, *wanted(vault)})
        return verdict

    def _examine(self, name: str, verdict: StoreVerdict) -> None:
        """Look at a conversation's file, and derive its rows again if it differs from them.

        Others may write meanwhile: only what is found while nobody writes is damage.
        """
        if self._is_whole(name):
            return
        vault = self.vault
        with vault.transaction():
            entry = vault.index.entry(name)
            if entry is None or self._is_whole(name):
                return
            place = vault.file_of(entry).relative_to(vault.path)
            found = [Corrupt(f"{place}@{bad.start}", bad.data, bad.reason) for bad in reindex(vault, name)]
            verdict.corrupt += found
            verdict.damaged.update((each.where, name) for each in found)
            verdict.missing.append(name)

    def _is_whole(self, name: str) -> bool:
        """Whether a conversation's file holds nothing but the records that the index names."""
        vault = self.vault
        entry = vault.index.entry(name)
        if entry is None:
            return True
        content = sessions.read(vault.file_of(entry))
        rows = vault.sql.execute("SELECT id FROM revisions WHERE conversation = ?", (entry.id,)).fetchall()
        return not content.bad and {row[0].hex() for row in rows} == {line.record.id for line in content.lines}

    def _deep_local(self) -> Iterator[Corrupt]:
        vault = self.vault
        faults = index_faults(vault)
        if faults:
            vault.rebuild_index()  # first of all: it says which blobs are needed
        yield from (Corrupt("index.db", b"", fault) for fault in faults)
        for sha256 in list(vault.blobs.names()):
            self._step("", 1, 0)
            try:
                vault.blobs.get(sha256)
            except InvalidRecord as error:
                data = vault.blobs.take_out(sha256)
                where = f"blobs/{sha256[:2]}/{sha256[2:]}"
                vault.quarantine.keep(where, data, error.message)
                yield Corrupt(where, data, error.message)
        needed = vault.sql.execute("SELECT sha256, name FROM blobs JOIN conversations ON id = conversation").fetchall()
        lacking = {name for sha256, name in needed if not vault.blobs.has(sha256.hex())}
        vault.want(sorted(lacking), "blob")
        try:
            load_identity(vault.path)
        except NettoError as error:
            yield Corrupt(".netto/vault.json", b"", error.message)

    def replica(self, replica: Replica) -> StoreVerdict:
        """Read everything a replica has; what is wrong there is noted in the ledger for the next sync."""
        verdict = StoreVerdict(replica.name)
        ledger = Ledger(self.vault, replica.name, replica.kind, replica.target)
        try:
            self._read_replica(replica, ledger, verdict)
        except Cancelled:
            raise
        except NettoError as error:
            verdict.error, verdict.exit_code = str(error), error.exit_code
        return verdict

    def _read_replica(self, replica: Replica, ledger: Ledger, verdict: StoreVerdict) -> None:
        probe = replica.probe()
        if probe.presence == "absent":
            verdict.error, verdict.exit_code = f"The replica {replica.name} is not there.", 3
            return
        require_one_form(replica.name, probe.marker)
        if probe.marker_error:
            verdict.corrupt.append(Corrupt(".netto/vault.json", b"", probe.marker_error))
        changes = replica.changes("")
        verdict.corrupt += changes.corrupt
        digests: dict[str, str] = {}
        days: dict[str, dict[str, str]] = defaultdict(dict)
        wrong: set[str] = set()
        names = {replica.envelope.name(name): name for name in self.digests}
        withheld = ledger.withheld()
        for done, held in enumerate(replica.read(sorted(changes.names))):
            self._step(replica.name, done, len(changes.names))
            name = held.records[0].rev.conversation if held.records else names.get(held.name, "")
            if held.corrupt:
                verdict.corrupt += held.corrupt
                verdict.damaged.update((each.where, name) for each in held.corrupt)
                wrong.add(name)
            if held.records:
                digests[name] = conversation_digest(record.id for record in held.records)
                days[start_day(record.rev.at for record in held.records)][name] = digests[name]
                self._compare(name, {record.id for record in held.records}, verdict, withheld)
        absent = self.digests.keys() - digests.keys()
        verdict.missing += sorted(absent - withheld)
        verdict.withheld += sorted(absent & withheld)
        verdict.digest = root_digest({day: node_digest(children) for day, children in days.items()})
        damaged = bool(changes.corrupt)
        if faults := list(slot_faults(self.vault, replica)):
            verdict.corrupt += faults
            ledger.note_slots("")
        if self.deep:
            wrong |= self._check_blobs(replica, verdict, digests.keys() - withheld) | self._check_views(
                replica, ledger, verdict
            )
            damaged = self._check_store(replica, verdict) or damaged
        self._note(replica, ledger, verdict, digests, wrong, damaged=damaged)

    def _compare(self, name: str, there: set[str], verdict: StoreVerdict, withheld: Collection[str]) -> None:
        """Note what one side of a conversation has and the other lacks; withheld: those kept back there knowingly."""
        rows = self.vault.sql.execute(
            "SELECT revisions.id FROM revisions JOIN conversations ON conversations.id = conversation WHERE name = ?",
            (name,),
        )
        here = {row[0].hex() for row in rows}
        if here - there:
            (verdict.withheld if name in withheld else verdict.missing).append(name)
        if there - here:
            verdict.extra.append(name)

    def _check_blobs(self, replica: Replica, verdict: StoreVerdict, held: Collection[str]) -> set[str]:
        """Read the blobs of what the replica holds; the conversations whose blobs are missing or damaged."""
        query = "SELECT sha256, name FROM blobs JOIN conversations ON id = conversation ORDER BY sha256"
        needed = [(sha256.hex(), name) for sha256, name in self.vault.sql.execute(query) if name in held]
        wrong: set[str] = set()
        for sha256, group in groupby(needed, key=itemgetter(0)):
            self._step(replica.name, 1, 0)
            try:
                fault = "" if replica.read_blob(sha256) is not None else "The blob is missing."
            except InvalidRecord as error:
                fault = error.message
            if fault:
                verdict.corrupt.append(Corrupt(f"blobs/{sha256[:2]}/{sha256[2:]}", b"", fault))
                wrong.update(name for _, name in group)
        return wrong

    def _check_views(self, replica: Replica, ledger: Ledger, verdict: StoreVerdict) -> set[str]:
        """Compare the daily files with the records; the conversations that have to be written for them.

        While something waits to become stable data, files may lawfully be older than the records.
        """
        wrong: set[str] = set()
        if not replica.keeps_views or verdict.missing or verdict.extra or ledger.unsettled():
            return wrong
        with self.vault.reader() as reader:
            for day in message_days(reader):
                self._step(replica.name, 1, 0)
                path = f"memory/{day}.md"
                data = replica.read_view(path)
                if (data or b"") != memory.render(reader, day, screened=replica.envelope.screened):
                    reason = "The file is missing." if data is None else "It does not say what the records say."
                    verdict.corrupt.append(Corrupt(path, data or b"", reason))
                    wrong |= conversations_on(reader, day)
        return wrong

    def _check_store(self, replica: Replica, verdict: StoreVerdict) -> bool:
        """Look at the store's own structure; True when it is damaged."""
        known = {(fault.where, fault.reason) for fault in verdict.corrupt}
        damaged = False
        for fault in replica.check():
            damaged = damaged or not fault.foreign
            if fault.foreign:
                verdict.foreign.append(fault)
            elif (fault.where, fault.reason) not in known:
                verdict.corrupt.append(fault)
        return damaged

    def _note(
        self,
        replica: Replica,
        ledger: Ledger,
        verdict: StoreVerdict,
        digests: dict[str, str],
        wrong: set[str],
        *,
        damaged: bool,
    ) -> None:
        """Let the ledger know: what is proven now, and what the next pass has to look at."""
        for corrupt in verdict.corrupt:
            if corrupt.data:
                self.vault.quarantine.keep(f"{replica.name}:{corrupt.where}", corrupt.data, corrupt.reason)
        standing = ledger.standing()
        if standing is None:
            return
        ledger.forget(sorted(wrong.union(verdict.missing, verdict.extra)), recheck=True)
        if damaged:
            ledger.need_repair()
        elif verdict.ok:
            known = {name: digest for name, digest in digests.items() if name in self.digests}
            ledger.record(known, ledger.unsettled(), doubted=() if self.deep else None)
            doubtful = standing.repair or ledger.rechecks()
            if not verdict.withheld and (self.deep or not doubtful):  # what a deeper look found stays
                ledger.prove(verdict.digest, self.vault.clock.now())

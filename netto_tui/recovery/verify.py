"""Verification: read every record of every store, check it against its name, and compare the sets.

What is found is set right as far as that needs no other store: bad bytes go to quarantine, and
what is missing is noted so that the next sync heals it. Nothing is written to a replica.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netto_tui.errors import Cancelled, InvalidRecord, NettoError
from netto_tui.model.clock import to_instant
from netto_tui.model.conversation import start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.recovery.index_check import index_faults
from netto_tui.replicas.base import Corrupt, Replica
from netto_tui.sync import events
from netto_tui.sync.ledger import Ledger
from netto_tui.vault import sessions
from netto_tui.vault.identity import load_identity
from netto_tui.vault.vault import Vault


@dataclass
class StoreVerdict:
    """What was found in one store; `local` is the vault itself.

    digest: over what is really there. missing: conversations of which the store lacks something
    that the vault has; extra: the reverse. error: why the store could not be read.
    """

    name: str
    digest: str = ""
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    corrupt: list[Corrupt] = field(default_factory=list)
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
        before = dict(
            vault.sql.execute("SELECT name, digest FROM conversations WHERE revisions AND digest IS NOT NULL")
        )
        names = [row[0] for row in vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()]
        for done, name in enumerate(names):
            self._step("", done, len(names))
            entry = vault.index.entry(name)
            if entry is None:
                continue
            place = vault.file_of(entry).relative_to(vault.path)
            verdict.corrupt += [Corrupt(f"{place}@{bad.start}", bad.data, bad.reason) for bad in self._bad(name)]
        if self.deep:
            verdict.corrupt += self._deep_local()
        verdict.digest = vault.digest()
        self.digests = dict(vault.sql.execute("SELECT name, digest FROM conversations WHERE revisions"))
        damaged = {row[0] for row in vault.sql.execute("SELECT name FROM wanted").fetchall()}
        changed = {name for name, digest in before.items() if self.digests.get(name) != digest}
        verdict.missing = sorted(damaged | changed)
        return verdict

    def _bad(self, name: str) -> list[sessions.Bad]:
        """The bad stretches of a conversation's file; its rows are derived again if it differs from them."""
        vault = self.vault
        entry = vault.index.entry(name)
        if entry is None:
            return []
        content = sessions.read(vault.file_of(entry))
        rows = vault.sql.execute("SELECT id FROM revisions WHERE conversation = ?", (entry.id,)).fetchall()
        if content.bad or {row[0].hex() for row in rows} != {line.record.id for line in content.lines}:
            vault.records(name)
        return list(content.bad)

    def _deep_local(self) -> Iterator[Corrupt]:
        vault = self.vault
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
        faults = index_faults(vault)
        if faults:
            vault.rebuild_index()
        yield from (Corrupt("index.db", b"", fault) for fault in faults)

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
        if probe.marker_error:
            verdict.corrupt.append(Corrupt(".netto/vault.json", b"", probe.marker_error))
        changes = replica.changes("")
        verdict.corrupt += changes.corrupt
        digests: dict[str, str] = {}
        days: dict[str, dict[str, str]] = defaultdict(dict)
        for done, held in enumerate(replica.read(sorted(changes.names))):
            self._step(replica.name, done, len(changes.names))
            verdict.corrupt += held.corrupt
            if held.records:
                name = held.records[0].rev.conversation
                digests[name] = conversation_digest(record.id for record in held.records)
                days[start_day(record.rev.at for record in held.records)][name] = digests[name]
                self._compare(name, {record.id for record in held.records}, verdict)
        verdict.missing += sorted(self.digests.keys() - digests.keys())
        verdict.digest = root_digest({day: node_digest(children) for day, children in days.items()})
        damaged = bool(changes.corrupt)
        if self.deep:
            damaged = self._deep_replica(replica, verdict) or damaged
        self._note(replica, ledger, verdict, digests, damaged=damaged)

    def _compare(self, name: str, there: set[str], verdict: StoreVerdict) -> None:
        """Note what one side of a conversation has and the other lacks."""
        rows = self.vault.sql.execute(
            "SELECT revisions.id FROM revisions JOIN conversations ON conversations.id = conversation WHERE name = ?",
            (name,),
        )
        here = {row[0].hex() for row in rows}
        if here - there:
            verdict.missing.append(name)
        if there - here:
            verdict.extra.append(name)

    def _deep_replica(self, replica: Replica, verdict: StoreVerdict) -> bool:
        """Look at blobs and at the store's own structure; True when that structure is damaged."""
        names = [row[0].hex() for row in self.vault.sql.execute("SELECT DISTINCT sha256 FROM blobs").fetchall()]
        for sha256 in names:
            self._step(replica.name, 1, 0)
            where = f"blobs/{sha256[:2]}/{sha256[2:]}"
            try:
                if replica.read_blob(sha256) is None:
                    verdict.corrupt.append(Corrupt(where, b"", "The blob is missing."))
            except InvalidRecord as error:
                verdict.corrupt.append(Corrupt(where, b"", error.message))
        faults = list(replica.check())
        known = {(fault.where, fault.reason) for fault in verdict.corrupt}
        verdict.corrupt += [fault for fault in faults if (fault.where, fault.reason) not in known]
        return bool(faults)

    def _note(
        self, replica: Replica, ledger: Ledger, verdict: StoreVerdict, digests: dict[str, str], *, damaged: bool
    ) -> None:
        """Let the ledger know: what is proven now, and what the next pass has to look at."""
        for corrupt in verdict.corrupt:
            if corrupt.data:
                self.vault.quarantine.keep(f"{replica.name}:{corrupt.where}", corrupt.data, corrupt.reason)
        if ledger.standing() is None:
            return
        wrong = {*verdict.missing, *verdict.extra}
        if verdict.corrupt:
            blobs = self.vault.sql.execute("SELECT DISTINCT name FROM blobs JOIN conversations ON id = conversation")
            wrong |= (
                {row[0] for row in blobs.fetchall()}
                if any(c.where.startswith("blobs/") for c in verdict.corrupt)
                else set()
            )
            wrong |= {
                name for name in self.digests if any(replica.envelope.name(name) in c.where for c in verdict.corrupt)
            }
        ledger.forget(sorted(wrong), recheck=True)
        if damaged:
            ledger.need_repair()
        elif verdict.ok:
            ledger.record({name: digest for name, digest in digests.items() if name in self.digests})
            ledger.prove(verdict.digest, self.vault.clock.now())

"""One pass over one replica: gates, pull, merge, push, proof.

The engine takes its clock, its randomness and its replicas as arguments and starts no thread, so
that a simulation can run it unchanged. Whatever fails, the next pass begins from what is proven.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from netto_tui.errors import (
    Cancelled,
    InvalidRecord,
    Limited,
    Moved,
    NettoError,
    Refused,
    Suspect,
    Unreachable,
    WrongTarget,
)
from netto_tui.model.clock import to_instant
from netto_tui.model.policy import Policy
from netto_tui.replicas.base import Changes, Marker, Metered, Probe, Replica
from netto_tui.sync import events, plan
from netto_tui.sync.context import Context
from netto_tui.sync.heads import Heads
from netto_tui.sync.ledger import Ledger, Standing, open_conflicts
from netto_tui.sync.pull import Pull
from netto_tui.sync.push import Push, is_whole
from netto_tui.sync.reminders import Waiting, remind
from netto_tui.sync.retry import pause_ms, retry
from netto_tui.sync.sealing import KeysChanged, Sealing
from netto_tui.sync.wanted import wanted
from netto_tui.sync.withholding import release
from netto_tui.vault.vault import Vault

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet

ATTEMPTS = 5
"""How often a pass begins again because another device wrote in between."""

PROOF_MS = 10 * 60 * 1000
"""A proof that is younger than this is not written down again."""


NEVER = Standing("never", "", "", None, "", 0, 0, 0, False)
"""The standing of a replica that was never looked at."""


class Engine:
    """Runs passes for one vault. signing: gives its keys for heads of sealed replicas, else custody does."""

    def __init__(
        self,
        vault: Vault,
        listener: events.Listener,
        *,
        policy: Policy = "merge",
        quiet_ms: int = 15 * 60 * 1000,
        random: Callable[[], float] = lambda: 0.5,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        signing: Callable[[], KeySet] | None = None,
    ) -> None:
        self.vault = vault
        self.policy = policy
        self.quiet_ms = quiet_ms
        self.listener = listener
        self._random = random
        self._new_id = new_id
        self._signing = signing
        self._waiting = Waiting()

    def run(self, replica: Replica, *, rebuild: bool = False) -> events.PassReport:
        """Make the vault and one replica equal and prove it; never raises for what a replica does.

        rebuild: a person's word that a missing, damaged or implausibly shrunken replica is to be
        made whole from here.
        """
        ledger = Ledger(self.vault, replica.name, replica.kind, replica.target)
        context = Context(self.vault, replica, ledger, self.listener, rebuild)
        before = replica.requests
        outcome: dict[str, Any] = {"state": "ok"}
        context.tell(events.SyncStarted)
        try:
            _Pass(self, context).run()
            if (ledger.standing() or NEVER).root != self.vault.digest():
                outcome["state"] = "behind"
        except NettoError as error:
            outcome = self._failed(ledger, error)
        self._waiting.tell(context, outcome["state"], (ledger.standing() or NEVER).verified_at, self.vault.clock.now())
        if isinstance(replica, Metered) and (meters := replica.meters()):
            remind(context, ledger.measure(meters), meters)
        tally = context.tally
        report = events.PassReport(
            name=replica.name,
            kind=replica.kind,
            pulled=tally.pulled,
            pushed=tally.pushed,
            healed=tally.healed,
            quarantined=tally.quarantined,
            requests=replica.requests - before,
            **outcome,
        )
        context.tell(events.SyncFinished, report)
        return report

    def enter(self, replica: Replica) -> None:
        """Pass the gates of a replica and no more: one that is new or empty gets its identity now.

        So devices that are set up one after the other, before any sync, join the same vault.
        Raises what the gates say.
        """
        ledger = Ledger(self.vault, replica.name, replica.kind, replica.target)
        _Pass(self, Context(self.vault, replica, ledger, self.listener)).enter()

    def _failed(self, ledger: Ledger, error: NettoError) -> dict[str, Any]:
        state = plan.state_of(error)
        standing = ledger.standing() or NEVER
        now = self.vault.clock.now()
        first_suspected = (standing.suspect_at or now) if isinstance(error, Suspect) else 0
        if not isinstance(error, Cancelled):
            retry_at = now + pause_ms(standing.failures + 1, self._random())
            if isinstance(error, Limited):
                retry_at = max(retry_at, error.until_ms)
            ledger.fail(state, str(error), retry_at, suspect_at=first_suspected)
        stopped = isinstance(error, Cancelled)
        return {"state": state, "error": str(error), "exit_code": error.exit_code, "stopped": stopped}

    def quiet_since(self) -> int:
        """Since when nothing must have been said in a conversation that belongs to stable data.

        That is the later of a quiet quarter of an hour ago and the beginning of today.
        """
        now = self.vault.clock.now()
        today = datetime.fromtimestamp(now / 1000, self.vault.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(now - self.quiet_ms, round(today.timestamp() * 1000))

    def keys(self) -> Callable[[], KeySet] | None:
        """What gives the vault's keys; None where it has none."""
        from netto_tui.security import custody

        if self._signing is None and custody.has_keys(self.vault.path):
            return partial(custody.load, self.vault.path, self.vault.id)
        return self._signing

    def new_marker(self) -> Marker:
        """The identity of a replica that is claimed now."""
        return Marker(self.vault.id, f"r_{self._new_id()}", self.vault.identity.zone)


class _Pass:
    """The steps of one pass."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self.engine = engine
        self.context = context
        self.vault = context.vault
        self.replica = context.replica
        self.ledger = context.ledger
        keys = engine.keys()
        self.heads = Heads(context, keys)
        self.sealing = Sealing(context, keys)

    def run(self) -> None:
        """Enter, then equalize until nobody else writes in between, then write down the proof."""
        probe = self.enter()
        standing = self.ledger.standing() or NEVER
        root, lost = self.vault.digest(), wanted(self.vault)
        unchanged = standing.cursor != "" and probe.cursor == standing.cursor
        if unchanged and not lost and self.ledger.is_proven(root, self.engine.quiet_since()):
            self.heads.compare()
            self._renew_proof(root, standing)
            return
        if standing.repair or self.context.rebuild:
            self._repair(lost, probe)
        else:
            self._settle(lost, probe)
        root = self.vault.digest()  # before looking at what is due, else one who writes in between would be proven too
        if self.ledger.outbox(self.engine.quiet_since()) or self.ledger.withholds():
            self.ledger.succeed()
        else:
            self.ledger.prove(root, self.vault.clock.now())

    def enter(self) -> Probe:
        """Pass the gates or raise, and have the key slots there; returns what the replica looks like then."""
        for _ in range(ATTEMPTS):
            with suppress(Moved):
                probe = self.sealing.keep_slots(self._pass_gates(retry(self.replica.probe)), self.heads.signer)
                self.heads.written()
                return probe
        raise Moved(f"Other devices keep writing to {self.replica.name}.", remedy="It is tried again later.")

    def _pass_gates(self, probe: Probe) -> Probe:
        replica, name, rebuild = self.replica, self.replica.name, self.context.rebuild
        standing = self.ledger.standing()
        known = standing.marker if standing else None
        gate = plan.identify(probe, self.vault.id, known, name, rebuild=rebuild)
        if isinstance(gate, plan.Closed):
            kind = Unreachable if gate.state == "unreachable" else WrongTarget
            raise kind(gate.reason, remedy=gate.remedy)
        if skew := plan.skew_ms(probe, self.vault.clock.now()):
            self.context.alert("clock", f"The clock of {name} differs from ours by {abs(skew) // 1000} s.")
        if gate in ("claim", "lost"):
            if gate == "lost":
                self.context.alert("lost", f"{name} had lost everything; it is built anew.")
                self.context.tally.bad.update(self.ledger.held())
            marker = self.sealing.mark(self.engine.new_marker())
            (replica.rebuild if rebuild and gate == "lost" else replica.claim)(marker)
            self.ledger.begin(marker)
        elif gate == "remark" and known is not None:
            self._write_marker_again(known, probe)
        elif probe.marker is not None:
            self.sealing.check(probe.marker)
        if gate in ("adopt", "exchanged", "converted"):
            if gate == "exchanged":
                self.context.alert(
                    "exchanged", f"{name} is another replica of this vault than before; it is read whole."
                )
            self.ledger.begin(probe.marker)
        elif rebuild and gate == "open":
            self.ledger.advance("")  # so that all of it is read again
        elif gate == "open":
            return probe
        return retry(replica.probe)

    def _write_marker_again(self, known: Marker, probe: Probe) -> None:
        """Give a replica of ours that has no readable identity the one it had.

        One that is too damaged for that is begun anew, and the old one kept, on a person's word; or
        when it has not moved since everything in it was last proven to be here too, and still is.
        """
        standing = self.ledger.standing() or NEVER
        self.context.alert("marker", f"The identity of {self.replica.name} was damaged; it is written again.")
        try:
            (self.replica.rebuild if self.context.rebuild else self.replica.claim)(known)
            if self.context.rebuild:
                self.heads.begin_anew()
        except InvalidRecord:
            if probe.cursor == "" or probe.cursor != standing.cursor or not is_whole(self.context):
                raise
            self._begin_anew(known)
        self.ledger.advance("")

    def _begin_anew(self, marker: Marker) -> None:
        """Set a damaged replica aside and begin it again, to be filled from here."""
        self.context.alert("rebuilt", f"{self.replica.name} is damaged; it is built anew and the old one kept.")
        self.replica.rebuild(marker)
        self.heads.begin_anew()
        self.ledger.begin(marker)
        self.ledger.doubt_all()

    def _settle(self, lost: list[str], probe: Probe) -> None:
        """Equalize until nobody else writes in between."""
        for attempt in range(ATTEMPTS):
            try:
                return self._equalize(lost, probe, self._look(probe.cursor if attempt == 0 else ""))
            except Moved:
                self.context.check_cancel()
                probe = self._pass_gates(retry(self.replica.probe))  # it may be another device's conversion
            except KeysChanged:
                self.sealing.take_newer_keys()
                self.context.newest_keys = True
        raise Moved(f"Other devices keep writing to {self.replica.name}.", remedy="It is tried again later.")

    def _repair(self, lost: list[str], probe: Probe) -> None:
        """Mend a store that verification found damaged, or that a person wants made whole.

        Writing what is due again mends most damage. Where some remains, the store is set aside,
        after everything that can still be read in it was taken in, and begun anew.
        """
        if self.context.rebuild:
            self.ledger.doubt_all()
        with suppress(InvalidRecord):
            self._settle(lost, probe)
            if all(fault.foreign for fault in self.replica.check()):
                return
        standing = self.ledger.standing()
        if standing is not None and standing.marker is not None:
            self._begin_anew(standing.marker)
            self._settle(lost, self.sealing.keep_slots(retry(self.replica.probe), self.heads.signer))

    def _renew_proof(self, root: str, standing: Standing) -> None:
        now = self.vault.clock.now()
        if standing.failures or standing.verified_at < to_instant(now - PROOF_MS):
            self.ledger.prove(root, now)

    def _look(self, cursor: str) -> Changes:
        """What changed there; nothing, without asking, when the store was just seen where it was left."""
        standing = self.ledger.standing() or NEVER
        if cursor and cursor == standing.cursor and not standing.repair:
            return Changes(cursor, frozenset(), complete=False)
        changes = self.replica.changes(standing.cursor)
        if self.heads.look():  # then nothing that was known of it counts any more
            changes = replace(self.replica.changes(""), rewritten=changes.rewritten)
            self.heads.look()
        return changes

    def _equalize(self, lost: list[str], probe: Probe, changes: Changes) -> None:
        """Pull, merge, push; raises Moved when another device wrote in between."""
        context = self.context
        standing = self.ledger.standing() or NEVER
        if changes.rewritten and standing.cursor:
            context.alert(
                "rewritten",
                f"{self.replica.name} was rolled back or its history was rewritten; it is taken as an old copy.",
            )
        self.heads.compare()
        conflicts = open_conflicts(self.vault)
        pull = Pull(context)
        pull.run(changes, lost)
        if restored := context.tally.touched & set(lost):
            context.tally.healed += len(restored)
            context.tell(events.Healed, len(restored), store="")
        self.vault.merge(context.tally.touched, self.engine.policy)
        for (conversation, item), title in open_conflicts(self.vault).items():
            if (conversation, item) not in conflicts:
                context.tell(events.ConflictFound, conversation, item, title, store="")
        if standing.marker and not pull.check_plausible(standing.suspect_at):
            raise Suspect(
                f"{len(context.tally.bad)} of {self.ledger.count_held()} conversations are missing or damaged"
                f" on {self.replica.name} at once.",
                remedy="Check that it is the right place. To make it whole from here:"
                f" netto-tui sync {self.replica.name} --rebuild.",
            )
        self.vault.digest()
        self.ledger.record(pull.digests)  # what verification found fault with stays in doubt until it is written
        release(context)
        outbox = self.ledger.outbox(self.engine.quiet_since())
        if outbox and probe.free_bytes is not None and probe.free_bytes < plan.FREE_BYTES:
            raise Refused(
                f"Only {probe.free_bytes // 2**20} MB are free on {self.replica.name}.",
                remedy="Free some space there; nothing was written.",
            )
        self.ledger.advance(Push(context, self.heads).run(outbox, changes.cursor))

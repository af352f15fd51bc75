"""Bringing a replica from plain to sealed, or back, in place; it may be stopped anywhere and begun again.

    1  a pass in the old form, so that everything that is there is here too
    2  the identity says what the replica becomes: from now on every other device is refused
    3  a pass in the new form: everything is written beside the old, and read back
    4  the old form is read again; where something arrived in between, it is taken in, and 3 follows
    5  every conversation and blob of the new form is read and compared with what is here
    6  what is of the old form is deleted, if the replica is still as it was at 4; then 3 to 6 until nothing is left
    7  the identity says that the replica is in its new form

So each conversation is there in the old form until it is proven to be there in the new one. Which step is next shows
from the replica alone; the ledger only spares work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from netto_tui.errors import Busy, Denied, InvalidRecord, Moved, NettoError, Refused, WrongTarget
from netto_tui.model.digest import conversation_digest
from netto_tui.plural import many
from netto_tui.replicas.base import Marker, Replica, Signer
from netto_tui.replicas.forms import Convertible, Form, becoming, fingerprint, form_of, form_of_name, underway
from netto_tui.sync.context import Context
from netto_tui.sync.engine import Engine
from netto_tui.sync.events import PassReport
from netto_tui.sync.half_converted import HalfConverted, final
from netto_tui.sync.heads import Heads
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.pull import Pull
from netto_tui.sync.retry import retry
from netto_tui.sync.sealing import Sealing

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet

ATTEMPTS = 6
"""How often it begins again at step 3 before a person is told; two of them are needed when nobody else writes."""


class Unfinished(NettoError):
    """A pass on the way could not be done; what is done stays done."""

    def __init__(self, report: PassReport) -> None:
        message = report.error or f"{report.name} is not equal to what is here yet."
        super().__init__(message, remedy="The same command goes on where it was stopped.")
        self.exit_code = report.exit_code or 3


@dataclass(frozen=True)
class Converted:
    """What came of it. deleted: files or documents of the old form; taken_in: revisions that were not here before."""

    conversations: int
    deleted: int
    taken_in: int


class Conversion:
    """One conversion. old, new: the same replica, opened with the envelope of the one and of the other form.

    keys: gives the vault's keys. trusted: what lies there in the old form is taken in; else, on a replica that this
    device has as sealed, nothing plain is, and the conversion stops where that is all there is of something.
    """

    def __init__(
        self, engine: Engine, old: Replica, new: Replica, keys: Callable[[], KeySet], *, trusted: bool = True
    ) -> None:
        self._engine = engine
        self._vault = engine.vault
        self._old = old
        self._new = new
        self._form: Form = form_of(new.envelope)
        self._trusted = trusted
        self._ledger = Ledger(self._vault, new.name, new.kind, new.target)
        self._keys = keys
        sealed = new if self._form == "sealed" else old
        self._heads = Heads(Context(self._vault, sealed, self._ledger, engine.listener), keys)
        self._verified = ""
        self._deleted = 0
        self._taken_in = 0

    def run(self) -> Converted:
        """Convert, and return once the identity says so. Raises what stopped it: the same call goes on from there."""
        goal = self._begin()
        for _ in range(ATTEMPTS):
            with suppress(Moved):
                self._write()
                cursor, arrived = self._read_old()
                if arrived:
                    continue
                self._verify()
                gone = self._place.strip(cursor, self._signer)
                self._heads.written()
                self._deleted += gone
                if not gone:
                    self._mark(goal, self._signer)
                    query = "SELECT count(*) FROM conversations WHERE revisions"
                    count = int(self._vault.sql.execute(query).fetchone()[0])
                    return Converted(count, self._deleted, self._taken_in)
        raise Moved(f"Something keeps writing to {self._new.name}.", remedy="Stop it there, then run this again.")

    @property
    def _place(self) -> Convertible:
        if not isinstance(self._new, Convertible):
            raise Refused(f"A replica of the kind {self._new.kind} cannot be converted.", remedy="Make a new one.")
        return self._new

    @property
    def _signer(self) -> Signer | None:
        """Who signs what is written in the new form."""
        return self._heads.signer if self._form == "sealed" else None

    def _begin(self) -> Marker:
        """Steps 1 and 2, unless they are done; returns the identity that the replica is to have."""
        marker, name = self._identity(), self._new.name
        keys = self._keys().fingerprint
        if fingerprint(marker) not in ("", keys):
            message = f"{name} is sealed with other keys than this vault has."
            raise Denied(message, remedy="Other keys come in by: netto-tui keys unlock")
        turning = underway(marker, keys, self._form)
        goal = final(turning, self._form)
        if marker not in (turning, goal):
            if not becoming(marker):
                report = self._engine.run(self._old)
                if report.error:
                    raise Unfinished(report)
            if self._form == "sealed":  # whoever has the code can go on if this device is lost from now on
                context = Context(self._vault, self._new, self._ledger, self._engine.listener)
                Sealing(context, self._keys).keep_slots(retry(self._new.probe), None)
            self._expect(goal)
            if self._form == "sealed":
                self._heads.begin_anew()  # heads of an earlier time tell nothing of what was plain since
            self._mark(turning, self._heads.signer)
        elif marker == turning:
            self._mark(turning, self._heads.signer)  # it may have been stopped between two branches
        if (standing := self._ledger.standing()) is None or standing.marker != goal:
            self._expect(goal)
        return goal

    def _identity(self) -> Marker:
        probe = retry(self._new.probe)
        if probe.marker is None or probe.marker.vault != self._vault.id:
            message = f"{self._new.name} cannot be reached, or is no replica of this vault yet. {probe.marker_error}"
            raise WrongTarget(message.rstrip(), remedy=f"See what this says: netto-tui sync {self._new.name}")
        return probe.marker

    def _expect(self, marker: Marker) -> None:
        """Begin the ledger of the new form, in which nothing is proven."""
        with self._vault.transaction():
            self._ledger.begin(marker)
            self._ledger.doubt_all()

    def _mark(self, marker: Marker, signer: Signer | None) -> None:
        for last in (False, False, True):
            try:
                self._place.mark(marker, signer)
                self._heads.written()
                return
            except Moved:
                if last:
                    raise

    def _write(self) -> None:
        """Step 3. Raises Unfinished, and Refused where part of it is not to lie there in the new form."""
        report = self._engine.run(HalfConverted(self._new))
        if report.error:
            raise Unfinished(report)
        if self._ledger.withholds():
            count = many(len(self._ledger.withheld()), "conversation")
            raise Refused(
                f"{count} cannot lie unsealed on {self._new.name}, as something in there looks like a credential."
                " Nothing was deleted; the replica stays between its two forms.",
                remedy=f"Back to sealed: netto-tui keys convert {self._new.name}. Or write “allow_secrets = true” into"
                " its table in config.toml, then run this again.",
            )
        if report.state != "ok":
            raise Moved(f"{self._new.name} is not equal to what is here yet.")

    def _read_old(self) -> tuple[str, bool]:
        """Step 4: where the replica stood then, and whether something was new."""
        changes = self._old.changes("")
        names = sorted(name for name in changes.names if form_of_name(name) != self._form)
        before = Ledger(self._vault, f"{self._new.name} before", self._new.kind, self._new.target)
        context = Context(self._vault, self._old, before, self._engine.listener)
        for corrupt in changes.corrupt:
            context.quarantine(corrupt)
        if not self._trusted:
            self._compare(context, names)
            return changes.cursor, False
        pull = Pull(context)
        pull.read(names)
        self._vault.merge(context.tally.touched, self._engine.policy)
        self._taken_in += context.tally.pulled
        return changes.cursor, context.tally.pulled > 0

    def _compare(self, context: Context, names: list[str]) -> None:
        """Refuse to delete what nobody with the keys put there and is not here."""
        for held in self._old.read(names):
            context.check_cancel()
            for corrupt in held.corrupt:
                context.quarantine(corrupt)
            here = (
                {record.id for record in self._vault.records(held.records[0].rev.conversation)} if held.records else ()
            )
            if any(record.id not in here for record in held.records):
                raise Refused(
                    f"{self._new.name} holds something {'plain' if self._form == 'sealed' else 'sealed'} that is not"
                    " here, and this device has it as a sealed replica. Nothing was taken in or deleted.",
                    remedy="If you know that it was being converted: go on on the device that began it, or write"
                    " “plain = true” into its table in config.toml and run this again. Else somebody put it there.",
                )

    def _verify(self) -> None:
        """Step 5. Raises Moved after taking back the proof of what is not there as it is here."""
        root = self._vault.digest()
        if root == self._verified:
            return
        rows = self._vault.sql.execute("SELECT name, digest FROM conversations WHERE revisions").fetchall()
        wanted = {self._new.envelope.name(name): (name, digest) for name, digest in rows}
        wrong = {name for name, _ in wanted.values()}
        for held in self._new.read(sorted(wanted)):
            name, digest = wanted[held.name]
            if not held.corrupt and conversation_digest(record.id for record in held.records) == digest:
                wrong.discard(name)
        query = "SELECT sha256, name FROM blobs JOIN conversations ON id = conversation"
        for sha256, name in self._vault.sql.execute(query).fetchall():
            if not self._has_blob(sha256.hex()):
                wrong.add(name)
        if wrong:
            self._ledger.forget(wrong, recheck=True)
            raise Moved(f"{many(len(wrong), 'conversation')} read back differently from {self._new.name}.")
        self._verified = root

    def _has_blob(self, sha256: str) -> bool:
        """Whether a blob is there in the new form, or nowhere at all."""
        with suppress(InvalidRecord):
            if self._new.read_blob(sha256) is not None:
                return True
        if not self._vault.blobs.has(sha256):
            data = None
            with suppress(InvalidRecord):
                data = self._old.read_blob(sha256)
            if data is None:
                return True
            self._vault.add((), {sha256: data})
        return False


@contextmanager
def alone(vault_path: Path) -> Iterator[None]:
    """Keep the background sync of this vault from running meanwhile. Raises Busy where it does."""
    try:
        with FileLock(vault_path / ".netto" / "worker.lock", timeout=0, mode=0o600):
            yield
    except Timeout:
        message = "The app, or sync --watch, is running on this vault."
        raise Busy(message, remedy="Close it first; nothing was changed.") from None

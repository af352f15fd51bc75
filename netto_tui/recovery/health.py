"""The health of a vault, from what is known without asking any replica. Silence is red.

Each check is evidence for one or two of the promises, which are numbered as in `recovery.lights`.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from netto_tui.config import Config
from netto_tui.errors import Locked
from netto_tui.model.clock import SKEW_LIMIT_MS, to_instant, to_ms
from netto_tui.plural import many, number
from netto_tui.recovery import meters
from netto_tui.recovery.drill import DrillReport, last_drills
from netto_tui.recovery.head_evidence import evidence
from netto_tui.replicas.base import TOKEN_DAYS
from netto_tui.sync.standing import replica_rows
from netto_tui.sync.wanted import wanted
from netto_tui.vault.premises import OTHERS
from netto_tui.vault.rows import ReplicaRow
from netto_tui.vault.vault import Vault

State = Literal["ok", "warn", "bad"]

LOW_SPACE = 200 * 2**20
FAILURES = 3
"""So many failed passes in a row are worth a warning before the silence is."""

FAULTS = ("denied", "locked", "wrong-target", "suspect", "damaged", "newer-format", "refused")
"""States of a replica that are faults, however young its last proof is."""

DAY_MS = 24 * 3600 * 1000

DRILL_AGE_MS = 45 * DAY_MS
"""A restore should be tried about once a month."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its state, what was found, and what to do if it is not good.

    promises: the numbers of those that it is evidence for, none for what stands beside them. topic: what it is
    about, a stable word for programs. replica: the one that it is about, else "".
    """

    name: str
    state: State
    detail: str
    remedy: str = ""
    promises: tuple[int, ...] = ()
    topic: str = ""
    replica: str = ""


def check(vault: Vault, config: Config) -> list[Check]:
    """Look at the vault, its replicas and its drills; the worst come first."""
    found = [
        *_vault_checks(vault),
        *_key_checks(vault, config),
        *_replica_checks(vault, config),
        *_head_checks(vault, config),
        *_drill_checks(vault, config),
        *_clock_checks(vault),
    ]
    return sorted(found, key=lambda each: ("bad", "warn", "ok").index(each.state))


def _vault_checks(vault: Vault) -> Iterator[Check]:
    with vault.reader() as reader:
        totals = reader.totals()
    size = f"{many(totals.conversations, 'conversation')}, {many(totals.messages, 'message')}"
    lost = wanted(vault)
    if lost:
        detail = f"{many(len(lost), 'conversation')} lost something here"
        yield Check("vault", "bad", detail, "Bring it back from a replica: netto-tui sync", (1, 2), "losses")
    else:
        yield Check("vault", "ok", f"{size}, none lost anything", "", (1, 2), "losses")
    if totals.conflicts:
        undecided = many(totals.conflicts, "item")
        yield Check("conflicts", "warn", f"{undecided} to decide", "netto-tui conflicts, or the app", (4,), "conflicts")
    else:
        yield Check("conflicts", "ok", "none to decide", "", (4,), "conflicts")
    if notes := vault.quarantine.notes():
        detail = f"{many(len(notes), 'find')}, the latest: {notes[-1]['where']}"
        remedy = "See what they were, then remove them from quarantine/"
        yield Check("quarantine", "warn", detail, remedy, (3,), "quarantine")
    else:
        yield Check("quarantine", "ok", "nothing was set aside", "", (3,), "quarantine")
    if vault.path.stat().st_mode & OTHERS:
        remedy = f"Run: chmod 700 {shlex.quote(str(vault.path))}"
        yield Check("access", "warn", "other people on this machine can enter the vault", remedy, (), "access")
    else:
        yield Check("access", "ok", "the vault is for its owner alone", "", (), "access")
    free = shutil.disk_usage(vault.path).free
    state: State = "bad" if free < LOW_SPACE else "ok"
    remedy = "Free some space" if state == "bad" else ""
    yield Check("free space", state, f"{number(free // 2**20)} MB free", remedy, (1,), "space")


def _key_checks(vault: Vault, config: Config) -> Iterator[Check]:
    """Whether the keys of sealed replicas are at hand, and somebody has the code that brings them back."""
    from netto_tui.security import custody

    if all(each.plain for each in config.replicas):
        return
    try:
        keys = custody.load(vault.path, vault.id)
    except Locked as error:
        detail = f"locked: {error.message} What is said is kept here, uploads wait."
        yield Check("keys", "bad", detail, error.remedy, (6,), "keys")
        return
    if custody.is_confirmed(vault.path, keys):
        yield Check("keys", "ok", "at hand, and somebody has the recovery code", "", (6,), "keys")
    else:
        detail = "nobody typed the recovery code back: with this device, all would be lost"
        remedy = "Print it: netto-tui keys kit; then type it back: netto-tui keys confirm"
        yield Check("keys", "bad", detail, remedy, (6,), "keys")


def _replica_checks(vault: Vault, config: Config) -> Iterator[Check]:
    vault.digest()
    with vault.reader() as reader:
        rows = replica_rows(config, reader)
    if not rows:
        remedy = "Add one: netto-tui init --replica NAME=KIND:TARGET"
        yield Check("replicas", "bad", "there is no second copy", remedy, (5, 6, 8), "replicas")
    for row in rows:
        yield _replica_check(vault, config, row)
        yield from _meter_checks(vault, row)
        if row.withheld:
            detail = f"part of {many(row.withheld, 'conversation')} is kept off it: a secret, or refused by the host"
            remedy = "See which: netto-tui list has:secret; a sealed replica takes all: netto-tui keys convert --help"
            yield Check(f"withheld {row.name}", "warn", detail, remedy, (6,), "withheld", row.name)


def _meter_checks(vault: Vault, row: ReplicaRow) -> Iterator[Check]:
    """What of it runs out soon, and for what does not, how much there is."""
    for meter in row.meters:
        state, is_token = meters.state(meter), meter.name == TOKEN_DAYS
        remedy = "netto-tui init stores a new token" if is_token else "It is full again by itself"
        told = meters.words(meter, vault.zone)
        topic = "token" if is_token else "quota"
        yield Check(row.name, state, told, remedy if state != "ok" else "", (8,), topic, row.name)


def _replica_check(vault: Vault, config: Config, row: ReplicaRow) -> Check:
    """How one replica stands. A pause is a person's will and no fault, but it is not forgotten."""
    age_ms = vault.clock.now() - to_ms(row.verified_at) if row.verified_at else None
    limit_ms = 2 * config.interval_minutes * 60_000
    proven = f"last proven equal {age(age_ms)} ago" if age_ms is not None else "never proven equal"
    waiting = f", {many(row.pending, 'conversation')} behind" if row.pending else ""

    def found(state: State, detail: str, remedy: str = "", *promises: int) -> Check:
        return Check(row.name, state, detail, remedy, (5, *promises), "replica", row.name)

    if row.paused:
        return found("warn", f"paused by a person, {proven}{waiting}", f"netto-tui sync --resume {row.name}", 8)
    if row.state == "never" and not row.last_error:
        return found("bad", "never synced", _remedy(row), 8)
    if row.state in FAULTS:
        lying = (7,) if row.state in ("wrong-target", "suspect", "damaged") else ()
        detail = f"{row.state}: {row.last_error or 'verification found damage'}"
        return found("bad", detail, _remedy(row), *lying, 8)
    if age_ms is None or age_ms > limit_ms:
        return found("bad", f"{proven}{waiting}{_error(row)}", _remedy(row), 8)
    if row.failures >= FAILURES:
        return found("warn", f"{row.failures} passes failed{_error(row)}", _remedy(row), 8)
    if row.pending:
        return found("warn", f"{many(row.pending, 'conversation')} on the way, {proven}", _remedy(row))
    return found("ok", f"{many(row.verified, 'conversation')}, {proven}", "", 8)


def _head_checks(vault: Vault, config: Config) -> Iterator[Check]:
    """Whether somebody tampered with a sealed replica lately, and the head that each shows."""
    for name, seen in evidence(vault, config).items():
        if seen.fault:
            remedy = f"Find out who can write there and change that secret; then: netto-tui heads check {name}"
            yield Check(f"heads {name}", "bad", seen.fault, remedy, (7,), "heads", name)
        else:
            yield Check(f"heads {name}", "ok", seen.words, "", (7,), "heads", name)


def _error(row: ReplicaRow) -> str:
    return f"; last error: {row.last_error}" if row.last_error else ""


REMEDIES = {
    "locked": "netto-tui keys unlock",
    "denied": "netto-tui doctor tells what its token may not do",
    "wrong-target": "Check its target in the settings; netto-tui doctor tells what is there",
    "newer-format": "Upgrade netto-tui on this machine",
}
"""What is to be done about the states that another pass would not mend."""


def _remedy(row: ReplicaRow) -> str:
    return REMEDIES.get(row.state, f"netto-tui sync {row.name}")


def _drill_checks(vault: Vault, config: Config) -> Iterator[Check]:
    drills = last_drills(vault)
    for each in config.replicas:
        state, detail = _drilled(vault, drills.get(each.name))
        remedy = "" if state == "ok" else f"netto-tui drill {each.name}"
        yield Check(f"drill {each.name}", state, detail, remedy, (6,), "drill", each.name)


def _drilled(vault: Vault, drill: DrillReport | None) -> tuple[State, str]:
    if drill is None:
        return "warn", "a restore from it was never tried"
    if not drill.ok:
        return "bad", f"the last restore failed: {drill.error}"
    old = vault.clock.now() - to_ms(drill.at)
    detail = f"{many(drill.conversations, 'conversation')} restored in {drill.seconds:.1f} s, {age(old)} ago"
    return "warn" if old > DRILL_AGE_MS else "ok", detail


def _clock_checks(vault: Vault) -> Iterator[Check]:
    """Whether this machine's clock can be true: ages of proofs are told by it, and ties are broken by it."""
    now = vault.clock.now()
    last = vault.sql.execute(
        "SELECT max(ifnull((SELECT max(at) FROM journal), ''), ifnull((SELECT max(verified_at) FROM replicas), ''))"
    ).fetchone()[0]
    skew = vault.sql.execute(
        "SELECT replica, detail FROM journal WHERE kind = 'Alerted' AND detail LIKE 'The clock of %' AND at >= ?"
        " ORDER BY id DESC LIMIT 1",
        (to_instant(now - DAY_MS),),
    ).fetchone()
    if to_ms(last) - now > SKEW_LIMIT_MS:
        detail = f"it is {age(to_ms(last) - now)} behind what was noted here earlier"
        yield Check("clock", "bad", detail, "Set this machine's clock", (), "clock")
    elif skew is not None:
        yield Check("clock", "warn", skew[1], "Set this machine's clock, or that of the store", (), "clock", skew[0])
    else:
        yield Check("clock", "ok", "it agrees with what was noted here and with the stores", "", (), "clock")


def age(ms: int) -> str:
    """A span of time for people, in its largest unit: `3 h`."""
    span = timedelta(milliseconds=max(0, ms))
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if span >= length:
            return f"{span // length} {unit}"
    return f"{span // timedelta(seconds=1)} s"

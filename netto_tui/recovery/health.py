"""The health of a vault, from what is known without asking any replica. Silence is red."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from netto_tui.config import Config
from netto_tui.errors import Locked
from netto_tui.model.clock import to_ms
from netto_tui.plural import many
from netto_tui.recovery import meters
from netto_tui.recovery.drill import DrillReport, last_drills
from netto_tui.recovery.head_evidence import evidence
from netto_tui.replicas.base import TOKEN_DAYS
from netto_tui.sync.wanted import wanted
from netto_tui.vault.premises import OTHERS
from netto_tui.vault.rows import ReplicaRow
from netto_tui.vault.vault import Vault

State = Literal["ok", "warn", "bad"]

LOW_SPACE = 200 * 2**20
FAILURES = 3
"""So many failed passes in a row are worth a warning before the silence is."""

DRILL_AGE_MS = 45 * 24 * 3600 * 1000
"""A restore should be tried about once a month."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its state, what was found, and what to do if it is not good."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def check(vault: Vault, config: Config) -> list[Check]:
    """Look at the vault, its replicas and its drills; the worst come first."""
    found = [
        *_vault_checks(vault),
        *_key_checks(vault, config),
        *_replica_checks(vault, config),
        *_head_checks(vault, config),
        *_drill_checks(vault, config),
    ]
    return sorted(found, key=lambda each: ("bad", "warn", "ok").index(each.state))


def _vault_checks(vault: Vault) -> Iterator[Check]:
    with vault.reader() as reader:
        totals = reader.totals()
    size = f"{many(totals.conversations, 'conversation')}, {many(totals.messages, 'message')}"
    lost = wanted(vault)
    if lost:
        detail = f"{many(len(lost), 'conversation')} lost something here"
        yield Check("vault", "bad", detail, "Bring it back from a replica: netto-tui sync")
    else:
        yield Check("vault", "ok", size)
    if totals.conflicts:
        undecided = many(totals.conflicts, "item")
        yield Check("conflicts", "warn", f"{undecided} to decide", "netto-tui conflicts, or the app")
    if notes := vault.quarantine.notes():
        detail = f"{len(notes)} finds, the latest: {notes[-1]['where']}"
        yield Check("quarantine", "warn", detail, "See what they were, then remove them from quarantine/")
    if vault.path.stat().st_mode & OTHERS:
        remedy = f"Run: chmod 700 {shlex.quote(str(vault.path))}"
        yield Check("access", "warn", "other people on this machine can enter the vault", remedy)
    free = shutil.disk_usage(vault.path).free
    state: State = "bad" if free < LOW_SPACE else "ok"
    yield Check("free space", state, f"{free // 2**20} MB free", "Free some space" if state == "bad" else "")


def _key_checks(vault: Vault, config: Config) -> Iterator[Check]:
    """Whether the keys of sealed replicas are at hand, and somebody has the code that brings them back."""
    from netto_tui.security import custody

    if all(each.plain for each in config.replicas):
        return
    try:
        keys = custody.load(vault.path, vault.id)
    except Locked as error:
        yield Check("keys", "bad", f"locked: {error.message} What is said is kept here, uploads wait.", error.remedy)
        return
    if custody.is_confirmed(vault.path, keys):
        yield Check("keys", "ok", "at hand, and somebody has the recovery code")
    else:
        remedy = "Print it: netto-tui keys kit; then type it back: netto-tui keys confirm"
        yield Check("keys", "bad", "nobody typed the recovery code back: with this device, all would be lost", remedy)


def _replica_checks(vault: Vault, config: Config) -> Iterator[Check]:
    vault.digest()
    with vault.reader() as reader:
        rows = {row.name: row for row in reader.replicas()}
    if not config.replicas:
        yield Check("replicas", "bad", "there is no second copy", "Add one: netto-tui init --replica NAME=KIND:TARGET")
    for each in config.replicas:
        row = rows.get(each.name)
        if row is None or (row.kind, row.target) != (each.kind, each.target):
            yield Check(each.name, "bad", "never synced", f"netto-tui sync {each.name}")
        else:
            yield _replica_check(vault, config, row)
            yield from _meter_checks(vault, row)


def _meter_checks(vault: Vault, row: ReplicaRow) -> Iterator[Check]:
    """What of it runs out soon."""
    for meter in row.meters:
        state = meters.state(meter)
        if state != "ok":
            remedy = "netto-tui init stores a new token" if meter.name == TOKEN_DAYS else "It is full again by itself"
            yield Check(row.name, state, meters.words(meter, vault.zone), remedy)


def _replica_check(vault: Vault, config: Config, row: ReplicaRow) -> Check:
    age_ms = vault.clock.now() - to_ms(row.verified_at) if row.verified_at else None
    limit_ms = 2 * config.interval_minutes * 60_000
    proven = f"last proven equal {age(age_ms)} ago" if age_ms is not None else "never proven equal"
    if row.state in ("denied", "locked", "wrong-target", "suspect", "damaged", "newer-format", "paused"):
        return Check(row.name, "bad", f"{row.state}: {row.last_error or 'verification found damage'}", _remedy(row))
    if age_ms is None or age_ms > limit_ms:
        waiting = f", {many(row.pending, 'conversation')} behind" if row.pending else ""
        return Check(row.name, "bad", f"{proven}{waiting}{_error(row)}", _remedy(row))
    if row.failures >= FAILURES:
        return Check(row.name, "warn", f"{row.failures} passes failed{_error(row)}", _remedy(row))
    if row.pending:
        return Check(row.name, "warn", f"{many(row.pending, 'conversation')} on the way, {proven}", _remedy(row))
    return Check(row.name, "ok", f"{many(row.verified, 'conversation')}, {proven}")


def _head_checks(vault: Vault, config: Config) -> Iterator[Check]:
    """Whether somebody tampered with a sealed replica lately, and the head that each shows."""
    for name, seen in evidence(vault, config).items():
        if seen.fault:
            remedy = f"Find out who can write there and change that secret; then: netto-tui heads check {name}"
            yield Check(f"heads {name}", "bad", seen.fault, remedy)
        else:
            yield Check(f"heads {name}", "ok", seen.words)


def _error(row: ReplicaRow) -> str:
    return f"; last error: {row.last_error}" if row.last_error else ""


def _remedy(row: ReplicaRow) -> str:
    return f"netto-tui sync {row.name}"


def _drill_checks(vault: Vault, config: Config) -> Iterator[Check]:
    drills = last_drills(vault)
    for each in config.replicas:
        drill = drills.get(each.name)
        name, remedy = f"drill {each.name}", f"netto-tui drill {each.name}"
        if drill is None:
            yield Check(name, "warn", "a restore from it was never tried", remedy)
        elif not drill.ok:
            yield Check(name, "bad", f"the last restore failed: {drill.error}", remedy)
        else:
            yield _drill_check(vault, name, drill, remedy)


def _drill_check(vault: Vault, name: str, drill: DrillReport, remedy: str) -> Check:
    old = vault.clock.now() - to_ms(drill.at)
    detail = f"{many(drill.conversations, 'conversation')} restored in {drill.seconds:.1f} s, {age(old)} ago"
    return Check(name, "warn", detail, remedy) if old > DRILL_AGE_MS else Check(name, "ok", detail)


def age(ms: int) -> str:
    """A span of time for people, in its largest unit: `3 h`."""
    span = timedelta(milliseconds=max(0, ms))
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if span >= length:
            return f"{span // length} {unit}"
    return f"{span // timedelta(seconds=1)} s"

"""One round over several replicas: what one of them brings goes on to the others."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from netto_tui.config import Config, ReplicaConfig
from netto_tui.errors import NettoError
from netto_tui.model.clock import to_instant
from netto_tui.replicas.base import Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import PLAIN, SCREENED, Sealed
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.wanted import accept_loss, settle_wanted, wanted
from netto_tui.vault import memory
from netto_tui.vault.vault import Vault

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet

ROUNDS = 3
"""What the last replica brings reaches the first one in the second round."""


def open_replicas(
    vault: Vault, config: Config, names: Sequence[str] = (), cancel: threading.Event | None = None
) -> list[Replica]:
    """The configured replicas, or those named. Raises UsageError for a name or kind that is not there."""
    chosen = [config.replica(name) for name in names] or list(config.replicas)
    return [open_configured(vault, each, cancel) for each in chosen]


def open_configured(vault: Vault, configured: ReplicaConfig, cancel: threading.Event | None = None) -> Replica:
    """One replica as the configuration describes it; nothing is touched yet."""
    plain = SCREENED if configured.screened else PLAIN
    envelope = plain if configured.plain else Sealed(partial(load_keys, vault))
    return open_replica(
        configured.name,
        configured.kind,
        configured.target,
        envelope,
        vault.path / ".netto" / "cache",
        vault.device,
        cancel or threading.Event(),
        vault.clock.now,
        configured,
    )


def load_keys(vault: Vault) -> KeySet:
    """The keys of a vault. Raises Locked where they are not at hand."""
    from netto_tui.security import custody

    return custody.load(vault.path, vault.id)


def new_engine(vault: Vault, config: Config, listener: events.Listener) -> Engine:
    """An engine that follows a vault's settings."""
    return Engine(vault, listener, policy=config.policy, quiet_ms=config.quiet_minutes * 60_000)


def sync_all(
    engine: Engine, replicas: Sequence[Replica], *, rebuild: Collection[str] = (), complete: bool = True
) -> list[events.PassReport]:
    """Make the vault and these replicas equal; one report for each, in their order.

    rebuild: names of replicas to be made whole on a person's word. complete: these are all the
    replicas there are, so what none of them has is lost.
    """
    vault = engine.vault
    tell_alerts(engine, memory.refresh(vault))
    reports: dict[str, events.PassReport] = {}
    asked: dict[str, set[str]] = {each.name: set() for each in replicas}
    waiting = list(replicas)
    for _ in range(ROUNDS):
        for each in waiting:
            again = each.name in reports
            asked[each.name].update(wanted(vault))
            report = engine.run(each, rebuild=each.name in rebuild and not again)
            reports[each.name] = _together(reports[each.name], report) if again else report
        lost = set(wanted(vault))
        well = [each for each in replicas if not reports[each.name].error]
        waiting = [each for each in well if lost - asked[each.name] or is_due(engine, each)]
        if not waiting:
            break
    tell_alerts(engine, memory.refresh(vault))
    if complete and all(not report.error for report in reports.values()):
        _conclude_wanted(engine, [name for name in wanted(vault) if all(name in each for each in asked.values())])
    return [reports[each.name] for each in replicas]


def is_due(engine: Engine, replica: Replica) -> bool:
    """Whether something here is not proven to be there."""
    ledger, quiet_since = Ledger(engine.vault, replica.name, replica.kind, replica.target), engine.quiet_since()
    return not ledger.is_proven(engine.vault.digest(), quiet_since) and bool(ledger.outbox(quiet_since))


def tell_alerts(engine: Engine, texts: Sequence[str]) -> None:
    """Tell a person what reading the memory files brought up."""
    for text in texts:
        engine.listener(events.Alerted(to_instant(engine.vault.clock.now()), "", "memory", text))


def _conclude_wanted(engine: Engine, names: Sequence[str]) -> None:
    """Every replica was asked for what was lost here: strike it off, and tell what nobody has."""
    vault = engine.vault
    for name in names:
        needed = vault.sql.execute(
            "SELECT sha256 FROM blobs JOIN conversations ON id = conversation WHERE name = ?", (name,)
        ).fetchall()
        gone = not vault.records(name)
        if gone or not all(vault.blobs.has(sha256.hex()) for (sha256,) in needed):
            what = "The conversation" if gone else "Part of the conversation"
            text = f"{what} {name} is on no replica. Look into quarantine/ and the history of a Git replica."
            engine.listener(events.Alerted(to_instant(vault.clock.now()), "", "lost", text))
            accept_loss(vault, name)
    settle_wanted(vault, names)


def _together(first: events.PassReport, second: events.PassReport) -> events.PassReport:
    return replace(
        second,
        pulled=first.pulled + second.pulled,
        pushed=first.pushed + second.pushed,
        healed=first.healed + second.healed,
        quarantined=first.quarantined + second.quarantined,
        requests=first.requests + second.requests,
    )


def close_all(replicas: Sequence[Replica]) -> None:
    """Let go of every replica, whatever one of them says to it."""
    for each in replicas:
        try:
            each.close()
        except (NettoError, OSError):
            continue

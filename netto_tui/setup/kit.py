"""What a recovery kit tells of a vault's replicas: where they are, and which signed head each showed last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netto_tui.model.clock import to_instant
from netto_tui.security.heads import short
from netto_tui.security.kit import Kit
from netto_tui.sync import seen_heads
from netto_tui.sync.ledger import Ledger

if TYPE_CHECKING:
    from netto_tui.config import Config, ReplicaConfig
    from netto_tui.security.keyset import KeySet
    from netto_tui.vault.vault import Vault


def kit_of(vault: Vault, config: Config, keys: KeySet) -> Kit:
    """The kit as of today; no replica is asked."""
    sealed = [each for each in config.replicas if not each.plain]
    heads = [line for each in sealed for line in _heads(vault, each)]
    return Kit(vault.id, keys, to_instant(vault.clock.now())[:10], [_place(each) for each in sealed], heads)


def _place(each: ReplicaConfig) -> str:
    """Where a replica is, without a password that its URL may have."""
    from netto_tui.replicas.git_remote import without_credentials

    return f"{each.name}, {each.kind} {without_credentials(each.target)}"


def _heads(vault: Vault, each: ReplicaConfig) -> Iterator[str]:
    standing = Ledger(vault, each.name, each.kind, each.target).standing()
    if standing is None or standing.marker is None:
        return
    seen = seen_heads.load(vault.path, standing.marker.replica)
    for branch, place in sorted(seen.shown.items()):
        yield f"{each.name}, {branch}: number {place.seq}, {seen.told.get(branch, '')[:10]}, {short(place.sha256)}"

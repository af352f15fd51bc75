"""What the steps of one pass share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netto_tui.errors import Cancelled
from netto_tui.model.clock import to_instant
from netto_tui.replicas.base import Corrupt, Replica, Selective
from netto_tui.security.envelope import UNSEALED
from netto_tui.sync import events
from netto_tui.sync.ledger import Ledger
from netto_tui.vault.vault import Vault


@dataclass
class Tally:
    """What a pass has done so far; bad: conversations that the replica had lost or let rot."""

    pulled: int = 0
    pushed: int = 0
    pushed_conversations: int = 0
    healed: int = 0
    quarantined: int = 0
    touched: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)


@dataclass
class Context:
    """One vault, one replica, and what is known and done.

    partly: conversations of which this pass saw that the replica lacks something, with what it has.
    newest_keys: the slots of the replica were looked at for newer keys in this pass. exposed: something
    unsealed was found on a sealed replica.
    """

    vault: Vault
    replica: Replica
    ledger: Ledger
    listener: events.Listener
    rebuild: bool = False
    tally: Tally = field(default_factory=Tally)
    partly: dict[str, frozenset[str]] = field(default_factory=dict)
    newest_keys: bool = False
    exposed: bool = False

    def tell(self, event: Callable[..., events.SyncEvent], *details: Any, store: str | None = None) -> None:
        """Send an event to whoever listens; store: "" for the vault itself."""
        name = self.replica.name if store is None else store
        self.listener(event(to_instant(self.vault.clock.now()), name, *details))

    def alert(self, code: str, text: str) -> None:
        """Tell a person something about the replica."""
        self.tell(events.Alerted, code, text)

    def quarantine(self, corrupt: Corrupt, store: str | None = None) -> None:
        """Set bad bytes aside; store: "" when they were the vault's own."""
        store = self.replica.name if store is None else store
        self.vault.quarantine.keep(f"{store}:{corrupt.where}" if store else corrupt.where, corrupt.data, corrupt.reason)
        self.tally.quarantined += 1
        if corrupt.reason == UNSEALED and not self.exposed:
            self.exposed = True
            text = (
                f"{self.replica.name} holds something unsealed that nobody with the keys put there; it is not taken in."
            )
            self.alert("plaintext", text)
        self.tell(events.Quarantined, corrupt.where, corrupt.reason, store=store)

    def check_cancel(self) -> None:
        """Raise Cancelled once the person or the app asked to stop."""
        if self.replica.cancel.is_set():
            raise Cancelled("The pass was stopped; what is done stays done.")

    def host_withheld(self) -> Mapping[str, str]:
        """Records and blobs that the replica's host does not take, by name, each with its reason."""
        return self.replica.withheld() if isinstance(self.replica, Selective) else {}

    def stored_name(self, conversation: str) -> str:
        """Under which name the replica keeps a conversation."""
        return self.replica.envelope.name(conversation)

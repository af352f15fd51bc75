"""Whether a replica is sealed as this vault seals, and the key slots that lie on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from netto_tui.errors import Denied, InvalidRecord, NettoError, WrongTarget
from netto_tui.replicas.base import Batch, Marker, Probe, Signer
from netto_tui.sync.context import Context

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet


class KeysChanged(NettoError):
    """Something on the replica is sealed with a newer key; the slots there have to be looked at first."""


class Sealing:
    """The keys and the replica of one pass. keys: gives the vault's keys; None where it has none."""

    def __init__(self, context: Context, keys: Callable[[], KeySet] | None) -> None:
        self._context = context
        self._keys = keys
        self._vault = context.vault
        self._replica = context.replica

    def mark(self, marker: Marker) -> Marker:
        """An identity for this replica that says what it is sealed with. Raises Locked."""
        return replace(marker, keys=self._fingerprint())

    def check(self, marker: Marker) -> None:
        """Raises WrongTarget, Denied or Locked where the replica is not sealed as it has to be."""
        name, keys = self._replica.name, self._fingerprint()
        if marker.keys == keys:
            return
        if not keys:
            message = f"{name} is sealed, and this device has it as a plain replica."
            raise WrongTarget(message, remedy=f"Take “plain = true” out of the table of {name} in config.toml.")
        if not marker.keys:
            message = (
                f"{name} says that its conversations lie there unsealed, and it has to be sealed. Nothing was read."
            )
            raise WrongTarget(
                message,
                remedy=f"If you made it plain: netto-tui keys convert {name}, or write “plain = true” into its"
                " table in config.toml. If not, somebody changed it.",
            )
        message = f"{name} is sealed with other keys than this vault has."
        raise Denied(message, remedy="Check that it is the right place; other keys come in by: netto-tui keys unlock")

    def keep_slots(self, probe: Probe, signer: Signer | None) -> Probe:
        """Have the key slots there that this device has, after taking over what another one changed.

        Asks nothing where that was proven already. Raises Moved, Locked and what reading slots raises.
        """
        mine = self._slots()
        if not mine or self._context.ledger.slots() == _digest(mine):
            return probe
        there = self._replica.slots()
        if there and there != mine:
            self._refresh(there)
            mine = self._slots()
        if changed := {name: data for name, data in mine.items() if there.get(name) != data}:
            cursor = self._replica.add(Batch([], slots=changed, signer=signer), probe.cursor)
            there = self._replica.slots()
            standing = self._context.ledger.standing()
            if standing is not None and standing.cursor and standing.cursor == probe.cursor:
                self._context.ledger.advance(cursor)  # nothing but the slots is new there
        if any(there.get(name) != data for name, data in mine.items()):
            raise InvalidRecord(f"The key slots did not arrive on {self._replica.name}.")
        self._context.ledger.note_slots(_digest(mine))
        return self._replica.probe()

    def take_newer_keys(self) -> None:
        """Take over keys that another device made. Raises Locked."""
        if self._keys is not None:
            self._refresh(self._replica.slots())

    def _slots(self) -> dict[str, bytes]:
        from netto_tui.security import custody

        return {} if self._replica.envelope.readable else custody.slots(self._vault.path)

    def _refresh(self, slots: Mapping[str, bytes]) -> None:
        from netto_tui.security import custody

        custody.refresh(self._vault.path, self._vault.id, slots)

    def _fingerprint(self) -> str:
        """Of what the replica has to be sealed with, "" for a plain one."""
        if self._replica.envelope.readable:
            return ""
        self._replica.envelope.name("")  # without keys this is where it shows
        return self._keys().fingerprint if self._keys is not None else ""


def _digest(slots: Mapping[str, bytes]) -> str:
    return sha256(
        b"".join(name.encode() + b"\0" + sha256(data).digest() for name, data in sorted(slots.items()))
    ).hexdigest()

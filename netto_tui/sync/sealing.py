"""Whether a replica is sealed as this vault seals, and the key slots that lie on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from netto_tui.errors import Denied, InvalidRecord, Locked, NettoError, Refused, WrongTarget
from netto_tui.replicas.base import Batch, Corrupt, Marker, Probe, Replica, Signer
from netto_tui.replicas.forms import becoming
from netto_tui.sync.context import Context

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet
    from netto_tui.vault.vault import Vault


class KeysChanged(NettoError):
    """Something on the replica is sealed with a newer key; the slots there have to be looked at first."""


def require_one_form(name: str, marker: Marker | None) -> None:
    """Raises Refused for a replica that is being brought from one form to the other: nobody else may use it now."""
    if marker is not None and (form := becoming(marker)):
        option = " --to-plain" if form == "plain" else ""
        raise Refused(
            f"{name} is being made {form}; nothing is read or written there until that is done.",
            remedy=f"Wait for the device that does it, then let {name} be {form} here too. If it was interrupted, go on"
            f" on that device: netto-tui keys convert {name}{option}",
        )


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
        require_one_form(self._replica.name, marker)
        name, keys = self._replica.name, self._fingerprint()
        if marker.keys == keys:
            return
        if not keys:
            message = f"{name} is sealed, and this device has it as a plain replica."
            raise WrongTarget(
                message,
                remedy=f"Run: netto-tui keys convert {name}, or take “plain = true” out of its table in config.toml.",
            )
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

        Asks nothing where that was proven already and nothing changed there since. Raises Moved, Locked and what
        reading slots raises.
        """
        mine, ledger, standing = self._slots(), self._context.ledger, self._context.ledger.standing()
        known = ledger.slots() == _digest(mine) and standing is not None and standing.cursor == probe.cursor
        if known or not (mine or self._spoiled()):
            return probe
        try:
            there = self._sound_slots(mine)
        except InvalidRecord:
            if standing is None:
                raise
            ledger.need_repair()  # the store has to be mended first
            return probe
        if there and there != mine:
            self._take_over(there)
            mine = self._slots()
        if changed := {name: data for name, data in mine.items() if there.get(name) != data}:
            cursor = self._replica.add(Batch([], slots=changed, signer=signer), probe.cursor)
            there = self._replica.slots()
            if standing is not None and standing.cursor and standing.cursor == probe.cursor:
                ledger.advance(cursor)  # nothing but the slots is new there
        if any(there.get(name) != data for name, data in mine.items()):
            raise InvalidRecord(f"The key slots did not arrive on {self._replica.name}.")
        if ledger.slots() != _digest(mine):
            ledger.note_slots(_digest(mine))
        return self._replica.probe() if changed else probe

    def take_newer_keys(self) -> None:
        """Take over keys that another device uses: new ones, or those that a rotation here staged. Raises Locked."""
        from netto_tui.security import custody
        from netto_tui.security.slots import RECOVERY

        if self._keys is None:
            return
        there = self._replica.slots()
        self._refresh(there)
        if there.get(RECOVERY) == self._slots().get(RECOVERY):
            custody.adopt_staged(self._vault.path, self._vault.id)

    def _sound_slots(self, mine: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The slots there, without those of ours that are none any more: these are told, and written again."""
        from netto_tui.security.slots import RECOVERY, is_sound

        there, name = self._replica.slots(), self._replica.name
        bad = {slot for slot, data in mine.items() if data and there.get(slot) and not is_sound(there[slot])}
        gone = {slot for slot in (RECOVERY,) if self._context.ledger.slots() and mine.get(slot) and not there.get(slot)}
        for slot in sorted(bad | gone):
            what = "was gone" if slot in gone else "was no key slot any more"
            self._context.alert("slots", f"{slot} on {name} {what}; that of this device is put there.")
        return {slot: data for slot, data in there.items() if slot not in bad}

    def _take_over(self, there: Mapping[str, bytes]) -> None:
        """Take over what another device changed. A slot that this device cannot open stays, but for a person's word."""
        if self._keys is not None:
            self._keys()  # without them nothing is to be judged, nor to be written over
        try:
            self._refresh(there)
        except (Locked, WrongTarget) as error:
            if not self._context.rebuild:
                last = f"netto-tui sync {self._replica.name} --rebuild puts the slots of this device there."
                remedy = f"{error.remedy} If nobody did that, somebody changed the slot: {last}"
                raise type(error)(error.message, remedy=remedy) from None

    def _slots(self) -> dict[str, bytes]:
        from netto_tui.security import custody

        return {} if self._replica.envelope.readable else custody.slots(self._vault.path)

    def _spoiled(self) -> bool:
        """Whether what were key slots here are none any more; then they come back from a replica."""
        from netto_tui.security import custody

        return not self._replica.envelope.readable and any(custody.slots_as_they_are(self._vault.path).values())

    def _refresh(self, slots: Mapping[str, bytes]) -> None:
        from netto_tui.security import custody

        custody.refresh(self._vault.path, self._vault.id, slots)

    def _fingerprint(self) -> str:
        """Of what the replica has to be sealed with, "" for a plain one."""
        if self._replica.envelope.readable:
            return ""
        self._replica.envelope.name("")  # without keys this is where it shows
        return self._keys().fingerprint if self._keys is not None else ""


def slot_faults(vault: Vault, replica: Replica) -> Iterator[Corrupt]:
    """Where the key slots of a sealed replica differ from those of this device, which the next pass settles."""
    from netto_tui.security import custody
    from netto_tui.security.slots import check

    mine = {} if replica.envelope.readable else custody.slots(vault.path)
    try:
        there = replica.slots() if mine else {}
    except InvalidRecord as error:
        yield Corrupt(".netto/keys", b"", error.message)
        return
    for name, data in mine.items():
        found = there.get(name)
        if found == data:
            continue
        reason = "The key slot is missing." if not found else "The key slot is another one than on this device."
        try:
            check(found or data)
        except NettoError as error:
            reason = error.message
        yield Corrupt(f".netto/keys/{name}", found or b"", reason)


def _digest(slots: Mapping[str, bytes]) -> str:
    return sha256(
        b"".join(name.encode() + b"\0" + sha256(data).digest() for name, data in sorted(slots.items()))
    ).hexdigest()

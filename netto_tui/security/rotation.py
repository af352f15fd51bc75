"""New keys, a new recovery code, and passphrases, so that a crash at any step leaves a slot that opens everything.

A rotation stages, proves, spreads, switches and retires, in this order:

    device.next.jwe        the new key set, which holds every old key too, beside the old one
    slot-….age             slots of the new set take the place of the old ones here; each opens all that is sealed
    put(slots)             on at least two replicas, read back there
    device.jwe             replaced by device.next.jwe in one step: from here on the new key seals

Killed before the switch, the old key goes on sealing, and the next rotation takes up the staged keys instead of
making others. The recovery code is in the key set, so its slot is sealed anew without asking anybody. A
passphrase is nowhere: it is given again, or its slot is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from netto_tui.errors import Denied, InvalidRecord, NettoError, Unreachable, UsageError
from netto_tui.files import atomic_write, sync_folder
from netto_tui.security import custody, slots
from netto_tui.security.device_file import seal_device_file
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret

Put = Callable[[Mapping[str, bytes]], int]
"""Puts slots by name on the sealed replicas, empty ones too, and reads them back; how many have them now."""

LEAST_REPLICAS = 2
LEAST_LETTERS = 20
LEAST_DIFFERENT = 8


def least_of(replicas: int) -> int:
    """On how many of so many replicas new slots have to lie: two, and more than half.

    So of two devices that rotate at once, the second one meets the keys of the first, and gives its own up.
    """
    return min(replicas, max(LEAST_REPLICAS, replicas // 2 + 1))


@dataclass(frozen=True)
class Rotated:
    """keys: those in force. replicas: how many hold their slots. dropped: slots that are gone, by name."""

    keys: KeySet
    replicas: int
    dropped: tuple[str, ...]


def is_pending(vault_path: Path) -> bool:
    """Whether a rotation was interrupted before its switch."""
    return (custody.folder(vault_path) / custody.NEXT).exists()


def staged_code(vault_path: Path, vault_id: str) -> RecoveryCode | None:
    """The new recovery code that an interrupted rotation brings in, None where it brings none. Raises Locked."""
    found = custody.staged(vault_path, vault_id)
    if found is None or not found.code or found.code == custody.load(vault_path, vault_id).code:
        return None
    return RecoveryCode(found.code)


def rotate(
    vault_path: Path,
    vault_id: str,
    put: Put,
    *,
    code: RecoveryCode | None = None,
    passphrases: Mapping[str, Secret] | None = None,
    least: int = LEAST_REPLICAS,
) -> Rotated:
    """One more key to seal with, in every slot; or take an interrupted rotation to its end.

    code: a new recovery code, which a person has already; the old one opens nothing that is sealed later.
    passphrases: by the name of the slot; a slot without one is dropped. least: on how many replicas the new
    slots have to lie. Takes seconds for each slot. Raises Locked, Denied for a wrong passphrase, Unreachable
    where too few replicas have the slots: then the old key goes on, and another call goes on from there.
    """
    sealed = custody.slots(vault_path)
    for name, passphrase in (passphrases or {}).items():
        if not sealed.get(name) or name == slots.RECOVERY:
            raise _no_slot(name)
        slots.unseal(sealed[name], passphrase)
    new = _stage(vault_path, vault_id, code)
    dropped = _reseal(vault_path, new, passphrases or {})
    replicas = _spread(vault_path, put, least, "the old key goes on sealing")
    _switch(vault_path)
    return Rotated(new, replicas, dropped)


def add_passphrase(
    vault_path: Path, vault_id: str, passphrase: Secret, put: Put, *, replaces: str = "", least: int = LEAST_REPLICAS
) -> str:
    """One more slot, which a passphrase opens; its name.

    replaces: the slot of a former passphrase, dropped once the new one lies on the replicas; what was put there
    before may still be in their history. Takes seconds. Raises UsageError for a weak passphrase, Locked,
    Unreachable where too few replicas took it, and then the new slot is dropped again.
    """
    check_passphrase(passphrase)
    keys = custody.load(vault_path, vault_id)
    sealed = custody.slots(vault_path)
    if replaces and (not sealed.get(replaces) or replaces == slots.RECOVERY):
        raise _no_slot(replaces)
    name = slots.free_name(sealed)
    atomic_write(custody.folder(vault_path) / name, slots.seal(keys, passphrase))
    try:
        _spread(vault_path, put, least, "nothing was changed")
    except NettoError:
        atomic_write(custody.folder(vault_path) / name, b"")
        raise
    if replaces:
        atomic_write(custody.folder(vault_path) / replaces, b"")  # it stays, so that no device puts the slot back
        put(custody.slots(vault_path))
    return name


def check_passphrase(passphrase: Secret) -> None:
    """Raises UsageError for one that could be guessed: whoever reads a replica can try as long as he likes."""
    text = passphrase.reveal()
    if len(text) < LEAST_LETTERS or len(set(text)) < LEAST_DIFFERENT or text != text.strip():
        message = (
            f"The passphrase is too easy to guess, or has blanks around it: it needs {LEAST_LETTERS} characters, "
            f"{LEAST_DIFFERENT} of them different."
        )
        raise UsageError(message, remedy="Take six or more words that dice chose; the recovery code is stronger still.")


def _stage(vault_path: Path, vault_id: str, code: RecoveryCode | None) -> KeySet:
    """The key set to come, kept beside the one in force; that of an interrupted rotation where there is one."""
    new = custody.staged(vault_path, vault_id) or custody.load(vault_path, vault_id).rotated()
    if code is not None:
        new = new.with_code(code.data)
    own = custody.own(vault_id)
    atomic_write(custody.folder(vault_path) / custody.NEXT, seal_device_file(new, own.key, vault_id))
    return new


def code_of(keys: KeySet) -> RecoveryCode:
    """The recovery code in some keys. Raises Denied where they have none."""
    if not keys.code:
        raise Denied("These keys hold no recovery code.", remedy="Give them one: netto-tui keys rotate --new-code.")
    return RecoveryCode(keys.code)


def _reseal(vault_path: Path, new: KeySet, passphrases: Mapping[str, Secret]) -> tuple[str, ...]:
    """Slots of the new keys in the place of the old ones, the recovery code's first, proven before it is there."""
    folder = custody.folder(vault_path)
    code = code_of(new)
    if not _opens_to(custody.slots(vault_path).get(slots.RECOVERY, b""), code, new):  # else it was interrupted later
        sealed = slots.seal(new, code)
        if not _opens_to(sealed, code, new):
            raise InvalidRecord("The new key slot does not read back.", remedy="Try again; nothing was changed.")
        atomic_write(folder / slots.RECOVERY, sealed)
    for name, passphrase in passphrases.items():
        atomic_write(folder / name, slots.seal(new, passphrase))
    sealed_before = custody.slots(vault_path)
    dropped = tuple(name for name, data in sealed_before.items() if data and name not in {slots.RECOVERY, *passphrases})
    for name in dropped:
        atomic_write(folder / name, b"")
    return dropped


def _opens_to(slot: bytes, code: RecoveryCode, keys: KeySet) -> bool:
    try:
        return slots.unseal(slot, code) == keys
    except NettoError:
        return False


def _no_slot(name: str) -> UsageError:
    return UsageError(f"There is no slot of a passphrase {name}.", remedy="Look which there are: netto-tui keys show.")


def _spread(vault_path: Path, put: Put, least: int, meanwhile: str) -> int:
    there = put(custody.slots(vault_path))
    if there < least:
        message = f"The new key slots lie on {there} of at least {least} replicas; {meanwhile}."
        raise Unreachable(message, remedy="Look at netto-tui status, then run the same command again.")
    return there


def _switch(vault_path: Path) -> None:
    """From here on the new key seals."""
    folder = custody.folder(vault_path)
    os.replace(folder / custody.NEXT, folder / custody.DEVICE)
    sync_folder(folder)

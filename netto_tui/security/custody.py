"""Custody: where the keys of a vault lie on this device, and how they come and go.

    <vault>/.netto/keys/device.jwe         the key set, sealed with the key of this device; never leaves it
    <vault>/.netto/keys/slot-recovery.age  the key set, for the recovery code; lies on every sealed replica too
    <vault>/.netto/keys/slot-pass-1.age …  the same for passphrases; empty: it was dropped
    <vault>/.netto/keys/confirmed.json     that a person typed the recovery code back

Nothing here belongs on the thread of a screen: a keyring may take ten seconds, a slot as long.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from netto_tui.errors import Denied, InvalidRecord, Locked, NettoError, Refused, UsageError, WrongTarget
from netto_tui.files import atomic_write, make_folder, open_json, read_regular, seal_json
from netto_tui.security import device_key, keyset, recovery_code
from netto_tui.security import slots as slot_files
from netto_tui.security.device_file import open_device_file, seal_device_file
from netto_tui.security.device_key import DeviceKey
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret

DEVICE = "device.jwe"
NEXT = "device.next.jwe"
"""The keys of a rotation that has not come to its switch; see rotation.py."""
BEFORE = "device.before.jwe"
CONFIRMED = "confirmed.json"


class _Loaded(NamedTuple):
    """Keys, the file that they were read from, and what it was then."""

    file: str
    status: tuple[int, ...]
    keys: KeySet


_lock = threading.Lock()
_device_keys: dict[str, DeviceKey] = {}  # by vault
_loaded: dict[tuple[Path, str], _Loaded] = {}


def folder(vault_path: Path) -> Path:
    """Where the files of the keys lie."""
    return vault_path / ".netto" / "keys"


def has_keys(vault_path: Path) -> bool:
    """Whether there are keys for this vault here, open or locked. Asks no keyring."""
    return (folder(vault_path) / DEVICE).exists() or bool(_slot_names(vault_path))


def slots(vault_path: Path) -> dict[str, bytes]:
    """The slots by name, as they have to lie on every sealed replica; one that was dropped is empty.

    What is no key slot any more is left out, so that it is fetched from a replica and never put there.
    """
    return _sound_slots(vault_path)


def slots_as_they_are(vault_path: Path) -> dict[str, bytes]:
    """The slots by name, damaged ones too."""
    return {name: read_regular(folder(vault_path) / name) for name in _slot_names(vault_path)}


def load(vault_path: Path, vault_id: str) -> KeySet:
    """The keys of a vault. Read once per process, and again after the file changed.

    Takes up to keyring_store.SECONDS the first time. Raises Locked where they are not at hand.
    """
    before = _loaded.get((vault_path, vault_id))
    with contextlib.suppress(OSError):  # asked for each record, so one call of the system and no more
        if before is not None and before.status == _status(before.file):
            return before.keys
    with _lock:
        file = os.fspath(folder(vault_path) / DEVICE)
        try:
            status = _status(file)
            data = read_regular(Path(file))
        except FileNotFoundError:
            message = "The keys of this vault are not on this device."
            raise Locked(message, remedy=f"{device_key.UNLOCK} A new vault gets its keys by netto-tui init.") from None
        except OSError as error:
            message = f"The keys of this vault cannot be read: {error.strerror} ({file})."
            raise Locked(message, remedy=f"Correct that, or: {device_key.UNLOCK}") from None
        keys = _open_device_file(data, _device_key(vault_id), vault_id)
        _loaded[vault_path, vault_id] = _Loaded(file, status, keys)
        return keys


def _status(file: str) -> tuple[int, ...]:
    found = os.stat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


def make(vault_path: Path, vault_id: str) -> tuple[KeySet, RecoveryCode]:
    """Keys for a vault that has none: the device's key into its place, and the slot of a recovery code.

    Takes seconds. Raises Refused where there are keys already, Denied where this device's key cannot be kept.
    """
    if _slot_names(vault_path):
        message = f"The vault in {vault_path} has keys already; new ones would open nothing of what is sealed."
        raise Refused(message, remedy=device_key.UNLOCK)
    if has_keys(vault_path):
        keys = load(vault_path, vault_id)  # making them was interrupted before anybody saw the code
    else:
        keys = keyset.new_keys(vault_id)
        save(vault_path, vault_id, keys, _find_or_make(vault_id))
    code = RecoveryCode(keys.code)
    atomic_write(folder(vault_path) / slot_files.RECOVERY, slot_files.seal(keys, code))
    return keys, code


def enroll(vault_path: Path, vault_id: str, slots: Mapping[str, bytes], code: Secret) -> KeySet:
    """Open slots with a recovery code or a passphrase, and keep the keys on this device.

    slots: by name, as replicas hold them, or those of `slots(vault_path)`. Takes seconds for each slot that is
    tried. Raises UsageError for a mistyped code, Denied where nothing opens or this device's key cannot be
    kept, Refused and InvalidRecord for slots that were changed, WrongTarget for those of another vault.
    """
    slots = {name: data for name, data in slots.items() if slot_files.is_slot(name) and data}
    keys, typed = _open_any(slots, code)
    check_vault(keys, vault_id)
    own = _find_or_make(vault_id)
    try:
        here = _open_device_file(read_regular(folder(vault_path) / DEVICE), own, vault_id)
    except (Locked, OSError):
        here = None
    if here is not None and here.covers(keys):
        keys = here  # the slot is from before a rotation, or as new
    elif (folder(vault_path) / DEVICE).exists() and not (here is not None and keys.covers(here)):
        # one day a keyring that is locked now may open it, or somebody need what only it has
        atomic_write(folder(vault_path) / BEFORE, read_regular(folder(vault_path) / DEVICE))
    _make_folder(vault_path)
    for name, data in slots.items():
        if (keys is not here or not (folder(vault_path) / name).exists()) and slot_files.is_sound(data):
            atomic_write(folder(vault_path) / name, data)
    save(vault_path, vault_id, keys, own)
    if typed is not None and typed.data == keys.code:
        confirm(vault_path, keys, typed)
    return keys


def refresh(vault_path: Path, vault_id: str, slots: Mapping[str, bytes]) -> KeySet:
    """Take over what another device changed, from the slots that a replica holds: keys, and slots made or dropped.

    To be called where these differ from `slots(vault_path)`, and before that is put there. The recovery code
    in the keys opens the slot, so nobody is asked. Takes seconds. Raises Locked where the keys are not at hand,
    or the code is another one now and a person has to enter it; WrongTarget where two devices made other keys.
    """
    keys = load(vault_path, vault_id)
    standing = staged(vault_path, vault_id) or keys  # what the slots here hold
    mine = _sound_slots(vault_path)
    slot = slots.get(slot_files.RECOVERY, b"")
    found = _unseal(slot, keys, standing) if slot and slot != mine.get(slot_files.RECOVERY) else standing
    if not found.covers(standing) and standing.covers(found):
        return keys  # the replica's slot is from before a rotation
    if not found.covers(keys):
        message = "The key slot holds other keys under the same numbers as those of this device."
        raise WrongTarget(message, remedy="Look on which device the keys were rotated; nothing was changed here.")
    for name, data in slot_files.changes(mine, slots, rotated=found != standing).items():
        atomic_write(folder(vault_path) / name, data)
    if found == standing:
        return keys
    save(vault_path, vault_id, found, own(vault_id))
    (folder(vault_path) / NEXT).unlink(missing_ok=True)  # another device was first
    return found


def staged(vault_path: Path, vault_id: str) -> KeySet | None:
    """The keys of a rotation that was interrupted before its switch, None where there is none. Raises Locked."""
    keys = load(vault_path, vault_id)
    try:
        found = open_device_file(read_regular(folder(vault_path) / NEXT), own(vault_id).key, vault_id)
    except (FileNotFoundError, InvalidRecord):
        return None
    return found if found.covers(keys) and found.current > keys.current else None


def adopt_staged(vault_path: Path, vault_id: str) -> None:
    """Put the keys of an interrupted rotation in force, after another device got them from a replica and uses them.

    Raises Locked.
    """
    found = staged(vault_path, vault_id)
    if found is not None:
        save(vault_path, vault_id, found, own(vault_id))
        (folder(vault_path) / NEXT).unlink(missing_ok=True)


def _unseal(slot: bytes, keys: KeySet, standing: KeySet) -> KeySet:
    """What is in a replica's slot. Raises Locked where no recovery code that is in the keys opens it."""
    for code in dict.fromkeys(held.code for held in (keys, standing) if held.code):
        with contextlib.suppress(Denied):
            return slot_files.unseal(slot, RecoveryCode(code))
    message = "The vault has another recovery code now, so this device cannot take over its new keys."
    raise Locked(message, remedy=device_key.UNLOCK)


def own(vault_id: str) -> DeviceKey:
    """The key of this device. Raises Locked where there is none or its place cannot be used."""
    with _lock:
        return _device_key(vault_id)


def save(vault_path: Path, vault_id: str, keys: KeySet, own: DeviceKey) -> None:
    """Keep the keys under the key of this device, in one step. Raises OSError."""
    check_vault(keys, vault_id)
    _make_folder(vault_path)
    atomic_write(folder(vault_path) / DEVICE, seal_device_file(keys, own.key, vault_id))


def check_vault(keys: KeySet, vault_id: str) -> None:
    """Raises WrongTarget where the keys are not those of a vault `v_…`."""
    if keys.prefix != vault_id.removeprefix("v_")[:8]:
        message = f"These are the keys of another vault, v_{keys.prefix}…, and this one is {vault_id}."
        raise WrongTarget(message, remedy="Name the vault that they belong to with --vault.")


def confirm(vault_path: Path, keys: KeySet, code: RecoveryCode) -> None:
    """Note that a person has the recovery code. Raises UsageError where it is another one."""
    if not hmac.compare_digest(code.data, keys.code):
        message = "That is a recovery code, but not the one of this vault."
        raise UsageError(message, remedy="Look for the newest kit, or print one with: netto-tui keys kit.")
    atomic_write(folder(vault_path) / CONFIRMED, seal_json({"code": _mark(keys)}))


def is_confirmed(vault_path: Path, keys: KeySet) -> bool:
    """Whether a person typed back the recovery code that is in force."""
    try:
        return bool(open_json(read_regular(folder(vault_path) / CONFIRMED)).get("code") == _mark(keys))
    except (OSError, InvalidRecord):
        return False


def _mark(keys: KeySet) -> str:
    """Stands for the recovery code; tells nothing of it to those without the keys."""
    return hmac.digest(keys.name, b"netto/v1/confirmed" + keys.code, sha256).hex()[:16]


def _device_key(vault_id: str) -> DeviceKey:
    """The key of this device, from memory when it was there before; the caller has the lock."""
    found = _device_keys.get(vault_id)
    if found is None or found.source != device_key.source():
        found = device_key.find(vault_id)
        if found is None:
            message = f"The key of this device is not in {device_key.source()}."
            raise Locked(message, remedy=f"{device_key.UNLOCK} {device_key.WITHOUT}")
        _device_keys[vault_id] = found
    return found


def _find_or_make(vault_id: str) -> DeviceKey:
    with _lock:
        found = _device_keys[vault_id] = device_key.find_or_make(vault_id)
        return found


def _open_device_file(data: bytes, own: DeviceKey, vault_id: str) -> KeySet:
    try:
        return open_device_file(data, own.key, vault_id)
    except InvalidRecord:
        message = f"The key from {own.source} does not open the keys of this vault."
        raise Locked(message, remedy=f"Take the key that was there before, or: {device_key.UNLOCK}") from None


def _open_any(slots: Mapping[str, bytes], code: Secret) -> tuple[KeySet, RecoveryCode | None]:
    """What the first slot gives that a code or passphrase opens; the code, when it was one."""
    if not slots:
        raise Denied(
            "There is no key slot to open.", remedy="Name a replica that has one, or look into its .netto/keys."
        )
    passphrases = sorted(name for name in slots if name != slot_files.RECOVERY)
    failure: NettoError = Denied("There is no key slot for a recovery code.", remedy="Enter a passphrase.")
    try:
        typed = recovery_code.parse(code)
        if slot_files.RECOVERY in slots:
            return slot_files.unseal(slots[slot_files.RECOVERY], typed), typed
    except UsageError as slip:
        failure = slip
    is_slip = recovery_code.looks_like_code(code) or not passphrases
    for name in passphrases:
        try:
            return slot_files.unseal(slots[name], code), None
        except (Denied, InvalidRecord, Refused) as error:
            failure = failure if is_slip else error
    raise failure


def _sound_slots(vault_path: Path) -> dict[str, bytes]:
    return {name: data for name, data in slots_as_they_are(vault_path).items() if not data or slot_files.is_sound(data)}


def _slot_names(vault_path: Path) -> list[str]:
    try:
        return sorted(filter(slot_files.is_slot, os.listdir(folder(vault_path))))
    except OSError:
        return []


def _make_folder(vault_path: Path) -> None:
    make_folder(folder(vault_path))
    folder(vault_path).chmod(0o700)

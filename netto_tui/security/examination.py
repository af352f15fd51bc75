"""Looking at the keys of a vault without changing anything: what opens, and what would when it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netto_tui.errors import Locked, NettoError
from netto_tui.security import custody, device_key, keyring_store, rotation, slots
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode


@dataclass(frozen=True)
class Finding:
    """How one thing stands: its name, `ok`, `warn` or `bad`, what it is in words, and what to do then."""

    name: str
    state: Literal["ok", "warn", "bad"]
    detail: str
    remedy: str = ""


def examine(vault_path: Path, vault_id: str) -> list[Finding]:
    """The place of this device's key, the keys, each slot here, and the recovery code. Takes seconds."""
    found = list(_place())
    try:
        keys = custody.load(vault_path, vault_id)
    except Locked as error:
        return [*found, Finding("keys", "bad", error.message, error.remedy)]
    found.append(Finding("keys", "ok", f"{keys.fingerprint}, sealing with number {keys.current}"))
    here = custody.slots_as_they_are(vault_path)
    found += [_slot(name, data, keys) for name, data in here.items() if data]
    if not here.get(slots.RECOVERY):
        found.append(Finding(slots.RECOVERY, "bad", "it is not here", "Make it: netto-tui keys rotate"))
    if rotation.is_pending(vault_path):
        found.append(Finding("rotation", "warn", "it was interrupted", "Go on with it: netto-tui keys rotate"))
    if not custody.is_confirmed(vault_path, keys):
        remedy = "Print it with netto-tui keys kit, then type it back: netto-tui keys confirm"
        found.append(Finding("recovery code", "warn", "nobody has confirmed to have it", remedy))
    return found


def _place() -> Iterator[Finding]:
    """Where the key of this device comes from, and how the keyring stands where it is the place."""
    where = device_key.source()
    if where == device_key.KEYRING:
        state = keyring_store.look()
        yield Finding("keyring", "bad" if state.fault else "ok", state.fault or state.backend, state.remedy)
    elif where == device_key.VARIABLE:
        yield Finding("device key", "warn", device_key.OPEN_TO_OTHERS, f"Use {device_key.FILE_VARIABLE} instead.")
    else:
        yield Finding("device key", "ok", where)


def _slot(name: str, data: bytes, keys: KeySet) -> Finding:
    """Whether a slot opens to these keys; that of a passphrase can only be looked at."""
    try:
        if name != slots.RECOVERY:
            slots.check(data)
            return Finding(name, "ok", "a passphrase opens it; not tried")
        if slots.unseal(data, RecoveryCode(keys.code)).covers(keys):
            return Finding(name, "ok", "the recovery code opens it")
        return Finding(name, "bad", "it lacks keys of this device", "Seal it anew: netto-tui keys rotate")
    except (NettoError, ValueError) as error:
        detail = error.message if isinstance(error, NettoError) else "these keys hold no recovery code"
        return Finding(name, "bad", detail, "Seal it anew: netto-tui keys rotate")

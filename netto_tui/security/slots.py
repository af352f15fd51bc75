"""Slots: the keys of a vault, each time in an age file that one recovery code or passphrase opens.

Any age program opens them (https://age-encryption.org/v1, the scrypt stanza). One secret opens one file: the
format allows no second recipient beside scrypt.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from netto_tui.errors import Denied, InvalidRecord, Refused, UsageError
from netto_tui.security import keyset
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret

RECOVERY = "slot-recovery.age"
"""The slot that the recovery code opens."""

MOST_BYTES = 64 * 1024
"""A slot of a hundred keys has 12 kB."""

MOST_WORK = 22
"""The base-2 logarithm of scrypt's work: what age itself still opens, 4 GiB of memory and some ten seconds.

A library that seals chooses it by the speed of the machine (18 to 20 are usual), so there is room above that.
"""

PASSPHRASES = tuple(f"slot-pass-{number}.age" for number in range(1, 10))
"""The slots that there may be for passphrases."""

_HEADER = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]{0,9})\n[A-Za-z0-9+/]{43}\n"
    rb"--- [A-Za-z0-9+/]{43}\n"
)


def is_slot(name: str) -> bool:
    """Whether a file of this name is a slot."""
    return name == RECOVERY or name in PASSPHRASES


def free_name(taken: Mapping[str, bytes]) -> str:
    """A name for one more slot of a passphrase; by chance, so that two devices that add one seldom choose the same.

    taken: the slots that there are; the name of a dropped one is used when no other is left. Raises UsageError
    where all are in use.
    """
    free = [name for name in PASSPHRASES if name not in taken] or [name for name in PASSPHRASES if not taken[name]]
    if not free:
        message = f"There are {len(PASSPHRASES)} passphrases, and more there cannot be."
        raise UsageError(message, remedy="Put it in the place of another one, with --replace.")
    return secrets.choice(free)


def check(data: bytes) -> None:
    """Look at a slot before any work is spent on it; takes no time.

    Raises InvalidRecord for what is no slot, Refused for one that would cost too much to open.
    """
    found = _HEADER.match(data[:1024])
    if len(data) > MOST_BYTES or found is None:
        remedy = "Take the slot from another replica."
        raise InvalidRecord("The key slot is no age file that one passphrase opens.", remedy=remedy)
    if int(found[1]) > MOST_WORK:
        message = f"The key slot asks for work of 2^{found[1].decode()} steps to open, which no slot of ours does."
        raise Refused(message, remedy="Somebody changed it. Take the slot from another replica.")


def is_sound(data: bytes) -> bool:
    """Whether `check` finds nothing in it."""
    try:
        check(data)
    except (InvalidRecord, Refused):
        return False
    return True


def changes(mine: Mapping[str, bytes], theirs: Mapping[str, bytes], *, rotated: bool) -> dict[str, bytes]:
    """What has to change in a device's slots, by name, to agree with those of a replica.

    An empty slot was dropped, and stays so. rotated: their recovery slot was opened and holds newer keys, so theirs
    are taken, and what they lack is out of date. Without that, nobody vouches for a passphrase's slot of theirs, and
    one that is here stays. Their recovery slot was opened in either case, or is the same as here.
    """
    found: dict[str, bytes] = {}
    for name in (RECOVERY, *PASSPHRASES):
        here, there = mine.get(name), theirs.get(name)
        if rotated and here and there is None:
            there = b""
        if there is None or here == there or (there and not is_sound(there)) or (name == RECOVERY and not there):
            continue
        if rotated or name == RECOVERY or here is None or not there:
            found[name] = there
    return found


def seal(keys: KeySet, secret: Secret | RecoveryCode) -> bytes:
    """Put the keys into a slot; takes seconds, on purpose."""
    from pyrage import passphrase

    sealed: bytes = passphrase.encrypt(keys.encode(), _words(secret))
    check(sealed)
    return sealed


def unseal(data: bytes, secret: Secret | RecoveryCode) -> KeySet:
    """The keys in a slot; takes seconds, on purpose.

    Raises InvalidRecord and Refused as `check` does, Denied where the secret does not open it.
    """
    check(data)
    import pyrage

    try:
        content = pyrage.passphrase.decrypt(data, _words(secret))
    except pyrage.DecryptError:
        kind = "recovery code" if isinstance(secret, RecoveryCode) else "passphrase"
        message = f"The {kind} does not open the key slot: it is another one, or the slot was changed."
        raise Denied(message, remedy="Check that the code belongs to this vault, then try again.") from None
    return keyset.decode(content)


def _words(secret: Secret | RecoveryCode) -> str:
    return (secret.text if isinstance(secret, RecoveryCode) else secret).reveal()

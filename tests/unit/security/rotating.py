"""A process that rotates the keys of a vault, or changes a passphrase, and is killed at a step chosen before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

from netto_tui.files import atomic_write
from netto_tui.security import custody, rotation, slots
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret
from tests.faults.victim import Steps
from tests.servers import quick_slots
from tests.servers.quick_slots import VAULT

WORDS = Secret("correct horse battery staple seven")
NEW_WORDS = Secret("a quite different passphrase than before")
NEW_CODE = RecoveryCode(b"the second code!")
REPLICAS = ("one", "two", "three")
KINDS = ("rotate", "rotate with a new code", "change the passphrase")


def put(folder: Path, names: tuple[str, ...] = REPLICAS) -> rotation.Put:
    """Puts slots into folders, as replicas would hold them."""

    def act(found: Mapping[str, bytes]) -> int:
        for name in names:
            for slot, data in found.items():
                atomic_write(folder / name / slot, data)
        return sum(held(folder / name) == found for name in names)

    return act


def held(replica: Path) -> dict[str, bytes]:
    """The slots that a replica holds."""
    return {each.name: each.read_bytes() for each in replica.iterdir() if slots.is_slot(each.name)}


def settle(folder: Path) -> None:
    """A vault with keys and a passphrase, whose slots lie on all replicas."""
    begin(folder)
    custody.make(folder / "vault", VAULT)
    rotation.add_passphrase(folder / "vault", VAULT, WORDS, put(folder))


def begin(folder: Path) -> None:
    """Take the device's key from a file, and make slots that take no seconds."""
    os.environ["NETTO_KEY_FILE"] = str(folder / "key")
    slots.seal = quick_slots.seal
    quick_slots.forget()


def act(kind: str, folder: Path) -> None:
    """Do one kind of work."""
    vault = folder / "vault"
    (name,) = [name for name, data in custody.slots(vault).items() if data and name != slots.RECOVERY][:1]
    if kind == "rotate":
        rotation.rotate(vault, VAULT, put(folder), passphrases={name: WORDS})
    elif kind == "rotate with a new code":
        rotation.rotate(vault, VAULT, put(folder), code=NEW_CODE)
    else:
        rotation.add_passphrase(vault, VAULT, NEW_WORDS, put(folder), replaces=name)


def run(kind: str, folder: Path, stop: int, pipe: int) -> None:
    """In the victim: work, and tell at the end how many steps it took."""
    begin(folder)
    steps = Steps(stop, Random(stop))
    act(kind, folder)
    os.writev(pipe, [b"%d" % steps.done])

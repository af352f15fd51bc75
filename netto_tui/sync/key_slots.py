"""Key slots on replicas: fetching those that open the vault's keys, and putting them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netto_tui.errors import Moved, NettoError, WrongTarget
from netto_tui.replicas.base import SLOTS, Batch, Replica

TRIES = 3
"""So often the slots are put on a replica that somebody else is writing to."""


def fetch(replicas: Iterable[Replica], vault_id: str) -> dict[str, bytes]:
    """The slots of the first replica of this vault that has the recovery code's; {} where none has or answers."""
    for each in replicas:
        try:
            found = dict(each.slots()) if _is_ours(each, vault_id) else {}
        except NettoError:
            continue
        if found.get(SLOTS[0]):
            return found
    return {}


def put(replicas: Iterable[Replica], vault_id: str, slots: Mapping[str, bytes]) -> dict[str, NettoError | None]:
    """Make the slots of each replica of this vault exactly these, and read them back; what failed, by name."""
    return {each.name: _put(each, vault_id, slots) for each in replicas}


def _put(replica: Replica, vault_id: str, slots: Mapping[str, bytes]) -> NettoError | None:
    try:
        for _ in range(TRIES):
            try:
                if _put_once(replica, vault_id, slots):
                    return None
            except Moved:
                continue
    except NettoError as error:
        return error
    return Moved(f"{replica.name} does not keep the key slots.", remedy="Look at netto-tui status, then try again.")


def _put_once(replica: Replica, vault_id: str, slots: Mapping[str, bytes]) -> bool:
    if not _is_ours(replica, vault_id):
        message = f"{replica.name} is no replica of this vault."
        raise WrongTarget(message, remedy="Look at: netto-tui doctor")
    there = replica.slots()
    wanted = {name: slots.get(name) for name in SLOTS if slots.get(name) != there.get(name)}
    if wanted:
        replica.add(Batch((), slots=wanted, message="Key slots"), replica.probe().cursor)
    return dict(replica.slots()) == dict(slots)


def _is_ours(replica: Replica, vault_id: str) -> bool:
    marker = replica.probe().marker
    return marker is not None and marker.vault == vault_id

"""The keys of a vault whose replicas are sealed: made for a new vault, brought here for one that is joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.config import ReplicaConfig, shown
from netto_tui.errors import Locked, WrongTarget
from netto_tui.replicas.forms import becoming
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.replicas.base import Marker
    from netto_tui.security.keyset import KeySet
    from netto_tui.security.recovery_code import RecoveryCode


class CodeNeeded(Locked):
    """The replicas are sealed, and what opens their key slots has to be entered once on this device."""

    def __init__(self) -> None:
        super().__init__(
            "The vault of this replica is sealed, and its keys are not on this device yet.",
            remedy="Enter its recovery code or a passphrase: run this at a terminal, or pipe it in with --code-stdin.",
        )


@dataclass(frozen=True)
class NewKeys:
    """Keys that were just made, and the code that a person has to keep and type back."""

    vault: str
    keys: KeySet
    code: RecoveryCode


def confirm(path: Path, made: NewKeys, typed: Secret) -> None:
    """Note that a person has the recovery code of new keys. Raises UsageError for what is not it."""
    from netto_tui.security import custody, recovery_code

    custody.confirm(path, made.keys, recovery_code.parse(typed))


def check_promise(markers: Mapping[str, Marker | None], wanted: Iterable[ReplicaConfig]) -> None:
    """Raises WrongTarget for a replica that is sealed and should not be, or the other way round."""
    for each in wanted:
        marker = markers[each.name]
        if marker is not None and (form := becoming(marker)):
            if each.plain != (form == "sealed"):
                before = "unsealed (--plain)" if form == "sealed" else "sealed (without --plain)"
                message = f"{shown(each.target)} is between its two forms: it is being made {form}."
                raise WrongTarget(message, remedy=f"Let that finish, or add it {before}, then: netto-tui keys convert")
            continue
        if marker is not None and marker.keys and each.plain:
            message = f"{shown(each.target)} is a sealed replica."
            raise WrongTarget(message, remedy="Add it sealed (without --plain). Nothing was changed.")
        if marker is not None and not marker.keys and not each.plain:
            message = f"{shown(each.target)} is a replica whose conversations lie there unsealed."
            raise WrongTarget(
                message,
                remedy="Add it unsealed (--plain) if you want it so, else choose an empty place. Nothing was changed.",
            )


def have_keys(path: Path, vault_id: str, slots: Mapping[str, bytes], code: Secret | None) -> NewKeys | None:
    """Have the keys of a vault on this device: those that are here, those in slots, or new ones.

    slots: as sealed replicas of this vault hold them, none for a vault that has no sealed replica yet.
    Takes seconds where keys are made or brought. Raises CodeNeeded where slots cannot be opened without
    a code, what custody.enroll says of a wrong one, Denied where this device has no place for its key.
    """
    from netto_tui.security import custody

    if custody.has_keys(path):
        custody.load(path, vault_id)
        return None
    if any(slots.values()):
        if code is None:
            raise CodeNeeded
        custody.enroll(path, vault_id, slots, code)
        return None
    keys, made = custody.make(path, vault_id)
    return NewKeys(vault_id, keys, made)

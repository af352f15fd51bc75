"""Earlier states of a replica that keeps a history: which there are, and looking into one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from netto_tui.errors import Cancelled, Refused
from netto_tui.model.clock import to_instant
from netto_tui.model.revision import Record
from netto_tui.recovery.differences import ItemDifference, item_differences
from netto_tui.recovery.reading import Reading, require_history
from netto_tui.recovery.staging import temporary_place
from netto_tui.replicas.base import Moment, Replica
from netto_tui.sync import events
from netto_tui.vault.adding import Added
from netto_tui.vault.identity import save_identity
from netto_tui.vault.vault import Vault

_TOLD = re.compile(r"(?:(\d[\d ]*) conversations?|Begin a replica of a vault), .*?from (\S+)")
"""How the message of a commit begins that a device made."""


@dataclass(frozen=True)
class Snapshot:
    """One state of a replica.

    at_ms: when it was written, in milliseconds since 1970. by: the device that wrote it, "" where it does not say.
    changed: how many conversations differ from the state before, None where nobody says. message: as it lies there,
    foreign text.
    """

    id: str
    at_ms: int
    by: str
    changed: int | None
    message: str

    @property
    def at(self) -> str:
        """When it was written, RFC 3339 in UTC."""
        return to_instant(self.at_ms)


def snapshots(replica: Replica, conversation: str | None = None) -> Iterator[Snapshot]:
    """The states of a replica, newest first, or those in which a conversation changed.

    Raises UsageError where it keeps no history, Unreachable, and Cancelled once the replica's `cancel` is set.
    """
    yield from map(_snapshot, require_history(replica).history(conversation))


def _snapshot(moment: Moment) -> Snapshot:
    told = _TOLD.match(moment.message)
    claimed = int(told[1].replace(" ", "")) if told and told[1] else None
    changed = moment.changed if moment.changed is not None else claimed
    return Snapshot(moment.id, moment.at_ms, told[2] if told else "", changed, moment.message)


class SnapshotVault(Vault):
    """A vault that shows how things were: it lies in a temporary place, and nobody adds anything to it."""

    def add(self, records: Iterable[Record], blobs: Mapping[str, bytes] | None = None, origin: str = "local") -> Added:
        """Raises Refused: what was can be looked at and brought back, never changed."""
        raise Refused("This is a snapshot; nothing in it can be changed.", remedy="Bring it back, then change it.")


@contextmanager
def opened_snapshot(
    vault: Vault,
    replica: Replica,
    at_ms: int,
    *,
    listener: events.Listener | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[SnapshotVault]:
    """What a replica held at an instant (milliseconds since 1970), as a vault for reading; it goes in the end.

    Large content is that of the vault. Raises Cancelled once `cancel` is set, UsageError where there is no history.
    """
    with temporary_place(vault, "snapshot") as place:
        save_identity(place, vault.identity)
        reading = Reading(replica, as_of_ms=at_ms)
        with Vault.open(place, now=vault.clock.now) as made:
            made.add(_told(reading, vault, replica.name, listener, cancel), origin=replica.name)
        with SnapshotVault.open(place, now=vault.clock.now) as shown:
            assert isinstance(shown, SnapshotVault)  # noqa: S101  # a statement for the type checker
            shown.blobs = vault.blobs
            yield shown


def _told(
    reading: Reading,
    vault: Vault,
    name: str,
    listener: events.Listener | None,
    cancel: threading.Event | None,
) -> Iterator[Record]:
    """The records of a reading, while telling how far it is."""
    for done, (_, records) in enumerate(reading):
        if cancel is not None and cancel.is_set():
            raise Cancelled("Reading the snapshot was stopped.")
        if listener and done % 25 == 0:
            now = to_instant(vault.clock.now())
            listener(events.SyncProgressed(now, name, "restore", done, reading.total))
        yield from records


def compared(vault: Vault, replica: Replica, conversation: str, as_of_ms: int | None = None) -> list[ItemDifference]:
    """One conversation as a replica holds it (`then`), or held it at an instant, against the vault's own (`now`)."""
    there = [record for _, records in Reading(replica, only=[conversation], as_of_ms=as_of_ms) for record in records]
    return item_differences(there, vault.records(conversation))

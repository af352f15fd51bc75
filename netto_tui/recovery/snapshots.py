"""Earlier states of a replica that keeps a history: which there are, and looking into one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo

from netto_tui.errors import Cancelled, Refused, UsageError
from netto_tui.model.clock import to_instant
from netto_tui.model.revision import Record
from netto_tui.recovery.differences import ItemDifference, item_differences
from netto_tui.recovery.reading import AsOf, Reading, require_history
from netto_tui.recovery.staging import temporary_place
from netto_tui.replicas.base import Moment, Replica
from netto_tui.sync import events
from netto_tui.vault.adding import Added
from netto_tui.vault.identity import save_identity
from netto_tui.vault.vault import Vault

SHORT = 10
"""Digits of an id that are shown."""

MOST_NAMED = 8
"""Snapshots that are named in one sentence."""

_ID = re.compile(r"[0-9a-f]{4,40}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ tT]\d\d:\d\d(:\d\d(?:\.\d+)?)?(?:[zZ]|[+-]\d\d:\d\d)?")
_NAMES = "Write a day like 2026-11-20, a time like 2026-11-20 14:05, or the beginning of an id."
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

    @property
    def short_id(self) -> str:
        """The beginning of its id, as lists show it."""
        return self.id[:SHORT]

    @property
    def moment(self) -> Moment:
        """What `AsOf` takes to read this very state, also where others were written in the same second."""
        return Moment(self.at_ms, self.id, self.message, self.changed)


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


def named(replica: Replica, text: str, zone: tzinfo) -> Moment:
    """The state that a person names, by the beginning of its id or by the time at which it was written.

    text: at least 4 digits of the id; or a time to the minute or second, in `zone` unless it says its own. Raises
    UsageError where there is none, where several match (they are listed with their ids), and where there is no history.
    """
    wanted = text.strip().lower()
    span = check_name(text, zone)
    history = require_history(replica).history(counted=False)
    found = [one for one in history if (span[0] <= one.at_ms < span[1] if span else one.id.startswith(wanted))]
    if not found:
        raise UsageError(f"{replica.name} has no snapshot “{text}”.", remedy=f"See: netto-tui snapshots {replica.name}")
    if len(found) > 1:
        raise UsageError(f"“{text}” names {ambiguous(map(_snapshot, found))}.", remedy="Give the id of one of them.")
    return found[0]


def check_name(text: str, zone: tzinfo) -> tuple[int, int] | None:
    """The milliseconds that a time means, None for an id. Raises UsageError for what cannot name a snapshot."""
    span = _span(text.strip(), zone)
    if span is None and not _ID.fullmatch(text.strip().lower()):
        raise UsageError(f"“{text}” is no date and no id of a snapshot.", remedy=_NAMES)
    return span


def ambiguous(found: Iterable[Snapshot]) -> str:
    """Several snapshots in words, each with its id, such as `2 snapshots: 1a2b3c4d5e, 6f7a8b9c0d`."""
    ids = [one.short_id for one in found]
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return f"{len(ids)} snapshots: {', '.join(ids[:MOST_NAMED])}{more}"


def _span(text: str, zone: tzinfo) -> tuple[int, int] | None:
    """The milliseconds of a minute or second that a person wrote; None for anything else, such as a whole day."""
    told = _TIME.fullmatch(text)
    try:
        at = datetime.fromisoformat(text.upper()) if told else None
    except ValueError:
        return None
    if told is None or at is None:
        return None
    start = int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()) * 1000
    return start, start + (1000 if told[1] else 60_000)


class SnapshotVault(Vault):
    """A vault that shows how things were: it lies in a temporary place, and nobody adds anything to it."""

    def add(self, records: Iterable[Record], blobs: Mapping[str, bytes] | None = None, origin: str = "local") -> Added:
        """Raises Refused: what was can be looked at and brought back, never changed."""
        raise Refused("This is a snapshot; nothing in it can be changed.", remedy="Bring it back, then change it.")


@contextmanager
def opened_snapshot(
    vault: Vault,
    replica: Replica,
    as_of: AsOf,
    *,
    listener: events.Listener | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[SnapshotVault]:
    """What a replica held at a moment or an instant, as a vault for reading; it goes in the end.

    Large content is that of the vault. Raises Cancelled once `cancel` is set, UsageError where there is no history.
    """
    with temporary_place(vault, "snapshot") as place:
        save_identity(place, vault.identity)
        reading = Reading(replica, as_of=as_of)
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


def compared(vault: Vault, replica: Replica, conversation: str, as_of: AsOf | None = None) -> list[ItemDifference]:
    """One conversation as a replica holds it (`then`), or held it at an instant, against the vault's own (`now`)."""
    there = [record for _, records in Reading(replica, only=[conversation], as_of=as_of) for record in records]
    return item_differences(there, vault.records(conversation))

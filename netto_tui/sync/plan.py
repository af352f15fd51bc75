"""What a pass decides before it acts: the gates, and what the state of one object means. Pure.

The table of decisions (U as last proven, X and Y concurrent changes, T a tombstone, M missing,
C corrupt, ? unreachable) needs no code of its own: union of sets, heads and tombstones give its
value column, and these functions give the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netto_tui.errors import (
    Cancelled,
    Denied,
    Limited,
    Locked,
    Moved,
    NettoError,
    NewerFormat,
    Refused,
    Suspect,
    Unreachable,
    WrongTarget,
)
from netto_tui.replicas.base import Marker, Probe

PLAUSIBLE_SHARE = 0.10
PLAUSIBLE_COUNT = 20
SECOND_LOOK_MS = 10 * 60 * 1000
"""A loss of more than this share and count is believed at a second look this much later."""

SKEW_WARNING_MS = 2 * 60 * 1000
FREE_BYTES = 200 * 2**20
"""Below this much free space nothing is written."""

STATES: tuple[tuple[type[NettoError], str], ...] = (
    (Limited, "limited"),
    (Unreachable, "unreachable"),
    (Locked, "locked"),
    (Denied, "denied"),
    (WrongTarget, "wrong-target"),
    (Suspect, "suspect"),
    (NewerFormat, "newer-format"),
    (Cancelled, "behind"),
    (Moved, "behind"),
    (Refused, "refused"),
)
"""The state that a replica shows after each error; any other one is `damaged`."""


Gate = Literal["open", "claim", "lost", "adopt", "remark", "exchanged", "converted"]


@dataclass(frozen=True)
class Closed:
    """A gate that does not open: the state to show, what happened, and what to do next."""

    state: Literal["unreachable", "wrong-target"]
    reason: str
    remedy: str


def identify(probe: Probe, vault_id: str, known: Marker | None, name: str, *, rebuild: bool) -> Gate | Closed:
    """Whether a target is the replica that is meant.

    `claim`: new, to be marked. `adopt`: ours, seen for the first time from here. `lost`: it was
    proven once and is empty now. `remark`: ours, with a damaged marker. `exchanged`: another
    replica of this vault. `converted`: ours, plain before and sealed now, or the other way round.
    `rebuild` is a person's word that a missing or damaged one is to be made again.
    """
    if probe.presence == "absent":
        if known is None:
            return "claim"
        if rebuild:
            return "lost"
        return Closed(
            "unreachable",
            f"The replica {name} is not there.",
            f"Connect its disk or restore the repository. If it is gone for good: netto-tui sync {name} --rebuild.",
        )
    if probe.presence == "empty":
        return "claim" if known is None else "lost"
    if probe.marker is None:
        if known is not None and (probe.marker_error or rebuild):
            return "remark"
        found = f"cannot be read as a replica. {probe.marker_error}" if probe.marker_error else "holds something else."
        return Closed(
            "wrong-target",
            f"The target of {name} {found}",
            "If it is the wrong place, name an empty one or the right one in config.toml."
            + (f" If it lost its identity: netto-tui sync {name} --rebuild." if known is not None else "")
            + " Nothing was written.",
        )
    if probe.marker.vault != vault_id:
        return Closed(
            "wrong-target",
            f"The target of {name} belongs to another vault.",
            "Name another place in config.toml, or join that vault with: netto-tui init --vault DIR --replica …",
        )
    if known is None:
        return "adopt"
    if probe.marker.replica != known.replica:
        return "exchanged"
    return "open" if probe.marker.keys == known.keys else "converted"


def is_plausible(bad: int, known: int) -> bool:
    """Whether so many missing or corrupt objects at once may be taken at their word."""
    return bad < PLAUSIBLE_COUNT or bad <= known * PLAUSIBLE_SHARE


def is_second_look(first_ms: int, now_ms: int) -> bool:
    """Whether an implausible loss was seen long enough ago to be believed now."""
    return bool(first_ms) and now_ms - first_ms >= SECOND_LOOK_MS


def skew_ms(probe: Probe, now_ms: int) -> int:
    """How far the store's clock is from ours, 0 where it has none or the difference is small."""
    if probe.clock_ms is None:
        return 0
    skew = probe.clock_ms - now_ms
    return skew if abs(skew) > SKEW_WARNING_MS else 0


def state_of(error: NettoError) -> str:
    """The state that a replica shows after an error."""
    return next((state for kind, state in STATES if isinstance(error, kind)), "damaged")

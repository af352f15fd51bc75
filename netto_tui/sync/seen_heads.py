"""What this device remembers of the signed heads of one replica, in a small file of its own beside the index.

It outlives an index that is made anew, since nothing else could tell that a replica was rolled back meanwhile. Only
passes over that replica write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netto_tui.errors import InvalidRecord
from netto_tui.files import atomic_write, open_json, read_regular, seal_json
from netto_tui.security.heads import Place

KEPT = 64
"""So many heads of each branch are remembered, so many replicas' words, and so many alarms."""

_NAME = re.compile(r"r_[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Alarm:
    """Something that was told once. mark: what it was about, so that it is not told twice; at: RFC 3339."""

    code: str
    text: str
    at: str
    mark: str


@dataclass
class Seen:
    """One replica's heads.

    shown: by branch the head that it showed last. known: by branch all heads that are remembered, oldest first.
    told: by branch when the last one was signed, RFC 3339. others: by replica and branch what this one's heads say of
    another, and the instant of the head that said it. news_ms: when something new came, or was written.
    """

    shown: dict[str, Place] = field(default_factory=dict)
    known: dict[str, list[Place]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    others: dict[str, dict[str, tuple[Place, str]]] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    news_ms: int = 0

    def furthest(self, branch: str) -> Place | None:
        """The head with the highest number that was ever seen of a branch."""
        return max(self.known.get(branch, ()), default=None)

    def note(self, branch: str, place: Place, at: str) -> None:
        """Remember a head that is there now."""
        self.shown[branch], self.told[branch] = place, at
        kept = [each for each in self.known.get(branch, ()) if each != place]
        self.known[branch] = sorted([*kept, place])[-KEPT:]

    def hear(self, others: Mapping[str, Mapping[str, Place]], at: str) -> None:
        """Remember what a head here says of other replicas, where that is further than what was said before."""
        for replica, branches in others.items():
            heard = self.others.setdefault(replica, {})
            for branch, place in branches.items():
                if branch not in heard or heard[branch][0].seq < place.seq:
                    heard[branch] = (place, at)
        for replica in list(self.others)[:-KEPT]:
            del self.others[replica]

    def alarm(self, alarm: Alarm) -> bool:
        """Keep an alarm; whether it is a new one."""
        if any((each.code, each.mark) == (alarm.code, alarm.mark) for each in self.alarms):
            return False
        self.alarms = [*self.alarms, alarm][-KEPT:]
        return True


def load(vault: Path, replica: str) -> Seen:
    """What is remembered of a replica, by its id; nothing where that cannot be read."""
    try:
        return _decode(open_json(read_regular(_file(vault, replica))))
    except (OSError, InvalidRecord, ValueError, KeyError, TypeError, AttributeError):
        return Seen()


def save(vault: Path, replica: str, seen: Seen) -> None:
    """Remember it, durably."""
    atomic_write(_file(vault, replica), seal_json(_encode(seen)))


def replicas(vault: Path) -> Iterator[str]:
    """The ids of all replicas of which something is remembered."""
    folder = vault / ".netto" / "heads"
    yield from sorted(path.stem for path in folder.glob("r_*.json") if _NAME.fullmatch(path.stem))


def _file(vault: Path, replica: str) -> Path:
    if not _NAME.fullmatch(replica):
        raise ValueError("that is no id of a replica")
    return vault / ".netto" / "heads" / f"{replica}.json"


def _encode(seen: Seen) -> dict[str, Any]:
    return {
        "format": "netto.heads/1",
        "shown": {branch: list(place) for branch, place in seen.shown.items()},
        "known": {branch: [list(place) for place in places] for branch, places in seen.known.items()},
        "told": seen.told,
        "others": {
            replica: {branch: [*place, at] for branch, (place, at) in heard.items()}
            for replica, heard in seen.others.items()
        },
        "alarms": [[each.code, each.text, each.at, each.mark] for each in seen.alarms],
        "news_ms": seen.news_ms,
    }


def _decode(found: dict[str, Any]) -> Seen:
    def places(listed: Iterable[Iterable[Any]]) -> list[Place]:
        return [Place(int(seq), str(sha256)) for seq, sha256 in listed]

    return Seen(
        dict(zip(found["shown"], places(found["shown"].values()), strict=True)),
        {branch: places(listed) for branch, listed in found["known"].items()},
        {str(branch): str(at) for branch, at in found["told"].items()},
        {
            replica: {branch: (Place(int(seq), str(sha256)), str(at)) for branch, (seq, sha256, at) in heard.items()}
            for replica, heard in found["others"].items()
        },
        [Alarm(*(str(part) for part in each)) for each in found["alarms"]],
        int(found["news_ms"]),
    )

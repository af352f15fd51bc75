"""What the signed heads of the replicas showed: the latest of each, and attacks that were named lately."""

from __future__ import annotations

from dataclasses import dataclass

from netto_tui.config import Config
from netto_tui.model.clock import to_instant
from netto_tui.plural import many
from netto_tui.sync import seen_heads
from netto_tui.sync.ledger import Ledger
from netto_tui.sync.seen_heads import Alarm
from netto_tui.vault.vault import Vault

RECENT_MS = 7 * 24 * 3600 * 1000
"""So long an attack stays on the health screen; the journal has it longer."""


@dataclass(frozen=True)
class Evidence:
    """Of one replica. seq, at: of the head that it showed last on its main branch. alarms: recent, latest first."""

    replica: str
    branch: str
    seq: int
    at: str
    alarms: tuple[Alarm, ...]

    @property
    def words(self) -> str:
        """The latest head for people; it can be compared with what a recovery kit or another device tells."""
        return f"head {self.seq} of {self.at[:16].replace('T', ' ')} UTC on {self.branch}"

    @property
    def fault(self) -> str:
        """The latest attack for people, "" for none."""
        if not self.alarms:
            return ""
        more = f" ({many(len(self.alarms) - 1, 'more alarm')})" if len(self.alarms) > 1 else ""
        return f"{self.alarms[0].code} at {self.alarms[0].at[:16].replace('T', ' ')} UTC: {self.alarms[0].text}{more}"


def evidence(vault: Vault, config: Config) -> dict[str, Evidence]:
    """By name, of each replica whose heads were seen; asks no replica."""
    since = to_instant(vault.clock.now() - RECENT_MS)
    found = {}
    for each in config.replicas:
        standing = Ledger(vault, each.name, each.kind, each.target).standing()
        if standing is None or standing.marker is None:
            continue
        seen = seen_heads.load(vault.path, standing.marker.replica)
        alarms = tuple(alarm for alarm in reversed(seen.alarms) if alarm.at >= since)
        branch = min(seen.shown, key=lambda name: (name.count("/"), name), default="")
        if branch or alarms:
            seq = seen.shown[branch].seq if branch else 0
            found[each.name] = Evidence(each.name, branch, seq, seen.told.get(branch, ""), alarms)
    return found

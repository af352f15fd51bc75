"""Proving the signed heads of replicas with the public key alone: nothing is opened, no key of the vault is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netto_tui.errors import NettoError, Refused, WrongTarget
from netto_tui.model.clock import to_ms
from netto_tui.replicas.base import Chained, Replica
from netto_tui.security.heads import Fault, Head, Place
from netto_tui.sync.chain import Owner, walk
from netto_tui.sync.heads import GRACE_MS, WORDS


@dataclass(frozen=True)
class BranchVerdict:
    """One branch: how many heads were proven, and the latest of them."""

    branch: str
    heads: int
    latest: Head


@dataclass(frozen=True)
class FaultFound:
    """One thing that is wrong, by its code and in words."""

    code: Fault
    text: str


@dataclass
class ChainVerdict:
    """What the heads of one replica prove. error: why it could not be looked at, "" where it was."""

    name: str
    kind: str
    replica: str = ""
    branches: list[BranchVerdict] = field(default_factory=list)
    faults: list[FaultFound] = field(default_factory=list)
    places: dict[str, dict[int, str]] = field(default_factory=dict)
    witness: list[tuple[Head, Mapping[str, Mapping[str, Place]]]] = field(default_factory=list)
    error: str = ""
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether all of it is proven."""
        return not self.faults and not self.error


def check(replicas: Sequence[Replica], public: bytes, now_ms: int, since_ms: int = 0) -> list[ChainVerdict]:
    """Go along every head of some replicas, then compare what they tell of each other.

    public: 32 bytes. since_ms: what is wrong before the first head that was signed after it is not told.
    """
    verdicts = []
    for replica in replicas:
        verdict = ChainVerdict(replica.name, replica.kind)
        try:
            _check_one(replica, public, since_ms, verdict)
        except NettoError as error:
            verdict.error, verdict.exit_code = str(error), error.exit_code
        verdicts.append(verdict)
    for verdict in verdicts:
        for other in verdicts:
            if verdict is not other and verdict.replica:
                _compare(verdict, other, now_ms)
    return verdicts


def _check_one(replica: Replica, public: bytes, since_ms: int, verdict: ChainVerdict) -> None:
    if not isinstance(replica, Chained):
        raise Refused(f"A replica of the kind {replica.kind} has no heads.", remedy="Name one that is not a folder.")
    marker = replica.probe().marker
    if marker is None:
        raise WrongTarget(f"{replica.name} does not say whose replica it is.", remedy="Check its place in config.toml.")
    verdict.replica = marker.replica
    for branch, links in replica.links(None).items():
        latest: Head | None = None
        count, wrong = 0, list[FaultFound]()
        for step in walk(Owner(marker.vault, marker.replica, branch, public), links, None):
            if step.head is not None and step.place is not None:
                latest, count = step.head, count + 1
                verdict.places.setdefault(branch, {})[step.place.seq] = step.place.sha256
                verdict.witness.append((step.head, step.head.others))
                if to_ms(step.head.at) < since_ms:
                    wrong.clear()
                    continue
            for found in step.found:
                wrong.append(FaultFound(found.fault, f"{replica.name} {WORDS[found.fault]}. {found.about}"))
        verdict.faults += wrong
        if latest is not None:
            verdict.branches.append(BranchVerdict(branch, count, latest))
    if not verdict.branches:
        text = f"{replica.name} has no head that the key of this vault signed, so that nothing of it is proven."
        verdict.faults.append(FaultFound("unsigned", text))


def _compare(verdict: ChainVerdict, other: ChainVerdict, now_ms: int) -> None:
    """Find where another replica's heads tell of something that is not here."""
    told: dict[str, Place] = {}
    for head, others in other.witness:
        if min(to_ms(head.at), now_ms) <= now_ms - GRACE_MS:
            for branch, place in others.get(verdict.replica, {}).items():
                told[branch] = max(place, told.get(branch, place))
    latest = {one.branch: one.latest for one in verdict.branches}
    for branch, place in sorted(told.items()):
        there = verdict.places.get(branch, {})
        newest = max(there, default=0)
        about = f"{branch} shows head {newest}, and {other.name} tells of head {place.seq}."
        if newest < place.seq:
            verdict.faults.append(FaultFound("rolled-back", f"{verdict.name} {WORDS['rolled-back']}. {about}"))
        elif there.get(place.seq, place.sha256) != place.sha256 or (
            place.seq not in there and latest[branch].follows(place, there[newest]) == "forked"
        ):
            verdict.faults.append(FaultFound("forked", f"{verdict.name} {WORDS['forked']}. {about}"))

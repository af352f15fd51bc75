"""The signed heads of a replica in one pass: those that are there are checked, and what is written gets one.

Whatever a head shows, the data is joined and healed as ever; an attack is named, told once, and kept as evidence.
A plain replica has no heads: whoever may write there needs no keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from netto_tui.errors import InvalidRecord, Locked
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.replicas.base import Chained, Link, Signer
from netto_tui.security import heads
from netto_tui.security.heads import WITNESSED, Fault, Head, Place
from netto_tui.sync import seen_heads
from netto_tui.sync.chain import Owner, walk
from netto_tui.sync.context import Context
from netto_tui.sync.seen_heads import Alarm, Seen

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet

FROZEN_MS = 7 * 24 * 3600 * 1000
"""A replica that shows nothing new for so long, although another one tells of news there, is frozen."""

GRACE_MS = 20_000
"""A host's readers may lag behind its writers by seconds, so what is as fresh as this is no proof yet."""

WORDS: Mapping[Fault, str] = {
    "rolled-back": "was rolled back to an earlier state",
    "forked": "shows another history than before",
    "dropped": "lacks part of its signed history",
    "foreign-signer": "has a head that the key of this vault did not sign",
    "swapped": "has a head that belongs to another place",
    "unsigned": "was changed by somebody who has not the key of this vault",
    "tampered": "holds something else than its signed head says",
    "frozen": "has shown nothing new for days, although other devices wrote there",
}
"""What each attack is, about a replica."""


class Heads:
    """Heads of the replica of one pass. keys: of the vault, asked for when there is something to prove or to sign."""

    def __init__(self, context: Context, keys: Callable[[], KeySet] | None) -> None:
        self._context = context
        self._keys = keys
        self._made: dict[str, tuple[tuple[str, int, str], str, Head]] = {}  # by branch, what was signed last

    @property
    def signer(self) -> Signer | None:
        """Who signs what is written; None where the replica has no heads."""
        return self if self._replica_id() else None

    def look(self) -> bool:
        """Check what the replica showed since the last look; whether something is wrong that was not told before."""
        replica, replica_id = self._context.replica, self._replica_id()
        if not replica_id or not isinstance(replica, Chained) or self._keys is None:
            return False
        self._made.clear()  # what was signed for a writing that somebody overtook
        seen = seen_heads.load(self._context.vault.path, replica_id)
        alarms = list(seen.alarms)
        found = replica.links(seen.shown)
        public = self._keys().public
        for branch in sorted(seen.shown.keys() - found.keys()):
            self._accuse(seen, "rolled-back", seen.shown.pop(branch).sha256, f"Its branch {branch} is gone.")
        for branch, links in sorted(found.items()):
            before = seen.shown.get(branch)
            self._follow(seen, branch, links, public)
            if seen.shown.get(branch) != before:
                seen.news_ms = self._context.vault.clock.now()
        seen_heads.save(self._context.vault.path, replica_id, seen)
        return seen.alarms != alarms

    def compare(self) -> None:
        """Compare where the replica was last seen with what the heads of other replicas tell of it; asks nothing."""
        replica_id = self._replica_id()
        if not replica_id:
            return
        path, now = self._context.vault.path, self._context.vault.clock.now()
        seen = seen_heads.load(path, replica_id)
        alarms = len(seen.alarms)
        for branch, (place, at_ms) in self._witnessed(replica_id).items():
            if min(at_ms, now) <= now - GRACE_MS:
                self._compare(seen, branch, place, now)
        if len(seen.alarms) != alarms:
            seen_heads.save(path, replica_id, seen)

    def begin_anew(self) -> None:
        """Expect none of the heads that were there: the replica is built again, on a person's word or after a loss.

        The next heads say up to which one that is, so that other devices hear of it.
        """
        if replica_id := self._replica_id():
            seen = seen_heads.load(self._context.vault.path, replica_id)
            seen.shown.clear()
            seen_heads.save(self._context.vault.path, replica_id, seen)

    def sign(self, branch: str, root: str, count: int, previous: str) -> str:
        """The token of the next head of a branch; see replicas.base.Signer."""
        if self._keys is None:
            raise Locked("There are no keys to sign with.", remedy="Run: netto-tui keys check")
        wanted = (root, count, previous)
        if branch not in self._made or self._made[branch][0] != wanted:
            keys = self._keys()
            head = self._next(branch, root, count, previous, keys.public)
            self._made[branch] = (wanted, heads.sign(head, keys.sign), head)
        return self._made[branch][1]

    def written(self) -> None:
        """Remember the heads that were signed, once the replica has taken them."""
        if not self._made:
            return
        path, replica_id = self._context.vault.path, self._replica_id()
        seen = seen_heads.load(path, replica_id)
        for _, token, head in self._made.values():
            seen.note(head.branch, Place(head.seq, heads.sha256_of(token)), head.at)
        seen.news_ms = self._context.vault.clock.now()
        seen_heads.save(path, replica_id, seen)
        self._made.clear()

    def _replica_id(self) -> str:
        """The id of the replica, where it has heads; else ""."""
        context = self._context
        if self._keys is None or context.replica.envelope.readable or not isinstance(context.replica, Chained):
            return ""
        standing = context.ledger.standing()
        return standing.marker.replica if standing and standing.marker else ""

    def _follow(self, seen: Seen, branch: str, links: Sequence[Link], public: bytes) -> None:
        """Go along a branch from the head that was shown last, and remember what belongs to it."""
        owner = Owner(self._context.vault.id, self._replica_id(), branch, public)
        for step in walk(owner, links, seen.shown.get(branch)):
            for found in step.found:
                self._accuse(seen, found.fault, found.mark, found.about)
            if step.head is not None and step.place is not None:
                seen.note(branch, step.place, step.head.at)
                seen.hear(step.head.others, min(step.head.at, to_instant(self._context.vault.clock.now())))

    def _compare(self, seen: Seen, branch: str, place: Place, now: int) -> None:
        """Judge what another replica's head says of a branch here."""
        there = seen.shown.get(branch)
        shown = f"head {there.seq}" if there else "no head"
        about = f"{branch} shows {shown}, and another replica tells of head {place.seq}."
        known = {each.seq: each.sha256 for each in seen.known.get(branch, ())}
        if known.get(place.seq, place.sha256) != place.sha256 and place not in seen.known[branch]:
            self._accuse(seen, "forked", place.sha256, about)
        elif there is None or there.seq < place.seq:
            frozen = there is not None and now - seen.news_ms >= FROZEN_MS
            self._accuse(seen, "frozen" if frozen else "rolled-back", place.sha256, about)

    def _accuse(self, seen: Seen, fault: Fault, mark: str, about: str) -> None:
        """Name an attack, once."""
        context = self._context
        text = f"{context.replica.name} {WORDS[fault]}. {about} What it holds was joined with what is here."
        if seen.alarm(Alarm(fault, text, to_instant(context.vault.clock.now()), mark)):
            context.alert(fault, text)

    def _next(self, branch: str, root: str, count: int, previous: str, public: bytes) -> Head:
        """The head after what is there, and beyond all that was ever known of the branch."""
        context, replica_id = self._context, self._replica_id()
        seen = seen_heads.load(context.vault.path, replica_id)
        before: tuple[tuple[int, str], ...] = ()
        there: Place | None = None
        try:
            if previous:
                last = heads.read(previous, public)
                there, before = Place(last.seq, heads.sha256_of(previous)), heads.follow_up(previous, last)
        except InvalidRecord:
            pass  # somebody else's: the chain goes on from what is known
        if there is None and (shown := seen.shown.get(branch)) is not None:
            there, before = shown, ((shown.seq, heads.short(shown.sha256)),)
        witnessed = self._witnessed(replica_id).get(branch)
        furthest = max([each for each in (seen.furthest(branch), witnessed and witnessed[0]) if each], default=None)
        lost = furthest if furthest and (there is None or there.seq < furthest.seq) else None
        return Head(
            vault=context.vault.id,
            replica=replica_id,
            branch=branch,
            device=context.vault.device,
            seq=max(each.seq if each else 0 for each in (there, furthest)) + 1,
            previous=there.sha256 if there else "",
            root=root,
            count=count,
            at=to_instant(context.vault.clock.now()),
            before=before,
            lost=lost,
            others=self._others(replica_id),
        )

    def _witnessed(self, replica_id: str) -> dict[str, tuple[Place, int]]:
        """The furthest that any other replica's heads tell of this one, by branch, with the instant of the telling."""
        found: dict[str, tuple[Place, int]] = {}
        for other in seen_heads.replicas(self._context.vault.path):
            heard = seen_heads.load(self._context.vault.path, other).others.get(replica_id, {})
            for branch, (place, at) in heard.items():
                if branch not in found or found[branch][0].seq < place.seq:
                    found[branch] = (place, to_ms(at))
        return found

    def _others(self, replica_id: str) -> dict[str, dict[str, Place]]:
        """The latest heads of the vault's other replicas, main branches first, as many as a head tells of."""
        told = [
            (branch.count("/"), other, branch, place)
            for other in seen_heads.replicas(self._context.vault.path)
            if other != replica_id
            for branch, places in seen_heads.load(self._context.vault.path, other).known.items()
            if (place := max(places, default=None)) is not None
        ]
        found: dict[str, dict[str, Place]] = {}
        for _, other, branch, place in sorted(told)[:WITNESSED]:
            found.setdefault(other, {})[branch] = place
        return found

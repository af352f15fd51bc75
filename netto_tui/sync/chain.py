"""Going along the heads of one branch, and naming what is wrong with each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netto_tui.errors import InvalidRecord
from netto_tui.replicas.base import Link
from netto_tui.security import heads
from netto_tui.security.heads import Fault, Head, Place


@dataclass(frozen=True)
class Found:
    """Something that is wrong at one state of a branch. mark: stands for just this; about: where it is, for people."""

    fault: Fault
    mark: str
    about: str


@dataclass(frozen=True)
class Step:
    """One state of a branch. head, place: of what the vault's key signed for this branch, else None."""

    link: Link
    head: Head | None = None
    place: Place | None = None
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Owner:
    """Whose heads are looked for: the ids of vault and replica, the branch, and the vault's public key."""

    vault: str
    replica: str
    branch: str
    public: bytes


def walk(owner: Owner, links: Sequence[Link], before: Place | None) -> Iterator[Step]:
    """Each state in turn; before: the head that was shown last, None where no head is known.

    The first link may be any later one than that; each after it has to follow the one before.
    """
    for number, link in enumerate(links):
        step = _step(owner, link, before, is_next=number > 0)
        before = step.place or before
        yield step


def _step(owner: Owner, link: Link, before: Place | None, *, is_next: bool) -> Step:
    where = f"{link.place} on {owner.branch}"
    if not link.token:
        changed = link.alters and before is not None
        return Step(link, found=(Found("unsigned", f"{link.place} {link.root}", f"It is {where}."),) if changed else ())
    sha256 = heads.sha256_of(link.token)
    try:
        head = heads.read(link.token, owner.public)
    except heads.ForeignSigner:
        return Step(link, found=(Found("foreign-signer", sha256, f"It is {where}."),))
    except InvalidRecord:
        return Step(link, found=(Found("unsigned", sha256, f"{where} has something else for a head."),))
    about = f"It is head {head.seq} of {head.at[:16]}Z, {where}."
    if (head.vault, head.replica, head.branch) != (owner.vault, owner.replica, owner.branch):
        return Step(link, found=(Found("swapped", f"{owner.branch} {sha256}", about),))
    found = []
    if link.root and head.root != link.root:
        found.append(Found("tampered", f"{sha256} {link.root}", about))
    if before is not None and (fault := head.follows(before, sha256, is_next=is_next)):
        found.append(Found(fault, f"{before.sha256} {sha256}", f"{about} Before it was head {before.seq}."))
    return Step(link, head, Place(head.seq, sha256), tuple(found))

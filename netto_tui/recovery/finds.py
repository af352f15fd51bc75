"""What a verification found, line by line: in which store, in which conversation, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netto_tui.recovery.verify import StoreVerdict, Verdict

FindKind = Literal["unreadable", "damaged", "different", "missing", "extra", "withheld"]
"""In the order of how bad it is."""

ORDER: tuple[FindKind, ...] = ("unreadable", "damaged", "different", "missing", "extra", "withheld")

LOCAL = "local"

_MENDS: dict[FindKind, str] = {
    "unreadable": "Verify again when it can be reached; nothing is lost.",
    "damaged": "The next sync writes good bytes there again: S, or netto-tui sync.",
    "different": "Each side has something that the other lacks. The next sync unites them: S, or netto-tui sync.",
    "missing": "The next sync brings it there: S, or netto-tui sync.",
    "extra": "The next sync brings it here: S, or netto-tui sync.",
    "withheld": "It holds a credential, or the host does not take it. It is kept back knowingly; that is no fault.",
}
_MENDS_HERE: dict[FindKind, str] = {
    "damaged": "The bytes are in quarantine. The next sync brings good ones from a replica: S, or netto-tui sync.",
    "missing": "The next sync brings it back from a replica that has it: S, or netto-tui sync.",
}


@dataclass(frozen=True)
class Find:
    """One thing that is not as it should be; store: `local` or a replica's name.

    conversation: its id, "" where no conversation is concerned, or none can be named. where: the place in the store,
    "" for a whole conversation. reason: why, in words.
    """

    store: str
    kind: FindKind
    conversation: str = ""
    where: str = ""
    reason: str = ""

    @property
    def mends(self) -> str:
        """What to do about it, for people."""
        return (_MENDS_HERE if self.store == LOCAL else {}).get(self.kind) or _MENDS[self.kind]

    @property
    def is_fault(self) -> bool:
        """Whether the store is not good because of it."""
        return self.kind != "withheld"


def finds(verdict: Verdict) -> list[Find]:
    """Everything that a verification found, store by store, the worst first."""
    return [find for store in verdict.stores for find in sorted(_of(store), key=lambda one: ORDER.index(one.kind))]


def _of(store: StoreVerdict) -> Iterator[Find]:
    if store.error:
        yield Find(store.name, "unreadable", reason=store.error)
    for corrupt in store.corrupt:
        yield Find(store.name, "damaged", store.damaged.get(corrupt.where, ""), corrupt.where, corrupt.reason)
    missing, extra = set(store.missing), set(store.extra)
    for name in sorted(missing | extra):
        if name in missing and name in extra:
            yield Find(store.name, "different", name, reason="each side has something that the other lacks")
        elif name in missing:
            yield Find(store.name, "missing", name, reason="lost in whole or in part")
        else:
            yield Find(store.name, "extra", name, reason="more than there is here")
    for name in store.withheld:
        yield Find(store.name, "withheld", name, reason="a part is kept back knowingly")

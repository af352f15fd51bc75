"""Reading what a replica holds, or held at a date, and what it takes to say that again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from netto_tui.errors import UsageError
from netto_tui.model.conversation import Item, items, start_day
from netto_tui.model.digest import conversation_digest, node_digest, root_digest
from netto_tui.model.merge import resolve
from netto_tui.model.revision import Body, Deleted, Record, body_key
from netto_tui.replicas.base import Held, Historic, Moment, Replica
from netto_tui.sync.sealing import require_one_form
from netto_tui.vault.vault import Vault

AsOf = int | Moment
"""An instant in milliseconds since 1970, or a moment of a replica's history, which others may share the instant of."""


class Reading:
    """A stream of everything a replica holds, which notes its digest on the way.

    only: the ids of the conversations that are wanted; all of them where it is empty. as_of: when, else
    as things are now.
    """

    def __init__(self, replica: Replica, *, only: Collection[str] = (), as_of: AsOf | None = None) -> None:
        self._replica = replica
        self._only = only
        self._as_of = as_of
        self._days: dict[str, dict[str, str]] = defaultdict(dict)
        self.total = 0
        """How many conversations there are to read; 0 while nobody knows."""
        self.corrupt = 0

    def __iter__(self) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Each conversation with its good records. Raises UsageError where there is no history to read."""
        for held in self._held():
            self.corrupt += len(held.corrupt)
            if not held.records:
                continue
            name = held.records[0].rev.conversation
            if self._only and name not in self._only:
                continue
            digest = conversation_digest(record.id for record in held.records)
            self._days[start_day(record.rev.at for record in held.records)][name] = digest
            yield name, held.records

    def _held(self) -> Iterable[Held]:
        replica = self._replica
        stored = sorted(replica.envelope.name(name) for name in self._only)
        self.total = len(stored)
        if self._as_of is not None:
            return require_history(replica).read_as_of(self._as_of, stored or None)
        probe = replica.probe()
        if probe.presence != "present":
            raise UsageError(f"There is nothing to restore from in {replica.name}.", remedy="Choose another replica.")
        require_one_form(replica.name, probe.marker)
        stored = stored or sorted(replica.changes("").names)
        self.total = len(stored)
        return replica.read(stored)

    @property
    def digest(self) -> str:
        """The root digest of what was read."""
        return root_digest({day: node_digest(children) for day, children in self._days.items()})

    @property
    def conversations(self) -> int:
        """How many conversations were read."""
        return sum(map(len, self._days.values()))


def require_history(replica: Replica) -> Historic:
    """A replica as one that knows what it held earlier. Raises UsageError where it does not."""
    if not isinstance(replica, Historic):
        raise UsageError(
            f"{replica.name} keeps no history, so it cannot say how things were.",
            remedy="Use a Git replica, or leave out the date.",
        )
    return replica


def going_back(vault: Vault, name: str, then: Iterable[Record], *, past: bool) -> list[Record]:
    """Revisions that bring back what a conversation said; nothing is written.

    past: everything that was changed or deleted since; else only what is deleted now.
    """
    stored = [*vault.records(name), *then]
    now = items(stored)
    back: list[Record] = []
    for item_name, item in items(then if past else stored).items():
        present = now[item_name].value.body
        body = _said(item, past)
        if body is not None and (past or isinstance(present, Deleted)) and body_key(body) != body_key(present):
            back.append(resolve(now[item_name], body, vault.clock.stamp()))
    return back


def _said(item: Item, past: bool) -> Body | None:
    """What an item said: its value then, or the last thing it said before it was deleted."""
    if past:
        return None if item.value.deleted else item.value.body
    said = [r for r in sorted(item.records.values(), key=lambda r: r.order) if not isinstance(r.rev.body, Deleted)]
    return said[-1].rev.body if said else None

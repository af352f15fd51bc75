"""Writing to Firestore: what is new, each conversation's header, and the user document once.

The user document is written with the condition that it is as it was at the expected cursor; that is
the compare-and-swap. What fits goes in one atomic commit with it. Else messages go first, which harms
nobody, and headers last, with the user document. Messages are only ever created; one that is there
already is compared, and replaced only when it is damaged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netto_tui.errors import InvalidRecord, Moved, Unreachable
from netto_tui.model.revision import body_blobs
from netto_tui.replicas.base import Batch, Write
from netto_tui.replicas.firestore_blobs import Blobs
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_copy import Copy
from netto_tui.replicas.firestore_documents import (
    BLOBS,
    COMMIT_WRITES,
    CONVERSATIONS,
    SERVER_TIME,
    USER,
    Cursor,
    Header,
    Put,
    commits,
    header_of,
    is_name,
    message_puts,
    read_user,
    stored_day,
)
from netto_tui.replicas.firestore_faults import Lost, Stale
from netto_tui.replicas.firestore_heads import Heads
from netto_tui.replicas.firestore_quota import Quota
from netto_tui.replicas.firestore_reading import Reading
from netto_tui.security.envelope import Envelope

ATTEMPTS = 4
"""How often a refused or unanswered commit is settled by looking, and sent again."""

TOGETHER = COMMIT_WRITES - 50
"""How many conversations share one writing of the user document."""


@dataclass
class Plan:
    """What one conversation needs.

    messages, blobs: documents to be written first. header: None when the one that is there is right.
    """

    name: str
    write: Write
    messages: list[Put]
    after: Header
    header: Put | None
    blobs: list[Put] = field(default_factory=list)

    @property
    def puts(self) -> list[Put]:
        """All but the header."""
        return [*self.blobs, *self.messages]

    @property
    def cost(self) -> int:
        """Documents to be written."""
        return len(self.blobs) + len(self.messages) + (self.header is not None)


class Adding:
    """How one replica is written."""

    def __init__(
        self,
        connection: Connection,
        copy: Copy,
        reading: Reading,
        envelope: Envelope,
        quota: Quota,
        device: str,
        heads: Heads,
    ) -> None:
        self._connection = connection
        self._copy = copy
        self._reading = reading
        self._envelope = envelope
        self._quota = quota
        self._device = device
        self._heads = heads
        self._blobs = Blobs(connection, envelope)

    def run(self, batch: Batch, expected: Cursor) -> Cursor:
        """Write a batch from a cursor on. Raises Moved, and Limited after writing what the day's quota takes."""
        days = [stored_day(write.day) for write in batch.writes]
        blobs = self._blobs.puts(batch.blobs)
        owned = {sha256 for write in batch.writes for sha256 in _blobs_of(write)}
        spare = [put for sha256 in sorted(blobs.keys() - owned) for put in blobs.pop(sha256)]
        cursor = expected
        for start in range(0, max(1, len(days)), TOGETHER):
            part = slice(start, start + TOGETHER)
            plans, waiting = self._within_quota(self._plan(batch.writes[part], days[part]), blobs, len(spare))
            cursor, spare = self._send(plans, spare, cursor), []
            if waiting:
                raise self._quota.paused(waiting + batch.later)
        return cursor

    def put_slots(self, slots: Mapping[str, bytes], expected: Cursor) -> Cursor:
        """Have these key slots in the user document, and no others. Raises Moved."""
        fields = {**self._user_fields(expected, ()), "slots": slots}
        try:
            time = self._connection.commit([Put(USER, fields, "update", expected.at)])[-1]
            self._heads.written(expected, Cursor(time, expected.n + 1))
            return Cursor(time, expected.n + 1)
        except (Stale, Lost):
            document, _ = self._connection.look()
            user = read_user(document) if document is not None else None
            if user is None or (user.cursor.n, user.device, user.slots) != (expected.n + 1, self._device, slots):
                raise self._moved() from None
            self._connection.spent_unseen(1)
            self._heads.written(expected, user.cursor)
            return user.cursor

    def _user_fields(self, expected: Cursor, plans: Sequence[Plan]) -> dict[str, Any]:
        """What the user document gets with some plans."""
        changed = {plan.name: plan.after for plan in plans}
        known = {"device": self._device, "sequence": expected.n + 1, "updated_at": SERVER_TIME}
        return {**known, **self._heads.fields(expected, changed)}

    def _plan(self, writes: Sequence[Write], days: Sequence[str]) -> list[Plan]:
        """What is to be written, by what is known here; where that is nothing, the headers are read."""
        names = [self._envelope.name(write.conversation) for write in writes]
        headers = {name: header for name in names if (header := self._copy.header(name)) is not None}
        begun = [
            name
            for name, write in zip(names, writes, strict=True)
            if name not in headers and any(record.id not in write.fresh for record in write.records)
        ]
        headers |= self._reading.headers(begun) if begun else {}
        return [
            self._plan_one(name, write, day, headers.get(name))
            for name, write, day in zip(names, writes, days, strict=True)
        ]

    def _plan_one(self, name: str, write: Write, day: str, header: Header | None, *, certain: bool = False) -> Plan:
        records = {self._envelope.name(record.id): record for record in write.records}
        fresh = {self._envelope.name(record_id) for record_id in write.fresh} & records.keys()
        if not all(is_name(each) for each in (name, *records)):
            raise InvalidRecord("A record has a name that cannot be filed.")
        kept = self._copy.names(name)
        sure: set[str] = set()
        if header is None:
            there = self._connection.names((*CONVERSATIONS, name, "messages")) if certain else set()
        elif header.agrees(kept):
            there = sure = kept
        elif header.agrees(records.keys() - fresh):
            there = records.keys() - fresh
        elif header.agrees(records):
            there = set(records)
        else:
            there = self._connection.names((*CONVERSATIONS, name, "messages"))
        wanted = (records.keys() - there) | (fresh - sure)
        new = [each for key, each in records.items() if key in wanted]
        messages = [put for each in new for put in message_puts(self._envelope, name, each)]
        if there - records.keys() and header is not None and header.day:
            day = min(day, header.day)
        after = header_of(day, there | records.keys())
        return Plan(name, write, messages, after, _header_put(name, header, after))

    def _within_quota(self, plans: Sequence[Plan], blobs: dict[str, list[Put]], spare: int) -> tuple[list[Plan], int]:
        """The conversations that may be written today, whole, and how many documents have to wait.

        blobs: by SHA-256, what is not written yet; those that are needed go into the plans. spare:
        documents that are written besides.
        """
        left = self._quota.writes_left()
        room = math.inf if left is None else left - spare - 1
        chosen: list[Plan] = []
        waiting = 0
        for plan in plans:
            own = [sha256 for sha256 in _blobs_of(plan.write) if sha256 in blobs]
            plan.blobs = [put for sha256 in own for put in blobs[sha256]]
            if not plan.cost:
                continue
            if left is not None and plan.cost >= self._quota.daily_writes and not chosen:
                room -= self._begin_long(plan, int(room))
            if plan.cost > room:
                waiting += plan.cost
                continue
            room -= plan.cost
            chosen.append(plan)
            for sha256 in own:
                del blobs[sha256]
        return chosen, waiting

    def _begin_long(self, plan: Plan, room: int) -> int:
        """Write as much as there is room for of a conversation that no day takes whole; returns how much that was."""
        plan.blobs, plan.messages = self._missing(plan.blobs), self._missing(plan.messages)  # since an earlier day
        if plan.cost <= room or room <= 0:
            return 0
        self._create(plan.puts[:room])
        plan.blobs, plan.messages = plan.blobs[room:], plan.messages[max(0, room - len(plan.blobs)) :]
        return room

    def _send(self, plans: list[Plan], spare: Sequence[Put], expected: Cursor) -> Cursor:
        """Write plans, and documents that belong to none of them. Raises Moved."""
        puts = [*spare, *(put for plan in plans for put in plan.puts)]
        for _ in range(ATTEMPTS):
            headers = [plan.header for plan in plans if plan.header is not None]
            if not puts and not headers:
                self._require(expected)
                return expected
            last = [*puts, *headers, Put(USER, self._user_fields(expected, plans), "update", expected.at)]
            try:
                if len(list(commits(last))) > 1:
                    self._require(expected)
                    self._create(puts)
                    self._note(puts)
                    last, puts = last[len(puts) :], []
                time = self._connection.commit(last)[-1]
                self._note(puts, plans, time)
                self._heads.written(expected, Cursor(time, expected.n + 1))
                return Cursor(time, expected.n + 1)
            except (Stale, Lost):
                if (cursor := self._settle(plans, puts, expected)) is not None:
                    self._connection.spent_unseen(len(last))
                    self._note(puts, plans, cursor.at)
                    self._heads.written(expected, cursor)
                    return cursor
            plans = self._plan_again(plans)
            puts = self._missing([*spare, *(put for plan in plans for put in plan.puts)])
        raise Unreachable(f"{self._connection.place} took none of {ATTEMPTS} attempts to write.", remedy="Try later.")

    def _plan_again(self, plans: Sequence[Plan]) -> list[Plan]:
        """The same conversations, by what is on the server now."""
        headers = self._reading.headers([plan.name for plan in plans])
        again = []
        for plan in plans:
            one = self._plan_one(plan.name, plan.write, plan.after.day, headers.get(plan.name), certain=True)
            again.append(replace(one, blobs=plan.blobs))
        return again

    def _settle(self, plans: Sequence[Plan], puts: Sequence[Put], expected: Cursor) -> Cursor | None:
        """Where the replica stands if the last commit was done after all; None when nothing was. Raises Moved."""
        document, _ = self._connection.look()
        user = read_user(document) if document is not None else None
        if user is not None and user.cursor == expected:
            return None
        if user is not None and user.device == self._device and user.cursor.n == expected.n + 1:
            changed = [plan for plan in plans if plan.header is not None]
            headers = self._reading.headers([plan.name for plan in changed])
            right = [headers.get(plan.name) == replace(plan.after, updated=user.cursor.at) for plan in changed]
            ours = all(right) and not self._missing(puts)
            if ours:
                return user.cursor
        raise self._moved()

    def _require(self, expected: Cursor) -> None:
        """One read. Raises Moved when the replica is elsewhere."""
        document, _ = self._connection.look()
        if document is None or read_user(document).cursor != expected:
            raise self._moved()

    def _moved(self) -> Moved:
        return Moved(f"Another device wrote to {self._connection.place} first.", remedy="Nothing is lost; sync again.")

    def _create(self, puts: Sequence[Put]) -> None:
        """Write documents that may be there already, many commits long; each is old or new at any time."""
        for part in commits(puts):
            self._connection.begin()
            waiting = part
            for _ in range(ATTEMPTS):
                if not waiting:
                    break
                try:
                    self._connection.commit(waiting)
                    break
                except Stale:
                    waiting = self._missing(waiting)
                except Lost:
                    sent, waiting = len(waiting), self._missing(waiting)
                    self._connection.spent_unseen(sent - len(waiting))
            else:
                raise Unreachable(f"{self._connection.place} does not answer writes.", remedy="Try again later.")

    def _missing(self, puts: Sequence[Put]) -> list[Put]:
        """Those that are not there yet; what is there but damaged is to be replaced.

        A blob that another device sealed in other bytes meanwhile stays as it is, with all its chunks.
        """
        there = self._connection.get(put.path for put in puts)
        missing = [
            replace(put, mode="replace") if put.path in there else put
            for put in puts
            if put.path not in there or not put.is_done(there[put.path].fields)
        ]
        other = {put.path[:2] for put in missing if put.mode == "replace" and put.path[:1] == BLOBS}
        whole = self._blobs.whole(other) if other else set()
        return [put for put in missing if put.path[:2] not in whole]

    def _note(self, puts: Sequence[Put], plans: Sequence[Plan] = (), time: int = 0) -> None:
        """Remember what is there now; one commit gives all its documents the same time."""
        headers = {plan.name: replace(plan.after, updated=time) for plan in plans if plan.header is not None}
        messages = [put.path for put in puts if put.path[0] == CONVERSATIONS[0] and len(put.path) == 4]
        self._reading.note_written(headers, messages)


def _header_put(name: str, there: Header | None, after: Header) -> Put | None:
    path = (*CONVERSATIONS, name)
    if there is None:
        return Put(path, after.fields())
    if replace(there, updated=0) == after:
        return None
    return Put(path, after.fields(), "update", there.updated)


def _blobs_of(write: Write) -> list[str]:
    """The blobs that a conversation's records name."""
    return list(dict.fromkeys(name for record in write.records for name in body_blobs(record.rev.body)))

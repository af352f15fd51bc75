"""The rows of messages: what each says, where it stands in its conversation and in time.

A message's rowid is its place: the time at which it is shown, and a number among equals.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from typing import Any

from netto_tui.model.clock import to_ms
from netto_tui.model.conversation import body_text, is_hidden, prose_text
from netto_tui.model.revision import Body, Document, Message
from netto_tui.vault.entry import Entry
from netto_tui.vault.forks import SAYS, Forks, Node
from netto_tui.vault.schema import LAST_MS, SLOT_BITS
from netto_tui.vault.settling import Settled, before, times
from netto_tui.vault.words import Words

_QUARTER_MS = 900_000
_FIRST_DAY = 86_400_000 // _QUARTER_MS

_INSERT = (
    "INSERT INTO messages (id, conversation, item, revision, kind, role, author, sent, parent, conflict,"
    " hidden, secrets, text, prose) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

Row = tuple[Any, ...]


class Transcript:
    """Writes the rows of messages, and gathers what follows from them until `flush`.

    day_of: the day in the vault's zone, `YYYY-MM-DD`, of a time in milliseconds.
    """

    def __init__(self, connection: sqlite3.Connection, day_of: Callable[[int], str]) -> None:
        self._sql = connection
        self._day_of = day_of
        self._words = Words(connection)
        self._stale: set[int] = set()

    def flush(self) -> None:
        """Write the full text, and note which daily files have to be rendered anew; undated messages have none."""
        self._words.flush()
        if self._stale:
            days = {self._day_of(quarter * _QUARTER_MS) for quarter in self._stale}
            self._sql.executemany(
                "INSERT INTO views (day, stale) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET stale = 1",
                [(day,) for day in sorted(days)],
            )
            self._stale.clear()

    def discard(self) -> None:
        """Forget what has gathered; the transaction is undone."""
        self._words.discard()
        self._stale.clear()

    def insert(self, entry: Entry, items: Iterable[tuple[str, Settled]], *, alone: bool) -> None:
        """Add the messages and documents among items of which nothing is stored yet, parents first.

        alone: the conversation has no other rows. Looks up only what these items do not say.
        """
        items = list(items)
        answered = set() if alone else self._answered(entry, [item for item, _ in items])
        shown = [
            (item, settled, settled.value, body, _sent(body, settled.first))
            for item, settled in items
            if settled.value is not None and isinstance(body := settled.value.rev.body, Message | Document)
        ]
        places: dict[str | None, int] = {}
        taken = self._taken(sent for *_, sent in shown)
        rows: list[Row] = []
        for item, settled, record, body, sent in shown:
            parent = before(body)
            entry.moved = entry.moved or item in answered
            at = sent if parent is None else max(sent, places.get(parent, -1) + 1)
            if parent is not None:
                answered.add(parent)
                if not alone and parent not in places:
                    at = self._time(entry, parent, sent)
            low = min(at, LAST_MS) << SLOT_BITS
            rowid = taken[low] if low in taken else self._slot(at)
            taken[low], places[item] = rowid + 1, rowid >> SLOT_BITS
            rows.append(self._row(entry, rowid, item, bytes.fromhex(record.id), body, sent, settled.conflict))
        self._sql.executemany(_INSERT, rows)

    def upsert(self, entry: Entry, item: str, revision: bytes, body: Message | Document, conflict: str) -> None:
        """Have one item say what a body says, whatever its row was."""
        parent, sent = before(body), _sent(body, None)
        if sent is None:
            query = "SELECT min(at) FROM revisions WHERE conversation = ? AND item = ?"
            sent = int(self._sql.execute(query, (entry.id, item)).fetchone()[0])
        old = self._old(entry, item)
        rowid = old[0] if old is not None and (old[1], old[2]) == (sent, parent) else None
        if old is not None:
            self._forget(entry, old)
        if rowid is None:
            rowid = self._slot(self._time(entry, parent, sent))
            entry.moved = entry.moved or bool(self._answered(entry, [item]))
        self._sql.execute(_INSERT, self._row(entry, rowid, item, revision, body, sent, conflict))

    def remove(self, entry: Entry, item: str) -> None:
        """Have no row for an item."""
        old = self._old(entry, item)
        if old is not None:
            self._forget(entry, old)
            entry.moved = entry.moved or bool(self._answered(entry, [item]))

    def remove_all(self, entry: Entry) -> None:
        """Have no row for any item of a conversation."""
        query = "SELECT id, sent, parent, text, hidden, kind FROM messages WHERE conversation = ?"
        for row in self._sql.execute(query, (entry.id,)).fetchall():
            self._forget(entry, row)

    def place_all(self, entry: Entry) -> None:
        """Put every message of a conversation where it belongs; only late arrivals and odd clocks need it."""
        rows = self._sql.execute(
            "SELECT item, id, sent, parent FROM messages WHERE conversation = ? ORDER BY id", (entry.id,)
        ).fetchall()
        places = times({item: (sent, parent) for item, _, sent, parent in rows})
        for item, old, _, _ in rows:
            if old >> SLOT_BITS != min(places[item], LAST_MS):
                text = self._sql.execute("SELECT text FROM messages WHERE id = ?", (old,)).fetchone()[0]
                new = self._slot(places[item])
                self._sql.execute("UPDATE messages SET id = ? WHERE id = ?", (new, old))
                self._words.drop(old, text)
                self._words.put(new, text)
                self._touch(old)
                self._touch(new)
        entry.moved = False

    def mark_branch(self, entry: Entry, leaf: str | None) -> None:
        """Mark what is not on the branch that ends at the active leaf; without a leaf nothing is."""
        query = f"SELECT id, item, parent, branch, {SAYS} FROM messages WHERE conversation = ?"
        forks = Forks(Node(*row) for row in self._sql.execute(query, (entry.id,)))
        active = forks.branch(leaf or "")
        changed = []
        for item, node in forks.nodes.items():
            in_tree = node.parent in forks.nodes or bool(forks.following(item))
            off = bool(active) and item not in active and in_tree
            if off == node.active:
                changed.append((not off, entry.id, item))
        self._sql.executemany("UPDATE messages SET branch = ? WHERE conversation = ? AND item = ?", changed)

    def _row(
        self, entry: Entry, rowid: int, item: str, revision: bytes, body: Message | Document, sent: int, conflict: str
    ) -> Row:
        """The row that goes in now; counts it."""
        from netto_tui.security import redact  # only who writes pays for its rules

        text, prose, hidden = body_text(body), prose_text(body), is_hidden(body)
        self._words.put(rowid, text)
        self._touch(rowid)
        is_message = isinstance(body, Message)
        entry.messages += is_message and not hidden
        entry.documents += not is_message
        if sent >= entry.updated:
            entry.updated, entry.outdated = sent, False
        role, author = (body.role, body.author) if isinstance(body, Message) else ("", "")
        shown = "message" if is_message else "document"
        said = None if prose == text else prose
        return (
            rowid, entry.id, item, revision, shown, role, author, sent, before(body), conflict, hidden,
            redact.has_secret(text), text, said,
        )  # fmt: skip

    def _old(self, entry: Entry, item: str) -> Row | None:
        query = "SELECT id, sent, parent, text, hidden, kind FROM messages WHERE conversation = ? AND item = ?"
        found: Row | None = self._sql.execute(query, (entry.id, item)).fetchone()
        return found

    def _forget(self, entry: Entry, old: Row) -> None:
        rowid, sent, _parent, text, hidden, kind = old
        self._words.drop(rowid, text)
        self._touch(rowid)
        entry.outdated = entry.outdated or sent >= entry.updated
        self._sql.execute("DELETE FROM messages WHERE id = ?", (rowid,))
        entry.messages -= kind == "message" and not hidden
        entry.documents -= kind == "document"

    def _time(self, entry: Entry, parent: str | None, sent: int) -> int:
        """When a message without replies is shown: when it was sent, or just after its parent if that is later."""
        query = "SELECT id FROM messages WHERE conversation = ? AND item = ?"
        row = None if parent is None else self._sql.execute(query, (entry.id, parent)).fetchone()
        return sent if row is None else max(sent, (row[0] >> SLOT_BITS) + 1)

    def _answered(self, entry: Entry, items: Collection[str]) -> set[str]:
        """Those of some items to which there are replies."""
        query = "SELECT parent FROM messages WHERE conversation = ? AND parent IN (SELECT value FROM json_each(?))"
        return {parent for (parent,) in self._sql.execute(query, (entry.id, json.dumps(list(items))))}

    def _taken(self, times: Iterable[int]) -> dict[int, int]:
        """The first free rowid at each of some times, by the lowest rowid that the time has."""
        lows = sorted({min(at, LAST_MS) << SLOT_BITS for at in times})
        query = "SELECT value, (SELECT max(id) FROM messages WHERE id >= value AND id < value + ?) FROM json_each(?)"
        found = self._sql.execute(query, (1 << SLOT_BITS, json.dumps(lows))).fetchall()
        return {low: low if last is None else last + 1 for low, last in found}

    def _slot(self, at: int) -> int:
        """A free rowid at a time; what lies beyond the last time that a rowid can hold is shown there."""
        low = min(at, LAST_MS) << SLOT_BITS
        row = self._sql.execute(
            "SELECT max(id) FROM messages WHERE id >= ? AND id < ?", (low, low + (1 << SLOT_BITS))
        ).fetchone()
        return low if row[0] is None else int(row[0]) + 1

    def _touch(self, rowid: int) -> None:
        """Note that the daily file of a place is out of date."""
        quarter = (rowid >> SLOT_BITS) // _QUARTER_MS
        if quarter >= _FIRST_DAY:
            self._stale.add(quarter)


def _sent(body: Body, first: int | None) -> Any:
    """When a message was sent, else the earliest stamp of its item, in milliseconds."""
    return to_ms(body.sent.at) if isinstance(body, Message) and body.sent.at else first

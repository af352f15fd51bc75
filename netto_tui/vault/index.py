"""Deriving the index from records: heads, values, transcripts, full text and counts.

Every row follows from the set of records alone, whatever the order in which they came, so the
index can be thrown away and made again.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from netto_tui.model.clock import to_ms
from netto_tui.model.conversation import body_text, is_hidden, prose_text, start_day, title_of
from netto_tui.model.revision import (
    ABOUT,
    UNDATED,
    About,
    Document,
    Message,
    Record,
    body_blobs,
    body_key,
)
from netto_tui.vault.schema import LAST_MS, SLOT_BITS
from netto_tui.vault.sessions import Line

_FIRST_DAY_MS = 86_400_000


@dataclass
class Entry:
    """The row of one conversation while it is being changed."""

    id: int
    name: str
    day: str
    size: int
    first_at: int | None
    updated: int
    messages: int
    documents: int
    revisions: int
    conflicts: int
    moved: bool = False  # a message's place may have changed those of others
    outdated: bool = False  # `updated` is that of a message that is gone


class Index:
    """Writes rows; every method is called inside a transaction, under the vault's lock.

    fetch: reads the record that stands at (conversation name, day, start, length).
    day_of: the day in the vault's zone, `YYYY-MM-DD`, of a time in milliseconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        fetch: Callable[[str, str, int, int], Record],
        day_of: Callable[[int], str],
    ) -> None:
        self.sql = connection
        self._fetch = fetch
        self._day_of = day_of

    def entry(self, name: str) -> Entry | None:
        """A conversation's row, or None."""
        row = self.sql.execute(
            "SELECT id, name, day, size, first_at, updated, messages, documents, revisions, conflicts"
            " FROM conversations WHERE name = ?",
            (name,),
        ).fetchone()
        return Entry(*row) if row else None

    def open_entry(self, name: str, stamps: Iterable[str]) -> Entry:
        """A conversation's row, made if it is new; stamps are those of the records to come."""
        found = self.entry(name)
        if found is None:
            day = start_day(stamps)
            rowid = self.sql.execute("INSERT INTO conversations (name, day) VALUES (?, ?)", (name, day)).lastrowid
            found = Entry(rowid or 0, name, day, 0, None, 0, 0, 0, 0, 0)
        return found

    def known(self, ids: Sequence[str]) -> set[str]:
        """Which of these revisions the index has."""
        found: set[str] = set()
        for at in range(0, len(ids), 500):
            some = [bytes.fromhex(name) for name in ids[at : at + 500]]
            marks = ",".join("?" * len(some))
            rows = self.sql.execute(f"SELECT id FROM revisions WHERE id IN ({marks})", some)
            found.update(row[0].hex() for row in rows)
        return found

    def note_origin(self, ids: Iterable[str], origin: str) -> None:
        """Remember that another replica brought these revisions as well; our own stay our own."""
        self.sql.executemany(
            "UPDATE revisions SET origin = origin || ' ' || ?1"
            " WHERE id = ?2 AND origin <> 'local' AND instr(' ' || origin || ' ', ' ' || ?1 || ' ') = 0",
            [(origin, bytes.fromhex(name)) for name in ids],
        )

    def add(self, entry: Entry, lines: Sequence[Line], origin: Callable[[str], str]) -> None:
        """Take in new records of one conversation; they lie in its file at the given places.

        origin: tells for a revision's name whence it came.
        """
        fresh = {line.record.id: line.record for line in lines}
        for line in lines:
            self._insert_revision(entry, line, origin(line.record.id))
        by_item: dict[str, list[Record]] = defaultdict(list)
        for record in fresh.values():
            by_item[record.rev.item].append(record)
        for item in _parents_first(by_item):
            self._settle(entry, item, fresh)
        if entry.moved:
            self._place_all(entry)
        self._mark_branch(entry, fresh, again=ABOUT in by_item)
        self._save(entry)

    def _insert_revision(self, entry: Entry, line: Line, origin: str) -> None:
        rev, name = line.record.rev, bytes.fromhex(line.record.id)
        at = to_ms(rev.at)
        replaced = self.sql.execute(
            "SELECT 1 FROM edges JOIN revisions ON revisions.id = child"
            " WHERE parent = ? AND conversation = ? AND item = ? LIMIT 1",
            (name, entry.id, rev.item),
        ).fetchone()
        self.sql.execute(
            "INSERT INTO revisions (id, conversation, item, at, tick, author, kind, body, head, origin, start, length)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                name,
                entry.id,
                rev.item,
                at,
                rev.tick,
                rev.by,
                rev.body.__struct_config__.tag,
                body_key(rev.body),
                replaced is None,
                origin,
                line.start,
                line.length,
            ),
        )
        for parent in rev.replaces:
            key = bytes.fromhex(parent)
            self.sql.execute("INSERT OR IGNORE INTO edges VALUES (?, ?)", (key, name))
            self.sql.execute(
                "UPDATE revisions SET head = 0 WHERE id = ? AND conversation = ? AND item = ?",
                (key, entry.id, rev.item),
            )
        for blob in body_blobs(rev.body):
            self.sql.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (bytes.fromhex(blob), entry.id))
        entry.revisions += 1
        if rev.at != UNDATED:
            entry.first_at = at if entry.first_at is None else min(entry.first_at, at)

    def _settle(self, entry: Entry, item: str, fresh: dict[str, Record]) -> None:
        """Bring the row of one item up to date with its heads."""
        heads = self.sql.execute(
            "SELECT id, at, tick, author, kind, body, start, length FROM revisions"
            " WHERE conversation = ? AND item = ? AND head ORDER BY at, tick, author, id",
            (entry.id, item),
        ).fetchall()
        alive = [head for head in heads if head[4] != "deleted"]
        conflict = ""
        if len({head[5] for head in heads}) > 1:
            conflict = "edit" if len(alive) == len(heads) else "edit-vs-delete"
        self._set_conflict(entry, item, conflict)
        body, name = None, b""
        if alive:
            name, start, length = alive[-1][0], alive[-1][6], alive[-1][7]
            record = fresh.get(name.hex()) or self._fetch(entry.name, entry.day, start, length)
            body = record.rev.body
        if item == ABOUT:
            self._set_about(entry, body if isinstance(body, About) else About())
        elif isinstance(body, Message | Document):
            self._upsert(entry, item, name, body, conflict)
        else:
            self._remove(entry, item)

    def _set_about(self, entry: Entry, about: About) -> None:
        state = [word for word in ("pinned", "archived") if about.state.get(word)]
        if about.state.get("deleted_at_source"):
            state.append("gone")
        title = title_of(about, "")
        self.sql.execute(
            "UPDATE conversations SET title = ?, titled = ?, source = ?, state = ? WHERE id = ?",
            (title, bool(title), str(about.source.get("app", "")), " ".join(state), entry.id),
        )

    def _set_conflict(self, entry: Entry, item: str, conflict: str) -> None:
        """Count conflicts of items that have a row of their own in `conflicts`."""
        before = self.sql.execute(
            "SELECT kind FROM conflicts WHERE conversation = ? AND item = ?", (entry.id, item)
        ).fetchone()
        if (before[0] if before else "") == conflict:
            return
        self.sql.execute("DELETE FROM conflicts WHERE conversation = ? AND item = ?", (entry.id, item))
        if conflict:
            self.sql.execute("INSERT INTO conflicts VALUES (?, ?, ?)", (entry.id, item, conflict))
        entry.conflicts += bool(conflict) - (before is not None)

    def _upsert(self, entry: Entry, item: str, revision: bytes, body: Message | Document, conflict: str) -> None:
        parent = body.parent if isinstance(body, Message) else None
        sent = to_ms(body.sent.at) if isinstance(body, Message) and body.sent.at else self._first_time(entry, item)
        old = self.sql.execute(
            "SELECT id, sent, parent, text, hidden, kind FROM messages WHERE conversation = ? AND item = ?",
            (entry.id, item),
        ).fetchone()
        rowid = old[0] if old is not None and (old[1], old[2]) == (sent, parent) else None
        if old is not None:
            self._forget(entry, old)
        if rowid is None:
            rowid = self._slot(self._time(entry, parent, sent))
            entry.moved = entry.moved or self._has_replies(entry, item)
        is_message = isinstance(body, Message)
        text, prose = body_text(body), prose_text(body)
        hidden = is_hidden(body)
        self.sql.execute(
            "INSERT INTO messages (id, conversation, item, revision, kind, role, author, sent, parent, conflict,"
            " hidden, text, prose) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rowid,
                entry.id,
                item,
                revision,
                "message" if is_message else "document",
                body.role if isinstance(body, Message) else "",
                body.author if isinstance(body, Message) else "",
                sent,
                parent,
                conflict,
                hidden,
                text,
                None if prose == text else prose,
            ),
        )
        self.sql.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (rowid, text))
        entry.messages += is_message and not hidden
        entry.documents += not is_message
        if sent >= entry.updated:
            entry.updated, entry.outdated = sent, False
        self._stale_view(rowid)

    def _first_time(self, entry: Entry, item: str) -> int:
        """The earliest stamp of an item's revisions, in milliseconds."""
        row = self.sql.execute(
            "SELECT min(at) FROM revisions WHERE conversation = ? AND item = ?", (entry.id, item)
        ).fetchone()
        return int(row[0])

    def _time(self, entry: Entry, parent: str | None, sent: int) -> int:
        """When a message without replies is shown: when it was sent, or just after its parent if that is later."""
        row = self.sql.execute(
            "SELECT id FROM messages WHERE conversation = ? AND item = ?", (entry.id, parent)
        ).fetchone()
        return sent if row is None else max(sent, (row[0] >> SLOT_BITS) + 1)

    def _has_replies(self, entry: Entry, item: str) -> bool:
        query = "SELECT 1 FROM messages WHERE parent = ? AND conversation = ? LIMIT 1"
        return self.sql.execute(query, (item, entry.id)).fetchone() is not None

    def _slot(self, at: int) -> int:
        """A free rowid at a time; what lies beyond the last time that a rowid can hold is shown there."""
        low = min(at, LAST_MS) << SLOT_BITS
        row = self.sql.execute(
            "SELECT max(id) FROM messages WHERE id >= ? AND id < ?", (low, low + (1 << SLOT_BITS))
        ).fetchone()
        return low if row[0] is None else row[0] + 1

    def _place_all(self, entry: Entry) -> None:
        """Put every message of a conversation where it belongs; only late arrivals and odd clocks need it."""
        rows = self.sql.execute(
            "SELECT item, id, sent, parent FROM messages WHERE conversation = ? ORDER BY id", (entry.id,)
        ).fetchall()
        times = _times({item: (sent, parent) for item, _, sent, parent in rows})
        for item, old, _, _ in rows:
            if old >> SLOT_BITS != min(times[item], LAST_MS):
                text = self.sql.execute("SELECT text FROM messages WHERE id = ?", (old,)).fetchone()[0]
                new = self._slot(times[item])
                self._unindex(old, text)
                self.sql.execute("UPDATE messages SET id = ? WHERE id = ?", (new, old))
                self.sql.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (new, text))
                self._stale_view(new)
        entry.moved = False

    def _remove(self, entry: Entry, item: str) -> None:
        old = self.sql.execute(
            "SELECT id, sent, parent, text, hidden, kind FROM messages WHERE conversation = ? AND item = ?",
            (entry.id, item),
        ).fetchone()
        if old is not None:
            self._forget(entry, old)
            entry.moved = entry.moved or self._has_replies(entry, item)

    def _forget(self, entry: Entry, old: tuple[int, int, str | None, str, int, str]) -> None:
        rowid, sent, _parent, text, hidden, kind = old
        self._unindex(rowid, text)
        entry.outdated = entry.outdated or sent >= entry.updated
        self.sql.execute("DELETE FROM messages WHERE id = ?", (rowid,))
        entry.messages -= kind == "message" and not hidden
        entry.documents -= kind == "document"

    def _unindex(self, rowid: int, text: str) -> None:
        self.sql.execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (rowid, text))
        self._stale_view(rowid)

    def _stale_view(self, rowid: int) -> None:
        """Note that the daily file of this message has to be rendered anew; undated ones have none."""
        at = rowid >> SLOT_BITS
        if at >= _FIRST_DAY_MS:
            self.sql.execute(
                "INSERT INTO views (day, stale) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET stale = 1",
                (self._day_of(at),),
            )

    def _mark_branch(self, entry: Entry, fresh: dict[str, Record], *, again: bool) -> None:
        """Mark what is not on the way from the active leaf up to the root; again: the leaf may be another."""
        leaf = self._leaf(entry, fresh)
        if leaf is None and not again:
            return
        rows = self.sql.execute(
            "SELECT item, parent, branch FROM messages WHERE conversation = ?", (entry.id,)
        ).fetchall()
        parents = {item: parent for item, parent, _ in rows}
        active: set[str] = set()
        while leaf in parents and leaf not in active:
            active.add(leaf)
            leaf = parents[leaf]
        with_children = {parent for parent in parents.values() if parent is not None}
        for item, parent, branch in rows:
            off = bool(active) and item not in active and (item in with_children or parent in parents)
            if off == branch:
                self.sql.execute(
                    "UPDATE messages SET branch = ? WHERE conversation = ? AND item = ?", (not off, entry.id, item)
                )

    def _leaf(self, entry: Entry, fresh: dict[str, Record]) -> Any:
        """The leaf that the header names; None where it names none."""
        head = self.sql.execute(
            "SELECT kind, id, start, length FROM revisions WHERE conversation = ? AND item = ? AND head"
            " AND kind <> 'deleted' ORDER BY at DESC, tick DESC, author DESC, id DESC LIMIT 1",
            (entry.id, ABOUT),
        ).fetchone()
        if head is None or head[0] != "about":
            return None
        record = fresh.get(head[1].hex()) or self._fetch(entry.name, entry.day, *head[2:])
        body = record.rev.body
        return body.state.get("leaf") or None if isinstance(body, About) else None

    def _save(self, entry: Entry) -> None:
        self._derive_title(entry)
        if entry.outdated:
            query = "SELECT ifnull(max(sent), 0) FROM messages WHERE conversation = ?"
            entry.updated = self.sql.execute(query, (entry.id,)).fetchone()[0]
            entry.outdated = False
        about = self.sql.execute(
            "SELECT 1 FROM revisions WHERE conversation = ? AND item = ? AND head AND kind = 'about'", (entry.id, ABOUT)
        ).fetchone()
        visible = bool(about) or entry.messages + entry.documents > 0
        self.sql.execute(
            "UPDATE conversations SET day = ?, size = ?, first_at = ?, updated = ?, messages = ?, documents = ?,"
            " revisions = ?, conflicts = ?, visible = ?, digest = NULL WHERE id = ?",
            (
                entry.day,
                entry.size,
                entry.first_at,
                entry.updated,
                entry.messages,
                entry.documents,
                entry.revisions,
                entry.conflicts,
                visible,
                entry.id,
            ),
        )
        self.sql.execute(
            "INSERT INTO days (day) VALUES (?) ON CONFLICT (day) DO UPDATE SET digest = NULL", (entry.day,)
        )
        self.sql.execute("DELETE FROM meta WHERE key = 'root'")

    def refile(self, entry: Entry, day: str) -> None:
        """Note that a conversation's file lies under another day now."""
        if day != entry.day:
            self.sql.execute("UPDATE days SET digest = NULL WHERE day = ?", (entry.day,))
            entry.day = day
            self.sql.execute("UPDATE conversations SET day = ? WHERE id = ?", (day, entry.id))

    def _derive_title(self, entry: Entry) -> None:
        """Where a conversation has no title of its own, show the beginning of its first prompt."""
        if self.sql.execute("SELECT titled FROM conversations WHERE id = ?", (entry.id,)).fetchone()[0]:
            return
        first = self._first_text(entry, "user", "user") or self._first_text(entry, "assistant", "")
        self.sql.execute("UPDATE conversations SET title = ? WHERE id = ?", (title_of(None, first), entry.id))

    def _first_text(self, entry: Entry, *roles: str) -> str:
        """How the earliest message of some roles begins; among several of one time the earliest revision's."""
        query = (
            "FROM messages {} WHERE messages.conversation = ? AND NOT hidden AND text <> '' AND role IN (?, ?){}"
            " ORDER BY {} LIMIT 1"
        )
        found = self.sql.execute(f"SELECT id {query.format('', '', 'id')}", (entry.id, *roles)).fetchone()
        if found is None:
            return ""
        low = found[0] >> SLOT_BITS << SLOT_BITS
        query = query.format(
            "JOIN revisions ON revisions.id = revision",
            " AND messages.id >= ? AND messages.id < ?",
            "at, tick, revisions.author, revision",
        )
        bounds = (low, low + (1 << SLOT_BITS))
        return str(self.sql.execute(f"SELECT substr(text, 1, 400) {query}", (entry.id, *roles, *bounds)).fetchone()[0])

    def clear(self, entry: Entry) -> dict[str, str]:
        """Forget every revision of one conversation; returns their names and origins."""
        rows = self.sql.execute(
            "SELECT id, sent, parent, text, hidden, kind FROM messages WHERE conversation = ?", (entry.id,)
        ).fetchall()
        for row in rows:
            self._forget(entry, row)
        origins = self.sql.execute("SELECT id, origin FROM revisions WHERE conversation = ?", (entry.id,)).fetchall()
        self.sql.executemany("DELETE FROM edges WHERE child = ?", [(name,) for name, _ in origins])
        for table in ("revisions", "blobs", "conflicts"):
            self.sql.execute(f"DELETE FROM {table} WHERE conversation = ?", (entry.id,))
        entry.size = entry.revisions = entry.conflicts = entry.updated = 0
        entry.first_at = None
        entry.moved = entry.outdated = False
        self.sql.execute(
            "UPDATE conversations SET title = '', titled = 0, source = '', state = '' WHERE id = ?", (entry.id,)
        )
        self.sql.execute("UPDATE days SET digest = NULL WHERE day = ?", (entry.day,))
        self._save(entry)
        return {name.hex(): origin for name, origin in origins}


def _parents_first(by_item: dict[str, list[Record]]) -> list[str]:
    """Items in an order in which no message comes before its parent, if both are here."""
    order: list[str] = []
    seen: set[str] = set()
    for item in by_item:
        chain: list[str] = []
        at: str | None = item
        while at is not None and at in by_item and at not in seen:
            seen.add(at)
            chain.append(at)
            body = by_item[at][-1].rev.body
            at = body.parent if isinstance(body, Message) else None
        order.extend(reversed(chain))
    return order


def _times(messages: dict[str, tuple[int, str | None]]) -> dict[str, int]:
    """When each message is shown, in milliseconds, given when it was sent and its parent.

    That is when it was sent, or just after its parent if that is later. One that is its own
    ancestor, by a fault of the source, has no parent here.
    """
    times: dict[str, int] = {}
    for item in messages:
        chain: list[str] = []
        on_the_way: set[str] = set()
        at: str | None = item
        while at in messages and at not in times and at not in on_the_way:
            chain.append(at)
            on_the_way.add(at)
            at = messages[at][1]
        loop = set(chain[chain.index(at) :]) if at in on_the_way else set()
        for name in reversed(chain):
            sent, parent = messages[name]
            after = -1 if name in loop or parent not in times else times[parent]
            times[name] = max(sent, after + 1)
    return times

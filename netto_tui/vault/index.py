"""Deriving the index from records: heads, values, transcripts, full text and counts.

Every row follows from the set of records alone, whatever the order in which they came, so the
index can be thrown away and made again. Most records are the first of their item: their rows
are derived without asking the index, and written together.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from netto_tui.model.clock import to_ms
from netto_tui.model.conversation import start_day, title_of
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
from netto_tui.vault.entry import Entry
from netto_tui.vault.schema import SLOT_BITS
from netto_tui.vault.searching import indexed_tags, shown
from netto_tui.vault.sessions import Line
from netto_tui.vault.settling import Settled, kind, parents_first, settle
from netto_tui.vault.transcript import Transcript

_INSERT_REVISION = (
    "INSERT INTO revisions (id, conversation, item, at, tick, author, kind, body, head, origin, start, length)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Index:
    """Writes rows; every method is called inside a transaction, under the vault's lock.

    Full text and what else can wait gathers until `flush`, which comes before a commit.
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
        self._transcript = Transcript(connection, day_of)

    def flush(self) -> None:
        """Write what has gathered."""
        self._transcript.flush()

    def discard(self) -> None:
        """Forget what has gathered; the transaction is undone."""
        self._transcript.discard()

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
        by_item: dict[str, list[Record]] = defaultdict(list)
        for record in fresh.values():
            by_item[record.rev.item].append(record)
        alone = entry.revisions == 0
        stored = set() if alone else self._stored(entry, by_item)
        settled = {item: settle(records) for item, records in by_item.items() if item not in stored}
        self._insert_revisions(entry, lines, settled, origin)
        if stored <= {ABOUT}:
            items = [(item, settled[item]) for item in parents_first(by_item) if item not in stored]
            self._insert_items(entry, items, alone=alone)
            stored_first = sorted(stored)
        else:  # an edit may have moved what the others answer, so each is looked up in its turn
            stored_first = parents_first(by_item)
        for item in stored_first:
            self._settle(entry, item, fresh)
        if entry.moved:
            self._transcript.place_all(entry)
        self._mark_branch(entry, settled.get(ABOUT), fresh, again=ABOUT in by_item, alone=alone)
        self._save(entry)

    def _stored(self, entry: Entry, items: Iterable[str]) -> set[str]:
        """Those of some items of which there are revisions."""
        query = "SELECT item FROM revisions WHERE conversation = ? AND item IN (SELECT value FROM json_each(?))"
        return {item for (item,) in self.sql.execute(query, (entry.id, json.dumps(list(items))))}

    def _insert_revisions(
        self, entry: Entry, lines: Sequence[Line], settled: Mapping[str, Settled], origin: Callable[[str], str]
    ) -> None:
        rows: list[tuple[Any, ...]] = []
        edges: list[tuple[bytes, bytes]] = []
        blobs: list[tuple[bytes, int]] = []
        for line in lines:
            record, rev, at = line.record, line.record.rev, to_ms(line.record.rev.at)
            name = bytes.fromhex(record.id)
            edges.extend((bytes.fromhex(parent), name) for parent in rev.replaces)
            blobs.extend((bytes.fromhex(blob), entry.id) for blob in body_blobs(rev.body))
            head = record.id in settled[rev.item].heads if rev.item in settled else not self._replaced(entry, record)
            rows.append(
                (
                    name,
                    entry.id,
                    rev.item,
                    at,
                    rev.tick,
                    rev.by,
                    kind(record),
                    body_key(rev.body),
                    head,
                    origin(record.id),
                    line.start,
                    line.length,
                )
            )
            if rev.at != UNDATED:
                entry.first_at = at if entry.first_at is None else min(entry.first_at, at)
        entry.revisions += len(rows)
        self.sql.executemany(_INSERT_REVISION, rows)
        self.sql.executemany("INSERT OR IGNORE INTO edges VALUES (?, ?)", edges)
        self.sql.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs)
        self.sql.executemany(
            "UPDATE revisions SET head = 0 WHERE id = ? AND conversation = ? AND item = ?",
            [
                (bytes.fromhex(parent), entry.id, line.record.rev.item)
                for line in lines
                if line.record.rev.item not in settled
                for parent in line.record.rev.replaces
            ],
        )

    def _replaced(self, entry: Entry, record: Record) -> bool:
        """Whether a stored revision of the same item names this one as replaced."""
        query = (
            "SELECT 1 FROM edges JOIN revisions ON revisions.id = child"
            " WHERE parent = ? AND conversation = ? AND item = ? LIMIT 1"
        )
        values = (bytes.fromhex(record.id), entry.id, record.rev.item)
        return self.sql.execute(query, values).fetchone() is not None

    def _insert_items(self, entry: Entry, items: Sequence[tuple[str, Settled]], *, alone: bool) -> None:
        """The rows of items of which these are all the records there are."""
        conflicts = [(entry.id, item, settled.conflict) for item, settled in items if settled.conflict]
        self.sql.executemany("INSERT INTO conflicts VALUES (?, ?, ?)", conflicts)
        entry.conflicts += len(conflicts)
        for item, settled in items:
            if item == ABOUT:
                self._set_about(entry, settled.value)
        self._transcript.insert(entry, [pair for pair in items if pair[0] != ABOUT], alone=alone)

    def _settle(self, entry: Entry, item: str, fresh: Mapping[str, Record]) -> None:
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
        record = None
        if alive:
            name, start, length = alive[-1][0], alive[-1][6], alive[-1][7]
            record = fresh.get(name.hex()) or self._fetch(entry.name, entry.day, start, length)
        if item == ABOUT:
            self._set_about(entry, record)
        elif record is not None and isinstance(body := record.rev.body, Message | Document):
            self._transcript.upsert(entry, item, bytes.fromhex(record.id), body, conflict)
        else:
            self._transcript.remove(entry, item)

    def _set_about(self, entry: Entry, record: Record | None) -> None:
        about = record.rev.body if record is not None and isinstance(record.rev.body, About) else About()
        state = [word for word in ("pinned", "archived") if about.state.get(word)]
        if about.state.get("deleted_at_source"):
            state.append("gone")
        title = shown(title_of(about, ""), masked=True)
        self.sql.execute(
            "UPDATE conversations SET title = ?, titled = ?, source = ?, state = ?, tags = ? WHERE id = ?",
            (title, bool(title), str(about.source.get("app", "")), " ".join(state), indexed_tags(about), entry.id),
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

    def _mark_branch(
        self, entry: Entry, header: Settled | None, fresh: Mapping[str, Record], *, again: bool, alone: bool
    ) -> None:
        """Mark what is off the active branch; again: the header may name another leaf. alone: no row was marked."""
        if header is None and alone:
            return
        leaf = _leaf_of(header.value) if header is not None else self._leaf(entry, fresh)
        if leaf is not None or (again and not alone):
            self._transcript.mark_branch(entry, leaf)

    def _leaf(self, entry: Entry, fresh: Mapping[str, Record]) -> Any:
        """The leaf that the stored header names; None where it names none."""
        head = self.sql.execute(
            "SELECT kind, id, start, length FROM revisions WHERE conversation = ? AND item = ? AND head"
            " AND kind <> 'deleted' ORDER BY at DESC, tick DESC, author DESC, id DESC LIMIT 1",
            (entry.id, ABOUT),
        ).fetchone()
        if head is None or head[0] != "about":
            return None
        return _leaf_of(fresh.get(head[1].hex()) or self._fetch(entry.name, entry.day, *head[2:]))

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
            "UPDATE conversations SET size = ?, updated = ?, messages = ?, documents = ?, revisions = ?, digest = NULL"
            " WHERE id = ?",
            (entry.size, entry.updated, entry.messages, entry.documents, entry.revisions, entry.id),
        )
        listed = (entry.first_at, entry.conflicts, visible)
        self.sql.execute(  # these stand in indexes, which are left alone where nothing differs
            "UPDATE conversations SET first_at = ?2, conflicts = ?3, visible = ?4"
            " WHERE id = ?1 AND (first_at, conflicts, visible) IS NOT (?2, ?3, ?4)",
            (entry.id, *listed),
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
        self.sql.execute(
            "UPDATE conversations SET title = ? WHERE id = ?", (title_of(None, shown(first, masked=True)), entry.id)
        )

    def _first_text(self, entry: Entry, *roles: str) -> str:
        """How the first prose of some roles begins; among several of one time that of the earliest revision."""
        query = (
            "FROM messages {} WHERE messages.conversation = ? AND NOT hidden AND ifnull(prose, text) <> ''"
            " AND role IN (?, ?){}"
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
        query = f"SELECT substr(ifnull(prose, text), 1, 400) {query}"
        return str(self.sql.execute(query, (entry.id, *roles, *bounds)).fetchone()[0])

    def clear(self, entry: Entry) -> dict[str, str]:
        """Forget every revision of one conversation; returns their names and origins."""
        self._transcript.remove_all(entry)
        origins = self.sql.execute("SELECT id, origin FROM revisions WHERE conversation = ?", (entry.id,)).fetchall()
        self.sql.executemany("DELETE FROM edges WHERE child = ?", [(name,) for name, _ in origins])
        for table in ("revisions", "blobs", "conflicts"):
            self.sql.execute(f"DELETE FROM {table} WHERE conversation = ?", (entry.id,))
        entry.size = entry.revisions = entry.conflicts = entry.updated = 0
        entry.first_at = None
        entry.moved = entry.outdated = False
        self.sql.execute(
            "UPDATE conversations SET title = '', titled = 0, source = '', state = '', tags = '' WHERE id = ?",
            (entry.id,),
        )
        self.sql.execute("UPDATE days SET digest = NULL WHERE day = ?", (entry.day,))
        self._save(entry)
        return {name.hex(): origin for name, origin in origins}


def _leaf_of(header: Record | None) -> Any:
    """The leaf that a header names; None where it names none."""
    body = None if header is None else header.rev.body
    return body.state.get("leaf") or None if isinstance(body, About) else None

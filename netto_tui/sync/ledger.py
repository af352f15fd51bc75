"""What was last proven about each replica: per conversation the digest that was read back there.

Nothing else is queued: the outbox is what the ledger does not prove. It lies in the index and may
be lost at any time, which costs a full reading and no data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass

from netto_tui.model.clock import to_instant
from netto_tui.replicas.base import Marker, Meter
from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class Standing:
    """What the ledger says about one replica as a whole; times in milliseconds since 1970.

    root: the vault's digest when everything was last proven equal, at `cursor`.
    suspect_at: when an implausible loss was first seen, 0 for never. repair: verification found
    damage in the store itself.
    """

    state: str
    cursor: str
    root: str
    marker: Marker | None
    verified_at: str
    failures: int
    retry_at: int
    suspect_at: int
    repair: bool


@dataclass(frozen=True)
class Due:
    """One conversation that is not proven to be on a replica as it is here.

    mark: revisions up to this number of arrival were there when it was last proven equal, 0 for never
    or where it was seen to differ. known: the replica held it, whole or in part. settled: it is quiet
    enough for stable data. recheck: what belongs to it besides its records is in doubt there.
    """

    name: str
    day: str
    title: str
    digest: str
    mark: int
    known: bool
    settled: bool
    recheck: bool


class Ledger:
    """The ledger's rows about one replica; each call that changes them is one step."""

    def __init__(self, vault: Vault, name: str, kind: str, target: str) -> None:
        self._vault = vault
        self.name = name
        self._place = (kind, target)

    def standing(self) -> Standing | None:
        """What is known of the replica; None before the first pass, and after its target changed."""
        row = self._vault.sql.execute(
            "SELECT state, cursor, root, marker, verified_at, failures, retry_at, suspect_at, repair, kind, target"
            " FROM replicas WHERE name = ?",
            (self.name,),
        ).fetchone()
        if row is None or row[9:] != self._place:
            return None
        state, cursor, root, marker, verified_at, failures, retry_at, suspect_at, repair = row[:9]
        return Standing(state, cursor, root, _marker(marker), verified_at, failures, retry_at, suspect_at, bool(repair))

    def begin(self, marker: Marker | None) -> None:
        """Start with nothing proven: for a new replica, another target, or one that lost everything."""
        with self._vault.transaction() as sql:
            sql.execute("DELETE FROM ledger WHERE replica = ?", (self.name,))
            sql.execute("DELETE FROM meta WHERE key = ?", (f"slots {self.name}",))
            sql.execute(
                "INSERT OR REPLACE INTO replicas (name, kind, target, marker) VALUES (?, ?, ?, ?)",
                (self.name, *self._place, json.dumps(asdict(marker)) if marker else ""),
            )

    def slots(self) -> str:
        """What was noted of the key slots that were last proven to be there, "" for nothing."""
        row = self._vault.sql.execute("SELECT value FROM meta WHERE key = ?", (f"slots {self.name}",)).fetchone()
        return row[0] if row else ""

    def note_slots(self, digest: str) -> None:
        """Note that the key slots of a digest are there; "" when that is in doubt."""
        with self._vault.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"slots {self.name}", digest))

    def fail(self, state: str, error: str, retry_at: int, *, suspect_at: int = 0) -> None:
        """Note that a pass ended without proof; an unknown replica is noted without a marker."""
        if self.standing() is None:
            self.begin(None)
        with self._vault.transaction() as sql:
            sql.execute(
                "UPDATE replicas SET state = ?, error = ?, failures = failures + 1, retry_at = ?, suspect_at = ?"
                " WHERE name = ?",
                (state, error, retry_at, suspect_at, self.name),
            )

    def advance(self, cursor: str) -> None:
        """Note that everything up to a cursor was taken in."""
        with self._vault.transaction() as sql:
            sql.execute("UPDATE replicas SET cursor = ?, suspect_at = 0 WHERE name = ?", (cursor, self.name))

    def prove(self, root: str, at_ms: int) -> None:
        """Note that the whole replica was proven equal to a set with this digest."""
        with self._vault.transaction() as sql:
            sql.execute(
                "UPDATE replicas SET state = 'ok', root = ?, verified_at = ?, error = '', failures = 0, retry_at = 0,"
                " repair = 0"
                " WHERE name = ?",
                (root, to_instant(at_ms), self.name),
            )

    def succeed(self) -> None:
        """Note that a pass ended well although not everything is proven yet."""
        with self._vault.transaction() as sql:
            sql.execute(
                "UPDATE replicas SET state = 'ok', error = '', failures = 0, retry_at = 0 WHERE name = ?", (self.name,)
            )

    def record(
        self,
        digests: Mapping[str, str],
        unsettled: Collection[str] = (),
        *,
        doubted: Collection[str] | None = None,
    ) -> None:
        """Note what was read back: for each conversation the digest of what the replica holds.

        Only where that is the digest here, all that arrived so far is known to be there. The whole
        has to be proven again: what it was proven equal to may come back here, but not there. doubted:
        those whose blobs or views are not proven; None where nobody looked, so that doubts stay.
        """
        with self._vault.transaction() as sql:
            mark = sql.execute("SELECT ifnull(max(seq), 0) FROM revisions").fetchone()[0]
            sql.executemany(
                "INSERT INTO ledger (replica, conversation, digest, mark, settled, recheck)"
                " SELECT ?1, id, ?2, CASE WHEN digest IS ?2 THEN ?3 ELSE 0 END, ?4, ?5 FROM conversations"
                " WHERE name = ?6 ON CONFLICT DO UPDATE SET digest = excluded.digest, mark = excluded.mark,"
                " settled = excluded.settled, recheck = CASE WHEN ?7 THEN recheck ELSE excluded.recheck END",
                [
                    (self.name, digest, mark, name not in unsettled, name in (doubted or ()), name, doubted is None)
                    for name, digest in digests.items()
                ],
            )
            if digests:
                sql.execute("UPDATE replicas SET root = '' WHERE name = ?", (self.name,))

    def forget(self, names: Collection[str], *, recheck: bool = False) -> None:
        """Take back the proof of some conversations; recheck: look at the replica itself next time."""
        with self._vault.transaction() as sql:
            sql.executemany(
                "INSERT OR REPLACE INTO ledger (replica, conversation, digest, mark, recheck)"
                " SELECT ?, id, '', 0, ? FROM conversations WHERE name = ?",
                [(self.name, recheck, name) for name in names],
            )
            if names:  # then the whole is not proven equal either
                sql.execute("UPDATE replicas SET root = '' WHERE name = ?", (self.name,))

    def doubt_all(self) -> None:
        """Have everything that is here written again where it differs, blobs and views as well."""
        with self._vault.transaction() as sql:
            sql.execute(
                "INSERT INTO ledger (replica, conversation, digest, mark, recheck)"
                " SELECT ?, id, '', 0, 1 FROM conversations WHERE revisions ON CONFLICT DO UPDATE SET recheck = 1",
                (self.name,),
            )
            sql.execute("UPDATE replicas SET root = '' WHERE name = ?", (self.name,))

    def rechecks(self) -> list[str]:
        """Conversations that have to be read on the replica whether or not it changed."""
        return self._names(
            "SELECT name FROM ledger JOIN conversations ON id = conversation WHERE replica = ? AND recheck"
        )

    def held(self, days: Collection[str] | None = None) -> list[str]:
        """The conversations that the replica was seen to hold, all of them or those filed under some days."""
        query = (
            "SELECT name FROM ledger JOIN conversations ON id = conversation WHERE replica = ? AND ledger.digest <> ''"
        )
        if days is None:
            return self._names(query)
        rows = [self._vault.sql.execute(f"{query} AND day = ?", (self.name, day)).fetchall() for day in days]
        return [name for found in rows for (name,) in found]

    def holds(self, conversation: str) -> bool:
        """Whether the replica was seen to hold a conversation."""
        query = (
            "SELECT 1 FROM ledger JOIN conversations ON id = conversation"
            " WHERE replica = ? AND name = ? AND ledger.digest <> ''"
        )
        return self._vault.sql.execute(query, (self.name, conversation)).fetchone() is not None

    def count_held(self) -> int:
        """How many conversations the replica was seen to hold."""
        query = "SELECT count(*) FROM ledger WHERE replica = ? AND digest <> ''"
        return int(self._vault.sql.execute(query, (self.name,)).fetchone()[0])

    def unsettled(self) -> list[str]:
        """The conversations there that wait for a quiet moment to become stable data."""
        return self._names(
            "SELECT name FROM ledger JOIN conversations ON id = conversation WHERE replica = ? AND NOT settled"
        )

    def withhold(self, digests: Mapping[str, str]) -> None:
        """Note that the host does not take all of some conversations as they are here, by their digest."""
        with self._vault.transaction() as sql:
            sql.executemany(
                "UPDATE ledger SET withheld = ? WHERE replica = ?"
                " AND conversation = (SELECT id FROM conversations WHERE name = ?)",
                [(digest, self.name, name) for name, digest in digests.items()],
            )

    def withheld(self) -> set[str]:
        """The conversations, as they are here, of which the replica is known not to have all."""
        return set(
            self._names(
                "SELECT name FROM ledger JOIN conversations ON id = conversation"
                " WHERE replica = ? AND withheld = conversations.digest"
            )
        )

    def withholds(self) -> bool:
        """Whether something here is not to be had there, although nothing is due."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM ledger JOIN conversations ON id = conversation WHERE replica = ?"
            " AND withheld = conversations.digest AND ledger.digest <> conversations.digest)"
        )
        return bool(self._vault.sql.execute(query, (self.name,)).fetchone()[0])

    def measure(self, meters: Iterable[Meter]) -> dict[str, int]:
        """Note what is left of what runs out; returns what was left before, by meter."""
        text = json.dumps([asdict(meter) for meter in meters])
        row = self._vault.sql.execute("SELECT meters FROM replicas WHERE name = ?", (self.name,)).fetchone()
        if row is None or row[0] == text:
            return {meter.name: meter.left for meter in meters}
        with self._vault.transaction() as sql:
            sql.execute("UPDATE replicas SET meters = ? WHERE name = ?", (text, self.name))
        return {meter["name"]: meter["left"] for meter in json.loads(row[0])}

    def need_repair(self) -> None:
        """Note that verification found damage in the store itself; the next pass mends it."""
        with self._vault.transaction() as sql:
            sql.execute("UPDATE replicas SET repair = 1, root = '', state = 'damaged' WHERE name = ?", (self.name,))

    def outbox(self, quiet_since_ms: int) -> list[Due]:
        """What is not proven, latest conversations first.

        A conversation is settled when nothing was said in it since `quiet_since_ms`, or when its
        time lies in the future; one that was pushed before that is due again.
        """
        rows = self._vault.sql.execute(
            "SELECT name, day, title, conversations.digest, ifnull(mark, 0), ifnull(ledger.digest, '') <> '',"
            " NOT (updated BETWEEN ?1 AND ?1 + 86400000), ifnull(recheck, 0) FROM conversations"
            " LEFT JOIN ledger ON replica = ?2 AND conversation = conversations.id"
            " WHERE revisions AND (ledger.digest IS NOT conversations.digest AND withheld IS NOT conversations.digest"
            " OR recheck"
            " OR (NOT settled AND NOT (updated BETWEEN ?1 AND ?1 + 86400000)))"
            " ORDER BY conversations.id DESC",
            (quiet_since_ms, self.name),
        )
        return [
            Due(name, day, title, digest, mark, bool(known), bool(settled), bool(recheck))
            for name, day, title, digest, mark, known, settled, recheck in rows
        ]

    def is_proven(self, root: str, quiet_since_ms: int) -> bool:
        """Whether nothing is due, told from a few rows however large the vault is."""
        standing = self.standing()
        if standing is None or standing.state != "ok" or standing.root != root:
            return False
        waiting = self._vault.sql.execute(
            "SELECT EXISTS (SELECT 1 FROM ledger INDEXED BY ledger_recheck WHERE replica = ?1 AND recheck) OR EXISTS ("
            "SELECT 1 FROM ledger INDEXED BY ledger_unsettled CROSS JOIN conversations ON id = conversation"
            " WHERE replica = ?1 AND NOT settled"
            " AND NOT (updated BETWEEN ?2 AND ?2 + 86400000))",
            (self.name, quiet_since_ms),
        ).fetchone()[0]
        return not waiting

    def fresh(self, due: Due) -> set[str]:
        """The revisions of a conversation that are not known to be there."""
        rows = self._vault.sql.execute(
            "SELECT revisions.id FROM revisions JOIN conversations ON conversations.id = conversation"
            " WHERE name = ? AND seq > ?",
            (due.name, due.mark if due.known else 0),
        )
        return {row[0].hex() for row in rows}

    def count_fresh(self, outbox: Iterable[Due]) -> int:
        """How many conversations, and revisions that are not known to be there, an outbox has."""
        query = (
            "SELECT count(*) FROM revisions JOIN conversations ON conversations.id = conversation"
            " WHERE name = ? AND seq > ?"
        )
        found = (self._vault.sql.execute(query, (due.name, due.mark if due.known else 0)) for due in outbox)
        return sum(1 + int(rows.fetchone()[0]) for rows in found)

    def count_here(self, conversation: str) -> int:
        """How many revisions of a conversation are here."""
        query = "SELECT revisions FROM conversations WHERE name = ?"
        row = self._vault.sql.execute(query, (conversation,)).fetchone()
        return int(row[0]) if row else 0

    def _names(self, query: str) -> list[str]:
        return [row[0] for row in self._vault.sql.execute(query, (self.name,))]


def _marker(text: str) -> Marker | None:
    """The identity that was noted; one that cannot be read is not known, and is learnt from the replica again."""
    try:
        return Marker(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


def open_conflicts(vault: Vault) -> dict[tuple[str, str], str]:
    """Every (conversation, item) that has several versions, with the conversation's title."""
    query = "SELECT name, item, title FROM conflicts JOIN conversations ON id = conversation ORDER BY name, item"
    return {(name, item): title for name, item, title in vault.sql.execute(query)}

"""What OpenClaw's session tables say about sessions: titles, places, states and lineage."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from netto_tui.capture.about import unite
from netto_tui.capture.base import Found
from netto_tui.capture.database import Database
from netto_tui.capture.decoding import BadJson, decode
from netto_tui.capture.mapping import compact, first_at, parse_time, path_text
from netto_tui.capture.openclaw_about import VOLATILE, changed_at, header_about, link, store_about
from netto_tui.capture.openclaw_entries import KIND, Session
from netto_tui.model.revision import About

_PRIVATE = re.compile(r"@|^\+?[\d\s()-]{6,}$")
"""E-mail addresses and phone numbers: no names of participants."""

_WINDOW_FIELDS = {"chat_type": "chat_type", "channel": "channel"}


class Store:
    """The session tables of one agent's database, by session. Before schema 14 they had other names."""

    def __init__(self, database: Database, found: Found) -> None:
        self.database = database
        self.form = found.format
        agent = next((row.get("agent_id") for row in database.rows("schema_meta")), None)
        self.agent = agent if isinstance(agent, str) else ""
        self.path = (
            f"agents/{self.agent}/agent/{path_text(found.path.name)}" if found.path.parent.name == "agent" else ""
        )
        windows = "session_windows" if "session_windows" in database.tables else "sessions"
        nodes = "session_nodes" if "session_nodes" in database.tables else "session_entries"
        self.windows = {str(row.get("session_id")): row for row in database.rows(windows)}
        self.nodes = {str(row.get("session_key")): row for row in database.rows(nodes)}
        self.current = {key: str(row.get("current_session_id")) for key, row in self.nodes.items()}
        self.leaves = {
            str(row.get("session_id")): row.get("leaf_event_id")
            for row in database.rows("session_transcript_index_state")
        }
        self.forgotten = {str(row.get("session_id")): row for row in database.rows("memory_session_tombstones")}
        self.participants: dict[str, set[str]] = defaultdict(set)
        for row in database.rows("session_participants"):
            name = str(row.get("actor_id") or "")
            if name and not _PRIVATE.search(name):
                self.participants[str(row.get("session_key"))].add(name)
        self.channels = {str(row.get("conversation_id")): row for row in database.rows("conversations")}

    def live_sessions(self) -> Iterator[str]:
        """The sessions that have entries in the database, and those that are only listed, once each."""
        rows = self.database.sql.execute("SELECT DISTINCT session_id FROM transcript_events ORDER BY 1").fetchall()
        have = [str(row[0]) for row in rows]
        yield from have
        cold = {str(row.get("session_id")) for row in self.database.rows("session_transcript_cold_archives", _BLOB)}
        yield from sorted(self.windows.keys() - set(have) - cold)

    @staticmethod
    def time(ms: Any) -> str:
        """A time in the database's milliseconds, as a stamp."""
        return parse_time(ms).at

    def about(self, session: Session, gone: str = "") -> tuple[About, str]:
        """The header of a session and when it last changed. gone: when it was deleted at the source."""
        about = header_about(session, self.form, self.path, self.agent)
        at = first_at(session.named)
        window = self.windows.get(session.native_id, {})
        about = self._with_window(about, session.native_id, window)
        at = max(at, changed_at(window))
        key = str(window.get("session_key") or "")
        node = self.nodes.get(key)
        if node is not None and self.current.get(key) == session.native_id:
            entry = _entry(node)
            about = unite(about, store_about(session.native_id, key, entry, self.current), True)
            origin = node.get("fork_source_session_id")
            if origin and origin != session.native_id:
                about = msgspec.structs.replace(about, lineage=(*about.lineage, link("fork", str(origin))))
            at = max(at, changed_at(node), changed_at(entry))
        state, forked_at = self._state(session, gone)
        return msgspec.structs.replace(about, state={**about.state, **state}), max(at, forked_at)

    def _state(self, session: Session, gone: str) -> tuple[dict[str, Any], str]:
        """What a header says of a session's state, and as of when, where its messages say that."""
        state, at = session.leaf()
        leaf = self.leaves.get(session.native_id)
        if leaf is not None:
            item = session.items.get(str(leaf))
            state = {"leaf": item} if item != session.order[-1] else {"leaf": None, **state}
        if gone:
            state["deleted_at_source"] = gone
        if session.native_id in self.forgotten:
            state["forgotten_at_source"] = self.time(self.forgotten[session.native_id].get("created_at"))
        return state, at

    def _with_window(self, about: About, native_id: str, window: dict[str, Any]) -> About:
        if not window:
            return about
        key = str(window.get("session_key") or "")
        left = {
            name: value
            for name, value in window.items()
            if value is not None and not VOLATILE.search(name) and not name.startswith("$")
        }
        for name in ("session_id", "session_key"):
            left.pop(name, None)
        titles = compact((("display_name", left.pop("display_name", None)),))
        context = {place: left.pop(name) for name, place in _WINDOW_FIELDS.items() if name in left}
        lineage = self._lineage(native_id, left)
        channel = self.channels.get(str(left.get("primary_conversation_id")), {})
        stable = {name: value for name, value in channel.items() if value is not None and name not in _CHANNEL_LEFT_OUT}
        seen = About(
            source={"app": KIND},
            participants=tuple(sorted(self.participants[key])),
            context=context,
            lineage=tuple(lineage),
            native=compact((("window", left), ("session_key", key), ("titles", titles), ("channel", stable))),
        )
        return unite(about, seen, True)

    def _lineage(self, native_id: str, window: dict[str, Any]) -> Iterator[dict[str, Any]]:
        previous, reason = window.pop("previous_session_id", None), str(window.get("reason") or "resume")
        if previous and previous != native_id:
            yield link("fork" if reason == "fork" else "resume", str(previous), reason=reason)
        for name in ("spawned_by", "parent_session_key"):
            parent = self.current.get(str(window.get(name)))
            if parent and parent != native_id:
                yield link("subagent", parent)
                return


def _entry(node: dict[str, Any]) -> dict[str, Any]:
    """A session's entry: the canonical JSON, and the columns that say more."""
    columns = {name: value for name, value in node.items() if not name.startswith("$") and value is not None}
    text = columns.pop("entry_json", None)
    try:
        entry = decode(str(text).encode()) if text is not None else {}
    except BadJson:
        entry = {"entry_json": text}
    return {**(entry if isinstance(entry, dict) else {"entry_json": entry}), **columns}


_BLOB = ("archive_blob",)
_CHANNEL_LEFT_OUT = frozenset({"$row", "created_at", "updated_at"})

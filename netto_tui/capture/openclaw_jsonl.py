"""OpenClaw and pi sessions in files of JSON lines, versions 1 to 3, with `sessions.json` beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from netto_tui.capture.about import unite
from netto_tui.capture.base import Draft, Event, Found, Warned
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.decoding import BadJson, decode
from netto_tui.capture.mapping import first_at, path_text
from netto_tui.capture.openclaw_about import changed_at, header_about, session_name, store_about
from netto_tui.capture.openclaw_entries import BY, KIND, Session
from netto_tui.capture.reading import Entry, file_entries, whole
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.revision import ABOUT, About

FORM = "openclaw-jsonl"
NEWEST = 3
STORE = "sessions.json"

_COPY = re.compile(r"\.checkpoint\.[^/]*\.jsonl$|\.trajectory\.jsonl$")
_GONE = re.compile(r"\.jsonl\.deleted\.(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d(?:\.\d+)?)(Z?)")
_ROLES = ("user", "assistant", "toolResult", "bashExecution")


class OpenClawJsonl:
    """Session files, including those set aside by a reset, a deletion or a migration."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By the header on the first line; without one, by the shape of the entries."""
        path = candidate.path
        if candidate.is_folder or _COPY.search(path.name) or not candidate.records:
            return None
        first = candidate.records[0]
        if first.get("type") == "session" and isinstance(first.get("id"), str):
            return Found(KIND, FORM, path, path.parent, 1.0)
        shaped = (
            one.get("type") == "message" and isinstance(one.get("message"), dict) and one["message"].get("role")
            for one in candidate.records
        )
        return Found(KIND, FORM, path, path.parent, 0.6) if any(role in _ROLES for role in shaped) else None

    def read(self, found: Found) -> Iterator[Event]:
        """The messages of one session, then its header."""
        where = found.where
        entries = file_entries(found.path, where)
        header: dict[str, Any] = {}
        for first in entries:
            if not isinstance(first, Entry):
                yield first
                continue
            if first.record.get("type") == "session":
                header = first.record
            else:
                entries = chain((first,), entries)
            break
        native_id = header.get("id")
        if not isinstance(native_id, str) or not native_id:
            native_id = session_name(path_text(found.path.name)).rpartition("_")[2]
        version = header.get("version")
        if isinstance(version, int) and version > NEWEST:
            yield Warned(where, "newer-format", f"Session version {version}; this netto-tui knows up to {NEWEST}.")
        session = Session(native_id, header)
        yield from session.drafts(entries, where)
        about, at = self._about(session, found)
        yield Draft(session.conversation, ABOUT, about, at, BY)

    def _about(self, session: Session, found: Found) -> tuple[About, str]:
        agent, path = place(found.path)
        leaf, forked_at = session.leaf()
        about, at = header_about(session, FORM, path, agent), max(first_at(session.named), forked_at)
        about = msgspec.structs.replace(about, state={**about.state, **leaf})
        gone = _GONE.search(found.path.name)
        if gone:
            time = to_instant(to_ms(f"{gone[1]}:{gone[2]}:{gone[3]}Z"))
            about = msgspec.structs.replace(about, state={**about.state, "deleted_at_source": time})
        store = read_store(found.path.parent / STORE)
        for key, entry in store.items():
            if entry.get("sessionId") == session.native_id:
                stored = store_about(session.native_id, key, entry, session_ids(store))
                seen = changed_at(entry)
                about, at = unite(about, stored, seen >= at), max(at, seen)
        return about, at


def place(path: Path) -> tuple[str, str]:
    """The agent that a session file belongs to, and its path below the state folder.

    `<state>/agents/<agent>/sessions/<file>`; elsewhere no agent, and the file's name alone. A file
    that was set aside keeps the path that it had.
    """
    name = re.sub(r"\.jsonl\.(?:(?:reset|deleted|bak)\.|imported-).*", ".jsonl", path.name)
    above = path.parents
    if len(above) > 2 and above[0].name == "sessions" and above[2].name == "agents":
        agent = path_text(above[1].name)
        return agent, f"agents/{agent}/sessions/{path_text(name)}"
    return "", path_text(name)


def read_store(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of a `sessions.json`, by session key; {} when there is none that can be read."""
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _read_store(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read_store(path: Path, _mtime: int, _size: int) -> dict[str, dict[str, Any]]:
    """One reading of a store serves all session files beside it."""
    try:
        value = decode(whole(path))
    except (OSError, BadJson):
        return {}
    entries = value.items() if isinstance(value, dict) else ()
    return {key: entry for key, entry in entries if isinstance(entry, dict)}


def session_ids(store: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Session ids by session key."""
    return {key: str(entry.get("sessionId")) for key, entry in store.items()}

"""Claude Code transcripts: one file of JSON lines per session, and one per subagent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from netto_tui.capture.about import titled
from netto_tui.capture.base import Draft, Event, Found, Skipped
from netto_tui.capture.candidate import RECORDS, Candidate
from netto_tui.capture.claude_records import BY, KIND, KNOWN, Transcript
from netto_tui.capture.decoding import BadJson, decode
from netto_tui.capture.mapping import Taker, compact, first_at, path_text
from netto_tui.capture.reading import Damaged, Entry, chunks, file_entries, lines, whole
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, About

_AGENT_FILE = re.compile(r"agent-(?P<id>[\w-]+)\.jsonl")


class _Outline(msgspec.Struct):
    """The few fields of a line that the whole file has to be known for."""

    uuid: Any = None
    sessionId: Any = None
    timestamp: Any = None


@dataclass
class Outline:
    """What one pass over a file tells before its records are read.

    session: the first session id in it, else the file's name. uuids: by session id, each with
    its time, in the order of the file.
    """

    session: str = ""
    uuids: dict[str, dict[str, str]] = field(default_factory=dict)


class ClaudeCode:
    """Session and subagent files."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By lines with a known type that belong to a session or carry a message."""
        if candidate.is_folder:
            return None
        for record in candidate.records:
            if Taker(record).text("type") in KNOWN and (
                isinstance(record.get("sessionId"), str) or isinstance(record.get("message"), dict)
            ):
                return Found(KIND, KIND, candidate.path, candidate.path.parent, 0.9)
        return None

    def read(self, found: Found) -> Iterator[Event]:
        """The records in the file's order, then a header for each session that it holds."""
        outline = outline_of(found.path)
        agent = _agent_of(found.path)
        transcripts: dict[str, Transcript] = {}
        for entry in file_entries(found.path, found.where):
            if not isinstance(entry, Entry):
                yield entry
                continue
            own = entry.record.get("sessionId")
            session = own if isinstance(own, str) and own else outline.session
            transcript = transcripts.get(session)
            if transcript is None:
                native_id = f"{session}#agent-{agent}" if agent else session
                transcript = Transcript(native_id, frozenset(outline.uuids.get(session, ())), agent)
                transcripts[session] = transcript
            try:
                yield transcript.draft(entry.record)
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
                reason = f"the record is not as expected ({type(error).__name__})"
                yield Skipped(found.where, entry.line, reason, entry.data)
        for session, transcript in transcripts.items():
            about, at = _about(transcript, session, outline, found.path)
            yield Draft(transcript.conversation, ABOUT, about, at, BY)


def outline_of(path: Path) -> Outline:
    """The session ids and uuids of a file; one fast pass that keeps nothing else."""
    outline = Outline()
    nameless: dict[str, str] = {}
    try:
        for line in lines(chunks(path)):
            one = _outline_line(line.data)
            session = one.sessionId if isinstance(one.sessionId, str) else ""
            outline.session = outline.session or session
            if isinstance(one.uuid, str) and one.uuid:
                uuids = outline.uuids.setdefault(session, {}) if session else nameless
                uuids.setdefault(one.uuid, str(one.timestamp or ""))
    except Damaged:
        pass
    outline.session = outline.session or _session_of(path)
    if nameless:
        outline.uuids.setdefault(outline.session, {}).update(nameless)
    return outline


def _outline_line(data: bytes) -> _Outline:
    try:
        return _outline_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        record = decode(data)
    except BadJson:
        record = None
    return _Outline(*map(record.get, _Outline.__struct_fields__)) if isinstance(record, dict) else _Outline()


_outline_decoder = msgspec.json.Decoder(_Outline)


def _agent_of(path: Path) -> str:
    found = _AGENT_FILE.fullmatch(path.name)
    return found["id"] if found else ""


def _session_of(path: Path) -> str:
    """The session that a file's place names, where its records do not: the file itself, or a subagent's folder."""
    if _agent_of(path):
        folder = next((above.name for above in path.parents if above.name not in ("subagents", "workflows")), "")
        return path_text(folder or path.stem)
    return path_text(path.stem)


def _about(transcript: Transcript, session: str, outline: Outline, path: Path) -> tuple[About, str]:
    lineage, native = [], dict(compact((("titles", transcript.titles),)))
    if transcript.agent:
        meta = _meta(path)
        call = meta.get("toolUseId")
        lineage.append(
            {"type": "subagent", "conversation": conversation_id(KIND, session)}
            | compact((("call", call if isinstance(call, str) else ""),))
        )
        native |= compact((("meta", meta),))
    else:
        lineage += _fork(transcript, session, outline, path)
    leaf = transcript.current.state(at_root=False)
    about = About(
        source=compact(
            (("app", KIND), ("format", KIND), ("native_id", transcript.native_id), ("path", _place(path, session)))
        ),
        context=compact((("cwd", transcript.cwd), ("git", compact((("branch", transcript.branch),))))),
        state=leaf,
        lineage=tuple(lineage),
        native=native,
    )
    at = first_at(transcript.titled_at, transcript.start)
    return titled(about), max(at, transcript.current.at) if leaf else at


def _place(path: Path, session: str) -> str:
    """The path below the project's folder, whose own name only repeats the machine's paths."""
    parts = [path_text(part) for part in path.parts]
    return "/".join(parts[parts.index(session) :]) if session in parts[:-1] else parts[-1]


def _meta(path: Path) -> dict[str, Any]:
    """What stands beside a subagent's file."""
    try:
        meta = decode(whole(path.with_suffix(".meta.json")))
    except (OSError, BadJson):
        return {}
    return meta if isinstance(meta, dict) else {}


def _fork(transcript: Transcript, session: str, outline: Outline, path: Path) -> list[dict[str, Any]]:
    """The session that this one continues: as it says itself, else the one in the folder that it copies.

    A resumed or forked session begins with the same records as its origin and does not name it.
    The origin is the one that went its own way first.
    """
    origin, at = transcript.forked_from
    if origin and origin != session:
        return [_fork_of(origin, at)]
    own = outline.uuids.get(session, {})
    best: tuple[int, str, str] | None = None
    for other_path in _siblings(path):
        other = outline_of(other_path)
        theirs = other.uuids.get(other.session, {})
        shared = own.keys() & theirs.keys()
        if not shared or other.session == session:
            continue
        left, right = (_first_own(uuids, shared) for uuids in (theirs, own))
        if right and (left, other.session) < (right, session):
            last = next(uuid for uuid in reversed(own) if uuid in shared)
            best = max(best or (0, "", ""), (len(shared), other.session, last))
    return [_fork_of(best[1], best[2])] if best else []


def _fork_of(session: str, uuid: str) -> dict[str, Any]:
    conversation = conversation_id(KIND, session)
    last = message_id(conversation, uuid) if uuid else ""
    return {"type": "fork", "conversation": conversation} | compact((("message", last),))


def _first_own(uuids: dict[str, str], shared: set[str]) -> str:
    """When a session first said something that the other does not have; "" when it never did."""
    return min((time for uuid, time in uuids.items() if uuid not in shared), default="")


def _siblings(path: Path) -> list[Path]:
    """The other sessions in a folder that begin with the same record."""
    first = _first_uuid(path, *_version(path))
    if not first or _agent_of(path):
        return []
    others = sorted(other for other in path.parent.glob("*.jsonl") if other != path and other.is_file())
    return [other for other in others if not other.is_symlink() and _first_uuid(other, *_version(other)) == first]


def _version(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=20_000)
def _first_uuid(path: Path, _mtime: int, _size: int) -> str:
    """The uuid of the first record that has one, near the beginning of a file."""
    try:
        for line in lines(chunks(path)):
            uuid = _outline_line(line.data).uuid
            if isinstance(uuid, str) and uuid:
                return uuid
            if line.number >= RECORDS:
                break
    except (Damaged, OSError):
        pass
    return ""

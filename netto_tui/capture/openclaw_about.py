"""Headers of OpenClaw conversations, from session files, `sessions.json` and the session tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from netto_tui.capture.about import titled
from netto_tui.capture.mapping import Taker, compact, parse_time
from netto_tui.capture.openclaw_entries import KIND, Session
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import About

VOLATILE = re.compile(
    r"(Tokens|TokensFresh|CostUsd|Count|Snapshot|Report|updatedAt|FlushAt|InteractionAt|ActivityAt|lastReadAt"
    r"|_read_at|_interaction_at|_activity_at|updated_at|_observed_at)$|^(systemSent|abortedLastRun|entry_valid|status)$"
)
"""Fields of a session store that change with every turn; a header with them would never settle."""

_TITLES = {"label": "label", "displayName": "display_name", "display_name": "display_name", "autoLabel": "generated"}
_PLACES = {
    "chatType": "chat_type",
    "chat_type": "chat_type",
    "channel": "channel",
    "project_id": "project",
    "projectId": "project",
}
_PARENTS = ("spawnedBy", "spawned_by", "parentSessionKey", "parent_session_key")


def header_about(session: Session, form: str, path: str, agent: str = "") -> About:
    """The header that a session's own first line and its last `session_info` make.

    form: `openclaw-jsonl`, to which the header adds its version, or a whole format. path: relative to
    the source's root.
    """
    header = Taker(session.header)
    header.take("type"), header.take("id")
    version = header.take("version")
    cwd = header.text("cwd")
    parent = parent_session(header.text("parentSession") or header.text("branchedFrom"))
    native = {"header": header.left, "titles": compact((("name", session.name),))}
    return titled(
        About(
            source=compact(
                (
                    ("app", KIND),
                    ("format", form if "/" in form else f"{form}/{version if isinstance(version, int) else 1}"),
                    ("native_id", session.native_id),
                    ("agent", agent),
                    ("path", path),
                )
            ),
            context=compact((("cwd", cwd),)),
            lineage=tuple(link("fork", name) for name in (parent,) if name),
            native=compact(native.items()),
        )
    )


def parent_session(path: str) -> str:
    """The session id in the path of another session's file, `<id>.jsonl` or `<time>_<id>.jsonl`."""
    name = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
    return session_name(name).rpartition("_")[2]


def session_name(file_name: str) -> str:
    """A session file's name without its endings: `.jsonl`, `-topic-N`, `.reset.…` and the like."""
    return re.split(r"\.jsonl|-topic-", file_name, maxsplit=1)[0]


def link(kind: str, native_id: str, **more: Any) -> dict[str, Any]:
    """A lineage entry that leads to another session, whether it is imported already or not."""
    return {"type": kind, "conversation": conversation_id(KIND, native_id), **more}


def store_about(native_id: str, key: str, entry: Mapping[str, Any], sessions: Mapping[str, str]) -> About:
    """The part of a header that a session store knows: an entry of `sessions.json`, or a row of the tables.

    key: the session key. sessions: session ids by session key, to resolve parents.
    """
    fields = Taker({name: value for name, value in entry.items() if value is not None and not VOLATILE.search(name)})
    for name in ("sessionId", "sessionFile", "session_id", "current_session_id", "session_key"):
        fields.take(name)
    titles = {kind: title for name, kind in _TITLES.items() if (title := fields.text(name))}
    context = {place: value for name, place in _PLACES.items() if (value := fields.text(name))}
    lineage = []
    for name in _PARENTS:
        parent = sessions.get(str(fields.left.get(name)))
        if parent and parent != native_id:
            lineage.append(link("subagent", parent))
            fields.take(name)
    agent = key.split(":")[1] if key.startswith("agent:") and key.count(":") > 1 else ""
    return titled(
        About(
            source=compact((("app", KIND), ("native_id", native_id), ("agent", agent))),
            context=context,
            state={
                "archived": any(entry.get(name) for name in ("archivedAt", "archived_at")),
                "pinned": any(entry.get(name) for name in ("pinnedAt", "pinned_at")),
            },
            lineage=tuple({one["conversation"]: one for one in lineage}.values()),
            native=compact((("session", fields.left), ("session_key", key), ("titles", titles))),
        )
    )


def changed_at(entry: Mapping[str, Any]) -> str:
    """When a store last changed what it says of a session, as a stamp; "" when it does not say."""
    return parse_time(entry.get("updatedAt", entry.get("updated_at"))).at

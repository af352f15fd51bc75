"""OpenClaw and pi sessions in JSON lines: one session is one conversation, in whatever version it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture.base import Draft
from netto_tui.model.conversation import is_hidden
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import (
    About,
    Attachment,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    encode_body,
)
from tests.unit.capture.given import about, drafts, events, jsonl, messages, sample, shown, skipped, warned, written

HEADER = {"type": "session", "version": 3, "id": "s-1", "timestamp": "2026-01-20T09:00:00.000Z", "cwd": "/home/m"}


def entry(kind: str, entry_id: str, parent: str | None, /, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "id": entry_id, "parentId": parent, "timestamp": "2026-01-20T09:00:01.000Z", **fields}


def said(
    name: str, parent: str | None, role: str, content: Any, ms: int = 1768899600000, **more: Any
) -> dict[str, Any]:
    return entry("message", name, parent, message={"role": role, "content": content, "timestamp": ms, **more})


def one(tmp_path: Path, *records: Any) -> Message:
    """The last message of a session of some records."""
    return messages(jsonl(tmp_path / "s-1.jsonl", [HEADER, *records]))[-1]


def encoded(path: Path) -> list[tuple[str, str, str, bytes]]:
    found = [draft for draft in drafts(path) if isinstance(draft.body, Message)]
    return [(draft.conversation, draft.item, draft.at, encode_body(draft.body)) for draft in found]


def test_a_session_gives_the_same_bytes_before_and_after_its_migration() -> None:
    old = encoded(sample("openclaw/jsonl-v1/large-session.jsonl"))
    new = encoded(sample("openclaw/jsonl-v3/d703a1a9-1b7b-4fb1-b512-c9738b1fe617.jsonl"))
    assert len(old) == 1018
    assert old == new
    assert len({item for _, item, _, _ in old}) == 1018


def test_an_old_session_with_summaries_and_renamed_roles_migrates_to_the_same_bytes(tmp_path: Path) -> None:
    plain: list[dict[str, Any]] = [
        {"type": "message", "timestamp": "2026-01-20T09:00:01Z", "message": {"role": "user", "content": "a"}},
        {"type": "message", "timestamp": "2026-01-20T09:00:02Z", "message": {"role": "hookMessage", "content": "b"}},
        {"type": "compaction", "timestamp": "2026-01-20T09:00:03Z", "summary": "s", "firstKeptEntryIndex": 2},
        {"type": "message", "timestamp": "2026-01-20T09:00:01Z", "message": {"role": "user", "content": "a"}},
    ]
    ids = ["aaaa0000", "bbbb0000", "cccc0000", "dddd0000"]
    moved: list[dict[str, Any]] = [{**record, "id": name} for record, name in zip(plain, ids, strict=True)]
    for record, parent in zip(moved, [None, *ids[:-1]], strict=True):
        record["parentId"] = parent
    moved[1]["message"] = {"role": "custom", "content": "b"}
    del moved[2]["firstKeptEntryIndex"]
    moved[2]["firstKeptEntryId"] = "bbbb0000"
    header = {key: value for key, value in HEADER.items() if key != "version"}
    old = encoded(jsonl(tmp_path / "old.jsonl", [header, *plain]))
    assert old == encoded(jsonl(tmp_path / "new.jsonl", [HEADER, *moved]))
    assert len({item for _, item, _, _ in old}) == 4


def test_a_user_message_is_mapped_whole(tmp_path: Path) -> None:
    text = "[Telegram Michael M. +30s Tue 2026-01-20 10:00 CET] Hello"
    found = one(tmp_path, said("1", None, "user", text, extra={"a": 1}))
    assert found.role == "user"
    assert found.parts == (Text(text),)
    assert found.author == "Michael M."
    assert found.sent.at == "2026-01-20T09:00:00.000Z"
    assert found.sent.raw == 1768899600000
    assert found.sent.tz is None
    assert found.parent is None
    assert found.native == {"written": "2026-01-20T09:00:01.000Z", "message": {"extra": {"a": 1}}}


@pytest.mark.parametrize(
    ("text", "author"),
    [
        ("[WhatsApp +49 151 1234567 Mon 2026-01-19 10:00:05 GMT+1] hi", "+49 151 1234567"),
        ("[Discord a-b Sun 2026-01-18 10:00] hi", "a-b"),
        ("[note] hi", ""),
        ("hi [Telegram M Tue 2026-01-20 10:00 CET]", ""),
        ("[" + "x " * 5000, ""),
    ],
)
def test_the_sender_of_a_channel_is_the_author(tmp_path: Path, text: str, author: str) -> None:
    assert one(tmp_path, said("1", None, "user", text)).author == author


def test_an_assistant_message_is_mapped_whole(tmp_path: Path) -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "thinkingSignature": "sig", "redacted": False},
        {"type": "text", "text": "look", "textSignature": "t"},
        {"type": "toolCall", "id": "c1", "name": "read", "arguments": {"path": "a"}, "partialJson": "{"},
        {"type": "hologram", "data": [1]},
    ]
    fields: dict[str, Any] = {"api": "a", "provider": "p", "model": "m", "usage": {"input": 1, "cost": {"total": 0.5}}}
    found = one(tmp_path, said("1", None, "assistant", blocks, **fields, stopReason="stop", errorMessage=None))
    assert found.parts == (
        Thinking(text="hm", signature="sig"),
        Text("look"),
        ToolCall(name="read", call_id="c1", arguments={"path": "a"}),
        Unknown("hologram", {"data": [1]}),
    )
    assert found.model == {"provider": "p", "id": "m", "api": "a"}
    assert found.usage == {"input": 1, "cost": {"total": 0.5}}
    assert found.native["blocks"] == {
        "0": {"redacted": False},
        "1": {"textSignature": "t"},
        "2": {"partialJson": "{"},
    }
    assert found.native["message"] == {"stopReason": "stop", "errorMessage": None}


def test_a_tool_result_with_an_image_is_mapped_whole(tmp_path: Path) -> None:
    content = [{"type": "text", "text": "ok"}, {"type": "image", "data": "aGk=", "mimeType": "image/png"}]
    record = said("1", None, "toolResult", content, toolCallId="c1", toolName="read", isError=True, details={"d": 1})
    (draft, _header) = drafts(jsonl(tmp_path / "s.jsonl", [HEADER, record]))
    found = draft.body
    assert isinstance(found, Message)
    (sha256,) = draft.blobs
    picture = Attachment(media_type="image/png", bytes=2, blob=sha256)
    assert draft.blobs[sha256] == b"hi"
    assert found.role == "tool"
    assert found.parts == (ToolResult(call_id="c1", name="read", output=(Text("ok"), picture), is_error=True),)
    assert found.native["message"] == {"details": {"d": 1}}


def test_a_command_of_the_person_is_a_call_and_its_result(tmp_path: Path) -> None:
    message = {"role": "bashExecution", "command": "ls", "output": "a\n", "exitCode": 0, "truncated": False}
    found = one(tmp_path, entry("message", "1", None, message={**message, "cancelled": False, "timestamp": 1}))
    assert found.role == "user"
    assert found.parts == (
        ToolCall(name="bash", arguments={"command": "ls"}),
        ToolResult(name="bash", output=(Text("a\n"),), exit_code=0, truncated=False),
    )
    assert found.native["message"] == {"cancelled": False}


@pytest.mark.parametrize(
    ("record", "text", "hidden"),
    [
        (entry("compaction", "1", None, summary="so far", tokensBefore=5), "so far", False),
        (entry("branch_summary", "1", None, summary="left", fromId="root"), "left", False),
        (entry("custom_message", "1", None, customType="x", content="psst", display=False), "psst", True),
        (entry("custom_message", "1", None, customType="x", content="look", display=True), "look", False),
        (entry("custom", "1", None, customType="x", data={"a": 1}), None, True),
        (entry("label", "1", None, targetId="9", label="good"), None, True),
        (entry("session_info", "1", None, name="Plan"), None, True),
        (entry("model_change", "1", None, provider="p", modelId="m"), None, True),
        (entry("reset", "1", None), None, True),
        (entry("from_the_future", "1", None, x=1), None, True),
        (entry("message", "1", None, message="not an object"), None, True),
        (said("1", None, "wizard", "spell"), None, True),
        (said("1", None, "assistant", [{"type": "text", "text": "NO_REPLY"}]), "NO_REPLY", True),
        (said("1", None, "assistant", "again", model="delivery-mirror"), "again", True),
        (said("1", None, "assistant", [], stopReason="error"), None, False),
        (said("1", None, "compactionSummary", None, summary="so far"), "so far", False),
    ],
)
def test_what_the_source_does_not_show_is_kept_and_hidden(
    tmp_path: Path, record: dict[str, Any], text: str | None, hidden: bool
) -> None:
    found = one(tmp_path, record)
    assert is_hidden(found) is hidden
    if text is not None:
        assert Text(text) in found.parts


def test_parents_make_a_tree_and_one_that_was_never_written_is_named(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "s.jsonl",
        [
            HEADER,
            said("1", None, "user", "a"),
            said("2", "1", "user", "b"),
            said("3", "1", "user", "c"),
            said("4", "gone", "user", "d"),
            entry("label", "5", "4", targetId="2", label="x"),
        ],
    )
    first, second, third, fourth, label = (draft for draft in drafts(path) if draft.item != "about")
    bodies = [draft.body for draft in (second, third, fourth, label)]
    assert [body.parent for body in bodies if isinstance(body, Message)] == [first.item, first.item, None, fourth.item]
    assert isinstance(fourth.body, Message) and fourth.body.native["missing_parent"] == "gone"
    assert isinstance(label.body, Message) and label.body.native["target"] == second.item


def test_equal_messages_of_one_instant_stay_apart(tmp_path: Path) -> None:
    records = [said("1", None, "user", "again"), said("2", "1", "user", "again")]
    items = [draft.item for draft in drafts(jsonl(tmp_path / "s.jsonl", [HEADER, *records]))]
    assert len(set(items)) == 3


def test_the_header_gives_title_place_and_lineage(tmp_path: Path) -> None:
    parent = "/home/m/.pi/sessions/--x--/2025-01-01T09-00-00-000Z_parent-id.jsonl"
    header = {**HEADER, "parentSession": parent, "provider": "p"}
    records = [entry("session_info", "1", None, name="Draft"), entry("session_info", "2", "1", name="Plan")]
    path = jsonl(tmp_path / "state" / "agents" / "netto" / "sessions" / "s-1.jsonl", [header, *records])
    found = about(path)
    assert found.title == "Plan"
    assert found.source == {
        "app": "openclaw",
        "format": "openclaw-jsonl/3",
        "native_id": "s-1",
        "agent": "netto",
        "path": "agents/netto/sessions/s-1.jsonl",
    }
    assert found.context == {"cwd": "/home/m"}
    assert found.lineage == ({"type": "fork", "conversation": conversation_id("openclaw", "parent-id")},)
    assert found.native["header"] == {"timestamp": HEADER["timestamp"], "provider": "p"}


def test_the_store_beside_a_session_adds_its_names_and_states(tmp_path: Path) -> None:
    store = {
        "agent:main:main": {"sessionId": "s-0", "label": "other"},
        "agent:main:telegram:direct:7": {
            "sessionId": "s-1",
            "displayName": "Shown",
            "label": "Mine",
            "archivedAt": 5,
            "chatType": "direct",
            "totalTokens": 9,
            "updatedAt": 1768899999000,
            "spawnedBy": "agent:main:main",
        },
    }
    written(tmp_path / "sessions.json", json.dumps(store))
    path = jsonl(tmp_path / "s-1.jsonl", [HEADER, entry("session_info", "1", None, name="Plan")])
    found = about(path)
    assert found.title == "Mine"
    assert found.state == {"archived": True, "pinned": False}
    assert found.context == {"cwd": "/home/m", "chat_type": "direct"}
    assert found.source["agent"] == "main"
    assert found.lineage == ({"type": "subagent", "conversation": conversation_id("openclaw", "s-0")},)
    assert "totalTokens" not in json.dumps(found.native)
    assert drafts(path)[-1].at == "2026-01-20T09:06:39.000Z"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 5}', '{"a": {"sessionId": 5}}', "\0"])
def test_a_store_that_cannot_be_read_is_no_obstacle(tmp_path: Path, text: str) -> None:
    written(tmp_path / "sessions.json", text)
    assert len(shown(jsonl(tmp_path / "s-1.jsonl", [HEADER, said("1", None, "user", "a")]))) == 1


def test_sessions_set_aside_are_imported_and_copies_are_not(tmp_path: Path) -> None:
    records = [HEADER, said("1", None, "user", "a")]
    names = [
        "s-1.jsonl.reset.2026-01-20T09-00-00.000Z",
        "s-1.jsonl.bak.2026-01-20T09-00-00.000Z",
        "s-1.jsonl.deleted.2026-01-20T09-00-00.000Z",
        "s-1.checkpoint.11111111-2222-4333-8444-555555555555.jsonl",
        "s-1.trajectory.jsonl",
    ]
    for name in names:
        jsonl(tmp_path / name, records)
    found = [draft for draft in drafts(tmp_path) if draft.item != "about"]
    assert len(found) == 3
    assert len({draft.item for draft in found}) == 1
    states = [draft.body.state for draft in drafts(tmp_path / names[2]) if isinstance(draft.body, About)]
    assert states == [{"deleted_at_source": "2026-01-20T09:00:00.000Z"}]
    last = drafts(tmp_path / names[2])[-1].body
    assert isinstance(last, About) and last.source["path"] == "s-1.jsonl"


def test_a_session_without_its_header_is_named_after_its_file(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "2026-01-01T00-00-00-000Z_s-1.jsonl", [said("1", None, "user", "a")])
    assert {draft.conversation for draft in drafts(path)} == {conversation_id("openclaw", "s-1")}


def test_a_newer_version_is_read_and_reported(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", [{**HEADER, "version": 9}, said("1", None, "user", "a")])
    assert warned(path) == ["newer-format"]
    assert len(shown(path)) == 1


def test_bad_lines_are_reported_where_they_are() -> None:
    path = sample("openclaw/jsonl-v3/pi-session-agentsview.jsonl")
    assert [line for line, _ in skipped(path)] == [10]
    assert len(messages(path)) == 9
    assert [event.unknown for event in events(path) if isinstance(event, Draft)].count(True) == 1

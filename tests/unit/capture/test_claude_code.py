"""Claude Code transcripts: never stop at a bad line, never rely on the chain alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture.base import Draft
from netto_tui.model.conversation import is_hidden
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
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


def turn(uuid: str, parent: str | None, content: Any, kind: str = "user", **more: Any) -> dict[str, Any]:
    record = {"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s-1", "timestamp": "2026-01-20T09:00:00Z"}
    return {**record, "message": {"role": kind, "content": content}, **more}


def by_uuid(path: Path) -> dict[str, Draft]:
    found = [draft for draft in drafts(path) if isinstance(draft.body, Message)]
    return {str(draft.body.native.get("uuid")): draft for draft in found if isinstance(draft.body, Message)}


def only(tmp_path: Path, record: dict[str, Any]) -> Message:
    (found,) = messages(jsonl(tmp_path / "s-1.jsonl", [record]))
    return found


def test_an_assistant_turn_is_mapped_whole(tmp_path: Path) -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "look", "citations": None},
        {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a"}, "caller": "x"},
        {"type": "server_tool_use", "id": "t2"},
    ]
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "claude", "content": content}
    record = turn("u1", None, None, "assistant", cwd="/w", requestId="r1")
    found = only(tmp_path, {**record, "message": {**message, "usage": {"input_tokens": 3}, "stop_reason": None}})
    assert found.role == "assistant"
    assert found.parts == (
        Thinking(text="hm", signature="sig"),
        Thinking(encrypted="sealed"),
        Text("look"),
        ToolCall(name="Read", call_id="t1", arguments={"path": "a"}),
        Unknown("server_tool_use", {"id": "t2"}),
    )
    assert found.model == {"id": "claude"}
    assert found.usage == {"input_tokens": 3}
    assert found.sent.at == "2026-01-20T09:00:00.000Z"
    assert found.native == {
        "uuid": "u1",
        "blocks": {"2": {"citations": None}, "3": {"caller": "x"}},
        "message": {"id": "m1", "type": "message", "stop_reason": None},
        "entry": {"cwd": "/w", "requestId": "r1"},
    }


def test_a_tool_result_is_a_message_of_the_tool(tmp_path: Path) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    content = [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "ok"}, image]}]
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, content, toolUseResult={"stdout": "ok"})])
    draft = by_uuid(path)["u1"]
    (sha256,) = draft.blobs
    assert isinstance(draft.body, Message)
    assert draft.body.role == "tool"
    picture = Attachment(media_type="image/png", bytes=2, blob=sha256)
    assert draft.body.parts == (ToolResult(call_id="t1", output=(Text("ok"), picture)),)
    assert draft.body.native["entry"]["toolUseResult"] == {"stdout": "ok"}


@pytest.mark.parametrize(
    ("content", "more", "harness"),
    [
        ("hello", {}, False),
        ("<task-notification>x</task-notification>", {}, True),
        ("<command-name>/model</command-name>", {}, True),
        ("<local-command-stdout>x</local-command-stdout>", {}, True),
        ([{"type": "text", "text": "<ide_opened_file>x</ide_opened_file>"}], {}, True),
        ("Caveat", {"isMeta": True}, True),
        ("Summary", {"isCompactSummary": True}, True),
    ],
)
def test_what_the_program_wrote_is_told_from_what_the_person_wrote(
    tmp_path: Path, content: Any, more: dict[str, Any], harness: bool
) -> None:
    found = only(tmp_path, turn("u1", None, content, **more))
    assert found.role == "user"
    assert (found.native.get("authored_by") == "harness") is harness


def test_a_torn_tail_waits_and_a_parent_that_was_never_written_is_named() -> None:
    path = sample("derived-synthetic/claude-code/s3-torn-tail-and-phantom-parent.jsonl")
    found = by_uuid(path)
    assert skipped(path) == []
    assert {"t1", "t2"} < found.keys() and "t3" not in found
    orphan = found["t2"].body
    assert isinstance(orphan, Message)
    assert orphan.parent is None
    assert orphan.native["missing_parent"] == "never-written"
    assert about(path).title == "Greeting"
    assert len(shown(path)) == 2
    assert skipped(sample("claude-code/agentsview/truncated.jsonl")) == []


def test_lines_that_are_no_objects_are_reported_and_the_others_read() -> None:
    path = sample("claude-code/claude-code-log-tests/edge_cases.jsonl")
    assert [line for line, _ in skipped(path)] == [13, 15, 16]
    records = [json.loads(line) for line in path.read_text().splitlines()]
    turns = {one["uuid"] for one in records if isinstance(one, dict) and one.get("type") in ("user", "assistant")}
    kept = {draft.item for draft in drafts(path) if isinstance(draft.body, Message) and not is_hidden(draft.body)}
    assert len(kept) == len(turns)


def test_the_summary_over_a_compaction_knows_what_it_follows() -> None:
    found = by_uuid(sample("derived-synthetic/claude-code/s1.jsonl"))
    boundary, summary = found["cb"].body, found["cs"].body
    assert isinstance(boundary, Message) and isinstance(summary, Message)
    assert boundary.parent is None
    assert boundary.native["logical_parent"] == found["b2a"].item
    assert is_hidden(boundary)
    assert summary.parent == found["cb"].item
    assert summary.native["authored_by"] == "harness"


def test_a_copied_beginning_is_imported_again_and_leads_to_its_origin() -> None:
    origin = sample("derived-synthetic/claude-code/s1.jsonl")
    fork = sample("derived-synthetic/claude-code/s2-bg-fork-of-s1.jsonl")
    first = conversation_id("claude-code", "s1")
    assert len(shown(fork)) == 8
    assert about(fork).lineage == ({"type": "fork", "conversation": first, "message": message_id(first, "b2a")},)
    assert about(origin).lineage == ()
    assert not {draft.item for draft in drafts(origin)} & {draft.item for draft in drafts(fork)} - {"about"}


def test_of_several_origins_the_nearest_counts(tmp_path: Path) -> None:
    def session(name: str, *uuids: str) -> None:
        records = [
            turn(uuid, None, uuid, sessionId=name, timestamp=f"2026-01-{int(uuid):02d}T00:00:00Z") for uuid in uuids
        ]
        jsonl(tmp_path / f"{name}.jsonl", records)

    session("root", "1", "2", "3")
    session("child", "1", "2", "4", "5")
    session("grandchild", "1", "2", "4", "6")
    session("other", "7", "8")
    origins = {name: about(tmp_path / f"{name}.jsonl").lineage for name in ("root", "child", "grandchild", "other")}
    assert [one["conversation"] for one in origins["child"]] == [conversation_id("claude-code", "root")]
    assert [one["conversation"] for one in origins["grandchild"]] == [conversation_id("claude-code", "child")]
    assert origins["root"] == origins["other"] == ()


def test_a_fork_that_names_its_origin_is_believed(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, "a", forkedFrom={"sessionId": "s-0", "messageUuid": "u9"})])
    origin = conversation_id("claude-code", "s-0")
    assert about(path).lineage == ({"type": "fork", "conversation": origin, "message": message_id(origin, "u9")},)


def test_a_subagent_is_a_conversation_of_its_own_and_a_sidechain_is_not(tmp_path: Path) -> None:
    main = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, "a"), turn("u2", "u1", "b", isSidechain=True)])
    agent = jsonl(tmp_path / "s-1" / "subagents" / "agent-x1.jsonl", [turn("u3", None, "c", isSidechain=True)])
    written(agent.with_suffix(".meta.json"), '{"toolUseId": "t1", "agentType": "Explore"}')
    found = by_uuid(main)
    assert isinstance(found["u2"].body, Message) and found["u2"].body.native["side"] is True
    assert {draft.conversation for draft in drafts(agent)} == {conversation_id("claude-code", "s-1#agent-x1")}
    parent = {"type": "subagent", "conversation": conversation_id("claude-code", "s-1"), "call": "t1"}
    assert about(agent).lineage == (parent,)
    assert about(agent).native["meta"]["agentType"] == "Explore"
    assert about(agent).source["path"] == "s-1/subagents/agent-x1.jsonl"
    assert isinstance(by_uuid(agent)["u3"].body, Message)
    assert warned(tmp_path) == []


def test_entries_in_the_wrong_file_go_where_they_belong(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, "a"), turn("u2", None, "b", sessionId="s-2")])
    conversations = {uuid: draft.conversation for uuid, draft in by_uuid(path).items()}
    assert conversations == {"u1": conversation_id("claude-code", "s-1"), "u2": conversation_id("claude-code", "s-2")}


def test_without_session_ids_the_file_is_the_session(tmp_path: Path) -> None:
    record = {"type": "user", "timestamp": "2026-01-20T09:00:00Z", "message": {"content": "a"}}
    path = jsonl(tmp_path / "mine.jsonl", [record, record])
    found = [draft for draft in drafts(path) if draft.item != "about"]
    assert {draft.conversation for draft in found} == {conversation_id("claude-code", "mine")}
    assert len({draft.item for draft in found}) == 2
    assert [draft.body.native["seq"] for draft in found if isinstance(draft.body, Message)] == [0, 1]


def test_lines_written_several_times_are_one_message(tmp_path: Path) -> None:
    record = turn("u1", None, "a")
    found = [draft for draft in drafts(jsonl(tmp_path / "s-1.jsonl", [record] * 4)) if draft.item != "about"]
    assert len({(draft.item, encode_body(draft.body)) for draft in found}) == 1


def test_a_cycle_of_parents_is_kept_as_it_is(tmp_path: Path) -> None:
    found = by_uuid(jsonl(tmp_path / "s-1.jsonl", [turn("u1", "u2", "a"), turn("u2", "u1", "b")]))
    assert isinstance(found["u1"].body, Message) and found["u1"].body.parent == found["u2"].item
    assert isinstance(found["u2"].body, Message) and found["u2"].body.parent == found["u1"].item


@pytest.mark.parametrize(
    ("records", "title"),
    [
        ([{"type": "ai-title", "aiTitle": "One"}, {"type": "ai-title", "aiTitle": "Two"}], "Two"),
        ([{"type": "custom-title", "customTitle": "Mine"}, {"type": "ai-title", "aiTitle": "Two"}], "Mine"),
        ([{"type": "summary", "summary": "Ours", "leafUuid": "u1"}], "Ours"),
        ([{"type": "summary", "summary": "Theirs", "leafUuid": "elsewhere"}], ""),
        ([], ""),
    ],
)
def test_the_title_is_the_persons_then_the_programs(tmp_path: Path, records: list[dict[str, Any]], title: str) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, "a", cwd="/w", gitBranch="main"), *records])
    assert about(path).title == title
    assert about(path).context == {"cwd": "/w", "git": {"branch": "main"}}


def test_types_that_nobody_knows_are_kept_and_reported(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", None, "a"), {"type": "hologram", "beam": {"a": 1}}])
    found = messages(path)[-1]
    assert found.parts == (Unknown("hologram", {"beam": {"a": 1}}),)
    assert is_hidden(found)
    assert [event.unknown for event in events(path) if isinstance(event, Draft)] == [False, True, False]

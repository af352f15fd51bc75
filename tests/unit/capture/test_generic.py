"""Plain JSON that is shaped like conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture import reading
from netto_tui.capture.base import Draft, Skipped
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import Attachment, Message, Text, ToolCall, ToolResult
from tests.unit.capture.given import about, drafts, events, messages, sample, skipped, warned, written


def stored(tmp_path: Path, value: Any, name: str = "a.json") -> Path:
    return written(tmp_path / name, json.dumps(value))


def chain(path: Path) -> list[tuple[str, str]]:
    return [(body.role, "".join(getattr(part, "text", "") for part in body.parts)) for body in messages(path)]


def test_messages_are_mapped_whole() -> None:
    path = sample("derived-synthetic/generic/generic-messages.json")
    assert chain(path) == [("user", "Hello"), ("assistant", "Hi!Second part")]
    first, second = messages(path)
    assert (first.sent.at, first.sent.raw, first.sent.tz) == ("2024-01-15T08:30:00.000Z", "2024-01-15 08:30:00Z", "UTC")
    assert (second.sent.at, second.sent.raw) == ("2024-01-15T08:30:10.000Z", 1705307410)
    assert second.parts == (Text("Hi!"), Text("Second part"))
    assert second.parent == next(draft.item for draft in drafts(path))
    assert about(path).title == "Generic"
    assert {draft.conversation for draft in drafts(path)} == {conversation_id("generic", "g1")}


def test_sharegpt_is_mapped() -> None:
    path = sample("derived-synthetic/generic/sharegpt.json")
    assert chain(path) == [("user", "Who are you?"), ("assistant", "A test.")]


@pytest.mark.parametrize("name", ["TM-1-2019_sample.json", "TM-4-2024_data_07.json"])
def test_taskmaster_is_mapped(name: str) -> None:
    path = sample(f"corpora/taskmaster/{name}")
    source = json.loads(path.read_text())
    dialogs = source if isinstance(source, list) else [source]
    found = [draft for draft in drafts(path) if isinstance(draft.body, Message)]
    assert len(found) == sum(len(dialog["utterances"]) for dialog in dialogs)
    assert len({draft.conversation for draft in found}) == len(dialogs)
    assert len({draft.item for draft in found}) == len(found)
    said = [turn["text"] for dialog in dialogs for turn in dialog["utterances"]]
    bodies = [draft.body for draft in found if isinstance(draft.body, Message)]
    assert ["".join(getattr(part, "text", "") for part in body.parts) for body in bodies] == said


TURNS = [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]


@pytest.mark.parametrize(
    ("value", "conversations"),
    [
        ({"messages": TURNS}, 1),
        ([{"messages": TURNS}, {"id": 7, "messages": TURNS}], 2),
        ({"conversations": [{"id": "x", "messages": TURNS}, {"id": "y", "messages": TURNS}]}, 2),
        (TURNS, 1),
        ({"id": "x", "utterances": [{"speaker": "USER", "text": "a"}, {"speaker": "ASSISTANT", "text": "b"}]}, 1),
        ([{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}], 1),
        ({"messages": [{"author": {"role": "user", "name": "M"}, "content": "a"}, {"sender": "ai", "text": "b"}]}, 1),
    ],
)
def test_every_usual_shape_is_recognised(tmp_path: Path, value: Any, conversations: int) -> None:
    path = stored(tmp_path, value)
    assert chain(path) == [("user", "a"), ("assistant", "b")] * conversations
    assert len({draft.conversation for draft in drafts(path)}) == conversations


def test_lines_may_be_conversations_or_messages(tmp_path: Path) -> None:
    one = written(tmp_path / "a.jsonl", "".join(json.dumps({"messages": TURNS, "n": n}) + "\n" for n in range(3)))
    assert len({draft.conversation for draft in drafts(one)}) == 3
    two = written(tmp_path / "b.jsonl", "".join(json.dumps(turn) + "\n" for turn in TURNS) + "[5]\n" + '{"role": "us')
    assert chain(two) == [("user", "a"), ("assistant", "b")]
    assert [line for line, _ in skipped(two)] == [3]


def test_a_file_of_messages_that_grows_stays_one_conversation(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", "".join(json.dumps(turn) + "\n" for turn in TURNS))
    before = {(draft.conversation, draft.item) for draft in drafts(path)}
    with path.open("a") as file:
        file.write(json.dumps({"role": "user", "content": "c"}) + "\n")
    assert before < {(draft.conversation, draft.item) for draft in drafts(path)}


def test_tools_and_pictures_are_mapped(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}}
    link = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    records = [
        {"role": "user", "content": [{"type": "text", "text": "see"}, image, link]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "done", "tool_call_id": "c1", "name": "f"},
    ]
    found = [draft for draft in drafts(stored(tmp_path, {"messages": records})) if isinstance(draft.body, Message)]
    bodies = [draft.body for draft in found]
    (sha256,) = found[0].blobs
    embedded = Attachment(media_type="image/png", bytes=2, blob=sha256)
    external = Attachment(native_ref="https://example.org/a.png", availability="external")
    assert isinstance(bodies[0], Message) and bodies[0].parts == (Text("see"), embedded, external)
    assert isinstance(bodies[1], Message)
    assert bodies[1].parts == (ToolCall(name="f", call_id="c1", arguments_raw='{"x": 1}'),)
    assert isinstance(bodies[2], Message)
    assert bodies[2].parts == (ToolResult(call_id="c1", name="f", output=(Text("done"),)),)


def test_different_messages_with_one_id_are_all_there_and_a_repeated_one_is_one(tmp_path: Path) -> None:
    said = [{"id": 1, "role": "user", "content": text} for text in ("a", "b", "a", "c")]
    path = written(tmp_path / "a.json", json.dumps({"id": "c", "messages": said}))
    items = [draft.item for draft in drafts(path) if isinstance(draft.body, Message)]
    assert len(items) == 4
    assert len(set(items)) == 3
    assert items[0] == items[2]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"title": "x",\n"messages": [{"role": "user", "content": "a"}', 1, "not JSON at character 60"),
        ('[\n{"messages": [{"role": "user", "content": "a"}]},\n\n{"messages": [}]', 4, "not JSON"),
        ('{"messages": [' + "[" * 400 + "]" * 400 + "]}", 1, "nested more than 200 levels deep"),
    ],
)
def test_a_broken_file_says_where_and_why_and_its_bytes_are_kept(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    (one,) = (event for event in events(written(tmp_path / "a.json", text)) if isinstance(event, Skipped))
    assert one.line == line
    assert one.reason.startswith("element ") and reason in one.reason
    assert one.data and one.data in text.encode()


def test_a_conversation_beyond_the_limit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIMIT", 1 << 20)
    path = stored(tmp_path, {"messages": [{"role": "user", "content": "x" * (5 << 20)}]})
    ((line, reason),) = skipped(path)
    assert (line, reason.partition(": ")[2]) == (1, "longer than 1 MiB")


def test_elements_that_are_no_conversation_are_kept_aside(tmp_path: Path) -> None:
    value = [{"messages": [{"role": "user", "content": "a"}, "odd"]}, 5, {"x": 1}]
    found = events(written(tmp_path / "a.json", json.dumps(value)))
    assert [one.data for one in found if isinstance(one, Skipped)] == [b'"odd"', b"5", b'{"x":1}']


def test_a_speaker_with_a_name_is_an_author(tmp_path: Path) -> None:
    path = stored(tmp_path, {"messages": [{"sender": "Michael", "text": "a"}, {"sender": "AI", "text": "b"}]})
    found = messages(path)
    assert [(body.role, body.author) for body in found] == [("user", "Michael"), ("assistant", "")]


@pytest.mark.parametrize(
    "name",
    [
        "chatgpt/polylogue-sample-00.json",
        "claude-ai/polylogue-sample-00.json",
        "gemini-cli/standard_session.json",
        "gemini-cli/deja-session.jsonl",
        "codex/agentsview/standard_session.jsonl",
        "llm/logs.db",
    ],
)
def test_a_source_that_has_no_importer_yet_is_not_mistaken_and_not_silent(name: str) -> None:
    assert warned(sample(name)) == ["unrecognised"]
    assert drafts(sample(name)) == []


@pytest.mark.parametrize("value", [[], {}, [1, 2], {"messages": 5}, {"name": "x"}, [{"messages": [5]}], "text"])
def test_other_json_is_not_a_conversation(tmp_path: Path, value: Any) -> None:
    path = stored(tmp_path, value)
    assert [event for event in drafts(path) if isinstance(event, Draft)] == []
    assert warned(path) == ["unrecognised"]

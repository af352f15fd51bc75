"""Nothing is dropped: every value of every source record is found in what was made of it.

What a draft leaves out on purpose, because it says the same in another way:

    OpenClaw     ids and references of entries, which become item ids; `type`, `role` of blocks and messages
    Claude Code  `sessionId`, which names the conversation; `parentUuid` of a parent that is there
    generic      the conversation's id, which names it
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netto_tui.capture.base import Draft
from netto_tui.model.conversation import is_hidden
from netto_tui.model.revision import Message, encode_body
from tests.unit.capture.given import SAMPLES, drafts, sample

REFERENCES = {"id", "parentId", "firstKeptEntryId", "targetId", "fromId"}


def leaves(value: Any, left_out: set[str], key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no object and no list, with the key that it is under."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name not in left_out:
                yield from leaves(child, left_out, name)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, left_out, key)
    else:
        yield key, value


def held(draft: Draft) -> set[str]:
    """Every value that a draft holds, its binaries in base64 as sources have them."""
    body = msgspec.json.decode(encode_body(draft.body))
    binaries = {base64.b64encode(data).decode() for data in draft.blobs.values()}
    return {json.dumps(value) for _, value in leaves(body, set())} | {json.dumps(text) for text in binaries}


def missing(record: Any, left_out: set[str], *found: set[str]) -> list[tuple[str, Any]]:
    kept = set().union(*found)
    lost = [(key, value) for key, value in leaves(record, left_out) if json.dumps(value) not in kept]
    return [(key, value) for key, value in lost if value not in ("", "text") and not (key == "isError" and not value)]


def objects(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        found += [record] if isinstance(record, dict) else []
    return found


@pytest.mark.parametrize(
    "name",
    [
        "jsonl-v1/large-session.jsonl",
        "jsonl-v3/d703a1a9-1b7b-4fb1-b512-c9738b1fe617.jsonl",
        "jsonl-v3/01a206d0-dcd3-7721-8fdd-d8bb33dac49e.jsonl",
        "jsonl-v3/a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d.jsonl",
        "jsonl-v3/pi-session-agentsview.jsonl",
    ],
)
def test_every_value_of_an_openclaw_entry_is_kept(name: str) -> None:
    path = sample(f"openclaw/{name}")
    header, *records = objects(path)
    *found, about = drafts(path)
    assert len(found) == len(records)
    for record, draft in zip(records, found, strict=True):
        message = record.get("message", {})
        kept = held(draft) | {json.dumps(value) for value in ("message", "toolCall", "thinking", "image", "text")}
        kept |= {json.dumps(value) for value in (message.get("role"),)}
        inner = {**record, "message": {**message, "content": None}} if "message" in record else record
        assert missing(inner, REFERENCES, kept, {"null"}) == []
        assert missing(message.get("content"), set(), kept, {"null"}) == []
    lost = missing(header, {"type", "version"}, held(about))
    assert [key for key, _ in lost] in ([], ["branchedFrom"])


CLAUDE = sorted(path.relative_to(SAMPLES).as_posix() for path in SAMPLES.glob("**/claude-code/**/*.jsonl"))


@pytest.mark.parametrize("name", CLAUDE or ["claude-code"])
def test_every_value_of_a_claude_code_record_is_kept(name: str) -> None:
    path = sample(name)
    records = objects(path)
    found = [draft for draft in drafts(path) if isinstance(draft.body, Message)]
    if not found:
        pytest.skip("a single record that is no transcript by itself")
    uuids = {record.get("uuid") for record in records}
    for record, draft in zip(records, found, strict=True):
        left_out = {"sessionId", "type", "role"} | ({"parentUuid"} if record.get("parentUuid") in uuids else set())
        left_out |= {"logicalParentUuid"} if record.get("logicalParentUuid") in uuids else set()
        assert missing(record, left_out, held(draft), {"null"}) == []


@pytest.mark.parametrize(
    "name",
    [
        "corpora/taskmaster/TM-1-2019_sample.json",
        "corpora/taskmaster/TM-4-2024_data_07.json",
        "derived-synthetic/generic/generic-messages.json",
        "derived-synthetic/generic/sharegpt.json",
    ],
)
def test_every_value_of_a_generic_conversation_is_kept(name: str) -> None:
    path = sample(name)
    source = json.loads(path.read_text())
    kept: dict[str, list[set[str]]] = defaultdict(list)
    for draft in drafts(path):
        kept[draft.conversation].append(held(draft))
    for dialog, found in zip(source if isinstance(source, list) else [source], kept.values(), strict=True):
        aliases = {json.dumps(name) for name in ("assistant", "user")}
        assert missing(dialog, set(), *found, aliases) == []


SHOWN = {
    "openclaw/jsonl-v1/large-session.jsonl": 914,
    "openclaw/jsonl-v3/d703a1a9-1b7b-4fb1-b512-c9738b1fe617.jsonl": 914,
    "openclaw/jsonl-v3/01a206d0-dcd3-7721-8fdd-d8bb33dac49e.jsonl": 12,
    "openclaw/jsonl-v3/a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d.jsonl": 2,
    "openclaw/jsonl-v3/pi-session-agentsview.jsonl": 5,
}


@pytest.mark.parametrize("name", SHOWN)
def test_openclaw_messages_are_as_many_as_the_file_has(name: str) -> None:
    """Beside the file's own messages, summaries are shown; a silent turn is not."""
    path = sample(name)
    records = objects(path)
    own = [record for record in records if record["type"] == "message"]
    assert len(own) == SHOWN[name]
    silent = [one for one in own if one["message"].get("content") == [{"type": "text", "text": "NO_REPLY"}]]
    summaries = [record for record in records if record["type"] in ("compaction", "branch_summary")]
    found = [draft.body for draft in drafts(path) if isinstance(draft.body, Message)]
    assert sum(not is_hidden(body) for body in found) == len(own) - len(silent) + len(summaries)
    assert len(found) == len(records) - 1


@pytest.mark.parametrize("name", CLAUDE or ["claude-code"])
def test_claude_code_messages_are_as_many_as_the_file_has(name: str) -> None:
    path = sample(name)
    turns = [record for record in objects(path) if record.get("type") in ("user", "assistant")]
    expected = {record["uuid"] for record in turns if "uuid" in record}
    found = [draft for draft in drafts(path) if isinstance(draft.body, Message) and not is_hidden(draft.body)]
    assert len({draft.item for draft in found}) == len(expected) + sum("uuid" not in record for record in turns)

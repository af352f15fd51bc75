"""Whatever a file holds: importers never raise, and what they yield can be stored and read again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.capture.base import Draft, Event
from netto_tui.capture.sources import KINDS
from netto_tui.model.blobs import externalize
from netto_tui.model.formats import read_line
from netto_tui.model.revision import UNDATED, Stamp, mint
from tests.unit.capture.given import events, sample

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-01-20T09:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "id", "role", "content", "text", "message", "timestamp"]), inner)
    ),
    max_leaves=8,
)
SEEDS = [
    "openclaw/jsonl-v3/01a206d0-dcd3-7721-8fdd-d8bb33dac49e.jsonl",
    "openclaw/jsonl-v3/pi-session-agentsview.jsonl",
    "claude-code/claude-code-log-tests/edge_cases.jsonl",
    "claude-code/claude-code-log-tests/todowrite_examples.jsonl",
    "derived-synthetic/claude-code/s1.jsonl",
    "derived-synthetic/generic/generic-messages.json",
    "derived-synthetic/generic/sharegpt.json",
]
relaxed = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def check(found: list[Event]) -> None:
    """Everything that was drafted makes a record that reads back."""
    for event in found:
        if isinstance(event, Draft):
            body, _blobs = externalize(event.body)
            record = mint(event.conversation, event.item, body, Stamp(event.at or UNDATED, 0, event.by))
            assert read_line(record.line) == record


@pytest.mark.parametrize("kind", [None, *KINDS])
@given(data=st.binary(max_size=400))
@relaxed
def test_any_bytes(tmp_path: Path, kind: str | None, data: bytes) -> None:
    for name in ("a.jsonl", "b.json", "c.md"):
        path = tmp_path / name
        path.write_bytes(data)
        check(events(path, kind))


@pytest.mark.parametrize("kind", ["openclaw", "claude-code", "generic"])
@given(values=st.lists(JSON, max_size=4))
@relaxed
def test_any_json(tmp_path: Path, kind: str, values: list[Any]) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text("".join(json.dumps(value) + "\n" for value in values), errors="surrogatepass")
    check(events(lines, kind))
    whole = tmp_path / "b.json"
    whole.write_text(json.dumps(values), errors="surrogatepass")
    check(events(whole, kind))


@pytest.mark.parametrize("name", SEEDS)
@given(seed=st.integers(0, 2**32), value=JSON)
@relaxed
def test_real_records_with_a_strange_value_somewhere(tmp_path: Path, name: str, seed: int, value: Any) -> None:
    source = sample(name)
    chance = random.Random(seed)
    text = source.read_text()
    if name.endswith(".jsonl"):
        lines = text.splitlines()
        number = chance.randrange(len(lines))
        try:
            lines[number] = json.dumps(_changed(json.loads(lines[number]), value, chance))
        except ValueError:
            lines[number] = lines[number][: chance.randrange(len(lines[number]) + 1)]
        text = "\n".join(lines)
    else:
        text = json.dumps(_changed(json.loads(text), value, chance))
    path = tmp_path / source.name
    path.write_text(text)
    check(events(path))


@pytest.mark.parametrize("name", SEEDS)
@given(seed=st.integers(0, 2**32))
@relaxed
def test_real_files_with_flipped_and_lost_bytes(tmp_path: Path, name: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(sample(name).read_bytes())
    for _ in range(chance.randrange(1, 20)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(200)]
    path = tmp_path / Path(name).name
    path.write_bytes(data)
    check(events(path))


def _changed(value: Any, strange: Any, chance: random.Random) -> Any:
    """A JSON value with one place in it replaced, or a key of it renamed."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return strange
    if isinstance(value, list):
        at = chance.randrange(len(value))
        return [*value[:at], _changed(value[at], strange, chance), *value[at + 1 :]]
    key = chance.choice(sorted(value))
    if chance.random() < 0.1:
        return {("strange" if name == key else name): child for name, child in value.items()}
    return {**value, key: _changed(value[key], strange, chance)}

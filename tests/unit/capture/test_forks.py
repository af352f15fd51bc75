"""Sessions that fork and name no current message: it is the last one that was written, where that can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture.about import unite
from netto_tui.capture.ingest import ingest
from netto_tui.model.conversation import items
from netto_tui.model.revision import ABOUT, About, Message
from netto_tui.vault.branches import Branches, branches
from netto_tui.vault.vault import Vault
from tests.unit.capture.given import about, drafts, jsonl

Records = list[dict[str, Any]]
HEADER = {"type": "session", "version": 3, "id": "s-1", "timestamp": "2026-01-20T09:00:00.000Z"}
CALL = {"type": "tool_use", "id": "t", "name": "Read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}


def coded(name: str, parent: str | None, kind: str = "user", content: Any = None, **more: Any) -> dict[str, Any]:
    """A record of Claude Code whose text is its name; a name ends in its minute."""
    record = {"type": kind, "uuid": name, "parentUuid": parent, "sessionId": "s-1", "timestamp": at(name)}
    return {**record, "message": {"role": kind, "content": content or name}, **more}


def opened(name: str, parent: str | None, role: str = "user") -> dict[str, Any]:
    """An entry of OpenClaw whose text is its name."""
    content = [{"type": "text", "text": name}]
    record = {"type": "message", "id": name, "parentId": parent, "timestamp": at(name)}
    return {**record, "message": {"role": role, "content": content}}


def at(name: str) -> str:
    return f"2026-01-20T09:{int(name[-2:]):02}:00.000Z"


FORKED = (
    ("ask 01", None, "user"),
    ("plan 02", "ask 01", "assistant"),
    ("long 03", "plan 02", "user"),
    ("long answer 04", "long 03", "assistant"),
    ("short 05", "plan 02", "user"),
    ("short answer 06", "short 05", "assistant"),
)
CODED: Records = [coded(*one) for one in FORKED]
OPENED: Records = [HEADER, *(opened(*one) for one in FORKED)]
BOTH = pytest.mark.parametrize(("records", "say"), [(CODED, coded), (OPENED, opened)], ids=["claude-code", "openclaw"])


def text_of(draft: Message) -> str:
    return "".join(getattr(part, "text", "") for part in draft.parts)


def names(path: Path) -> dict[str, str]:
    """What the messages of a file say, by item."""
    return {one.item: text_of(one.body) for one in drafts(path) if isinstance(one.body, Message)}


def leaf(path: Path) -> Any:
    """What the message says that the header of a file names; None where it names none, "untold" where it is silent."""
    state = about(path).state
    return names(path).get(state["leaf"]) if "leaf" in state else "untold"


def view(vault: Vault, path: Path) -> tuple[Branches | None, list[str]]:
    """The branches of a file's conversation, and what the one that is shown says."""
    said, name = names(path), drafts(path)[0].conversation
    with vault.reader() as reader:
        found = branches(reader, name)
        return found, [said[row.item] for row in reader.messages_at(name, found.places)] if found else []


@BOTH
def test_the_last_written_message_is_the_leaf_and_the_other_branch_is_reached(
    vault: Vault, tmp_path: Path, records: Records, say: Any
) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", records)
    assert leaf(path) == "short answer 06"
    ingest(vault, [path])
    found, shown = view(vault, path)
    assert found is not None and shown == ["ask 01", "plan 02", "short 05", "short answer 06"]
    items_by_text = {text: item for item, text in names(path).items()}
    assert found.fork(items_by_text["short 05"]) == (2, 2)
    assert found.turn(items_by_text["short 05"], 1) == items_by_text["long 03"]
    assert len(found.places) == 4 and found.position(items_by_text["long answer 04"]) == 3


@BOTH
def test_an_unchanged_file_adds_nothing_and_one_that_goes_on_moves_the_leaf(
    vault: Vault, tmp_path: Path, records: Records, say: Any
) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", records)
    ingest(vault, [path])
    assert ingest(vault, [path]).added == 0
    jsonl(path, [*records, say("longer 07", "long answer 04"), say("longer answer 08", "longer 07", "assistant")])
    assert ingest(vault, [path]).added == 3, "two messages and a header"
    assert ingest(vault, [path]).added == 0
    assert view(vault, path)[1] == ["ask 01", "plan 02", "long 03", "long answer 04", "longer 07", "longer answer 08"]
    older = jsonl(tmp_path / "older" / "s-1.jsonl", records)
    ingest(vault, [older])
    assert view(vault, path)[1][-1] == "longer answer 08", "an older copy moves nothing back"
    kept = items(vault.records(drafts(path)[0].conversation))[ABOUT]
    assert len(kept.heads) == 1


@BOTH
def test_a_session_says_nothing_of_a_leaf_until_it_forks(
    vault: Vault, tmp_path: Path, records: Records, say: Any
) -> None:
    linear = [one for one in records if one.get("uuid", one.get("id")) not in ("short 05", "short answer 06")]
    path = jsonl(tmp_path / "s-1.jsonl", linear)
    assert leaf(path) == "untold"
    ingest(vault, [path])
    jsonl(path, [*linear, say("on 07", "long answer 04")])
    assert ingest(vault, [path]).added == 1, "the header stays as it is"
    assert view(vault, path)[0] is None
    jsonl(path, [*linear, say("on 07", "long answer 04"), say("short 08", "plan 02")])
    ingest(vault, [path])
    assert view(vault, path)[1] == ["ask 01", "plan 02", "short 08"]


ARTEFACTS: dict[str, Records] = {
    "results of tools that were called at once": [
        coded("ask 01", None),
        coded("call 02", "ask 01", "assistant", [CALL]),
        coded("call 03", "call 02", "assistant", [CALL]),
        coded("result 04", "call 02", "user", [RESULT]),
        coded("result 05", "call 03", "user", [RESULT]),
        coded("answer 06", "result 05", "assistant"),
    ],
    "a prompt that was written twice": [*CODED[:4], coded("again 05", "plan 02", content="long 03")],
    "what the program itself says": [*CODED[:4], coded("meta 05", "plan 02", isMeta=True)],
    "first messages without a parent": [coded("one 01", None), coded("two 02", None), coded("three 03", None)],
}


@pytest.mark.parametrize("records", ARTEFACTS.values(), ids=ARTEFACTS.keys())
def test_only_different_prompts_make_a_claude_code_session_fork(tmp_path: Path, records: Records) -> None:
    assert leaf(jsonl(tmp_path / "s-1.jsonl", records)) == "untold"


def test_what_is_no_turn_is_looked_through(vault: Vault, tmp_path: Path) -> None:
    hook = {"message": None, "content": "hook"}
    records = [
        *CODED[:2],
        coded("hook 02", "plan 02", "system", **hook),
        coded("long 03", "hook 02"),
        coded("hook 04", "plan 02", "system", **hook),
        coded("short 05", "hook 04"),
        coded("hook 06", "short 05", "system", **hook),
        coded("late hook 07", "long 03", "system", **hook),
    ]
    path = jsonl(tmp_path / "s-1.jsonl", records)
    assert about(path).state["leaf"] == next(one.item for one in drafts(path) if "hook 06" in str(one.body))
    ingest(vault, [path])
    assert [text for text in view(vault, path)[1] if text] == ["ask 01", "plan 02", "short 05"]


def test_the_branch_leads_over_a_compaction(vault: Vault, tmp_path: Path) -> None:
    boundary = coded("boundary 07", None, "system", logicalParentUuid="short answer 06", message=None)
    records = [
        *CODED,
        boundary,
        coded("summary 08", "boundary 07", isCompactSummary=True),
        coded("on 09", "summary 08"),
    ]
    path = jsonl(tmp_path / "s-1.jsonl", records)
    ingest(vault, [path])
    whole = ["ask 01", "plan 02", "short 05", "short answer 06", "summary 08", "on 09"]
    assert [text for text in view(vault, path)[1] if text] == whole

    item = next(item for item, text in names(path).items() if not text)
    vault.sql.execute("UPDATE messages SET parent = NULL WHERE item = ?", (item,))
    vault.sql.execute("PRAGMA user_version = 5")
    assert [text for text in view(vault, path)[1] if text] != whole
    vault.close()
    with Vault.open(vault.path) as again:
        assert [text for text in view(again, path)[1] if text] == whole, "an index of before learns it"


TORN: dict[str, Records] = {
    "a parent that was never written": [*CODED, coded("on 07", "never 07")],
    "a second beginning": [*CODED, coded("on 07", None)],
    "a subagent in the main file": [*CODED, coded("side 07", "short answer 06", isSidechain=True)],
    "a circle": [*CODED, coded("on 07", "on 08"), coded("on 08", "on 07")],
    "a lost parent of OpenClaw": [*OPENED, opened("on 07", "never 07")],
    "an entry of OpenClaw without a parent": [
        *OPENED,
        {key: value for key, value in opened("on 07", None).items() if key != "parentId"},
    ],
}


@pytest.mark.parametrize("records", TORN.values(), ids=TORN.keys())
def test_nothing_is_a_side_branch_where_a_session_does_not_hang_together(
    vault: Vault, tmp_path: Path, records: Records
) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", records[: 7 if records[0] is HEADER else 6])
    ingest(vault, [path])
    assert view(vault, path)[0] is not None
    jsonl(path, records)
    assert leaf(path) is None
    ingest(vault, [path])
    assert view(vault, path)[0] is None, "all of it is shown, and nothing is marked"
    assert ingest(vault, [path]).added == 0


def test_an_openclaw_session_that_begins_anew_forks_at_its_beginning(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [*OPENED[:3], opened("anew 03", None)])
    ingest(vault, [path])
    assert view(vault, path)[1] == ["anew 03"]


def test_a_header_that_names_a_message_counts_before_one_of_the_same_time_that_names_none() -> None:
    none, some = About(state={"leaf": None}), About(state={"leaf": "m_1"})
    assert unite(none, some, None) == unite(some, none, None) == some
    assert unite(some, none, True) == none

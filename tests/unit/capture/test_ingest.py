"""Into a vault: only what is new, once, and never against a person's word."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.capture.about import titled, unite
from netto_tui.capture.ingest import Imported, ImportProgressed, ingest
from netto_tui.errors import Cancelled
from netto_tui.model.blobs import inflate
from netto_tui.model.conversation import Item
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import ABOUT, About, Document, Message, encode_body
from netto_tui.vault import memory, writing
from netto_tui.vault.vault import Vault
from tests.unit.capture.given import drafts, jsonl, sample, written

HEADER = {"type": "session", "version": 3, "id": "s-1", "timestamp": "2026-01-20T09:00:00Z", "cwd": "/w"}
CONVERSATION = conversation_id("openclaw", "s-1")
CLAUDE = conversation_id("claude-code", "s-1")


def said(number: int, text: str = "hello", **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": text, "timestamp": 1768899600000 + number, **more}
    return {"type": "message", "id": f"e{number}", "parentId": f"e{number - 1}" if number > 1 else None} | {
        "timestamp": "2026-01-20T09:00:01Z",
        "message": message,
    }


def turn(uuid: str, text: str, at: str = "2026-01-20T09:00:00Z") -> dict[str, Any]:
    record = {"type": "user", "uuid": uuid, "sessionId": "s-1", "timestamp": at}
    return {**record, "message": {"role": "user", "content": text}}


def session(path: Path, *numbers: int) -> Path:
    return jsonl(path, [HEADER, *(said(number) for number in numbers)])


def item(vault: Vault, conversation: str, name: str) -> Item:
    return vault.item(conversation, name)


def first_item(path: Path) -> str:
    return next(draft.item for draft in drafts(path) if isinstance(draft.body, Message))


def text_of(vault: Vault, conversation: str, name: str) -> str:
    body = item(vault, conversation, name).value.body
    assert isinstance(body, Message)
    return "".join(getattr(part, "text", "") for part in body.parts)


def codes(imported: Imported) -> list[str]:
    return [one.code for one in imported.warned]


def test_an_import_says_what_it_brought_and_again_adds_nothing(vault: Vault, tmp_path: Path) -> None:
    path = session(tmp_path / "s-1.jsonl", 1, 2, 3)
    first = ingest(vault, [path])
    assert (first.conversations, first.messages, first.added) == (1, 3, 4)
    assert (first.skipped, first.warned) == ([], [])
    again = ingest(vault, [path])
    assert (again.conversations, again.messages, again.added) == (1, 3, 0)
    digest = vault.digest()
    with Vault.create(tmp_path / "other", device="desk", zone="UTC") as other:
        ingest(other, [path])
        assert other.digest() == digest


def test_the_count_is_what_the_vault_shows(vault: Vault) -> None:
    imported = ingest(vault, [sample("openclaw/jsonl-v3"), sample("claude-code"), sample("derived-synthetic")])
    with vault.reader() as reader:
        assert reader.totals().messages == imported.messages
        assert reader.totals().conversations == imported.conversations


V1, V3, SQLITE = (
    "openclaw/jsonl-v1/large-session.jsonl",
    "openclaw/jsonl-v3/d703a1a9-1b7b-4fb1-b512-c9738b1fe617.jsonl",
    "openclaw/sqlite/openclaw-agent-small.sqlite",
)


@pytest.mark.parametrize("order", list(itertools.permutations((V1, V3, SQLITE))))
def test_one_session_in_three_encodings_is_one_conversation(vault: Vault, order: tuple[str, ...]) -> None:
    for name in order:
        ingest(vault, [sample(name)])
    session_id = conversation_id("openclaw", "d703a1a9-1b7b-4fb1-b512-c9738b1fe617")
    records = vault.records(session_id)
    messages = [record for record in records if record.rev.item != ABOUT]
    assert len(messages) == len({record.rev.item for record in messages}) == 1018
    with vault.reader() as reader:
        assert reader.totals().conversations == 2
        assert reader.totals().conflicts == 0
    for name in order * 2:
        assert ingest(vault, [sample(name)]).added == 0
    about = item(vault, session_id, ABOUT).value.body
    assert isinstance(about, About)
    assert about.state["archived"] is True
    assert about.source["agent"] == "main"


def test_a_session_that_grows_adds_only_what_is_new(vault: Vault, tmp_path: Path) -> None:
    path = session(tmp_path / "s-1.jsonl", 1, 2)
    ingest(vault, [path])
    with path.open("a") as file:
        file.write(json.dumps(said(3))[:40])
    torn = ingest(vault, [path])
    assert (torn.added, torn.skipped) == (0, [])
    session(path, 1, 2, 3)
    grown = ingest(vault, [path])
    assert (grown.messages, grown.added) == (3, 1)


def test_a_source_that_lost_messages_is_reported_and_nothing_is_deleted(vault: Vault, tmp_path: Path) -> None:
    path = session(tmp_path / "s-1.jsonl", 1, 2, 3)
    ingest(vault, [path])
    session(path, 1)
    shrunk = ingest(vault, [path])
    assert codes(shrunk) == ["shrunk"]
    assert "1 messages of a conversation of which 3" in shrunk.warned[0].detail
    path.unlink()
    assert len(vault.records(CONVERSATION)) == 4


def test_a_changed_message_replaces_the_earlier_version(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", "first")])
    ingest(vault, [path])
    jsonl(path, [turn("u1", "second")])
    assert ingest(vault, [path]).added == 1
    found = item(vault, CLAUDE, first_item(path))
    assert text_of(vault, CLAUDE, found.name) == "second"
    assert found.conflict == ""
    assert [head.rev.tick for head in found.heads] == [1]
    jsonl(path, [turn("u1", "first")])
    assert ingest(vault, [path]).added == 0
    assert text_of(vault, CLAUDE, found.name) == "second"


def test_an_older_export_is_kept_but_does_not_win(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", "new", "2026-03-01T00:00:00Z")])
    ingest(vault, [path])
    name = first_item(path)
    jsonl(path, [turn("u1", "old", "2026-01-01T00:00:00Z")])
    assert ingest(vault, [path]).added > 0
    assert text_of(vault, CLAUDE, name) == "new"
    assert item(vault, CLAUDE, name).conflict == ""
    assert "old" in str([record.rev.body for record in item(vault, CLAUDE, name).records.values()])
    assert ingest(vault, [path]).added == 0


def test_versions_within_one_file_end_with_the_last(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", text) for text in ("a", "b", "a", "c")])
    imported = ingest(vault, [path])
    assert imported.messages == 1
    name = first_item(path)
    assert text_of(vault, CLAUDE, name) == "c"
    assert len(item(vault, CLAUDE, name).heads) == 1
    assert ingest(vault, [path]).added == 0


def test_a_persons_edit_stays_and_a_later_change_is_a_conflict(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s-1.jsonl", [turn("u1", "first")])
    ingest(vault, [path])
    name = first_item(path)
    writing.edit(vault, CLAUDE, name, "mine")
    assert ingest(vault, [path]).added == 0
    assert text_of(vault, CLAUDE, name) == "mine"
    jsonl(path, [turn("u1", "second")])
    assert ingest(vault, [path]).added == 1
    found = item(vault, CLAUDE, name)
    assert found.conflict == "edit"
    assert len(found.versions) == 2
    assert ingest(vault, [path]).added == 0


def test_what_a_person_deleted_stays_deleted(vault: Vault, tmp_path: Path) -> None:
    path = session(tmp_path / "s-1.jsonl", 1, 2)
    ingest(vault, [path])
    name = first_item(path)
    writing.delete(vault, CONVERSATION, name)
    assert ingest(vault, [path]).added == 0
    assert item(vault, CONVERSATION, name).value.deleted
    writing.delete(vault, CONVERSATION)
    assert ingest(vault, [path]).added == 0


def test_a_title_that_a_person_gave_survives_imports(vault: Vault, tmp_path: Path) -> None:
    records = [HEADER, said(1), {"type": "session_info", "id": "x", "parentId": "e1", "name": "Theirs"}]
    path = jsonl(tmp_path / "s-1.jsonl", records)
    ingest(vault, [path])
    writing.log(vault, CONVERSATION, "user", "more", title="Mine")
    ingest(vault, [path])
    about = item(vault, CONVERSATION, ABOUT).value.body
    assert isinstance(about, About) and about.title == "Mine"


def test_headers_of_several_sources_add_up_and_settle(vault: Vault, tmp_path: Path) -> None:
    plain = session(tmp_path / "a" / "s-1.jsonl", 1)
    named = session(tmp_path / "b" / "s-1.jsonl", 1)
    store = {"agent:main:main": {"sessionId": "s-1", "label": "Mine", "updatedAt": 1768899999000}}
    written(named.parent / "sessions.json", json.dumps(store))
    for path in (plain, named, plain, named):
        ingest(vault, [path])
    digest = vault.digest()
    for path in (plain, named, plain):
        assert ingest(vault, [path]).added == 0
    with Vault.create(tmp_path / "other", device="desk", zone="UTC") as other:
        for path in (named, plain):
            ingest(other, [path])
        mine, theirs = (item(one, CONVERSATION, ABOUT).value.body for one in (vault, other))
        assert encode_body(mine) == encode_body(theirs)
    assert isinstance(mine, About)
    assert (mine.title, mine.context["cwd"], mine.state["archived"]) == ("Mine", "/w", False)
    assert vault.digest() == digest


ABOUTS = st.builds(
    lambda titles, state, lineage, cwd: titled(
        About(context={"cwd": cwd}, state=state, lineage=tuple(lineage), native={"titles": titles})
    ),
    st.dictionaries(st.sampled_from(["custom", "label", "summary"]), st.sampled_from("abc")),
    st.dictionaries(st.sampled_from(["archived", "pinned", "leaf"]), st.booleans() | st.none()),
    st.lists(st.fixed_dictionaries({"type": st.sampled_from(["fork", "resume"])}), max_size=2),
    st.sampled_from("xy"),
)


@given(ABOUTS, ABOUTS, st.sampled_from([True, False, None]))
@settings(max_examples=200)
def test_uniting_headers_drops_nothing_and_settles(one: About, other: About, newer: bool | None) -> None:
    united = unite(one, other, newer)
    assert unite(united, other, newer) == united
    assert unite(united, one, False if newer else newer) == united
    keys = {key for about in (one, other) for key in about.state}
    assert united.state.keys() == keys
    assert {msgspec.json.encode(link) for link in united.lineage} == {
        msgspec.json.encode(link) for link in (*one.lineage, *other.lineage)
    }
    opposite = None if newer is None else not newer
    assert unite(other, one, opposite) == united


def test_bad_records_are_reported_and_their_bytes_kept(vault: Vault, tmp_path: Path) -> None:
    path = session(tmp_path / "s-1.jsonl", 1)
    with path.open("a") as file:
        file.write("nonsense\n42\n" + json.dumps(said(2)) + "\n")
    imported = ingest(vault, [path])
    assert [(Path(one.path).name, one.line) for one in imported.skipped] == [("s-1.jsonl", 3), ("s-1.jsonl", 4)]
    kept = {file.read_bytes() for file in vault.quarantine.path.glob("*.bin")}
    assert kept == {b"nonsense", b"42"}
    assert imported.messages == 2
    assert not any(one.data for one in imported.skipped)


def test_a_file_full_of_rubbish_is_reported_in_short(vault: Vault, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("netto_tui.capture.ingest.SKIPPED_LIMIT", 5)
    path = session(tmp_path / "s-1.jsonl", 1)
    with path.open("a") as file:
        file.write("".join(f"rubbish {n}\n" for n in range(30)))
    imported = ingest(vault, [path])
    assert len(imported.skipped) == 6
    assert imported.skipped[-1].reason.startswith("25 more records")
    assert len(list(vault.quarantine.path.glob("*.bin"))) == 5


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([HEADER], ["empty"]),
        ([HEADER, {"type": "model_change", "id": "1"}], ["empty"]),
        ([HEADER, said(1), {"type": "new", "id": "2"}], ["newer-format"]),
        ([HEADER, *(said(n) for n in range(1, 9)), {"type": "new", "id": "x"}], []),
    ],
)
def test_a_source_that_gives_less_than_it_should_is_red(
    vault: Vault, tmp_path: Path, records: list[Any], expected: list[str]
) -> None:
    assert codes(ingest(vault, [jsonl(tmp_path / "s-1.jsonl", records)])) == expected


def test_long_content_goes_into_blobs(vault: Vault, tmp_path: Path) -> None:
    text = "word " * 200_000
    path = jsonl(tmp_path / "s-1.jsonl", [HEADER, said(1, text)])
    ingest(vault, [path])
    body = item(vault, CONVERSATION, first_item(path)).value.body
    assert len(encode_body(body)) < 10_000
    whole = inflate(body, vault.blobs.get)
    assert isinstance(whole, Message) and getattr(whole.parts[0], "text", "") == text
    assert ingest(vault, [path]).added == 0


def workspace(root: Path, **notes: str) -> Path:
    written(root / "SOUL.md", "soul")
    written(root / "AGENTS.md", "agents")
    for day, text in notes.items():
        written(root / "memory" / f"2026-01-{day[1:]}.md", text)
    return root


def test_documents_keep_every_version(vault: Vault, tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace", d19="one\n", d20="two\n")
    first = ingest(vault, [root])
    assert (first.conversations, first.messages, first.added) == (1, 0, 5)
    assert ingest(vault, [root]).added == 0
    written(root / "memory" / "2026-01-19.md", "one\nmore\n")
    grown = ingest(vault, [root])
    assert (grown.added, codes(grown)) == (1, [])
    conversation = next(iter(drafts(root))).conversation
    found = item(vault, conversation, "memory/2026-01-19.md")
    assert isinstance(found.value.body, Document)
    assert found.value.body.text == "one\nmore\n"
    assert len(found.records) == 2 and len(found.heads) == 1
    assert found.heads[0].rev.by == "source:openclaw-workspace"
    assert found.heads[0].rev.at > "2026"


def test_a_daily_note_that_loses_text_or_vanishes_is_an_alarm(vault: Vault, tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace", d19="one\ntwo\n", d20="three\n", d21="four\n")
    ingest(vault, [root])
    written(root / "memory" / "2026-01-19.md", "one\n")
    written(root / "memory" / "2026-01-20.md", "quite different\n")
    (root / "memory" / "2026-01-21.md").unlink()
    imported = ingest(vault, [root])
    assert sorted(codes(imported)) == ["rewritten", "shrunk", "vanished"]
    assert imported.added == 2
    conversation = next(iter(drafts(root))).conversation
    assert not item(vault, conversation, "memory/2026-01-21.md").value.deleted


def test_two_workspaces_of_one_name_are_reported(vault: Vault, tmp_path: Path) -> None:
    workspace(tmp_path / "all" / "a" / "workspace", d19="one\n")
    workspace(tmp_path / "all" / "b" / "workspace", d20="two\n")
    assert codes(ingest(vault, [tmp_path / "all"])) == ["ambiguous"]
    named = ingest(vault, [tmp_path / "all" / "a"], workspace="home")
    assert (codes(named), named.added) == ([], 4)


def test_two_files_of_one_name_are_reported(vault: Vault, tmp_path: Path) -> None:
    one, other = (written(tmp_path / name / "README.md", f"# {name}") for name in ("one", "other"))
    assert codes(ingest(vault, [one, one])) == []
    (warned,) = ingest(vault, [one, other]).warned
    assert (warned.path, warned.code) == (str(other), "ambiguous")
    assert str(one) in warned.detail


def test_progress_is_told_and_a_stop_keeps_what_was_added(vault: Vault, tmp_path: Path) -> None:
    paths = [jsonl(tmp_path / f"{n}.jsonl", [turn(f"u{m}", "x") for m in range(600)]) for n in range(3)]
    told: list[ImportProgressed] = []
    cancel = threading.Event()

    def listen(event: ImportProgressed) -> None:
        told.append(event)
        cancel.set()

    with pytest.raises(Cancelled):
        ingest(vault, paths, listener=listen, cancel=cancel)
    assert len(told) == 1
    with vault.reader() as reader:
        assert reader.totals().revisions == told[0].added > 0


def test_the_source_is_left_exactly_as_it_was(vault: Vault, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(sample("openclaw"), copy)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*") if path.is_file()}
    ingest(vault, [copy])
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*") if path.is_file()} == before


def _strange(folder: Path, start: bytes, end: bytes) -> Path:
    """A path whose name is no UTF-8, as old file systems and archives leave them."""
    return folder / os.fsdecode(start + b"\xff\xfe" + end)


def test_names_that_are_no_text_are_no_obstacle(vault: Vault, tmp_path: Path) -> None:
    home = tmp_path / "home"
    workspace = _strange(home, b"workspace-", b"")
    written(workspace / "SOUL.md", "kind")
    written(workspace / "AGENTS.md", "careful")
    written(_strange(workspace / "memory", b"2026-01-01-", b".md"), "noted")
    jsonl(_strange(home, b"nameless", b".jsonl"), [{"type": "user", "message": {"role": "user", "content": "one"}}])
    jsonl(_strange(home, b"pi", b".jsonl"), [{"type": "message", "message": {"role": "user", "content": "two"}}])
    written(_strange(home, b"plain", b".md"), "# Three")
    written(_strange(home, b"rubbish", b".jsonl"), "{]")
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE other (one)")
    _strange(home, b"other", b".sqlite").write_bytes(database.serialize())
    database.close()

    imported = ingest(vault, [home])
    noted = ingest(vault, [_strange(home, b"plain", b".md")])

    assert (imported.conversations, imported.messages, noted.conversations) == (3, 2, 1)
    assert [ingest(vault, [path]).added for path in (home, _strange(home, b"plain", b".md"))] == [0, 0]
    assert [warned.code for warned in imported.warned] == ["unrecognised", "documents"]
    assert "".join(f"{one.path}{one.detail}" for one in imported.warned).encode()


def test_a_parent_that_a_damaged_copy_lost_is_not_lost_here(vault: Vault, tmp_path: Path) -> None:
    whole = session(tmp_path / "whole" / "s.jsonl", 1, 2, 3)
    damaged = session(tmp_path / "damaged" / "s.jsonl", 1, 3)
    last = [draft.item for draft in drafts(whole) if isinstance(draft.body, Message)][2]

    ingest(vault, [whole])
    digest = vault.digest()
    again = ingest(vault, [damaged])

    assert (again.added, vault.digest()) == (0, digest)
    with Vault.create(tmp_path / "other", device="desk", zone="UTC") as other:
        ingest(other, [damaged, whole])
        values = [item(kept, CONVERSATION, last).value.body for kept in (vault, other)]
    assert values[0] == values[1]
    assert isinstance(values[0], Message) and values[0].parent and "missing_parent" not in values[0].native


def test_an_earlier_state_of_a_turn_that_grew_adds_nothing(vault: Vault, tmp_path: Path) -> None:
    start = "# aider chat started at 2026-06-09 14:01:00\n\n#### go\n\nDone.\n\n> Applied edit\n"
    early = written(tmp_path / "early" / "a.md", start)
    late = written(tmp_path / "late" / "a.md", f"{start}> Commit abc\n")

    assert ingest(vault, [early]).messages == 3
    imported = ingest(vault, [late])
    assert (imported.messages, imported.added, imported.warned) == (3, 1, [])
    with Vault.create(tmp_path / "other", device="desk", zone="UTC") as other:
        assert ingest(other, [late]).messages == 3
        assert ingest(other, [early]).added == 0
        with vault.reader() as here, other.reader() as there:
            assert [reader.totals().messages for reader in (here, there)] == [3, 3]


@pytest.mark.parametrize("at", ["2300-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_in_the_far_future_does_not_stop_the_memory_of_days(vault: Vault, tmp_path: Path, at: str) -> None:
    path = jsonl(tmp_path / "s.jsonl", [turn("u1", "early"), turn("u2", "late", at)])
    assert ingest(vault, [path]).messages == 2
    assert memory.refresh(vault) == []
    assert "early" in (vault.path / "memory" / "2026-01-20.md").read_text()
    assert any("late" in note.read_text() for note in (vault.path / "memory").glob("*.md"))


def test_a_message_that_is_damaged_here_does_not_stop_an_import(vault: Vault, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", [turn("u1", "hello one"), turn("u2", "hello two")])
    ingest(vault, [path])
    (kept,) = (vault.path / "sessions").rglob("*.jsonl")
    kept.write_bytes(kept.read_bytes().replace(b"hello two", b"hexxo two"))
    jsonl(path, [turn("u1", "good morning one"), turn("u2", "good morning two")])
    ingest(vault, [path])
    assert [text_of(vault, CLAUDE, draft.item) for draft in drafts(path) if draft.item != ABOUT] == [
        "good morning one",
        "good morning two",
    ]

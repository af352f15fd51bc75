"""Workspaces and plain Markdown: documents, whole, and nothing else of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import About, Document
from tests.unit.capture.given import about, documents, drafts, events, sample, skipped, warned, written


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name in ("AGENTS.md", "SOUL.md", "MEMORY.md", "README.md", "memory/2026-01-19.md", "memory/2026-01-20-plan.md"):
        written(root / name, f"# {name}\n")
    written(root / "memory/dreaming/rem/2026-01-20.md", "dream")
    written(root / "memory/imports/claude-code/a/b.md", "import")
    written(root / "memory/.dreams/state.md", "machine state")
    written(root / "skills/x/SKILL.md", "skill")
    return root


def test_a_workspace_is_one_conversation_of_its_documents(workspace: Path) -> None:
    assert sorted(documents(workspace)) == [
        "AGENTS.md",
        "MEMORY.md",
        "SOUL.md",
        "memory/2026-01-19.md",
        "memory/2026-01-20-plan.md",
        "memory/dreaming/rem/2026-01-20.md",
        "memory/imports/claude-code/a/b.md",
    ]
    assert {draft.conversation for draft in drafts(workspace)} == {conversation_id("openclaw-workspace", "main\0")}
    assert documents(workspace)["MEMORY.md"].text == "# MEMORY.md\n"
    assert {draft.at for draft in drafts(workspace) if isinstance(draft.body, Document)} == {""}
    assert {draft.by for draft in drafts(workspace)} == {"source:openclaw-workspace"}


@pytest.mark.parametrize("part", ["memory", "memory/2026-01-19.md", "MEMORY.md"])
def test_a_part_of_a_workspace_belongs_to_it(workspace: Path, part: str) -> None:
    whole = {(draft.conversation, draft.item) for draft in drafts(workspace)}
    some = {(draft.conversation, draft.item) for draft in drafts(workspace / part)}
    assert some <= whole
    assert len(some) > 1


def test_a_workspace_keeps_its_history_when_it_moves(workspace: Path, tmp_path: Path) -> None:
    before = {(draft.conversation, draft.item) for draft in drafts(workspace, name="home")}
    moved = workspace.rename(tmp_path / "elsewhere")
    assert {(draft.conversation, draft.item) for draft in drafts(moved, name="home")} == before
    assert {draft.conversation for draft in drafts(moved, name="office")} != {name for name, _ in before}


def test_the_agent_is_in_the_folders_name(workspace: Path) -> None:
    other = workspace.rename(workspace.parent / "workspace-nora")
    (body,) = (draft.body for draft in drafts(other) if isinstance(draft.body, About))
    assert body.source["agent"] == "nora"
    assert {draft.conversation for draft in drafts(other)} == {conversation_id("openclaw-workspace", "nora\0")}


def test_an_excerpt_leads_to_the_session_that_it_is_from() -> None:
    path = sample("derived-synthetic/openclaw-memory/workspace")
    (body,) = (draft.body for draft in drafts(path) if isinstance(draft.body, About))
    session = conversation_id("openclaw", "01a206d0-dcd3-7721-8fdd-d8bb33dac49e")
    link = {"type": "document", "conversation": session, "document": "memory/2026-01-20-1542.md"}
    assert body.lineage == (link,)
    assert len(documents(path)) == 4


def test_the_templates_are_a_workspace() -> None:
    path = sample("openclaw/workspace")
    found = documents(path)
    assert {name: body.text for name, body in found.items()} == {
        file.name: file.read_text() for file in path.glob("*.md")
    }


def test_a_folder_of_code_is_no_workspace(tmp_path: Path) -> None:
    written(tmp_path / "AGENTS.md", "# rules")
    written(tmp_path / "docs" / "a.md", "# a")
    assert drafts(tmp_path) == []
    assert warned(tmp_path) == ["documents"]
    assert sorted(documents(tmp_path, "markdown")) == ["AGENTS.md", "docs/a.md"]


def test_links_out_of_a_workspace_are_not_followed(workspace: Path, tmp_path: Path) -> None:
    secret = written(tmp_path / "secret.md", "hunter2")
    (workspace / "USER.md").symlink_to(secret)
    (workspace / "memory" / "2026-02-01.md").symlink_to(secret)
    assert "hunter2" not in str(events(workspace))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_give_the_same_text(workspace: Path, encoding: str) -> None:
    (workspace / "MEMORY.md").write_bytes("Grüße 🦞".encode(encoding))
    assert documents(workspace)["MEMORY.md"].text == "Grüße 🦞"


def test_bytes_that_are_no_text_are_kept_and_reported(workspace: Path) -> None:
    data = b"caf\xe9 \xff"
    (workspace / "MEMORY.md").write_bytes(data)
    (draft,) = (draft for draft in drafts(workspace) if draft.item == "MEMORY.md")
    assert isinstance(draft.body, Document)
    (ref,) = draft.body.blobs.values()
    assert draft.blobs == {ref.sha256: data}
    assert draft.body.text.startswith("caf")
    assert [reason for _, reason in skipped(workspace)] == ["the text is not UTF-8; its bytes are kept as they are"]


def test_a_plain_markdown_file_is_one_document(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.md", "intro\n\n# Ideas #\ntext")
    assert documents(path) == {"notes.md": Document("notes.md", "intro\n\n# Ideas #\ntext")}
    assert about(path).title == "Ideas"

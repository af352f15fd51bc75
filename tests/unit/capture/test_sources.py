"""Finding sources: in any folder, never where secrets lie, never out of the folder that was named."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.capture.base import Found, Skipped, Warned
from netto_tui.capture.sources import KINDS, SOURCES, find, is_denied
from netto_tui.errors import UsageError
from tests.unit.capture.given import SAMPLES, jsonl, sample, written

SESSION = [
    {"type": "session", "version": 3, "id": "s-1", "timestamp": "2026-01-20T09:00:00Z"},
    {"type": "message", "id": "1", "parentId": None, "message": {"role": "user", "content": "hunter2"}},
]

SECRETS = [
    *("auth.json", "keys.json", ".credentials.json", "user.json", "users.json", ".env", ".env.local", "a.pem", "a.key"),
    *("id_rsa", "state.vscdb", "settings.local.json", "oauth_creds.json", "openclaw.json", "config.toml"),
    *("credentials/a.jsonl", "x.update-captures/a.jsonl", ".ssh/a.jsonl", "Keychains/a.jsonl"),
]


def found(*paths: Path, kind: str | None = None) -> list[str]:
    return [Path(one.path).name for one in find(paths, kind) if isinstance(one, Found)]


@pytest.mark.parametrize(
    ("path", "kind", "form"),
    [
        ("openclaw/jsonl-v1/large-session.jsonl", "openclaw", "openclaw-jsonl"),
        ("openclaw/sqlite/openclaw-agent-small.sqlite", "openclaw", "openclaw-sqlite/23"),
        ("openclaw/workspace", "openclaw-workspace", "openclaw-workspace"),
        ("claude-code/agentsview/valid_session.jsonl", "claude-code", "claude-code"),
        ("claude-code/claude-code-log-devdocs/user/image.jsonl", "claude-code", "claude-code"),
        ("markdown/aider.chat.history.md", "aider", "aider"),
        ("markdown/specstory/2026-01-12_15-08-38Z-update-our-docs-to.md", "specstory", "specstory"),
        ("derived-synthetic/generic/sharegpt.json", "generic", "generic-json"),
        ("corpora/taskmaster/TM-1-2019_sample.json", "generic", "generic-json"),
    ],
)
def test_each_sample_is_recognised(path: str, kind: str, form: str) -> None:
    (one,) = find([sample(path)])
    assert isinstance(one, Found)
    assert (one.kind, one.format) == (kind, form)
    assert one.source in SOURCES


def test_a_folder_is_walked_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a/1.jsonl", "b/c/3.jsonl", "0.jsonl"):
        jsonl(tmp_path / name, SESSION)
    assert found(tmp_path) == ["0.jsonl", "1.jsonl", "2.jsonl", "3.jsonl"]
    assert found(tmp_path / "b", tmp_path / "a") == ["2.jsonl", "3.jsonl", "1.jsonl"]


@pytest.mark.parametrize(
    "name",
    SECRETS,
)
def test_what_holds_secrets_is_never_opened(tmp_path: Path, name: str) -> None:
    path = jsonl(tmp_path / name, SESSION)
    assert is_denied(path)
    assert found(tmp_path) == []
    (one,) = find([path])
    assert isinstance(one, Skipped) and "never read" in one.reason
    assert found(path, kind="openclaw") == []
    link = tmp_path / "innocent.jsonl"
    link.symlink_to(path)
    assert found(tmp_path) == []
    assert found(link) == []


def test_marked_and_global_folders_are_closed(tmp_path: Path) -> None:
    jsonl(tmp_path / "capture" / "a.jsonl", SESSION)
    written(tmp_path / "capture" / ".openclaw-private-update-capture", "")
    jsonl(tmp_path / "dump" / "global" / "a.jsonl", SESSION)
    jsonl(tmp_path / "dump" / "agents" / "b.jsonl", SESSION)
    assert found(tmp_path) == ["b.jsonl"]
    assert found(tmp_path / "capture") == []


def test_a_vault_below_the_folder_is_no_source(tmp_path: Path) -> None:
    written(tmp_path / "vault" / ".netto" / "vault.json", "{}")
    jsonl(tmp_path / "vault" / "sessions" / "a.jsonl", SESSION)
    jsonl(tmp_path / "b.jsonl", SESSION)
    assert found(tmp_path) == ["b.jsonl"]


def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = jsonl(tmp_path / "outside" / "a.jsonl", SESSION)
    root = tmp_path / "root"
    inside = jsonl(root / "b.jsonl", SESSION)
    (root / "file.jsonl").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    (root / "loop").symlink_to(root)
    (root / "nowhere.jsonl").symlink_to(tmp_path / "gone")
    (root / "same.jsonl").symlink_to(inside)
    os.mkfifo(root / "pipe.jsonl")
    assert found(root) == ["b.jsonl", "same.jsonl"]


def test_what_nobody_recognises_is_reported_with_what_was_tried(tmp_path: Path) -> None:
    for number in range(5):
        written(tmp_path / f"{number}.jsonl", '{"hello": 1}\n')
    written(tmp_path / "picture.png", "x")
    written(tmp_path / "empty.jsonl", "")
    (one,) = find([tmp_path])
    assert isinstance(one, Warned)
    assert one.code == "unrecognised"
    assert "5 files (0.jsonl, 1.jsonl, 2.jsonl, …)" in one.detail
    assert all(kind in one.detail for kind in KINDS)


@pytest.mark.parametrize(
    ("before", "after"), [("", "\0" * 700), ("\0\0\0\n", ""), ('{"type": "custom", "data": "\0"}\n', "")]
)
def test_a_run_of_nul_bytes_after_a_crash_hides_no_session(tmp_path: Path, before: str, after: str) -> None:
    path = jsonl(tmp_path / "a.jsonl", SESSION)
    path.write_text(before + path.read_text() + after)
    assert found(tmp_path) == ["a.jsonl"]


@pytest.fixture
def ordinary(tmp_path: Path) -> Iterator[Path]:
    """A folder of a user to whom the system may refuse a file; it refuses root nothing."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def test_what_may_not_be_read_is_reported_and_the_rest_is_found(ordinary: Path) -> None:
    jsonl(ordinary / "good.jsonl", SESSION)
    barred = {"file.jsonl": 0, "folder": 0, "listed": 0o444}
    for name in ("file.jsonl", "folder/a.jsonl", "listed/a.jsonl"):
        jsonl(ordinary / name, SESSION)
    for name, mode in barred.items():
        os.chmod(ordinary / name, mode)
    try:
        assert found(ordinary) == ["good.jsonl"]
        reports = [one for one in find([ordinary]) if isinstance(one, Skipped)]
        reports += [one for name in barred for one in find([ordinary / name]) if isinstance(one, Skipped)]
        assert {one.reason for one in reports} == {"cannot be read: Permission denied"}
        assert sorted(Path(one.path).name for one in reports) == sorted([*barred, *barred])
    finally:
        for name in barred:
            os.chmod(ordinary / name, 0o700)


def test_a_kind_that_is_asked_for_is_the_only_one(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", SESSION)
    written(tmp_path / "b.json", json.dumps({"messages": [{"role": "user", "content": "a"}]}))
    assert found(tmp_path, kind="generic") == ["b.json"]
    assert found(tmp_path, kind="openclaw") == ["a.jsonl"]
    odd = written(tmp_path / "c.txt", "odd")
    (one,) = find([odd], "claude-code")
    assert isinstance(one, Found) and one.kind == "claude-code"


def test_a_path_or_a_kind_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is nothing at"):
        list(find([tmp_path / "gone"]))
    with pytest.raises(UsageError, match="claude-code, specstory, aider, generic, markdown"):
        list(find([tmp_path], "word"))


def test_the_whole_sample_folder_is_found_without_an_error() -> None:
    sample(".")
    names = [one.kind for one in find([SAMPLES]) if isinstance(one, Found)]
    assert set(names) == set(KINDS) - {"markdown"}

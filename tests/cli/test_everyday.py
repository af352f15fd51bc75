"""An ordinary week on the command line: begin, write, find, read, change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from netto_tui.model.revision import Attachment, Message, mint
from netto_tui.vault.vault import Vault
from tests.cli.conftest import Program


def begin(netto: Program, text: str = "Is anybody there?", title: str = "A trip") -> tuple[str, str]:
    done = netto("--json", "log", "--role", "user", "--title", title, text)
    assert done.code == 0, done.err
    assert set(done.json) == {"conversation", "item", "revision"}
    return done.json["conversation"], done.json["item"]


def test_a_vault_is_made_once(netto: Program, home: Path) -> None:
    made = netto("init", "--json", "--zone", "Europe/Lisbon", "--device", "desk")
    assert made.code == 0
    assert made.json["zone"] == "Europe/Lisbon"
    assert made.json["device"].startswith("desk-")
    assert made.json["path"] == str(home)
    again = netto("init")
    assert again.code == 2
    assert "already" in again.err and "--replica" in again.err


def test_a_vault_is_not_made_in_a_zone_that_does_not_exist(netto: Program, home: Path) -> None:
    done = netto("init", "--zone", "Mars/Olympus")
    assert done.code == 2 and "Mars/Olympus" in done.err
    assert netto("init", "--zone", "UTC").code == 0


def test_without_a_vault_every_command_says_how_to_make_one(netto: Program) -> None:
    for args in (("list",), ("search", "x"), ("status",), ("log", "--role", "user", "x"), ("show", "c_1"), ("sync",)):
        done = netto(*args)
        assert done.code == 1
        assert done.out == ""
        assert "netto-tui init" in done.err


def test_a_message_is_logged_listed_found_and_shown(vault: Program) -> None:
    conversation, item = begin(vault)
    answer = vault("--json", "log", conversation, "--role", "assistant", "--author", "Netto", "-", stdin="Yes: 京都.\n")
    assert answer.json["conversation"] == conversation

    listed = vault("list", "--json").json
    assert listed["total"] == 1
    row = listed["conversations"][0]
    assert (row["conversation"], row["title"], row["messages"], row["source"]) == (conversation, "A trip", 2, "netto")

    found = vault("search", "--json", "anybo").json
    assert [(hit["conversation"], hit["item"], hit["role"]) for hit in found["results"]] == [
        (conversation, item, "user")
    ]
    assert found["total"] == 1 and found["took_ms"] >= 0

    shown = vault("show", conversation, "--json").json
    assert [message["text"] for message in shown["messages"]] == ["Is anybody there?", "Yes: 京都."]
    assert shown["messages"][1]["author"] == "Netto"
    assert shown["title"] == "A trip"
    assert "Yes: 京都." in vault("show", conversation[:12]).out


def test_show_tells_all_that_is_stored_of_one_message(vault: Program) -> None:
    conversation, item = begin(vault)
    assert vault("edit", conversation, item, "Is somebody there? API_TOKEN=Qr7vXe2LmN9pTz4W").code == 0
    found = vault("show", conversation, item[:10], "--json").json
    assert (found["item"], found["files"]) == (item, [])
    assert [revision["head"] for revision in found["revisions"]] == [True, False]
    head, first = found["revisions"]
    assert head["record"]["rev"]["replaces"] == [first["revision"]] == [first["record"]["id"]]
    assert head["origins"] == ["local"]
    assert "Qr7vXe2L" not in vault("show", conversation, item).out
    assert "Qr7vXe2LmN9pTz4W" in vault("show", conversation, item, "--reveal-secrets", "--json").out
    assert "1 head" in vault("show", conversation, item).out
    wrong = vault("show", conversation, "m_ffff")
    assert wrong.code == 2 and "no m_ffff" in wrong.err


def test_a_text_that_lies_beside_its_record_is_shown_and_exported_whole(
    netto: Program, home: Path, tmp_path: Path
) -> None:
    source = tmp_path / "long.jsonl"
    said = "All of it. " * 40_000
    source.write_text(json.dumps({"id": "long", "messages": [{"role": "user", "content": said}]}))
    netto("init", "--zone", "UTC")
    assert netto("import", str(source)).code == 0
    conversation = netto("list", "--json").json["conversations"][0]["conversation"]
    (message,) = netto("show", conversation, "--json").json["messages"]
    assert message["text"].strip() == said.strip()
    (file,) = netto("show", conversation, message["item"], "--json").json["files"]
    assert (file["state"], file["bytes"]) == ("here", len(said))
    assert said.strip() in netto("export", conversation, "-o", "-").out
    (home / file["path"]).unlink()
    assert "only the beginning" in netto("show", conversation).out
    (file,) = netto("show", conversation, message["item"], "--json").json["files"]
    assert (file["state"], file["path"]) == ("lost", None)


def test_the_global_options_work_before_and_after_the_command(
    vault: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(vault)
    monkeypatch.delenv("NETTO_HOME")
    before = vault("--vault", str(home), "--json", "list")
    after = vault("list", "--vault", str(home), "--json")
    assert before.json == after.json
    assert vault("--vault", str(home / "none"), "list", "--vault", str(home), "--json").json == after.json


def test_an_edit_replaces_what_is_shown(vault: Program) -> None:
    conversation, item = begin(vault)
    done = vault("edit", conversation, item, "Is somebody there?", "--json")
    assert set(done.json) == {"conversation", "item", "revision"}
    assert vault("show", conversation, "--json").json["messages"][0]["text"] == "Is somebody there?"
    assert vault("edit", conversation, item[:9], "-", stdin="Third.\n").code == 0
    assert vault("show", conversation, "--json").json["messages"][0]["text"] == "Third."


def test_a_message_and_a_conversation_are_deleted(vault: Program) -> None:
    conversation, item = begin(vault)
    vault("log", conversation, "--role", "assistant", "Yes.")
    assert vault("delete", conversation, item, "--json").json["item"] == item
    assert [message["text"] for message in vault("show", conversation, "--json").json["messages"]] == ["Yes."]
    assert vault("delete", conversation).code == 0
    assert vault("list", "--json").json == {"conversations": [], "total": 0}
    again = vault("delete", conversation)
    assert again.code == 2 and "already" in again.err


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("show", "c_ffff"), "c_ffff"),
        (("log", "c_ffffffff", "--role", "user", "x"), "c_ffffffff"),
        (("search", "from:me"), "from:"),
        (("list", "on:someday"), "on:someday"),
        (("edit", "c_ffff", "m_1", "x"), "c_ffff"),
        (("resolve",), "--all"),
        (("resolve", "--all"), "--take"),
        (("resolve", "--all", "--take", "latest"), "conflicts"),
        (("log", "--role", "narrator", "x"), "narrator"),
        (("log", "a", "b", "c", "--role", "user"), "quotes"),
        (("sync", "nowhere"), "nowhere"),
        (("sync", "--rebuild"), "NAME"),
        (("init", "--replica", "disk=folder:/x"), "disk"),
        (("init", "--replica", "tape=tape:/x"), "tape"),
        (("export", "c_ffff", "-o", "-"), "c_ffff"),
        (("frobnicate",), "frobnicate"),
        (("status", "--config", "none.toml"), "none.toml"),
        (("--config", "none.toml"), "--config"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_the_way_out(
    vault: Program, args: tuple[str, ...], named: str
) -> None:
    done = vault(*args)
    assert done.code == 2
    assert done.out == ""
    assert named in done.err
    assert "Traceback" not in done.err


def test_a_text_that_is_no_text_is_refused(vault: Program) -> None:
    assert vault("log", "--role", "user", "-", stdin=b"\xff\xfe").code == 2
    assert vault("log", "--role", "user", "caf\udce9").code == 2
    assert vault("list", "--json").json["total"] == 0


def test_a_mistake_in_the_settings_is_told_with_its_place(vault: Program, home: Path) -> None:
    (home / "config.toml").write_text("policy = 3\n")
    done = vault("status")
    assert done.code == 2
    assert "config.toml" in done.err and "policy" in done.err


def test_a_setting_of_another_version_is_told_and_kept(vault: Program, home: Path) -> None:
    file = home / "config.toml"
    file.write_text('colour = "blue"\n' + file.read_text())
    done = vault("status", "--json")
    assert done.code == 0 and done.json["conversations"] == 0
    assert "colour" in done.err


def test_foreign_text_cannot_reach_the_terminal(vault: Program) -> None:
    hostile = "a\x1b[2Jb\x9b31mc\u202ed\r!"
    conversation, _ = begin(vault, hostile, title=hostile)
    for args in (("list",), ("search", "a"), ("show", conversation), ("export", conversation, "-o", "-")):
        out = vault(*args).out
        assert not set(out) & set("\x1b\x9b\u202e\r")
    shown = vault("show", conversation, "--json")
    assert not set(shown.out) & set("\x1b\x9b\u202e\r")
    assert shown.json["messages"][0]["text"] == hostile


def test_lists_say_how_much_they_leave_out(vault: Program) -> None:
    for number in range(3):
        begin(vault, f"Message {number}")
    assert "2 of 3" in vault("list", "--limit", "2").out
    assert vault("list", "--limit", "2", "--json").json["total"] == 3
    assert len(vault("search", "mess", "--limit", "0", "--json").json["results"]) == 3
    assert vault("search", "mess", "--limit", "1", "--json").json["total"] == 3


def test_paths_schema_and_completion_are_told(vault: Program, home: Path) -> None:
    assert vault("paths", "--json").json["sessions"] == str(home / "sessions")
    assert vault("schema").json["title"] == "netto.revision/1"
    for shell in ("bash", "zsh", "fish"):
        assert "_NETTO_TUI_COMPLETE" in vault("completion", shell).out


def test_every_command_has_a_help(vault: Program) -> None:
    from netto_tui.cli.root import COMMANDS

    overview = vault("--help").out
    for name in COMMANDS:
        assert f"  {name} " in overview
        assert "--json" in vault(name, "--help").out


@pytest.mark.parametrize("form", ["md", "html", "json", "native"])
def test_a_conversation_is_exported_in_every_form(vault: Program, home: Path, tmp_path: Path, form: str) -> None:
    conversation, _ = begin(vault, "Is <b>anybody</b> there?\n```\nopen code", title="A *trip*")
    vault("log", conversation, "--role", "assistant", "Yes.")
    target = tmp_path / f"one.{form}"
    assert vault("export", conversation, "--format", form, "-o", str(target)).code == 0
    text = target.read_text()
    if form == "md":
        assert text.startswith("# A \\*trip\\*\n")
        assert text.count("```") == 2
    elif form == "html":
        assert "&lt;b&gt;anybody" in text and "<b>" not in text and "<script" not in text
    elif form == "json":
        assert json.loads(text)["messages"][1]["text"] == "Yes."
    else:
        stored = next(home.glob("sessions/**/*.jsonl"))
        assert sorted(text.splitlines()) == sorted(stored.read_text().splitlines())
    assert vault("export", conversation, "--format", form, "-o", "-").out == text
    again = vault("export", conversation, "--format", form, "-o", str(target))
    assert again.code == 2 and "--force" in again.err
    assert vault("export", conversation, "--format", form, "-o", str(target), "--force").code == 0


def test_everything_is_exported_into_a_folder(vault: Program, tmp_path: Path) -> None:
    for number in range(3):
        begin(vault, f"Message {number}", title=f"Grüße Nr. {number}")
    done = vault("export", "-o", f"{tmp_path / 'out'}/", "--json")
    files = [Path(name) for name in done.json["files"]]
    assert done.json["conversations"] == len(files) == 3
    assert all(file.read_text().startswith("# Grüße Nr. ") for file in files)
    assert all("gru" in file.name for file in files)


def test_a_native_export_brings_its_large_content_along(vault: Program, home: Path, tmp_path: Path) -> None:
    conversation, _ = begin(vault, "Short.")
    picture = b"picture" * 1000
    sha256 = hashlib.sha256(picture).hexdigest()
    with Vault.open(home) as opened:
        body = Message("user", (Attachment(name="cat.jpg", blob=sha256),))
        record = mint(conversation, "m_" + "1" * 32, body, opened.clock.stamp())
        opened.add([record], {sha256: picture})
    assert vault("export", conversation, "--format", "native", "-o", f"{tmp_path / 'out'}/").code == 0
    assert (tmp_path / "out" / "blobs" / sha256[:2] / sha256[2:]).read_bytes() == picture


def test_a_file_of_a_message_is_saved_by_its_name_or_number(vault: Program, home: Path, tmp_path: Path) -> None:
    conversation, said = begin(vault, "Short.")
    picture, lost = b"picture" * 1000, "0" * 64
    sha256, item = hashlib.sha256(picture).hexdigest(), "m_" + "1" * 32
    attached = [Attachment(name="../cat.jpg", blob=sha256), Attachment(name="twice", blob=sha256)]
    attached += [Attachment(name="twice", blob=lost), Attachment(name="far", availability="external")]
    with Vault.open(home) as opened:
        record = mint(conversation, item, Message("user", tuple(attached)), opened.clock.stamp())
        opened.add([record], {sha256: picture})

    listed = vault("show", conversation, item, "--json").json["files"]
    assert [(file["number"], file["name"], file["state"]) for file in listed] == [
        (1, "../cat.jpg", "here"), (2, "twice", "here"), (3, "twice", "lost"), (4, "far", "external"),
    ]  # fmt: skip
    place = tmp_path / "cat.jpg"
    done = vault("show", conversation, item, "--save", "../cat.jpg", str(tmp_path), "--json")
    assert done.json == {"path": str(place), "bytes": len(picture), "sha256": sha256}
    assert place.read_bytes() == picture and place.stat().st_mode & 0o777 == 0o600
    assert "Saved 7 000 bytes" in vault("show", conversation, item, "--save", "2", str(tmp_path / "b")).out
    place.write_bytes(b"mine")
    for wanted, target, error in (
        ("1", place, "there already"),
        ("twice", tmp_path / "c", "Several files have this name: 2, 3."),
        ("3", tmp_path / "c", "not in the vault"),
        ("far", tmp_path / "c", "No copy of this file was kept; it is external."),
        ("5", tmp_path / "c", "no file “5”"),
        ("1", tmp_path / "nowhere" / "c", "cannot be written"),
    ):
        refused = vault("show", conversation, item, "--save", wanted, str(target))
        assert refused.code == 2 and error in refused.err, (wanted, refused.err)
    assert place.read_bytes() == b"mine" and not (tmp_path / "c").exists()
    assert "has no files" in vault("show", conversation, said, "--save", "1", str(tmp_path / "c")).err
    assert "needs the ITEM" in vault("show", conversation, "--save", "1", str(tmp_path / "c")).err


@pytest.mark.parametrize(("typed", "offered"), [("netto-tui st", "status"), ("netto-tui sync --re", "--rebuild")])
def test_a_shell_completes_commands_and_options(
    vault: Program, monkeypatch: pytest.MonkeyPatch, typed: str, offered: str
) -> None:
    monkeypatch.setenv("_NETTO_TUI_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert f"plain,{offered}" in vault().out

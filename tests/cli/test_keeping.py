"""What it is all for: replicas, proof, damage, loss, conflicts, and the way back, on the command line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Program, code_of


def begin(netto: Program, text: str = "One. Two. Three.") -> tuple[str, str]:
    done = netto("--json", "log", "--role", "user", "--title", "A trip", text)
    assert done.code == 0, done.err
    return done.json["conversation"], done.json["item"]


def session_file(folder: Path) -> Path:
    """The file of the only conversation, whose name tells nothing."""
    [found] = folder.glob("sessions/*/*/*/*.jsonl")
    return found


@pytest.fixture
def synced(vault: Program) -> tuple[Program, str, str]:
    """A vault with one message on both replicas."""
    conversation, item = begin(vault)
    assert vault("sync").code == 0
    return vault, conversation, item


@pytest.fixture
def phone(vault: Program, tmp_path: Path) -> Program:
    """A second device that shares the folder replica."""

    def run_there(*args: str, stdin: str = "") -> Outcome:
        return vault("--vault", str(tmp_path / "phone"), *args, stdin=stdin)

    return run_there


def test_a_sync_reports_what_it_did_and_the_second_has_nothing_to_do(vault: Program) -> None:
    begin(vault)
    first = vault("sync", "--json")
    assert first.code == 0
    assert set(first.json) == {"replicas", "conflicts"}
    for replica in first.json["replicas"]:
        assert set(replica) == {
            *("name", "kind", "state", "pulled", "pushed", "healed", "quarantined", "requests", "error")
        }
        assert (replica["state"], replica["pushed"], replica["error"]) == ("ok", 2, None)
    second = vault("sync", "--json").json
    assert [replica["pushed"] for replica in second["replicas"]] == [0, 0]
    assert [replica["requests"] for replica in second["replicas"]] == [1, 1]


def test_the_status_shows_what_is_proven_and_what_is_not(vault: Program) -> None:
    conversation, _ = begin(vault)
    before = vault("status", "--json").json
    assert set(before) == {"conversations", "messages", "revisions", "digest", "conflicts", "replicas"}
    assert [(replica["state"], replica["pending"], replica["verified_at"]) for replica in before["replicas"]] == [
        ("never", 1, None)
    ] * 2
    vault("sync")
    after = vault("status", "--json").json
    assert [
        (replica["name"], replica["state"], replica["verified"], replica["pending"]) for replica in after["replicas"]
    ] == [
        ("history", "ok", 1, 0),
        ("disk", "ok", 1, 0),
    ]
    vault("log", conversation, "--role", "assistant", "Four.")
    assert [replica["pending"] for replica in vault("status", "--json").json["replicas"]] == [1, 1]


def test_damage_on_a_replica_is_found_shown_and_healed(synced: tuple[Program, str, str], tmp_path: Path) -> None:
    netto, _, _ = synced
    file = session_file(tmp_path / "disk")
    whole = file.read_bytes()
    file.write_bytes(bytes([*whole[:500], whole[500] ^ 1, *whole[501:]]))

    found = netto("verify", "--deep", "--json")
    assert found.code == 1
    stores = {store["name"]: store for store in found.json["replicas"]}
    assert found.json["ok"] is False
    assert (stores["local"]["ok"], stores["history"]["ok"], stores["disk"]["ok"]) == (True, True, False)
    assert (stores["disk"]["corrupt"], stores["disk"]["missing"], stores["disk"]["extra"]) == (1, 1, 0)
    pending = {replica["name"]: replica["pending"] for replica in netto("status", "--json").json["replicas"]}
    assert pending == {"history": 0, "disk": 1}

    healed = netto("sync", "--json").json["replicas"]
    assert {replica["name"]: replica["healed"] for replica in healed} == {"history": 0, "disk": 1}
    assert file.read_bytes() == whole
    proven = netto("verify", "--deep", "--json")
    assert proven.code == 0 and proven.json["ok"] is True
    assert len({store["digest"] for store in proven.json["replicas"]} | {proven.json["digest"]}) == 1


def test_a_replica_that_is_not_there_is_exit_code_3_and_comes_back_on_a_persons_word(
    synced: tuple[Program, str, str], tmp_path: Path
) -> None:
    netto, _, _ = synced
    shutil.rmtree(tmp_path / "disk")
    done = netto("sync")
    assert done.code == 3
    assert "not there" in done.out and "--rebuild" in done.out
    assert netto("sync", "disk", "--rebuild").code == 0
    assert netto("verify").code == 0


@pytest.mark.parametrize("replica", ["history", "disk"])
def test_any_single_replica_restores_everything(
    synced: tuple[Program, str, str], home: Path, tmp_path: Path, replica: str
) -> None:
    netto, conversation, _ = synced
    digest = netto("status", "--json").json["digest"]
    done = netto("restore", "--from", replica, "--to", str(tmp_path / "new"), "--json")
    assert done.code == 0
    assert {key: done.json[key] for key in ("ok", "digest", "conversations", "added", "from")} == {
        "ok": True,
        "digest": digest,
        "conversations": 1,
        "added": 2,
        "from": replica,
    }
    shown = netto("--vault", str(tmp_path / "new"), "show", conversation, "--json").json
    assert [message["text"] for message in shown["messages"]] == ["One. Two. Three."]
    again = netto("restore", "--from", replica, "--to", str(tmp_path / "new"))
    assert again.code == 2 and "empty" in again.err


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_with_everything_else_gone_a_place_is_enough(
    synced: tuple[Program, str, str], home: Path, tmp_path: Path, kind: str
) -> None:
    netto, conversation, _ = synced
    digest, code = netto("status", "--json").json["digest"], code_of(netto)
    shutil.rmtree(home)
    (tmp_path / "device.key").unlink()
    place = {"folder": tmp_path / "disk", "git": tmp_path / "history.git"}[kind]
    locked = netto("restore", "--from", f"first={kind}:{place}", "--yes", "--json")
    assert locked.code == 4 and "recovery code" in locked.err and not home.exists()
    wrong = netto("restore", "--from", f"first={kind}:{place}", "--yes", "--code-stdin", stdin=f"{code[:-1]}?")
    assert wrong.code == 2 and not home.exists()
    done = netto("restore", "--from", f"first={kind}:{place}", "--yes", "--json", "--code-stdin", stdin=f"{code}\n")
    assert done.code == 0, done.err
    status = netto("status", "--json").json
    assert status["digest"] == digest
    assert [replica["name"] for replica in status["replicas"]] == ["first"]
    assert netto("sync").code == 0
    assert netto("show", conversation).code == 0


def test_a_restore_from_nowhere_leaves_nothing_behind(netto: Program, home: Path, tmp_path: Path) -> None:
    done = netto("restore", "--from", f"folder:{tmp_path / 'none'}", "--yes")
    assert done.code != 0
    assert done.err
    assert not home.exists() and not list(tmp_path.glob(".vault*"))
    assert netto("init").code == 0


def test_settings_that_survived_are_used_for_the_way_back(
    synced: tuple[Program, str, str], home: Path, tmp_path: Path
) -> None:
    netto, _, _ = synced
    code = code_of(netto)
    for path in list(home.iterdir()):
        if path.name != "config.toml":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert netto("restore", "--from", "disk", "--yes", "--code-stdin", stdin=code).code == 0
    assert [replica["name"] for replica in netto("status", "--json").json["replicas"]] == ["history", "disk"]


def test_a_restore_into_the_vault_asks_first_and_keeps_a_way_back(synced: tuple[Program, str, str]) -> None:
    netto, conversation, item = synced
    dry = netto("restore", "--from", "disk", "--dry-run", "--json").json
    assert (dry["dry_run"], dry["add"], dry["change"], dry["keep"]) == (True, 0, 0, 1)
    refused = netto("restore", "--from", "disk")
    assert refused.code == 2 and "--yes" in refused.err
    netto("delete", conversation)
    assert netto("restore", "--from", "disk", "--conversation", conversation, "--yes").code == 0
    shown = netto("show", conversation, "--json").json["messages"]
    assert [(message["item"], message["text"]) for message in shown] == [(item, "One. Two. Three.")]
    assert netto("restore", "--from", "disk", "--yes", "--json").json["undo"]


def test_a_date_that_is_none_is_refused(synced: tuple[Program, str, str]) -> None:
    done = synced[0]("restore", "--from", "history", "--as-of", "someday", "--yes")
    assert done.code == 2 and "someday" in done.err


@pytest.fixture
def conflict(synced: tuple[Program, str, str], phone: Program, tmp_path: Path) -> tuple[Program, str, str]:
    """One message that two devices changed at the same place."""
    netto, conversation, item = synced
    place = f"disk=folder:{tmp_path / 'disk'}"
    joined = phone("init", "--device", "phone", "--code-stdin", "--replica", place, stdin=code_of(netto))
    assert joined.code == 0, joined.err
    assert phone("sync").code == 0
    netto("edit", conversation, item, "One. Two. Four.")
    phone("edit", conversation, item, "One. Two. Five.")
    assert phone("sync").code == 0
    done = netto("sync", "--json")
    assert (done.code, done.json["conflicts"]) == (0, 1)
    return netto, conversation, item


def test_a_conflict_is_listed_with_every_version(conflict: tuple[Program, str, str]) -> None:
    netto, conversation, item = conflict
    done = netto("conflicts", "--json")
    assert done.code == 1
    [found] = done.json["conflicts"]
    assert (found["conversation"], found["item"]) == (conversation, item)
    assert [(head["text"], head["replica"]) for head in found["heads"]] == [
        ("One. Two. Four.", "local"),
        ("One. Two. Five.", "disk"),
    ]
    assert "One. Two. Four." in netto("conflicts").out
    assert netto("list", "is:conflict", "--json").json["total"] == 1


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        (("--take", "local"), "One. Two. Four."),
        (("--take", "disk"), "One. Two. Five."),
        (("--take", "latest"), "One. Two. Five."),
        (("--take", "both"), "One. Two. Four.\n\nOne. Two. Five."),
        (("--text", "One. Two. Six."), "One. Two. Six."),
        (("--text", "-"), "From the pipe."),
    ],
)
def test_a_conflict_is_decided_and_the_other_device_learns_it(
    conflict: tuple[Program, str, str], phone: Program, choice: tuple[str, str], text: str
) -> None:
    netto, conversation, item = conflict
    done = netto("resolve", conversation, item, *choice, stdin="From the pipe.\n")
    assert done.code == 0, done.err
    assert netto("conflicts", "--json").json == {"conflicts": []}
    assert netto("sync").code == 0
    assert phone("sync").code == 0
    assert phone("show", conversation, "--json").json["messages"][0]["text"] == text


def test_a_version_is_taken_by_its_revision(conflict: tuple[Program, str, str]) -> None:
    netto, conversation, _ = conflict
    revision = netto("conflicts", "--json").json["conflicts"][0]["heads"][0]["revision"]
    assert netto("resolve", conversation, "--take", revision[:12]).code == 0
    assert netto("show", conversation, "--json").json["messages"][0]["text"] == "One. Two. Four."


def test_all_conflicts_are_decided_at_once_after_a_look(conflict: tuple[Program, str, str]) -> None:
    netto, conversation, _ = conflict
    assert netto("resolve", "--all", "--take", "disk", "--dry-run", "--json").json["dry_run"] is True
    assert netto("conflicts").code == 1
    assert netto("resolve", "--all", "--take", "history").code == 1
    assert netto("resolve", "--all", "--take", "disk").code == 0
    assert netto("show", conversation, "--json").json["messages"][0]["text"] == "One. Two. Five."


def test_a_vault_of_somebody_else_is_not_joined_by_mistake(
    synced: tuple[Program, str, str], tmp_path: Path, phone: Program
) -> None:
    assert phone("init").code == 0
    done = phone("init", "--replica", f"disk=folder:{tmp_path / 'disk'}")
    assert done.code == 5
    assert "another vault" in done.err
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    foreign = phone("init", "--replica", f"photos=folder:{tmp_path / 'photos'}")
    assert foreign.code == 5
    assert list((tmp_path / "photos").iterdir()) == [tmp_path / "photos" / "cat.jpg"]


def test_the_health_is_red_until_everything_is_proven(vault: Program) -> None:
    begin(vault)
    silent = vault("health", "--json")
    assert silent.code == 1
    assert {check["name"] for check in silent.json["checks"] if check["state"] == "bad"} == {"history", "disk", "keys"}
    vault("sync")
    assert vault("health").code == 1, "nobody has the recovery code"
    vault("keys", "confirm", "--stdin", stdin=code_of(vault))
    assert vault("health").code == 0


def test_a_drill_restores_every_replica_and_is_remembered(synced: tuple[Program, str, str], home: Path) -> None:
    netto, _, _ = synced
    done = netto("drill", "--json")
    assert done.code == 0
    assert [(one["name"], one["ok"], one["conversations"]) for one in done.json["drills"]] == [
        ("history", True, 1),
        ("disk", True, 1),
    ]
    checks = {check["name"]: check["state"] for check in netto("health", "--json").json["checks"]}
    assert checks["drill disk"] == checks["drill history"] == "ok"
    assert not list((home / "staging").iterdir())


def test_the_doctor_looks_at_every_replica(synced: tuple[Program, str, str], tmp_path: Path) -> None:
    netto, _, _ = synced
    assert netto("doctor").code == 0
    shutil.rmtree(tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "cat.jpg").write_bytes(b"cat")
    done = netto("doctor", "--json")
    assert done.code == 1
    assert {check["name"]: check["state"] for check in done.json["checks"]}["disk"] == "bad"


def test_a_folder_of_conversations_is_imported_once(vault: Program, tmp_path: Path) -> None:
    source = tmp_path / "chats"
    source.mkdir()
    (source / "one.json").write_text(
        '{"id": "1", "title": "Bread", "messages":'
        ' [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "Slowly."}]}'
    )
    first = vault("import", str(source), "--json")
    assert first.code == 0, first.err
    assert (first.json["conversations"], first.json["messages"]) == (1, 2)
    assert first.json["added"] >= 2 and first.json["skipped"] == []
    again = vault("import", str(source), "--json").json
    assert (again["messages"], again["added"]) == (2, 0)
    assert vault("search", "slowly", "--json").json["total"] == 1


def test_a_watched_folder_is_looked_at_by_every_sync(vault: Program, tmp_path: Path) -> None:
    source = tmp_path / "chats"
    source.mkdir()

    def say(number: int) -> None:
        message = f'{{"role": "user", "content": "Message {number}"}}'
        (source / f"{number}.json").write_text(f'{{"id": "{number}", "messages": [{message}]}}')

    say(1)
    assert vault("import", str(source), "--watch").code == 0
    assert vault("import", str(source), "--watch").code == 0
    say(2)
    done = vault("sync")
    assert done.code == 0 and "captured" in done.err
    assert vault("list", "--json").json["total"] == 2
    assert [replica["pending"] for replica in vault("status", "--json").json["replicas"]] == [0, 0]
    assert "captured" not in vault("sync").err
    assert vault("import", str(source), "--watch", "--workspace", "x").code == 2


def test_what_is_no_conversation_is_said_so(vault: Program, tmp_path: Path) -> None:
    (tmp_path / "noise.jsonl").write_text("not json at all\n")
    done = vault("import", str(tmp_path / "noise.jsonl"), "--json")
    assert done.code == 1
    assert done.json["messages"] == 0
    assert "noise.jsonl" in done.err
    missing = vault("import", str(tmp_path / "none"))
    assert missing.code == 2 and "none" in missing.err
    wrong = vault("import", str(tmp_path / "noise.jsonl"), "--from", "tape")
    assert wrong.code == 2 and "tape" in wrong.err


def test_plain_replicas_can_be_read_without_netto(plain_vault: Program, tmp_path: Path) -> None:
    begin(plain_vault)
    assert plain_vault("sync").code == 0
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "history.git"), str(clone)], check=True)
    branches = subprocess.run(["git", "-C", str(clone), "branch", "-r"], capture_output=True, text=True, check=True)
    for branch in branches.stdout.split():
        text = subprocess.run(
            ["git", "-C", str(clone), "grep", "-h", "Two", branch], capture_output=True, text=True, check=False
        ).stdout
        if "One. Two. Three." in text:
            return
    pytest.fail("no branch of the clone says what was said")


def test_the_sample_vault_is_made_and_remade(netto: Program, tmp_path: Path) -> None:
    place = tmp_path / "sample"
    made = netto("demo", "--vault", str(place), "--make-only", "--json")
    assert made.code == 0, made.err
    assert made.json == {"vault": str(place)}
    assert netto("--vault", str(place), "status", "--json").json["conversations"] > 200
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("mine")
    refused = netto("demo", "--vault", str(tmp_path / "mine"), "--reset", "--make-only")
    assert refused.code == 5
    assert (tmp_path / "mine" / "diary.txt").exists()


def test_the_app_says_what_it_needs_when_there_is_no_terminal(vault: Program) -> None:
    done = vault()
    assert done.code == 2
    assert "terminal" in done.err and "--json" in done.err


def test_a_proof_does_not_turn_the_talk_of_today_into_stable_data(
    synced: tuple[Program, str, str], tmp_path: Path
) -> None:
    netto, _, _ = synced

    def branches() -> set[str]:
        command = ["git", "-C", str(tmp_path / "history.git"), "for-each-ref", "--format=%(refname:short)"]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    before = branches()
    assert any(name.startswith("live/") for name in before)
    for _ in range(2):
        assert netto("verify", "--deep").code == 0
    assert netto("sync").code == 0
    assert branches() == before

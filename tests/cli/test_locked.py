"""A locked vault: what is said is kept, uploads wait and say so, and the code brings all of it up to date."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Program, code_of
from tests.servers import quick_slots


def test_capture_goes_on_while_the_keys_are_locked_and_all_is_uploaded_afterwards(
    vault: Program, tmp_path: Path
) -> None:
    assert vault("log", "--role", "user", "Before.").code == 0
    assert vault("sync").code == 0
    code = code_of(vault)
    assert vault("keys", "confirm", "--stdin", stdin=code).code == 0
    (tmp_path / "device.key").unlink()
    quick_slots.forget()
    disk = {path: path.read_bytes() for path in (tmp_path / "disk").rglob("*") if path.is_file()}

    assert vault("log", "--role", "user", "Said while locked.").code == 0
    message = {"role": "user", "content": "Imported while locked."}
    (tmp_path / "chat.json").write_text(json.dumps({"id": "1", "title": "A chat", "messages": [message]}))
    assert vault("import", str(tmp_path / "chat.json")).code == 0
    assert vault("search", "locked", "--json").json["total"] == 2

    done = vault("sync", "--json")
    assert done.code == 4
    for replica in done.json["replicas"]:
        assert (replica["state"], replica["pushed"]) == ("locked", 0)
        assert "keys unlock" in replica["error"]
    assert "keys unlock" in vault("sync").out
    assert disk == {path: path.read_bytes() for path in (tmp_path / "disk").rglob("*") if path.is_file()}
    status = vault("status", "--json").json["replicas"]
    assert [(replica["state"], replica["pending"]) for replica in status] == [("locked", 2)] * 2
    health = vault("health", "--json")
    assert health.code != 0
    keys = next(check for check in health.json["checks"] if check["name"] == "keys")
    assert keys["state"] == "bad" and "locked" in keys["detail"] and "keys unlock" in keys["remedy"]

    assert vault("keys", "unlock", "--stdin", stdin=f"{code}\n").code == 0
    assert vault("sync").code == 0
    status = vault("status", "--json").json["replicas"]
    assert [(replica["state"], replica["pending"], replica["verified"]) for replica in status] == [("ok", 0, 3)] * 2
    assert vault("verify", "--deep").code == 0
    keys = next(check for check in vault("health", "--json").json["checks"] if check["name"] == "keys")
    assert keys["state"] == "ok"


def test_a_locked_vault_does_not_begin_a_new_replica(vault: Program, tmp_path: Path) -> None:
    (tmp_path / "device.key").unlink()
    quick_slots.forget()
    done = vault("init", "--replica", f"more=folder:{tmp_path / 'more'}")
    assert done.code == 4
    assert "keys unlock" in done.err
    assert not (tmp_path / "more").exists()
    assert [each["name"] for each in vault("status", "--json").json["replicas"]] == ["history", "disk"]

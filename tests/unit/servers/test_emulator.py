"""The official emulator, as tests use it: found, started once, isolated by project, ended with us."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import emulator as module
from tests.servers.emulator import RulesRefused, emulator, new_project, reason, unsigned_jwt

needs_emulator = pytest.mark.skipif(bool(reason()), reason=reason())
DOCUMENTS = "/v1/projects/{}/databases/(default)/documents"
DENY_STRANGERS = """rules_version = '2';
service cloud.firestore { match /databases/{database}/documents {
  match /users/{uid} { allow read, write: if request.auth.uid == uid
                       && request.auth.token.firebase.sign_in_provider != 'anonymous'; } } }
"""


def test_a_named_jar_that_is_not_there_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_JAR", str(tmp_path / "absent.jar"))
    assert module.jar() is None
    assert "FIRESTORE_EMULATOR_JAR" in reason.__wrapped__()


def test_without_java_the_reason_names_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "there.jar"
    jar.touch()
    monkeypatch.setenv("FIRESTORE_EMULATOR_JAR", str(jar))
    monkeypatch.setenv("PATH", "")
    assert "needs java" in reason.__wrapped__()


@needs_emulator
def test_one_emulator_serves_all_tests_and_projects_do_not_see_each_other() -> None:
    one, other = new_project(), new_project()
    path = DOCUMENTS.format(one) + "/users/u"
    assert emulator() is emulator()
    assert emulator().request("PATCH", path, {"fields": {"n": {"integerValue": 1}}})[0] == 200
    assert emulator().request("GET", path)[1]["fields"] == {"n": {"integerValue": "1"}}
    assert emulator().request("GET", path.replace(one, other))[0] == 404


@needs_emulator
def test_a_reset_empties_one_project_only() -> None:
    one, other = new_project(), new_project()
    for project in (one, other):
        emulator().request("PATCH", DOCUMENTS.format(project) + "/users/u", {"fields": {}})
    emulator().reset(one)
    assert emulator().request("GET", DOCUMENTS.format(one) + "/users/u")[0] == 404
    assert emulator().request("GET", DOCUMENTS.format(other) + "/users/u")[0] == 200


@needs_emulator
def test_rules_are_swapped_and_unsigned_tokens_are_users() -> None:
    project = new_project()
    path = DOCUMENTS.format(project) + "/users/ann"
    emulator().use_rules(project, DENY_STRANGERS)

    def status(bearer: str | None) -> int:
        return emulator().request("PATCH", path, {"fields": {}}, bearer)[0]

    assert status(unsigned_jwt("ann", project)) == 200
    assert status(unsigned_jwt("bob", project)) == 403
    assert status(unsigned_jwt("ann", project, provider="anonymous")) == 403
    assert status(None) == 403
    assert status("owner") == 200
    emulator().use_rules(project)
    assert status(unsigned_jwt("bob", project)) == 200


@needs_emulator
def test_rules_that_do_not_compile_are_refused() -> None:
    with pytest.raises(RulesRefused, match="Error compiling rules"):
        emulator().use_rules(new_project(), "rules_version = '2'; service cloud.firestore { match /x { allow } }")


@needs_emulator
def test_the_emulator_ends_when_the_test_process_is_killed() -> None:
    text = "from tests.servers.emulator import emulator; print(emulator().address, flush=True); input()"
    root = Path(__file__).resolve().parents[3]
    victim = subprocess.Popen(
        [sys.executable, "-c", text], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdin and victim.stdout
    with victim.stdin, victim.stdout:
        host, port = victim.stdout.readline().strip().split(":")
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) != 0:
                return
    pytest.fail("the emulator outlived the process that started it")

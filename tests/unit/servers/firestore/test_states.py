"""States of our Firestore server: rolled back, wiped, restarted, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import NOW, PROJECT, fill

PARTS = 50
"""Documents in each commit of a server that is killed: all of them are there, or none."""

REPOSITORY = Path(__file__).resolve().parents[4]


def test_a_rolled_back_server_is_what_it_was(server: FirestoreServer, db: firestore.Client) -> None:
    db.document("c/1").set({"n": 1}, **NOW)
    old = db.document("c/1").get(**NOW)
    server.snapshot()
    later = db.document("c/1").set({"n": 2}, **NOW).update_time
    db.document("c/2").set({}, **NOW)
    server.roll_back()
    assert server.paths(PROJECT) == ["c/1"]
    again = db.document("c/1").get(**NOW)
    assert (again.to_dict(), again.update_time) == ({"n": 1}, old.update_time)
    assert db.document("c/1").set({"n": 3}, **NOW).update_time > later


def test_a_wiped_project_is_empty_but_there(server: FirestoreServer, db: firestore.Client) -> None:
    fill(db, 3)
    server.wipe(PROJECT)
    assert list(db.collection("k").stream(**NOW)) == []
    fill(db, 1)
    assert server.paths(PROJECT) == ["k/0000"]


def test_everything_survives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 10**18)  # the clock does not help to let times rise
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        server.create(PROJECT)
        db.document("c/1").set({"n": 1}, **NOW)
        server.snapshot()
        last = db.document("c/1").set({"n": 2}, **NOW).update_time
        server.roll_back()
        before = db.document("c/1").get(**NOW)
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        after = db.document("c/1").get(**NOW)
        assert (after.to_dict(), after.update_time, after.create_time) == (
            {"n": 1},
            before.update_time,
            before.create_time,
        )
        assert db.document("c/1").set({"n": 3}, **NOW).update_time > last


def test_a_directory_is_used_by_one_server_at_a_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.firestore", "--root", str(tmp_path)]
    with FirestoreServer(tmp_path):
        second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "Another server uses" in second.stderr and "Traceback" not in second.stderr
    FirestoreServer(tmp_path).close()


def test_a_port_that_is_taken_is_told(server: FirestoreServer) -> None:
    command = [sys.executable, "-m", "tests.servers.firestore", "--port", server.address.split(":")[1]]
    second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert server.address in second.stderr and "Traceback" not in second.stderr


def test_acknowledged_commits_survive_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.firestore", "--root", str(tmp_path), "--project", PROJECT]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        acknowledged: dict[str, Any] = {}
        with client(victim.stdout.readline().strip(), PROJECT) as db:
            killer = threading.Timer(0.3, victim.send_signal, [signal.SIGKILL])
            killer.start()
            with pytest.raises(exceptions.GoogleAPICallError):
                for n in range(100_000):
                    batch = db.batch()
                    for part in range(PARTS):
                        batch.set(db.document(f"c/{n:06} {part:03}"), {"n": n, "data": os.urandom(2000)})
                    for part, result in enumerate(batch.commit(**NOW)):
                        acknowledged[f"{n:06} {part:03}"] = result.update_time
    assert acknowledged
    with FirestoreServer(tmp_path) as server, client(server.address, PROJECT) as db:
        stored = {row.id: row.update_time for row in db.collection("c").stream(**NOW)}
        assert acknowledged.items() <= stored.items()
        assert len(stored) % PARTS == 0

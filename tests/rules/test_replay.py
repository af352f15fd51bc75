"""What the real replica writes is what the rules allow: its documents, written again by their signed-in owner."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

import pytest

from netto_tui import firebase
from netto_tui.model.ids import message_id
from netto_tui.model.revision import Message, Stamp, Text, mint
from netto_tui.replicas.base import Marker, Replica
from netto_tui.replicas.registry import open_replica
from netto_tui.security.envelope import Envelope
from tests.contract.stores import ENVELOPES, batch, conversation, records
from tests.rules.documents import UID
from tests.servers.emulator import emulator, new_project, reason, unsigned_jwt

MARKER = Marker(vault="v_" + "0a" * 16, replica="r_" + "0b" * 16, zone="America/Argentina/Buenos_Aires")
STAMPS = {"updated_at", "written_at"}
BELOW = {"": ["conversations", "blobs"], "conversations": ["messages"], "messages": ["pieces"], "blobs": ["chunks"]}
"""Which collections a document of a collection has; "" is the user document."""

Write = dict[str, Any]


class Project:
    """A project of the emulator with the rules in force."""

    def __init__(self) -> None:
        if why := reason():
            pytest.skip(f"SKIPPED: what the replica writes is not held against the security rules, since {why}")
        self.name = new_project()
        self.root = f"projects/{self.name}/databases/(default)/documents"
        emulator().use_rules(self.name, firebase.rules())
        self._owner = unsigned_jwt(UID, self.name)

    def replica(self, folder: Path, envelope: Envelope) -> Replica:
        """The real one, which is an administrator here and not bound by rules."""
        return open_replica(
            "cloud", "firestore", f"{self.name}/{UID}", envelope, folder, "laptop-1a2b", threading.Event()
        )

    def documents(self, path: str = f"users/{UID}", collection: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Every document from one on, with its path and its fields as REST has them."""
        status, found = emulator().request("GET", f"/v1/{self.root}/{path}")
        assert status == 200, path
        yield path, found["fields"]
        for below in BELOW.get(collection, []):
            status, answer = emulator().request("GET", f"/v1/{self.root}/{path}/{below}?pageSize=300")
            for one in answer.get("documents", []):
                yield from self.documents(one["name"].partition("/documents/")[2], below)

    def write_as_owner(self, documents: list[tuple[str, dict[str, Any]]]) -> tuple[int, Any]:
        """One batch of documents, with the server's time where the replica has it."""
        writes = [self._write(path, fields) for path, fields in documents]
        return emulator().request("POST", f"/v1/{self.root}:commit", {"writes": writes}, self._owner)

    def _write(self, path: str, fields: dict[str, Any]) -> Write:
        plain = {name: value for name, value in fields.items() if name not in STAMPS}
        stamps = [{"fieldPath": name, "setToServerValue": "REQUEST_TIME"} for name in fields if name in STAMPS]
        return {"update": {"name": f"{self.root}/{path}", "fields": plain}, "updateTransforms": stamps}


def batches(documents: dict[str, dict[str, Any]]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The documents in batches as a client that is bound by the rules would send them.

    A conversation's header goes with its messages; what is long goes alone; the user document comes last.
    """
    together: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path, fields in documents.items():
        parts = path.split("/")
        long = parts[-2] in ("pieces", "chunks") or len(json.dumps(fields)) > 500_000
        together.setdefault(path if long and len(parts) != 4 else "/".join(parts[:4]), []).append((path, fields))
    yield from sorted(together.values(), key=lambda batch: (batch[0][0].count("/") == 1, batch[0][0].count("/")))


def varied(number: int) -> str:
    """A text of 240,000 bytes that hardly compresses, so that it is long when it is sealed as well."""
    return "".join(chr(ord("ä") + byte) for byte in shake_256(b"%d" % number).digest(120_000))


def written(folder: Path, envelope: Envelope) -> Iterator[dict[str, dict[str, Any]]]:
    """What the replica has written after its first add, and after a second one."""
    name = conversation(1)
    long = mint(
        name,
        message_id(name, "long"),
        Message(role="assistant", parts=tuple(Text(text=f"{number} 🐟 {varied(number)}") for number in range(8))),
        Stamp("2026-11-01T10:00:00.000Z", 0, "laptop-1a2b"),
    )
    blob = shake_256(b"blob").digest(2_048_000)
    project = Project()
    replica = project.replica(folder, envelope)
    try:
        replica.claim(MARKER)
        first = (*records(1), long)
        content = {sha256(blob).hexdigest(): blob}
        cursor = replica.add(batch(first, records(2, 40), blobs=content), replica.probe().cursor)
        yield dict(project.documents())
        replica.add(batch(records(1, 5, day=2, first=2)), cursor)
        yield dict(project.documents())
    finally:
        replica.close()


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_what_the_replica_writes_its_owner_may_write(
    envelope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Project()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator().address)
    first, second = written(tmp_path, ENVELOPES[envelope])
    kinds = {path.split("/")[-2] for path in first}
    assert kinds == {"users", "conversations", "messages", "pieces", "blobs", "chunks"}
    changed = {path: fields for path, fields in second.items() if fields != first.get(path)}
    assert {path.split("/")[-2] for path in changed} == {"users", "conversations", "messages"}
    for state in (first, changed):
        for some in batches(state):
            status, answer = target.write_as_owner(some)
            assert status == 200, (some[0][0], answer)
    copy = {path: without_times(fields) for path, fields in target.documents()}
    assert copy == {path: without_times(fields) for path, fields in second.items()}


def without_times(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in STAMPS}

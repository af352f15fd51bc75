"""Records and blobs that two devices seal at once with different keys: what came first stays, in all its documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netto_tui.errors import InvalidRecord, Unreachable
from netto_tui.model.revision import UNDATED
from netto_tui.replicas.firestore_client import Connection
from netto_tui.security.envelope import UNSEALED, Sealed
from netto_tui.security.keyset import KeySet
from tests.contract.stores import KEYS, batch, held, ids, records
from tests.unit.replicas.firestore_given import Cloud

OLD_KEYS = KeySet(KEYS.prefix, {1: KEYS.wrapping[1]}, KEYS.name, KEYS.sign)
BLOB = hashlib.shake_256(b"a picture").digest(2_000_000)
SHA = hashlib.sha256(BLOB).hexdigest()


@pytest.fixture
def newest() -> list[KeySet]:
    """The keys that seal now, alone in a list."""
    return [KEYS]


@pytest.fixture
def cloud(tmp_path: Path, newest: list[KeySet]) -> Iterator[Cloud]:
    made = Cloud(tmp_path, Sealed(lambda: newest[0]))
    yield made
    made.close()


@pytest.mark.parametrize("count", [1, 1200])
def test_what_another_device_sealed_meanwhile_is_not_written_over(
    cloud: Cloud, newest: list[KeySet], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    laptop, phone = cloud.claimed(), cloud.open("phone")
    cursor = phone.changes().cursor
    assert laptop.changes().cursor == cursor
    some = batch(records(1, count), blobs={SHA: BLOB})
    commit, before = Connection.commit, dict[str, Any]()

    def meanwhile(connection: Any, puts: Any) -> Any:
        """The laptop writes first, with the older keys, and dies before it can say so."""
        if connection is phone._connection and not before:
            before["begun"] = True
            newest[0] = OLD_KEYS
            with suppress(Unreachable):
                laptop.add(some, cursor)
            newest[0] = KEYS
            before.update({path: cloud.get(path) for path in cloud.paths()})
        if connection is laptop._connection and any(put.path == () for put in puts):
            commit(connection, [put for put in puts if len(put.path) > 2 or put.path[:1] == ("blobs",)])
            raise Unreachable("The laptop died.")
        return commit(connection, puts)

    monkeypatch.setattr(Connection, "commit", meanwhile)
    cursor = phone.add(some, cursor)
    after = {path: cloud.get(path) for path in cloud.paths()}
    kept = [path for path in before if "/messages/" in path or "blobs/" in path]
    assert len(kept) == count + 1 + 1 + 4
    assert [path for path in kept if before[path] != after[path]] == []
    for opened in (phone, cloud.open("tablet")):
        assert ids(held(opened, 1)[1]) == {record.id for record in records(1, count)}
        assert opened.read_blob(SHA) == BLOB
        assert list(opened.check()) == []
    assert phone.add(some, cursor) == cursor


def test_a_sealed_document_tells_nothing_of_its_record_but_its_name(cloud: Cloud) -> None:
    replica = cloud.claimed()
    replica.add(batch(records(1, 3)), replica.changes().cursor)
    names = {cloud.envelope.name(record.id): record for record in records(1, 3)}
    for name, record in names.items():
        document = cloud.get(cloud.message_of(1, record)) or {}
        assert document.keys() == {"item", "at", "record", "pieces", "written_at"}
        assert (document["item"], document["at"], document["pieces"]) == (name, UNDATED, 1)
        assert cloud.envelope.open(document["record"].encode()) == record.line


def test_plain_content_in_a_sealed_replica_is_called_so(cloud: Cloud) -> None:
    replica, picture = cloud.claimed(), b"a picture"
    sha = hashlib.sha256(picture).hexdigest()
    some = records(1, 3)
    replica.add(batch(some, blobs={sha: picture}), replica.changes().cursor)
    cloud.damage(cloud.message_of(1, some[1]), record=some[1].line.decode())
    path = f"blobs/{cloud.envelope.name(sha)}"
    cloud.damage(path, size=len(picture))
    cloud.damage(f"{path}/chunks/0", data=picture)
    opened = cloud.open("tablet")
    assert [found.reason for found in held(opened, 1)[1].corrupt] == [UNSEALED]
    assert [found.reason for found in opened.check()] == [UNSEALED]
    with pytest.raises(InvalidRecord, match=UNSEALED):
        opened.read_blob(sha)

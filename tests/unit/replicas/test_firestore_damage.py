"""Documents of a firestore replica that are damaged or gone: always told, never taken as content, mended by adding."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord, NettoError
from netto_tui.replicas.firestore import Firestore
from netto_tui.replicas.firestore_documents import PIECE_BYTES, cut_text
from netto_tui.security.envelope import PLAIN, Envelope
from tests.contract.stores import MARKER, SEALED, batch, conversation, held, ids, records
from tests.unit.replicas.firestore_given import Cloud, long_record
from tests.unit.vault.talks import examples

PICTURE = bytes(range(256)) * 10
PICTURE_NAME = hashlib.sha256(PICTURE).hexdigest()
FILM = random.Random(1).randbytes(1_000_000)
FILM_NAME = hashlib.sha256(FILM).hexdigest()
GONE = object()

SOME = (*records(1), long_record(1, 1_000_000))


@pytest.fixture(params=["plain", "sealed"])
def envelope(request: pytest.FixtureRequest) -> Envelope:
    return PLAIN if request.param == "plain" else SEALED


def filled(folder: Path, envelope: Envelope) -> Cloud:
    """A replica with something of every kind in it."""
    cloud = Cloud(folder, envelope)
    replica = cloud.claimed()
    blobs = {PICTURE_NAME: PICTURE, FILM_NAME: FILM}
    replica.add(batch(SOME, records(2, day=2), blobs=blobs), replica.changes().cursor)
    return cloud


GOOD = {record.id for record in (*SOME, *records(2, day=2))}


class Looked:
    """What a replica gives and tells when all of it is looked at."""

    def __init__(self, replica: Firestore) -> None:
        self.told: list[str] = []
        self.found: set[str] = set()
        self.blobs: list[bytes | None] = []
        probe = replica.probe()
        if probe.marker != MARKER or probe.marker_error:
            self.told.append("identity")
        changes = replica.changes("")
        names = {replica.envelope.name(conversation(number)) for number in (1, 2)}
        if changes.names != names:
            self.told.append("names")
        for part in replica.read(sorted(changes.names)):
            self.found |= ids(part)
            self.told += [corrupt.where for corrupt in part.corrupt]
        for name in (PICTURE_NAME, FILM_NAME):
            try:
                self.blobs.append(replica.read_blob(name))
            except InvalidRecord:
                self.blobs.append(None)
        self.told += ["blob" for blob in self.blobs if blob is None]
        self.told += [fault.where for fault in replica.check() if not fault.foreign]

    @property
    def is_whole(self) -> bool:
        return self.found == GOOD and self.blobs == [PICTURE, FILM]


def test_what_is_whole_is_not_reported(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    looked = Looked(cloud.open("tablet"))
    assert (looked.told, looked.is_whole) == ([], True)


def changed(draw: Any, value: Any) -> Any:
    """Another value for a field: of another type, gone, or with one byte or number wrong."""
    choices: list[Any] = [GONE, None, "other", 7, b"\0", {"a": 1}, [1]]
    if isinstance(value, str) and value:
        place = draw(st.integers(0, len(value) - 1))
        choices += [value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :], value[:place], ""]
    if isinstance(value, bytes) and value:
        place = draw(st.integers(0, len(value) - 1))
        choices += [value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :], value[:place]]
    if type(value) is int:
        choices += [value + 1, value - 1, -1, 10**9, float(value)]
    return draw(st.sampled_from(choices))


@given(data=st.data())
@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_of_any_document_is_told_or_harmless_and_mended(
    tmp_path: Path, envelope: Envelope, data: st.DataObject
) -> None:
    cloud = filled(tmp_path, envelope)
    path = data.draw(st.sampled_from(["", *cloud.paths()]), label="document")
    there = dict(cloud.get(path) or {})
    field = data.draw(st.sampled_from(sorted(there)), label="field")
    value = changed(data.draw, there[field])
    if data.draw(st.booleans(), label="delete"):
        cloud.delete(path)
    elif value is GONE:
        del there[field]
        cloud.server.damage(cloud.project, f"users/someone/{path}".rstrip("/"), there)
    else:
        cloud.damage(path, **{field: value})
    looked = Looked(cloud.open("tablet"))
    assert looked.found <= GOOD
    assert all(found in (None, right) for found, right in zip(looked.blobs, (PICTURE, FILM), strict=True))
    assert looked.told or looked.is_whole
    if "identity" in looked.told and cloud.open().probe().marker is not None:
        return  # it says that it is another replica, which a person has to look at
    mend(cloud, "identity" in looked.told)
    looked = Looked(cloud.open("third"))
    assert (looked.told, looked.is_whole) == ([], True)
    cloud.close()


def mend(cloud: Cloud, identity: bool) -> None:
    """As the engine makes a replica whole: read all of it, then write what is not known to be there."""
    replica = cloud.open("mender")
    if identity:
        replica.rebuild(MARKER)
    changes = replica.changes("")
    list(replica.read(sorted(changes.names)))
    blobs = {PICTURE_NAME: PICTURE, FILM_NAME: FILM}
    replica.add(batch(SOME, records(2, day=2), blobs=blobs), changes.cursor)


def test_a_number_of_another_type_is_mended_too(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    cloud.damage(cloud.message_of(1, SOME[1]), pieces=1.0)
    assert not Looked(cloud.open("tablet")).is_whole
    mend(cloud, identity=False)
    assert Looked(cloud.open("third")).is_whole


def test_messages_without_a_header_are_told_and_found_again(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    name = envelope.name(conversation(2))
    cloud.delete(f"conversations/{name}")
    opened = cloud.open("tablet")
    assert opened.changes("").names == {envelope.name(conversation(1)), name}
    assert ids(held(opened, 2)[2]) == {record.id for record in records(2, day=2)}
    assert [fault.where for fault in opened.check()] == [f"conversations/{name}"]


def test_a_message_in_the_place_of_another_is_told(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    one, two = SOME[0], SOME[1]
    cloud.damage(cloud.message_of(1, one), record=cloud.fields(cloud.message_of(1, two))["record"])
    found = held(cloud.open("tablet"), 1)[1]
    assert ids(found) == {record.id for record in SOME} - {one.id}
    assert len(found.corrupt) == 1


def test_a_message_of_another_conversation_is_told(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    other = records(2, day=2)[1]
    fields = cloud.fields(cloud.message_of(2, other))
    place = f"conversations/{envelope.name(conversation(1))}/messages/{envelope.name(other.id)}"
    cloud.server.set(cloud.project, f"users/someone/{place}", fields)
    opened = cloud.open("tablet")
    opened.changes("")
    found = held(opened, 1)[1]
    assert ids(found) == {record.id for record in SOME}
    assert [corrupt.where for corrupt in found.corrupt] == [place]


def test_what_does_not_belong_is_foreign_and_harms_nothing(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    for path in ("notes/mine", "conversations/my-talk", "blobs/a-b"):
        cloud.server.set(cloud.project, f"users/someone/{path}", {"text": "mine"})
    opened = cloud.open("tablet")
    assert len(opened.changes("").names) == 2
    faults = list(opened.check())
    assert {fault.where for fault in faults} == {"notes", "conversations/my-talk", "blobs/a-b"}
    assert all(fault.foreign for fault in faults)


def test_a_replica_of_another_vault_is_never_written(tmp_path: Path, envelope: Envelope) -> None:
    cloud = filled(tmp_path, envelope)
    cloud.damage("", vault="v_" + "9" * 32)
    before = cloud.get()
    replica = cloud.open()
    for call in (replica.claim, replica.rebuild):
        with pytest.raises(NettoError):
            call(MARKER)
    assert cloud.get() == before


@given(text=st.text(max_size=50), times=st.integers(1, 60_000))
@settings(max_examples=50, deadline=None)
def test_cutting_a_text_loses_nothing_and_no_piece_is_too_long(text: str, times: int) -> None:
    long = text * times
    pieces = cut_text(long)
    assert "".join(pieces) == long
    assert all(len(piece.encode()) <= PIECE_BYTES for piece in pieces)
    assert len(pieces) <= len(long.encode()) // (PIECE_BYTES - 4) + 1

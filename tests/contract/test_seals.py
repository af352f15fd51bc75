"""Two valid seals of one record or blob: every kind of store keeps the one that it has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from netto_tui.security import jwe
from netto_tui.security.envelope import Envelope, Sealed
from netto_tui.security.keyset import KeySet
from tests.contract.places import PLACES
from tests.contract.stores import KEYS, MARKER, Store, batch, conversation, ids, records

BLOB = b"a picture " * 40_000
SHA = hashlib.sha256(BLOB).hexdigest()
OLD_KEYS = KeySet(KEYS.prefix, {1: KEYS.wrapping[1]}, KEYS.name, KEYS.sign)


class Watched(Sealed):
    """Notes what it is asked to open, and seals with whichever keys are said to be the newest."""

    def __init__(self) -> None:
        self.newest = KEYS
        self.opened: set[bytes] = set()
        super().__init__(lambda: self.newest)

    def open(self, line: bytes) -> bytes:
        self.opened.add(line)
        return super().open(line)

    def open_blob(self, data: bytes) -> bytes:
        self.opened.add(data)
        return super().open_blob(data)


@pytest.fixture
def envelope() -> Envelope:
    return Watched()


def by_an_older_key(envelope: Watched, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    envelope.newest = OLD_KEYS
    return lambda: setattr(envelope, "newest", KEYS)


def by_another_zlib(envelope: Watched, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    monkeypatch.setattr(jwe, "LEVEL", 1)
    return lambda: monkeypatch.setattr(jwe, "LEVEL", 6)


@pytest.fixture(params=[by_an_older_key, by_another_zlib])
def change(request: pytest.FixtureRequest, envelope: Watched, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """From now on records are sealed in other bytes than before."""
    by: Callable[[Watched, pytest.MonkeyPatch], Callable[[], object]] = request.param
    return by(envelope, monkeypatch)


def there(store: Store, envelope: Watched, device: str, some: int) -> set[bytes]:
    """The sealed bytes that a device without any memory finds, of conversation 1 and the blob."""
    opened = store.open(device)
    envelope.opened.clear()
    (found,) = opened.read([envelope.name(conversation(1))])
    assert (len(ids(found)), found.corrupt) == (some, ())
    assert opened.read_blob(SHA) == BLOB
    opened.close()
    return set(envelope.opened)


@pytest.mark.parametrize("settled", [True, False])
def test_what_was_sealed_otherwise_stays_as_it_is(
    kind: str, envelope: Watched, change: Callable[[], object], settled: bool, tmp_path: Path
) -> None:
    store = PLACES[kind](tmp_path, envelope)
    store.prepare()
    first = store.open("laptop")
    first.claim(MARKER)
    first.add(batch(records(1, 3), settled=settled, blobs={SHA: BLOB}), first.changes().cursor)
    before = there(store, envelope, "tablet", 4)
    change()
    assert envelope.seal(records(1)[0].line) not in before

    second = store.open("phone")
    cursor = second.changes().cursor
    assert {found.name for found in second.read([envelope.name(conversation(1))])}
    cursor = second.add(batch(records(1, 5), settled=settled, blobs={SHA: BLOB}), cursor)
    after = there(store, envelope, "watch", 6)
    assert before <= after
    if settled:  # else each device has a branch of its own for what is still going on
        assert len(after - before) == 2

    second.add(batch(records(1, 5), settled=True, blobs={SHA: BLOB}), cursor)
    assert there(store, envelope, "desk", 6) == after
    assert list(second.check()) == []
    first.close()
    second.close()

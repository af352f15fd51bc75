"""The files that open the vault's keys, on every kind of replica."""

from __future__ import annotations

from dataclasses import replace

from netto_tui.replicas.base import Batch, Replica
from tests.contract.stores import MARKER, Store, batch, held, ids, records

RECOVERY = {"slot-recovery.age": b"age-encryption.org/v1\n\x00\xff" * 40}
PASSPHRASE = {"slot-pass-1.age": b"another\n"}


def put(replica: Replica, slots: dict[str, bytes | None]) -> None:
    replica.add(Batch([], slots=slots), replica.changes().cursor)


def test_a_new_replica_has_no_slots(replica: Replica) -> None:
    assert dict(replica.slots()) == {}


def test_slots_are_there_for_the_next_opener(store: Store, replica: Replica) -> None:
    put(replica, {**RECOVERY})
    assert replica.slots() == RECOVERY
    assert store.open("phone").slots() == RECOVERY


def test_one_slot_is_replaced_and_another_goes_without_touching_the_rest(store: Store, replica: Replica) -> None:
    put(replica, {**RECOVERY, **PASSPHRASE})
    put(replica, {"slot-recovery.age": b"newer"})
    assert store.open("phone").slots() == {"slot-recovery.age": b"newer", **PASSPHRASE}
    put(replica, {"slot-pass-1.age": None})
    assert store.open("phone").slots() == {"slot-recovery.age": b"newer"}


def test_slots_stay_beside_conversations_and_are_nothing_foreign(store: Store, replica: Replica) -> None:
    replica.add(batch(records(1)), replica.changes().cursor)
    put(replica, {**RECOVERY})
    replica.add(batch(records(2, day=2)), replica.changes().cursor)
    opened = store.open("phone")
    assert opened.slots() == RECOVERY
    assert ids(held(opened, 1)[1]) == {record.id for record in records(1)}
    assert list(opened.check()) == []


def test_the_same_slots_again_write_nothing(store: Store, replica: Replica) -> None:
    put(replica, {**RECOVERY})
    before = store.open().probe().cursor
    put(replica, {**RECOVERY})
    assert store.open().probe().cursor == before


def test_the_identity_tells_which_keys_a_replica_is_sealed_with(store: Store) -> None:
    store.prepare()
    marker = replace(MARKER, keys="0123456789abcdef")
    store.open().claim(marker)
    assert store.open("phone").probe().marker == marker

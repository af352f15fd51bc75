"""Key slots: they open with their secret and public tools, and a hostile one costs nothing."""

from __future__ import annotations

from collections.abc import Callable

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import Denied, InvalidRecord, NettoError, Refused, UsageError
from netto_tui.security import keyset, slots
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret
from tests.servers import quick_slots
from tests.servers.quick_slots import VAULT

WORDS = Secret("correct horse battery staple seven")


@pytest.fixture(scope="module")
def keys() -> KeySet:
    return keyset.new_keys(VAULT).rotated()


@pytest.fixture(scope="module")
def slow(keys: KeySet) -> bytes:
    """A slot as a person gets it, with all its work."""
    return slots.seal(keys, RecoveryCode(keys.code))


def test_a_slot_opens_with_its_recovery_code(keys: KeySet, slow: bytes) -> None:
    assert slots.unseal(slow, RecoveryCode(keys.code)) == keys


def test_a_slot_tells_nothing_of_its_keys_and_asks_for_real_work(keys: KeySet, slow: bytes) -> None:
    assert keys.prefix.encode() not in slow
    work = int(slow.split(b"\n")[1].split(b" ")[-1])
    assert 15 <= work <= slots.MOST_WORK


def test_a_passphrase_opens_its_slot_and_no_other_one_does(keys: KeySet) -> None:
    sealed = quick_slots.seal(keys, WORDS)
    assert slots.unseal(sealed, WORDS) == keys
    with pytest.raises(Denied) as caught:
        slots.unseal(sealed, Secret("correct horse battery staple eight"))
    assert "eight" not in str(caught.value)


@pytest.mark.parametrize("work", [23, 30, 64, 999_999_999])
def test_hostile_work_is_refused_before_any_of_it_is_done(
    keys: KeySet, work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = quick_slots.seal(keys, WORDS).replace(b" 4\n", b" %d\n" % work, 1)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda *_: pytest.fail("work was done"))
    with pytest.raises(Refused, match=f"2\\^{work}"):
        slots.unseal(sealed, WORDS)


def test_the_most_work_that_is_done_passes_the_check(keys: KeySet) -> None:
    slots.check(quick_slots.seal(keys, WORDS).replace(b" 4\n", b" 22\n", 1))


STANZA = b"-> scrypt MTIzNDU2Nzg5MDEyMzQ1Ng 4\nMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda slot: b"",
        lambda slot: slot[:100],
        lambda slot: b"\n" + slot,
        lambda slot: slot.replace(b"age-encryption.org/v1", b"age-encryption.org/v2"),
        lambda slot: slot.replace(b"-> scrypt", b"-> X25519"),
        lambda slot: slot.replace(b"--- ", STANZA + b"--- ", 1),
        lambda slot: slot.replace(b"-> scrypt", b"-> grease x\n\n-> scrypt", 1),
        lambda slot: slot.replace(b" 4\n", b" 04\n", 1),
        lambda slot: slot.replace(b" 4\n", b" -4\n", 1),
        lambda slot: slot.replace(b" 4\n", b" 4 4\n", 1),
        lambda slot: slot + bytes(slots.MOST_BYTES),
        lambda slot: b"-----BEGIN AGE ENCRYPTED FILE-----\n" + slot,
    ],
)
def test_what_is_no_slot_is_not_opened(keys: KeySet, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidRecord):
        slots.unseal(change(quick_slots.seal(keys, WORDS)), WORDS)


@given(data=st.data())
def test_no_flipped_bit_opens(keys: KeySet, data: st.DataObject) -> None:
    sealed = bytearray(quick_slots.seal(keys, WORDS))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    slot = bytes(sealed)
    if slots.is_sound(slot) and int(slot.split(b"\n")[1].split(b" ")[-1]) > 14:
        return  # more work than a test has time for
    with pytest.raises(NettoError):
        slots.unseal(slot, WORDS)


@given(st.binary(max_size=300))
def test_no_rubbish_is_a_slot(data: bytes) -> None:
    assert not slots.is_sound(data)


def test_an_age_file_with_something_else_in_it_is_told_as_damaged() -> None:
    with pytest.raises(InvalidRecord, match="damaged"):
        slots.unseal(quick_slots.encrypt(b"hello", WORDS.reveal()), WORDS)


def test_names_of_slots_are_few() -> None:
    assert slots.is_slot("slot-recovery.age")
    assert slots.is_slot("slot-pass-9.age")
    for name in ("slot-pass-0.age", "slot-pass-10.age", "../slot-recovery.age", "slot-recovery.age\n", "device.jwe"):
        assert not slots.is_slot(name)


def test_a_dropped_name_comes_back_only_when_no_other_is_left() -> None:
    taken = {name: b"x" for name in slots.PASSPHRASES[:-2]} | {slots.PASSPHRASES[-2]: b""}
    assert slots.free_name(taken) == slots.PASSPHRASES[-1]
    assert slots.free_name(taken | {slots.PASSPHRASES[-1]: b"x"}) == slots.PASSPHRASES[-2]
    with pytest.raises(UsageError, match="9 passphrases"):
        slots.free_name(dict.fromkeys(slots.PASSPHRASES, b"x"))


ONE, TWO = slots.PASSPHRASES[:2]


@pytest.fixture(scope="module")
def some(keys: KeySet) -> list[bytes]:
    return [quick_slots.seal(keys, WORDS) for _ in range(3)]


def test_a_slot_that_another_device_added_is_taken_over(some: list[bytes]) -> None:
    a, b, _ = some
    mine, theirs = {slots.RECOVERY: a}, {slots.RECOVERY: a, ONE: b}
    assert slots.changes(mine, theirs, rotated=False) == {ONE: b}


def test_a_dropped_slot_stays_dropped_and_drops_that_of_others(some: list[bytes]) -> None:
    a, b, _ = some
    assert slots.changes({ONE: b""}, {ONE: a}, rotated=False) == {}
    assert slots.changes({ONE: b}, {ONE: b""}, rotated=False) == {ONE: b""}


def test_nobody_replaces_the_slot_of_a_passphrase_without_newer_keys(some: list[bytes]) -> None:
    a, b, _ = some
    assert slots.changes({ONE: a}, {ONE: b}, rotated=False) == {}
    assert slots.changes({ONE: a}, {ONE: b}, rotated=True) == {ONE: b}


def test_after_a_rotation_what_the_replica_lacks_is_out_of_date(some: list[bytes]) -> None:
    a, b, c = some
    mine = {slots.RECOVERY: a, ONE: b, TWO: b""}
    assert slots.changes(mine, {slots.RECOVERY: c}, rotated=True) == {slots.RECOVERY: c, ONE: b""}


def test_neither_rubbish_nor_absence_replaces_the_recovery_slot(some: list[bytes]) -> None:
    for theirs in ({slots.RECOVERY: b"rubbish"}, {slots.RECOVERY: b""}, {}, {"device.jwe": some[1]}):
        for rotated in (False, True):
            assert slots.RECOVERY not in slots.changes({slots.RECOVERY: some[0]}, theirs, rotated=rotated)


def test_a_replica_that_agrees_changes_nothing(some: list[bytes]) -> None:
    same = {slots.RECOVERY: some[0], ONE: some[1], TWO: b""}
    for rotated in (False, True):
        assert slots.changes(same, same, rotated=rotated) == {}

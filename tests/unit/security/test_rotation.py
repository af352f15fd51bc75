"""Rotation: killed at any step, two replicas have a slot that opens everything, and nobody is locked out."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from functools import lru_cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from netto_tui.errors import Denied, NettoError, Unreachable, UsageError
from netto_tui.security import custody, keyset, rotation, slots
from netto_tui.security.envelope import Sealed
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret
from tests.servers import quick_slots
from tests.servers.quick_slots import VAULT, forget
from tests.unit.security import rotating
from tests.unit.security.rotating import KINDS, NEW_CODE, NEW_WORDS, REPLICAS, WORDS, held, put

PASSPHRASE = slots.PASSPHRASES[0]


@pytest.fixture(autouse=True)
def beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setattr(slots, "seal", quick_slots.seal)
    monkeypatch.setattr(slots, "free_name", lambda taken: sorted(set(slots.PASSPHRASES) - set(taken))[0])
    forget()
    yield
    forget()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A vault whose slots, also one for a passphrase, lie on three replicas."""
    rotating.settle(tmp_path)
    return tmp_path / "vault"


def load(path: Path) -> KeySet:
    """The keys, in a process that was just started."""
    forget()
    return custody.load(path, VAULT)


def opened(replica: Path, secret: Secret | RecoveryCode) -> KeySet | None:
    """What the slots of a replica give to somebody with a secret."""
    for data in held(replica).values():
        try:
            return slots.unseal(data, secret)
        except NettoError:
            continue
    return None


# Rotating


def test_after_a_rotation_every_slot_has_the_new_key_and_the_old_one(path: Path, tmp_path: Path) -> None:
    before = load(path)
    done = rotation.rotate(path, VAULT, put(tmp_path), passphrases={PASSPHRASE: WORDS})
    assert (done.replicas, done.dropped) == (3, ())
    assert load(path) == done.keys
    assert done.keys.current == 2
    assert done.keys.covers(before)
    assert done.keys.fingerprint == before.fingerprint
    for name in REPLICAS:
        assert opened(tmp_path / name, RecoveryCode(before.code)) == done.keys
        assert slots.unseal(held(tmp_path / name)[PASSPHRASE], WORDS) == done.keys
    assert not rotation.is_pending(path)


LINE = b'{"id":"%b","rev":{"format":"netto.revision/1"}}'


def test_what_was_sealed_before_stays_readable_and_the_new_key_seals(path: Path, tmp_path: Path) -> None:
    from hashlib import sha256

    line = LINE % sha256(b'{"format":"netto.revision/1"}').hexdigest().encode()
    envelope = Sealed(lambda: custody.load(path, VAULT))
    old = envelope.seal(line)
    rotation.rotate(path, VAULT, put(tmp_path))
    new = envelope.seal(line)
    assert new != old
    assert envelope.open(old) == envelope.open(new) == line


def test_the_recovery_code_stays_good_and_confirmed(path: Path, tmp_path: Path) -> None:
    keys = load(path)
    custody.confirm(path, keys, RecoveryCode(keys.code))
    done = rotation.rotate(path, VAULT, put(tmp_path))
    assert done.keys.code == keys.code
    assert custody.is_confirmed(path, done.keys)


def test_a_new_code_opens_and_the_old_one_opens_no_more(path: Path, tmp_path: Path) -> None:
    before = load(path)
    done = rotation.rotate(path, VAULT, put(tmp_path), code=NEW_CODE)
    assert opened(tmp_path / "one", NEW_CODE) == done.keys == load(path)
    assert opened(tmp_path / "one", RecoveryCode(before.code)) is None
    assert not custody.is_confirmed(path, done.keys)


def test_a_passphrase_that_is_not_given_is_dropped_and_told(path: Path, tmp_path: Path) -> None:
    done = rotation.rotate(path, VAULT, put(tmp_path))
    assert done.dropped == (PASSPHRASE,)
    assert held(tmp_path / "one")[PASSPHRASE] == b""
    assert opened(tmp_path / "one", WORDS) is None
    assert rotation.rotate(path, VAULT, put(tmp_path)).dropped == ()


def test_a_wrong_passphrase_changes_nothing(path: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(Denied):
        rotation.rotate(path, VAULT, put(tmp_path), passphrases={PASSPHRASE: NEW_WORDS})
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["slot-pass-9.age", slots.RECOVERY, "nonsense"])
def test_a_passphrase_for_no_slot_is_refused(path: Path, tmp_path: Path, name: str) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(UsageError, match="no slot of a passphrase"):
        rotation.rotate(path, VAULT, put(tmp_path), passphrases={name: WORDS})
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_with_too_few_replicas_the_old_key_goes_on_and_a_later_call_ends_it(path: Path, tmp_path: Path) -> None:
    before = load(path)
    with pytest.raises(Unreachable, match="1 of at least 2"):
        rotation.rotate(path, VAULT, put(tmp_path, ("one",)))
    assert load(path) == before
    assert rotation.is_pending(path)
    first = opened(tmp_path / "one", RecoveryCode(before.code))
    done = rotation.rotate(path, VAULT, put(tmp_path))
    assert done.keys == first == load(path)
    assert not rotation.is_pending(path)


def test_a_replica_that_fails_in_words_leaves_the_old_key(path: Path) -> None:
    def fail(_: Mapping[str, bytes]) -> int:
        raise Unreachable("It is not there.")

    before = load(path)
    with pytest.raises(Unreachable):
        rotation.rotate(path, VAULT, fail)
    assert load(path) == before


def test_an_interrupted_rotation_goes_on_with_the_code_that_it_brought(path: Path, tmp_path: Path) -> None:
    assert rotation.staged_code(path, VAULT) is None
    with pytest.raises(Unreachable):
        rotation.rotate(path, VAULT, put(tmp_path, ("one",)), code=NEW_CODE)
    forget()
    assert rotation.staged_code(path, VAULT) == NEW_CODE
    done = rotation.rotate(path, VAULT, put(tmp_path))
    assert opened(tmp_path / "two", NEW_CODE) == done.keys


def test_a_slot_that_does_not_read_back_is_never_put_anywhere(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(path)
    slot = custody.slots(path)
    monkeypatch.setattr(slots, "seal", lambda keys, secret: quick_slots.seal(keyset.new_keys(VAULT), secret))
    with pytest.raises(NettoError, match="does not read back"):
        rotation.rotate(path, VAULT, put(tmp_path))
    assert load(path) == before
    assert custody.slots(path) == slot == held(tmp_path / "one")


def test_keys_without_a_code_get_one(path: Path, tmp_path: Path) -> None:
    custody.save(path, VAULT, load(path).with_code(b""), custody.own(VAULT))
    with pytest.raises(Denied, match="no recovery code"):
        rotation.rotate(path, VAULT, put(tmp_path))
    done = rotation.rotate(path, VAULT, put(tmp_path), code=NEW_CODE)
    assert opened(tmp_path / "one", NEW_CODE) == done.keys


# Two devices


@pytest.fixture
def second(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vault on a second device, with the same keys; both have their key in the same file here."""
    custody.enroll(tmp_path / "second", VAULT, held(tmp_path / "one"), RecoveryCode(load(path).code).text)
    return tmp_path / "second"


def test_a_second_device_takes_up_the_rotation_of_the_first(path: Path, second: Path, tmp_path: Path) -> None:
    done = rotation.rotate(path, VAULT, put(tmp_path))
    assert custody.refresh(second, VAULT, held(tmp_path / "two")) == done.keys
    assert custody.slots(second) == held(tmp_path / "two")


def test_a_pass_during_a_rotation_does_not_bring_the_old_slot_back(path: Path, tmp_path: Path) -> None:
    """Between the new slots and the switch, replicas still hold the old ones."""
    with pytest.raises(Unreachable):
        rotation.rotate(path, VAULT, put(tmp_path, ()))
    new = custody.slots(path)
    assert custody.refresh(path, VAULT, held(tmp_path / "one")).current == 1
    assert custody.slots(path) == new


def test_a_rotation_that_another_device_was_first_with_is_given_up(path: Path, second: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        rotation.rotate(path, VAULT, put(tmp_path, ()))
    done = rotation.rotate(second, VAULT, put(tmp_path))
    assert custody.refresh(path, VAULT, held(tmp_path / "one")) == done.keys == load(path)
    assert custody.slots(path) == held(tmp_path / "one")
    assert not rotation.is_pending(path)


def test_two_devices_that_rotate_at_once_cannot_both_have_enough_replicas() -> None:
    assert [rotation.least_of(count) for count in range(7)] == [0, 1, 2, 2, 3, 3, 4]


def test_of_two_rotations_at_once_the_second_meets_the_keys_of_the_first(
    path: Path, second: Path, tmp_path: Path
) -> None:
    """Each reaches two of three replicas, as the sync engine does: it takes over before it puts."""

    def careful(vault: Path, names: tuple[str, ...]) -> rotation.Put:
        def act(found: Mapping[str, bytes]) -> int:
            done = 0
            for name in names:
                custody.refresh(vault, VAULT, held(tmp_path / name))
                done += put(tmp_path, (name,))(custody.slots(vault)) * (custody.slots(vault) == found)
            return done

        return act

    first = rotation.rotate(path, VAULT, careful(path, ("one", "two")))
    with pytest.raises(NettoError):
        rotation.rotate(second, VAULT, careful(second, ("two", "three")))
    assert load(second) == first.keys
    assert not rotation.is_pending(second)
    assert custody.slots(second) == custody.slots(path)


def test_a_new_code_asks_the_second_device_for_it_once(path: Path, second: Path, tmp_path: Path) -> None:
    done = rotation.rotate(path, VAULT, put(tmp_path), code=NEW_CODE)
    with pytest.raises(Denied, match="another recovery code"):
        custody.refresh(second, VAULT, held(tmp_path / "one"))
    assert custody.enroll(second, VAULT, held(tmp_path / "one"), NEW_CODE.text) == done.keys
    assert custody.refresh(second, VAULT, held(tmp_path / "one")) == done.keys


def test_a_passphrase_that_was_dropped_elsewhere_does_not_come_back(path: Path, second: Path, tmp_path: Path) -> None:
    name = rotation.add_passphrase(path, VAULT, NEW_WORDS, put(tmp_path), replaces=PASSPHRASE)
    custody.refresh(second, VAULT, held(tmp_path / "one"))
    assert custody.slots(second)[PASSPHRASE] == b""
    assert slots.unseal(custody.slots(second)[name], NEW_WORDS) == load(path)


# Passphrases


def test_a_changed_passphrase_opens_and_the_former_one_does_not(path: Path, tmp_path: Path) -> None:
    name = rotation.add_passphrase(path, VAULT, NEW_WORDS, put(tmp_path), replaces=PASSPHRASE)
    for replica in REPLICAS:
        assert slots.unseal(held(tmp_path / replica)[name], NEW_WORDS) == load(path)
        assert opened(tmp_path / replica, WORDS) is None
        assert opened(tmp_path / replica, RecoveryCode(load(path).code)) == load(path)


def test_a_passphrase_that_too_few_replicas_took_is_dropped_again(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="nothing was changed"):
        rotation.add_passphrase(path, VAULT, NEW_WORDS, put(tmp_path, ("one",)), replaces=PASSPHRASE)
    put(tmp_path)(custody.slots(path))
    assert opened(tmp_path / "one", NEW_WORDS) is None
    assert opened(tmp_path / "one", WORDS) == load(path)


@pytest.mark.parametrize("weak", ["", "hunter2", "a" * 40, "abababababababababababab", "nineteen letters ok", " " * 30])
def test_a_weak_passphrase_is_refused_without_telling_it(path: Path, tmp_path: Path, weak: str) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(UsageError) as caught:
        rotation.add_passphrase(path, VAULT, Secret(weak), put(tmp_path))
    assert "too easy to guess" in caught.value.message
    assert not weak.strip() or weak not in str(caught.value)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["slot-pass-9.age", slots.RECOVERY])
def test_only_the_slot_of_a_passphrase_is_replaced(path: Path, tmp_path: Path, name: str) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(UsageError):
        rotation.add_passphrase(path, VAULT, NEW_WORDS, put(tmp_path), replaces=name)
    assert snapshot(tmp_path) == before


# Killed


@lru_cache
def processes() -> ForkServerContext:
    """A server that has everything imported and forks victims."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.unit.security.rotating"])
    return context


def strike(kind: str, folder: Path, stop: int) -> int:
    """Run a victim that is killed at a step; how many steps it took, 0 when it was killed."""
    reading, writing = os.pipe()
    process = processes().Process(target=victim, args=(kind, folder, stop, os.getpid(), writing))
    process.start()
    process.join()
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return int(said or 0)


def victim(kind: str, folder: Path, stop: int, parent: int, pipe: int) -> None:
    """In the victim: work, with the parent's end of the pipe."""
    rotating.run(kind, folder, stop, os.open(f"/proc/{parent}/fd/{pipe}", os.O_WRONLY))


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_step_a_slot_on_two_replicas_opens_everything(kind: str, part: int, tmp_path: Path) -> None:
    template, work = tmp_path / "template", tmp_path / "work"
    rotating.settle(work)
    work.rename(template)
    shutil.copytree(template, work)
    for stop in range(1, strike(kind, work, 0) + 1)[part::3]:
        shutil.rmtree(work)
        shutil.copytree(template, work)
        assert strike(kind, work, stop) == 0
        try:
            check(kind, work)
        except BaseException as error:
            error.add_note(f"{kind}, killed at step {stop}")
            raise


def check(kind: str, folder: Path) -> None:
    rotating.begin(folder)
    vault = folder / "vault"
    keys = load(vault)  # the device is never locked out
    secrets: list[Secret | RecoveryCode] = [RecoveryCode(custody.load(vault, VAULT).code), NEW_CODE, WORDS, NEW_WORDS]
    for by_person in (secrets[:2], secrets[2:]):  # with the paper, or with a passphrase
        found = [opened(folder / name, secret) for name in REPLICAS for secret in by_person]
        opening = sum(each is not None and each.covers(keys) for each in found)
        if by_person[0] != WORDS or kind != "rotate with a new code":  # there the passphrase is dropped
            assert opening >= 2, (opening, found)
    if not any(data for name, data in custody.slots(vault).items() if name != slots.RECOVERY):
        rotation.rotate(vault, VAULT, put(folder), code=NEW_CODE)
    else:
        rotating.act(kind, folder)
    again = load(vault)
    assert again.covers(keys)
    assert not rotation.is_pending(vault)
    code = RecoveryCode(again.code)
    assert [opened(folder / name, code) for name in REPLICAS] == [again] * 3
    assert [held(folder / name) for name in REPLICAS] == [custody.slots(vault)] * 3

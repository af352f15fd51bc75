"""Custody: the key of this device comes from one place, is guarded, and its absence says what to do."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netto_tui.errors import Denied, InvalidRecord, Locked, Refused, UsageError, WrongTarget
from netto_tui.security import custody, device_key, keyring_store, keyset, slots
from netto_tui.security.device_file import open_device_file, seal_device_file
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode, new_code
from netto_tui.security.secret import Secret
from tests.servers import keyrings, quick_slots
from tests.servers.quick_slots import OTHER_VAULT, VAULT, forget

WORDS = Secret("correct horse battery staple seven")


@pytest.fixture(autouse=True)
def beginning(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key from the person who runs the tests, and slots that take no seconds."""
    for name in ("NETTO_KEY_FILE", "NETTO_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(slots, "seal", quick_slots.seal)
    forget()
    with keyrings.used(keyrings.Memory()):
        yield
    forget()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key lies in this file, once it is made."""
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "secret" / "key"))
    return tmp_path / "secret" / "key"


def locked(path: Path) -> str:
    """The words with which a vault is locked, in a process that was just started."""
    forget()
    with pytest.raises(Locked) as caught:
        custody.load(path, VAULT)
    assert caught.value.exit_code == 4
    assert caught.value.remedy
    return str(caught.value)


# Making and loading


def test_keys_that_were_made_are_there_after_a_new_start(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    forget()
    assert custody.load(path, VAULT) == keys
    assert code.data == keys.code
    assert slots.unseal(custody.slots(path)[slots.RECOVERY], code) == keys


def test_what_is_kept_is_for_the_owner_alone_and_tells_no_key(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    assert stat.S_IMODE(custody.folder(path).stat().st_mode) == 0o700
    for each in (file, *custody.folder(path).iterdir()):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    stored = b"".join(each.read_bytes() for each in custody.folder(path).iterdir())
    for secret in (keys.encode(), keys.name, code.text.reveal().encode(), file.read_bytes().strip()):
        assert secret not in stored


def test_the_keyring_has_the_device_key_and_nothing_else(path: Path) -> None:
    ring = keyrings.Memory()
    with keyrings.used(ring):
        keys, _ = custody.make(path, VAULT)
        forget()
        assert custody.load(path, VAULT) == keys
    assert list(ring.kept) == [f"vault:{VAULT}:device-kek"]
    assert len(ring.kept[f"vault:{VAULT}:device-kek"]) == 43


def test_the_keyring_is_asked_once_per_process(path: Path) -> None:
    class Counting(keyrings.Memory):
        asked = 0

        def get_password(self, service: str, username: str) -> str | None:
            Counting.asked += 1
            return super().get_password(service, username)

    with keyrings.used(Counting()):
        custody.make(path, VAULT)
        before = Counting.asked
        for _ in range(3):
            custody.load(path, VAULT)
        assert Counting.asked == before


def test_a_process_that_runs_takes_up_keys_that_another_one_wrote(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    assert custody.load(path, VAULT) is custody.load(path, VAULT)
    custody.save(path, VAULT, keys.rotated(), custody.own(VAULT))
    assert custody.load(path, VAULT).current == 2


def test_keys_are_not_made_twice(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    with pytest.raises(Refused, match="has keys already"):
        custody.make(path, VAULT)
    forget()
    assert custody.load(path, VAULT) == keys


def test_making_keys_goes_on_where_it_was_interrupted(path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(slots, "seal", stop)
        custody.make(path, VAULT)
    forget()
    keys, code = custody.make(path, VAULT)
    assert slots.unseal(custody.slots(path)[slots.RECOVERY], code) == keys == custody.load(path, VAULT)


def test_whether_there_are_keys_is_told_without_any_keyring(path: Path, file: Path) -> None:
    assert not custody.has_keys(path)
    custody.make(path, VAULT)
    forget()
    os.environ.pop("NETTO_KEY_FILE")
    with keyrings.used(keyrings.Locked()):
        assert custody.has_keys(path)
        assert list(custody.slots(path)) == [slots.RECOVERY]


# Where the device's key comes from


def test_the_file_goes_before_the_credential_the_variable_and_the_keyring(
    path: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").mkdir()
    keys = {}
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    monkeypatch.setenv("NETTO_KEY", "A" * 43)
    for source in ("file", "credential", "variable", "keyring"):
        if source == "credential":
            (tmp_path / "credentials" / "netto-key").write_text("Q" * 42 + "A\n")
        keys[source] = device_key.find_or_make(VAULT)
        if source == "file":
            monkeypatch.delenv("NETTO_KEY_FILE")
        elif source == "credential":
            (tmp_path / "credentials" / "netto-key").unlink()
        elif source == "variable":
            forget()
    assert len({each.key for each in keys.values()}) == 4
    words = [each.source for each in keys.values()]
    assert words == [f"the file {file}", "a credential of the service", "the variable NETTO_KEY", "the keyring"]


def test_the_key_in_the_variable_leaves_the_environment_and_is_warned_about_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NETTO_KEY", "A" * 43)
    with caplog.at_level(logging.WARNING):
        keys, _ = custody.make(path, VAULT)
        assert "NETTO_KEY" not in os.environ
        custody._device_keys.clear()
        custody._loaded.clear()
        assert custody.load(path, VAULT) == keys
    assert len(caplog.records) == 1
    assert "A" * 43 not in caplog.text


def test_a_key_file_is_made_where_it_is_absent_and_never_written_again(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    before = file.read_bytes(), file.stat().st_ino
    custody.enroll(path.with_name("second"), OTHER_VAULT, _other_slots(), _OTHER.text)
    assert (file.read_bytes(), file.stat().st_ino) == before


_OTHER_KEYS = keyset.new_keys(OTHER_VAULT)
_OTHER = RecoveryCode(_OTHER_KEYS.code)


def _other_slots() -> dict[str, bytes]:
    return {slots.RECOVERY: quick_slots.seal(_OTHER_KEYS, _OTHER)}


def test_a_key_file_that_others_may_read_is_not_used(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    for mode in (0o640, 0o604, 0o660, 0o602):
        file.chmod(mode)
        said = locked(path)
        assert "others may read or change it" in said
        assert "chmod 600" in said
    file.chmod(0o600)
    assert custody.load(path, VAULT)


def test_a_key_file_behind_a_symbolic_link_is_not_used(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))
    assert "symbolic link" in locked(path)


def test_a_key_file_with_a_second_name_is_not_used(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    os.link(file, file.with_name("second"))
    assert "hard link" in locked(path)


def test_a_pipe_or_a_folder_for_a_key_file_is_not_waited_for(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    file.unlink()
    os.mkfifo(file, 0o600)
    assert "no plain file" in locked(path)
    file.unlink()
    file.mkdir()
    assert "no plain file" in locked(path)


def test_a_key_file_of_somebody_else_is_not_used(path: Path, file: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives a file away")
    custody.make(path, VAULT)
    os.chown(file, 12345, -1)
    assert "belongs to somebody else" in locked(path)


@pytest.mark.parametrize(
    "content", ["", "\n", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 42 + "!", "\x00" * 43, "ä" * 43]
)
def test_a_key_file_without_a_key_is_told_and_never_replaced(path: Path, file: Path, content: str) -> None:
    custody.make(path, VAULT)
    file.write_text(content)
    said = locked(path)
    assert "43 letters" in said
    with pytest.raises(Denied):
        custody.enroll(path, VAULT, custody.slots(path), new_code().text)
    assert file.read_text() == content


def test_an_absent_key_file_locks_and_names_the_way_back(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    file.unlink()
    said = locked(path)
    assert str(file) in said
    assert "netto-tui keys unlock" in said
    assert not file.exists()


def test_another_key_in_the_file_locks(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    file.write_text("A" * 43)
    assert "does not open the keys" in locked(path)


# The keyring and its states


STATES = [
    (keyrings.Locked, "The keyring is locked."),
    (keyrings.PlaintextFile, "protects nothing"),
    (keyrings.Hanging, "did not answer"),
]


@pytest.mark.parametrize(("kind", "words"), STATES)
def test_each_state_of_the_keyring_is_named_and_bounded(
    path: Path, kind: type[keyrings.Memory], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_store, "SECONDS", 0.2)
    custody.make(path, VAULT)
    backend = kind()
    with keyrings.used(backend):
        said = locked(path)
        assert words in said
        assert "NETTO_KEY_FILE" in said
    if isinstance(backend, keyrings.Hanging):
        backend.answered.set()


@pytest.mark.parametrize("kind", [keyrings.Locked, keyrings.PlaintextFile, keyrings.Lying])
def test_keys_are_not_made_where_their_key_cannot_be_kept(path: Path, kind: type[keyrings.Memory]) -> None:
    with keyrings.used(kind()), pytest.raises(Denied) as caught:
        custody.make(path, VAULT)
    assert "cannot be kept" in caught.value.message
    assert "NETTO_KEY_FILE" in caught.value.remedy
    assert "plain replicas" in caught.value.remedy
    assert not custody.has_keys(path)


def test_an_empty_keyring_asks_for_the_recovery_code(path: Path) -> None:
    custody.make(path, VAULT)
    with keyrings.used(keyrings.Memory()):
        assert "not in the keyring" in locked(path)


def test_a_keyring_that_dies_and_starts_again_is_asked_again(path: Path) -> None:
    backend = keyrings.Dying()
    backend.dead = False
    with keyrings.used(backend):
        keys, _ = custody.make(path, VAULT)
        forget()
        backend.dead = True
        assert custody.load(path, VAULT) == keys


# What lies in the vault


def test_a_vault_without_keys_says_so(path: Path, file: Path) -> None:
    assert "not on this device" in locked(path)


def test_any_flipped_bit_of_the_device_file_locks(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    device = custody.folder(path) / custody.DEVICE
    whole = device.read_bytes()
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        device.write_bytes(flipped)
        assert "does not open the keys" in locked(path)
    device.write_bytes(whole)
    assert custody.load(path, VAULT) == keys


def test_the_device_file_of_another_vault_does_not_open(file: Path) -> None:
    keys = keyset.new_keys(VAULT)
    sealed = seal_device_file(keys, bytes(32), VAULT)
    assert open_device_file(sealed, bytes(32), VAULT) == keys
    with pytest.raises(InvalidRecord):
        open_device_file(sealed, bytes(32), OTHER_VAULT)
    with pytest.raises(InvalidRecord):
        open_device_file(sealed, b"1" * 32, VAULT)


def test_the_keys_of_a_vault_say_nothing_of_themselves(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    own = custody.own(VAULT)
    for shown in (repr(keys), repr(own), str(own)):
        for secret in (keys.name, keys.sign, keys.wrapping[1], own.key):
            assert repr(secret)[2:-1] not in shown
            assert secret.hex() not in shown


# Enrolling


@pytest.fixture
def elsewhere(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[KeySet, RecoveryCode, dict[str, bytes]]:
    """The keys of a vault that another device made, and its slots; this device has none of them."""
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "their-key"))
    keys, code = custody.make(tmp_path / "theirs", VAULT)
    found = custody.slots(tmp_path / "theirs")
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "my-key"))
    forget()
    return keys, code, {**found, slots.PASSPHRASES[3]: quick_slots.seal(keys, WORDS)}


Elsewhere = tuple[KeySet, RecoveryCode, dict[str, bytes]]


def test_the_recovery_code_brings_the_keys_to_a_new_device(path: Path, elsewhere: Elsewhere) -> None:
    keys, code, theirs = elsewhere
    typed = Secret(code.text.reveal().lower().replace("-", " "))
    assert custody.enroll(path, VAULT, theirs, typed) == keys
    forget()
    assert custody.load(path, VAULT) == keys
    assert custody.slots(path) == theirs
    assert custody.is_confirmed(path, keys)


def test_a_passphrase_brings_them_too_and_confirms_no_code(path: Path, elsewhere: Elsewhere) -> None:
    keys, _, theirs = elsewhere
    assert custody.enroll(path, VAULT, theirs, WORDS) == keys
    assert not custody.is_confirmed(path, keys)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda code: Secret(code[:-1]), UsageError, "27 characters"),
        (lambda code: Secret(code[:5] + ("0" if code[5] != "0" else "1") + code[6:]), UsageError, "does not add up"),
        (lambda _: new_code().text, Denied, "recovery code does not open"),
        (lambda _: Secret("some other passphrase, which is wrong"), Denied, "passphrase does not open"),
    ],
)
def test_a_wrong_code_is_told_by_its_kind_and_nothing_is_kept(
    path: Path, elsewhere: Elsewhere, change: Callable[[str], Secret], kind: type[Exception], words: str
) -> None:
    _, code, theirs = elsewhere
    with pytest.raises(kind, match=words):
        custody.enroll(path, VAULT, theirs, change(code.text.reveal()))
    assert not custody.has_keys(path)


def test_the_slots_of_another_vault_are_not_taken(path: Path, elsewhere: Elsewhere) -> None:
    with pytest.raises(WrongTarget, match="another vault"):
        custody.enroll(path, VAULT, _other_slots(), _OTHER.text)
    assert not custody.has_keys(path)


def test_without_any_slot_there_is_nothing_to_open(path: Path, file: Path) -> None:
    with pytest.raises(Denied, match="no key slot"):
        custody.enroll(path, VAULT, {"device.jwe": b"x", slots.RECOVERY: b""}, new_code().text)


def test_a_hostile_slot_beside_a_good_one_is_not_kept(path: Path, elsewhere: Elsewhere) -> None:
    keys, code, theirs = elsewhere
    hostile = theirs[slots.PASSPHRASES[3]].replace(b" 4\n", b" 30\n", 1)
    both = {**theirs, slots.PASSPHRASES[3]: hostile, "../../escape": b"x"}
    assert custody.enroll(path, VAULT, both, code.text) == keys
    assert list(custody.slots(path)) == [slots.RECOVERY]


def test_a_lost_device_key_comes_back_by_the_code_and_the_locked_file_is_kept(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    old = (custody.folder(path) / custody.DEVICE).read_bytes()
    file.unlink()
    locked(path)
    assert custody.enroll(path, VAULT, custody.slots(path), code.text) == keys
    forget()
    assert custody.load(path, VAULT) == keys
    assert (custody.folder(path) / custody.BEFORE).read_bytes() == old


def test_a_slot_from_before_a_rotation_takes_no_key_away(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    old = custody.slots(path)
    custody.save(path, VAULT, keys.rotated(), custody.own(VAULT))
    assert custody.enroll(path, VAULT, old, code.text).current == 2
    forget()
    assert custody.load(path, VAULT).current == 2


# Confirming


def test_only_the_code_in_force_confirms(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    assert not custody.is_confirmed(path, keys)
    with pytest.raises(UsageError, match="not the one of this vault"):
        custody.confirm(path, keys, new_code())
    assert not custody.is_confirmed(path, keys)
    custody.confirm(path, keys, code)
    assert custody.is_confirmed(path, keys)
    assert not custody.is_confirmed(path, keys.with_code(new_code().data))
    noted = (custody.folder(path) / custody.CONFIRMED).read_text()
    assert code.data.hex()[:8] not in noted
    assert code.text.reveal()[:4] not in noted


def test_a_note_of_confirmation_that_was_changed_counts_for_nothing(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    custody.confirm(path, keys, code)
    note = custody.folder(path) / custody.CONFIRMED
    note.write_bytes(note.read_bytes().replace(b'"code"', b'"cod3"'))
    assert not custody.is_confirmed(path, keys)


# Taking over what another device did


def test_keys_that_another_device_added_are_taken_over_without_asking(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    newer = keys.rotated()
    theirs = {slots.RECOVERY: quick_slots.seal(newer, code)}
    assert custody.refresh(path, VAULT, theirs) == newer
    forget()
    assert custody.load(path, VAULT) == newer
    assert custody.slots(path) == theirs


def test_an_old_replica_takes_nothing_away(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    old = custody.slots(path)
    newer = {slots.RECOVERY: quick_slots.seal(keys.rotated(), code)}
    custody.refresh(path, VAULT, newer)
    assert custody.refresh(path, VAULT, old).current == 2
    assert custody.slots(path) == newer


def test_a_slot_with_another_code_asks_for_a_person(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    before = custody.slots(path)
    with pytest.raises(Locked, match="another recovery code"):
        custody.refresh(path, VAULT, {slots.RECOVERY: quick_slots.seal(keys.rotated(), new_code())})
    assert custody.slots(path) == before


def test_two_devices_with_different_keys_of_one_number_are_told(path: Path, file: Path) -> None:
    keys, code = custody.make(path, VAULT)
    custody.save(path, VAULT, keys.rotated(), custody.own(VAULT))
    theirs = {slots.RECOVERY: quick_slots.seal(keys.rotated(), code)}
    before = custody.slots(path)
    with pytest.raises(WrongTarget, match="same numbers"):
        custody.refresh(path, VAULT, theirs)
    assert custody.slots(path) == before


def test_a_slot_that_rotted_here_is_no_source_and_comes_back_from_a_replica(path: Path, file: Path) -> None:
    keys, _ = custody.make(path, VAULT)
    theirs = {**custody.slots(path), slots.PASSPHRASES[0]: quick_slots.seal(keys, WORDS)}
    custody.refresh(path, VAULT, theirs)
    for name in theirs:
        (custody.folder(path) / name).write_bytes(b"rubbish")
        assert name not in custody.slots(path)
        custody.refresh(path, VAULT, theirs)
        assert custody.slots(path) == theirs


def test_a_recovery_slot_that_rotted_inside_comes_back_from_a_replica(path: Path, file: Path) -> None:
    custody.make(path, VAULT)
    theirs = custody.slots(path)
    slot = custody.folder(path) / slots.RECOVERY
    slot.write_bytes(slot.read_bytes()[:-1] + b"!")
    custody.refresh(path, VAULT, theirs)
    assert custody.slots(path) == theirs

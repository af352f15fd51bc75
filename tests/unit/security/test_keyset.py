"""The key set as a JWK set: it reads back, takes newer and older writers, and shows nothing of itself."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord
from netto_tui.security import keyset
from netto_tui.security.keyset import KeySet
from tests.servers.quick_slots import OTHER_VAULT, VAULT

key = st.binary(min_size=32, max_size=32)
codes = st.binary(min_size=16, max_size=16) | st.just(b"")
sets = st.builds(
    lambda wrapping, name, sign, code: KeySet("ab12cd34", dict(enumerate(wrapping, 1)), name, sign, code),
    st.lists(key, min_size=1, max_size=5),
    key,
    key,
    codes,
)


@given(sets)
def test_a_set_reads_back(keys: KeySet) -> None:
    assert keyset.decode(keys.encode()) == keys


def test_a_set_is_made_of_standard_jwks() -> None:
    keys = keyset.new_keys(VAULT).rotated()
    found = {each["kid"]: each for each in json.loads(keys.encode())["keys"]}
    kinds = {kid.partition("-")[2]: each["kty"] for kid, each in found.items()}
    assert kinds == {"1": "oct", "2": "oct", "name": "oct", "sign": "OKP", "code": "oct"}
    assert len(found["ab12cd34-code"]["k"]) == 22
    assert found["ab12cd34-1"]["alg"] == "A256KW"


def test_other_libraries_read_it() -> None:
    jwk = pytest.importorskip("jwcrypto.jwk")
    keys = keyset.new_keys(VAULT)
    read = jwk.JWKSet.from_json(keys.encode().decode())
    assert read.get_key("ab12cd34-sign").export_to_pem() == _pem(keys.public)


def _pem(public: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found = Ed25519PublicKey.from_public_bytes(public)
    return found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_keys_of_a_newer_version_are_passed_over() -> None:
    keys = keyset.new_keys(VAULT)
    content = json.loads(keys.encode())
    content["keys"].append({"kid": "ab12cd34-post-quantum", "kty": "AKP"})
    assert keyset.decode(json.dumps(content).encode()) == keys


@pytest.mark.parametrize(
    "change",
    [
        lambda keys: keys.clear(),
        lambda keys: keys.pop(0),
        lambda keys: keys.pop(2),
        lambda keys: keys[0].update(k="AAAA"),
        lambda keys: keys[0].update(k=keys[0]["k"][:-1] + "!"),
        lambda keys: keys[0].update(k=keys[0]["k"] + "="),
        lambda keys: keys[0].update(k=None),
        lambda keys: keys[0].update(kid="99887766-1"),
        lambda keys: keys[0].update(kid="ab12cd34-3"),
        lambda keys: keys[-1].update(k="A" * 43),
        lambda keys: keys.append(7),
    ],
)
def test_a_damaged_set_is_refused_and_nothing_of_it_told(change: Callable[[list[Any]], object]) -> None:
    content = json.loads(keyset.new_keys(VAULT).rotated().encode())
    change(content["keys"])
    with pytest.raises(InvalidRecord) as caught:
        keyset.decode(json.dumps(content).encode())
    assert str(caught.value) == "The keys of the vault are damaged."


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_rubbish_is_a_set(data: bytes) -> None:
    with pytest.raises(InvalidRecord):
        keyset.decode(data)


def test_a_rotated_set_covers_the_former_one_and_keeps_its_name_and_code() -> None:
    old = keyset.new_keys(VAULT)
    new = old.rotated()
    assert new.covers(old) and not old.covers(new) and old.covers(old)
    assert (new.current, new.fingerprint, new.code, new.public) == (2, old.fingerprint, old.code, old.public)
    assert not old.rotated().covers(new)
    assert not keyset.new_keys(VAULT).covers(old)


def test_a_set_shows_nothing_of_itself() -> None:
    keys = keyset.new_keys(VAULT)
    for secret in (keys.name, keys.sign, keys.code, keys.wrapping[1]):
        assert secret.hex() not in repr(keys)
        assert repr(secret)[2:-1] not in f"{keys} {[keys]!r}"
    with pytest.raises(TypeError):
        pickle.dumps(keys)


def test_two_vaults_have_different_keys_and_prefixes() -> None:
    one, two = keyset.new_keys(VAULT), keyset.new_keys(OTHER_VAULT)
    assert {one.prefix, two.prefix} == {"ab12cd34", "99887766"}
    assert one.fingerprint != two.fingerprint
    with pytest.raises(ValueError, match="no id of a vault"):
        keyset.new_keys("v_short")

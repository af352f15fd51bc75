"""The golden vectors, opened by netto-tui and by four programs that know nothing of it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import zlib
from hashlib import sha256
from pathlib import Path

import pytest

from netto_tui.errors import InvalidRecord
from netto_tui.model.formats import read_line
from netto_tui.security import keyset
from netto_tui.security.envelope import PART_BYTES, Sealed
from tests.vectors import make

HERE = Path(__file__).parent
LINES = (HERE / "records.jsonl").read_bytes().splitlines()
TOKENS = (HERE / "tokens.txt").read_bytes().splitlines()
KEYS = keyset.decode((HERE / "vault.jwks").read_bytes())
NUMBERS = range(len(LINES))


def unpacked(body: bytes) -> bytes:
    """As any gunzip does that ignores zero bytes behind the end."""
    return zlib.decompressobj(31).decompress(body)


def kid_of(token: bytes) -> str:
    """The key that a token names."""
    return str(json.loads(base64.urlsafe_b64decode(token.split(b".")[0] + b"=="))["kid"])


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_netto_tui_opens_them_and_finds_the_records_in_them(number: int) -> None:
    sealed = Sealed(lambda: KEYS)
    assert sealed.open(TOKENS[number]) == LINES[number]
    assert read_line(LINES[number]) == make.records()[number]


def test_the_vectors_are_of_many_kinds() -> None:
    kids = [kid_of(token) for token in TOKENS]
    assert len(LINES) == len(TOKENS) == len(make.records()) >= 8
    assert set(kids) == {"0badc0de-1", "0badc0de-2"}
    assert max(map(len, TOKENS)) > 2**16 > min(map(len, TOKENS))
    assert all(kid_of(Sealed(lambda: KEYS).seal(line)) == "0badc0de-2" for line in LINES)


def test_what_only_the_older_key_opens_is_refused_without_it() -> None:
    older = Sealed(lambda: make.BEFORE)
    assert older.open(TOKENS[0]) == LINES[0]
    with pytest.raises(InvalidRecord):
        older.open(TOKENS[1])


def test_the_blob_opens_to_its_content() -> None:
    assert Sealed(lambda: KEYS).open_blob((HERE / "blob.txt").read_bytes()) == make.blob()


@pytest.mark.parametrize("number", NUMBERS)
def test_joserfc_opens_them(number: int) -> None:
    jwe = pytest.importorskip("joserfc.jwe")
    from joserfc.jwk import KeySet

    registry = jwe.JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
    registry.max_ciphertext_length = 2**20
    keys = KeySet.import_key_set(json.loads((HERE / "vault.jwks").read_bytes()))
    opened = jwe.decrypt_compact(TOKENS[number], keys, registry=registry)
    assert unpacked(opened.plaintext) == LINES[number]


@pytest.mark.parametrize("number", NUMBERS)
def test_jwcrypto_opens_them(number: int) -> None:
    jwcrypto = pytest.importorskip("jwcrypto.jwe")
    from jwcrypto.jwk import JWKSet

    opened = jwcrypto.JWE(algs=["A256KW", "A256GCM"])
    opened.deserialize(TOKENS[number].decode())
    opened.decrypt(JWKSet.from_json((HERE / "vault.jwks").read_text()).get_key(kid_of(TOKENS[number])))
    assert unpacked(opened.payload) == LINES[number]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_two_commands_of_the_recovery_kit_open_them(number: int, tmp_path: Path) -> None:
    jose, gunzip = tool("jose"), tool("gunzip")
    token = tmp_path / "token"
    token.write_bytes(TOKENS[number])
    command = '"$0" jwe dec -i "$1" -k "$2" | "$3"'
    run = subprocess.run(
        ["sh", "-c", command, jose, token, HERE / "vault.jwks", gunzip], capture_output=True, check=False
    )
    assert run.stdout == LINES[number]


def test_a_loop_of_the_shell_opens_a_blob(tmp_path: Path) -> None:
    jose, gunzip = tool("jose"), tool("gunzip")
    command = 'tail -n +2 "$1" | while read -r token; do printf %s "$token" | "$0" jwe dec -i - -k "$2" | "$3"; done'
    run = subprocess.run(
        ["sh", "-c", command, jose, HERE / "blob.txt", HERE / "vault.jwks", gunzip], capture_output=True, check=False
    )
    assert run.stdout == make.blob()


def test_node_opens_them_without_any_package() -> None:
    node = tool("node")
    command: list[str | Path] = [node, HERE / "open.mjs", HERE / "vault.jwks"]
    assert subprocess.run([*command, HERE / "tokens.txt"], capture_output=True, check=True).stdout.splitlines() == LINES
    opened = subprocess.run([*command, HERE / "blob.txt"], capture_output=True, check=True).stdout
    manifest, _, parts = opened.partition(b"\n")
    assert json.loads(manifest) == {"count": 2, "sha256": sha256(make.blob()).hexdigest(), "size": len(make.blob())}
    assert parts == make.blob()[:PART_BYTES] + b"\n" + make.blob()[PART_BYTES:] + b"\n"

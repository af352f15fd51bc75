"""Signed heads: one form and no other, the same bytes every time, and a chain in which nothing can be left out."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.security import heads
from netto_tui.security.heads import ForeignSigner, Head, Place, Unsigned

SEED = bytes(range(32))
PUBLIC = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
FIRST = Head(
    vault="v_" + "1" * 32,
    replica="r_" + "2" * 32,
    branch="main",
    device="laptop-1a2b",
    seq=1,
    previous="",
    root="a" * 40,
    count=3,
    at="2026-11-23T08:15:30.250Z",
    others={"r_" + "3" * 32: {"all": Place(7, "b" * 64), "live/phone-3c4d": Place(2, "c" * 64)}},
)
BEGIN = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6Im5ldHRvLWhlYWQrandzIn0.eyJhdCI6IjIwMjYtMTEtMjNUMDg6MTU6MzAuMjUwWiIsImJlZm9yZSI6W10s"
)
"""How the token of FIRST begins: header, and the first fields of the canonical payload."""


def chain(length: int) -> list[tuple[Head, str]]:
    """Heads that follow each other, with their tokens."""
    made = [(FIRST, heads.sign(FIRST, SEED))]
    while len(made) < length:
        last, token = made[-1]
        sha256 = heads.sha256_of(token)
        head = replace(last, seq=last.seq + 1, previous=sha256, before=heads.follow_up(token, last))
        made.append((head, heads.sign(head, SEED)))
    return made


CHAIN = chain(40)


def place(number: int) -> Place:
    head, token = CHAIN[number]
    return Place(head.seq, heads.sha256_of(token))


def resigned(payload: bytes, header: str = "") -> str:
    """A token with any payload, signed with the right key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    begin = header or BEGIN.partition(".")[0]
    body = f"{begin}.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}"
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(body.encode())
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def payload_of(token: str) -> bytes:
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_what_is_signed_reads_back_and_is_the_same_every_time() -> None:
    token = heads.sign(FIRST, SEED)
    assert token == heads.sign(FIRST, SEED)
    assert token.startswith(BEGIN)
    assert heads.sha256_of(token) == GOLDEN
    assert heads.read(token, PUBLIC) == heads.peek(token) == FIRST


GOLDEN = "1b5c09b632704de4a94fa54701f29c94e31ecf42347fe7a8bd02341396741eb8"
"""Of the token of FIRST: a change of the format shows here."""


def test_the_payload_is_what_the_format_says() -> None:
    told = json.loads(payload_of(heads.sign(CHAIN[1][0], SEED)))
    assert told["v"] == 1
    assert told["previous"] == heads.sha256_of(CHAIN[0][1])
    assert told["before"] == [[1, told["previous"][:16]]]
    assert told["others"]["r_" + "3" * 32]["all"] == [7, "b" * 64]


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    token = heads.sign(FIRST, SEED)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(max_codepoint=0x17F))
    other = token[:at] + letter + token[at + 1 :]
    if other != token:
        with pytest.raises((Unsigned, ForeignSigner)):
            heads.read(other, PUBLIC)


@given(st.integers(0, 39), st.integers(0, 39), st.integers(1, 700))
def test_a_token_that_is_cut_or_spliced_is_refused(one: int, other: int, at: int) -> None:
    first, second = CHAIN[one][1], CHAIN[other][1]
    for wrong in (first[:at], first[:at] + second[at + 1 :], first + second, first + "A", f" {first}", f"{first}\n"):
        if wrong not in (first, second):
            with pytest.raises((Unsigned, ForeignSigner)):
                heads.read(wrong, PUBLIC)


def test_another_key_is_a_foreign_signer() -> None:
    with pytest.raises(ForeignSigner):
        heads.read(heads.sign(FIRST, b"m" * 32), PUBLIC)


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none","typ":"netto-head+jws"}',
        '{"alg":"HS256","typ":"netto-head+jws"}',
        '{"typ":"netto-head+jws","alg":"EdDSA"}',
        '{"alg":"EdDSA", "typ":"netto-head+jws"}',
        '{"alg":"EdDSA","crit":["b64"],"typ":"netto-head+jws"}',
        '{"alg":"EdDSA","jwk":{},"typ":"netto-head+jws"}',
        '{"alg":"EdDSA"}',
    ],
)
def test_no_other_header_is_taken_whoever_signed_it(header: str) -> None:
    begin = base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()
    with pytest.raises(Unsigned):
        heads.read(resigned(payload_of(CHAIN[0][1]), begin), PUBLIC)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":1.0'),
        (b'"seq":1', b'"seq":0'),
        (b'"seq":1', b'"seq":-1'),
        (b'"seq":1', b'"seq":1e0'),
        (b'"seq":1', b'"seq":"1"'),
        (b'"seq":1', b'"seq":1,"seq":1'),
        (b'"seq":1', b'"more":1,"seq":1'),
        (b'"count":3,', b""),
        (b'"count":3', b'"count":NaN'),
        (b'"count":3', b'"count": 3'),
        (b'"count":3', b'"count":-3'),
        (b'"branch":"main"', b'"branch":"../main"'),
        (b'"branch":"main"', b'"branch":"main\\n"'),
        (b'"root":"aaaa', b'"root":"AAAA'),
        (b'"previous":""', b'"previous":"x"'),
        (b'"before":[]', b'"before":[[0,"aaaaaaaaaaaaaaaa"]]'),
        (b'"before":[]', b'"before":[[1,"aaaa"]]'),
        (b'"before":[]', b'"before":{}'),
        (b'"lost":null', b'"lost":[]'),
        (b'"lost":null', b'"lost":7'),
        (b'"vault":"v_1', b'"vault":"w_1'),
        (b'"device":"laptop-1a2b"', b'"device":7'),
        (b'"device":"laptop-1a2b"', b'"device":"' + b"d" * 65 + b'"'),
        (b"}", b"} "),
        (b'"others":{', b'"others":{"x":{},'),
        (b'"others":{', b'"others":' + b"[" * 900 + b"{"),
        (b'"at":"2026', b'"at":"\xff026'),
    ],
)
def test_a_payload_of_another_form_is_refused_whoever_signed_it(old: bytes, new: bytes) -> None:
    payload = payload_of(CHAIN[0][1])
    assert old in payload
    with pytest.raises(Unsigned):
        heads.read(resigned(payload.replace(old, new)), PUBLIC)


def test_base64_that_could_be_written_otherwise_is_refused() -> None:
    token = CHAIN[0][1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = letters[letters.index(token[-1]) ^ 1]  # the last letter has four bits that nothing uses
    with pytest.raises((Unsigned, ForeignSigner)):
        heads.read(token[:-1] + other, PUBLIC)


def test_what_is_too_long_is_neither_made_nor_read() -> None:
    told = {f"r_{number:032x}": {"all": Place(1, "a" * 64)} for number in range(heads.WITNESSED)}
    assert heads.read(heads.sign(replace(FIRST, others=told), SEED), PUBLIC).others == told
    more = {f"r_{number:032x}": {"all": Place(1, "a" * 64)} for number in range(heads.WITNESSED + 1)}
    with pytest.raises(Unsigned):
        heads.read(heads.sign(replace(FIRST, others=more), SEED), PUBLIC)
    many = {f"r_{number:032x}": {"all": Place(1, "a" * 64)} for number in range(90)}
    with pytest.raises(ValueError, match="too long"):
        heads.sign(replace(FIRST, others=many), SEED)
    with pytest.raises(Unsigned):
        heads.read(f"{BEGIN}{'A' * 10**7}.{'A' * 86}", PUBLIC)


@given(st.integers(0, 39), st.integers(0, 39))
def test_a_later_head_follows_an_earlier_one_and_not_the_other_way_round(one: int, other: int) -> None:
    head, token = CHAIN[other]
    found = head.follows(place(one), heads.sha256_of(token))
    assert found == ("rolled-back" if other < one else "")


@given(st.integers(0, 39), st.integers(0, 39), st.integers(1, 20))
def test_a_head_of_another_branching_is_a_fork(at: int, known: int, steps: int) -> None:
    """At one head two devices went on, each without the other; one is shown to who knows the other."""
    last, token = CHAIN[at]
    for number in range(steps):
        sha256 = heads.sha256_of(token)
        root = f"{number:040x}"
        before = heads.follow_up(token, last)
        last = replace(last, seq=last.seq + 1, previous=sha256, before=before, root=root)
        token = heads.sign(last, SEED)
    found = last.follows(place(known), heads.sha256_of(token))
    if known <= at:
        assert found == ""
    elif last.seq < place(known).seq:
        assert found == "rolled-back"
    elif last.seq - place(known).seq <= heads.TRAIL:
        assert found == "forked"


@given(st.integers(0, 37), st.integers(2, 16))
def test_a_head_that_is_left_out_is_missed_where_each_has_to_follow_the_one_before(one: int, skipped: int) -> None:
    other = min(39, one + skipped)
    head, token = CHAIN[other]
    assert head.follows(place(one), heads.sha256_of(token), is_next=True) == "dropped"
    next_head, next_token = CHAIN[one + 1]
    assert next_head.follows(place(one), heads.sha256_of(next_token), is_next=True) == ""


def test_who_goes_on_beyond_a_roll_back_says_so_to_those_who_knew_more() -> None:
    shown, token = CHAIN[3]
    lost = place(6)
    head = replace(
        shown, seq=8, previous=heads.sha256_of(token), before=heads.follow_up(token, shown), lost=lost, root="e" * 40
    )
    sha256 = heads.sha256_of(heads.sign(head, SEED))
    assert head.follows(place(3), sha256, is_next=True) == ""
    assert head.follows(place(5), sha256) == head.follows(lost, sha256) == "rolled-back"
    assert head.follows(place(9), sha256) == "rolled-back"


def test_a_public_key_is_written_as_in_a_key_set() -> None:
    assert heads.public_of(heads.text_of(PUBLIC)) == PUBLIC
    for wrong in ("", "AA", heads.text_of(PUBLIC) + "A", heads.text_of(PUBLIC)[:-1] + "_", "ä" * 43):
        with pytest.raises(ValueError):
            heads.public_of(wrong)


def test_node_alone_verifies_a_head() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    program = (
        "const c = require('crypto'), [token, x] = process.argv.slice(1), [h, p, s] = token.split('.');"
        "const key = c.createPublicKey({key: {kty: 'OKP', crv: 'Ed25519', x}, format: 'jwk'});"
        "const good = c.verify(null, Buffer.from(h + '.' + p), key, Buffer.from(s, 'base64url'));"
        "console.log(good, JSON.parse(Buffer.from(p, 'base64url')).seq)"
    )
    for number in (0, 20):
        done = [node, "-e", program, CHAIN[number][1], heads.text_of(PUBLIC)]
        assert subprocess.run(done, capture_output=True, text=True, check=True).stdout == f"true {number + 1}\n"


def test_openssl_alone_verifies_a_head(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    body, _, signature = CHAIN[5][1].rpartition(".")
    (tmp_path / "body").write_text(body)
    (tmp_path / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + PUBLIC)  # RFC 8410
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"]
    command += ["-in", "body", "-sigfile", "signature"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "body").write_text(body[:-1] + ("A" if body[-1] != "A" else "B"))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0

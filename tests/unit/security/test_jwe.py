"""Tokens: what opens them, and that nothing else does, refused as early as can be."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.errors import InvalidRecord
from netto_tui.security import jwe
from netto_tui.security.envelope import NEWER_KEY
from netto_tui.security.jwe import LONGEST_CONTENT, LONGEST_TOKEN, SMALLEST, Tokens, padded_size
from netto_tui.security.keyset import KeySet
from tests.unit.security import forging
from tests.unit.security.forging import b64u, canonical, unb64u

KEYS = KeySet("a1b2c3d4", {1: b"1" * 32, 2: b"2" * 32}, b"n" * 32, b"s" * 32)
TOKENS = Tokens(KEYS)
RID, OTHER_RID = b"0123456789abcdef" * 2, b"fedcba9876543210" * 2
FIELDS = {
    "alg": "A256KW",
    "cty": "gzip",
    "enc": "A256GCM",
    "kid": "a1b2c3d4-2",
    "rid": RID.decode(),
    "typ": "netto-rec+jwe",
    "v": 1,
}
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def forged(header: bytes, body: bytes) -> bytes:
    return forging.forged(header, body, KEYS.wrapping[2])


def refused(token: bytes, kind: bytes = b"rec", *, tokens: Tokens = TOKENS) -> str:
    with pytest.raises(InvalidRecord) as caught:
        tokens.open(kind, token)
    return caught.value.message


TOKEN = TOKENS.seal(b"rec", RID, b"what was said " * 20)
OTHER = TOKENS.seal(b"rec", OTHER_RID, b"something else " * 20)
BODY = jwe._pack(b"forged")
VARIED = bytes(range(256)) * 2
GZIP = gzip.compress(VARIED, mtime=0)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The expensive steps, as they are taken; what was derived before is forgotten."""
    taken: list[str] = []

    def note(name: str, place: object, attribute: str) -> None:
        real: Callable[..., Any] = getattr(place, attribute)

        def noted(*args: Any, **more: Any) -> Any:
            taken.append(name)
            return real(*args, **more)

        monkeypatch.setattr(place, attribute, noted)

    note("derive", jwe, "HKDF")
    note("unwrap", jwe, "aes_key_unwrap")
    note("decrypt", jwe, "AESGCM")
    note("derive key again", jwe, "_synthetic")
    note("unpack", jwe, "_unpack")
    monkeypatch.setattr(TOKENS, "_ready", {})
    return taken


ALL = ["derive", "unwrap", "decrypt", "derive key again", "unpack"]


@given(content=st.binary(max_size=5000), rid=st.binary(min_size=16, max_size=16), kind=st.sampled_from([b"rec", b"a"]))
def test_what_is_sealed_opens_to_the_same_and_is_the_same_bytes_each_time(
    content: bytes, rid: bytes, kind: bytes
) -> None:
    name = rid.hex().encode()
    token = TOKENS.seal(kind, name, content)
    assert token == Tokens(KEYS).seal(kind, name, content)
    assert TOKENS.open(kind, token) == (name, content)


def test_a_token_is_what_the_format_says() -> None:
    header, wrapped, nonce, ciphertext, tag = map(unb64u, TOKEN.split(b"."))
    assert header == canonical(FIELDS)
    body = AESGCM(aes_key_unwrap(KEYS.wrapping[2], wrapped)).decrypt(nonce, ciphertext + tag, TOKEN.split(b".")[0])
    assert body[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert len(body) == SMALLEST
    assert zlib.decompressobj(31).decompress(body) == b"what was said " * 20


def test_the_steps_are_taken_in_their_order_and_keys_are_derived_once(steps: list[str]) -> None:
    TOKENS.open(b"rec", TOKEN)
    assert steps == ALL
    TOKENS.open(b"rec", OTHER)
    assert steps == ALL + ALL[1:]


def test_every_change_of_a_single_character_is_refused() -> None:
    for at, there in enumerate(TOKEN):
        for letter in LETTERS + b".=+/ \n\0\xff":
            if letter != there:
                refused(TOKEN[:at] + bytes([letter]) + TOKEN[at + 1 :])


def test_every_truncation_is_refused() -> None:
    for at in range(len(TOKEN)):
        refused(TOKEN[:at])
        refused(TOKEN[at + 1 :])
        refused(TOKEN[:at] + TOKEN[at + 1 :])


@pytest.mark.parametrize("more", [b"\n", b"=", b".", b" ", b"A", b"AAAA", b".AAAA", b"\0", b"." + TOKEN, TOKEN])
def test_whatever_is_put_before_or_behind_is_refused(more: bytes) -> None:
    refused(TOKEN + more)
    refused(more + TOKEN)


def test_every_splice_of_two_tokens_is_refused() -> None:
    for at in range(1, len(TOKEN)):
        for spliced in (TOKEN[:at] + OTHER[at:], OTHER[:at] + TOKEN[at:]):
            if spliced not in (TOKEN, OTHER):
                refused(spliced)
    halves = list(zip(TOKEN.split(b"."), OTHER.split(b"."), strict=True))
    for choice in product((0, 1), repeat=5):
        if 0 < sum(choice) < 5:
            refused(b".".join(both[chosen] for both, chosen in zip(halves, choice, strict=True)))


@settings(max_examples=2000)
@given(data=st.data())
def test_a_token_that_is_edited_in_any_way_is_refused(data: st.DataObject) -> None:
    token = TOKEN
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(token)))
        end = data.draw(st.integers(start, min(len(token), start + 60)))
        piece = data.draw(st.one_of(st.binary(max_size=20), st.sampled_from([OTHER[start:end], token[:start], b"."])))
        token = token[:start] + piece + token[end:]
    if token != TOKEN:
        refused(token) if token != OTHER else None


@settings(max_examples=2000)
@given(
    junk=st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.lists(st.text("Ae0_-", max_size=60), min_size=4, max_size=6).map(".".join).map(str.encode),
    )
)
def test_what_was_never_sealed_is_refused(junk: bytes) -> None:
    refused(junk)


HEADERS = {
    "no algorithm": {**FIELDS, "alg": "none"},
    "the key itself": {**FIELDS, "alg": "dir"},
    "a password": {**FIELDS, "alg": "PBES2-HS256+A128KW", "p2c": 2**31, "p2s": "AAAA"},
    "RSA": {**FIELDS, "alg": "RSA1_5"},
    "shorter keys": {**FIELDS, "alg": "A128KW", "enc": "A128GCM"},
    "CBC": {**FIELDS, "enc": "A256CBC-HS512"},
    "zip": {**FIELDS, "zip": "DEF"},
    "crit": {**FIELDS, "crit": ["exp"]},
    "an empty crit": {**FIELDS, "crit": []},
    "jku": {**FIELDS, "jku": "https://example.org/keys"},
    "jwk": {**FIELDS, "jwk": {"kty": "oct", "k": "AAAA"}},
    "version 2": {**FIELDS, "v": 2},
    "version true": {**FIELDS, "v": True},
    "version 1.0": {**FIELDS, "v": 1.0},
    "version '1'": {**FIELDS, "v": "1"},
    "version null": {**FIELDS, "v": None},
    "version NaN": {**FIELDS, "v": float("nan")},
    "no version": {name: value for name, value in FIELDS.items() if name != "v"},
    "an eighth field": {**FIELDS, "rev": 7},
    "another kind": {**FIELDS, "typ": "netto-blob+jwe"},
    "no kind": {**FIELDS, "typ": "JWE"},
    "no gzip": {**FIELDS, "cty": "json"},
    "a path for a key": {**FIELDS, "kid": "../../keys"},
    "key zero": {**FIELDS, "kid": "a1b2c3d4-0"},
    "the key for names": {**FIELDS, "kid": "a1b2c3d4-name"},
    "a list of keys": {**FIELDS, "kid": ["a1b2c3d4-2"]},
    "a name in capitals": {**FIELDS, "rid": RID.decode().upper()},
    "a short name": {**FIELDS, "rid": "00"},
    "nothing": {},
    "a list": [FIELDS],
    "null": None,
}
TEXTS = {
    "blanks": json.dumps(FIELDS, sort_keys=True).encode(),
    "another order": canonical(dict(reversed(FIELDS.items()))).replace(b'{"alg":"A256KW",', b"{")[:-1]
    + b',"alg":"A256KW"}',
    "a key twice": canonical(FIELDS).replace(b'{"alg"', b'{"alg":"A256KW","alg"'),
    "a key twice, otherwise": canonical(FIELDS)[:-1] + b',"v":2}',
    "NaN": canonical(FIELDS).replace(b'"v":1', b'"v":NaN'),
    "1e0": canonical(FIELDS).replace(b'"v":1', b'"v":1e0'),
    "an escape": canonical(FIELDS).replace(b'"alg"', b'"\\u0061lg"'),
    "nesting": b"[" * 90 + b"]" * 90,
    "bad UTF-8": canonical(FIELDS).replace(b"gzip", b"gz\xffp"),
    "a byte order mark": b"\xef\xbb\xbf" + canonical(FIELDS),
    "a newline": canonical(FIELDS) + b"\n",
    "a zero byte": canonical(FIELDS) + b"\0",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HEADERS)
def test_other_fields_are_refused_before_any_key_is_derived(name: str, steps: list[str]) -> None:
    token = forged(canonical(HEADERS[name]), BODY)
    steps.clear()
    refused(token)
    assert steps == []


@pytest.mark.parametrize("name", TEXTS)
def test_another_text_of_the_header_is_refused_before_any_key_is_derived(name: str, steps: list[str]) -> None:
    token = forged(TEXTS[name], BODY)
    steps.clear()
    refused(token)
    assert steps == []


def test_the_right_header_with_the_same_forging_opens() -> None:
    assert TOKENS.open(b"rec", forged(canonical(FIELDS), BODY)) == (RID, b"forged")


@pytest.mark.parametrize("nesting", [700, 100_000])
def test_deep_nesting_and_long_headers_are_refused_by_their_length(nesting: int, steps: list[str]) -> None:
    refused(b64u(b"[" * nesting) + TOKEN[TOKEN.index(b".") :])
    assert steps == []


@pytest.mark.parametrize("part", range(5))
def test_base64_that_is_not_canonical_is_refused_before_any_key_is_derived(part: int, steps: list[str]) -> None:
    tokens = [TOKENS.seal(b"rec", RID, bytes(range(256)) * size) for size in (1, 4, 8)]
    steps.clear()
    tried = 0
    for token in tokens:
        parts = token.split(b".")
        text = parts[part]
        others = [text + b"=", text + b"==", text[:-1] + b"+", text[:-1] + b"/", text + b"\n", text[:-1] + b" ", b""]
        others += [
            text[:-1] + bytes([letter]) for letter in LETTERS if unb64u(text[:-1] + bytes([letter])) == unb64u(text)
        ]
        for other in set(others) - {text}:
            refused(b".".join([*parts[:part], other, *parts[part + 1 :]]))
            tried += 1
    assert tried >= 18
    assert steps == []


def test_keys_that_are_not_here_are_named_as_such_before_any_is_derived(steps: list[str]) -> None:
    rotated = Tokens(KEYS.rotated()).seal(b"rec", RID, b"content")
    foreign = Tokens(KeySet("ffffffff", {1: b"1" * 32}, b"", b"")).seal(b"rec", RID, b"content")
    steps.clear()
    assert refused(rotated) == NEWER_KEY
    assert "keys that this device does not have" in refused(foreign)
    for kid in ("ffffffff-2", "ffffffff-3", "ffffffff-999999"):
        assert "does not have" in refused(forged(canonical({**FIELDS, "kid": kid}), BODY))
    assert steps.count("unwrap") == 0


def test_what_an_older_key_sealed_stays_readable() -> None:
    old = Tokens(KeySet("a1b2c3d4", {1: b"1" * 32}, b"", b"")).seal(b"rec", RID, b"content")
    assert TOKENS.open(b"rec", old) == (RID, b"content")
    assert old != TOKENS.seal(b"rec", RID, b"content")


def test_another_key_under_the_same_name_fails_at_the_unwrapping(steps: list[str]) -> None:
    token = Tokens(KeySet("a1b2c3d4", {1: b"1" * 32, 2: b"x" * 32}, b"", b"")).seal(b"rec", RID, b"content")
    steps.clear()
    refused(token)
    assert steps == ["derive", "unwrap"]


def test_a_tag_that_is_wrong_fails_at_the_decryption(steps: list[str]) -> None:
    refused(TOKEN[:-22] + OTHER[-22:])
    assert steps == ["derive", "unwrap", "decrypt"]


def test_the_key_of_one_token_seals_no_other(steps: list[str]) -> None:
    header, wrapped, nonce, *_ = TOKEN.split(b".")
    cek = aes_key_unwrap(KEYS.wrapping[2], unb64u(wrapped))
    for iv in (unb64u(nonce), os.urandom(12)):
        sealed = AESGCM(cek).encrypt(iv, BODY, header)
        steps.clear()
        refused(b".".join((header, wrapped, b64u(iv), b64u(sealed[:-16]), b64u(sealed[-16:]))))
        assert "unpack" not in steps


def test_another_key_than_the_derived_one_is_refused_even_with_the_right_nonce() -> None:
    header = TOKEN.split(b".")[0]
    TOKENS.open(b"rec", TOKEN)
    _, nonce = jwe._synthetic(TOKENS._ready[b"a1b2c3d4-2"], header, BODY)
    sealed = AESGCM(b"k" * 32).encrypt(nonce, BODY, header)
    wrapped = aes_key_wrap(KEYS.wrapping[2], b"k" * 32)
    refused(b".".join((header, b64u(wrapped), b64u(nonce), b64u(sealed[:-16]), b64u(sealed[-16:]))))


def test_a_nonce_that_was_chosen_is_refused_even_with_the_right_key() -> None:
    header, wrapped, nonce, ciphertext, tag = TOKEN.split(b".")
    cek = aes_key_unwrap(KEYS.wrapping[2], unb64u(wrapped))
    body = AESGCM(cek).decrypt(unb64u(nonce), unb64u(ciphertext) + unb64u(tag), header)
    sealed = AESGCM(cek).encrypt(b"\0" * 12, body, header)
    refused(b".".join((header, wrapped, b64u(b"\0" * 12), b64u(sealed[:-16]), b64u(sealed[-16:]))))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GZIP[:255],
        bytes(256),
        GZIP[:-1],
        GZIP[:-8] + bytes(8),
        GZIP + b"x",
        GZIP + bytes(200) + b"x",
        GZIP * 2,
        zlib.compress(VARIED),
        VARIED,
    ],
    ids=lambda body: f"{len(body)} bytes, {body[:2].hex()}",
)
def test_a_body_that_is_not_one_gzip_member_and_zero_bytes_is_refused(body: bytes) -> None:
    refused(forged(canonical(FIELDS), body))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("layers", [1, 2])
def test_what_unpacks_to_too_much_is_refused_in_bounded_memory(layers: int) -> None:
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(engine.compress(bytes(LONGEST_CONTENT)) for _ in range(5)) + engine.flush()
    body = bomb * layers  # a second member is not even begun
    token = forged(canonical(FIELDS), body)
    tracemalloc.start()
    try:
        assert "more than 64 MiB" in refused(token)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * LONGEST_CONTENT
    finally:
        tracemalloc.stop()


def test_a_token_that_is_too_long_is_not_even_cut(steps: list[str]) -> None:
    for token in (bytes(LONGEST_TOKEN + 1), b"." * (LONGEST_TOKEN + 1)):
        tracemalloc.start()
        try:
            refused(token)
            assert tracemalloc.get_traced_memory()[1] < 100_000
        finally:
            tracemalloc.stop()
    assert steps == []


def test_a_header_that_is_too_long_is_not_even_decoded(steps: list[str]) -> None:
    _, rest = TOKEN.split(b".", 1)
    token = b"e" * 4_000_000 + b"." + rest
    tracemalloc.start()
    try:
        refused(token)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * len(token)
    finally:
        tracemalloc.stop()
    assert steps == []


def test_the_longest_content_fits_the_longest_token_and_more_is_not_sealed() -> None:
    packed = LONGEST_CONTENT + LONGEST_CONTENT // 1000 + 18  # gzip of what does not compress
    assert padded_size(packed) * 4 / 3 + 400 < LONGEST_TOKEN
    with pytest.raises(InvalidRecord, match="64 MiB"):
        TOKENS.seal(b"rec", RID, bytes(LONGEST_CONTENT + 1))


@given(size=st.integers(0, 2**40))
def test_padding_costs_little_and_settles(size: int) -> None:
    padded = padded_size(size)
    assert padded >= max(size, SMALLEST)
    assert padded <= max(size * 1.12, SMALLEST)
    assert padded_size(padded) == padded
    assert padded_size(size + 1) >= padded


def test_many_lengths_are_one_size() -> None:
    assert len({len(TOKENS.seal(b"rec", RID, os.urandom(size))) for size in range(20, 220)}) == 1
    assert len({padded_size(size) for size in range(100_000, 200_000)}) <= 40


def test_no_two_contents_share_a_key_or_a_nonce() -> None:
    tokens = [
        TOKENS.seal(kind, rid, b"%d" % number)
        for kind in (b"rec", b"blob")
        for rid in (RID, OTHER_RID)
        for number in range(50)
    ]
    for part in (1, 2):
        assert len({token.split(b".")[part] for token in tokens}) == len(tokens)


def test_an_error_says_nothing_of_what_is_sealed_and_of_keys() -> None:
    for token in (forged(canonical(FIELDS), b"secret words" * 40), TOKEN[:-1] + b"A", canonical({"secret": "words"})):
        message = refused(token)
        assert "secret" not in message
        assert RID.decode() not in message
    assert "2222" not in repr(TOKENS)

"""One sealed piece of content as a compact JSON Web Encryption token (RFC 7516), which public tools open.

    token  = b64u(header) . b64u(wrapped CEK) . b64u(IV 12) . b64u(ciphertext) . b64u(tag 16)
    header = {"alg":"A256KW","cty":"gzip","enc":"A256GCM","kid":"a1b2c3d4-2","rid":"<32 hex>","typ":…,"v":1}
    body   = gzip(content), then zero bytes up to a size that tells little (Padmé)
    mac    = HMAC-SHA512(HKDF-SHA256(wrapping key, info "netto/v1/siv"), b64u(header) . "." . body)
    CEK    = mac[0:32], IV = mac[32:44]

Key and nonce come from exactly what is encrypted, so the same content gives the same token everywhere and no nonce
can meet two contents. Two zlib builds may compress differently: both tokens are valid seals of the same content.

A header is one text with three holes. It is compared and not parsed, so no other algorithm, field, number or order
reaches the cryptography.
"""

from __future__ import annotations

import re
import zlib
from binascii import a2b_base64, b2a_base64
from hmac import compare_digest
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from netto_tui.errors import InvalidRecord
from netto_tui.security.envelope import NEWER_KEY
from netto_tui.security.keyset import KEY_BYTES, KeySet

LONGEST_CONTENT = 64 * 1024 * 1024
"""Bytes of content; what unpacks to more is refused."""

LONGEST_TOKEN = LONGEST_CONTENT * 7 // 5
"""Bytes of a token: content that gzip cannot shorten, padded by at most 1/32 at this size, in base64."""

LEVEL = 6
"""Of zlib; another one gives other tokens, which are as valid."""

SMALLEST = 256
"""Bytes of a body: shorter ones are all alike."""

_LEAST_LETTERS = -(-SMALLEST * 4 // 3)
"""Of such a body in base64."""

_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""No name, no time, and the system `unknown`: Python versions differ in what they write there."""

_HEADER = re.compile(
    rb'\{"alg":"A256KW","cty":"gzip","enc":"A256GCM","kid":"([0-9a-f]{8}-[1-9][0-9]{0,5})",'
    rb'"rid":"([0-9a-f]{32})","typ":"netto-([a-z]{1,8})\+jwe","v":1\}'
)
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")
_PADDING = (b"", b"===", b"==", b"=")
"""By how many letters go beyond whole groups of four; there is no text with one."""

_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")
"""By the same: the last letters whose spare bits are zero."""

_NO_TOKEN = "This is not something that netto-tui sealed."  # noqa: S105  # words, not a secret
_BROKEN = "The seal is broken: it was changed, or other keys made it."


class _Key(NamedTuple):
    """A wrapping key, the MAC that makes keys and nonces (only copies of it are fed), and how its headers begin."""

    wrapping: bytes
    mac: HMAC
    head: bytes


class Tokens:
    """Seals and opens with the keys of one set; what is derived from them is kept, and made when first needed."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        self._current = keys.kid(keys.current).encode()
        self._ready: dict[bytes, _Key] = {}

    def seal(self, kind: bytes, rid: bytes, content: bytes) -> bytes:
        """The token of some content.

        kind: of content, a word of the `typ`; rid: 32 hex digits, by which the content is known outside.
        Raises InvalidRecord for content over LONGEST_CONTENT.
        """
        if len(content) > LONGEST_CONTENT:
            raise InvalidRecord(f"Content over {LONGEST_CONTENT >> 20} MiB cannot be sealed.")
        key = self._ready.get(self._current) or self._derive(self._current)
        body = _pack(content)
        header = _text(b'%b%b","typ":"netto-%b+jwe","v":1}' % (key.head, rid, kind))
        cek, nonce = _synthetic(key, header, body)
        sealed = AESGCM(cek).encrypt(nonce, body, header)
        wrapped = aes_key_wrap(key.wrapping, cek)
        return b".".join((header, _text(wrapped), _text(nonce), _text(sealed[:-16]), _text(sealed[-16:])))

    def open(self, kind: bytes, token: bytes) -> tuple[bytes, bytes]:
        """The rid and the content of a token. Whoever asks still has to check that they belong together.

        Raises InvalidRecord for all that is not the seal of this kind of content by these keys, with the message
        NEWER_KEY for a later key of the same vault.
        Cheap checks come first: nothing is derived, decrypted or unpacked for what is not a token at all.
        """
        header, wrapped, nonce, ciphertext, tag = _cut(token)
        named = _HEADER.fullmatch(_bytes(header))
        if named is None or named[3] != kind:
            raise InvalidRecord(_NO_TOKEN)
        parts = _bytes(wrapped), _bytes(nonce), _bytes(ciphertext) + _bytes(tag)
        key = self._ready.get(named[1]) or self._derive(named[1])
        return named[2], _unpack(_decrypted(key, header, *parts))

    def _derive(self, kid: bytes) -> _Key:
        prefix, number = kid.decode().split("-")
        if prefix != self._keys.prefix or int(number) not in self._keys.wrapping:
            newer = prefix == self._keys.prefix and int(number) > self._keys.current
            raise InvalidRecord(NEWER_KEY if newer else "It was sealed with keys that this device does not have.")
        wrapping = self._keys.wrapping[int(number)]
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"netto/v1/siv").derive(wrapping)
        head = b'{"alg":"A256KW","cty":"gzip","enc":"A256GCM","kid":"%b","rid":"' % kid
        self._ready[kid] = _Key(wrapping, HMAC(derived, SHA512()), head)
        return self._ready[kid]


def padded_size(size: int) -> int:
    """The bytes of a body of so many bytes: at least SMALLEST, then at most 6.3 % more.

    Padmé, from "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs" (Nikitin et al., 2019).
    """
    if size <= SMALLEST:
        return SMALLEST
    exponent = size.bit_length() - 1
    unit = 1 << (exponent - exponent.bit_length())
    return -(-size // unit) * unit


def _cut(token: bytes) -> list[bytes]:
    """The five parts of a token, each of a length that it can have. Raises InvalidRecord."""
    parts = token.split(b".", 5) if len(token) <= LONGEST_TOKEN else []
    if len(parts) == 5:
        header, wrapped, nonce, ciphertext, tag = map(len, parts)
        if header <= 260 and (wrapped, nonce, tag) == (54, 16, 22) and ciphertext >= _LEAST_LETTERS:
            return parts
    raise InvalidRecord(_NO_TOKEN)


def _pack(content: bytes) -> bytes:
    packed = zlib.compress(content, LEVEL, 31)
    return b"".join((_GZIP_HEAD, memoryview(packed)[10:], bytes(padded_size(len(packed)) - len(packed))))


def _unpack(body: bytes) -> bytes:
    engine = zlib.decompressobj(31)
    try:
        content = engine.decompress(body, LONGEST_CONTENT + 1)
    except zlib.error:
        raise InvalidRecord("What was sealed cannot be unpacked.") from None
    if len(content) > LONGEST_CONTENT:
        raise InvalidRecord(f"What was sealed unpacks to more than {LONGEST_CONTENT >> 20} MiB.")
    if not engine.eof or engine.unused_data.strip(b"\0"):
        raise InvalidRecord("What was sealed is cut short, or followed by something else.")
    return content


def _synthetic(key: _Key, header: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The content encryption key and the nonce for exactly these bytes."""
    mac = key.mac.copy()
    mac.update(header)
    mac.update(b".")
    mac.update(body)
    made = mac.finalize()
    return made[:32], made[32:44]


def _decrypted(key: _Key, header: bytes, wrapped: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """The body, which nobody without the wrapping key made: not even with the CEK of another token."""
    try:
        cek = aes_key_unwrap(key.wrapping, wrapped)
        body = AESGCM(cek).decrypt(nonce, sealed, header)
    except (InvalidUnwrap, InvalidTag):
        raise InvalidRecord(_BROKEN) from None
    right, right_nonce = _synthetic(key, header, body)
    if not compare_digest(right, cek) or nonce != right_nonce:
        raise InvalidRecord(_BROKEN)
    return body


def _text(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    """The inverse of _text. Raises InvalidRecord for anything that _text does not write."""
    beyond = len(text) % 4
    if beyond and text[-1] not in _LAST[beyond]:
        raise InvalidRecord(_NO_TOKEN)
    try:
        return a2b_base64(text.translate(_FROM_URL) + _PADDING[beyond], strict_mode=True)
    except ValueError:
        raise InvalidRecord(_NO_TOKEN) from None

"""The key set, sealed with the key of this device: a compact JWE (RFC 7516), A256KW and A256GCM."""

from __future__ import annotations

import base64
import binascii
import os

from netto_tui.errors import InvalidRecord
from netto_tui.security import keyset
from netto_tui.security.keyset import KeySet

HEADER = b'{"alg":"A256KW","cty":"jwk-set+json","enc":"A256GCM","typ":"netto-keys+jwe"}'
_MOST = 128 * 1024


def seal_device_file(keys: KeySet, key: bytes) -> bytes:
    """key: 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    once, start = os.urandom(32), os.urandom(12)
    header = _text(HEADER)
    sealed = AESGCM(once).encrypt(start, keys.encode(), header)
    return b".".join([header, *map(_text, (aes_key_wrap(key, once), start, sealed[:-16], sealed[-16:]))])


def open_device_file(data: bytes, key: bytes) -> KeySet:
    """The inverse of seal_device_file. Raises InvalidRecord for another key, or where a bit was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    try:
        header, wrapped, start, sealed, tag = data[:_MOST].split(b".")
        if header != _text(HEADER):
            raise ValueError("another format")
        once = aes_key_unwrap(key, _bytes(wrapped))
        return keyset.decode(AESGCM(once).decrypt(_bytes(start), _bytes(sealed) + _bytes(tag), header))
    except (ValueError, binascii.Error, InvalidTag, InvalidUnwrap):
        raise InvalidRecord("The keys of this vault do not open with the key of this device.") from None


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)

"""Tokens as somebody with the keys could make them, with any header and any body."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from netto_tui.security import jwe
from netto_tui.security.jwe import Tokens
from netto_tui.security.keyset import KeySet


def b64u(data: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def unb64u(text: bytes) -> bytes:
    """The inverse, which takes what is not canonical as well."""
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def canonical(fields: object) -> bytes:
    """JSON with sorted keys and no blanks."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def forged(header: bytes, body: bytes, key: bytes) -> bytes:
    """A token of these bytes that is right in all else. key: 32 bytes, whatever the header says of it."""
    text = b64u(header)
    derived = Tokens(KeySet("00000000", {1: key}, b"", b""))._derive(b"00000000-1")
    cek, nonce = jwe._synthetic(derived, text, body)
    sealed = AESGCM(cek).encrypt(nonce, body, text)
    return b".".join((text, b64u(aes_key_wrap(key, cek)), b64u(nonce), b64u(sealed[:-16]), b64u(sealed[-16:])))

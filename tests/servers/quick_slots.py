"""Key slots that take no seconds: age files as the library makes them, with little work for scrypt.

pyrage chooses the work by the machine's speed and leaves no choice, so tests that need many slots make them here,
after https://age-encryption.org/v1; they are opened by pyrage all the same.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from netto_tui.security import custody, device_key
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret

VAULT = "v_" + "ab12cd34" * 4
OTHER_VAULT = "v_" + "99887766" * 4

WORK = 4
"""The base-2 logarithm of scrypt's work."""


def seal(keys: KeySet, secret: Secret | RecoveryCode) -> bytes:
    """In the place of netto_tui.security.slots.seal."""
    words = (secret.text if isinstance(secret, RecoveryCode) else secret).reveal()
    return encrypt(keys.encode(), words)


def encrypt(content: bytes, passphrase: str, work: int = WORK) -> bytes:
    """An age file of up to 64 KiB that a passphrase opens."""
    file_key, salt, nonce = (secrets.token_bytes(16) for _ in range(3))
    wrapping = Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, 2**work, 8, 1).derive(passphrase.encode())
    wrapped = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (_text(salt), work, _text(wrapped))
    mac = hmac.digest(_derive(file_key, None, b"header"), header, "sha256")
    payload = ChaCha20Poly1305(_derive(file_key, nonce, b"payload")).encrypt(bytes(11) + b"\1", content, None)
    return b"%b %b\n%b%b" % (header, _text(mac), nonce, payload)


def forget() -> None:
    """Let this process have no keys in memory, as one that was just started."""
    custody._loaded.clear()
    custody._device_keys.clear()
    device_key._given.clear()


def _derive(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")

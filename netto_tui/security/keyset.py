"""The keys of a vault, as one JSON Web Key Set (RFC 7517): what every slot holds.

    oct <vault>-1 … -n   wrap the keys of records; the last is the one that is used now
    oct <vault>-name     makes names on replicas; never exchanged, else every name would change
    OKP <vault>-sign     Ed25519, signs heads
    oct <vault>-code     the 16 bytes of the recovery code, so that its slot can be sealed anew after a
                         rotation and the kit printed again; whoever has the set has all that the code opens

<vault> is the first eight digits of the vault's id. Records that an older key sealed stay readable.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NoReturn

from netto_tui.errors import InvalidRecord

KEY_BYTES = 32
CODE_BYTES = 16

_VAULT = re.compile(r"v_([0-9a-f]{8})[0-9a-f]{24}")
_KID = re.compile(r"([0-9a-f]{8})-([1-9][0-9]{0,5}|name|sign|code)")


@dataclass(frozen=True, repr=False)
class KeySet:
    """All keys of one vault. It does not show itself when something prints or logs it.

    prefix: what key ids begin with. wrapping: 32 bytes each, by number, from 1 on without a gap.
    name, sign: 32 bytes each; sign is the seed of the Ed25519 key. code: 16 bytes, or none.
    """

    prefix: str
    wrapping: Mapping[int, bytes]
    name: bytes
    sign: bytes
    code: bytes = b""

    @property
    def current(self) -> int:
        """The number of the key that seals now."""
        return max(self.wrapping)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that stand for the vault's keys, the same after every rotation."""
        return hmac.digest(self.name, b"netto/v1/fingerprint", sha256).hex()[:16]

    @property
    def public(self) -> bytes:
        """The public key that proves heads, 32 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.sign).public_key().public_bytes_raw()

    def kid(self, number: int | str) -> str:
        """The id of a key: of a number, `name` or `sign`."""
        return f"{self.prefix}-{number}"

    def rotated(self) -> KeySet:
        """The same keys and one more to seal with."""
        added = {**self.wrapping, self.current + 1: secrets.token_bytes(KEY_BYTES)}
        return replace(self, wrapping=added)

    def with_code(self, code: bytes) -> KeySet:
        """The same keys, and another recovery code."""
        return replace(self, code=code)

    def covers(self, other: KeySet) -> bool:
        """Whether these open all that the other ones open."""
        mine = (self.prefix, self.name, self.sign)
        return mine == (other.prefix, other.name, other.sign) and other.wrapping.items() <= self.wrapping.items()

    def encode(self) -> bytes:
        """As a JWK set: canonical JSON."""
        keys: list[dict[str, str]] = [
            {"alg": "A256KW", "k": _text(key), "kid": self.kid(number), "kty": "oct"}
            for number, key in sorted(self.wrapping.items())
        ]
        keys.append({"k": _text(self.name), "kid": self.kid("name"), "kty": "oct"})
        keys.append(
            {"crv": "Ed25519", "d": _text(self.sign), "kid": self.kid("sign"), "kty": "OKP", "x": _text(self.public)}
        )
        if self.code:
            keys.append({"k": _text(self.code), "kid": self.kid("code"), "kty": "oct"})
        return json.dumps({"keys": keys}, sort_keys=True, separators=(",", ":")).encode()

    def __repr__(self) -> str:
        return f"KeySet({self.prefix}…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Keys are not written into a file like that.")


def new_keys(vault: str) -> KeySet:
    """Fresh keys for the vault of an id `v_…`."""
    found = _VAULT.fullmatch(vault)
    if found is None:
        raise ValueError("that is no id of a vault")
    first, name, sign = (secrets.token_bytes(KEY_BYTES) for _ in range(3))
    return KeySet(found[1], {1: first}, name, sign, secrets.token_bytes(CODE_BYTES))


def decode(data: bytes) -> KeySet:
    """The inverse of KeySet.encode. Raises InvalidRecord, with nothing of the content in it."""
    try:
        return _decode(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidRecord("The keys of the vault are damaged.") from None


def _decode(found: Any) -> KeySet:
    wrapping: dict[int, bytes] = {}
    other: dict[str, bytes] = {}
    prefixes = set()
    for key in found["keys"]:
        match = _KID.fullmatch(key["kid"])
        if match is None:
            continue  # a newer version's
        prefixes.add(match[1])
        if match[2] == "sign":
            other["sign"] = _bytes(key["d"])
        elif match[2] == "name":
            other["name"] = _bytes(key["k"])
        elif match[2] == "code":
            other["code"] = _bytes(key["k"], CODE_BYTES)
        else:
            wrapping[int(match[2])] = _bytes(key["k"])
    (prefix,) = prefixes
    if sorted(wrapping) != list(range(1, len(wrapping) + 1)) or not wrapping:
        raise ValueError("a key is missing")
    return KeySet(prefix, wrapping, other["name"], other["sign"], other.get("code", b""))


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def _bytes(text: str, size: int = KEY_BYTES) -> bytes:
    key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(key) != size or _text(key) != text:
        raise ValueError("no key")
    return key

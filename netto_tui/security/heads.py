"""Signed heads: what a device says of a replica's branch after it wrote there.

A head is one compact JWS (RFC 7515, EdDSA with Ed25519, RFC 8037) over canonical JSON:

    {"at","before","branch","count","device","lost","others","previous","replica","root","seq","v","vault"}

Each head names the one before it, so the heads of a branch are a chain, and `others` tells how far the vault's other
replicas were: a witness. Whoever has the public key can prove all of it; the keys of the vault are not needed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from netto_tui.errors import InvalidRecord

Fault = Literal["rolled-back", "forked", "dropped", "foreign-signer", "swapped", "unsigned", "tampered", "frozen"]
"""What an attack on a replica is called."""

LIMIT = 8192
"""Characters of a token at most, which the rules of Firestore ask for too."""

TRAIL = 16
"""A head names so many before it, so that one who missed some still finds its own among them."""

WITNESSED = 32
"""Of so many branches of other replicas a head tells at most."""

DEVICE_LETTERS = 64

_PREFIX_DIGITS = 16
_HEADER = base64.urlsafe_b64encode(b'{"alg":"EdDSA","typ":"netto-head+jws"}').rstrip(b"=").decode()
_TOKEN = re.compile(re.escape(_HEADER) + r"\.([A-Za-z0-9_-]{2,8000})\.([A-Za-z0-9_-]{86})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROOT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = re.compile(r"[0-9a-f]{16}")
_VAULT = re.compile(r"v_[0-9a-f]{32}")
_REPLICA = re.compile(r"r_[0-9a-f]{32}")
_BRANCH = re.compile(r"[A-Za-z0-9_-]{1,64}(?:/[A-Za-z0-9_-]{1,64})?")
_INSTANT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z")
_FIELDS = frozenset(
    ("at", "before", "branch", "count", "device", "lost", "others", "previous", "replica", "root", "seq", "v", "vault")
)
_MOST = 2**53 - 1


class Unsigned(InvalidRecord):
    """What should be a head is none."""


class ForeignSigner(InvalidRecord):
    """A head that the vault's key did not sign, or that was changed since."""


class Place(NamedTuple):
    """One head in a chain: its number, and the SHA-256 of its token."""

    seq: int
    sha256: str


@dataclass(frozen=True)
class Head:
    """What a head says.

    root: hex, of everything on the branch: in Git the id of the tree, in Firestore a digest of all headers. count:
    files of conversations, or messages. at: RFC 3339 by the device's clock. previous: SHA-256 of the head before, ""
    for the first. before: heads before it, newest first, by number and the first 16 digits of their SHA-256. lost: the
    latest head that was known once and is not there any more, where a device goes on beyond a roll-back. others:
    by replica and branch the latest heads that the device knows there.
    """

    vault: str
    replica: str
    branch: str
    device: str
    seq: int
    previous: str
    root: str
    count: int
    at: str
    before: tuple[tuple[int, str], ...] = ()
    lost: Place | None = None
    others: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)

    def follows(self, known: Place, sha256: str, *, is_next: bool = False) -> Fault | Literal[""]:
        """What is wrong when this head, whose token has that SHA-256, stands where a known one stood; "" for nothing.

        It is the known one, or a later one that names it; one that is too far behind to be named is believed.
        is_next: the known one has to be the very one before it.
        """
        if self.seq == known.seq:
            return "" if sha256 == known.sha256 else "forked"
        if self.seq < known.seq:
            return "rolled-back"
        for seq, brief in self.before:
            if seq == known.seq:
                there = brief == short(known.sha256)
                return ("dropped" if is_next and self.previous != known.sha256 else "") if there else "forked"
            if seq < known.seq:
                break
        newest, oldest = (self.before[0][0], self.before[-1][0]) if self.before else (0, 0)
        if self.lost is not None and newest < known.seq <= self.lost.seq:
            return "rolled-back"
        return "dropped" if known.seq > oldest or len(self.before) < TRAIL else ""


def sign(head: Head, seed: bytes) -> str:
    """The token of a head; the same head and key give the same bytes. seed: 32 bytes, of an Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    body = f"{_HEADER}.{_text(_encode(head))}"
    token = f"{body}.{_text(Ed25519PrivateKey.from_private_bytes(seed).sign(body.encode()))}"
    if len(token) > LIMIT:
        raise ValueError("the head is too long")
    return token


def read(token: str, public: bytes) -> Head:
    """What a token says, proven with the 32 bytes of the public key. Raises Unsigned, ForeignSigner."""
    payload, signature = _parts(token)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, token.rpartition(".")[0].encode())
    except InvalidSignature:
        raise ForeignSigner("A head is not signed by the key of this vault.") from None
    return _decode(payload)


def peek(token: str) -> Head:
    """What a token says, not proven. Raises Unsigned."""
    return _decode(_parts(token)[0])


def sha256_of(token: str) -> str:
    """By what the next head names this one."""
    return hashlib.sha256(token.encode()).hexdigest()


def follow_up(previous: str, head: Head) -> tuple[tuple[int, str], ...]:
    """The `before` of a head that comes after the token of another."""
    return ((head.seq, short(sha256_of(previous))), *head.before)[:TRAIL]


def short(sha256: str) -> str:
    """How `before` has the SHA-256 of a head."""
    return sha256[:_PREFIX_DIGITS]


def text_of(public: bytes) -> str:
    """A public key as people and workflows write it: the `x` of its JWK, 43 characters."""
    return _text(public)


def public_of(text: str) -> bytes:
    """The inverse of text_of. Raises ValueError."""
    key = _bytes(text)
    if len(key) != 32:
        raise ValueError("no public key")
    return key


def _encode(head: Head) -> bytes:
    told = {
        "at": head.at,
        "before": [list(each) for each in head.before],
        "branch": head.branch,
        "count": head.count,
        "device": head.device[:DEVICE_LETTERS],
        "lost": list(head.lost) if head.lost else None,
        "others": {name: {b: list(place) for b, place in told.items()} for name, told in head.others.items()},
        "previous": head.previous,
        "replica": head.replica,
        "root": head.root,
        "seq": head.seq,
        "v": 1,
        "vault": head.vault,
    }
    return _canonical(told)


def _canonical(told: Any) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _parts(token: str) -> tuple[bytes, bytes]:
    """Payload and signature of a token. Raises Unsigned for anything but the one form that a token has."""
    match = _TOKEN.fullmatch(token) if len(token) <= LIMIT else None
    try:
        if match is None:
            raise ValueError("no token")
        return _bytes(match[1]), _bytes(match[2])
    except ValueError:
        raise Unsigned("What should be a signed head is none.") from None


def _decode(payload: bytes) -> Head:
    try:
        told = json.loads(payload)
        if _canonical(told) != payload or told.keys() != _FIELDS or type(told["v"]) is not int or told["v"] != 1:
            raise ValueError("not canonical")
        return Head(
            vault=_matching(_VAULT, told["vault"]),
            replica=_matching(_REPLICA, told["replica"]),
            branch=_matching(_BRANCH, told["branch"]),
            device=_short_text(told["device"]),
            seq=_number(told["seq"], 1),
            previous=_matching(_DIGEST, told["previous"]) if told["previous"] != "" else "",
            root=_matching(_ROOT, told["root"]),
            count=_number(told["count"], 0),
            at=_matching(_INSTANT, told["at"]),
            before=tuple(_earlier(*each) for each in _few(told["before"], TRAIL)),
            lost=None if told["lost"] is None else _place(*told["lost"]),
            others=_witness(told["others"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unsigned("What should be a signed head is none.") from None


def _witness(told: Any) -> dict[str, dict[str, Place]]:
    found = {
        _matching(_REPLICA, name): {_matching(_BRANCH, branch): _place(*place) for branch, place in branches.items()}
        for name, branches in told.items()
    }
    if sum(len(branches) for branches in found.values()) > WITNESSED:
        raise ValueError("too many")
    return found


def _place(seq: Any, sha256: Any) -> Place:
    return Place(_number(seq, 1), _matching(_DIGEST, sha256))


def _earlier(seq: Any, short: Any) -> tuple[int, str]:
    return _number(seq, 1), _matching(_SHORT, short)


def _few(found: Any, most: int) -> list[Any]:
    if not isinstance(found, list) or len(found) > most:
        raise ValueError("no such list")
    return found


def _number(found: Any, least: int) -> int:
    if type(found) is not int or not least <= found <= _MOST:
        raise ValueError("no such number")
    return found


def _matching(pattern: re.Pattern[str], found: Any) -> str:
    if not isinstance(found, str) or not pattern.fullmatch(found):
        raise ValueError("no such text")
    return found


def _short_text(found: Any) -> str:
    if not isinstance(found, str) or len(found) > DEVICE_LETTERS:
        raise ValueError("no such text")
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(data) != text:
        raise ValueError("not canonical")
    return data

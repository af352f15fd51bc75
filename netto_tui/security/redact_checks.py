"""Telling a credential from what only looks like one: chance, structure and checksums.

A value made by a machine is told from words, placeholders and counted-up examples by the number of
signs that it uses, by their order, and by how often pairs of letters of English follow each other.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from itertools import pairwise

LOOKED_AT = 128
"""Characters of a value that the checks read; more says nothing new."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_PLACEHOLDERS = (
    *("example", "placeholder", "your-", "your_", "your ", "yourtoken", "yourkey", "yourpass", "yoursecret", "xxxx"),
    *("***", "...", "…", "${", "$(", "{{", "%(", "redacted", "insert-", "insert_", "replace-", "replace_", "replaceme"),
    *("changeme", "change-me", "change_me", "changethis", "dummy", "●", "•", "‹"),
)
"""What documentation writes where a value would stand, in small letters."""

_ENGLISH = """
th he in er re an on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea
ra ce li ch ll be ma si om ur et el la us ec ss pe lo ol ke ey ta so ac no mo ot wo rd cr
"""
_COMMON_PAIRS = frozenset(_ENGLISH.split())
"""Pairs of letters that make up about six tenths of English prose, and a tenth of random letters."""

_HEX = re.compile(r"[0-9a-fA-F]+")
_LETTER_RUNS = re.compile(r"[A-Za-z]{2,}")
_WORD_SHARE = 0.38
_ORDER_SHARE = 0.4
_CHANGE_SHARE = 0.42


def is_placeholder(value: str) -> bool:
    """Whether a value says that another one belongs in its place, such as `<YOUR_TOKEN>` or `sk-xxxx`."""
    value = value[:LOOKED_AT].lower()
    framed = "<" in value and value.rstrip(".,;").endswith(">")
    return framed or len(set(value)) <= 2 or any(word in value for word in _PLACEHOLDERS)


def is_random(value: str, length: int = 16) -> bool:
    """Whether a value of at least some length was probably made by a machine."""
    value = value[:LOOKED_AT]
    return len(value) >= length and is_varied(value) and not _is_wordy(value)


def is_varied(value: str) -> bool:
    """Whether a value is neither a placeholder, nor a few signs again and again, nor counted up."""
    value = value[:LOOKED_AT]
    if is_placeholder(value):
        return False
    return _bits(value) >= _expected_bits(value) and _ordered(value) < _ORDER_SHARE


def _bits(value: str) -> float:
    """Shannon's entropy of the signs of a value, in bits for each."""
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def _expected_bits(value: str) -> float:
    """The entropy below which a random value of this length falls less than once in some thousands."""
    signs = 10 if value.isdigit() else 16 if _HEX.fullmatch(value) else 36
    return 0.72 * math.log2(min(signs, max(2, len(value))))


def _ordered(value: str) -> float:
    """The share of signs that repeat or follow the one before, as in `aaaa1234`."""
    return sum(ord(b) - ord(a) in (0, 1) for a, b in pairwise(value)) / max(1, len(value) - 1)


def _is_wordy(value: str) -> bool:
    """Whether the letters of a value follow each other as in English, in runs of one case."""
    if _HEX.fullmatch(value) or _changes(value) > _CHANGE_SHARE:
        return False
    pairs = [run[at : at + 2] for run in _LETTER_RUNS.findall(value.lower()) for at in range(len(run) - 1)]
    return len(pairs) >= 4 and sum(pair in _COMMON_PAIRS for pair in pairs) / len(pairs) > _WORD_SHARE


def _changes(value: str) -> float:
    """The share of places at which small letters, capitals and digits follow each other; about 0.6 by chance."""
    kinds = [(one.islower(), one.isupper(), one.isdigit()) for one in value]
    changes = sum(a != b and any(a) and any(b) for a, b in pairwise(kinds))
    return changes / max(1, len(value) - 1)


def has_crc32(token: str) -> bool:
    """Whether the last six characters of a token are the CRC-32 of those after its prefix, in base 62.

    GitHub describes it in "Behind GitHub's new authentication token formats" (2021); npm does the same.
    """
    body = token[token.rfind("_") + 1 :]
    return len(body) > 6 and body[-6:] == crc32_letters(body[:-6])


def crc32_letters(body: str) -> str:
    """The CRC-32 of an ASCII text as six digits of base 62."""
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        letters = _BASE62[digit] + letters
    return letters


def decoded(text: str) -> bytes:
    """Bytes of base64 in either alphabet, padded or not; empty where it is none."""
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_jwt(token: str) -> bool:
    """Whether a token is a signed or sealed JSON Web Token: its header is a JSON object that names an algorithm."""
    header = decoded(token.partition(".")[0])
    try:
        fields = json.loads(header) if len(header) <= 4096 else None
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and isinstance(fields.get("alg"), str) and fields["alg"].lower() != "none"


def is_pair(text: str) -> bool:
    """Whether base64 holds `name:password`, as in basic authentication."""
    name, colon, password = decoded(text[:LOOKED_AT]).partition(b":")
    if not colon or not (name + password).isascii():
        return False
    return len(password) >= 4 and (name + password).decode().isprintable() and not is_placeholder(password.decode())

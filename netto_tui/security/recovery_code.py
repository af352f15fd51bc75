"""The recovery code: 28 characters on paper that open every sealed replica.

128 bits of chance and 12 check bits, in Crockford's base 32 (https://www.crockford.com/base32.html): no I, L,
O or U. The check bits are a CRC of width 12, so each wrong character and each swap of two neighbours is noticed
(a CRC finds every burst no longer than itself); of other mistakes, one in 4,096 is not.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import NoReturn

from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.security.secret import Secret

CODE_BYTES = 16
LETTERS = 28
GROUP = 4

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BLANKS = re.compile(r"[\s\u00ad\u200b\ufeff_.-]|[\u2010-\u2015\u2212]")
_CHECK_BITS = 12
_POLYNOMIAL = 0x80F
_START = 0xFFF


class RecoveryCode:
    """16 bytes that a person keeps. It does not show itself when something prints or logs it."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        if len(data) != CODE_BYTES:
            raise ValueError("a recovery code has 16 bytes")
        self.data = data

    @property
    def text(self) -> Secret:
        """As it is printed, `XXXX-XXXX-…`, seven groups of four: this very text, dashes and all, opens the slot."""
        bits = int.from_bytes(self.data, "big") << _CHECK_BITS | _check(self.data)
        letters = "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(LETTERS)))
        return Secret("-".join(letters[start : start + GROUP] for start in range(0, LETTERS, GROUP)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecoveryCode) and hmac.compare_digest(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]  # no key of a mapping

    def __repr__(self) -> str:
        return "RecoveryCode(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A recovery code is not written into a file like that.")


def new_code() -> RecoveryCode:
    """A fresh code."""
    return RecoveryCode(secrets.token_bytes(CODE_BYTES))


def looks_like_code(typed: Secret) -> bool:
    """Whether it may be meant as a code: of about its length, and all letters and digits."""
    letters = _BLANKS.sub("", typed.reveal())
    return letters.isalnum() and abs(len(letters) - LETTERS) <= GROUP


def parse(typed: Secret) -> RecoveryCode:
    """Read what a person typed; case, blanks, dashes and the likes of O for 0 are forgiven.

    Raises UsageError, which says what kind of mistake it is and nothing of what was typed.
    """
    letters = _BLANKS.sub("", typed.reveal()).upper()
    for place, letter in enumerate(letters):
        if letter not in _VALUES:
            where = f"character {place % GROUP + 1} of group {place // GROUP + 1}"
            message = f"That is no recovery code: {where} is none of the letters and digits of a code."
            raise UsageError(message, remedy="Compare it with the paper; a code has no U and no signs.")
    if len(letters) != LETTERS:
        message = f"That is no recovery code: it has {many(len(letters), 'character')}, and a code has {LETTERS}."
        raise UsageError(message, remedy="Type all seven groups of four.")
    bits = 0
    for letter in letters:
        bits = bits << 5 | _VALUES[letter]
    data = (bits >> _CHECK_BITS).to_bytes(CODE_BYTES, "big")
    if _check(data) != bits & ((1 << _CHECK_BITS) - 1):
        message = "The recovery code does not add up: a character is wrong, or two are swapped."
        raise UsageError(message, remedy="Compare it with the paper, group by group.")
    return RecoveryCode(data)


def _check(data: bytes) -> int:
    """The CRC-12 of some bytes: polynomial 0x80F, begun with ones so that no run of zeros is its own check."""
    rest = _START
    for byte in data:
        for place in range(7, -1, -1):
            out = (rest >> (_CHECK_BITS - 1)) ^ ((byte >> place) & 1)
            rest = ((rest << 1) & _START) ^ (_POLYNOMIAL if out else 0)
    return rest

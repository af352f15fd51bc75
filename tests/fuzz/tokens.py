"""Hostile bytes against what opens seals.

Five ways in, chosen by the first byte: any bytes, an edited token, an edited blob, and a header or a body that somebody
with the keys made. What opens must be what was sealed; all else must be InvalidRecord, and nothing else.
"""

from __future__ import annotations

from netto_tui.errors import InvalidRecord
from netto_tui.security.envelope import Sealed
from netto_tui.security.jwe import LONGEST_CONTENT, Tokens
from tests.unit.security.forging import forged
from tests.vectors import make

SEALED = Sealed(lambda: make.KEYS)
TOKENS = Tokens(make.KEYS)
RECORD = make.records()[1]
TOKEN = SEALED.seal(RECORD.line)
BLOB = SEALED.seal_blob(b"a small blob")
HEADER = (
    b'{"alg":"A256KW","cty":"gzip","enc":"A256GCM","kid":"0badc0de-1","rid":"%032d","typ":"netto-rec+jwe","v":1}' % 0
)


def attempt(data: bytes) -> None:
    """One input. Raises AssertionError for what opens and should not."""
    way, data = data[:1], data[1:]
    try:
        if way < b"\x40":
            assert SEALED.open(data) == RECORD.line and data == TOKEN
        elif way < b"\x80":
            token = edited(TOKEN, data)
            assert SEALED.open(token) == RECORD.line and token == TOKEN
        elif way < b"\xc0":
            blob = edited(BLOB, data)
            assert SEALED.open_blob(blob) == b"a small blob" and blob == BLOB
        elif way < b"\xe0":
            assert TOKENS.open(b"rec", forged(data, b"\0" * 256, make.FIRST)) is None
        else:
            _, content = TOKENS.open(b"rec", forged(HEADER, data.ljust(256, b"\0"), make.FIRST))
            assert len(content) <= LONGEST_CONTENT
    except InvalidRecord:
        pass


def edited(token: bytes, data: bytes) -> bytes:
    """A token in which a stretch is another: two bytes say where it begins, one how long it is."""
    start, length = int.from_bytes(data[:2], "big") % (len(token) + 1), (data[2:3] or b"\0")[0]
    return token[:start] + data[3:] + token[start + length :]


def seeds() -> list[bytes]:
    """Something to begin with: each way once."""
    return [b"\0" + TOKEN, b"\x50\0\0\0", b"\x90\0\0\0", b"\xc8" + HEADER, b"\xf0\x1f\x8b\x08"]

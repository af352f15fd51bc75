"""The seam between records and what a remote sees of them.

A replica stores only what an envelope gave it, and reads only through it. Plain replicas use
`PLAIN`, sealed ones `Sealed`: there a record is one token (security/jwe.py) and a blob is lines of them,

    {"count":2,"sha256":"…","size":700000}      the manifest, sealed under the blob's own name
    part 1, part 2                              each sealed under a name made of the blob, its place and the count

and names are keyed hashes, so that nobody without the keys can tell or guess what they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from netto_tui.errors import InvalidRecord
from netto_tui.model.revision import split_line

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hmac import HMAC

    from netto_tui.security.jwe import Tokens
    from netto_tui.security.keyset import KeySet

UNSEALED = "A record lies here unsealed, on a replica that holds sealed records only."
"""The message of the error for plain content on a sealed replica: nobody with the keys puts it there."""

NEWER_KEY = "It was sealed with a newer key of this vault than this device has."
"""The message of the error for what another device sealed after it made a key."""

PART_BYTES = 448 * 1024
"""Bytes of a blob in one part; with what gzip and padding add at worst, a sealed part stays below 480 KiB."""

_RECORD = re.compile(rb'\{"id":"([0-9a-f]{64})","rev":')
_MANIFEST = re.compile(rb'\{"count":([0-9]{1,6}),"sha256":"([0-9a-f]{64})","size":([0-9]{1,15})\}')


class Envelope(Protocol):
    """Seals bytes for a replica, opens what comes back, and names things for it."""

    readable: bool
    """Whether people may read the replica as it lies; if so it carries `memory/` as well."""

    screened: bool
    """Whether what holds a credential is left out, since strangers may come to read the replica."""

    def seal(self, line: bytes) -> bytes:
        """The stored form of a record line, in one line without a newline. Raises InvalidRecord, Locked."""
        ...

    def open(self, line: bytes) -> bytes:
        """The inverse of seal. Raises InvalidRecord for what was not sealed here, Locked without the keys."""
        ...

    def seal_blob(self, data: bytes) -> bytes:
        """The stored form of a blob. Raises Locked."""
        ...

    def open_blob(self, data: bytes) -> bytes:
        """The inverse of seal_blob. Raises InvalidRecord for what was not sealed here, Locked without the keys."""
        ...

    def name(self, name: str) -> str:
        """The name under which a conversation, record or blob is stored: letters, digits, `_` only. Raises Locked."""
        ...


class _Plain:
    readable = True

    def __init__(self, *, screened: bool) -> None:
        self.screened = screened

    def seal(self, line: bytes) -> bytes:
        return line

    def open(self, line: bytes) -> bytes:
        return line

    def seal_blob(self, data: bytes) -> bytes:
        return data

    def open_blob(self, data: bytes) -> bytes:
        return data

    def name(self, name: str) -> str:
        return name


PLAIN: Envelope = _Plain(screened=False)
"""Stores everything as it is."""

SCREENED: Envelope = _Plain(screened=True)
"""Stores everything as it is, except for what holds a credential."""


def is_unsealed(envelope: Envelope, name: str, data: bytes) -> bool:
    """Whether bytes that the envelope does not open are a blob as it is, under its own name or a sealed one."""
    blob = sha256(data).hexdigest()
    return name in (blob, envelope.name(blob))


class Sealed:
    """Seals with the keys of a vault. Equal content is equal bytes and equal names on every device.

    Any two seals of a record that open are as good as each other, so a store keeps the one it has.
    keys: gives the key set, quickly; it is asked again each time, so that a new key is taken up at once and
    missing keys show, as Locked, where something is to be sealed or opened.
    """

    readable = False
    screened = False

    def __init__(self, keys: Callable[[], KeySet]) -> None:
        self._keys = keys
        self._last: tuple[KeySet, tuple[HMAC, Tokens]] | None = None

    def seal(self, line: bytes) -> bytes:
        """One token. Raises InvalidRecord for what is not the line of a record."""
        found = _RECORD.match(line)
        if found is None:
            raise InvalidRecord("The line does not have the shape of a record.")
        names, tokens = self._ready()
        return tokens.seal(b"rec", _name(names, found[1]), line)

    def open(self, line: bytes) -> bytes:
        """The record line, checked against the name in it and the one outside."""
        if _RECORD.match(line):
            raise InvalidRecord(UNSEALED)
        names, tokens = self._ready()
        rid, content = tokens.open(b"rec", line)
        record_id, _raw = split_line(content)
        if _name(names, record_id.encode()) != rid:
            raise InvalidRecord("The seal belongs to another record.")
        return content

    def seal_blob(self, data: bytes) -> bytes:
        """A manifest and as many parts as it takes, a line each."""
        names, tokens = self._ready()
        blob = sha256(data).hexdigest().encode()
        parts = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
        manifest = b'{"count":%d,"sha256":"%b","size":%d}' % (len(parts), blob, len(data))
        lines = [tokens.seal(b"blob", _name(names, blob), manifest)]
        for index, part in enumerate(parts):
            lines.append(tokens.seal(b"blob", _part_name(names, blob, index, len(parts)), part))
        return b"".join(line + b"\n" for line in lines)

    def open_blob(self, data: bytes) -> bytes:
        """The blob, whole and in its order. Which blob it is, its hash tells."""
        names, tokens = self._ready()
        first, _, rest = data.partition(b"\n")
        rid, content = tokens.open(b"blob", first)
        found = _MANIFEST.fullmatch(content)
        if found is None or _name(names, found[2]) != rid:
            raise InvalidRecord("The blob does not begin with what its parts are.")
        count, blob, size = int(found[1]), found[2], int(found[3])
        if not data.endswith(b"\n") or rest.count(b"\n") != count:
            raise InvalidRecord("The blob lacks a part, or has one too many.")
        parts = []
        for index, line in enumerate(rest.split(b"\n")[:-1]):
            rid, part = tokens.open(b"blob", line)
            size -= len(part)
            if rid != _part_name(names, blob, index, count) or size < 0:
                raise InvalidRecord("A part of the blob is another one than its place says.")
            parts.append(part)
        whole = b"".join(parts)
        if size or sha256(whole).hexdigest().encode() != blob:
            raise InvalidRecord("The parts of the blob do not make the blob.")
        return whole

    def name(self, name: str) -> str:
        """32 hex digits."""
        return _name(self._ready()[0], name.encode()).decode()

    def _ready(self) -> tuple[HMAC, Tokens]:
        """What makes names and tokens with the keys of now; that is made anew only for another set."""
        keys, last = self._keys(), self._last
        if last is None or last[0] is not keys:
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.hmac import HMAC

            from netto_tui.security.jwe import Tokens

            self._last = last = (keys, (HMAC(keys.name, SHA256()), Tokens(keys)))
        return last[1]


def _name(mac: HMAC, name: bytes) -> bytes:
    """mac: one with the key for names, which is not itself fed."""
    mac = mac.copy()
    mac.update(name)
    return mac.finalize()[:16].hex().encode()


def _part_name(mac: HMAC, blob: bytes, index: int, count: int) -> bytes:
    """No name of anything else: none begins with these words and a zero byte."""
    return _name(mac, b"netto/v1/part\0%b\0%d\0%d" % (blob, index, count))

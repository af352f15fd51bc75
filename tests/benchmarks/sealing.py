"""Sealing and opening, beside plain AES-GCM with one key and gzip of the same bytes, in the same run."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from netto_tui.security.envelope import Sealed
from netto_tui.security.jwe import LEVEL
from netto_tui.security.keyset import new_keys
from tests.benchmarks import corpus
from tests.benchmarks.measure import Timing, interleaved, ratio, show, timed

MESSAGES = 5_000
REPETITIONS = 7
LARGE = 1_000_000

Call = Callable[[bytes], bytes]


def run(sizes: Sequence[int]) -> None:
    """Print two tables; they do not depend on the sizes of vaults."""
    keys = new_keys("v_" + "0" * 32)
    sealed = Sealed(lambda: keys)
    records = [record for conversation in corpus.conversations(MESSAGES) for record in conversation]
    lines = [record.line for record in records]
    note = "Ours adds a key for each record, wrapped; a nonce that cannot repeat; keyed names; padding; text."
    _table(f"{len(lines):,} records of {_mean(lines):,} bytes", lines, sealed.seal, sealed.open, note)
    text = " ".join(line.decode() for line in lines).encode()[:LARGE]
    _table("A blob of a megabyte", [text], sealed.seal_blob, sealed.open_blob, f"In parts. gzip at level {LEVEL}.")


def _table(title: str, contents: list[bytes], seal: Call, open_: Call, note: str) -> None:
    cipher = AESGCM(os.urandom(32))

    def seal_plainly(content: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + cipher.encrypt(nonce, gzip.compress(content, LEVEL), None)

    def open_plainly(stored: bytes) -> bytes:
        return gzip.decompress(cipher.decrypt(stored[:12], stored[12:], None))

    plainly, ours = [seal_plainly(content) for content in contents], [seal(content) for content in contents]
    if [open_plainly(each) for each in plainly] != contents or [open_(each) for each in ours] != contents:
        raise AssertionError("what was sealed does not open")
    found = interleaved(
        {
            "AES-GCM and gzip: seal": _over(seal_plainly, contents),
            "netto-tui: seal": _over(seal, contents),
            "AES-GCM and gzip: open": _over(open_plainly, plainly),
            "netto-tui: open": _over(open_, ours),
        },
        REPETITIONS,
    )
    peer_seal, our_seal, peer_open, our_open = found.values()
    found["AES-GCM and gzip: both"] = peer = Timing(peer_seal.wall + peer_open.wall, peer_seal.cpu + peer_open.cpu)
    found["netto-tui: both"] = Timing(our_seal.wall + our_open.wall, our_seal.cpu + our_open.cpu)
    peers = (peer_seal, peer_seal, peer_open, peer_open, peer, peer)
    bytes_each = (plainly, ours) * 3
    rows = [
        [
            name,
            _us(timing, contents),
            f"{_mean(stored):,}",
            ratio(timing.wall, other.wall),
            ratio(timing.cpu, other.cpu),
        ]
        for (name, timing), other, stored in zip(found.items(), peers, bytes_each, strict=True)
    ]
    show(title, ["what", "µs each", "bytes each", "time", "CPU"], rows, f"{note} Goal: both within 2x.")


def _over(call: Call, contents: list[bytes]) -> Callable[[], Timing]:
    def measured() -> Timing:
        with timed() as timing:
            for content in contents:
                call(content)
        return timing

    return measured


def _us(timing: Timing, contents: list[bytes]) -> str:
    return f"{timing.wall / len(contents) * 1e6:,.1f}"


def _mean(contents: list[bytes]) -> int:
    return sum(map(len, contents)) // len(contents)

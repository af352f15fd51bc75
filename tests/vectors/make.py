"""`python -m tests.vectors.make` writes the golden vectors: what every later version, and other programs, must open.

    vault.jwks      the keys, as every slot holds them; made up here, and no vault's
    records.jsonl   records, a line each
    tokens.txt      the same lines sealed, in their order: by the first key, by the second, by other zlib levels
    blob.txt        a blob of two parts, sealed: its manifest, then its parts

The files are made once. Sealing again may give other bytes where zlib is another; what is here stays valid.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import About, Body, Deleted, Document, Message, Record, Stamp, Text, ToolCall, mint
from netto_tui.security import jwe
from netto_tui.security.envelope import Sealed
from netto_tui.security.keyset import KeySet

HERE = Path(__file__).parent
FIRST, SECOND, NAME, SIGN = (sha256(b"golden vectors, %d" % number).digest() for number in range(4))
KEYS = KeySet("0badc0de", {1: FIRST, 2: SECOND}, NAME, SIGN)
BEFORE = KeySet("0badc0de", {1: FIRST}, NAME, SIGN)


def records() -> list[Record]:
    """One of each kind, short and long, in many scripts."""
    name = conversation_id("vectors", "1")
    items = [message_id(name, str(number)) for number in range(5)]
    prose = " ".join(f"{number} {sha256(b'%d' % number).hexdigest()}" for number in range(2000))
    bodies: list[tuple[str, Body]] = [
        ("about", About(title="Golden vectors", participants=("Ada", "an assistant"))),
        (items[0], Message("user", (Text("Hello"),))),
        (items[1], Message("assistant", (Text("Grüße, 你好, שלום, 🐟 \u2028 \x00 </script>"),), parent=items[0])),
        (items[2], Message("assistant", (ToolCall("search", "1", {"q": '\\ " \t', "n": 1e300}),))),
        (items[3], Message("tool", (Text(prose),))),
        ("memory/2026-11-23.md", Document("memory/2026-11-23.md", "# A day\n")),
        (items[4], Message("user", (Text("z" * 20_000),))),
    ]
    made = [mint(name, item, body, _stamp(index)) for index, (item, body) in enumerate(bodies)]
    return [*made, mint(name, items[0], Deleted("a slip"), _stamp(9), (made[1].id,))]


def blob() -> bytes:
    """600,000 bytes that compress well."""
    return b"".join(b"line %06d of a long output\n" % number for number in range(20_000))


def main() -> None:
    """Write the files."""
    lines = [record.line for record in records()]
    (HERE / "vault.jwks").write_bytes(KEYS.encode())
    (HERE / "records.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    tokens = []
    seals = (Sealed(lambda: BEFORE), Sealed(lambda: KEYS))
    for index, line in enumerate(lines):
        with patch.object(jwe, "LEVEL", (6, 1, 9)[index % 3]):
            tokens.append(seals[index % 2].seal(line))
    (HERE / "tokens.txt").write_bytes(b"".join(token + b"\n" for token in tokens))
    (HERE / "blob.txt").write_bytes(Sealed(lambda: KEYS).seal_blob(blob()))


def _stamp(number: int) -> Stamp:
    return Stamp(f"2026-11-23T08:00:{number:02d}.000Z", 0, "source:vectors")


if __name__ == "__main__":
    main()

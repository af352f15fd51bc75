"""The recovery kit: one sheet of paper that brings everything back, with netto-tui or with public tools alone."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netto_tui.errors import Denied
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from segno import QRCode

WITH_AGE_AND_JOSE = """\
age -d -o vault.jwks slot-recovery.age     # asks for the code: type it as above, capitals and dashes too
while read -r token; do printf %s "$token" | jose jwe dec -i - -k vault.jwks | gunzip; echo; done < FILE"""

WITH_NODE = """\
const fs = require("fs"), c = require("crypto"), z = require("zlib"), b = t => Buffer.from(t, "base64url")
const keys = Object.fromEntries(JSON.parse(fs.readFileSync("vault.jwks")).keys.map(k => [k.kid, k.k]))
for (const line of fs.readFileSync(process.argv[2], "latin1").trim().split("\\n")) {
  const [h, w, i, x, t] = line.split("."), kek = b(keys[JSON.parse(b(h)).kid])
  const cek = c.createDecipheriv("id-aes256-wrap", kek, Buffer.alloc(8, 0xa6)).update(b(w))
  const d = c.createDecipheriv("aes-256-gcm", cek, b(i)).setAAD(Buffer.from(h)).setAuthTag(b(t))
  console.log(z.gunzipSync(Buffer.concat([d.update(b(x)), d.final()])).toString()) }"""

_SHEET = """\
netto-tui recovery kit

Print this, and keep it away from this machine and its backups. Whoever has the code and one replica
reads everything.

{facts}

{qr}
To restore on a new machine with netto-tui:

netto-tui restore --from REPLICA

With age and jose alone: the slot lies in .netto/keys/ of a clone or copy of a replica, and each line of a
file below sessions/ is a token. In Firestore both are fields of documents.

{jose}

With age and Node alone, as open.js, then: node open.js FILE

{node}
"""


@dataclass(frozen=True)
class Kit:
    """What a kit tells beside the code. places: replicas as `name, kind, target`; heads: the last one of each."""

    vault_id: str
    keys: KeySet
    made: str
    places: Sequence[str] = ()
    heads: Sequence[str] = ()

    @property
    def code(self) -> RecoveryCode:
        """The recovery code. Raises Denied where the keys have none."""
        if not self.keys.code:
            raise Denied("These keys hold no recovery code.", remedy="Give them one: netto-tui keys rotate --new-code")
        return RecoveryCode(self.keys.code)

    def text(self, *, paper: bool = False) -> Secret:
        """The sheet, for a terminal or for paper, where a full block is dark."""
        facts = [
            ("Recovery code", self.code.text.reveal()),
            ("Vault", self.vault_id),
            ("Keys", f"{self.keys.fingerprint}, number {self.keys.current}"),
            ("Public key", f"{_base64url(self.keys.public)} (Ed25519)"),
            ("Made", self.made),
            *(("Replica", place) for place in self.places),
            *(("Last head", head) for head in self.heads),
        ]
        lines = "\n".join(f"{title:<15} {fact}" for title, fact in facts)
        drawn = _blocks(self.code, paper)
        return Secret(_SHEET.format(facts=lines, qr=drawn, jose=WITH_AGE_AND_JOSE, node=WITH_NODE))

    def picture(self, kind: Literal["svg", "png"]) -> bytes:
        """The recovery code as a picture of a QR code, which reads as the very text that is printed."""
        picture = io.BytesIO()
        _qr(self.code).save(picture, kind=kind, scale=8, border=4)
        return picture.getvalue()


def _qr(code: RecoveryCode) -> QRCode:
    import segno

    return segno.make_qr(code.text.reveal(), error="m")


def _blocks(code: RecoveryCode, paper: bool) -> str:
    """The QR code in half blocks. On a dark terminal a block is light; on paper it is dark."""
    drawn = io.StringIO()
    _qr(code).terminal(drawn, border=4, compact=True)
    if not paper:
        return drawn.getvalue()
    *rows, _half = drawn.getvalue().splitlines()  # the last row is half margin, half nothing
    return "\n".join(rows).translate(str.maketrans("█ ▀▄", " █▄▀"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

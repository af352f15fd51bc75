"""What hostile text tries at a terminal, a vault that has it in every field, and how to see that none got through."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from netto_tui.config import Config, ReplicaConfig, load, save
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
    ABOUT,
    About,
    Attachment,
    Body,
    Code,
    Document,
    Message,
    Part,
    Record,
    Role,
    Sent,
    Stamp,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    mint,
)
from netto_tui.vault.vault import Vault

PAYLOADS = {
    "clipboard": "\x1b]52;c;cHduZWQ=\x07",
    "title": "\x1b]0;owned\x07\x1b]2;owned\x1b\\",
    "link": "\x1b]8;;https://evil.example\x07here\x1b]8;;\x07",
    "clear": "\x1b[2J\x1b[3J\x1b[H",
    "screen": "\x1b[?1049l\x1b[?1049h\x1bc",
    "colour": "\x1b[31;5m\x1b[8m",
    "C1": "\x9b2J\x9d0;owned\x9c\x90q\x9c",
    "DCS": "\x1bPq#0;2;0;0;0\x1b\\\x1bP+q544e\x1b\\",
    "APC": "\x1b_Gf=100;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    "report": "\x1b[6n\x1b[5n\x1b[c\x1b[>c\x05",
    "controls": "\x00\x07\x08\x08\x0b\x0c\x0e\x0f\x7f",
    "return": "good\rEVIL\x1b[A\x1b[2K",
    "bidi": "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "hidden": "pay\u200bpal\u2060\ufeff\u00ad\U000e0068\U000e0069",
    "selectors": "x" + "\ufe0f\U000e0101" * 40,
    "zalgo": "Z" + "\u0301\u0335\u0489" * 30 + "o",
    "separators": "one\u2028two\u2029three\x85four",
    "markup": '[red]x[/] [/oops] [@click=app.quit]press[/] [link=file:///etc/passwd]l[/link] :smile: a[b=c"]',
    "markdown": "![x](https://evil.example/p.png) <script>alert(1)</script> [a](javascript:x)",
    "formula": '=HYPERLINK("https://evil.example")',
}

OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|[\u0301\u0335\u0489\ufe0f\U000e0101]{9,}"
)
"""What no output may have: controls but line ends and blanks, what turns or hides text, and piles of marks."""


def payload(turn: int) -> str:
    """All of them in one text, another one first at each turn: what is cut short shows some of them at least."""
    texts = list(PAYLOADS.values())
    return " ".join(texts[turn % len(texts) :] + texts[: turn % len(texts)])


def hostile_records(turn: int, by: str = "laptop") -> list[Record]:
    """A conversation that has payloads in every field that takes text."""
    name, at = conversation_id("hostile", str(turn)), f"2026-11-23T08:{turn % 60:02}:00.000Z"

    def said(offset: int) -> str:
        return payload(turn + offset)

    about = About(
        title=said(0),
        source={"app": said(1), "format": said(2), "native_id": str(turn), "agent": said(3), "path": said(4)},
        participants=(said(5), said(6)),
        context={
            "cwd": said(7),
            "git": {"branch": said(8)},
            "channel": said(9),
            "project": said(10),
            "tags": [said(11)],
        },
        state={"pinned": True, said(12)[:40]: said(12)},
        lineage=({"type": said(13), "conversation": name},),
        native={said(14): said(15)},
    )
    parts: list[tuple[Role, tuple[Part, ...]]] = [
        ("user", (Text(said(0)), Attachment(name=said(1), media_type=said(2), native_ref=said(3), text=said(4)))),
        (
            "assistant",
            (
                Thinking(text=said(5), summary=said(6)),
                Text(f"# {said(7)}\n\n```{said(8)}\n{said(9)}\n```"),
                ToolCall(name=said(10), call_id=said(11), arguments={said(12): said(13)}, arguments_raw=said(14)),
                Code(text=said(15), language=said(16)),
                Unknown(native_type=said(17), raw={said(18): said(19)}),
            ),
        ),
        ("tool", (ToolResult(name=said(1), call_id=said(2), output=(Text(said(3)),)),)),
    ]
    records = [mint(name, ABOUT, about, Stamp(at, 0, said(4)[:200]))]
    parent = None
    for place, (role, content) in enumerate(parts):
        item = message_id(name, str(place))
        body: Body = Message(
            role,
            content,
            author=said(place),
            sent=Sent(at=at, raw=said(5), tz=said(6)),
            parent=parent,
            model={"id": said(7), "provider": said(8)},
            usage={said(9): said(10)},
            native={"note": said(11)},
        )
        records.append(mint(name, item, body, Stamp(at, place, by)))
        parent = item
    path = f"memory/{said(3)[:300]}.md"
    records.append(mint(name, path, Document(path, said(4)), Stamp(at, 9, by)))
    return records


def hostile_vault(path: Path, conversations: int = len(PAYLOADS)) -> Vault:
    """A vault, open, in which everything that came from outside is hostile; some of it in conflict."""
    vault = Vault.create(path, device="laptop", zone="UTC", vault_id="v_" + "0" * 32)
    for turn in range(conversations):
        records = hostile_records(turn)
        vault.add(records)
        about, first = records[0], records[1]
        for number, origin in enumerate(("", payload(turn + 2)[:60])):
            other = Message("user", (Text(payload(turn + number)),), author=payload(turn + 4))
            stamp = Stamp(first.rev.at, 20 + number, payload(turn + number)[:200])
            vault.add(
                [mint(first.rev.conversation, first.rev.item, other, stamp, (first.id,))], origin=origin or "local"
            )
            header = About(title=payload(turn + number + 5), source={"app": "x"})
            vault.add([mint(about.rev.conversation, ABOUT, header, stamp, (about.id,))], origin=origin or "local")
    folder = path.parent / f"disk-{payload(2)[:60].replace('/', '').replace(chr(0), '')}"
    save(path / "config.toml", Config(replicas=(ReplicaConfig("disk", "folder", str(folder), plain=True),)))
    vault.quarantine.keep(payload(3), b"bytes", payload(4))
    return vault


def make_the_index_hostile(vault: Path) -> None:
    """Put payloads where sync keeps what remotes and replicas told: states, errors, the journal."""
    with sqlite3.connect(vault / "index.db") as sql:
        sql.execute(
            "INSERT OR REPLACE INTO replicas (name, kind, target, state, error, failures, verified_at)"
            " SELECT 'disk', 'folder', ?, 'denied', ?, 5, '2026-11-23T08:00:00.000Z'",
            (load(vault / "config.toml").replica("disk").target, payload(6)),
        )
        for turn, kind in enumerate(("Alerted", "SyncFailed", "Quarantined", "ConflictFound")):
            at = f"2026-11-23T08:0{turn}:00.000Z"
            row = (at, payload(turn + 8)[:80], kind, payload(turn + 1))
            sql.execute("INSERT INTO journal (at, replica, kind, detail) VALUES (?, ?, ?, ?)", row)
    sql.close()

"""A small vault that is the same every time: ordinary talk, conflicts, hidden messages, and hostile text.

It has two replicas that need no account: a folder and a Git repository beside it.
"""

from __future__ import annotations

from pathlib import Path

from netto_tui.config import Config, ReplicaConfig, load, save
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
    ABOUT,
    About,
    Body,
    Deleted,
    Message,
    Part,
    Record,
    Role,
    Sent,
    Stamp,
    Text,
    ToolCall,
    mint,
)
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.vault.vault import Vault

NOW = to_ms("2026-11-23T10:00:00.000Z")
MINUTE = 60_000
HOSTILE = (
    "\x1b]52;c;cHduZWQ=\x07 \x1b[2J\x1b[H \x9b2J \x1bPq#0;2\x1b\\ \x1b]0;owned\x07 \x1b_Gf=100\x1b\\ "
    '[/x] [@click=app.quit]press me[/] a[b=c"] \u202egnp.exe \x00 👩‍👩‍👧 שלום\r\nback'
)

TALKS: list[tuple[str, str, str, list[tuple[Role, str]]]] = [
    (
        "2026-11-23T08:12:00.000Z",
        "Trip to Lisbon",
        "claude-code",
        [
            ("user", "Plan three days in Lisbon for two people, slow pace."),
            ("assistant", "Day 1: Alfama and the castle. Day 2: Belém, pastéis, the tower. Day 3: LX Factory."),
            ("user", "Make it four days and add Sintra."),
            ("assistant", "Day 4: Sintra."),
            ("user", "Thanks!"),
        ],
    ),
    (
        "2026-11-22T18:40:00.000Z",
        "Lisbon flat hunting",
        "chatgpt",
        [
            ("user", "What should I know before renting a flat in Lisbon for three months?"),
            (
                "assistant",
                "Ask for a written contract, even for a short stay.\n\n- deposit: one month\n- ask who pays water",
            ),
        ],
    ),
    (
        "2026-11-20T22:01:00.000Z",
        "Parser for log lines",
        "claude-code",
        [
            ("user", "Write a parser for these log lines."),
            (
                "assistant",
                "# Plan\n\nA small state machine is enough.\n\n"
                "```python\ndef parse(line):\n    return line.split()\n```",
            ),
            ("tool", "Ran 14 tests in 0.03 s\nOK\n" * 12),
            ("assistant", "All 14 tests pass."),
        ],
    ),
    (
        "2026-11-03T09:00:00.000Z",
        "Tax letter draft",
        "claude-ai",
        [("user", "Draft a polite letter."), ("assistant", "Dear all,")],
    ),
    (
        "2026-10-14T12:30:00.000Z",
        "旅行の計画 ✈️",
        "chatgpt",
        [("user", "京都で三日間。"), ("assistant", "一日目は伏見稲荷です。")],
    ),
    (
        "2026-10-02T07:15:00.000Z",
        f"Bad title {HOSTILE}",
        "codex",
        [("user", HOSTILE), ("assistant", "I show it as text.")],
    ),
    (
        "2025-12-24T16:00:00.000Z",
        "Recipe: feijoada",
        "gemini-cli",
        [("user", "For six, please."), ("assistant", "Soak the beans.")],
    ),
]


def talk(number: int) -> tuple[str, list[Record]]:
    """One of the conversations above: its id and its records."""
    begun, title, app, said = TALKS[number]
    name = conversation_id(app, f"native-{number}")
    start = to_ms(begun)
    about = About(title=title, source={"app": app, "native_id": f"native-{number}"})
    records = [mint(name, ABOUT, about, Stamp(begun, 0, app))]
    parent = None
    for place, (role, text) in enumerate(said):
        at = to_instant(start + place * 3 * MINUTE)
        item = message_id(name, str(place))
        parts: tuple[Part, ...] = (Text(text),)
        if role == "assistant" and "state machine" in text:
            parts = (Text(text), ToolCall(name="run_tests", call_id="1", arguments={"path": "tests"}))
        native = {"hidden": True} if role == "tool" else {}
        body = Message(role, parts, sent=Sent(at=at), parent=parent, native=native)
        records.append(mint(name, item, body, Stamp(at, 0, app)))
        parent = item
    return name, records


def changed(records: list[Record], place: int, text: str | None, at: str, by: str) -> Record:
    """Another version of message `place` of a talk, made by `by`; None deletes it."""
    old = records[place + 1]
    said = old.rev.body
    assert isinstance(said, Message)
    body: Body = Deleted() if text is None else Message(said.role, (Text(text),), sent=said.sent, parent=said.parent)
    return mint(old.rev.conversation, old.rev.item, body, Stamp(at, 0, by), (old.id,))


def make_vault(path: Path) -> Vault:
    """The vault, open; two conversations are in conflict between this device, github and firebase."""
    vault = Vault.create(path, device="laptop", zone="UTC", vault_id="v_" + "0" * 32, now=lambda: NOW)
    talks = [talk(number) for number in range(len(TALKS))]
    vault.add([record for _, records in talks for record in records])
    lisbon, tax = talks[0][1], talks[3][1]
    vault.add(
        [
            changed(lisbon, 2, "Make it five days and add Sintra.", "2026-11-23T09:12:00.000Z", "laptop"),
            changed(lisbon, 3, "Day 4: Sintra. Day 5: free.", "2026-11-23T09:13:00.000Z", "laptop"),
            changed(lisbon, 4, "Thanks, that is great!", "2026-11-23T09:14:00.000Z", "laptop"),
            changed(tax, 1, "Dear all, thank you.", "2026-11-04T09:00:00.000Z", "laptop"),
        ]
    )
    vault.add(
        [
            changed(lisbon, 2, "Make it four days and add Cascais.", "2026-11-23T09:15:00.000Z", "desk"),
            changed(
                lisbon,
                3,
                "Day 4: Cascais by train, then the coast road to Guincho.",
                "2026-11-23T09:15:30.000Z",
                "desk",
            ),
            changed(lisbon, 4, None, "2026-11-23T09:16:00.000Z", "desk"),
        ],
        origin="github",
    )
    vault.add([changed(tax, 1, "Dear Sir or Madam,", "2026-11-04T10:00:00.000Z", "phone")], origin="firebase")
    return vault


def add_replicas(vault: Vault, folder: Path) -> None:
    """Give the vault two replicas in `folder`, which need not be absolute."""
    save(
        vault.path / "config.toml",
        Config(
            replicas=(
                ReplicaConfig("disk", "folder", str(folder / "disk"), plain=True),
                ReplicaConfig("mirror", "git", str(folder / "mirror.git"), plain=True),
            )
        ),
    )


def sync(vault: Vault, *names: str) -> None:
    """One round over the named replicas, or all."""
    config = load(vault.path / "config.toml")
    replicas = open_replicas(vault, config, names)
    try:
        engine = new_engine(vault, config, Journal(vault, lambda event: None))
        for report in sync_all(engine, replicas, complete=not names):
            assert not report.error, report.error
    finally:
        close_all(replicas)


def make_synced_vault(path: Path, folder: Path) -> Vault:
    """The vault with its replicas: everything is proven on both but one message, which only the folder has."""
    from netto_tui.vault import writing

    vault = make_vault(path)
    add_replicas(vault, folder)
    sync(vault)
    name = talk(1)[0]
    stamp = Stamp("2026-11-23T09:40:00.000Z", 0, "laptop")
    body = Message(
        "user",
        (Text("And who pays the condominium fee?"),),
        sent=Sent(at=stamp.at),
        parent=writing.last_message(vault, name),
    )
    vault.add([mint(name, message_id(name, "later"), body, stamp)])
    sync(vault, "disk")
    return vault

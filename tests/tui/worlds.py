"""Vaults in the states that screens can be in, made in the current folder as `vault`, with its replicas beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

from netto_tui.config import Config, ReplicaConfig, load, save
from netto_tui.files import seal_json
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
    ABOUT,
    About,
    Attachment,
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
    mint,
)
from netto_tui.recovery import curation
from netto_tui.recovery.drill import drill
from netto_tui.setup import trial
from netto_tui.setup.adding import add
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.vault.curating import Change
from netto_tui.vault.identity import Identity
from netto_tui.vault.vault import Vault
from tests.servers import keyrings, quick_slots
from tests.tui.vaults import MINUTE, NOW, add_replicas, make_synced_vault, sync, talk

VAULT = Path("vault")
ID = "v_" + "0" * 32
DAY = 24 * 60 * MINUTE
RICH = conversation_id("claude-code", "rich")
LEAKED = "kW8rtq2ZzPq0vL4mYb7cXs1dNf6hJg3t"

World = Callable[[], None]


def opened() -> Vault:
    """The vault as it is; close it."""
    return Vault.open(VAULT, now=lambda: NOW)


def at_once() -> AbstractContextManager[object]:
    """Let drills take no time, so that it is the same everywhere."""
    return patch("netto_tui.recovery.drill.time", SimpleNamespace(monotonic=lambda: 0.0))


def nothing() -> None:
    """No vault at all."""


def empty() -> None:
    """A vault with nothing in it, and no replica."""
    Vault.create(VAULT, device="laptop", zone="UTC", vault_id=ID, now=lambda: NOW).close()


def ordinary() -> None:
    """Seven conversations, conflicts in two, two replicas of which one lacks a message."""
    make_synced_vault(VAULT, Path()).close()


def peaceful() -> None:
    """One conversation without any conflict, proven on two replicas, each drilled."""
    empty()
    with opened() as vault:
        add_replicas(vault, Path())
        vault.add(talk(1)[1])
        sync(vault)
        replicas = open_replicas(vault, load(vault.path / "config.toml"), ())
        with at_once():
            drill(vault, replicas)
        close_all(replicas)


def refused() -> None:
    """A vault that a newer version wrote."""
    ordinary()
    (VAULT / ".netto" / "vault.json").write_bytes(seal_json({"format": "netto.vault/99"}))


def unindexed() -> None:
    """A vault whose index is lost, and has to be made from its files."""
    ordinary()
    (VAULT / "index.db").unlink()


def machine() -> None:
    """A machine without a vault, where Claude Code and OpenClaw left conversations."""
    for name in (".claude/projects/-home-me-parser/1b.jsonl", ".openclaw/agents/main/sessions/2c.jsonl"):
        file = Path("home") / name
        file.parent.mkdir(parents=True)
        at = "2026-11-22T08:00:00.000Z"
        message = {"role": "user", "content": "Write a parser for these log lines."}
        said = {"type": "user", "uuid": file.stem, "sessionId": file.stem, "timestamp": at, "cwd": "/home/me/parser"}
        file.write_text(json.dumps({**said, "message": message}) + "\n")
        os.utime(file, (to_ms(at) / 1000,) * 2)


def garbled() -> None:
    """Settings that cannot be read."""
    ordinary()
    (VAULT / "config.toml").write_text("replicas = [[[\n")


def offline() -> None:
    """One replica is not there any more, which three passes saw."""
    ordinary()
    Path("mirror.git").rename("unplugged")
    with opened() as vault:
        config = load(vault.path / "config.toml")
        for _ in range(3):
            replicas = open_replicas(vault, config, ("mirror",))
            sync_all(new_engine(vault, config, Journal(vault, lambda event: None)), replicas, complete=False)
            close_all(replicas)


def damaged() -> None:
    """A byte of a record on the disk is another one."""
    ordinary()
    file = next(Path("disk").glob(f"sessions/**/{talk(2)[0]}.jsonl"))
    file.write_bytes(file.read_bytes().replace(b"state machine", b"state mashine"))


def lost() -> None:
    """A conversation is not here any more, and the replicas have it."""
    ordinary()
    for file in VAULT.glob(f"sessions/**/{talk(2)[0]}.jsonl"):
        file.unlink()
    (VAULT / "index.db").unlink()
    opened().close()


def sealed() -> None:
    """A vault with one sealed replica whose keys lie in a keyring; nobody typed the recovery code back."""
    with (
        keyrings.used(keyrings.Memory()),
        patch.dict(os.environ),
        patch("netto_tui.security.slots.seal", quick_slots.seal),
    ):
        os.environ.pop("NETTO_KEY_FILE", None)
        add(VAULT, ReplicaConfig("disk", "folder", "disk"), None, trial.Trial(), threading.Event(), lambda: NOW)
        with opened() as vault:
            vault.add(talk(1)[1])
    quick_slots.forget()
    with keyrings.used(keyrings.Locked()), opened() as vault:
        config = load(vault.path / "config.toml")
        replicas = open_replicas(vault, config, ())
        sync_all(new_engine(vault, config, Journal(vault, lambda event: None)), replicas, complete=True)
        close_all(replicas)


PASTED: tuple[tuple[Role, str], ...] = (
    ("user", "How do I deploy this from my laptop?"),
    ("assistant", "Set the key of the service first:\n\n```sh\nexport SERVICE_API_KEY=…\n```"),
    ("user", f"So like this?\n\n```sh\nexport SERVICE_API_KEY={LEAKED}\n./deploy --now\n```"),
    ("assistant", "Yes. Make a new key afterwards: this one is written down now."),
)


def leaky() -> None:
    """A vault with one conversation, in which somebody pasted a key."""
    empty()
    name = conversation_id("chat", "deploy")
    with opened() as vault:
        vault.add(conversation(name, "First deploy", "chat", "2026-11-23T09:00:00.000Z", PASTED))


def conversation(
    name: str, title: str, app: str, begun: str, said: tuple[tuple[Role, str | tuple[Part, ...]], ...]
) -> list[Record]:
    """Records of a conversation in which everybody answers what was said before, three minutes later."""
    about = About(title=title, source={"app": app})
    records, parent = [mint(name, ABOUT, about, Stamp(begun, 0, app))], None
    for place, (role, what) in enumerate(said):
        at = to_instant(to_ms(begun) + place * 3 * MINUTE)
        parts: tuple[Part, ...] = (Text(what),) if isinstance(what, str) else what
        item = message_id(name, str(place))
        records.append(mint(name, item, Message(role, parts, sent=Sent(at=at), parent=parent), Stamp(at, 0, app)))
        parent = item
    return records


CHART = b"\x89PNG not really\n" * 40
MARKDOWN = """\
# Plan

A **small** machine is *enough*; see [the docs](https://example.com/a) and `parse()`.

| step | minutes |
| :--- | ---: |
| 読む 📖 | 5 |
| write | 120 |

- first
  1. nested

> quoted

```python
def parse(line: str) -> list[str]:
    return line.split()
```
"""


def rich() -> None:
    """One conversation with everything in it: thinking, tools, files, Markdown, and a question asked twice."""
    empty()
    chart = hashlib.sha256(CHART).hexdigest()
    work = (
        Thinking(text="First I look.\nThen I count.\nThen I answer."),
        Text(MARKDOWN),
        ToolCall(name="Bash", call_id="1", arguments={"command": "make test", "timeout": 5}),
    )
    files = (
        Text("Look at these."),
        Attachment(name="chart of the week 📈.png", media_type="image/png", bytes=len(CHART), blob=chart),
        Attachment(name="old.pdf", media_type="application/pdf", bytes=4, blob=hashlib.sha256(b"lost").hexdigest()),
        Attachment(name="page.html", native_ref="https://example.com", availability="external"),
    )
    records = conversation(
        RICH,
        "A plan with everything in it",
        "claude-code",
        "2026-11-23T08:00:00.000Z",
        (
            ("user", "Make a plan."),
            ("assistant", work),
            ("tool", (ToolResult(call_id="1", name="Bash", output=(Text("14 tests passed\n" * 30),)),)),
            ("user", files),
            ("assistant", "Here is the shorter one, as you asked. " * 12),
        ),
    )
    again = Message("assistant", (Text("And this is the longer one."),), parent=message_id(RICH, "3"))
    records.append(mint(RICH, message_id(RICH, "4b"), again, Stamp("2026-11-23T08:20:00.000Z", 0, "claude-code")))
    with opened() as vault:
        vault.add(records, {chart: CHART})


LONG_TITLES = (
    "A title that goes on for longer than any list has room for, since somebody pasted a whole question into it",
    "京都と奈良を三日間でゆっくり回る旅の計画について相談したい、雨の日の過ごし方も知りたい",
    "👩‍👩‍👧 Family holiday 🏖️ with 🐕 and a very full car",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenbandfarbe",
    "שלום עולם and العربية in one title",
)


def long() -> None:
    """More of everything than a screen has room for: conversations, conflicts, replicas, journal, long names."""
    empty()
    with opened() as vault:
        records: list[Record] = []
        for number in range(150):
            title = LONG_TITLES[number % 7] if number % 7 < len(LONG_TITLES) else f"Notes of day {number}"
            begun = to_instant(NOW - (number * number // 8 + 1) * DAY // 4)
            name = conversation_id("notes", str(number))
            app = ("claude-code", "chatgpt", "gemini-cli")[number % 3]
            records += conversation(name, title, app, begun, (("user", f"{title}?"), ("assistant", "Yes. " * 9)))
        vault.add(records)
        for place in range(30):
            name = conversation_id("notes", str(place))
            old = records[place * 3 + 2]
            for by, origin in (("laptop", "local"), ("phone", "firestore"), ("desk", "github")):
                body = Message("assistant", (Text(f"Yes, says {by}. " + "And more of it. " * place),))
                stamp = Stamp(to_instant(NOW - MINUTE), 0, by)
                vault.add([mint(name, old.rev.item, body, stamp, (old.id,))], origin=origin)
        names = ["disk", *(f"a-disk-with-a-long-name-{number}" for number in range(9))]
        save(
            VAULT / "config.toml",
            Config(replicas=tuple(ReplicaConfig(each, "folder", each, plain=True) for each in names)),
        )
        sync(vault, "disk")


@patch("uuid.uuid4", lambda: UUID(int=0))  # the ids of commits are on the screen
def history() -> None:
    """A Git replica with a past of four days, drills that went well and one that did not, and an undo point."""
    empty()
    clock = NOW - 4 * DAY
    with Vault.open(VAULT, now=lambda: clock) as vault:
        add_replicas(vault, Path())
        for number in (6, 4, 3, 2):  # none of its own day, which would be two commits of one second
            vault.add(talk(number)[1])
            sync(vault)
            clock += DAY - 90 * MINUTE
        replicas = open_replicas(vault, load(VAULT / "config.toml"), ())
        with at_once():
            drill(vault, replicas[:1])
            clock += 60 * MINUTE
            drill(vault, replicas[1:])
            Path("disk").rename("unplugged")
            clock += 60 * MINUTE
            drill(vault, replicas[:1])
            Path("unplugged").rename("disk")
        close_all(replicas)
        clock = NOW - 60 * MINUTE
        curation.delete(vault, [talk(2)[0]])


def troubled() -> None:
    """The ordinary one with a message that holds a key, a pinned and tagged conversation, and replicas that are broken.

    A record on the disk is damaged, the mirror lacks a message, and the stick is not plugged in.
    """
    ordinary()
    config = load(VAULT / "config.toml")
    stick = ReplicaConfig("stick", "folder", "stick", plain=True)
    save(VAULT / "config.toml", replace(config, replicas=(*config.replicas, stick)))
    with opened() as vault:
        deploy = conversation_id("chat", "deploy")
        vault.add(conversation(deploy, "First deploy", "chat", "2026-11-23T09:00:00.000Z", PASTED))
        curation.change(vault, [talk(6)[0]], Change(add_tags=("kitchen", "winter"), pinned=True), "tags")
        sync(vault, "stick", "disk")
        Path("stick").rename("unplugged")
        replicas = open_replicas(vault, load(VAULT / "config.toml"), ("stick",))
        sync_all(new_engine(vault, config, Journal(vault, lambda event: None)), replicas, complete=False)
        close_all(replicas)
    file = next(Path("disk").glob(f"sessions/**/{talk(2)[0]}.jsonl"))
    file.write_bytes(file.read_bytes().replace(b"state machine", b"state mashine"))


def make(world: World) -> None:
    """Make the current folder, which is empty, a world; its device has a name that is the same every time."""
    with patch("netto_tui.vault.vault.new_identity", lambda *_: Identity(ID, "laptop", "UTC")):
        world()


class Kept:
    """Worlds that were made once, as folders; each test gets a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, world: World) -> None:
        """Make the current folder, which is empty, this world."""
        place, here = self._folder / world.__name__, Path.cwd()
        if not place.exists():
            place.mkdir()
            os.chdir(place)
            try:
                make(world)
            finally:
                os.chdir(here)
        shutil.copytree(place, here, dirs_exist_ok=True)

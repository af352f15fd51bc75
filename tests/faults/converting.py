"""Conversions of the stores of tests.faults.stores: begun, stopped, and what strangers then find there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from netto_tui.config import Options
from netto_tui.errors import NettoError
from netto_tui.model.revision import Message, Record, Text
from netto_tui.replicas.base import Replica
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.forms import Form
from netto_tui.replicas.github_client import Hub
from netto_tui.replicas.registry import open_replica
from netto_tui.security import custody
from netto_tui.security.envelope import PLAIN, Envelope, Sealed
from netto_tui.security.keyset import KeySet
from netto_tui.sync import events
from netto_tui.sync.conversion import Conversion
from netto_tui.sync.engine import Engine
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all
from netto_tui.vault.vault import Vault
from tests.contract import firestore_places, github_places
from tests.faults import victim
from tests.faults.stores import BLOBS, LATER, device, target
from tests.unit.vault.talks import Time

OTHER: dict[Form, Form] = {"sealed": "plain", "plain": "sealed"}


@dataclass
class Device:
    """A device that is running: its vault, and one replica in both forms."""

    vault: Vault
    sealed: Replica
    plain: Replica
    told: list[events.SyncEvent] = field(default_factory=list)

    def at(self, form: Form) -> Replica:
        return self.sealed if form == "sealed" else self.plain

    @property
    def engine(self) -> Engine:
        return Engine(self.vault, Journal(self.vault, self.told.append))

    def sync(self, form: Form) -> events.PassReport:
        return self.engine.run(self.at(form))

    def conversion(self, form: Form, *, trusted: bool = True) -> Conversion:
        def keys() -> KeySet:
            return custody.load(self.vault.path, self.vault.id)

        return Conversion(self.engine, self.at(OTHER[form]), self.at(form), keys, trusted=trusted)

    def records(self) -> dict[str, Record]:
        names = self.vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()
        return {record.id: record for (name,) in names for record in self.vault.records(name)}

    def there(self, form: Form) -> set[str]:
        """The ids of records that are whole and right there in a form."""
        replica = self.at(form)
        names = [name for name in replica.changes("").names if (len(name) == 32) == (form == "sealed")]
        return {record.id for held in replica.read(sorted(names)) for record in held.records}

    def alarms(self) -> list[str]:
        return [event.code for event in self.told if isinstance(event, events.Alerted) and event.code != "clock"]


@contextmanager
def running(
    folder: Path, kind: str, vault: str = "vault", *, plain: Envelope = PLAIN, options: Options | None = None
) -> Iterator[Device]:
    """A device whose vault lies in a folder."""
    with device(folder), Vault.open(folder / vault, now=Time(LATER)) as held:
        where, usual = target(folder, kind)
        cache = held.path / ".netto" / "cache"
        now = held.clock.now
        sealed: Envelope = Sealed(lambda: custody.load(held.path, held.id))
        both = [
            open_replica(kind, kind, where, one, cache, held.device, threading.Event(), now, options or usual)
            for one in (sealed, plain)
        ]
        try:
            yield Device(held, both[0], both[1])
        finally:
            close_all(both)


def have_keys(running: Device) -> None:
    if not custody.has_keys(running.vault.path):
        custody.make(running.vault.path, running.vault.id)


def exposed(folder: Path, kind: str) -> bytes:
    """Everything that lies at the tip of a store, with its names, as somebody without keys reads it."""
    where, _ = target(folder, kind)
    if kind == "folder":
        files = [path for path in Path(where).rglob("*") if path.is_file()]
        return b"\n".join(str(path.relative_to(where)).encode() + b"\n" + path.read_bytes() for path in files)
    if kind == "firestore":
        server, project = firestore_places.server(), where.partition("/")[0]
        documents = {path: dict(server.get(project, path) or {}) for path in server.paths(project)}
        for fields in documents.values():
            fields.pop("head", None)  # tells of names and counts only
        return b"\n".join(f"{path} {fields}".encode() for path, fields in documents.items()) + b"".join(
            value for fields in documents.values() for value in fields.values() if isinstance(value, bytes)
        )
    path = Path(where) if kind == "git" else github_places.server().directory(where)

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", f"--git-dir={path}", *arguments], capture_output=True, check=True).stdout

    tips = git("for-each-ref", "--format=%(refname)", "refs/heads").decode().split()
    listed = b"".join(git("ls-tree", "-r", tip) for tip in tips)
    blobs = {line.split()[2].decode() for line in listed.splitlines()}
    return listed + b"\n".join(git("cat-file", "blob", blob) for blob in sorted(blobs))


def words_of(records: dict[str, Record]) -> set[bytes]:
    """What nobody without keys may find: names, texts and blobs."""
    found = {record.rev.conversation for record in records.values()} | records.keys()
    for record in records.values():
        if isinstance(record.rev.body, Message):
            found |= {part.text for part in record.rev.body.parts if isinstance(part, Text) and len(part.text) > 8}
    return (
        {word.encode() for word in found} | {data[:200] for data in BLOBS} | {b"# Conversations, kept by", b"memory/"}
    )


SIGNS_OF_SEALS = (b"eyJ", b".age", b"age-encryption.org")
"""What tokens, heads and slots have in them."""


class Killed(BaseException):
    """In the place of SIGKILL, where the servers of a test live in the same process."""


@contextmanager
def killed_at(stop: int, kind: str, *, after: bool) -> Iterator[list[int]]:
    """Die at a call of the network that changes something, before it or after; counts them in the list."""
    owner: Any = Connection if kind == "firestore" else Hub
    name = "commit" if kind == "firestore" else "ask"
    real: Callable[..., Any] = getattr(owner, name)
    count = [0]

    def counted(self: Any, *arguments: Any, **more: Any) -> Any:
        if kind == "github" and arguments[0] == "GET":
            return real(self, *arguments, **more)
        count[0] += 1
        if count[0] == stop and not after:
            raise Killed
        answer = real(self, *arguments, **more)
        if count[0] == stop:
            raise Killed
        return answer

    setattr(owner, name, counted)
    try:
        yield count
    finally:
        setattr(owner, name, real)


def work(folder: Path, kind: str, form: Form, stop: int, seed: int, pipe: int) -> None:
    """A process that converts a store on disk, and is killed at a step; else it says how many steps there were."""
    with running(folder, kind) as device:
        conversion = device.conversion(form)
        steps = victim.Steps(stop, Random(seed))
        try:
            conversion.run()
        except NettoError as error:
            sys.stderr.write(f"{error}\n")
            os._exit(1)
    os.write(pipe, f"{steps.done}\n".encode())
    os._exit(0)

"""A process that works on a vault and is killed at a step that was chosen before.

A step is a call that changes files, or a statement of SQLite. The kill comes before the step; a
write may first have taken a part of its bytes.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from netto_tui.errors import NettoError
from netto_tui.model.revision import Record
from netto_tui.recovery.restore import restore
from netto_tui.vault import schema, writing
from netto_tui.vault.vault import Vault
from tests.faults.stores import opened
from tests.unit.vault.talks import Time, talk

CHANGES = ("open", "write", "fsync", "replace", "ftruncate", "unlink", "mkdir", "utime", "rmdir")


class Steps:
    """Counts steps, and kills this process at one of them."""

    def __init__(self, stop: int, random: Random) -> None:
        self.stop = stop
        self.random = random
        self.done = 0
        self._write = os.write
        for name in CHANGES:
            setattr(os, name, self._counted(getattr(os, name)))
        connect = schema.connect_writer

        def connect_counted(path: Path) -> sqlite3.Connection:
            connection = connect(path)
            connection.set_trace_callback(lambda _statement: self.step())
            return connection

        schema.connect_writer = connect_counted

    def step(self) -> None:
        self.done += 1
        if self.done == self.stop:
            os.kill(os.getpid(), signal.SIGKILL)

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if real is self._write and self.done + 1 == self.stop:
                real(args[0], args[1][: self.random.randrange(len(args[1]) + 1)])
            self.step()
            return real(*args, **more)

        return call


def acknowledge(pipe: int, records: list[Record]) -> None:
    """Say that these are kept."""
    os.writev(pipe, ["".join(f"{record.id}\n" for record in records).encode()])


def add(folder: Path, pipe: int) -> None:
    """An import: many conversations, in parts that cut across them, some to be filed anew."""
    records = [record for number in range(12) for record in reversed(talk(number, 6, day=10 + number))]
    with Vault.open(folder / "vault") as vault:
        for at in range(0, len(records), 9):
            part = records[at : at + 9]
            vault.add(part)
            acknowledge(pipe, part)


def log(folder: Path, pipe: int) -> None:
    """Somebody writes."""
    time = Time()
    with Vault.open(folder / "vault", now=time) as vault:
        for _ in range(2):
            record = writing.log(vault, None, "user", "hello", title="A talk")
            for number in range(4):
                acknowledge(pipe, [record])
                time.pass_minutes(600)
                record = writing.log(vault, record.rev.conversation, "assistant", f"answer {number}")
            acknowledge(pipe, [writing.edit(vault, record.rev.conversation, record.rev.item, "better")])
            acknowledge(pipe, writing.delete(vault, record.rev.conversation, record.rev.item))


def sync(folder: Path, pipe: int) -> None:
    """Passes over two replicas, with something to bring and something to fetch."""
    with opened(folder) as place:
        for number in (10, 11):
            place.vault.add(talk(number))
            acknowledge(pipe, talk(number))
            place.sync()


def bring_back(folder: Path, pipe: int) -> None:
    """A restore of the whole vault."""
    with opened(folder) as place:
        place.vault.add(talk(10))
        acknowledge(pipe, talk(10))
        restore(place.vault, place.replicas[0])


KINDS = {"add": add, "log": log, "sync": sync, "restore": bring_back}


def run(kind: str, folder: Path, pipe: int, stop: int, seed: int) -> None:
    """Do the work; at the end, tell how many steps it took."""
    steps = Steps(stop, Random(seed))
    KINDS[kind](folder, pipe)
    os.writev(pipe, [f"steps {steps.done}\n".encode()])


def main(kind: str, folder: str) -> int:
    """Do the work in a process of its own; 3 when it was refused in words, as a full disk is."""
    try:
        KINDS[kind](Path(folder), 1)
    except (NettoError, OSError) as error:
        os.writev(2, [f"{error}\n".encode()])  # the calls that print are those that may fail
        return 3
    return 0


if __name__ == "__main__":
    os._exit(main(*sys.argv[1:]))  # leaving in order would write

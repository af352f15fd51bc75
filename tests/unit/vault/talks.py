"""Records, vaults and ways to look into them, for every test of storage and sync."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import About, Message, Record, Sent, Stamp, Text, mint
from netto_tui.recovery.index_check import _DUMPS
from netto_tui.vault.vault import Vault
from tests.memory import DISK

NOON = to_ms("2026-11-23T12:00:00.000Z")
"""When the clocks of tests begin."""

NIGHTLY = bool(os.environ.get("NETTO_NIGHTLY"))
"""Whether this is one of the long runs."""


def seeds(usual: int, nightly: int) -> list[int]:
    """The seeds of a randomised test; NETTO_SEEDS names how many, or FIRST-LAST."""
    wanted = os.environ.get("NETTO_SEEDS", "")
    if "-" in wanted:
        first, last = wanted.split("-")
        return list(range(int(first), int(last) + 1))
    return list(range(int(wanted or (nightly if NIGHTLY else usual))))


T = TypeVar("T")


def some(cases: Iterable[T], share: int) -> list[T]:
    """Every `share`-th of many cases, which leaves something of each kind; all of them in a long run."""
    return list(cases)[:: 1 if NIGHTLY else share]


def examples(usual: int) -> int:
    """How many examples Hypothesis makes of what takes long: thirty times as many at night."""
    return usual * (30 if NIGHTLY else 1)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards, in memory where that can be."""
    with tempfile.TemporaryDirectory(dir=DISK, prefix="netto-") as made:
        yield Path(made)


class Time:
    """A clock that stands until it is moved; calling it gives milliseconds since 1970."""

    def __init__(self, ms: int = NOON) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass, or run back."""
        self.ms += round(minutes * 60_000)


def time_of(vault: Vault) -> Time:
    """The clock that a test gave to a vault."""
    time = vault.clock.now
    assert isinstance(time, Time)
    return time


def new_vault(path: Path, *, device: str = "laptop", zone: str = "UTC", now: Callable[[], int] | None = None) -> Vault:
    """A vault on a clock of its own; two of them have the same id, as devices of one person do."""
    return Vault.create(path, device=device, zone=zone, vault_id="v_" + "7" * 32, now=now or Time())


def talk(number: int, count: int = 3, *, day: int = 23, text: str = "hello", first: int = 0) -> list[Record]:
    """A conversation: its header, and messages a minute apart, each answering the one before."""
    name = conversation_id("test", str(number))
    at = to_ms(f"2026-11-{day:02d}T09:00:00.000Z")
    records = []
    if first == 0:
        about = About(title=f"Talk {number}", source={"app": "test"})
        records.append(mint(name, "about", about, Stamp(to_instant(at), 0, "source:test")))
    for index in range(first, first + count):
        said = to_instant(at + index * 60_000)
        body = Message(
            "assistant" if index % 2 else "user",
            (Text(f"{text} {number}.{index}"),),
            sent=Sent(at=said),
            parent=message_id(name, str(index - 1)) if index else None,
        )
        records.append(mint(name, message_id(name, str(index)), body, Stamp(said, 0, "source:test")))
    return records


def dump(vault: Vault, *, places: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the index that follows from the records; places: also where their lines stand."""
    queries = dict(_DUMPS)
    if not places:
        queries["conversations"] = queries["conversations"].replace("size, ", "")
        queries["revisions"] = queries["revisions"].replace(", start, length", "")
    return {table: vault.sql.execute(query).fetchall() for table, query in queries.items()}


def bodies(vault: Vault) -> set[bytes]:
    """The names of all revisions that the vault has on disk."""
    names = [row[0] for row in vault.sql.execute("SELECT name FROM conversations WHERE revisions")]
    return {bytes.fromhex(record.id) for name in names for record in vault.records(name)}


def cut(records: list[Record], sizes: list[int]) -> Iterator[list[Record]]:
    """A list in parts of the given sizes, taken in turn."""
    waiting = iter(records)
    for size in itertools.cycle([*sizes, 1]):
        part = list(itertools.islice(waiting, size))
        if not part:
            return
        yield part

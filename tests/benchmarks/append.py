"""Appending one message, durable and in the index, beside a raw 4 kB write that waits for the disk."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from netto_tui.model.ids import new_conversation_id, new_message_id
from netto_tui.model.revision import ABOUT, About, Message, Record, Sent, Text, mint
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.measure import ms, percentile, ratio, scratch, show

APPENDS = 1_000
BUSY_APPENDS = 200


def run(sizes: Sequence[int]) -> None:
    """Print one table, over a vault of the smallest size."""
    with scratch() as folder, Vault.create(folder / "vault", zone="UTC") as vault:
        vault.add(record for conversation in corpus.conversations(min(sizes)) for record in conversation)
        append, write = _appending(vault), _writing(folder / "raw")
        taken: dict[str, list[float]] = {"raw 4 kB write + fdatasync": [], "vault.add of one message": []}
        for _ in range(APPENDS):
            for name, step in zip(taken, (write, append), strict=True):
                taken[name].append(step())
        alone = list(taken)
        for name in alone:
            taken[f"{name}, while a thread imports"] = []
        with _importing(vault) as busy:
            for _ in range(BUSY_APPENDS):
                if not busy.is_alive():
                    break
                for name, step in zip(alone, (write, append), strict=True):
                    taken[f"{name}, while a thread imports"].append(step())
    rows = []
    for number, (name, took) in enumerate(taken.items()):
        raw = percentile(taken[list(taken)[number - number % 2]], 0.5)
        figures = [ms(percentile(took, share)) for share in (0.5, 0.99)]
        rows.append([name, str(len(took)), *figures, ms(max(took)), ratio(percentile(took, 0.5), raw)])
    note = "Goal: p50 within 3x of the raw write; at most 50 ms while another thread imports."
    show("Append one message", ["work", "times", "p50 ms", "p99 ms", "max ms", "p50"], rows, note)


def _writing(path: Path) -> Callable[[], float]:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    data = os.urandom(4096)

    def write() -> float:
        start = time.perf_counter()
        os.write(file, data)
        os.fdatasync(file)
        return time.perf_counter() - start

    return write


def _appending(vault: Vault) -> Callable[[], float]:
    """Each call appends a message of 150 words to one conversation; the seconds that it took."""
    words, name = corpus.Words(corpus.SEED + 1), new_conversation_id()
    vault.add([mint(name, ABOUT, About(title="Append"), vault.clock.stamp())])
    parents: list[str] = []

    def append() -> float:
        stamp, item = vault.clock.stamp(), new_message_id()
        parent = parents[-1] if parents else None
        body = Message("user", (Text(words.text(150)),), sent=Sent(at=stamp.at), parent=parent)
        record = mint(name, item, body, stamp)
        parents.append(item)
        start = time.perf_counter()
        vault.add([record])
        return time.perf_counter() - start

    return append


class _importing:
    """A thread that goes on adding conversations to a vault while the block runs."""

    def __init__(self, vault: Vault) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: vault.add(self._records()))

    def _records(self) -> Iterator[Record]:
        for conversation in corpus.conversations(1_000_000, seed=corpus.SEED + 2):
            if self._stop.is_set():
                return
            yield from conversation

    def __enter__(self) -> threading.Thread:
        self._thread.start()
        time.sleep(0.5)
        return self._thread

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

"""The reader's pages on a large vault: no question may cost more for being asked of a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from netto_tui.model.query import Query, parse
from netto_tui.vault.reader import Reader
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.measure import ms, percentile, scratch, show

REPETITIONS = 15
LONG = 50_000
TODAY = date(2026, 11, 23)


def run(sizes: Sequence[int]) -> None:
    """Print one table: as many conversations as the smallest and largest usual size says, and one long transcript."""
    usual = sorted(size for size in sizes if size <= 100_000) or [10_000]
    figures: dict[str, list[str]] = {}
    for conversations in dict.fromkeys((usual[0], usual[-1])):
        with scratch() as folder:
            path = folder / "vault"
            name = _fill(path, conversations)
            for question, took in _ask(path, name).items():
                figures.setdefault(question, []).append(ms(took))
    rows = [[question, *took] for question, took in figures.items()]
    columns = ["question", *(f"{count:,} conversations, ms" for count in dict.fromkeys((usual[0], usual[-1])))]
    show(f"Pages of the reader, p50; the long transcript has {LONG:,} messages", columns, rows)


def _fill(path: Path, conversations: int) -> str:
    """A vault of so many conversations of one message, and a long one; returns the long one's id."""
    with Vault.create(path, zone="UTC") as vault:
        vault.add(record for each in corpus.conversations(conversations, 1) for record in each)
        long = corpus.long_conversation(LONG)
        vault.add(long)
        vault.digest()
    return long[0].rev.conversation


def _ask(path: Path, name: str) -> dict[str, float]:
    with Vault.open(path) as vault, vault.reader() as reader:
        questions = _questions(vault, reader, name)
        found = {question: _median(ask) for question, ask in questions.items()}

    def reopen() -> None:
        Vault.open(path).close()

    return {**found, "open the vault": _median(reopen)}


def _questions(vault: Vault, reader: Reader, name: str) -> dict[str, Callable[[], object]]:
    def query(text: str) -> Query:
        return parse(text, TODAY, ZoneInfo("UTC"))

    everything, word, title = query(""), query(corpus.vocabulary()[200]), query("title:ka")
    names = [row.conversation for row in reader.conversations(everything, 0, 200)]
    middle = reader.count(everything) // 2
    item = reader.messages(name, LONG // 2, 1)[0].item
    items = [row.item for row in reader.messages(name, 1_000, 1_000)]
    return {
        "conversations: first 200": lambda: reader.conversations(everything, 0, 200),
        "conversations: 200 from the middle": lambda: reader.conversations(everything, middle, 200),
        "conversations: first 50 with a word": lambda: reader.conversations(word, 0, 50),
        "conversations: first 50 by title": lambda: reader.conversations(title, 0, 50),
        "count of all": lambda: reader.count(everything),
        "count with a word": lambda: reader.count(word),
        "days": lambda: reader.days(everything),
        "totals": lambda: reader.totals(),
        "version": lambda: reader.version(),
        "marks of 200 conversations": lambda: reader.replica_marks(names),
        "replicas": lambda: reader.replicas(),
        "conflicts": lambda: reader.conflicts(),
        "transcript: first 200": lambda: reader.messages(name, 0, 200),
        "transcript: last 200": lambda: reader.messages(name, LONG - 200, 200),
        "transcript: position of a message": lambda: reader.position(name, item),
        "transcript: count": lambda: reader.message_count(name),
        "known: 1,000 items": lambda: vault.known(name, items),
        "digest, unchanged": lambda: vault.digest(),
    }


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        ask()
        took.append(time.perf_counter() - start)
    return percentile(took, 0.5)

"""Search as people type: the newest 50 messages with a snippet each, beside tantivy on the same texts."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from netto_tui.model.clock import to_ms
from netto_tui.model.conversation import body_text
from netto_tui.model.query import Query, parse
from netto_tui.model.revision import Message
from netto_tui.vault.hits import first_hits, hits_at, places
from netto_tui.vault.searching import snippet
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus, shelf
from tests.benchmarks.measure import ms, percentile, scratch, show

TODAY = date(2026, 11, 23)
HITS = 50


def run(sizes: Sequence[int]) -> None:
    """Print a table for each size; each query runs once on every engine, in turn."""
    typed = corpus.keystrokes()
    queries = [parse(text, TODAY, ZoneInfo("UTC")) for text in typed]
    for size in sizes:
        with scratch() as folder, Vault.open(shelf.filled(size)) as vault, vault.reader() as reader:
            engines: dict[str, Callable[[Query], Any]] = {
                FIRST: lambda query: first_hits(reader, query, HITS),
                EXACT: lambda query: hits_at(reader, places(reader, query).rows[:HITS], query.terms),
            }
            if importlib.util.find_spec("tantivy"):
                engines["tantivy"] = _tantivy(folder / "tantivy", size)
            taken: dict[str, list[float]] = {name: [] for name in engines}
            found: dict[str, list[Any]] = {name: [] for name in engines}
            for query in queries:
                for name, search in engines.items():
                    start = time.thread_time()
                    found[name].append(search(query))
                    taken[name].append(time.thread_time() - start)
        rows = [
            [name, ms(percentile(took, 0.5)), ms(percentile(took, 0.9)), ms(percentile(took, 0.99)), ms(max(took))]
            for name, took in taken.items()
        ]
        if "tantivy" not in engines:
            rows.append(["tantivy", "is not installed", "", "", ""])
        show(
            f"Search {size:,} messages, {len(queries):,} keystrokes, {HITS} hits",
            _COLUMNS,
            rows,
            _note(typed, taken, found),
        )


def _note(typed: Sequence[str], taken: Mapping[str, Sequence[float]], found: Mapping[str, Sequence[Any]]) -> str:
    pairs = list(zip(found[FIRST], found[EXACT], strict=True))
    same = sum(first == exact for first, exact in pairs) / len(pairs)
    overlap = sum(len({*first} & {*exact}) for first, exact in pairs) / max(1, sum(len(exact) for _, exact in pairs))
    slow = sorted(zip(taken[FIRST], typed, strict=True), reverse=True)[:3]
    return (
        "CPU ms of one thread. Goal for the first hits: p50 at most 2 ms, p99 at most 8 ms. Slowest: "
        + ", ".join(f"`{text}` {ms(took)} ms" for took, text in slow)
        + f". The first hits are exactly the newest in {same:.1%}, and {overlap:.2%} of them are."
    )


FIRST, EXACT = "netto-tui, first hits", "netto-tui, all places counted"
_COLUMNS = ["engine", "p50 ms", "p90 ms", "p99 ms", "max ms"]


def _tantivy(path: Path, size: int) -> Callable[[Query], Any]:
    """The same texts in tantivy: newest first, within dates, with the same snippets."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=True)
    builder.add_integer_field("at", stored=True, indexed=True, fast=True)
    schema = builder.build()
    path.mkdir()
    index = tantivy.Index(schema, path=str(path))
    writer = index.writer(heap_size=256 * 2**20, num_threads=1)
    for conversation in corpus.conversations(size, shelf.PER_CONVERSATION):
        for record in conversation:
            if isinstance(body := record.rev.body, Message):
                writer.add_document(tantivy.Document(text=body_text(body), at=to_ms(record.rev.at)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: Query) -> list[str]:
        must = [(tantivy.Occur.Must, _term(tantivy, schema, term)) for term in query.terms]
        if query.since is not None and query.until is not None:
            dates = tantivy.Query.range_query(schema, "at", tantivy.FieldType.Integer, query.since, query.until - 1)
            must.append((tantivy.Occur.Must, dates))
        found = searcher.search(tantivy.Query.boolean_query(must), HITS, count=False, order_by_field="at")
        return [snippet(searcher.doc(address)["text"][0], query.terms) for _, address in found.hits]

    return search


def _term(tantivy: Any, schema: Any, term: Any) -> Any:
    words = term.text.lower().split()
    if term.phrase and len(words) > 1:
        return tantivy.Query.phrase_query(schema, "text", words)
    if term.prefix:
        return tantivy.Query.regex_query(schema, "text", f"{words[0]}.*")
    return tantivy.Query.term_query(schema, "text", words[0])

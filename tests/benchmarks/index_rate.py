"""How fast records come in, beside SQLite's full text index alone with the same settings and batches."""

from __future__ import annotations

import json
import multiprocessing
import re
import resource
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Message, Record
from netto_tui.vault.adding import CHUNK_RECORDS
from netto_tui.vault.vault import Vault
from tests.benchmarks import corpus
from tests.benchmarks.measure import Timing, interleaved, ratio, scratch, show, timed

REPETITIONS = 3
"""Of each run, up to 10,000 messages; what takes minutes is run once."""


def run(sizes: Sequence[int]) -> None:
    """Print a table for each size."""
    for size in sizes:
        records = [record for conversation in corpus.conversations(size) for record in conversation]
        texts = [body_text(record.rev.body) for record in records if isinstance(record.rev.body, Message)]
        runs = {
            "SQLite FTS5 alone": lambda texts=texts: _plain(texts),
            "vault.add: durable, then indexed": lambda records=records: _add(records),
            "index from the session files": lambda records=records: _rebuild(records),
            "import of Claude Code files": lambda size=size: _import(size),
        }
        found = interleaved(runs, REPETITIONS if size <= 10_000 else 1)
        plain = found["SQLite FTS5 alone"]
        rows = [
            [name, f"{size / t.wall:,.0f}", f"{size / t.cpu:,.0f}", ratio(t.wall, plain.wall), ratio(t.cpu, plain.cpu)]
            for name, t in found.items()
        ]
        note = f"Goal: an index from the files within 1.3x. {_memory(size)}"
        show(f"Index {size:,} messages", ["work", "messages/s", "messages/CPU s", "time", "CPU"], rows, note)


def _plain(texts: Sequence[str]) -> Timing:
    """Nothing but full text, as SQLite does it unless told otherwise."""
    with scratch() as folder:
        sql = sqlite3.connect(folder / "plain.db", isolation_level=None)
        sql.execute("PRAGMA journal_mode = WAL")
        sql.execute("PRAGMA synchronous = NORMAL")
        sql.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (text, prefix='1 2 3', tokenize='unicode61 remove_diacritics 2')"
        )
        with timed() as timing:
            for at in range(0, len(texts), CHUNK_RECORDS):
                sql.execute("BEGIN")
                some = [(text,) for text in texts[at : at + CHUNK_RECORDS]]
                sql.executemany("INSERT INTO words (text) VALUES (?)", some)
                sql.execute("COMMIT")
        sql.close()
    return timing


def _add(records: Sequence[Record]) -> Timing:
    with scratch() as folder, Vault.create(folder / "vault", zone="UTC") as vault:
        with timed() as timing:
            added = vault.add(records)
        assert added.added == len(records)
    return timing


def _rebuild(records: Sequence[Record]) -> Timing:
    with scratch() as folder, Vault.create(folder / "vault", zone="UTC") as vault:
        vault.add(records)
        with timed() as timing:
            vault.rebuild_index()
        with vault.reader() as reader:
            assert reader.totals().revisions == len(records)
    return timing


def _import(size: int) -> Timing:
    from netto_tui.capture.ingest import ingest

    with scratch() as folder, Vault.create(folder / "vault", zone="UTC") as vault:
        write_claude_code(folder / "projects", corpus.conversations(size))
        with timed() as timing:
            imported = ingest(vault, [folder / "projects"])
        assert imported.messages == size, (imported.messages, imported.skipped[:3])
    return timing


def write_claude_code(folder: Path, conversations: Iterator[list[Record]]) -> None:
    """Session files as Claude Code writes them, one for each conversation."""
    for number, (header, *messages) in enumerate(conversations):
        session = f"{number:08d}-0000-4000-8000-{header.id[:12]}"
        path = folder / f"-home-ada-project-{number % 20}" / f"{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(_lines(session, messages)))


def _lines(session: str, messages: Sequence[Record]) -> Iterator[str]:
    parent = None
    for record in messages:
        body = record.rev.body
        assert isinstance(body, Message)
        text = body_text(body)
        said: dict[str, object] = {"role": body.role}
        uuid = f"{record.id[:8]}-{record.id[8:12]}-4{record.id[13:16]}-8{record.id[17:20]}-{record.id[20:32]}"
        if body.role == "assistant":
            content = [{"type": "text", "text": text}]
            said |= {"id": f"msg_{record.id[:24]}", "type": "message", "model": "model-1", "content": content}
        else:
            said["content"] = text
        line = {
            "parentUuid": parent,
            "isSidechain": False,
            "userType": "external",
            "cwd": "/home/ada/project",
            "sessionId": session,
            "version": "2.0.14",
            "type": body.role,
            "message": said,
            "uuid": uuid,
            "timestamp": body.sent.at,
        }
        yield json.dumps(line) + "\n"
        parent = uuid


def _memory(size: int) -> str:
    """The most memory that adding and re-indexing took, in processes of their own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        start, added, rebuilt = pool.apply(_peaks, (min(size, 100_000),))
    return f"Memory at most: {start} MB before, {added} MB while adding, {rebuilt} MB while indexing anew."


def _peaks(size: int) -> tuple[int, int, int]:
    def peak() -> int:
        status = Path("/proc/self/status")
        if status.exists():  # unlike ru_maxrss it begins anew with the process
            return int(re.findall(r"VmHWM:\s*(\d+)", status.read_text())[0]) // 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    with scratch() as folder, Vault.create(folder / "vault", zone="UTC") as vault:
        corpus.vocabulary()
        start = peak()
        vault.add(record for conversation in corpus.conversations(size) for record in conversation)
        added = peak()
        vault.rebuild_index()
        return start, added, peak()

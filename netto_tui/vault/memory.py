"""Daily memory files: what was said on a day, for people to read and to edit.

`memory/2026-11-23.md` is a view of the records, made anew as a whole. Each message stands in a
block that names its item and revision, so that a person's edit is noticed and becomes a revision.
Words that stand outside every block become that day's notes. Nothing is deleted by being left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from netto_tui.errors import UsageError
from netto_tui.files import atomic_write
from netto_tui.model.conversation import prose_text
from netto_tui.model.revision import ABOUT, About, Document, Record, mint
from netto_tui.vault.reader import DayMessage, Reader
from netto_tui.vault.vault import Vault
from netto_tui.vault.writing import with_text

_BLOCK = re.compile(
    r"^<!-- (?P<item>m_[0-9a-f]{32}|memory/[0-9-]{10}\.md) (?P<revision>[0-9a-f]{16}) -->\n"
    r"(?P<heading>[^\n]*)\n\n(?P<text>.*?)\n<!-- end (?P=revision) -->$",
    re.MULTILINE | re.DOTALL,
)
_OURS = re.compile(r"# [0-9]{4}-[0-9]{2}-[0-9]{2}|## .*<!-- c_[0-9a-f]{32} -->")
_FILE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.md")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass
class Noticed:
    """What reading the memory files brought: edits as revisions, and things a person should know."""

    records: list[Record] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)


def render(reader: Reader, day: str) -> bytes:
    """The file of one day, `YYYY-MM-DD`; empty when nothing was said. The same set gives the same bytes."""
    messages = reader.day_messages(day)
    groups: dict[str, list[DayMessage]] = {}
    for message in messages:
        groups.setdefault(message.conversation, []).append(message)
    if not groups:
        return b""
    lines = [f"# {day}", ""]
    for conversation, group in sorted(groups.items(), key=lambda pair: (pair[1][0].at, pair[0])):
        title = _CONTROL.sub(" ", group[0].title).replace("-->", "→").strip() or "Untitled"
        lines += [f"## {title} <!-- {conversation} -->", ""]
        for message in group:
            short = message.revision[:16]
            who = _CONTROL.sub(" ", message.author) or message.role
            lines += [f"<!-- {message.item} {short} -->", f"**{who}** · {message.clock}", "", message.text]
            lines += [f"<!-- end {short} -->", ""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def refresh(vault: Vault) -> list[str]:
    """Notice edits, then render every day that is out of date; returns what a person should know."""
    alerts = absorb(vault)
    while stale := vault.sql.execute("SELECT day FROM views WHERE stale LIMIT 500").fetchall():
        with vault.reader() as reader, vault.transaction() as sql:
            for (day,) in stale:
                _write(vault, reader, day)
            sql.executemany("UPDATE views SET stale = 0 WHERE day = ?", stale)
    return alerts


def _write(vault: Vault, reader: Reader, day: str) -> None:
    path = vault.path / "memory" / f"{day}.md"
    data = render(reader, day)
    if data:
        atomic_write(path, data, durable=False)
    else:
        path.unlink(missing_ok=True)
    seen = path.stat() if data else None
    vault.sql.execute(
        "INSERT OR REPLACE INTO views (day, stale, sha256, mtime, size) VALUES (?, 1, ?, ?, ?)",
        (day, hashlib.sha256(data).hexdigest(), seen and seen.st_mtime_ns, seen and seen.st_size),
    )


def absorb(vault: Vault) -> list[str]:
    """Turn what people changed in the memory files into revisions; returns what they should know."""
    views = {day: rest for day, *rest in vault.sql.execute("SELECT day, sha256, mtime, size FROM views")}
    noticed = Noticed()
    touched: list[str] = []
    found = {path.stem: path for path in (vault.path / "memory").glob("*.md") if _FILE.fullmatch(path.name)}
    for day, path in sorted(found.items()):
        seen = path.stat()
        sha256, mtime, size = views.get(day, (None, None, None))
        if (seen.st_mtime_ns, seen.st_size) == (mtime, size):
            continue
        touched.append(day)
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            _read(vault, day, data, noticed, known=sha256 is not None)
    removed = sorted(day for day, (_, mtime, _) in views.items() if mtime is not None and day not in found)
    if removed:
        what = f"memory/{removed[0]}.md was" if len(removed) == 1 else f"{len(removed)} memory files were"
        noticed.alerts.append(f"{what} removed; it is made again. To remove messages: netto-tui delete.")
        touched += removed
    vault.add(noticed.records)
    if touched:
        with vault.transaction() as sql:
            sql.executemany(
                "INSERT INTO views (day, stale) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET stale = 1",
                [(day,) for day in touched],
            )
    return noticed.alerts


def _read(vault: Vault, day: str, data: bytes, noticed: Noticed, *, known: bool) -> None:
    """Find what differs between a file and the revisions that it names."""
    name = f"memory/{day}.md"
    try:
        text = data.decode("utf-8", "surrogatepass").replace("\r\n", "\n")
    except UnicodeDecodeError:
        vault.quarantine.keep(name, data, "The file is not UTF-8.")
        noticed.alerts.append(f"{name} was not readable text; it is in quarantine and was made again.")
        return
    blocks = list(_BLOCK.finditer(text))
    for block in blocks:
        noticed.records.extend(_edit(vault, block))
    with vault.reader() as reader:
        expected = {message.item for message in reader.day_messages(day)}
    if known and (gone := expected - {block["item"] for block in blocks}):
        noticed.alerts.append(
            f"{name} lacks {len(gone)} of its messages; they are kept. To remove them: netto-tui delete."
        )
    outside = [line for line in _BLOCK.sub("", text).splitlines() if not _OURS.fullmatch(line.strip())]
    if words := "\n".join(outside).strip():
        noticed.records.extend(_note(vault, name, words, noticed.records))


def _edit(vault: Vault, block: re.Match[str]) -> Iterator[Record]:
    """The revision that a person's change of one block amounts to; none if it says what it said."""
    with vault.reader() as reader:
        conversation = reader.conversation_of_revision(block["revision"], block["item"])
    if conversation is None:
        return
    item = vault.item(conversation, block["item"])
    record = next(record for record in item.records.values() if record.id.startswith(block["revision"]))
    if _plain(prose_text(record.rev.body)) == _plain(block["text"]):
        return
    replaced = next((v.heads for v in item.versions if record in v.heads), (record,))
    try:
        body = with_text(record.rev.body, block["text"])
    except UsageError:
        return
    yield mint(conversation, item.name, body, vault.clock.stamp(), [head.id for head in replaced])


def _plain(text: str) -> str:
    """A text without the blanks at line ends that editors take away or add."""
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def _note(vault: Vault, path: str, words: str, pending: list[Record]) -> Iterator[Record]:
    """Words outside of every block, added to the day's notes."""
    conversation = vault.notes
    replaced: list[str] = []
    try:
        version = vault.item(conversation, path).value
    except UsageError:
        before = ""
    else:
        before = prose_text(version.body)
        replaced = [head.id for head in version.heads]
    edited = next(
        (record for record in pending if (record.rev.conversation, record.rev.item) == (conversation, path)), None
    )
    if edited is not None:
        before, replaced = prose_text(edited.rev.body), [edited.id]
    with vault.reader() as reader:
        if reader.conversation(conversation) is None:
            about = About(title="Notes", source={"app": "netto"})
            yield mint(conversation, ABOUT, about, vault.clock.stamp())
    text = f"{before}\n\n{words}".strip()
    yield mint(conversation, path, Document(path=path, text=text), vault.clock.stamp(), replaced)


def views_of(reader: Reader, conversations: list[str]) -> dict[str, bytes]:
    """The memory files of every day on which these conversations have something to show, by path."""
    days = sorted({day for name in conversations for day in reader.days_of(name)})
    return {f"memory/{day}.md": render(reader, day) for day in days}

"""Daily memory files: what was said on a day, for people to read and to edit.

`memory/2026-11-23.md` is a view of the records, made anew as a whole. Each message stands in a
block that names its item and revision, so that a person's edit is noticed and becomes a revision.
Words that stand outside every block become that day's notes. Nothing is deleted by being left out.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from netto_tui.errors import UsageError
from netto_tui.files import atomic_write, read_regular
from netto_tui.model.conversation import prose_text
from netto_tui.model.revision import ABOUT, About, Document, Record, mint
from netto_tui.vault.daybook import DayMessage, conversation_of_revision, day_messages, days_of
from netto_tui.vault.reader import Reader
from netto_tui.vault.vault import Vault
from netto_tui.vault.writing import with_text

_BLOCK = re.compile(
    r"^<!-- (?P<item>m_[0-9a-f]{32}|memory/[0-9-]{10}\.md) (?P<revision>[0-9a-f]{16}) -->\n"
    r"(?P<heading>[^\n]*)\n\n(?P<text>.*?)\n<!-- end (?P=revision) -->$",
    re.MULTILINE | re.DOTALL,
)
_OURS = re.compile(r"# [0-9]{4}-[0-9]{2}-[0-9]{2}|## .*<!-- c_[0-9a-f]{32} -->")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


Seen = tuple[int, int]
"""When a file was last changed, in nanoseconds since 1970, and its length in bytes."""


@dataclass
class Noticed:
    """What reading the memory files brought: edits as revisions, and things a person should know.

    seen: how each day's file was when it was read; one that is changed again after that is not overwritten.
    refused: files that say something of messages that are not here; they were put in quarantine.
    """

    records: list[Record] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    seen: dict[str, Seen | None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def render(reader: Reader, day: str, *, screened: bool = False) -> bytes:
    """The file of one day, `YYYY-MM-DD`; empty when nothing was said. The same set gives the same bytes.

    screened: without the messages that hold a credential, and with those in titles named instead of shown.
    """
    messages = day_messages(reader, day, screened=screened)
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
    noticed = absorb(vault)
    waiting = [row[0] for row in vault.sql.execute("SELECT day FROM views WHERE stale").fetchall()]
    lost = vault.sql.execute("SELECT 1 FROM wanted LIMIT 1").fetchone() is not None
    for at in range(0, len(waiting), 500):
        with vault.reader() as reader, vault.transaction() as sql:
            for day in waiting[at : at + 500]:
                if _seen(_file(vault, day)) == noticed.seen.get(day):
                    _write(vault, reader, day, keep_old=lost)
                    sql.execute("UPDATE views SET stale = 0 WHERE day = ?", (day,))
    return noticed.alerts


def _file(vault: Vault, day: str) -> Path:
    return vault.path / "memory" / f"{day}.md"


def _seen(path: Path) -> Seen | None:
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns, found.st_size


def _write(vault: Vault, reader: Reader, day: str, *, keep_old: bool) -> None:
    """Put a day's file in place; keep_old: the old one may hold the only copy of what was lost here."""
    path = _file(vault, day)
    data = render(reader, day)
    if keep_old and path.exists() and (old := path.read_bytes()) != data:
        vault.quarantine.keep(f"memory/{day}.md", old, "It was made anew while conversations were missing.")
    if data:
        atomic_write(path, data, durable=False)
    else:
        path.unlink(missing_ok=True)
    mtime, size = _seen(path) or (None, None)
    vault.sql.execute(
        "INSERT OR REPLACE INTO views (day, stale, sha256, mtime, size) VALUES (?, 1, ?, ?, ?)",
        (day, hashlib.sha256(data).hexdigest(), mtime, size),
    )


def absorb(vault: Vault) -> Noticed:
    """Turn what people changed in the memory files into revisions."""
    views = {day: rest for day, *rest in vault.sql.execute("SELECT day, sha256, mtime, size FROM views")}
    noticed = Noticed()
    touched: list[str] = []
    found = {path.stem: path for path in (vault.path / "memory").glob("*.md") if _is_day(path.stem)}
    for day, path in sorted(found.items()):
        noticed.seen[day] = seen = _seen(path)
        sha256, mtime, size = views.get(day, (None, None, None))
        if seen == (mtime, size):
            continue
        try:
            data = read_regular(path)
        except OSError as error:
            noticed.alerts.append(f"memory/{day}.md cannot be read: {error.strerror}. Move it away.")
            noticed.seen[day] = (-1, -1)
            continue
        touched.append(day)
        if hashlib.sha256(data).hexdigest() != sha256:
            _read(vault, day, data, noticed, known=sha256 is not None)
    removed = sorted(day for day, (_, mtime, _) in views.items() if mtime is not None and day not in found)
    if removed:
        what = f"memory/{removed[0]}.md was" if len(removed) == 1 else f"{len(removed)} memory files were"
        noticed.alerts.append(f"{what} removed; it is made again. To remove messages: netto-tui delete.")
        touched += removed
    if refused := sorted(set(noticed.refused)):
        what = f"{refused[0]} says" if len(refused) == 1 else f"{len(refused)} memory files say"
        noticed.alerts.append(f"{what} something of messages that are not here; a copy is in quarantine.")
    vault.add(noticed.records)
    if touched:
        with vault.transaction() as sql:
            sql.executemany(
                "INSERT INTO views (day, stale) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET stale = 1",
                [(day,) for day in touched],
            )
    return noticed


def _is_day(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name and "1970-01-01" <= name < "2248-01-01"
    except ValueError:
        return False


def _read(vault: Vault, day: str, data: bytes, noticed: Noticed, *, known: bool) -> None:
    """Find what differs between a file and the revisions that it names."""
    name = f"memory/{day}.md"
    try:
        text = data.decode("utf-8", "surrogatepass").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        vault.quarantine.keep(name, data, "The file is not UTF-8.")
        noticed.alerts.append(f"{name} was not readable text; it is in quarantine and was made again.")
        return
    blocks = list(_BLOCK.finditer(text))
    for block in blocks:
        try:
            noticed.records.extend(_edit(vault, block))
        except UsageError as error:
            vault.quarantine.keep(name, data, f"Not all of it could be taken over. {error.message}")
            noticed.refused.append(name)
    with vault.reader() as reader:
        expected = {message.item for message in day_messages(reader, day)}
    if known and (gone := expected - {block["item"] for block in blocks}):
        noticed.alerts.append(
            f"{name} lacks {len(gone)} of its messages; they are kept. To remove them: netto-tui delete."
        )
    outside = [line for line in _BLOCK.sub("", text).split("\n") if not _OURS.fullmatch(line.strip())]
    if words := "\n".join(outside).strip():
        noticed.records.extend(_note(vault, name, words, noticed.records))


def _edit(vault: Vault, block: re.Match[str]) -> Iterator[Record]:
    """The revision that a person's change of one block amounts to; none if it says what it said.

    Raises UsageError when what was changed is not here, or is deleted.
    """
    with vault.reader() as reader:
        conversation = conversation_of_revision(reader, block["revision"], block["item"])
    if conversation is None:
        raise UsageError("One of its messages is not here.")
    item = vault.item(conversation, block["item"])
    record = next((record for record in item.records.values() if record.id.startswith(block["revision"])), None)
    if record is None:
        raise UsageError("One of its messages is damaged here.")
    if _plain(prose_text(record.rev.body)) == _plain(block["text"]):
        return
    replaced = next((v.heads for v in item.versions if record in v.heads), (record,))
    body = with_text(record.rev.body, block["text"])
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
    if f"\n\n{before}".endswith(f"\n\n{words}"):
        return  # a crash came between taking them over and making the file anew
    with vault.reader() as reader:
        if reader.conversation(conversation) is None:
            about = About(title="Notes", source={"app": "netto"})
            yield mint(conversation, ABOUT, about, vault.clock.stamp())
    text = f"{before}\n\n{words}".strip()
    yield mint(conversation, path, Document(path=path, text=text), vault.clock.stamp(), replaced)


def views_of(reader: Reader, conversations: list[str], *, screened: bool = False) -> dict[str, bytes]:
    """The memory files of every day on which these conversations have something to show, by path; see render."""
    days = sorted({day for name in conversations for day in days_of(reader, name)})
    return {f"memory/{day}.md": render(reader, day, screened=screened) for day in days}

"""From what sources show to revisions of a vault: only what is new, and nothing twice.

A body that any stored revision of its item has adds nothing, so an old export never undoes what
came later, and what a person edited or deleted stays as it is. Otherwise the new revision
replaces what the same source made before; beside a person's edit it is a conflict. A source
never deletes: there are no tombstones here.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.capture.base import Draft, Event, Found, Skipped, Warned, unreadable
from netto_tui.capture.mapping import path_text
from netto_tui.capture.openclaw_workspace import DAILY
from netto_tui.capture.revising import Revising
from netto_tui.capture.sources import find
from netto_tui.errors import Cancelled
from netto_tui.model.conversation import is_hidden, items
from netto_tui.model.revision import ABOUT, Document, Message

if TYPE_CHECKING:
    from netto_tui.vault.vault import Vault

BATCH_DRAFTS = 1000
BATCH_BYTES = 4 * 1024 * 1024

UNKNOWN_SHARE = 0.2
"""Share of records of unknown types above which a format is called newer than its importer."""

SKIPPED_LIMIT = 1000
"""Unreadable records of one source that are kept and reported one by one; the others are counted."""


@dataclass
class Imported:
    """The outcome of an import.

    conversations: how many different ones the sources gave at least one item for, new or known.
    messages: different message items found, new or known, that their source shows (`native.hidden`
    is not set): the number that `status` shows after importing into an empty vault. Documents and
    headers do not count. added: revisions that are new in the vault, of any kind.
    """

    conversations: int = 0
    messages: int = 0
    added: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)


@dataclass(frozen=True)
class ImportProgressed:
    """A batch is on disk: which source it is from, and the totals so far."""

    path: str
    messages: int
    added: int


def ingest(
    vault: Vault,
    paths: Sequence[Path],
    source: str | None = None,
    listener: Callable[[ImportProgressed], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    workspace: str = "",
    chosen: Callable[[Found], bool] = lambda found: True,
) -> Imported:
    """Bring everything at some paths into a vault; running it again adds nothing.

    source: one of `sources.KINDS`, to take only these. workspace: the lasting name of a workspace
    among the paths, so that it keeps its history when it moves. chosen: which of the sources that
    are found to read. Raises UsageError for a path that is not there or an unknown source,
    Cancelled when `cancel` is set; what was added stays.
    """
    run = _Import(vault, listener, cancel or threading.Event())
    for found in find(paths, source, workspace):
        if not isinstance(found, Found):
            run.note(found)
        elif chosen(found):
            run.take(found)
    run.flush()
    run.compare_counts()
    return run.imported


@dataclass
class _Tally:
    """What one source gave."""

    records: int = 0
    unknown: int = 0
    shown: int = 0
    documents: set[str] = field(default_factory=set)
    conversation: str = ""
    skipped: int = 0


class _Import:
    """One run over any number of sources."""

    def __init__(
        self, vault: Vault, listener: Callable[[ImportProgressed], None] | None, cancel: threading.Event
    ) -> None:
        self.vault = vault
        self.listener = listener
        self.cancel = cancel
        self.imported = Imported()
        self.batch: list[Draft] = []
        self.bytes = 0
        self.seen: set[bytes] = set()
        self.shown: dict[str, int] = defaultdict(int)
        self.where: dict[str, str] = {}
        self.roots: dict[str, Path] = {}

    def take(self, found: Found) -> None:
        """Read one source to its end."""
        tally = _Tally()
        try:
            for event in found.source.read(found) if found.source else ():
                self._event(event, found, tally)
        except OSError as error:
            self.note(unreadable(found.where, error))
        self._judge(found, tally)

    def _event(self, event: Event, found: Found, tally: _Tally) -> None:
        if isinstance(event, Draft):
            self._draft(event, found, tally)
        elif isinstance(event, Skipped):
            tally.skipped += 1
            if tally.skipped <= SKIPPED_LIMIT:
                self.note(event)
        else:
            self.note(event)

    def note(self, event: Skipped | Warned) -> None:
        """Report something, after its bytes, if any, are safe."""
        if isinstance(event, Warned):
            self.imported.warned.append(event)
            return
        if event.data:
            self.vault.quarantine.keep(f"{event.path}:{event.line}", event.data, event.reason)
        self.imported.skipped.append(replace(event, data=b""))

    def _draft(self, draft: Draft, found: Found, tally: _Tally) -> None:
        if isinstance(draft.body, Message):
            tally.records += 1
            tally.unknown += draft.unknown
            self._count(draft, tally)
        elif isinstance(draft.body, Document):
            tally.documents.add(draft.item)
            tally.conversation = draft.conversation
        self.where.setdefault(draft.conversation, found.where)
        self.batch.append(draft)
        self.bytes += sum(map(len, draft.blobs.values())) + _rough_size(draft)
        if len(self.batch) >= BATCH_DRAFTS or self.bytes >= BATCH_BYTES:
            self.flush()

    def _count(self, draft: Draft, tally: _Tally) -> None:
        if is_hidden(draft.body):
            return
        tally.shown += 1
        name = bytes.fromhex(draft.item[2:18])  # 64 bits of a hash tell a million messages apart
        if name not in self.seen:
            self.seen.add(name)
            self.shown[draft.conversation] += 1
            self.imported.messages += 1

    def flush(self) -> None:
        """Put what has gathered on disk."""
        if self.cancel.is_set():
            raise Cancelled("The import was stopped.", remedy="What was added stays; run it again.")
        if not self.batch:
            return
        revising = Revising(self.vault)
        revising.take(self.batch)
        self.imported.added += self.vault.add(revising.records, revising.blobs).added
        self.imported.warned += [Warned(self.where[name], code, detail) for name, code, detail in revising.alarms]
        self.imported.conversations = len(self.where)
        last = self.where[self.batch[-1].conversation]
        self.batch, self.bytes = [], 0
        if self.listener is not None:
            self.listener(ImportProgressed(last, self.imported.messages, self.imported.added))

    def _judge(self, found: Found, tally: _Tally) -> None:
        """What a person should know about a source as a whole."""
        if tally.skipped > SKIPPED_LIMIT:
            more = tally.skipped - SKIPPED_LIMIT
            self.note(Skipped(found.where, 0, f"{more} more records cannot be read; they stay where they are"))
        if not tally.shown and not tally.documents and _has_content(found.path):
            detail = f"There is content, but no message was found in it. It was read as {found.format}."
            self.note(Warned(found.where, "empty", detail))
        if tally.unknown > UNKNOWN_SHARE * tally.records:
            detail = f"{tally.unknown} of {tally.records} records are of unknown types; all are kept as they are."
            self.note(Warned(found.where, "newer-format", detail))
        if tally.documents:
            self._look_at_documents(found, tally)

    def _look_at_documents(self, found: Found, tally: _Tally) -> None:
        """Daily notes that are kept here and no longer in the workspace; a second workspace or file of one name."""
        root = found.root.resolve()
        other = self.roots.setdefault(tally.conversation, root)
        is_workspace = found.path == found.root
        if other != root:
            name = path_text(other if is_workspace else other / found.path.relative_to(found.root))
            remedy = "Import each with a name of its own." if is_workspace else "Give one of them another name."
            self.note(Warned(found.where, "ambiguous", f"It has the same name as {name}, so the two are one. {remedy}"))
        elif is_workspace:
            self._look_for_vanished(found, tally)

    def _look_for_vanished(self, found: Found, tally: _Tally) -> None:
        kept = items(self.vault.records(tally.conversation))
        for name in sorted(kept.keys() - tally.documents - {ABOUT}):
            if DAILY.fullmatch(name) and not kept[name].value.deleted:
                self.note(
                    Warned(path_text(found.root / name), "vanished", "It is gone from the workspace; it is kept here.")
                )

    def compare_counts(self) -> None:
        """Warn of conversations that are kept here with more messages than their source has now."""
        with self.vault.reader() as reader:
            for conversation, count in self.shown.items():
                row = reader.conversation(conversation)
                if row is not None and row.messages > count:
                    detail = f"The source has {count} messages of a conversation of which {row.messages} are kept here."
                    self.note(Warned(self.where[conversation], "shrunk", f"{detail} See {conversation}."))


def _rough_size(draft: Draft) -> int:
    """About how many bytes the texts of a draft take; enough to bound a batch."""
    body = draft.body
    if isinstance(body, Document):
        return len(body.text)
    return sum(len(getattr(part, "text", "")) for part in body.parts) + 500 if isinstance(body, Message) else 500


def _has_content(path: Path) -> bool:
    try:
        return path.is_dir() or path.stat().st_size > 0
    except OSError:
        return False

"""What a source is, and what it yields.

An importer is one module with a `Source`: it says whether a path is its own, and streams
drafts from it. It reads only, holds no whole file in memory, and is deterministic: the same
native record gives the same draft on every machine. `capture/ingest.py` turns drafts into
revisions of a vault. A new importer is such a module and one line in
`capture/sources.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from netto_tui.capture.mapping import path_text
from netto_tui.model.revision import Body

if TYPE_CHECKING:
    from netto_tui.capture.candidate import Candidate


@dataclass(frozen=True)
class Draft:
    """A message, header or document as a source shows it now, not yet a revision.

    at: RFC 3339 UTC with milliseconds; the record's own last-change time (see model.clock).
    Empty for documents, whose time is when they were seen. by: `source:<kind>`.
    blobs: binaries by SHA-256 that the body names. unknown: the source has a record of a type
    that the importer does not know.
    """

    conversation: str
    item: str
    body: Body
    at: str
    by: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    unknown: bool = False


@dataclass(frozen=True)
class Skipped:
    """A record that could not be read; its bytes go to quarantine, never to a log.

    path: as given by the person, or below it. line: 1-based, 0 when it is not about a line.
    """

    path: str
    line: int
    reason: str
    data: bytes = field(default=b"", repr=False)


def unreadable(where: str, error: OSError) -> Skipped:
    """A file or folder that the system does not let us read."""
    return Skipped(where, 0, f"cannot be read: {error.strerror or error}")


@dataclass(frozen=True)
class Warned:
    """Something about a source that a person should know; it stays until it is resolved.

    code: `empty` (content, but no message), `unrecognised` (no importer knows it),
    `newer-format`, `shrunk`, `rewritten`, `vanished`, `changed` (while it was read), `damaged`,
    `documents` (Markdown files that were left alone), `ambiguous` (two workspaces or files of one name).
    """

    path: str
    code: str
    detail: str


Event = Draft | Skipped | Warned


@dataclass(frozen=True)
class Found:
    """A source at a path: a file, a database or a folder that one importer reads as a whole.

    root: what paths inside records are relative to, so that machines agree. confidence: 0 to 1.
    files: those in a folder that it reads, and that no other importer looks at. whole: nothing
    else below the folder is looked at. name: what a person called it, where the source has no
    name of its own that lasts (a workspace). source: the importer that recognised it.
    """

    kind: str
    format: str
    path: Path
    root: Path
    confidence: float
    files: tuple[Path, ...] = ()
    whole: bool = False
    name: str = ""
    source: Source | None = field(default=None, repr=False, compare=False)

    @property
    def where(self) -> str:
        """The path as reports name it."""
        return path_text(self.path)


class Source(Protocol):
    """One kind of source. `kind` also names it in `by` and in `--from`."""

    kind: str

    def detect(self, candidate: Candidate) -> Found | None:
        """Whether a file or folder is of this kind; looks at its beginning only."""
        ...

    def read(self, found: Found) -> Iterator[Event]:
        """Everything in it, in the source's own order; never raises for bad content, OSError at most."""
        ...

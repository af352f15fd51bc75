"""What GitHub's push protection does not take: left out there, kept here, and told.

Only a plain replica meets it. Which record holds the secret is found by offering GitHub each part
of what it refused; what is refused once is not offered again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from netto_tui.errors import InvalidRecord
from netto_tui.model.formats import read_line
from netto_tui.replicas import tree
from netto_tui.replicas.base import Batch, Write
from netto_tui.replicas.github_notes import Notes
from netto_tui.replicas.github_push import HubPush, PushProtected
from netto_tui.security.envelope import Envelope

_REASON = "GitHub found a secret in a message and does not take it."


class Withheld:
    """Names of records and blobs, and paths of views, that GitHub refused.

    Where it refuses what it took before, the conversation stays there as it is: its name is kept
    too, and those of all records that are not there. there: the records that are there of one.
    """

    def __init__(self, notes: Notes, push: HubPush, envelope: Envelope, there: Callable[[str], set[str]]) -> None:
        self._notes = notes
        self._push = push
        self._envelope = envelope
        self._there = there
        self._key = "withheld" if envelope.readable else "withheld sealed"

    def reasons(self) -> Mapping[str, str]:
        """Each name with the reason in words."""
        return dict.fromkeys(self._names(), _REASON)

    def leave_out(self, batch: Batch) -> Batch:
        """A batch without what was refused."""
        if not self._names():
            return batch
        self._add({name for write in batch.writes if write.conversation in self._names() for name in self._new(write)})
        refused = self._names()
        writes = [
            replace(write, records=tuple(record for record in write.records if record.id not in refused))
            for write in batch.writes
            if write.conversation not in refused
        ]
        return replace(
            batch,
            writes=[write for write in writes if write.records],
            blobs={name: data for name, data in batch.blobs.items() if name not in refused},
            views={path: data for path, data in batch.views.items() if path not in refused},
        )

    def learn(self, refusal: PushProtected, batch: Batch) -> None:
        """Find what was refused, and remember it. Raises the refusal when no part of it is refused alone."""
        blobs = {tree.blob_path(self._envelope, name): name for name in batch.blobs}
        found: set[str] = set()
        texts = [file for file in refusal.files.items() if file[1]]  # other bytes went as a blob before, each alone
        for path, text in self._refused(texts or list(refusal.files.items())):
            if path in blobs:
                found.add(blobs[path])
            elif tree.kind_of(path) == "view":
                found.add(path)
            else:
                found |= self._names_of(self._records(text), batch)
        if not self._add(found):
            raise refusal

    def _names_of(self, records: set[str], batch: Batch) -> set[str]:
        """What to leave out because of some records: those that are new, else all that is new of their conversation."""
        found: set[str] = set()
        for write in batch.writes:
            if refused := records & {record.id for record in write.records}:
                new = self._new(write)
                found |= refused & new or {write.conversation, *new}
        return found

    def _new(self, write: Write) -> set[str]:
        """The records of a write that are not there."""
        return {record.id for record in write.records} - self._there(write.conversation)

    def _add(self, names: set[str]) -> bool:
        """Remember names; whether one of them is new."""
        known = self._names()
        if names <= known:
            return False
        self._notes.put(self._key, sorted(known | names))
        return True

    def _refused(self, files: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of some files (path and text) in which GitHub finds a secret: halves are offered until one is alone."""
        text = "\n".join(text for _, text in files)
        if text and not self._push.is_protected(text):
            return []
        if len(files) < 2:
            return files
        middle = len(files) // 2
        return self._refused(files[:middle]) + self._refused(files[middle:])

    def _records(self, text: str) -> set[str]:
        """The records of a file that hold what GitHub refuses; all of them when it refuses none alone."""
        lines = [("", line) for line in text.split("\n") if line]
        found = set()
        for _, line in self._refused(lines) or lines:
            with suppress(InvalidRecord):
                found.add(read_line(self._envelope.open(line.encode())).id)
        return found

    def _names(self) -> set[str]:
        return set(self._notes.get(self._key) or ())

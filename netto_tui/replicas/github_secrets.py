"""What GitHub's push protection does not take: left out there, kept here, and told.

Only a plain replica meets it. Which record holds the secret is found by offering GitHub each part
of what it refused; what is refused once is not offered again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from netto_tui.errors import InvalidRecord
from netto_tui.model.formats import read_line
from netto_tui.replicas import tree
from netto_tui.replicas.base import Batch
from netto_tui.replicas.github_objects import Notes
from netto_tui.replicas.github_push import HubPush, PushProtected
from netto_tui.security.envelope import Envelope

_REASON = "GitHub found a secret in a message and does not take it."


class Withheld:
    """Names of records and blobs, and paths of views, that GitHub refused."""

    def __init__(self, notes: Notes, push: HubPush, envelope: Envelope) -> None:
        self._notes = notes
        self._push = push
        self._envelope = envelope

    def reasons(self) -> Mapping[str, str]:
        """Each name with the reason in words."""
        return dict.fromkeys(self._names(), _REASON)

    def leave_out(self, batch: Batch) -> Batch:
        """A batch without what was refused."""
        refused = self._names()
        if not refused:
            return batch
        writes = [
            replace(write, records=tuple(record for record in write.records if record.id not in refused))
            for write in batch.writes
        ]
        return replace(
            batch,
            writes=[write for write in writes if write.records],
            blobs={name: data for name, data in batch.blobs.items() if name not in refused},
            views={path: data for path, data in batch.views.items() if path not in refused},
        )

    def learn(self, refusal: PushProtected, batch: Batch) -> None:
        """Find what was refused, and remember it. Raises the refusal when no part of it is refused alone."""
        found = set()
        blobs = {tree.blob_path(self._envelope, name): name for name in batch.blobs}
        for path, text in refusal.files.items():
            if path in blobs and len(refusal.files) == 1:
                found.add(blobs[path])
            elif text and self._push.is_protected(text):
                found |= {path} if tree.kind_of(path) == "view" else self._records(text)
        if not found - self._names():
            raise refusal
        self._notes.put("withheld", sorted(self._names() | found))

    def _records(self, text: str) -> set[str]:
        """The records of a file in which GitHub finds a secret."""
        found = set()
        for line in filter(None, text.split("\n")):
            if self._push.is_protected(line):
                try:
                    found.add(read_line(self._envelope.open(line.encode())).id)
                except InvalidRecord:
                    continue
        return found

    def _names(self) -> set[str]:
        return set(self._notes.get("withheld") or ())

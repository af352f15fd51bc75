"""What one push changes: on main what is settled, on the live branch what is still going on."""

from __future__ import annotations

from collections.abc import Mapping

from netto_tui.replicas import tree
from netto_tui.replicas.base import Write
from netto_tui.replicas.git_branch import Draft, Listing
from netto_tui.security.envelope import Envelope


class Push:
    """Edits of two drafts that belong together. Raises DamagedObject, as drafts do."""

    def __init__(self, envelope: Envelope, main: Draft, live: Draft) -> None:
        self._envelope = envelope
        self._main = main
        self._live = live

    def put_slots(self, slots: Mapping[str, bytes | None]) -> None:
        """Have the files that open the keys on main."""
        for name, data in slots.items():
            path = tree.SLOT_PATHS[name]
            self._main.drop(path) if data is None else self._main.put(path, data)

    def put_blob(self, sha256: str, content: bytes) -> None:
        """Have a blob on main, also when its conversation is still going on: it never changes."""
        path = tree.blob_path(self._envelope, sha256)
        there = self._main.content(path)
        if there is None or tree.blob_fault(self._envelope, path, there):
            self._main.put(path, self._envelope.seal_blob(content))

    def settle(self, write: Write) -> None:
        """Put a whole conversation on main and take its segments off the live branch."""
        name = self._envelope.name(write.conversation)
        page = tree.Page()
        paths = [tree.session_path(day, name) for day in tree.possible_days(write)]
        for draft in (self._main, self._live):
            for path in paths:
                page.read(self._envelope, name, path, draft.content(path))
        self._main.put(paths[0], page.render(self._envelope, write.records))
        for path in paths[1:]:
            self._main.drop(path)
        for path in paths:
            self._live.drop(path)

    def put_segment(self, write: Write) -> None:
        """Put on the live branch what main lacks of a conversation."""
        name = self._envelope.name(write.conversation)
        stable, page = tree.Page(), tree.Page()
        paths = [tree.session_path(day, name) for day in tree.possible_days(write)]
        for path in paths:
            stable.read(self._envelope, name, path, self._main.content(path))
            page.read(self._envelope, name, path, self._live.content(path))
        data = page.render(self._envelope, write.records, without=stable.records)
        for path in paths[1:] if data else paths:
            self._live.drop(path)
        if data:
            self._live.put(paths[0], data)

    def sweep(self, listing: Listing) -> None:
        """Take segments off the live branch that main has in full, such as after an interrupted push."""
        for name, files in listing.names.items():
            for path in files:
                segment, stable = tree.Page(), tree.Page()
                segment.read(self._envelope, name, path, self._live.content(path))
                stable.read(self._envelope, name, path, self._main.content(path))
                if segment.records and segment.records.keys() <= stable.records.keys():
                    self._live.drop(path)

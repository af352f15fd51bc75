"""Deciding, draft by draft, whether a revision is due and what it replaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from netto_tui.capture.about import unite
from netto_tui.capture.base import Draft
from netto_tui.capture.openclaw_workspace import DAILY
from netto_tui.errors import InvalidRecord, UsageError
from netto_tui.model.blobs import externalize, inflate
from netto_tui.model.revision import (
    ABOUT,
    About,
    Body,
    Document,
    Message,
    Part,
    Record,
    Stamp,
    Text,
    ToolResult,
    body_key,
    mint,
)

if TYPE_CHECKING:
    from netto_tui.vault.vault import Vault


class _Version(NamedTuple):
    """A stored revision of an item, or one that this batch has just made (then with its body)."""

    id: str
    at: str
    tick: int
    by: str
    key: bytes
    head: bool
    body: Body | None = None


class Revising:
    """One batch: the records and blobs to add, and what a person should know about documents.

    alarms: (conversation, code, detail).
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.records: list[Record] = []
        self.blobs: dict[str, bytes] = {}
        self.alarms: list[tuple[str, str, str]] = []

    def take(self, drafts: Iterable[Draft]) -> None:
        """Decide on drafts, in their order; one look-up per conversation."""
        groups: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            groups[draft.conversation].append(draft)
        for conversation, group in groups.items():
            known = self.vault.known(conversation, {draft.item for draft in group})
            versions = {
                item: [_Version(one.id, one.at, one.tick, one.by, one.body_key, one.head) for one in stored]
                for item, stored in known.items()
            }
            for draft in group:
                self._revise(draft, versions.setdefault(draft.item, []))

    def _revise(self, draft: Draft, versions: list[_Version]) -> None:
        body, blobs = externalize(draft.body)
        if _is_known(body, versions):
            return
        own = [version for version in versions if version.by == draft.by]
        heads = [version for version in own if version.head]
        latest = max(heads or own, key=lambda version: (version.at, version.tick, version.id), default=None)
        if latest is None:
            stamp = self.vault.clock.stamp() if not draft.at else Stamp(draft.at, 0, draft.by)
            self._mint(draft, body, blobs, stamp._replace(by=draft.by), [], versions)
            return
        if draft.item == ABOUT:
            body, blobs = self._united(draft, latest)
            if _is_known(body, versions):
                return
        elif draft.at and draft.at < latest.at:
            self._insert_older(draft, body, blobs, heads, versions)
            return
        elif draft.at == latest.at and self._is_earlier(draft, latest):
            return
        elif isinstance(body, Document):
            self._look_at(draft, body, latest)
        self._mint(draft, body, blobs, self._after(draft, latest), heads or [latest], versions)

    def _after(self, draft: Draft, latest: _Version) -> Stamp:
        """A stamp no earlier than that of what is replaced; the tick is raised only where the times are equal."""
        if not draft.at:
            return self.vault.clock.stamp()._replace(by=draft.by)
        at = max(draft.at, latest.at)
        return Stamp(at, latest.tick + 1 if at == latest.at else 0, draft.by)

    def _insert_older(
        self, draft: Draft, body: Body, blobs: dict[str, bytes], heads: list[_Version], versions: list[_Version]
    ) -> None:
        """An older export that shows an older state: kept in the history, while the newer one stays the value.

        Where a person has decided since, that decision stands and nothing is added.
        """
        if not heads:
            return
        current = max(heads, key=lambda version: (version.at, version.tick, version.id))
        value = self._body_of(draft, current)
        self._mint(draft, body, blobs, Stamp(draft.at, 0, draft.by), [], versions)
        stamp = Stamp(current.at, current.tick + 1, draft.by)
        self._mint(draft, value, {}, stamp, [*heads, versions[-1]], versions)

    def _united(self, draft: Draft, latest: _Version) -> tuple[Body, dict[str, bytes]]:
        """A header with what is known already, so that no source takes away what another has said."""
        stored = inflate(self._body_of(draft, latest), self.vault.blobs.get)
        if not isinstance(stored, About) or not isinstance(draft.body, About):
            return externalize(draft.body)
        newer = None if draft.at == latest.at else draft.at > latest.at
        return externalize(unite(stored, draft.body, newer))

    def _is_earlier(self, draft: Draft, latest: _Version) -> bool:
        try:
            stored = inflate(self._body_of(draft, latest), self.vault.blobs.get)
        except (
            UsageError,
            InvalidRecord,
            KeyError,
        ):  # it is damaged here, so what the source says now is the better one
            return False
        return _is_beginning(draft.body, stored)

    def _look_at(self, draft: Draft, body: Document, latest: _Version) -> None:
        """Tell of a daily note that lost text: such notes only grow."""
        stored = inflate(self._body_of(draft, latest), self.vault.blobs.get)
        if not DAILY.fullmatch(draft.item) or not isinstance(stored, Document) or not isinstance(draft.body, Document):
            return
        if not draft.body.text.startswith(stored.text.rstrip()):
            code = "shrunk" if len(draft.body.text) < len(stored.text) else "rewritten"
            self.alarms.append((draft.conversation, code, f"{draft.item} lost text; the earlier version is kept here."))

    def _body_of(self, draft: Draft, version: _Version) -> Body:
        if version.body is not None:
            return version.body
        return self.vault.item(draft.conversation, draft.item).records[version.id].rev.body

    def _mint(
        self,
        draft: Draft,
        body: Body,
        blobs: dict[str, bytes],
        stamp: Stamp,
        replaces: list[_Version],
        versions: list[_Version],
    ) -> None:
        record = mint(draft.conversation, draft.item, body, stamp, [version.id for version in replaces])
        gone = {version.id for version in replaces}
        versions[:] = [version._replace(head=version.head and version.id not in gone) for version in versions]
        versions.append(_Version(record.id, stamp.at, stamp.tick, stamp.by, body_key(body), True, body))
        self.records.append(record)
        self.blobs.update(draft.blobs)
        self.blobs.update(blobs)


def _is_beginning(seen: Body, stored: Body) -> bool:
    """Whether a message is what is stored, but for the end of its text or its parent.

    A copy that was made while the text grew, or that lost the line of the parent, says nothing new.
    """
    if not isinstance(seen, Message) or not isinstance(stored, Message) or seen == stored:
        return False
    if stored.parent is not None and "missing_parent" in seen.native:
        native = {key: value for key, value in seen.native.items() if key != "missing_parent"}
        seen = msgspec.structs.replace(seen, parent=stored.parent, native=native)
    if seen.parts and len(seen.parts) == len(stored.parts):
        seen = msgspec.structs.replace(seen, parts=(*seen.parts[:-1], _grown(seen.parts[-1], stored.parts[-1])))
    return seen == stored


def _grown(seen: Part, stored: Part) -> Part:
    """The stored part where the seen one is its beginning."""
    if isinstance(seen, Text) and isinstance(stored, Text) and stored.text.startswith(seen.text):
        return stored
    if isinstance(seen, ToolResult) and isinstance(stored, ToolResult) and len(seen.output) == len(stored.output) == 1:
        return msgspec.structs.replace(seen, output=(_grown(seen.output[0], stored.output[0]),))
    return seen


def _is_known(body: Body, versions: list[_Version]) -> bool:
    return bool(versions) and body_key(body) in {version.key for version in versions}

"""The journal: what sync did, one line each, kept in the index for the screens."""

from __future__ import annotations

from collections.abc import Iterable

from netto_tui.model.revision import ABOUT
from netto_tui.plural import many
from netto_tui.sync import events
from netto_tui.vault.vault import Vault

Line = tuple[str, str, str, str]

KEPT_LINES = 10_000
"""How many lines are kept."""

FAILED, STOPPED, PROVEN = "SyncFailed", "SyncStopped", "Proven"
"""The kinds of the lines that the end of a pass leaves; the others are called as their event."""


class Journal:
    """A listener that writes what is worth keeping when a pass ends, and passes every event on.

    A pass that had nothing to do leaves no line, but for the first of a day, which proves that somebody looked.
    A fault that lasts leaves one when it begins and one on each day.
    """

    def __init__(self, vault: Vault, listener: events.Listener) -> None:
        self._vault = vault
        self._listener = listener
        self._lines: list[Line] = []

    def __call__(self, event: events.SyncEvent) -> None:
        detail = describe(event)
        if detail:
            self._lines.append((event.at, event.replica, type(event).__name__, detail))
        if isinstance(event, events.SyncFinished):
            self._note_end(event)
            self.flush()
        self._listener(event)

    def flush(self) -> None:
        """Write the lines that wait."""
        lines, self._lines = self._lines, []
        if lines:
            _write(self._vault, lines)

    def _note_end(self, event: events.SyncFinished) -> None:
        report = event.report
        kind = STOPPED if report.stopped else FAILED if report.error else PROVEN if report.state == "ok" else ""
        if not kind:
            return
        at, last, detail = self._vault.sql.execute(
            "SELECT at, kind, detail FROM journal WHERE replica = ? ORDER BY id DESC LIMIT 1", (event.replica,)
        ).fetchone() or ("", "", "")
        new_day = at[:10] != event.at[:10] and all(line[1] != event.replica for line in self._lines)
        if new_day or (report.error and (last, detail) != (kind, report.error)):
            self._lines.append((event.at, event.replica, kind, report.error or "everything there is as it is here"))


def describe(event: events.SyncEvent) -> str:
    """What the journal says of an event; empty for what it does not keep. Nothing in it was said in a conversation.

    What counts revisions begins with their count: `history` adds them up.
    """
    match event:
        case events.Captured():
            return f"{many(event.revisions, 'revision')} in {many(event.conversations, 'conversation')}"
        case events.Pulled():
            return f"{many(event.revisions, 'revision')} in {many(event.conversations, 'conversation')}"
        case events.Pushed():
            new = many(event.revisions, "new revision") if event.revisions else "nothing new"
            return f"{new} in {many(event.conversations, 'conversation')}; read back"
        case events.Healed():
            return many(event.conversations, "conversation")
        case events.Quarantined():
            return f"{event.where}: {event.reason}"
        case events.ConflictFound():
            return f"{event.conversation} has several versions of {_kind(event.item)}"
        case events.Restored():
            way_back = f"; the way back: {event.undo}" if event.undo else ""
            counts = f"{many(event.revisions, 'revision')}, {many(event.conversations, 'conversation')} read"
            return f"{counts}{way_back}"
        case events.Drilled():
            return f"{many(event.conversations, 'conversation')} restored in {event.seconds:.1f} s"
        case events.DrillFailed():
            return f"after {event.seconds:.1f} s: {event.error}"
        case events.Curated(what="undo"):
            return f"took back a change of {many(event.items, 'item')}"
        case events.Curated():
            back = f"; the way back: netto-tui undo {event.undo}" if event.undo else ""
            counts = f"{many(event.conversations, 'conversation')}, {many(event.items, 'revision')}"
            return f"{event.what}: {counts}{back}"
        case events.Alerted():
            return event.text
        case events.Paused():
            return "no pass goes over it until it is resumed"
        case events.Resumed():
            return "it is kept equal again"
    return ""


SAID = {
    "Captured": ("+", "took in {} from the sources"),
    "Pulled": ("↓", "brought {}"),
    "Pushed": ("↑", "took {}"),
    "Healed": ("+", "{} put back"),
    "Quarantined": ("‼", "set aside {}"),
    "ConflictFound": ("≠", "{}"),
    "Alerted": ("!", "{}"),
    "Curated": ("*", "{}"),
    "Restored": ("+", "restored {}"),
    "Drilled": ("✓", "drill: {}"),
    "DrillFailed": ("✗", "the drill failed {}"),
    "Paused": ("=", "paused: {}"),
    "Resumed": ("▸", "resumed: {}"),
    FAILED: ("✗", "failed: {}"),
    STOPPED: ("x", "stopped: {}"),
    PROVEN: ("✓", "{}"),
}
"""The letter of each kind of line, and what is said around its detail; the store it is about stands before it."""


def sentence(kind: str, detail: str) -> str:
    """A line of the journal as people read it; foreign text in the detail stays as it is."""
    return SAID.get(kind, ("·", "{}"))[1].replace("{}", detail)


def _kind(item: str) -> str:
    """What an item is, for people; a document is not named, since its path may tell what is in it."""
    return "a message" if item.startswith("m_") else "the header" if item == ABOUT else "a document"


def _write(vault: Vault, lines: Iterable[Line]) -> None:
    """Add lines of (instant, replica, kind, detail) to the journal; the oldest ones go."""
    with vault.transaction() as sql:
        sql.executemany("INSERT INTO journal (at, replica, kind, detail) VALUES (?, ?, ?, ?)", lines)
        sql.execute("DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ?", (KEPT_LINES,))

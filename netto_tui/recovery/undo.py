"""Undo points: how things stood before something drastic, kept for thirty days.

Before many decisions at once the heads of every item concerned are written down; undoing mints
revisions that say again what those heads said. Before a whole vault is exchanged its files are
moved here as they are. Nothing is ever taken out of the set of revisions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netto_tui.errors import UsageError
from netto_tui.files import atomic_write
from netto_tui.model.revision import Record, body_key, mint
from netto_tui.recovery.reading import going_back
from netto_tui.recovery.staging import temporary_place
from netto_tui.vault.identity import save_identity
from netto_tui.vault.vault import Vault

KEPT = timedelta(days=30)

_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class UndoPoint:
    """One point; what: `restore`, `resolve`, `exchange`, or a change as recovery.curation names it.

    items: how many, 0 for whole files.
    """

    name: str
    at: str
    what: str
    items: int


def keep_heads(vault: Vault, what: str, items: Iterable[tuple[str, str]]) -> str:
    """Write down the heads of some (conversation, item) as they are now; returns the point's folder.

    Raises OSError when it cannot be written, so that nothing drastic happens without it. Returns
    "" for no items.
    """
    heads = [
        {
            "conversation": conversation,
            "item": item,
            "heads": [head.id for head in vault.item(conversation, item).heads],
        }
        for conversation, item in items
        if item in vault.known(conversation, [item])
    ]
    if not heads:
        return ""
    now = datetime.fromtimestamp(vault.clock.now() / 1000, UTC)
    while (vault.path / "undo" / now.strftime(_STAMP)).exists():
        now += timedelta(microseconds=1)
    name = now.strftime(_STAMP)
    atomic_write(vault.path / "undo" / name / "heads.json", json.dumps({"what": what, "items": heads}).encode())
    expire(vault)
    return f"undo/{name}"


def points(vault: Vault) -> list[UndoPoint]:
    """Every undo point, latest first."""
    found = []
    for folder in sorted((vault.path / "undo").glob("*Z"), reverse=True):
        at = datetime.strptime(folder.name, _STAMP).replace(tzinfo=UTC).isoformat(timespec="milliseconds")
        file = folder / "heads.json"
        kept = json.loads(file.read_bytes()) if file.exists() else {}
        found.append(UndoPoint(folder.name, at, str(kept.get("what", "exchange")), len(kept.get("items", ()))))
    return found


def until(point: UndoPoint) -> str:
    """When a point goes, RFC 3339 in UTC."""
    return (datetime.fromisoformat(point.at) + KEPT).isoformat(timespec="milliseconds")


def contents(vault: Vault, point: UndoPoint) -> dict[str, list[str]]:
    """The conversations that a point is about, each with the revisions that were heads; none for whole files."""
    file = folder_of(vault, point) / "heads.json"
    found: dict[str, list[str]] = {}
    for each in json.loads(file.read_bytes())["items"] if file.exists() else ():
        found.setdefault(str(each["conversation"]), []).extend(map(str, each["heads"]))
    return found


def undo(vault: Vault, name: str = "") -> int:
    """Say again what was said before a point, by default the latest that is no exchange of files.

    Returns how many items changed. Items that had several versions have them again. After an exchange of files, what
    came in with it stays where nothing was before. Raises UsageError when there is no such point.
    """
    chosen = [point for point in points(vault) if point.name == name or (not name and point.items)]
    if not chosen:
        raise UsageError("There is no such undo point.", remedy="See: netto-tui undo --list.")
    if not chosen[0].items:
        return _undo_exchange(vault, chosen[0])
    kept = json.loads((vault.path / "undo" / chosen[0].name / "heads.json").read_bytes())
    records: list[Record] = []
    changed = 0
    for each in kept["items"]:
        item = vault.item(each["conversation"], each["item"])
        before = [item.records[head] for head in each["heads"] if head in item.records]
        if {body_key(head.rev.body) for head in before} == {body_key(version.body) for version in item.versions}:
            continue
        changed += 1
        replaced = [head.id for head in item.heads]
        records += [
            mint(each["conversation"], item.name, head.rev.body, vault.clock.stamp(), replaced) for head in before
        ]
    vault.add(records)
    return changed


def drop(vault: Vault, name: str) -> None:
    """Remove a point that leads nowhere, since nothing was written after all."""
    if name:
        shutil.rmtree(vault.path / "undo" / name, ignore_errors=True)


def _undo_exchange(vault: Vault, point: UndoPoint) -> int:
    """Read the files from before an exchange, and say again what they say."""
    with temporary_place(vault, "undo") as place:
        shutil.copytree(folder_of(vault, point) / "sessions", place / "sessions", dirs_exist_ok=True)
        save_identity(place, vault.identity)
        with Vault.open(place, now=vault.clock.now) as before:
            names = [row[0] for row in before.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()]
            back = [each for name in names for each in going_back(vault, name, before.records(name), past=True)]
    keep_heads(vault, "undo", [(record.rev.conversation, record.rev.item) for record in back])
    vault.add(back)
    return len(back)


def expire(vault: Vault) -> None:
    """Remove points that are older than KEPT."""
    limit = (datetime.fromtimestamp(vault.clock.now() / 1000, UTC) - KEPT).strftime(_STAMP)
    for folder in (vault.path / "undo").glob("*Z"):
        if folder.name < limit:
            shutil.rmtree(folder, ignore_errors=True)


def folder_of(vault: Vault, point: UndoPoint) -> Path:
    """Where a point's files lie."""
    return vault.path / "undo" / point.name

"""Half-made decisions, kept at every key press, so that quitting or a crash costs none of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netto_tui.files import atomic_write


def draft_path(vault_path: Path, conversation: str) -> Path:
    """Where the draft of a conversation lies."""
    return vault_path / "drafts" / f"{conversation}.json"


def drafts(vault_path: Path) -> set[str]:
    """The conversations that have a draft."""
    return {path.stem for path in (vault_path / "drafts").glob("c_*.json")}


def save_draft(vault_path: Path, conversation: str, picks: dict[str, Any]) -> None:
    """Keep a draft; an empty one is removed. Raises OSError."""
    path = draft_path(vault_path, conversation)
    if picks:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        atomic_write(path, json.dumps({"format": 1, "picks": picks}).encode(), durable=False)  # a key must not wait
    else:
        path.unlink(missing_ok=True)


def load_draft(vault_path: Path, conversation: str) -> dict[str, Any]:
    """The draft of a conversation; empty when there is none that can be read."""
    try:
        found = json.loads(draft_path(vault_path, conversation).read_bytes())
    except (OSError, ValueError):
        return {}
    picks = found.get("picks") if isinstance(found, dict) and found.get("format") == 1 else None
    return picks if isinstance(picks, dict) else {}

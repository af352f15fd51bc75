"""What the tests of the importers share: samples in place, and files written on the spot."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from netto_tui.capture.base import Draft, Event, Found, Skipped, Warned
from netto_tui.capture.sources import find
from netto_tui.model.conversation import is_hidden
from netto_tui.model.revision import About, Document, Message

SAMPLES = Path(os.environ.get("NETTO_SAMPLES", Path(__file__).resolve().parents[3].parent / "shared" / "samples"))


def sample(name: str) -> Path:
    """A sample file or folder; its test is skipped where there are no samples."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no sample {name}: set NETTO_SAMPLES")
    return path


def events(path: Path, kind: str | None = None, name: str = "") -> list[Event]:
    """Everything that importers yield for a path."""
    found: list[Event] = []
    for one in find([path], kind, name):
        if isinstance(one, Found):
            assert one.source is not None
            found += one.source.read(one)
        else:
            found.append(one)
    return found


def drafts(path: Path, kind: str | None = None, name: str = "") -> list[Draft]:
    return [event for event in events(path, kind, name) if isinstance(event, Draft)]


def messages(path: Path, kind: str | None = None) -> list[Message]:
    """The bodies of all message drafts of a path, in their order."""
    return [draft.body for draft in drafts(path, kind) if isinstance(draft.body, Message)]


def shown(path: Path, kind: str | None = None) -> list[Message]:
    return [body for body in messages(path, kind) if not is_hidden(body)]


def about(path: Path, kind: str | None = None) -> About:
    """The one header of a path."""
    (body,) = (draft.body for draft in drafts(path, kind) if isinstance(draft.body, About))
    return body


def documents(path: Path, kind: str | None = None) -> dict[str, Document]:
    return {draft.item: draft.body for draft in drafts(path, kind) if isinstance(draft.body, Document)}


def skipped(path: Path, kind: str | None = None) -> list[tuple[int, str]]:
    return [(event.line, event.reason) for event in events(path, kind) if isinstance(event, Skipped)]


def warned(path: Path, kind: str | None = None) -> list[str]:
    return [event.code for event in events(path, kind) if isinstance(event, Warned)]


def jsonl(path: Path, records: Iterable[Any], tail: str = "") -> Path:
    """A file of JSON lines, with more text at its end if asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + tail)
    return path


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path

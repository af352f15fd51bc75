"""Where conversations lie on this machine: the usual places of the tools, and exports and histories near by.

Nothing is imported here. What is counted is what the importers recognise, so a place whose format none of
them reads yet is told as such and not passed over in silence.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from netto_tui.capture.base import Found
from netto_tui.capture.sources import DENIED_FOLDERS, find, is_denied

DEPTH = 3
"""How far below the home folder histories and exports are looked for: projects lie about there."""

FOLDERS_LIMIT = 4000
"""So many folders are entered at most; whoever has more names the path."""

_LEFT_OUT = frozenset({"node_modules", "site-packages", "__pycache__", "Library", "AppData", "snap", "venv"})
_EXPORT = re.compile(r"conversations(-\d+)?\.json|\.aider\.chat\.history\.md")
_HISTORY = ".specstory"
_WORKSPACE = re.compile(r"workspace(-.+)?")
_VAULT_MARK = Path(".netto", "vault.json")


@dataclass(frozen=True)
class Spot:
    """One place. lasting: a tool goes on writing there, so it is worth looking again; else it is an export.

    files, bytes: of what the importers recognise, else of all that lies there. newest: when one of these was
    written last, seconds since 1970, 0 for never. readable: whether an importer knows what is there.
    """

    title: str
    path: Path
    lasting: bool
    files: int = 0
    bytes: int = 0
    newest: float = 0.0
    readable: bool = True


Tell = Callable[[Path], object]
"""Called with each place before it is looked at."""


def spots(
    home: Path, environment: Mapping[str, str], tell: Tell = lambda path: None, cancel: threading.Event | None = None
) -> Iterator[Spot]:
    """Every place with conversations, as it is found; ends early when `cancel` is set. Reads only."""
    cancel = cancel or threading.Event()
    seen: set[Path] = set()
    candidates = [*usual(home, environment)]
    for candidate in (*candidates, *_near_by(home, tell, cancel)):
        real = candidate.path.resolve()
        if cancel.is_set():
            return
        if any(real == other or real.is_relative_to(other) for other in seen):
            continue
        tell(candidate.path)
        if (spot := measured(candidate, cancel)) is not None:
            seen.add(real)
            yield spot


def usual(home: Path, environment: Mapping[str, str]) -> Iterator[Spot]:
    """The places where the tools keep their conversations, those that are there, not looked at yet."""

    def at(variable: str, default: str) -> Path:
        return Path(environment[variable]).expanduser() if environment.get(variable) else home / default

    states = [at("OPENCLAW_STATE_DIR", ".openclaw"), *sorted(home.glob(".openclaw-*"))]
    states += [home / name for name in (".clawdbot", ".moltbot", ".moldbot")]
    for state in states:
        yield from _there("OpenClaw", state / "agents")
        for workspace in sorted(state.glob("workspace*")):
            if _WORKSPACE.fullmatch(workspace.name):
                yield from _there("OpenClaw memory", workspace)
    for workspace in (at("OPENCLAW_WORKSPACE_DIR", "clawd"), home / "openclaw"):
        yield from _there("OpenClaw memory", workspace)
    yield from _there("pi", at("PI_CODING_AGENT_DIR", ".pi/agent") / "sessions")
    yield from _there("Claude Code", at("CLAUDE_CONFIG_DIR", ".claude") / "projects")
    for name in ("sessions", "archived_sessions"):
        yield from _there("Codex", at("CODEX_HOME", ".codex") / name)
    yield from _there("Gemini CLI", home / ".gemini" / "tmp")
    for folder in (".config/io.datasette.llm", "Library/Application Support/io.datasette.llm"):
        yield from _there("llm", at("LLM_USER_PATH", folder) / "logs.db")


def _there(title: str, path: Path) -> Iterator[Spot]:
    if os.path.exists(path):  # Path.exists raises where a folder may not be entered
        yield Spot(title, path, lasting=True)


def _near_by(home: Path, tell: Tell, cancel: threading.Event) -> Iterator[Spot]:
    """Exports that were unpacked, and histories that lie in projects."""
    for entered, (name, folders, files) in enumerate(os.walk(home), 1):
        folder = Path(name)
        if cancel.is_set() or entered > FOLDERS_LIMIT:
            return
        if entered % 50 == 0:
            tell(folder)
        if _HISTORY in folders:
            yield Spot("SpecStory", folder / _HISTORY / "history", lasting=True)
        is_deep = len(folder.relative_to(home).parts) >= DEPTH
        folders[:] = [] if is_deep else sorted(each for each in folders if _is_worth(folder / each))
        for file in sorted(files):
            if _EXPORT.fullmatch(file):
                is_history = file.startswith(".aider")
                yield Spot("aider" if is_history else "Export", folder / file, lasting=is_history)


def _is_worth(folder: Path) -> bool:
    """Whether a folder may hold projects or exports: no hidden one, no package store, no vault, no secrets."""
    return not (
        folder.name.startswith(".")
        or folder.name in _LEFT_OUT
        or DENIED_FOLDERS.fullmatch(folder.name)
        or folder.is_symlink()
        or os.path.exists(folder / _VAULT_MARK)
    )


def measured(spot: Spot, cancel: threading.Event) -> Spot | None:
    """A place with what was counted in it; None where there is nothing. Raises UsageError for a path that is not."""
    files = [path for found in _recognised(spot.path, cancel) for path in (found.files or (found.path,))]
    readable = bool(files)
    if not readable:
        files = [spot.path] if spot.path.is_file() else [each for each in _walked(spot.path) if not is_denied(each)]
    sizes = [status for path in dict.fromkeys(files) if (status := _status(path)) is not None and status.st_size]
    if not sizes:
        return None
    total, newest = sum(each.st_size for each in sizes), max(each.st_mtime for each in sizes)
    return Spot(spot.title, spot.path, spot.lasting, len(sizes), total, newest, readable)


def _recognised(path: Path, cancel: threading.Event) -> Iterator[Found]:
    for found in find([path]):
        if cancel.is_set():
            return
        if isinstance(found, Found):
            yield found


def _walked(root: Path) -> Iterator[Path]:
    for name, _, files in os.walk(root):
        yield from (Path(name, file) for file in files)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None

"""Which sources there are, and where they lie: the one list of importers, and the walk over paths.

A new importer is a module with a `Source`, and its line in `SOURCES`.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from netto_tui.capture.aider import Aider
from netto_tui.capture.base import Found, Skipped, Source, Warned, unreadable
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.claude_code import ClaudeCode
from netto_tui.capture.generic import Generic
from netto_tui.capture.mapping import path_text
from netto_tui.capture.markdown import Markdown
from netto_tui.capture.openclaw_dump import OpenClawDump
from netto_tui.capture.openclaw_jsonl import OpenClawJsonl
from netto_tui.capture.openclaw_sqlite import OpenClawSqlite
from netto_tui.capture.openclaw_workspace import OpenClawWorkspace
from netto_tui.capture.specstory import SpecStory
from netto_tui.errors import UsageError

SOURCES: tuple[Source, ...] = (
    OpenClawWorkspace(),
    OpenClawDump(),
    OpenClawSqlite(),
    OpenClawJsonl(),
    ClaudeCode(),
    SpecStory(),
    Aider(),
    Generic(),
    Markdown(),
)
"""In the order of preference between equals."""

KINDS = tuple(dict.fromkeys(source.kind for source in SOURCES))

DENIED_FILES = re.compile(
    r"auth\.json|config\.toml|keys\.json|oauth_creds\.json|google_accounts\.json|\.credentials\.json|\.claude\.json"
    r"|settings[^/]*\.json|users?\.json|openclaw\.json|openclaw\.sqlite|\.env.*|.*\.pem|.*\.key|id_.*|.*\.vscdb"
    r"|.*\.keychain(-db)?|cookies(\.sqlite)?|login data|logins\.json|key[34]\.db",
    re.IGNORECASE,
)
DENIED_FOLDERS = re.compile(
    r"credentials|.*\.update-captures|keychains|\.ssh|\.gnupg|\.aws|\.mozilla|firefox|google-chrome|chromium"
    r"|bravesoftware",
    re.IGNORECASE,
)
"""Secrets, and what is known to hold them. No configuration opens these."""

DENIED_MARK = ".openclaw-private-update-capture"
_GLOBAL = "global"
_VAULT_MARK = Path(".netto", "vault.json")
"""A vault of ours, or a copy of one, is no source."""
_UNINTERESTING = frozenset({".git", "node_modules", ".venv", "__pycache__", ".dreams", ".cache"})
_COMPANIONS = re.compile(
    r"sessions\.json|history\.jsonl|.*\.meta\.json|.*\.checkpoint\..*\.jsonl|.*\.trajectory\.jsonl|journal\.jsonl"
    r"|.*\.sessions\.json\.imported-\d+|\.dockerenv"
)
"""Files that stand beside conversations and are read with them, or hold only copies."""
_TELLING = re.compile(r"\.jsonl?(\.zst)?$|\.sqlite$|\.db$|\.jsonl\.")
"""Names under which conversations usually lie: worth a warning when nobody knows the file."""

_EXPLICIT = 0.2
"""Below this confidence a file is only taken when a person names it or its kind."""


def find(paths: Sequence[Path], kind: str | None = None, name: str = "") -> Iterator[Found | Skipped | Warned]:
    """The sources at some paths, in a stable order; folders are walked.

    kind: take only this kind, and take a named file as this kind whatever it looks like. name:
    what a workspace found here is called. Raises UsageError for an unknown kind or a path that
    is not there.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"There is no source {kind!r}.", remedy=f"Use one of: {', '.join(KINDS)}.")
    sources = [source for source in SOURCES if kind in (None, source.kind)]
    for path in paths:
        if not path.exists():
            raise UsageError(
                f"There is nothing at {path_text(path)}.", remedy="Check the path, or mount the disk it is on."
            )
    for path in paths:
        found = _walk(path, sources, kind) if path.is_dir() else _named(path, sources, kind)
        for one in found:
            yield replace(one, name=name) if isinstance(one, Found) else one


def is_denied(path: Path) -> bool:
    """Whether a path may not be opened, under this or its real name."""
    for name in {path, path.resolve()}:
        if DENIED_FILES.fullmatch(name.name) or any(DENIED_FOLDERS.fullmatch(part) for part in name.parts[1:-1]):
            return True
        if name.parent.name == _GLOBAL and (name.parent.parent / "agents").is_dir():
            return True
        if (name.parent / DENIED_MARK).exists():
            return True
    return False


def _best(candidate: Candidate, sources: list[Source]) -> Found | None:
    found = [replace(one, source=source) for source in sources if (one := source.detect(candidate)) is not None]
    return max(found, key=lambda one: one.confidence, default=None)


def _named(path: Path, sources: list[Source], kind: str | None) -> Iterator[Found | Skipped | Warned]:
    """One file that a person named; with a kind it is taken as that, unless it is a foreign database."""
    if is_denied(path):
        yield Skipped(path_text(path), 0, "files of this name hold secrets and are never read")
        return
    if path.is_file() and (report := _barred(path)):
        yield report
        return
    candidate = Candidate(path)
    found = _best(candidate, sources)
    if found is None and kind is not None and path.is_file() and not candidate.is_sqlite:
        found = Found(kind, kind, path, path.parent, 0.0, source=sources[-1])
    if found is not None:
        yield found
    elif not path.is_file() or path.stat().st_size:
        yield Warned(path_text(path), "unrecognised", f"No conversation was recognised. Tried: {', '.join(KINDS)}.")


def _walk(root: Path, sources: list[Source], kind: str | None) -> Iterator[Found | Skipped | Warned]:
    """Everything below a folder that a person named."""
    if report := _barred(root):
        yield report
        return
    if is_denied(root / "x") or DENIED_FOLDERS.fullmatch(root.name):
        yield Skipped(path_text(root), 0, "folders of this name hold secrets and are never read")
        return
    inside = root.resolve()
    claimed: set[Path] = set()
    unknown: list[str] = []
    documents = 0
    for folder_name, folders, files in os.walk(root):
        folder = Path(folder_name)
        barred = {name: _barred(folder / name) for name in sorted(folders) if not _is_closed(folder / name)}
        yield from filter(None, barred.values())
        folders[:] = (name for name, report in barred.items() if report is None)
        found = _best(Candidate(folder), sources)
        if found is not None and not claimed.issuperset(found.files or (folder,)):
            claimed.update(found.files)
            yield found
            if found.whole:
                folders.clear()
                continue
        for name in sorted(files):
            path = folder / name
            if path in claimed or _COMPANIONS.fullmatch(name) or not _is_open(path, inside):
                continue
            if report := _barred(path):
                yield report
                continue
            found = _best(Candidate(path), sources)
            if found is None:
                unknown += [path_text(path)] if _TELLING.search(name) and path.stat().st_size else []
            elif found.confidence < _EXPLICIT and kind is None:
                documents += 1
            else:
                yield replace(found, root=root) if found.confidence < _EXPLICIT else found
    yield from _overlooked(root, unknown, documents)


def _overlooked(root: Path, unknown: list[str], documents: int) -> Iterator[Warned]:
    if unknown:
        some = ", ".join(Path(name).name for name in unknown[:3])
        detail = f"No conversation was recognised in {len(unknown)} files ({some}{', …' if len(unknown) > 3 else ''})."
        yield Warned(path_text(root), "unrecognised", f"{detail} Tried: {', '.join(KINDS)}.")
    if documents:
        detail = f"{documents} Markdown files are no conversations; import them with --from markdown."
        yield Warned(path_text(root), "documents", detail)


def _is_closed(folder: Path) -> bool:
    return (
        folder.name in _UNINTERESTING
        or DENIED_FOLDERS.fullmatch(folder.name) is not None
        or folder.is_symlink()
        or os.path.exists(folder / DENIED_MARK)  # Path.exists raises where a folder may not be entered
        or os.path.exists(folder / _VAULT_MARK)
        or (folder.name == _GLOBAL and (folder.parent / "agents").is_dir())
    )


def _barred(path: Path) -> Skipped | None:
    """A report of a file or folder that may not be read; None when it may."""
    if os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0), effective_ids=True):
        return None
    return unreadable(path_text(path), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _is_open(path: Path, inside: Path) -> bool:
    """Whether a file may be read: a regular one, not denied, and not reached by a link that leaves the root."""
    try:
        return path.is_file() and path.resolve().is_relative_to(inside) and not is_denied(path)
    except OSError:
        return False

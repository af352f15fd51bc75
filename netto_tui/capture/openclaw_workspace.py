"""The memory of an OpenClaw workspace: its daily notes and the other prose that the agent keeps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netto_tui.capture.base import Draft, Event, Found, Skipped, unreadable
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.decoding import escape_surrogates
from netto_tui.capture.mapping import compact, path_text
from netto_tui.capture.openclaw_about import link
from netto_tui.capture.reading import text_encoding, whole
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import ABOUT, UNDATED, About, BlobRef, Document

KIND = "openclaw-workspace"
BY = f"source:{KIND}"

NAMED = frozenset(
    {"MEMORY.md", "USER.md", "DREAMS.md", "dreams.md", "AGENTS.md", "SOUL.md", "IDENTITY.md", "TOOLS.md"}
    | {"HEARTBEAT.md", "BOOT.md", "BOOTSTRAP.md"}
)
DAILY = re.compile(r"memory/\d{4}-\d\d-\d\d[^/]*\.md")
"""Notes of one day: they only grow, unless something goes wrong."""

_MEMORY = re.compile(
    r"memory/[^/]+\.md|memory/dreaming/[^/]+/[^/]+\.md|memory/imports/(codex|claude-code|hermes)/.+\.md"
)
_SESSION_ID = re.compile(r"^- \*\*Session ID\*\*: *(\S+) *$", re.MULTILINE)


class OpenClawWorkspace:
    """A workspace folder; all its documents belong to one conversation."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By its documents; also from within `memory/`, and for one document of a workspace."""
        path = candidate.path
        if not candidate.is_folder:
            root = path.parent.parent if path.parent.name == "memory" else path.parent
            files = documents(root) if path.suffix == ".md" and is_workspace(root) else []
            return Found(KIND, KIND, path, root, 0.9, files=(path,)) if path in files else None
        root = path.parent if path.name == "memory" and is_workspace(path.parent) else path
        if not is_workspace(root):
            return None
        files = [file for file in documents(root) if file.is_relative_to(path)]
        return Found(KIND, KIND, path, root, 1.0, files=tuple(files))

    def read(self, found: Found) -> Iterator[Event]:
        """A draft for each document, then the workspace's own header."""
        agent = agent_of(found.root)
        conversation = conversation_id(KIND, f"{agent}\0{found.name}")
        lineage = []
        for path in found.files:
            name = path_text(path.relative_to(found.root))
            try:
                data = whole(path)
            except OSError as error:
                yield unreadable(path_text(path), error)
                continue
            document, blobs = as_document(name, data)
            if DAILY.fullmatch(name) and (session := _SESSION_ID.search(document.text[:2000])):
                lineage.append(link("document", session[1], document=name))
            if document.blobs:
                yield Skipped(path_text(path), 0, "the text is not UTF-8; its bytes are kept as they are")
            yield Draft(conversation, name, document, "", BY, blobs)
        title = f"Memory of {found.name or agent}"
        source = compact((("app", "openclaw"), ("format", KIND), ("native_id", found.name), ("agent", agent)))
        about = About(title=title, source=source, lineage=tuple(lineage))
        yield Draft(conversation, ABOUT, about, UNDATED, BY)


def is_workspace(root: Path) -> bool:
    """Whether a folder has an agent's own documents, or its memory beside daily notes."""
    if (root / "SOUL.md").is_file() and any((root / name).is_file() for name in ("AGENTS.md", "IDENTITY.md")):
        return True
    memory = root / "memory"
    has_notes = memory.is_dir() and any(DAILY.fullmatch(f"memory/{note.name}") for note in memory.glob("*.md"))
    return has_notes and any((root / name).is_file() for name in NAMED)


def documents(root: Path) -> list[Path]:
    """The documents of a workspace, by name. Links are not followed out of it."""
    inside = root.resolve()
    found = [path for path in root.glob("*.md") if path.name in NAMED]
    found += [path for path in root.glob("memory/**/*.md") if _MEMORY.fullmatch(path.relative_to(root).as_posix())]
    return sorted(path for path in found if path.is_file() and path.resolve().is_relative_to(inside))


def agent_of(root: Path) -> str:
    """The agent whose workspace a folder is: `workspace-<agent>`, else the one that every install has."""
    name = path_text(root.name)
    return name.removeprefix("workspace-") if name.startswith("workspace-") else "main"


def as_document(name: str, data: bytes, **native: Any) -> tuple[Document, dict[str, bytes]]:
    """A text file as a document; one in no known encoding keeps its bytes as a blob."""
    encoding = text_encoding(data)
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        sha256 = hashlib.sha256(data).hexdigest()
        ref = BlobRef(sha256, len(data))
        body = Document(name, data.decode("utf-8", "replace"), {**native, "bytes": ""}, {"/native/bytes": ref})
        return body, {sha256: data}
    escaped = escape_surrogates(text)
    native |= compact((("encoding", encoding if encoding != "utf-8" else ""), ("$escaped", escaped != text or None)))
    return Document(name, escaped, native), {}

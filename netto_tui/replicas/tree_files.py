"""The files of a tree on disk: found, read and judged without following a link out of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from netto_tui.errors import InvalidRecord, NettoError, NewerFormat, WrongTarget
from netto_tui.files import TEMPORARY, read_regular, sync_folder
from netto_tui.replicas import tree
from netto_tui.replicas.base import Corrupt, Marker, Presence
from netto_tui.replicas.forms import Form, form_of, is_left_over
from netto_tui.security.envelope import Envelope

LOCK = ".netto/lock"
"""The file that writers lock; it stays."""

_DAMAGED = f"{tree.MARKER}.damaged-"
_SYSTEM_FILES = {"lost+found", ".DS_Store", ".Trashes", ".directory", "@eaDir", "Thumbs.db", "desktop.ini"}


class TreeFiles:
    """A tree below a directory. Raises OSError for what the disk refuses."""

    def __init__(self, root: Path, envelope: Envelope) -> None:
        self.root = root
        self._envelope = envelope

    def presence(self) -> Presence:
        """Empty when there is nothing but what systems and interrupted claims leave."""
        try:
            found = {entry.name for entry in os.scandir(self.root)} - _SYSTEM_FILES
            if found == {".netto"} and (self.root / ".netto").is_dir():
                found = {entry.name for entry in os.scandir(self.root / ".netto")} - {"lock"}
        except FileNotFoundError:
            return "absent"
        except NotADirectoryError:
            return "present"
        return "present" if any(not name.startswith(TEMPORARY) for name in found) else "empty"

    def marker(self) -> tuple[Marker | None, NettoError | None]:
        """The identity, or why it cannot be read; neither when there is none."""
        try:
            return tree.read_marker(read_regular(self.root / tree.MARKER)), None
        except (FileNotFoundError, NotADirectoryError):
            return None, None
        except (InvalidRecord, NewerFormat) as error:
            return None, error
        except OSError as error:
            return None, InvalidRecord(f"Its identity cannot be read: {error.strerror}.")

    def set_marker_aside(self) -> None:
        """Rename what lies in the place of the identity."""
        identity = self.root / tree.MARKER
        if os.path.lexists(identity):
            identity.rename(self.root / f"{_DAMAGED}{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}")

    def content(self, path: str) -> bytes | Corrupt | None:
        """What lies at a path: None for nothing, Corrupt for what cannot be read."""
        try:
            return read_regular(self.place(path))
        except FileNotFoundError:
            return None
        except PermissionError:
            raise
        except OSError as error:
            reason = "It is not a plain file." if error.errno == errno.ELOOP else f"{error.strerror}."
            return Corrupt(path, b"", reason)

    def place(self, path: str) -> Path:
        """A path of the tree on disk. Raises WrongTarget when a symbolic link leads out of it."""
        place = os.fspath(self.root)
        for part in path.split("/")[:-1]:
            place = f"{place}/{part}"
            if os.path.islink(place):
                raise WrongTarget(f"{place} is a symbolic link.", remedy="Put a real directory there.")
        return self.root / path

    def walk(self, below: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Everything in the tree but real directories, without following links."""
        with os.scandir(self.root / below) as entries:
            for entry in sorted(entries, key=lambda found: found.name):
                if entry.name in _SYSTEM_FILES:
                    continue
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self.walk(f"{path}/")
                else:
                    yield path, entry

    def fault(self, path: str, entry: os.DirEntry[str]) -> Corrupt | None:
        """What is wrong with a file, sessions and views apart."""
        if entry.name.startswith(TEMPORARY):
            return Corrupt(path, b"", "It is left over from an interrupted write.", foreign=True)
        if path == LOCK or path.startswith(_DAMAGED):
            return None
        kind = tree.kind_of(path)
        if kind == "foreign":
            return Corrupt(path, b"", "It does not belong to a replica.", foreign=True)
        data = self.content(path) if kind in ("blob", "marker") or not entry.is_file(follow_symlinks=False) else b""
        if data is None or isinstance(data, Corrupt):
            return data
        if kind == "blob" and (fault := tree.blob_fault(self._envelope, path, data)):
            return Corrupt(path, data, fault)
        if kind == "marker" and (error := self.marker()[1]):
            return Corrupt(path, data, str(error))
        return None

    def left_over(self) -> list[str]:
        """What is of another form than that of the envelope, and what interrupted writes left."""
        form = form_of(self._envelope)
        return [path for path, entry in self.walk() if entry.name.startswith(TEMPORARY) or self._is_left(form, path)]

    def _is_left(self, form: Form, path: str) -> bool:
        def content() -> bytes | None:
            data = self.content(path)
            return data if isinstance(data, bytes) else None

        return is_left_over(form, path, content)

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete files, durably."""
        touched = set()
        for path in paths:
            path.unlink(missing_ok=True)
            touched.add(path.parent)
        for folder in touched:
            sync_folder(folder)

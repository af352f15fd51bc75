"""The layout that folders, Git repositories and GitHub share: which path holds what.

    README.md                       for people; only where people can read the rest
    .netto/vault.json               whose replica this is
    .netto/keys/slot-NAME.age       the vault's keys, for whoever knows the recovery code; only where the rest is sealed
    sessions/YYYY/MM/DD/NAME.jsonl  one conversation, a sealed record a line, in order
    blobs/ab/cdef…                  large content
    memory/YYYY-MM-DD.md            a day, rendered for people; only where they can read it
    .github/workflows/netto-tui.yml the scheduled backup in the cloud, where somebody wants that

NAME and blob names come from the envelope. Equal sets of records are equal bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from netto_tui.errors import InvalidRecord, NewerFormat, Refused
from netto_tui.files import open_json, seal_json
from netto_tui.model.formats import read_line
from netto_tui.model.revision import Record
from netto_tui.replicas.base import SLOTS, Corrupt, Marker, Write
from netto_tui.security.envelope import UNSEALED, Envelope, is_unsealed

MARKER = ".netto/vault.json"
README_PATH = "README.md"
README = b"""\
# Conversations, kept by netto-tui

This is a replica of a netto-tui vault: conversations with AI assistants, kept whole.

- `memory/` holds what was said, a day a file, for people.
- `sessions/YEAR/MONTH/DAY/` holds the records, a conversation a file, filed under the day (UTC) of
  its earliest record. Each line is `{"id": ..., "rev": {...}}`; `id` is the SHA-256 of the bytes of `rev`.
- `blobs/ab/cdef...` holds large content, named by its SHA-256.

Any JSON tool reads it, for instance:

    jq -r '.rev.body | select(.type == "message") | .parts[].text // empty' sessions/*/*/*/*.jsonl

Nothing here is ever changed in place: an edit or a deletion is one more line, whose `replaces` names
the lines that it supersedes. To bring everything back, point netto-tui at this place and run
`netto-tui restore`.
"""

WORKFLOW = ".github/workflows/netto-tui.yml"
"""The scheduled backup in the cloud, which `netto-tui actions install` puts into a repository."""

_FORMAT = "netto.replica/1"
_FORMAT_FAMILY = "netto.replica/"
_NAME = re.compile(r"[A-Za-z0-9_]{1,200}")
_SESSION = re.compile(r"sessions/[0-9]{4}/[01][0-9]/[0-3][0-9]/([A-Za-z0-9_]{1,200})\.jsonl")
_BLOB = re.compile(r"blobs/([A-Za-z0-9_]{2})/([A-Za-z0-9_]{1,200})")
_VIEW = re.compile(r"memory/[0-9A-Za-z][0-9A-Za-z_-]{0,63}\.md")
_SHA256 = re.compile(r"[0-9a-f]{64}")

SLOT_PATHS = {name: f".netto/keys/{name}" for name in SLOTS}
"""Where each slot lies, by its name."""

Kind = Literal["session", "blob", "view", "marker", "slot", "readme", "workflow", "foreign"]


def kind_of(path: str) -> Kind:
    """What a path in the tree holds, by its name alone."""
    if path == MARKER:
        return "marker"
    if path == README_PATH:
        return "readme"
    if path == WORKFLOW:
        return "workflow"
    if path in SLOT_PATHS.values():
        return "slot"
    if session_name(path):
        return "session"
    if _BLOB.fullmatch(path):
        return "blob"
    return "view" if _VIEW.fullmatch(path) else "foreign"


def session_name(path: str) -> str:
    """The stored name of the conversation at a path, "" when the path holds none."""
    found = _SESSION.fullmatch(path)
    return found[1] if found else ""


def session_path(day: str, name: str) -> str:
    """Where a conversation of this stored name, begun on this day, lies. Raises Refused for odd names."""
    path = f"sessions/{day}/{name}.jsonl"
    if not _SESSION.fullmatch(path):
        raise Refused("A conversation has a day or a name that cannot be filed.", remedy="Please report this.")
    return path


def view_path(path: str) -> str:
    """The path of a view, checked. Raises Refused for one that is not a file for people."""
    if not _VIEW.fullmatch(path):
        raise Refused("A view has a path that cannot be filed.", remedy="Please report this.")
    return path


def blob_path(envelope: Envelope, sha256: str) -> str:
    """Where a blob lies. Raises InvalidRecord when that is not the name of a blob."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidRecord("A blob's name is not a SHA-256.")
    name = envelope.name(sha256)
    if not _NAME.fullmatch(name) or len(name) < 3:
        raise Refused("A blob has a name that cannot be filed.", remedy="Please report this.")
    return f"blobs/{name[:2]}/{name[2:]}"


def blob_fault(envelope: Envelope, path: str, data: bytes) -> str:
    """Why these bytes are not the blob that belongs at this path; "" when they are."""
    try:
        content = envelope.open_blob(data)
    except InvalidRecord as error:
        name = path.removeprefix("blobs/").replace("/", "")
        return UNSEALED if is_unsealed(envelope, name, data) else error.message
    right = blob_path(envelope, hashlib.sha256(content).hexdigest()) == path
    return "" if right else "The bytes of the blob do not match its name."


def possible_days(write: Write) -> list[str]:
    """Every day under which a store may already have this conversation; the right one is first.

    It was filed by the records that were there, which are among those of the write.
    """
    days = {record.rev.at[:10].replace("-", "/") for record in write.records}
    return [write.day, *sorted(days - {write.day})]


@dataclass
class Page:
    """What files of one conversation hold: records by id, their sealed lines, and what is corrupt."""

    records: dict[str, Record] = field(default_factory=dict)
    lines: dict[str, bytes] = field(default_factory=dict)
    corrupt: list[Corrupt] = field(default_factory=list)

    def read(self, envelope: Envelope, name: str, where: str, data: bytes | None) -> None:
        """Add the content of one file (None: there is none) of the conversation stored as `name`.

        Lines that are no record of it, and an empty file, are noted as corrupt with `where`.
        Raises NewerFormat for a record of a newer major version.
        """
        if data is None:
            return
        if not data.strip():
            self.corrupt.append(Corrupt(where, data, "The file is empty."))
        for number, line in enumerate(data.split(b"\n"), start=1):
            if not line:
                continue
            try:
                record = read_line(envelope.open(line))
                if envelope.name(record.rev.conversation) != name:
                    raise InvalidRecord("The record belongs to another conversation.")
            except NewerFormat:
                raise
            except InvalidRecord as error:
                self.corrupt.append(Corrupt(f"{where}:{number}", line, error.message))
            else:
                self.records.setdefault(record.id, record)
                self.lines.setdefault(record.id, line)

    def sorted(self) -> tuple[Record, ...]:
        """The records in the order of a file."""
        return tuple(sorted(self.records.values(), key=lambda record: record.order))

    def render(self, envelope: Envelope, records: Iterable[Record], without: Iterable[str] = ()) -> bytes:
        """The file of these records and those of the page, less those named in `without`.

        Lines that are there already stay as they are; only new ones are sealed.
        """
        left_out = set(without)
        union = self.records | {record.id: record for record in records}
        chosen = sorted((r for r in union.values() if r.id not in left_out), key=lambda record: record.order)
        return b"".join((self.lines.get(r.id) or envelope.seal(r.line)) + b"\n" for r in chosen)


def render(envelope: Envelope, records: Iterable[Record]) -> bytes:
    """The file of a set of records."""
    return Page().render(envelope, records)


def render_marker(marker: Marker) -> bytes:
    """The identity as a file that carries a checksum of itself."""
    keys = {"keys": marker.keys} if marker.keys else {}
    return seal_json({"format": _FORMAT, "replica": marker.replica, "vault": marker.vault, "zone": marker.zone, **keys})


def read_marker(data: bytes) -> Marker:
    """The identity that a file says.

    Raises NewerFormat for a newer version's, InvalidRecord for anything else that is not ours.
    """
    content = open_json(data)
    if content.get("format") != _FORMAT:
        _refuse_format(str(content.get("format")))
    try:
        vault, replica, zone = (str(content[name]) for name in ("vault", "replica", "zone"))
        return Marker(vault, replica, zone, str(content.get("keys", "")))
    except KeyError as error:
        raise InvalidRecord("The identity of the replica lacks a part.") from error


def _refuse_format(name: str) -> NoReturn:
    major = name.removeprefix(_FORMAT_FAMILY).split(".")[0]
    if name.startswith(_FORMAT_FAMILY) and major.isdecimal() and int(major) > 1:
        raise NewerFormat(
            f"The replica has format {_FORMAT_FAMILY}{major}, made by a newer netto-tui.",
            remedy="Upgrade netto-tui on this machine; until then this replica is left alone.",
        )
    raise InvalidRecord("The identity of the replica is of an unknown format.")

"""What a set of revisions says: the heads of each item, its value, and whether it is in conflict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from netto_tui.model.revision import (
    UNDATED,
    About,
    Attachment,
    Body,
    Code,
    Deleted,
    Document,
    Message,
    Part,
    Record,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    body_key,
    encode_value,
)

Conflict = Literal["", "edit", "edit-vs-delete"]


@dataclass(frozen=True)
class Version:
    """One body that an item has now, and the heads that carry it; `record` is the latest."""

    record: Record
    heads: tuple[Record, ...]

    @property
    def body(self) -> Body:
        """The body itself."""
        return self.record.rev.body

    @property
    def deleted(self) -> bool:
        """Whether this version is a tombstone."""
        return isinstance(self.body, Deleted)


@dataclass(frozen=True)
class Item:
    """All known revisions of one item."""

    name: str
    records: Mapping[str, Record]

    @cached_property
    def heads(self) -> tuple[Record, ...]:
        """The revisions that no other one replaces, earliest stamp first."""
        replaced = {parent for record in self.records.values() for parent in record.rev.replaces}
        return tuple(sorted((r for r in self.records.values() if r.id not in replaced), key=lambda r: r.order))

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """The heads with equal bodies taken together, earliest first."""
        groups: dict[bytes, list[Record]] = defaultdict(list)
        for head in self.heads:
            groups[body_key(head.rev.body)].append(head)
        found = [Version(group[-1], tuple(group)) for group in groups.values()]
        return tuple(sorted(found, key=lambda version: version.record.order))

    @property
    def value(self) -> Version:
        """The version that is shown: the latest one that is not a tombstone, else the tombstone."""
        alive = [version for version in self.versions if not version.deleted]
        return (alive or self.versions)[-1]

    @property
    def conflict(self) -> Conflict:
        """Why a person has to decide, or the empty string."""
        if len(self.versions) < 2:
            return ""
        return "edit-vs-delete" if any(version.deleted for version in self.versions) else "edit"


def items(records: Iterable[Record]) -> dict[str, Item]:
    """Group the records of one conversation by item."""
    grouped: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in records:
        grouped[record.rev.item][record.id] = record
    return {name: Item(name, group) for name, group in grouped.items()}


def start_day(stamps: Iterable[str]) -> str:
    """The day, `YYYY/MM/DD` in UTC, under which a conversation is filed: that of its earliest stamp.

    A function of the set alone, so that every replica files it alike. Undated revisions count
    only where there is no other.
    """
    dated = [at for at in stamps if at != UNDATED]
    return min(dated, default=UNDATED)[:10].replace("-", "/")


def body_text(body: Body) -> str:
    """What a body says, as plain text for search and display; stored text is untrusted."""
    match body:
        case Message(parts=parts):
            return "\n".join(filter(None, map(part_text, parts)))
        case Document(text=text):
            return text
        case Deleted():
            return ""
        case _:
            return body.title


def prose_text(body: Body) -> str:
    """What a body says in prose and code, without thoughts, tools and attachments."""
    if isinstance(body, Message):
        return "\n".join(part.text for part in body.parts if isinstance(part, Text | Code))
    return body_text(body)


def part_text(part: Part) -> str:
    """One part of a message as plain text."""
    match part:
        case Text(text=text) | Code(text=text):
            return text
        case Thinking():
            return part.text or part.summary
        case ToolCall():
            arguments = part.arguments_raw or ("" if part.arguments is None else encode_value(part.arguments))
            return f"→ {part.name} {arguments}".rstrip()
        case ToolResult():
            return "\n".join(filter(None, map(part_text, part.output)))
        case Attachment():
            label = f"[{part.name or part.native_ref or part.media_type or 'attachment'}]"
            return f"{label}\n{part.text}" if part.text else label
        case _:
            return f"[{part.native_type}]"


def title_of(about: About | None, first_text: str) -> str:
    """The title to show: the conversation's own, else the beginning of its first message."""
    if about is not None and about.title:
        return " ".join(about.title.split())
    return " ".join(first_text[:400].split())[:80]


def is_hidden(body: Body) -> bool:
    """Whether the source itself does not show this message."""
    return isinstance(body, Message) and bool(body.native.get("hidden"))

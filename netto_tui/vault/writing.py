"""What a person writes: a message, an edit, a deletion, a decision. Each is one or more revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from netto_tui.errors import UsageError
from netto_tui.model.conversation import Item, body_text, prose_text
from netto_tui.model.ids import CONVERSATION, new_conversation_id, new_message_id
from netto_tui.model.merge import resolve as resolve_revision
from netto_tui.model.revision import (
    ABOUT,
    About,
    Body,
    Code,
    Deleted,
    Document,
    Message,
    Record,
    Role,
    Sent,
    Text,
    mint,
)
from netto_tui.vault.vault import Vault

SOURCE = "netto"
"""The source of conversations that begin here."""


def log(
    vault: Vault,
    conversation: str | None,
    role: Role,
    text: str,
    *,
    author: str = "",
    title: str = "",
) -> Record:
    """Append a message to a conversation, or begin one; returns the message's record once it is on disk.

    A title names the conversation, also one that has a name already. Raises UsageError for a
    conversation that is not here.
    """
    name = new_conversation_id() if conversation is None else existing(vault, conversation)
    records: list[Record] = []
    if conversation is None:
        about = About(title=title, source={"app": SOURCE})
        records.append(mint(name, ABOUT, about, vault.clock.stamp()))
    elif title:
        records.extend(_retitle(vault, name, title))
    stamp = vault.clock.stamp()
    body = Message(role, (Text(text),), author=author, sent=Sent(at=stamp.at), parent=last_message(vault, name))
    records.append(mint(name, new_message_id(), body, stamp))
    vault.add(records)
    return records[-1]


def _retitle(vault: Vault, name: str, title: str) -> list[Record]:
    try:
        item = vault.item(name, ABOUT)
    except UsageError:
        return [mint(name, ABOUT, About(title=title, source={"app": SOURCE}), vault.clock.stamp())]
    about = item.value.body
    if isinstance(about, About) and about.title == title:
        return []
    body = msgspec.structs.replace(about, title=title) if isinstance(about, About) else About(title=title)
    return [resolve_revision(item, body, vault.clock.stamp())]


def existing(vault: Vault, conversation: str) -> str:
    """The full id of a conversation, given whole or as a beginning that only one has.

    Raises UsageError when there is none or several.
    """
    whole = conversation if conversation.startswith("c_") else f"c_{conversation}"
    with vault.reader() as reader:
        if CONVERSATION.fullmatch(whole) and reader.conversation(whole):
            return whole
        found = reader.beginning_with(whole)
    if len(found) == 1:
        return found[0]
    problem = "Several conversations begin" if found else "No conversation has an id that begins"
    raise UsageError(f"{problem} with {conversation!r}.", remedy="See: netto-tui list.")


def last_message(vault: Vault, conversation: str) -> str | None:
    """The message that a new one answers: the latest on the active branch."""
    with vault.reader() as reader:
        return reader.last_item(conversation)


def edit(vault: Vault, conversation: str, item: str, text: str) -> Record:
    """Replace what a message or document says; its other versions, if it has any, stay a conflict.

    Raises UsageError when there is no such item, or when it is deleted.
    """
    found = vault.item(conversation, item)
    version = found.value
    if version.deleted:
        raise UsageError("That message is deleted.", remedy="Resolve or restore it first.")
    body = with_text(version.body, text)
    record = mint(conversation, item, body, vault.clock.stamp(), [head.id for head in version.heads])
    vault.add([record])
    return record


def with_text(body: Body, text: str) -> Body:
    """The same body saying something else.

    Prose is replaced; thoughts, tool calls and attachments stay. Raises UsageError for a tombstone.
    """
    match body:
        case Message(parts=parts):
            prose = [at for at, part in enumerate(parts) if isinstance(part, Text | Code)]
            kept = [part for at, part in enumerate(parts) if at not in prose]
            place = min(prose, default=len(kept))
            blobs = {key: ref for key, ref in body.blobs.items() if not _points_at(key, prose)}
            if not prose and body_text(body) == text:
                return body
            return msgspec.structs.replace(body, parts=(*kept[:place], Text(text), *kept[place:]), blobs=blobs)
        case Document():
            return msgspec.structs.replace(body, text=text, blobs={})
        case About():
            return msgspec.structs.replace(body, title=" ".join(text.split()))
        case Deleted():
            raise UsageError("A deletion has no text.")


def _points_at(pointer: str, parts: Sequence[int]) -> bool:
    """Whether a JSON pointer leads into one of the replaced parts."""
    return any(pointer.startswith(f"/parts/{at}/") for at in parts)


def delete(vault: Vault, conversation: str, item: str | None = None, *, reason: str = "") -> list[Record]:
    """Write tombstones: for one item, or for a conversation with everything in it.

    What is deleted leaves the views; every revision stays readable and can be brought back.
    """
    if item is not None:
        items = [vault.item(conversation, item)]
    else:
        grouped: dict[str, dict[str, Record]] = {}
        for record in vault.records(conversation):
            grouped.setdefault(record.rev.item, {})[record.id] = record
        items = [Item(name, records) for name, records in sorted(grouped.items())]
    tombstone = Deleted(reason=reason)
    records = [
        resolve_revision(found, tombstone, vault.clock.stamp())
        for found in items
        if not (found.value.deleted and len(found.versions) == 1)
    ]
    vault.add(records)
    return records


def resolve(vault: Vault, conversation: str, item: str, body: Body) -> Record:
    """A person's decision: one revision that replaces every head of the item."""
    record = resolve_revision(vault.item(conversation, item), body, vault.clock.stamp())
    vault.add([record])
    return record


@dataclass(frozen=True)
class Head:
    """One version of an item in conflict; replicas: those that brought it, `local` for our own."""

    record: Record
    replicas: tuple[str, ...]

    @property
    def text(self) -> str:
        """What it says; empty for a tombstone."""
        return body_text(self.record.rev.body)


def heads_of(vault: Vault, conversation: str, item: str) -> list[Head]:
    """The versions that an item has now, earliest first, with where each came from."""
    versions = vault.item(conversation, item).versions
    with vault.reader() as reader:
        origins = reader.origins([head.id for version in versions for head in version.heads])
    return [
        Head(
            version.record, tuple(sorted({name for head in version.heads for name in origins.get(head.id, ("local",))}))
        )
        for version in versions
    ]


def chosen(heads: Sequence[Head], take: str) -> Body:
    """The body that a choice names: `latest`, `both`, a replica's name, or a revision (or its beginning).

    Raises UsageError when the choice names none of the versions.
    """
    alive = [head for head in heads if not isinstance(head.record.rev.body, Deleted)]
    if take == "latest":
        return (alive or list(heads))[-1].record.rev.body
    if take == "both":
        return both([head.record.rev.body for head in alive])
    from_replica = [head for head in heads if take in head.replicas]
    if from_replica:
        return from_replica[-1].record.rev.body
    named = [head for head in heads if len(take) >= 6 and head.record.id.startswith(take)]
    if len(named) == 1:
        return named[0].record.rev.body
    known = sorted({name for head in heads for name in head.replicas})
    raise UsageError(
        f"No version of this item is named {take!r}.",
        remedy=f"Take latest, both, {', '.join(known)}, or a revision from: netto-tui conflicts.",
    )


def both(bodies: Sequence[Body]) -> Body:
    """One body that says what each of them says, in their order.

    Raises UsageError when there is nothing to put together.
    """
    if not bodies:
        raise UsageError("Every version is a deletion.", remedy="Take latest to accept it.")
    texts = list(dict.fromkeys(prose_text(body) for body in bodies))
    return with_text(bodies[-1], "\n\n".join(texts))

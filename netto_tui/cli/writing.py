"""`log`, `edit` and `delete`: a person's own revisions."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from netto_tui.cli import output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.model.revision import Record, Role
    from netto_tui.recovery.curation import Done

ROLES = ("user", "assistant", "system", "tool")


@command("log", short_help="Append a message, or begin a conversation.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="Who said it.")
@click.option("--author", default="", help="The name of whoever said it.")
@click.option("--title", default="", help="What the conversation is called.")
@click.argument("words", nargs=-1, metavar="[CONVERSATION] [TEXT|-]")
def log(session: Session, words: tuple[str, ...], role: Role, author: str, title: str) -> None:
    """Append a message to a CONVERSATION, or begin one.

    The message is TEXT, or what comes on standard input for - or for nothing.
    """
    from netto_tui.vault import writing

    if len(words) > 2:
        raise UsageError("There is more than one text.", remedy="Put the text in quotes, or give - and pipe it in.")
    with session.open() as vault:
        conversation, text = words if len(words) == 2 else (None, words[0] if words else "-")
        if len(words) == 1 and _is_conversation_id(words[0]):
            conversation, text = words[0], "-"
        whole = None if conversation is None else writing.existing(vault, conversation)
        said = read_text(text)
        record = writing.log(vault, whole, role, said, author=checked(author), title=checked(title))
    _tell(session, record, "Begun" if conversation is None else "Added")


@command("edit", short_help="Replace what a message says, or change a conversation's title, tags and state.")
@click.option("--title", metavar="TITLE", help="What the conversation is called.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Give it a tag; repeatable.")
@click.option("--untag", "untags", multiple=True, metavar="TAG", help="Take a tag away; repeatable.")
@click.option("--pin/--unpin", default=None, help="Pin it, or no longer.")
@click.option("--archive/--unarchive", default=None, help="Archive it, or take it out of the archive.")
@click.argument("conversation")
@click.argument("item", required=False)
@click.argument("text", default="-", metavar="[TEXT|-]")
def edit(
    session: Session,
    conversation: str,
    item: str | None,
    text: str,
    title: str | None,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    pin: bool | None,
    archive: bool | None,
) -> None:
    """Replace what an ITEM of a CONVERSATION says, or with options change the CONVERSATION as a whole.

    What was there stays in the history; a change of the whole can be taken back with: netto-tui undo.
    """
    from netto_tui.vault import writing

    given = {"title": title is not None, "tags": bool(tags or untags), "pin": pin is not None}
    kinds = [kind for kind, is_given in (*given.items(), ("archive", archive is not None)) if is_given]
    if bool(kinds) == bool(item):
        raise UsageError(
            "Options change a conversation, a text changes an item of it." if item else "There is nothing to change.",
            remedy="Give either an ITEM with its text, or --title, --tag, --untag, --pin or --archive.",
        )
    if item:
        with session.open() as vault:
            name, whole = _find(session, conversation, item)
            record = writing.edit(vault, name, whole, read_text(text))
        _tell(session, record, "Edited")
        return
    from netto_tui.model.tags import read_tags
    from netto_tui.recovery import curation
    from netto_tui.vault.curating import Change

    wanted = Change(
        None if title is None else checked(title),
        read_tags(checked(" ".join(tags))),
        read_tags(checked(" ".join(untags))),
        pin,
        archive,
    )
    with session.open() as vault:
        name, _ = _find(session, conversation, "")
        done = curation.change(vault, [name], wanted, kinds[0] if len(kinds) == 1 else "change")
    _tell_curated(session, name, done)


@command("delete", short_help="Delete a message or a conversation.")
@click.argument("conversation")
@click.argument("item", required=False)
def delete(session: Session, conversation: str, item: str | None) -> None:
    """Delete an ITEM, or the whole CONVERSATION, on every replica.

    A deletion is one more revision: what was there stays in the history, and comes back with: netto-tui undo.
    """
    from netto_tui.model.revision import ABOUT
    from netto_tui.recovery import curation

    with session.open() as vault:
        name, whole = _find(session, conversation, item or "")
        done = curation.delete_item(vault, name, whole) if whole else curation.delete(vault, [name])
    if not done.records:
        raise UsageError("It is deleted already.", remedy="netto-tui show shows what is left.")
    main = next((record for record in done.records if record.rev.item == ABOUT), done.records[-1])
    if session.json:
        output.document({"conversation": name, "item": whole or None, "revision": main.id, "undo": done.undo})
    else:
        output.line(f"Deleted {whole or name}. It comes back with: netto-tui undo {done.undo}")


def _tell_curated(session: Session, name: str, done: Done) -> None:
    from netto_tui.security.display import safe_line

    with session.reading() as reader:
        row = reader.conversation(name)
    if session.json:
        output.document(
            {
                "conversation": name,
                "title": row.title if row else "",
                "tags": list(row.tags) if row else [],
                "state": list(row.state) if row else [],
                "revision": done.records[-1].id if done.records else None,
                "undo": done.undo or None,
            }
        )
    elif not done.records:
        output.line("It is so already; nothing was written.")
    else:
        marks = [*row.state, *(f"#{tag}" for tag in row.tags)] if row else []
        said = "  ".join([safe_line(row.title) if row else name, *map(safe_line, marks)])
        output.line(f"{said}\nTaken back with: netto-tui undo {done.undo}")


def _find(session: Session, conversation: str, item: str) -> tuple[str, str]:
    """The full ids of a conversation and of an item in it; "" stays ""."""
    from netto_tui.cli.reading import find_item, find_row

    with session.reading() as reader:
        name = find_row(reader, conversation).conversation
        return name, find_item(reader, name, item) if item else ""


def read_text(text: str) -> str:
    """A text given as an argument, or for `-` what comes on standard input, without its last newline.

    Raises UsageError where nothing can come, and for bytes that are no text.
    """
    if text != "-":
        return checked(text)
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("There is no text.", remedy="Give it in quotes, or give - and pipe it in.")
    try:
        said = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError("What comes on standard input is no UTF-8 text.", remedy="Convert it first.") from error
    return said.removesuffix("\n")


def checked(text: str) -> str:
    """An argument as text. Raises UsageError for bytes that are none, which Python passes on as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("The text is no valid UTF-8.", remedy="Check the terminal's encoding.") from error
    return text


def _is_conversation_id(word: str) -> bool:
    """Whether a single word means a conversation to append to, and no text."""
    return re.fullmatch("c_[0-9a-f]{6,32}", word) is not None


def _tell(session: Session, record: Record, done: str) -> None:
    rev = record.rev
    if session.json:
        output.document({"conversation": rev.conversation, "item": rev.item, "revision": record.id})
    else:
        output.line(f"{done} {rev.item} in {rev.conversation}.")

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


@command("edit", short_help="Replace what a message says.")
@click.argument("conversation")
@click.argument("item")
@click.argument("text", default="-", metavar="[TEXT|-]")
def edit(session: Session, conversation: str, item: str, text: str) -> None:
    """Replace what an ITEM says; what it said stays in its history."""
    from netto_tui.vault import writing

    with session.open() as vault:
        name, whole = _find(session, conversation, item)
        record = writing.edit(vault, name, whole, read_text(text))
    _tell(session, record, "Edited")


@command("delete", short_help="Delete a message or a conversation.")
@click.argument("conversation")
@click.argument("item", required=False)
def delete(session: Session, conversation: str, item: str | None) -> None:
    """Delete an ITEM, or the whole CONVERSATION, on every replica.

    A deletion is one more revision: what was there stays in the history, and can be brought back.
    """
    from netto_tui.model.revision import ABOUT
    from netto_tui.vault import writing

    with session.open() as vault:
        name, whole = _find(session, conversation, item or "")
        records = writing.delete(vault, name, whole or None)
    if not records:
        raise UsageError("It is deleted already.", remedy="netto-tui show shows what is left.")
    main = next((record for record in records if record.rev.item == ABOUT), records[-1])
    if session.json:
        output.document({"conversation": name, "item": whole or None, "revision": main.id})
    else:
        output.line(f"Deleted {whole or name}; its {len(records)} last revisions can be brought back.")


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

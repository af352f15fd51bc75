"""`open`: the app at one conversation, or at one message in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netto_tui.cli import output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader


@command("open", short_help="Open the app at a conversation, or at a message in it.")
@click.argument("link", metavar="ID[#MESSAGE]")
def open_link(session: Session, link: str) -> int | None:
    """Open the app at a conversation, or at a message in it; of each id the beginning is enough.

    With --json it says what it would open, and opens nothing.
    """
    from netto_tui.cli.reading import find_row
    from netto_tui.model.links import Link, read_link

    wanted = read_link(link)
    with session.reading() as reader:
        row = find_row(reader, wanted.conversation)
        found = Link(row.conversation, _item(reader, row.conversation, wanted.item))
        if session.json:
            output.document(
                {
                    "conversation": found.conversation,
                    "item": found.item or None,
                    "title": row.title,
                    "started": row.started or None,
                    "position": reader.position(*found) if found.item else None,
                    "link": str(found),
                }
            )
            return None
    from netto_tui.tui.running import run

    return run(session.path, found)


def _item(reader: Reader, conversation: str, beginning: str) -> str:
    """The message or document whose id begins so. Raises UsageError for none or several."""
    from netto_tui.cli.reading import SHORT
    from netto_tui.filing import pages

    if not beginning:
        return ""
    items = [row.item for row in pages(reader, conversation)]
    found = [item for item in items if item.startswith((beginning, f"m_{beginning}"))]
    if beginning in found:
        return beginning
    if len(found) == 1:
        return found[0]
    problem = "Several messages begin" if found else "No message there has an id that begins"
    raise UsageError(f"{problem} with “{beginning}”.", remedy=f"See: netto-tui show {conversation[:SHORT]}")
